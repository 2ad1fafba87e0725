"""What the characters of a stored text are: headings, lists, tables, code, emphasis, mere signs.

Nothing is rewritten. A text is cut into blocks that follow each other without a gap, and for each
block it is said which of its characters are signs of the markup, and which stand in emphasis, in
code or in a link. So a text is shown as a document, and each character keeps its offset.

Three dialects: "plain" is shown line by line; "light" is the light Markdown that structured files
are stored as, in which only headings, lists, tables, quotes, code blocks and footnotes are marked
up; "markdown" is CommonMark with tables. HTML within a text, and whatever cannot be placed exactly,
stays the characters that it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import PurePath
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from rag import is_url
from ui.views.markdown_places import Interval, find_inline, parser_of

if TYPE_CHECKING:
    from markdown_it.token import Token

Dialect = Literal["plain", "light", "markdown"]

MAX_INLINE_CHARS = 5_000  # of a paragraph in which emphasis and links are looked for

_LIGHT = frozenset(".csv .docx .epub .htm .html .odt .pdf .pptx .rst .rtf .tsv .xlsx".split())
_MARKDOWN = frozenset((".markdown", ".md"))
_CONTAINERS = {
    "bullet_list_open": "ul",
    "ordered_list_open": "ol",
    "list_item_open": "li",
    "blockquote_open": "blockquote",
    "table_open": "table",
    "thead_open": "thead",
    "tbody_open": "tbody",
    "tr_open": "tr",
}
_LINE = re.compile(r"[^\n]*\n+|[^\n]+")
_SIGN = re.compile(r"[-+*>]|\d{1,9}[.)]")  # before a list item or a line of a quote
_PREFIX = re.compile(r"[\s>#|*+\-]*(?:\d{1,9}[.)][\s>#|*+\-]*)*")
_PREFIX_OF_LINE = re.compile(r"[\s>]*")  # of a further line of a paragraph
_SUFFIX = re.compile(r"[\s>#=|:\-]*")
_HARD_BREAK = re.compile(r" {2,}\n")
_NOTE = re.compile(r"\[\^([^\]\s]{1,40})\](:?)")


@dataclass(frozen=True, slots=True)
class Style:
    """Characters ``[start, end)`` that stand in an element: em, strong, s, code, sup, a (a link or
    the words of a picture, with its address in `address`), or a sign: bullet, label."""

    start: int
    end: int
    name: str
    address: str = ""


@dataclass(slots=True)
class Block:
    """The characters ``[start, end)`` of a text, shown as one element.

    `path` holds the elements around it, each with a number of its own; `hidden` are the intervals
    that are markup only, in order.
    """

    start: int
    end: int
    tag: str  # p, h1 to h6, pre, th, td, hr
    path: tuple[tuple[str, int], ...] = ()
    hidden: list[Interval] = field(default_factory=list)
    styles: list[Style] = field(default_factory=list)
    breaks: list[int] = field(default_factory=list)  # offsets before which a line ends

    def hide(self, start: int, end: int) -> None:
        if start < end:
            self.hidden.append((start, end))


def dialect_of(source: str) -> Dialect:
    """How the text of a document with this path or URL is written."""
    if is_url(source):
        suffix = PurePath(urlsplit(source).path).suffix.lower()
        return "plain" if suffix == ".txt" else "markdown" if suffix in _MARKDOWN else "light"
    name = source.lower()
    if ".jsonl#" in name:
        return "plain"
    suffix = PurePath(name.rpartition(".zip#")[2]).suffix
    return "markdown" if suffix in _MARKDOWN else "light" if suffix in _LIGHT else "plain"


def find_blocks(text: str, dialect: Dialect, start: int = 0, end: int | None = None) -> list[Block]:
    """The blocks of ``text[start:end]``: they cover it, in order and without a gap."""
    end = len(text) if end is None else end
    if dialect == "plain":
        return [Block(*found.span(), "p") for found in _LINE.finditer(text, start, end)]
    return _Reading(text, dialect, start, end).blocks()


class _Reading:
    """Reads one part of a text. Offsets are those of the whole text."""

    def __init__(
        self, text: str, dialect: Literal["light", "markdown"], start: int, end: int
    ) -> None:
        # As the parser makes it of line ends, but of the same length.
        part = text[start:end].replace("\r\n", " \n").replace("\r", "\n").replace("\0", "\ufffd")
        self.part, self.start = part, start
        self.parser = parser_of(dialect)
        self.env: dict[str, object] = {}  # addresses that links refer to
        self.has_inline = dialect == "markdown"
        ends = [found.end() for found in re.finditer("\n", part)]
        self.lines = [0, *ends, len(part)] if not ends or ends[-1] < len(part) else [0, *ends]
        self.found: list[Block] = []
        self.path: list[tuple[str, int]] = []
        self.line = 0  # before which everything has its block

    def blocks(self) -> list[Block]:
        tokens: list[Token] = []
        self.parser.block.parse(self.part, self.parser, self.env, tokens)
        at = 0
        while at < len(tokens):
            at = self._read(tokens, at)
        self._plain(self.line, len(self.lines) - 1)
        return self._joined()

    def _read(self, tokens: Sequence[Token], at: int) -> int:
        """Take in the token `at`; where the next one is."""
        token = tokens[at]
        if token.type == "table_open":
            return self._table(tokens, at)
        if token.type in _CONTAINERS:
            self.path.append((_CONTAINERS[token.type], at))
        elif token.type.removesuffix("_close") + "_open" in _CONTAINERS:
            self.path.pop()
        elif token.type == "inline":
            self._running(tokens[at - 1], token.content)
        elif token.type in ("fence", "code_block"):
            self._code(token)
        elif token.type == "hr":
            first, last = token.map or [0, 0]
            block = self._begin("hr", first, last)
            block.hide(block.start, block.end)
        return at + 1

    # --- lines ------------------------------------------------------------------------------

    def _at(self, line: int) -> int:
        """Where a line begins, in the part."""
        return self.lines[min(line, len(self.lines) - 1)]

    def _begin(self, tag: str, first: int, last: int) -> Block:
        """A new block of the lines ``[first, last)``; what is before it and has none is plain."""
        self._plain(self.line, first)
        self.line = last
        start, end = self._at(first), self._at(last)
        self.found.append(Block(start, end, tag, tuple(self.path)))
        return self.found[-1]

    def _plain(self, first: int, last: int) -> None:
        """Lines that the parser makes nothing of, such as the addresses of links."""
        for line in range(first, last):
            start, end = self._at(line), self._at(line + 1)
            if self.part[start:end].strip(" \t\n"):
                self.line = line + 1
                self.found.append(self._noted(Block(start, end, "p")))

    def _joined(self) -> list[Block]:
        """The blocks with their offsets in the whole text; blank lines belong to the block before
        them, and are not shown."""
        blocks = self.found or [Block(0, len(self.part), "p")]
        blocks[0].start = 0
        for block, following in zip(blocks, [*blocks[1:], None], strict=True):
            end = following.start if following else len(self.part)
            block.hide(block.end, end)
            block.end = end
        return [self._moved(block) for block in blocks]

    def _moved(self, block: Block) -> Block:
        by = self.start
        return Block(
            block.start + by,
            block.end + by,
            block.tag,
            block.path,
            _merged((start + by, end + by) for start, end in block.hidden),
            [Style(s.start + by, s.end + by, s.name, s.address) for s in block.styles],
            [at + by for at in block.breaks],
        )

    # --- paragraphs, headings, code -----------------------------------------------------------

    def _running(self, opening: Token, content: str) -> None:
        first, last = opening.map or [0, 0]
        block = self._begin(opening.tag, first, last)
        places = self._places(content, first)
        if places is not None:
            self._hide_around(block, places)
            self._style(block, content, places)

    def _places(self, content: str, first: int) -> list[int] | None:
        """Where each character of a block's content is in the part; None where that cannot be
        told."""
        places: list[int] = []
        for number, line in enumerate(content.split("\n")):
            words = line.strip(" \t")
            start, end = self._at(first + number), self._at(first + number + 1)
            at = self.part.rfind(words, start, end)
            between = _PREFIX if number == 0 else _PREFIX_OF_LINE
            if at < 0 or not between.fullmatch(self.part, start, at):
                return None
            lead = len(line) - len(line.lstrip(" \t"))
            places += [at] * lead + list(range(at, at + len(words)))
            places += [at + len(words)] * (len(line) - lead - len(words) + 1)
        return places[:-1]

    def _hide_around(self, block: Block, places: Sequence[int]) -> None:
        """Hide the signs before, between and after the lines of a block."""
        first = places[0] if places else block.end
        self._hide_prefix(block, block.start, first)
        last = places[-1] + 1 if places else block.end
        for before, after in pairwise(places):
            line = self.part.find("\n", before, after)
            if line >= 0:
                self._hide_prefix(block, line + 1, after)
        if _SUFFIX.fullmatch(self.part, last, block.end):
            block.hide(last, block.end)

    def _hide_prefix(self, block: Block, start: int, end: int) -> None:
        """Hide what is before the words of a line, but for bullets and numbers of items. A sign
        before a digit may be one of a number, and is left as it is."""
        at = start
        for sign in _SIGN.finditer(self.part, start, end):
            is_last = not self.part[sign.end() : end].strip(" \t")
            is_shown = sign[0][0].isdigit() or (is_last and self.part[end : end + 1].isdigit())
            name = "label" if is_shown else "" if sign[0] == ">" else "bullet"
            if name:
                block.hide(at, sign.start())
                block.styles.append(Style(*sign.span(), name))
                at = sign.end()
        block.hide(at, end)

    def _code(self, token: Token) -> None:
        first, last = token.map or [0, 0]
        block = self._begin("pre", first, last)
        if token.type == "code_block":
            return
        opening = self._at(first + 1)
        block.hide(block.start, opening)
        closing = self._at(last - 1)
        if closing > opening and self.part[closing : block.end].strip(" \t\n>") == token.markup:
            block.hide(closing, block.end)

    # --- tables -----------------------------------------------------------------------------

    def _table(self, tokens: Sequence[Token], at: int) -> int:
        """A table whose every cell is found in its row; else its lines as they are."""
        end = next(n for n in range(at, len(tokens)) if tokens[n].type == "table_close") + 1
        first, last = tokens[at].map or [0, 0]
        mark, line, depth = len(self.found), self.line, len(self.path)
        self._plain(self.line, first)
        for number in range(at, end):
            token = tokens[number]
            if token.type in _CONTAINERS:
                self.path.append((_CONTAINERS[token.type], number))
            elif token.type.removesuffix("_close") + "_open" in _CONTAINERS:
                self.path.pop()
            if token.type == "tr_open" and not self._row(tokens, number):
                del self.path[depth:]
                del self.found[mark:]
                self.line = line
                self._plain(line, last)
                break
        self.line = last
        return end

    def _row(self, tokens: Sequence[Token], at: int) -> bool:
        """The cells of the row that begins with the token `at`; False where one is not found."""
        line = (tokens[at].map or [0, 0])[0]
        start, end = self._at(line), self._at(line + 1)
        cells = _cells(self.part, start, end)
        contents = []
        for inner in range(at + 2, len(tokens), 3):  # each cell is three tokens
            if tokens[inner].type != "inline":
                break
            contents.append(tokens[inner].content)
        tag = tokens[at + 1].tag
        begins = start
        for number, content in enumerate(contents):
            places = cells[number] if number < len(cells) else []
            if "".join(self.part[place] for place in places) != content:
                return False
            following = cells[number + 1] if number + 1 < min(len(cells), len(contents)) else None
            ends = _bar_before(self.part, following, places, end) if following is not None else end
            block = Block(begins, ends, tag, tuple(self.path))
            self._hide_cell(block, places)
            self._style(block, content, places)
            self.found.append(block)
            begins = ends
        return True

    def _hide_cell(self, block: Block, places: Sequence[int]) -> None:
        first = places[0] if places else block.end
        last = places[-1] + 1 if places else block.end
        if _PREFIX.fullmatch(self.part, block.start, first):
            block.hide(block.start, first)
        for before, after in pairwise(places):
            block.hide(before + 1, after)  # the backslash before a bar
        if _SUFFIX.fullmatch(self.part, last, block.end):
            block.hide(last, block.end)

    # --- within a line ------------------------------------------------------------------------

    def _style(self, block: Block, content: str, places: Sequence[int]) -> None:
        if self.has_inline and content and len(content) <= MAX_INLINE_CHARS:
            for found in find_inline(self.parser, self.env, content):
                first, last = places[found.start], places[found.end - 1] + 1
                if found.name == "hide":
                    block.hide(first, last)
                elif found.name == "break":
                    block.breaks.append(last)
                else:
                    block.styles.append(Style(first, last, found.name, found.address))
            block.breaks += [places[end.end() - 1] + 1 for end in _HARD_BREAK.finditer(content)]
        self._noted(block)

    def _noted(self, block: Block) -> Block:
        """The marks of footnotes are raised, without their brackets."""
        for mark in _NOTE.finditer(self.part, block.start, block.end):
            block.hide(mark.start(), mark.start(1))
            block.styles.append(Style(*mark.span(1), "sup"))
            begins = not self.part[block.start : mark.start()].strip(" \t\n")
            block.hide(mark.end(1), mark.end() if begins else mark.end(1) + 1)
        return block


def _merged(intervals: Iterable[Interval]) -> list[Interval]:
    """Intervals in order; those that touch are one."""
    merged: list[Interval] = []
    for start, end in sorted(intervals):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _cells(part: str, start: int, end: int) -> list[list[int]]:
    """The places of the characters of each cell of the row ``part[start:end]``, as GFM cuts it."""
    while start < end and part[start] in " \t>":
        start += 1
    while start < end and part[end - 1] in " \t\n":
        end -= 1
    cells: list[list[int]] = [[]]
    is_escaped = False
    for at in range(start, end):
        if part[at] == "|" and is_escaped:
            cells[-1][-1] = at
        elif part[at] == "|":
            cells.append([])
        else:
            cells[-1].append(at)
        is_escaped = part[at] == "\\"
    if part[start : start + 1] == "|":
        del cells[0]
    if len(cells) > 1 and not cells[-1]:
        del cells[-1]
    return [_stripped(part, cell) for cell in cells]


def _stripped(part: str, places: list[int]) -> list[int]:
    words = "".join(part[at] for at in places)
    lead = len(words) - len(words.lstrip(" \t"))
    return places[lead : len(words.rstrip(" \t"))]


def _bar_before(part: str, following: list[int], places: list[int], end: int) -> int:
    """Where the next cell begins: at the bar before it."""
    after = places[-1] + 1 if places else None
    if following:
        bar = part.rfind("|", after or 0, following[0])
        return bar if bar >= 0 else following[0]
    bar = part.find("|", after, end) if after is not None else -1
    return bar if bar >= 0 else end
