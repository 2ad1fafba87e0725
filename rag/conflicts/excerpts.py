"""Units of documents with what surrounds them, for comparing those of two documents."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from rag.conflicts.alignment import word_keys
from rag.store.documents import Library
from rag.text.names import find_names
from rag.text.tokens import without_possessive
from rag.text.units import Unit, parse_units
from rag.thresholds import CONFLICTS
from rag.types import Document, Passage, Span

# By which the records of a series are told apart: "Report 7", "Part IV", "the third round".
_MARK = re.compile(
    r"\d+|\b[IVXL]{2,6}\b"
    r"|(?i:\b(?:first|second|third|(?:four|fif|six|seven|eigh|nin|ten)th)(?= \w))"
)


def series_marks(text: str) -> frozenset[str]:
    """The numbers and ordinals of a text, in lower case."""
    return frozenset(mark.lower() for mark in _MARK.findall(text))


class Excerpt:
    """A document, or a stretch of a long one, in units that can be evidence."""

    def __init__(self, document: Document, start: int, end: int) -> None:
        self.document = document
        self.start = start
        self.text = document.text[start:end]
        self.units = [each for each in parse_units(self.text) if each.is_evidence]

    def places_in(self, span: Span) -> Iterator[Place]:
        """The units that a span of the document touches."""
        start, end = span.start - self.start, span.end - self.start
        for number, unit in enumerate(self.units):
            if unit.start < end and start < unit.end:
                yield Place(self, number)

    @cached_property
    def words(self) -> frozenset[str]:
        """All its words that carry meaning."""
        return word_keys(f"{self.document.title}\n{self.text}")

    @cached_property
    def names(self) -> frozenset[str]:
        """Words that are capitalised inside its sentences."""
        texts = (each.text(self.text) for each in self.units)
        found = (each for text in texts for each in find_names(text))
        return frozenset(without_possessive(each.text) for each in found)


@dataclass(frozen=True, slots=True)
class Place:
    """A unit in its excerpt."""

    excerpt: Excerpt
    number: int

    @property
    def unit(self) -> Unit:
        return self.excerpt.units[self.number]

    @property
    def quote(self) -> str:
        return self.unit.text(self.excerpt.text)

    @property
    def span(self) -> Span:
        start = self.excerpt.start
        return Span(self.excerpt.document.id, start + self.unit.start, start + self.unit.end)

    @property
    def headings(self) -> str:
        """The title of its document and the headings above it."""
        return "\n".join([self.excerpt.document.title, *self.unit.headings])

    def around(self, most: int) -> list[str]:
        """The units near it, at most so many on either side."""
        before = self.excerpt.units[max(0, self.number - most) : self.number]
        after = self.excerpt.units[self.number + 1 : self.number + 1 + most]
        return [each.text(self.excerpt.text) for each in (*before, *after)]


class ExcerptReader:
    """Reads the documents of one library, each once."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.documents: dict[str, Document] = {}
        self.excerpts: dict[tuple[str, int], Excerpt] = {}

    def excerpt(self, span: Span) -> Excerpt:
        """The document of a span, or what surrounds the span in a long one."""
        id = span.document_id
        document = self.documents.get(id) or self.library.document(id)
        self.documents[id] = document
        start, end = 0, len(document.text)
        if end > CONFLICTS.max_parsed_chars:
            start = max(0, span.start - CONFLICTS.surrounding_chars)
            end = span.end + CONFLICTS.surrounding_chars
        key = id, start
        if key not in self.excerpts:
            self.excerpts[key] = Excerpt(document, start, end)
        return self.excerpts[key]


def passage_of(place: Place, passages: Sequence[Passage]) -> Passage:
    """One of the passages that holds a unit; or the unit itself, as number 0."""
    span, document = place.span, place.excerpt.document
    held = next((each for each in passages if each.span.contains(span)), None)
    return held or Passage(
        0, span, place.quote, document.title, document.source, 0.0, document.published
    )
