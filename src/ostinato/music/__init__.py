"""Symbolic music in numpy: from MIDI bytes to compound words and back. Never torch."""
