"""Finds quotes again in documents that were indexed anew.

Only the exact text counts. A quote is certain where it still stands at its old offset, and where
the text holds it exactly as often as it is cited (those are matched in reading order). Of several
other occurrences the one nearest to the expected offset is taken: the old offset, moved by as much
as the nearest certain quote, or not moved where there is none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from rag.errors import NoSuchDocument
from rag.store.documents import Library
from rag.types import Citation, Span

State = Literal["same", "moved", "changed", "gone"]


@dataclass(frozen=True, slots=True)
class Relocation:
    """What became of a quote: it is at its old span ("same"), at another one ("moved"), no longer
    in the text ("changed"), or its document is no longer indexed ("gone").

    A document that is indexed under another id, its text unchanged, is the same one.

    `span` is where it is now; None for "changed" and "gone".
    """

    state: State
    span: Span | None


def relocate(citation: Citation, library: Library) -> Relocation:
    """Where the quote of `citation` is now. Raises `LibraryError` when the library cannot be
    read."""
    return relocate_all([citation], library)[0]


def relocate_all(
    citations: Sequence[Citation],
    library: Library,
    context: Iterable[Citation] = (),
    digests: Mapping[str, str] | None = None,
) -> list[Relocation]:
    """Where each of `citations` is now, in their order; each document is read once.

    All must be of one version of their documents: where a sentence is repeated, its neighbours
    decide which one is meant. `context` are more quotes of that version, such as the passages
    around the citations. `digests` are those of the documents then, by id, as far as they are
    known. Raises `LibraryError` when the library cannot be read.
    """
    quotes: dict[str, dict[tuple[Span, str], None]] = {}
    for citation in (*citations, *context):
        quotes.setdefault(citation.span.document_id, {})[citation.span, citation.quote] = None
    found: dict[tuple[Span, str], Relocation] = {}
    for id in dict.fromkeys(citation.span.document_id for citation in citations):
        places = _places(library, id, quotes[id])
        if not all(place.span for place in places.values()):
            elsewhere = _id_of_copy(library, id, (digests or {}).get(id, ""))
            if elsewhere:
                places = _places(library, elsewhere, quotes[id])
        found.update(places)
    return [found[citation.span, citation.quote] for citation in citations]


def _places(
    library: Library, id: str, quotes: Collection[tuple[Span, str]]
) -> dict[tuple[Span, str], Relocation]:
    """Where each quote is in the document `id`."""
    text = _stored_text(library, id)
    starts = {} if text is None else _find_starts(text, quotes)
    return {
        (span, quote): _relocation(id, span, quote, starts.get((span, quote)), text is not None)
        for span, quote in quotes
    }


def _id_of_copy(library: Library, id: str, digest: str) -> str | None:
    """The id under which that version of a document is indexed now."""
    former = (each.digest for each in library.files.former() if each.id == id)
    digest = digest or next(former, "")
    return library.files.id_of_digest(digest) if digest else None


def _stored_text(library: Library, id: str) -> str | None:
    try:
        return library.document(id).text
    except (NoSuchDocument, UnicodeEncodeError):  # no document can have a surrogate in its id
        return None


def _relocation(id: str, span: Span, quote: str, start: int | None, is_indexed: bool) -> Relocation:
    if start is None:
        return Relocation("changed" if is_indexed else "gone", None)
    now = Span(id, start, start + len(quote))
    is_same = (now.start, now.end) == (span.start, span.end)
    return Relocation("same" if is_same else "moved", now)


def _find_starts(text: str, quotes: Collection[tuple[Span, str]]) -> dict[tuple[Span, str], int]:
    """Where each quote begins in `text`; those that it does not hold are left out."""
    cited: dict[str, list[Span]] = {}
    for span, quote in quotes:
        cited.setdefault(quote, []).append(span)
    starts: dict[tuple[Span, str], int] = {}
    for quote, spans in cited.items():
        starts.update({(span, quote): n for span, n in _certain_starts(text, quote, spans).items()})
    certain = {span: start for (span, _), start in starts.items()}
    for span, quote in quotes:
        if (span, quote) not in starts:
            start = _nearest_occurrence(text, quote, _expected_start(span, certain))
            if start is not None:
                starts[span, quote] = start
    return starts


def _certain_starts(text: str, quote: str, spans: Sequence[Span]) -> dict[Span, int]:
    """The new start of those of `spans` for which there is no doubt; all are cited as `quote`."""
    in_place = {
        span: span.start
        for span in spans
        if span.end <= len(text) and text[span.start : span.end] == quote
    }
    if quote and len(in_place) < len(spans):
        starts = list(islice(_occurrences(text, quote), len(spans) + 1))
        if len(starts) == len(spans):
            return dict(zip(sorted(spans), starts, strict=True)) | in_place
    return in_place


def _occurrences(text: str, quote: str) -> Iterator[int]:
    """Where each occurrence begins, in order; they may overlap."""
    start = text.find(quote)
    while start >= 0:
        yield start
        start = text.find(quote, start + 1)


def _expected_start(span: Span, certain: Mapping[Span, int]) -> int:
    """Where `span` should begin now, if it moved as far as the nearest certain one."""
    if not certain:
        return span.start
    near = min(certain, key=lambda other: _distance(span, other))
    return max(0, span.start + certain[near] - near.start)


def _distance(span: Span, other: Span) -> int:
    return max(other.start - span.start, span.start - other.end, 0)


def _nearest_occurrence(text: str, quote: str, start: int) -> int | None:
    """The beginning of the occurrence nearest to `start`, the earlier one of two."""
    if not quote:  # would be everywhere
        return None
    after = text.find(quote, start)
    # `rfind` can take quadratic time, `find` cannot: look forward in the mirrored text.
    last = start + len(quote) - 1
    mirrored = text[:last][::-1].find(quote[::-1]) if last > 0 else -1
    before = -1 if mirrored < 0 else min(last, len(text)) - mirrored - len(quote)
    found = [each for each in (before, after) if each >= 0]
    return min(found, key=lambda each: abs(each - start), default=None)
