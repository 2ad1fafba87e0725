"""A second opinion on the claims of a run, by a language model."""
