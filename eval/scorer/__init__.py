"""Measures and fits the grounding scorer."""
