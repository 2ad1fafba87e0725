"""Attacks with poisoned documents: what they do to the answers."""
