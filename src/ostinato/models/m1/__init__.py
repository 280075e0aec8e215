"""MiniMax-M1."""
