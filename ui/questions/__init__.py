"""A question under way: in line, followed, stopped, and the trace that it leaves."""
