"""Rewards and trajectories: what a policy is trained and judged on."""
