"""The parts of ``runs/midiformer.py``: its stages, and what they leave behind as files."""
