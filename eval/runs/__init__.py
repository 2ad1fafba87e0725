"""Runs on disk: writing, listing and reading them."""
