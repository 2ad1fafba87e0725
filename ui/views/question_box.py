"""HTML around the box for questions."""

from __future__ import annotations


def render_counter(longest: int) -> str:
    """How much is left of the `longest` question, in characters; the page's script fills it in
    when a question comes near."""
    return f'<p id="fn-counter" data-longest="{longest}" aria-live="polite" hidden></p>'
