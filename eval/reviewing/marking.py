"""Marking in a source: from the characters that a person marked to a quote, and the key points of
a case with that quote in them.

Pure. A line without key points has its evidence in their place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from rag.errors import FootnoteError
from rag.internals import parse_units
from rag.types import Document, Span

MAX_MARKED_CHARS = 4_000

Fault = Literal["elsewhere", "nothing", "too long", "several"]
_FAULTS: dict[Fault, tuple[str, str]] = {
    "elsewhere": (
        "The marked words are not at that place of the source.",
        "Reload the page, and mark them again.",
    ),
    "nothing": ("Nothing was marked.", "Mark a sentence of the source."),
    "too long": ("What was marked is too long for a quote.", "Mark a sentence or two."),
    "several": (
        "These words stand in the source several times.",
        "Mark a few more of the words around them.",
    ),
}


class MarkingError(FootnoteError):
    """A mark that is no quote; `fault` says in one word why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(*_FAULTS[fault])
        self.fault = fault


def marked_span(
    document: Document, start: int, end: int, words: str, *, sentences: bool = False
) -> Span:
    """The span of the characters ``[start, end)``, without space around them; with `sentences` that
    of the sentences, list items and table rows that they touch.

    Raises `MarkingError` where `words` are not the characters there, or where the quote would not
    be the only one of its kind in the document.
    """
    text = document.text
    if not 0 <= start < end <= len(text) or text[start:end] != words:
        raise MarkingError("elsewhere")
    start, end = _without_space(text, start, end)
    if start == end:
        raise MarkingError("nothing")
    if sentences:
        touched = [each for each in sentences_of(text) if each[0] < end and start < each[1]]
        start = min((first for first, _ in touched), default=start)
        end = max((last for _, last in touched), default=end)
    if end - start > MAX_MARKED_CHARS:
        raise MarkingError("too long")
    quote = text[start:end]
    if text.find(quote, text.find(quote) + 1) >= 0:
        raise MarkingError("several")
    return Span(document.id, start, end)


def sentences_of(text: str) -> list[tuple[int, int]]:
    """The intervals of the sentences, list items and table rows of a text, in order."""
    return [(unit.start, unit.end) for unit in parse_units(text) if unit.is_evidence]


def _without_space(text: str, start: int, end: int) -> tuple[int, int]:
    marked = text[start:end]
    begin = start + len(marked) - len(marked.lstrip())
    return begin, max(begin, start + len(marked.rstrip()))


# --- key points of a line ---------------------------------------------------------------------

Line = Mapping[str, Any]
Quote = dict[str, str]


def quotes_of(line: Line) -> list[list[Quote]]:
    """The quotes of each key point; without key points, each piece of evidence by itself."""
    if line.get("points"):
        return [list(point["quotes"]) for point in line["points"]]
    return [[quote] for quote in line.get("evidence", [])]


def with_point(
    line: Line, document_id: str, quote: str, place: int | None = None
) -> dict[str, Any]:
    """The line with this quote in place of the key point at `place`, from 0; as a further one where
    that is None. Raises `IndexError` where there is no such place."""
    made = {"document_id": document_id, "quote": quote}
    if not line.get("points"):
        return dict(line) | {"evidence": _put(line.get("evidence", []), place, made)}
    is_optional = place is not None and line["points"][place].get("optional", False)
    point = {"quotes": [made]} | ({"optional": True} if is_optional else {})
    return _with_points(line, _put(line["points"], place, point))


def without_point(line: Line, place: int) -> dict[str, Any]:
    """The line without the key point at `place`, from 0. Raises `IndexError`."""
    name = "points" if line.get("points") else "evidence"
    kept = list(line.get(name, []))
    del kept[place]
    return _with_points(line, kept) if name == "points" else dict(line) | {"evidence": kept}


def with_quote(line: Line, old: Quote, new: Quote) -> dict[str, Any]:
    """The line with a quote in place of another, in its key points and its evidence."""
    return _with_quotes(line, lambda quotes: _once([new if q == old else q for q in quotes]))


def without_quote(line: Line, quote: Quote) -> dict[str, Any]:
    """The line without a quote; a key point that has no other one goes too."""
    return _with_quotes(line, lambda quotes: [each for each in quotes if each != quote])


def _with_quotes(line: Line, change: Callable[[list[Quote]], list[Quote]]) -> dict[str, Any]:
    made = dict(line) | {"evidence": change(line.get("evidence", []))}
    if line.get("points"):
        points = [dict(each) | {"quotes": change(each["quotes"])} for each in line["points"]]
        made["points"] = [each for each in points if each["quotes"]]
    return made


def _once(quotes: list[Quote]) -> list[Quote]:
    return [each for at, each in enumerate(quotes) if each not in quotes[:at]]


def _put(items: list[Any], place: int | None, item: Any) -> list[Any]:
    kept = [*items]
    if place is None:
        return kept if item in kept else [*kept, item]
    kept[place] = item
    return kept


def _with_points(line: Line, points: list[dict[str, Any]]) -> dict[str, Any]:
    """With these key points, and the quotes of the required ones as evidence, each once."""
    evidence: list[Quote] = []
    for point in points:
        if not point.get("optional"):
            evidence += [quote for quote in point["quotes"] if quote not in evidence]
    return dict(line) | {"points": points, "evidence": evidence}
