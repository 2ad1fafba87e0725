"""Finds sources that contradict what an answer cites."""
