"""Which document does a link open, what is lit up in it, and what is to be said about that?

The page's pane and the pages that stand alone ask this alike. A link always opens something: where
the source has changed or is gone, the quote as it was recorded, with a word about it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.errors import NoSuchDocument
from rag.types import Citation, Document, Span
from ui.terminal import line

if TYPE_CHECKING:
    from rag.library import Library
    from rag.relocate import Found
    from ui.exchange import Exchange

TITLE_CHARS = 120  # of a title within a note


@dataclass(frozen=True, slots=True)
class Opened:
    """What a link leads to. `quote` is the text as it was recorded with the answer, "" where a
    whole document was asked for; `note` is one or two sentences, "" where all is as it was."""

    document: Document | None  # None: it is not in the library any more
    current: Span | None  # to be lit up, and scrolled to
    others: tuple[Span, ...] = ()  # what the same answer cites besides, in reading order
    note: str = ""
    quote: str = ""


def exchange_citation(exchange: Exchange, claim: int, citation: int, library: Library) -> Opened:
    """What the citation number `citation` of the sentence number `claim` opens; both from 0."""
    if claim < 0 or citation < 0:
        return _nowhere()
    try:
        cited = exchange.claims[claim].citations[citation]
    except IndexError:
        return _nowhere()
    return _opened(exchange, cited, library)


def exchange_passage(exchange: Exchange, number: int, library: Library) -> Opened:
    """What passage ``[number]`` of the exchange opens."""
    for passage in exchange.evidence:
        if passage.number == number:
            return _opened(exchange, Citation(number, passage.span, passage.text), library)
    return _nowhere()


def document(id: str, library: Library, start: int | None = None, end: int | None = None) -> Opened:
    """A document, with the characters ``[start, end)`` lit up where both are given."""
    try:
        found = library.document(id)
    except NoSuchDocument:
        return Opened(None, None, note=f"There is no source {line(id, TITLE_CHARS)} in the index.")
    if start is None or end is None:
        return Opened(found, None)
    if not 0 <= start < end <= len(found.text):
        return Opened(found, None, note=f"The source has no characters {start} to {end}.")
    span = Span(id, start, end)
    return Opened(found, span, quote=found.text[start:end])


def _opened(exchange: Exchange, cited: Citation, library: Library) -> Opened:
    from rag.relocate import relocate

    found = relocate(cited, library)
    try:
        source = library.document(cited.span.document_id)
    except NoSuchDocument:
        return Opened(None, None, note=_gone(exchange, cited), quote=cited.quote)
    current = found.span if found.state in ("same", "moved") else None
    others = tuple(sorted(set(_others(exchange, cited, current, library))))
    return Opened(source, current, others, _note(found), cited.quote)


def _others(
    exchange: Exchange, cited: Citation, current: Span | None, library: Library
) -> Iterator[Span]:
    """Where the exchange's other quotes of that document stand now."""
    from rag.relocate import relocate

    for claim in exchange.claims:
        for other in claim.citations:
            if other.span.document_id == cited.span.document_id:
                span = relocate(other, library).span
                if span is not None and span != current:
                    yield span


def _note(found: Found) -> str:
    match found.state:
        case "same":
            return ""
        case "moved":
            return "The source has changed since this answer; the quote now stands here."
        case _:
            return "The source has changed since this answer, and the quote is no longer in it."


def _gone(exchange: Exchange, cited: Citation) -> str:
    passages = {passage.span.document_id: passage.title for passage in exchange.evidence}
    title = line(passages.get(cited.span.document_id, cited.span.document_id), TITLE_CHARS)
    return f"The source “{title}” was removed; this is the quote as it was recorded."


def _nowhere() -> Opened:
    return Opened(None, None, note="The answer has no such citation any more.")
