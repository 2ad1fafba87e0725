"""How things look on the page: pure functions from values to HTML."""
