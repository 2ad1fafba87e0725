"""Extends a quote by neighbouring sentences until it occurs only once in its document."""

from __future__ import annotations

from rag import split_sentences
from rag.types import Span

MAX_SENTENCES = 40  # added to a quote before it is given up


def find_unique_quote(text: str, span: Span, quote: str) -> str | None:
    """`quote`, with as many neighbouring sentences as it takes to occur only once in `text`.

    `text` is the document's now: where `span` no longer holds the quote, it must stand at exactly
    one other place. None where no words point at the place.
    """
    if not quote.strip():
        return None
    if text[span.start : span.end] != quote:
        return quote if _occurs_once(text, quote) else None
    start, end = span.start, span.end
    sentences = None
    for step in range(MAX_SENTENCES + 1):
        if _occurs_once(text, text[start:end]):
            return text[start:end]
        sentences = split_sentences(text) if sentences is None else sentences
        start, end = _wider(sentences, start, end, forward=step % 2 == 1)
    return None


def _occurs_once(text: str, quote: str) -> bool:
    """Counted as `eval.cases.load` counts: overlapping places are two."""
    first = text.find(quote)
    return first >= 0 and text.find(quote, first + 1) < 0


def _wider(
    sentences: list[tuple[int, int]], start: int, end: int, *, forward: bool
) -> tuple[int, int]:
    """The interval with the sentence after it, or the one before it; on the other side at an end
    of the text."""
    before = max((first for first, _ in sentences if first < start), default=None)
    after = min((last for _, last in sentences if last > end), default=None)
    if after is not None and (forward or before is None):
        return start, after
    return (start if before is None else before), end
