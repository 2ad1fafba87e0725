"""Finds the chunks and sentences of the library that a question is about."""
