"""Solvers that think aloud: what a policy learns from before it is rewarded."""
