"""Reads a question: its spelling, kind, time range, and the question that it follows up."""
