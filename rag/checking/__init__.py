"""Checks a sentence against its sources: citations, support, and whether they answer."""
