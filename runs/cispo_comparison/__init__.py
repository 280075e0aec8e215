"""What the controlled comparison of token rules consists of; the story is in the script."""
