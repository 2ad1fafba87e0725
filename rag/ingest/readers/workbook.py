"""Reads workbooks (.xlsx): each visible sheet as a table, cells as they are shown.

Dates and percentages are known by the number format of the cell (ECMA-376, part 1, 18.8.30); other
numbers stand as they are stored. Formulas stand as their last result.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from rag.ingest.raw_source import RawSource, make_document
from rag.ingest.readers import light_markdown as markdown
from rag.ingest.readers.light_markdown import Block
from rag.ingest.readers.packages import (
    Package,
    attribute,
    child,
    children,
    core_title,
    open_package,
    relation_id,
)
from rag.types import Document

_BOOK = "xl/workbook.xml"
_EPOCH, _EPOCH_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)
_PERCENT = {"9": 0, "10": 2}  # built-in formats: decimals
_DATES = frozenset(["14", "15", "16", "17", "22", "27", "30", "36", "50", "57"])
_TIMES = frozenset(["18", "19", "20", "21", "22", "45", "46", "47"])
_LITERAL = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.|_.|\*.')
_COLUMN = re.compile(r"[A-Z]{1,3}")
_MAX_COLUMNS = 16_384


def read_workbook(raw: RawSource) -> list[Document]:
    with open_package(raw, ".xlsx") as package:
        book = package.xml(_BOOK)
        if book is None:
            raise ValueError("no workbook in it")
        sheets = children(child(book, "sheets"), "sheet")
        hidden = [each for each in sheets if attribute(each, "state", "visible") != "visible"]
        reader = _Reader(package, book)
        text = markdown.join_blocks(
            block for sheet in sheets if sheet not in hidden for block in reader.blocks(sheet)
        )
        title = core_title(package) or raw.fallback_title
    if hidden:
        names = ", ".join(attribute(each, "name") for each in hidden)
        raw.warn(f"Hidden sheets of {raw.name} were not read: {names}.")
    return [make_document(raw, text, title)]


class _Reader:
    """What the sheets of one workbook share: texts, number formats, the first day."""

    def __init__(self, package: Package, book: Any) -> None:
        self.package = package
        self.relations = package.relations(_BOOK)
        texts = package.xml("xl/sharedStrings.xml")
        self.texts = [_rich_text(each) for each in children(texts, "si")]
        styles = package.xml("xl/styles.xml")
        self.codes = {
            attribute(each, "numFmtId"): attribute(each, "formatCode")
            for each in children(child(styles, "numFmts"), "numFmt")
        }
        self.formats = [
            attribute(each, "numFmtId") for each in children(child(styles, "cellXfs"), "xf")
        ]
        is_1904 = attribute(child(book, "workbookPr"), "date1904") in ("1", "true")
        self.epoch = _EPOCH_1904 if is_1904 else _EPOCH

    def blocks(self, sheet: Any) -> Iterator[Block]:
        root = self.package.xml(self.relations.get(relation_id(sheet), ("", ""))[1])
        hidden = set[int]()
        for each in children(child(root, "cols"), "col"):
            if attribute(each, "hidden") in ("1", "true"):
                last = min(int(attribute(each, "max")), _MAX_COLUMNS)
                hidden.update(range(int(attribute(each, "min")), last + 1))
        rows = [
            self._row(row, hidden)
            for row in children(child(root, "sheetData"), "row")
            if attribute(row, "hidden") not in ("1", "true")
        ]
        table = markdown.table(_without_empty_columns(rows))
        if table.text:
            yield markdown.heading(2, attribute(sheet, "name"))
            yield table

    def _row(self, row: Any, hidden: set[int]) -> list[str]:
        cells: dict[int, str] = {}
        column = 0
        for cell in children(row, "c"):
            letters = _COLUMN.match(attribute(cell, "r"))
            column = _column_number(letters[0]) if letters else column + 1
            if column not in hidden:
                cells[column] = self._shown(cell)
        return [cells.get(at, "") for at in range(1, max(cells, default=0) + 1) if at not in hidden]

    def _shown(self, cell: Any) -> str:
        kind = attribute(cell, "t", "n")
        if kind == "inlineStr":
            return _rich_text(child(cell, "is"))
        found = child(cell, "v")
        value = "" if found is None else found.text or ""
        if kind == "s":
            return (
                self.texts[int(value)] if value.isdigit() and int(value) < len(self.texts) else ""
            )
        if kind == "b":
            return "TRUE" if value == "1" else "FALSE"
        return self._number(value, cell) if kind == "n" and value else value

    def _number(self, value: str, cell: Any) -> str:
        try:
            number = float(value)
            style = int(attribute(cell, "s") or 0)
        except ValueError:
            return value
        format = self.formats[style] if style < len(self.formats) else "0"
        code = _LITERAL.sub("", self.codes.get(format, "")).lower().partition(";")[0]
        if format in _PERCENT or "%" in code:
            decimals = _PERCENT.get(format, len(code.partition(".")[2].partition("%")[0]))
            return f"{100 * number:.{decimals}f}%"
        has_day, has_hour = format in _DATES or bool(re.search("[yd]", code)), "h" in code
        if has_day or format in _TIMES or has_hour:
            return self._moment(
                number, has_day=has_day, has_hour=has_hour or format in (*_TIMES, "22")
            )
        return str(int(number)) if number.is_integer() and abs(number) < 1e15 else f"{number:.15g}"

    def _moment(self, days: float, *, has_day: bool, has_hour: bool) -> str:
        try:
            moment = self.epoch + timedelta(seconds=round(days * 86_400))
        except OverflowError:
            return f"{days:.15g}"
        shown = "%Y-%m-%d %H:%M" if has_day and has_hour else "%Y-%m-%d" if has_day else "%H:%M"
        return moment.strftime(shown)


def _rich_text(element: Any) -> str:
    """The text of a cell without what tells how it is pronounced."""
    if element is None:
        return ""
    pieces = [*children(element, "t"), *(child(run, "t") for run in children(element, "r"))]
    return "".join(piece.text or "" for piece in pieces if piece is not None)


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return min(number, _MAX_COLUMNS)


def _without_empty_columns(rows: list[list[str]]) -> list[list[str]]:
    used = sorted({at for row in rows for at, cell in enumerate(row) if cell.strip()})
    return [[row[at] if at < len(row) else "" for at in used] for row in rows]
