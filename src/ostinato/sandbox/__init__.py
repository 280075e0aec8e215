"""Running a stranger's program safely, or not at all. Never torch."""
