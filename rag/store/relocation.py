"""Where is this quote now, after its document was indexed again?

Only the exact text counts. A quote is found for certain where it still lies in its place, and
where the text holds it exactly as often as it is cited (those are matched in reading order). Of
several occurrences left, the one nearest to the expected place is meant: the old offset, moved by
as much as the nearest quote that was found for certain, or not moved where there is none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from rag.errors import NoSuchDocument
from rag.store.documents import Library
from rag.types import Citation, Span

Place = Literal["same", "moved", "changed", "gone"]


@dataclass(frozen=True, slots=True)
class Relocation:
    """`span` is where the quote is now; none where the document does not hold it ("changed"),
    or is not there ("gone")."""

    state: Place
    span: Span | None


def relocate(citation: Citation, library: Library) -> Relocation:
    """Where one quote is now. Raises `LibraryError` only when the library cannot be read."""
    return relocate_all([citation], library)[0]


def relocate_all(
    citations: Sequence[Citation], library: Library, context: Iterable[Citation] = ()
) -> list[Relocation]:
    """Where each of `citations` is now, in their order; each document is read once.

    All are of one version of their documents: where a sentence is repeated, its neighbours tell
    which one is meant. `context` holds more of them, such as the passages around the citations.
    """
    quotes: dict[str, dict[tuple[Span, str], None]] = {}
    for citation in (*citations, *context):
        quotes.setdefault(citation.span.document_id, {})[citation.span, citation.quote] = None
    found: dict[tuple[Span, str], Relocation] = {}
    for id in dict.fromkeys(citation.span.document_id for citation in citations):
        text = _text(library, id)
        starts = {} if text is None else _starts(text, quotes[id])
        for span, quote in quotes[id]:
            start = starts.get((span, quote))
            found[span, quote] = _found(span, quote, start, is_there=text is not None)
    return [found[citation.span, citation.quote] for citation in citations]


def _text(library: Library, id: str) -> str | None:
    try:
        return library.document(id).text
    except (NoSuchDocument, UnicodeEncodeError):  # no document can have a surrogate in its id
        return None


def _found(span: Span, quote: str, start: int | None, *, is_there: bool) -> Relocation:
    if start is None:
        return Relocation("changed" if is_there else "gone", None)
    now = Span(span.document_id, start, start + len(quote))
    return Relocation("same" if now == span else "moved", now)


def _starts(text: str, quotes: Collection[tuple[Span, str]]) -> dict[tuple[Span, str], int]:
    """Where each quote begins in `text`; those that it does not hold are left out."""
    cited: dict[str, list[Span]] = {}
    for span, quote in quotes:
        cited.setdefault(quote, []).append(span)
    starts: dict[tuple[Span, str], int] = {}
    for quote, spans in cited.items():
        starts.update({(span, quote): n for span, n in _certain(text, quote, spans).items()})
    certain = {span: start for (span, _), start in starts.items()}
    for span, quote in quotes:
        if (span, quote) not in starts:
            start = _nearest(text, quote, _expected(span, certain))
            if start is not None:
                starts[span, quote] = start
    return starts


def _certain(text: str, quote: str, spans: Sequence[Span]) -> dict[Span, int]:
    """The new start of those of `spans` for which there is no doubt; all are cited as `quote`."""
    in_place = {
        span: span.start
        for span in spans
        if span.end <= len(text) and text[span.start : span.end] == quote
    }
    if quote and len(in_place) < len(spans):
        places = list(islice(_occurrences(text, quote), len(spans) + 1))
        if len(places) == len(spans):
            return dict(zip(sorted(spans), places, strict=True)) | in_place
    return in_place


def _occurrences(text: str, quote: str) -> Iterator[int]:
    """Where each occurrence begins, in order; they may overlap."""
    start = text.find(quote)
    while start >= 0:
        yield start
        start = text.find(quote, start + 1)


def _expected(span: Span, certain: Mapping[Span, int]) -> int:
    """Where `span` should begin by now, if it went the way of the nearest certain one."""
    if not certain:
        return span.start
    near = min(certain, key=lambda other: _gap(span, other))
    return max(0, span.start + certain[near] - near.start)


def _gap(span: Span, other: Span) -> int:
    return max(other.start - span.start, span.start - other.end, 0)


def _nearest(text: str, quote: str, start: int) -> int | None:
    """The beginning of the occurrence nearest to `start`, the earlier one of two."""
    if not quote:  # would be everywhere
        return None
    after = text.find(quote, start)
    # `rfind` can take quadratic time, `find` cannot: look forward in the mirrored text.
    last = start + len(quote) - 1
    mirrored = text[:last][::-1].find(quote[::-1]) if last > 0 else -1
    before = -1 if mirrored < 0 else min(last, len(text)) - mirrored - len(quote)
    places = [place for place in (before, after) if place >= 0]
    return min(places, key=lambda place: abs(place - start), default=None)
