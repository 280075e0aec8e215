"""Trained models put to work: loading them, and labelling the notes of a piece."""
