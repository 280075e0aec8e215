"""Benchmark tasks, their metrics and the baselines printed beside them."""
