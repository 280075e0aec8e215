"""One folder per operation: its definition in float64 and its fast paths."""
