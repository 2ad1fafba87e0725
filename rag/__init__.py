"""Footnote answers questions about articles and ties every sentence to its source."""
