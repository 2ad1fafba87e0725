"""Compares runs: what changed beyond noise, and whether a run is worse than a baseline."""
