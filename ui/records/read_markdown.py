"""Reads back what an export in Markdown shows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import unescape

from ui.records.sentences import block_text
from ui.records.shown_export import FootnotesUnreadable, ShownExport, ShownFootnote, malformed

_OPENINGS = ("<!-- footnote {", "<!-- answer ")  # of records; export writes no other "<!--"
_RECORD = re.compile(r"<!-- footnote (\{[^<>]*\}) -->")
_ANSWER = re.compile(r"<!-- answer ([\w+/=]*) -->")
_DEFINITION = re.compile(r" {0,3}\[\^(\d{1,9})\]:(.*)")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])|\\$|(&#?\w{1,31};)", re.MULTILINE)
_BEGINS = re.compile(r"\s{0,3}(?:[-+*]|#{1,6}|>|\d{1,9}[.)])[ \t]+")  # a heading, an item, a quote
_PIECE = re.compile(  # an escaped sign, the mark of a footnote, a character reference, emphasis
    r"\\([!-/:-@\[-`{-~])|\[\^(\d{1,9})\]|(&#?\w{1,31};)|([*_`]+)"
)


def is_markdown(text: str) -> bool:
    """Whether `text` holds a record as exports in Markdown have it."""
    return any(opening in text for opening in _OPENINGS)


def read_markdown(text: str) -> ShownExport:
    """What the export shows. Raises `FootnotesUnreadable`."""
    records = _ANSWER.findall(text)
    if len(records) > 1:
        raise FootnotesUnreadable(
            "The file has two records of its sentences.", "Check each export by itself."
        )
    notes, prose = _parts(_ANSWER.sub("", text))
    if any(_OPENINGS[0] in row for row in prose):
        raise FootnotesUnreadable(
            "The record of a footnote stands outside of it.",
            "Indent it by four spaces, below its footnote, or export the conversation again.",
        )
    pieces = [list(_pieces(block)) for block in _blocks(prose)]
    return ShownExport(
        [_footnote(number, rows) for number, rows in notes],
        [block_text(each) for each in pieces],
        {piece for each in pieces for piece in each if isinstance(piece, int)},
        records[0] if records else None,
    )


def _parts(text: str) -> tuple[list[tuple[int, list[str]]], list[str]]:
    """The footnotes, each with its rows, and all other rows; a blank one for each footnote."""
    notes: list[tuple[int, list[str]]] = []
    prose: list[str] = []
    inside = False
    for row in text.split("\n"):
        if opening := _DEFINITION.match(row):
            notes.append((int(opening[1]), [opening[2]]))
            prose.append("")
            inside = True
        elif inside and (not row.strip() or row.startswith(("    ", "\t"))):
            notes[-1][1].append(row)
        else:
            inside = False
            prose.append(row)
    return notes, prose


def _footnote(number: int, rows: Sequence[str]) -> ShownFootnote:
    records = _RECORD.findall("\n".join(rows))
    if len(records) != 1:
        raise malformed(number, "has no record" if not records else "has two records")
    shown = ShownFootnote(number, records[0])
    for row in map(str.strip, rows):
        if row.startswith(">"):
            shown.quote.append(f"{_unescaped(row[1:])}\n")
        elif not _RECORD.search(row):
            shown.facts.append(f"{_unescaped(row)}\n")
    return shown


def _unescaped(markdown: str) -> str:
    return _ESCAPED.sub(lambda found: found[1] or unescape(found[2] or ""), markdown)


def _blocks(rows: Sequence[str]) -> Iterator[str]:
    """Paragraphs, headings and list items, without the signs that begin them."""
    block: list[str] = []
    for row in [*rows, ""]:
        begins = _BEGINS.match(row)
        if block and (begins or not row.strip()):
            yield "\n".join(block)
            block = []
        if row.strip():
            block.append(row[begins.end() :] if begins else row)


def _pieces(markdown: str) -> Iterator[str | int]:
    """The texts of a block and the numbers of its footnotes. Emphasis is left out; any other markup
    stays as it is, since an export has none."""
    at = 0
    for found in _PIECE.finditer(markdown):
        yield markdown[at : found.start()]
        at = found.end()
        sign, number, reference, _ = found.groups()
        if number:
            yield int(number)
        else:
            yield sign or unescape(reference or "")
    yield markdown[at:]
