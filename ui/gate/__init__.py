"""Who is let in, and which headers go out."""
