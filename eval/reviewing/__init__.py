"""Review of drafted cases by people: what is decided, by whom, and how far two agree."""
