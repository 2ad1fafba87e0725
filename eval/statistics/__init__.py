"""Means, bootstrap intervals and measures of agreement over the cases of a run."""
