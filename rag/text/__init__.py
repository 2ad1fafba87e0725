"""Pure functions on text: sentences, tokens, quantities, names, dates."""
