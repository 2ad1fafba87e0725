"""Makes paragraphs, headings, lists and tables of the lines of PDF pages, and joins the pages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import pairwise
from statistics import median
from typing import Literal

from rag.ingest.pdf_pages import PAGE_BREAK
from rag.ingest.readers import light_markdown as markdown
from rag.ingest.readers.light_markdown import Block
from rag.ingest.readers.pdf_layout import Column, Piece
from rag.ingest.readers.pdf_lines import Line
from rag.ingest.readers.pdf_tables import Grid
from rag.text.language import language_of
from rag.text.sentences import split_sentences

_LONGEST_WORD = 80  # letters
_LARGE = 1.12  # of the size of most text, from which a line is a heading
_SMALL = 0.92  # of that size, up to which text at the foot of a page is a note
_MAX_HEADING_CHARS = 200
_BULLET = re.compile(r"[•●▪◦‣∙·■□➢✓\uf0b7\uf0a7\uf0d8–—*-][ \t]+(?=\S)")
_NUMBERED = re.compile(r"(\(?\d{1,3}[.)]|[a-z][.)])[ \t]+(?=\S)")
_LEADER = re.compile(r"(?: ?\.){5,}")  # dots that lead to a page number
_CLOSED = re.compile(r"[.!?:;…。！？][”\"’')\]]*\d*$")
_WORD_END = re.compile(r"([^\W\d_]+)[-\u00ad\u2010]$")
_DIVIDED = re.compile(r"[^\W_][-\u00ad\u2010]$")
_WORD_START = re.compile(r"[^\W\d_]+")
_TOKEN = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_HYPHENS = str.maketrans("\u2010\u2011", "--")


@dataclass(slots=True)
class _Part:
    """A paragraph, heading, item or table that is being put together."""

    kind: Literal["text", "heading", "item", "table", "rows"]
    text: str
    lines: list[Line] = field(default_factory=list)
    level: int = 1
    label: str = "-"
    size: float = 0.0

    @property
    def is_open(self) -> bool:
        """True where a sentence may go on in the next column or on the next page."""
        return self.kind in ("text", "item") and not _CLOSED.search(
            self.text[-_LONGEST_WORD:].rstrip()
        )

    def block(self) -> Block:
        if self.kind == "heading":
            return markdown.heading(self.level, self.text)
        if self.kind == "item":
            return replace(markdown.item(self.text, self.label), is_item=True)
        if self.kind in ("table", "rows"):
            return Block(self.text)
        return Block(self.text)


class PdfText:
    """The text of pages, each a list of columns and tables."""

    def __init__(self, pages: Sequence[Sequence[Piece]]) -> None:
        self.pages = pages
        lines = list(_lines_of(pages))
        self.size = body_size(pages)
        self.levels = heading_levels(lines, self.size)
        words = Counter[str]()
        for line in lines:
            words.update(_TOKEN.findall(line.text.lower().translate(_HYPHENS)))
        self.words = words
        self.joining_words = _joining_words(language_of(" ".join(e.text for e in lines[:50])))

    def joined(self) -> str:
        """The text with a form feed where each page but the first begins."""
        texts: list[str] = []
        parts: list[_Part] = []
        for number, pieces in enumerate(self.pages):
            following = self._parts(pieces)
            if number and not self._carry_over(parts, following):
                texts += [markdown.join_blocks(part.block() for part in parts), PAGE_BREAK]
                parts = []
            if number and not parts and _continues_table(self.pages[number - 1], pieces):
                following[0] = replace(following[0], text=_rows_only(following[0].text))
            parts += following
        texts.append(markdown.join_blocks(part.block() for part in parts))
        return "".join(texts)

    def _carry_over(self, parts: list[_Part], following: list[_Part]) -> bool:
        """Join a sentence that goes on on the next page; True where there is one.

        The form feed stands behind that sentence. Notes at the foot of the page go before its
        paragraph.
        """
        notes = 0
        while notes < len(parts) and self._is_note(parts[-1 - notes]):
            notes += 1
        body = parts[: len(parts) - notes]
        if not body or not following or not body[-1].is_open or following[0].kind != "text":
            return False
        before, after = body[-1].text, following[0].text
        if not _may_go_on(before, after, following[0].size, body[-1].size):
            return False
        text = self._join(before, after)
        # Where the sentence that crosses ends.
        crossing = len(before) - 1
        end = next((e for _, e in split_sentences(text) if e > crossing), len(text))
        text = f"{text[:end]}\f{text[end:].lstrip()}"
        parts[:] = [*body[:-1], *parts[len(body) :], replace(body[-1], text=text)]
        following.pop(0)
        return True

    def _is_note(self, part: _Part) -> bool:
        return part.kind in ("text", "item") and 0 < part.size < _SMALL * self.size

    # --- the parts of a page -----------------------------------------------------------------

    def _parts(self, pieces: Sequence[Piece]) -> list[_Part]:
        parts: list[_Part] = []
        for piece in pieces:
            if isinstance(piece, Grid):
                rows = [[self._cell(cell) for cell in row] for row in piece.rows]
                parts.append(_Part("table", markdown.table(rows).text))
                continue
            found = list(self._column_parts(piece))
            if parts and found and parts[-1].is_open and found[0].kind == "text":
                before, after = parts[-1], found[0]
                if _may_go_on(before.text, after.text, after.size, before.size):
                    before.text = self._join(before.text, after.text)
                    found.pop(0)
            parts += found
        return parts

    def _cell(self, text: str) -> str:
        cell = ""
        for line in _LEADER.sub(" …", text).split("\n"):
            cell = self._join(cell, line) if cell else line
        return cell

    def _column_parts(self, column: Column) -> Iterator[_Part]:
        """The paragraphs of a column."""
        right = max(line.box.right for line in column.lines)
        usual = _usual_gap(column.lines)
        part: _Part | None = None
        for line in column.lines:
            new = self._part_of(line)
            if part is None:
                part = new
                continue
            how = self._joint(part, new, line, right, usual)
            if how == "apart":
                yield part
                part = new
                continue
            part.text = (
                f"{part.text}\n{new.text}" if how == "line" else self._join(part.text, line.text)
            )
            part.lines.append(line)
        if part is not None:
            yield part

    def _part_of(self, line: Line) -> _Part:
        """A part that begins with `line`."""
        line = replace(line, text=_LEADER.sub(" …", line.text))
        level = self.levels.get(round(line.size))
        if level and len(line.text) <= _MAX_HEADING_CHARS and re.search(r"\w\w", line.text):
            return _Part("heading", line.text, [line], level=level, size=line.size)
        for pattern in (_BULLET, _NUMBERED):
            found = pattern.match(line.text)
            if found:
                label = "-" if pattern is _BULLET else found[1]
                text = line.text[found.end() :]
                return _Part("item", text, [line], label=label, size=line.size)
        return _Part("text", line.text, [line], size=line.size)

    def _joint(
        self, part: _Part, new: _Part, line: Line, right: float, usual: float
    ) -> Literal["apart", "line", "joined"]:
        """How `line` goes with the part above it."""
        above = part.lines[-1]
        gap = above.box.bottom - line.box.top
        if part.kind == "heading" or new.kind == "heading":
            same = part.kind == new.kind and part.level == new.level
            return "joined" if same and gap < 0.8 * line.box.height else "apart"
        divided = bool(_DIVIDED.search(part.text[-2:]))
        if gap > usual + 0.35 * line.box.height or gap < -3 * line.box.height:
            return "apart"
        if new.kind == "item":
            return "apart"
        if abs(above.size - line.size) > 0.15 * above.size:
            return "apart"
        if divided:
            return "joined"
        return self._by_width(part, line, right)

    def _by_width(
        self, part: _Part, line: Line, right: float
    ) -> Literal["apart", "line", "joined"]:
        """A line that had room for the first word of the next one was ended on purpose."""
        above = part.lines[-1]
        first = line.text.split(" ", 1)[0]
        letter = (line.box.right - line.box.left) / max(1, len(line.text))
        had_room = right - above.box.right > (len(first) + 1.5) * letter
        indent = line.box.left - above.box.left
        closed = bool(_CLOSED.search(part.text[-_LONGEST_WORD:]))
        if part.kind == "item":
            hangs = line.box.left > part.lines[0].box.left + 0.5 * letter
            return "joined" if hangs or (not closed and line.text[:1].islower()) else "apart"
        if closed and (had_room or 0.8 * line.size < indent < 6 * line.size):
            return "apart"
        if had_room and not line.text[:1].islower():
            return "line"
        return "joined"

    # --- divided words -----------------------------------------------------------------------

    def _join(self, before: str, after: str) -> str:
        """Two lines as one, with a word that was divided between them whole again."""
        end = before[-_LONGEST_WORD:]
        head, tail = _WORD_END.search(end), _WORD_START.match(after)
        if not head or not tail:
            if before.endswith("-") and before[-2:-1].isalnum() and after[:1].isalnum():
                return before + after  # "1990-" and "1995", "F-" and "16"
            return f"{before} {after}"
        if tail[0].lower() in self.joining_words:  # "short- and long-term"
            return f"{before} {after}"
        if self._keeps_hyphen(before, head[1], tail[0]):
            return before + after
        return before[: len(before) - len(end) + head.end(1)] + after

    def _keeps_hyphen(self, before: str, head: str, tail: str) -> bool:
        """True for a word that has a hyphen in the middle of a line too, or is a compound of names
        or of more than two words."""
        if before.endswith("\u00ad"):
            return False
        token = before.split()[-1]
        whole, parted = f"{head}{tail}".lower(), f"{head}-{tail}".lower()
        if self.words[whole] != self.words[parted]:
            return self.words[parted] > self.words[whole]
        return tail[:1].isupper() or head.isupper() or "-" in token[:-1]


def main_heading(pages: Sequence[Sequence[Piece]]) -> str:
    """The lines in the largest letters of the first page with text, where they are larger than
    most; "" where there are none."""
    first = next(([*_lines_of([page])] for page in pages if page), [])
    largest = max((line.size for line in first if re.search(r"\w\w", line.text)), default=0.0)
    if largest < _LARGE * body_size(pages[:20]):
        return ""
    title: list[Line] = []
    for line in first:
        if line.size > 0.97 * largest:
            title.append(line)
        elif title:
            break
    return " ".join(line.text for line in title)


def body_size(pages: Sequence[Sequence[Piece]]) -> float:
    """The height of most letters."""
    sizes = Counter[float]()
    for line in _lines_of(pages):
        sizes[round(line.size * 2) / 2] += len(line.text)
    for piece in (piece for page in pages for piece in page):
        if isinstance(piece, Grid):
            sizes[round(piece.size * 2) / 2] += sum(len(cell) for row in piece.rows for cell in row)
    return sizes.most_common(1)[0][0] if sizes else 0.0


def heading_levels(lines: Sequence[Line], body: float) -> dict[int, int]:
    """The levels, from 1, of letters that are larger than those of most text, by their rounded
    size."""
    sizes = Counter(round(line.size) for line in lines if line.size >= _LARGE * body)
    return {size: level for level, size in enumerate(sorted(sizes, reverse=True), 1)}


def _lines_of(pages: Sequence[Sequence[Piece]]) -> Iterator[Line]:
    for page in pages:
        for piece in page:
            if isinstance(piece, Column):
                yield from piece.lines


def _usual_gap(lines: Sequence[Line]) -> float:
    gaps = [above.box.bottom - below.box.top for above, below in pairwise(lines)]
    near = [gap for gap in gaps if gap > -2]
    return median(near) if len(near) > 2 else min(near, default=0.0)


def _may_go_on(before: str, after: str, size: float, size_before: float) -> bool:
    """True where the text of one column or page may be the end of a sentence begun before."""
    if abs(size - size_before) > 0.1 * max(size, size_before):
        return False
    if _CLOSED.search(before[-_LONGEST_WORD:]):
        return False
    return after[:1].islower() or bool(_DIVIDED.search(before[-2:])) or len(before) > 60


def _continues_table(before: Sequence[Piece], pieces: Sequence[Piece]) -> bool:
    """True where a page begins with the rest of the table at the end of the one before."""
    if not before or not pieces:
        return False
    above, below = before[-1], pieces[0]
    return (
        isinstance(above, Grid)
        and isinstance(below, Grid)
        and len(above.rows[0]) == len(below.rows[0])
        and above.rows[0] != below.rows[0]
    )


def _rows_only(table: str) -> str:
    """A table without the line that makes its first row a header."""
    lines = table.split("\n")
    return "\n".join(line for at, line in enumerate(lines) if at != 1)


@cache
def _joining_words(language: str) -> frozenset[str]:
    """The "and" and "or" of a language, from the list patterns of CLDR."""
    from babel import Locale, UnknownLocaleError

    try:
        patterns = Locale.parse(language).list_patterns
    except (UnknownLocaleError, ValueError):
        return frozenset()
    found = [patterns[name]["2"] for name in ("standard", "or") if name in patterns]
    return frozenset(
        word for pattern in found for word in pattern.replace("{0}", "").replace("{1}", "").split()
    )
