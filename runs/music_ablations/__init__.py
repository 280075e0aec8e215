"""What the ablations consist of; the story is in the script."""
