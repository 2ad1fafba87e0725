"""Drafts questions with key points from a person's own articles, for a person to review."""
