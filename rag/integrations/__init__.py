"""Footnote's index inside other frameworks; each module needs that framework."""
