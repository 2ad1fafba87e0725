"""Measures Footnote on public data sets, beside published figures.

The data is the person's own copy: it is read, never kept in the project.
"""
