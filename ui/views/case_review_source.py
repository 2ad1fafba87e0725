"""The source of a drafted case, its key points lit, character for character."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from rag.types import Document, Span
from ui.translation import (
    format_number,
    translate,
)
from ui.views.source_text import SourceText

MAX_SHOWN_CHARS = 60_000  # of a source, around what is lit


@dataclass(frozen=True, slots=True)
class LitSource:
    """A source with `marks` in it; `current` is the strong one. `lit` says where in it to begin."""

    document: Document
    marks: tuple[Span, ...] = ()
    current: Span | None = None
    units: Sequence[tuple[int, int]] = ()  # that keys go through


def lit_text(source: LitSource) -> str:
    """The text, or the part around what is lit. `data-from` is where it begins, in characters;
    `data-units` has the sentences in it, in the code units that browsers count."""
    document = source.document
    start, end = _window(source)
    inside = [each for each in source.marks if start <= each.start and each.end <= end]
    current = source.current if source.current in inside else None
    text = SourceText(document, start, end, sorted(inside), current)
    places = _CodeUnits(document.text, start, end)
    units = " ".join(
        f"{places(first)}-{places(last)}"
        for first, last in source.units
        if start <= first and last <= end
    )
    part = ""
    if end - start < len(document.text):
        words = translate(
            "This is a long text: characters {start} to {end} of {length} are shown.",
            start=format_number(start + 1),
            end=format_number(end),
            length=format_number(len(document.text)),
        )
        part = f'<p class="fn-part">{words}</p>'
    return (
        f'{part}<div class="{text.classes}" id="fn-source-text" role="group" tabindex="0"'
        f' aria-label="{translate("Text of the source")}" data-from="{start}"'
        f' data-units="{units}">{text.html()}</div>'
    )


def _window(source: LitSource) -> tuple[int, int]:
    length = len(source.document.text)
    lit = source.current or (source.marks[0] if source.marks else None)
    middle = (lit.start + lit.end) // 2 if lit else 0
    start = max(0, min(middle - MAX_SHOWN_CHARS // 2, length - MAX_SHOWN_CHARS))
    return start, min(length, start + MAX_SHOWN_CHARS)


class _CodeUnits:
    """Offsets of `text` from `start` on, in UTF-16 code units; asked for in any order."""

    def __init__(self, text: str, start: int, end: int) -> None:
        self._wide = [at for at in range(start, end) if ord(text[at]) > 0xFFFF]
        self._start = start

    def __call__(self, at: int) -> int:
        return at - self._start + bisect_left(self._wide, at)
