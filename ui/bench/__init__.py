"""What the page costs: figures from a real browser."""
