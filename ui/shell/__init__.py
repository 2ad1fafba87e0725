"""The terminal: what commands print."""
