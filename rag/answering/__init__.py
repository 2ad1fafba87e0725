"""Writes an answer from passages, with a small or a large chat model."""
