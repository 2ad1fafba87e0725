"""HTML of a stored text with the cited characters in it marked.

What a browser holds of it (`textContent`) is the stored text character for character, so that a
mark is exactly what was cited. Signs of the markup are there too, and hidden. There are two
exceptions, which HTML cannot carry: NUL is shown as U+FFFD, and so is a lone surrogate.

All text is escaped; there is no link, picture or anything else that a browser would load.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby, pairwise

from rag.types import Document, Span
from ui.translation import format_number, translate
from ui.views.markdown_places import Interval
from ui.views.source_structure import Block, Style, dialect_of, find_blocks

CURRENT = "fn-current"  # the id of the mark that a link leads to
PROSE_LINE = 100  # characters: where lines are longer on average, each is a paragraph
MAX_OUTLINE = 300  # headings listed

_LOST = re.compile("[\0\ud800-\udfff]")
_TAGS = {"em": "em", "strong": "strong", "s": "s", "code": "code", "sup": "sup"}
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_IN_ROW = ("tr", "thead", "tbody", "table")


@dataclass(frozen=True, slots=True)
class Heading:
    """An entry of the outline: a heading of `level` 1 to 6 whose block has the HTML id `id`."""

    level: int
    text: str
    id: str


@dataclass(frozen=True, slots=True)
class PageBreak:
    """Where the page `number` of a PDF begins."""

    number: int
    id: str


class SourceText:
    """The characters ``[start, end)`` of a document, with `marks` (sorted) in them.

    `current` is the mark that a link leads to, None for no mark; `first_page` is the number of the
    page at `start`, None for a document that has no pages. The block that holds the character `at`
    has the attribute `data-here`.
    """

    def __init__(
        self,
        document: Document,
        start: int,
        end: int,
        marks: Sequence[Span],
        current: Span | None,
        first_page: int | None = None,
        at: int | None = None,
    ) -> None:
        self.text = document.text
        self.start, self.end = start, end
        self.marks, self.current = marks, current
        self.dialect = dialect_of(document.source)
        self.blocks = find_blocks(self.text, self.dialect, start, end)
        self.first_page, self.at = first_page, at
        self._edges = sorted({edge for span in marks for edge in (span.start, span.end)})
        self._over = [_numbers_over(marks, edge) for edge in self._edges]
        self._show_marked()

    def html(self, *, autofocus: bool = False) -> str:
        """The text as the inner HTML of its container; `autofocus` for the current mark."""
        self._autofocus = autofocus
        return "".join(self._elements())

    @property
    def classes(self) -> str:
        """Of the container."""
        if self.dialect != "plain":
            return f"fn-text fn-{self.dialect}"
        lines = self.text.count("\n", self.start, self.end) + 1
        return "fn-text fn-plain" + (
            " fn-long-lines" if (self.end - self.start) / lines >= PROSE_LINE else ""
        )

    def outline(self) -> list[Heading]:
        """The headings in order; of very many only the higher ones."""
        blocks = [block for block in self.blocks if block.tag in _HEADINGS]
        for lowest in range(6, 0, -1):
            found = [block for block in blocks if int(block.tag[1]) <= lowest]
            if len(found) <= MAX_OUTLINE:
                break
        headings = [
            Heading(int(block.tag[1]), self._visible(block), _heading_id(block))
            for block in found[:MAX_OUTLINE]
        ]
        return [each for each in headings if each.text]

    def pages(self) -> list[PageBreak]:
        """The pages that begin in this text."""
        if self.first_page is None:
            return []
        places = [m.start() for m in re.finditer("\f", self.text[self.start : self.end])]
        return [
            PageBreak(self.first_page + number, _page_id(self.start + at))
            for number, at in enumerate(places, 1)
        ]

    def mark_id(self, start: int) -> str:
        """The id of the piece that begins a mark at `start`."""
        return CURRENT if self.current and self.current.start == start else f"fn-at-{start}"

    # --- blocks -----------------------------------------------------------------------------

    def _elements(self) -> Iterator[str]:
        """Blocks in the elements around them; those of one element follow each other."""
        opened: list[tuple[str, int]] = []
        for block in self.blocks:
            same = _shared(opened, block.path)
            for name, _ in reversed(opened[same:]):
                yield _closed(name)
            for name, _ in block.path[same:]:
                yield _opened(name)
            opened = list(block.path)
            yield self._block(block)
        for name, _ in reversed(opened):
            yield _closed(name)

    def _block(self, block: Block) -> str:
        inner = "".join(self._runs(block))
        is_here = self.at is not None and block.start <= self.at < block.end
        here = " data-here" if is_here else ""
        if block.tag in _HEADINGS:
            # The page has headings of its own: these come below them.
            level = min(int(block.tag[1]) + 2, 6)
            return (
                f'<h{level} class="fn-{block.tag}" id="{_heading_id(block)}" tabindex="-1"{here}>'
                f"{inner}</h{level}>"
            )
        if block.tag == "hr":
            return f'<div class="fn-rule"{here}>{inner}</div>'
        return f"<{block.tag}{here}>{inner}</{block.tag}>"

    # --- pieces of a block ---------------------------------------------------------------------

    def _runs(self, block: Block) -> Iterator[str]:
        """The pieces of a block; those that follow each other in the same marks are one mark."""
        for at, run in groupby(self._pieces(block), key=lambda piece: self._edge_at(piece[0])):
            pieces = list(run)
            html = "".join(html for _, html in pieces)
            yield self._marked(pieces[0][0], self._over[at], html) if at >= 0 else html

    def _edge_at(self, at: int) -> int:
        """The number of the last edge of a mark up to `at`, or -1."""
        return bisect_right(self._edges, at) - 1

    def _pieces(self, block: Block) -> Iterator[tuple[int, str]]:
        """The characters between two places where something begins or ends, each in its own
        elements, so that marks and emphasis may overlap in any way; and where each begins."""
        places = sorted(self._places(block))
        hidden, styles = [*block.hidden], block.styles
        for start, end in pairwise(places):
            while hidden and hidden[0][1] <= start:
                del hidden[0]
            if hidden and hidden[0][0] <= start:
                piece = f"<span hidden>{_exact(self.text[start:end])}</span>"
            else:
                styles = [style for style in styles if style.end > start]
                piece = self._shown(start, end, [each for each in styles if each.start <= start])
            yield start, f"<br>{piece}" if start in block.breaks else piece

    def _places(self, block: Block) -> set[int]:
        """Where a piece of a block begins or ends."""
        start, end = block.start, block.end
        places = {start, end, *block.breaks} if start < end else set()
        places.update(self._edges[bisect_right(self._edges, start) : bisect_left(self._edges, end)])
        places.update(at for pair in block.hidden for at in pair)
        places.update(at for style in block.styles for at in (style.start, style.end))
        at = self.text.find("\f", start, end) if self.first_page is not None else -1
        while at >= 0:
            places.update((at, at + 1))
            block.hidden = _without(block.hidden, at)
            at = self.text.find("\f", at + 1, end)
        return places

    def _shown(self, start: int, end: int, styles: Sequence[Style]) -> str:
        text = self.text[start:end]
        if text == "\f" and self.first_page is not None:
            return self._page_break(start)
        html = _exact(text)
        for style in styles:
            html = _styled(style, html)
        return html

    def _page_break(self, at: int) -> str:
        number = (self.first_page or 1) + self.text.count("\f", self.start, at) + 1
        page = translate("Page {n}", n=format_number(number))
        return f'<span class="fn-page-break" id="{_page_id(at)}" data-page="{page}">\f</span>'

    def _marked(self, start: int, over: Sequence[int], piece: str) -> str:
        """A piece in its mark. `data-span` holds the numbers of all the marks that it is in."""
        if not over:
            return piece
        numbers = " ".join(map(str, over))
        at = self.marks.index(self.current) + 1 if self.current in self.marks else 0
        name = "fn-mark fn-current" if at in over else "fn-mark"
        id = ""
        if any(self.marks[number - 1].start == start for number in over):
            id = f' id="{self.mark_id(start)}" tabindex="-1"'
        if id and self._autofocus and self.current and self.current.start == start:
            id += " autofocus"
        return f'<mark class="{name}" data-span="{numbers}"{id}>{piece}</mark>'

    # --- what is hidden -----------------------------------------------------------------------

    def _show_marked(self) -> None:
        """Markup is not hidden where it is all that a mark covers."""
        starts = [block.start for block in self.blocks]
        for span in self.marks:
            first = max(bisect_right(starts, span.start) - 1, 0)
            blocks = self.blocks[first : bisect_left(starts, span.end)]
            if any(self._shows(block, span) for block in blocks):
                continue
            for block in blocks:
                block.hidden = [
                    (start, end)
                    for start, end in block.hidden
                    if end <= span.start or span.end <= start
                ]

    def _shows(self, block: Block, span: Span) -> bool:
        """True where something of `span` within the block can be seen."""
        at = max(block.start, span.start)
        for start, end in [*sorted(block.hidden), (block.end, block.end)]:
            if self.text[at : min(start, span.end)].strip():
                return True
            at = max(at, end)
        return False

    def _visible(self, block: Block) -> str:
        pieces, at = [], block.start
        for start, end in [*sorted(block.hidden), (block.end, block.end)]:
            pieces.append(self.text[at:start])
            at = max(at, end)
        return " ".join("".join(pieces).split())


def _without(intervals: Sequence[Interval], at: int) -> list[Interval]:
    """The intervals without the character `at`."""
    parts: list[Interval] = []
    for start, end in intervals:
        inside = start <= at < end
        parts += [(start, at), (at + 1, end)] if inside else [(start, end)]
    return [(start, end) for start, end in parts if start < end]


def _numbers_over(marks: Sequence[Span], at: int) -> list[int]:
    """The numbers, from 1, of the marks that hold the character `at`."""
    return [n for n, span in enumerate(marks, 1) if span.start <= at < span.end]


def _shared(opened: Sequence[tuple[str, int]], path: Sequence[tuple[str, int]]) -> int:
    """How many of the elements that are open go on."""
    for at, (one, other) in enumerate(zip(opened, path, strict=False)):
        if one != other:
            return at
    return min(len(opened), len(path))


def _opened(name: str) -> str:
    if name == "table":  # it scrolls sideways by itself, with keys too
        label = translate("Table")
        return f'<div class="fn-table" role="group" aria-label="{label}" tabindex="0"><table>'
    return f"<{name}>"


def _closed(name: str) -> str:
    return "</table></div>" if name == "table" else f"</{name}>"


def _styled(style: Style, html: str) -> str:
    if style.name in _TAGS:
        return f"<{style.name}>{html}</{style.name}>"
    title = f' title="{escape(_exact_attribute(style.address))}"' if style.address else ""
    return f'<span class="fn-{style.name}"{title}>{html}</span>'


def _exact_attribute(text: str) -> str:
    return _LOST.sub("\ufffd", text)


def _heading_id(block: Block) -> str:
    return f"fn-heading-{block.start}"


def _page_id(at: int) -> str:
    return f"fn-page-{at}"


def _exact(text: str) -> str:
    """The text as HTML that is read back as the same characters."""
    return escape(_LOST.sub("\ufffd", text), quote=False).replace("\r", "&#13;")
