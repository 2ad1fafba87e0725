"""Measures how right and how grounded the answers of `rag` are."""
