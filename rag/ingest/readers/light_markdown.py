"""Writes the light Markdown that structured files are stored as.

Headings begin with ``#``, list items with ``-`` or their number, tables have a row a line between
bars, blocks are parted by an empty line. Nothing else is marked up or escaped, so that a text stays
what a person sees.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from unicodedata import normalize

MAX_HEADING_LEVEL = 6

_BLANKS = re.compile(r"[^\S\n\f]+")
_SIMPLE_LABEL = re.compile(r"\(?\d{1,3}[.)]|[a-z][.)]|[-*•+–]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")  # not the form feeds between pages
_INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff]")  # soft hyphens, joints without width
_LIGATURE = re.compile("[\ufb00-\ufb06]")
_RAISED = str.maketrans("0123456789+-−=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿ")
_LOWERED = str.maketrans("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎")
_CLOSED = re.compile(r"[.!?:;,…。]$")


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of text that stands for itself. Items that follow each other are one list."""

    text: str
    is_item: bool = False
    is_heading: bool = False

    @property
    def plain(self) -> str:
        """The text without the mark that makes it a heading or a bulleted item."""
        marks = "#" if self.is_heading else "-"
        return self.text.lstrip(f"{marks} ") if self.is_heading or self.is_item else self.text


def paragraph(text: str) -> Block:
    """Lines of running text; blanks within a line become one."""
    lines = (" ".join(_BLANKS.sub(" ", line).split(" ")).strip() for line in text.split("\n"))
    return Block("\n".join(line for line in lines if line))


def heading(level: int, text: str) -> Block:
    """A heading of `level` 1 (highest) or lower."""
    line = one_line(text)
    marks = "#" * min(max(level, 1), MAX_HEADING_LEVEL)
    return Block(f"{marks} {line}" if line else "", is_heading=True)


def item(text: str, label: str = "-", depth: int = 0) -> Block:
    """A list item with the label that a person sees, `depth` lists deep (from 0)."""
    lines = paragraph(text).text.split("\n")
    if not lines[0]:
        return Block("")
    label = label if _SIMPLE_LABEL.fullmatch(label) else f"- {label}"
    indent = "  " * depth
    first = f"{indent}{label} {lines[0]}"
    return Block("\n".join([first, *(f"{indent}  {line}" for line in lines[1:])]), is_item=True)


def table(rows: Sequence[Sequence[str]], *, has_header: bool | None = None) -> Block:
    """A table with a row a line.

    The first row is the header unless `has_header` is False, or is None and the rows tell that it
    is not; then an empty one stands in its place.
    """
    cells = [[cell_text(cell) for cell in row] for row in rows]
    cells = [row for row in cells if any(row)]
    if not cells:
        return Block("")
    width = max(map(len, cells))
    padded = [[*row, *[""] * (width - len(row))] for row in cells]
    if has_header is None:
        has_header = _begins_with_header(padded)
    if not has_header:
        padded.insert(0, [""] * width)
    lines = [f"| {' | '.join(row)} |" for row in padded]
    lines.insert(1, "|" + " --- |" * width)
    return Block("\n".join(lines))


def _begins_with_header(rows: Sequence[Sequence[str]]) -> bool:
    """False for a table of names and values, whose first row is like the others."""
    if len(rows) < 2:
        return False
    return not (len(rows[0]) == 2 and any(map(str.isdigit, rows[0][1])))


def cell_text(text: str) -> str:
    """The lines of a table's cell as one, with semicolons between them."""
    lines = [one_line(line) for line in text.replace("|", "\\|").split("\n")]
    return join_lines(line for line in lines if line)


def join_lines(lines: Iterable[str]) -> str:
    """The lines as one; where a line does not end with a mark, a semicolon parts it from the
    next."""
    joined = ""
    for line in lines:
        gap = " " if _CLOSED.search(joined) else "; "
        joined = f"{joined}{gap}{line}" if joined else line
    return joined


def one_line(text: str) -> str:
    """`text` with each run of white space as one space."""
    return " ".join(text.split())


def join_blocks(blocks: Iterable[Block]) -> str:
    """The text of a document: blocks parted by an empty line, items of one list by a line end."""
    parts: list[str] = []
    after_item = False
    for block in blocks:
        if block.text.strip():
            parts += ["\n" if block.is_item and after_item else "\n\n", block.text]
            after_item = block.is_item
    return fold_ligatures(_INVISIBLE.sub("", _CONTROL.sub("", "".join(parts[1:]))))


def fold_ligatures(text: str) -> str:
    """`text` with the letters that ligatures of Latin (U+FB00 to U+FB06) stand for."""
    return _LIGATURE.sub(lambda found: normalize("NFKC", found[0]), text)


def raised(text: str, tag: str = "sup") -> str:
    """`text` in raised ("sup") or lowered ("sub") characters, where Unicode has all of them: else
    10⁶ would be 106."""
    table = _RAISED if tag == "sup" else _LOWERED
    return text.translate(table) if all(ord(mark) in table for mark in text) else text
