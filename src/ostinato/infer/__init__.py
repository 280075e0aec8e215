"""Trained models put to work: loading them, labelling the notes of a piece, answering prompts."""
