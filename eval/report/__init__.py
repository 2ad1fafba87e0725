"""A run as an HTML page, and its statistics in a terminal."""
