"""Reads OpenDocument texts (.odt): what is visible, in order, as light Markdown (OASIS ODF 1.3)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rag.ingest.raw_source import RawSource, make_document
from rag.ingest.readers import light_markdown as markdown
from rag.ingest.readers.light_markdown import Block
from rag.ingest.readers.packages import attribute, child, children, local_name, open_package
from rag.types import Document

_HIDDEN = frozenset(
    """tracked-changes annotation annotation-end sequence-decls forms hidden-text hidden-paragraph
    note-citation page-number page-count title desc""".split()
)
_SPACES = {"tab": "\t", "line-break": "\n", "soft-page-break": ""}
_WHITE = re.compile(r"\s+")
_MAX_REPEATED = 100  # of a cell or row that the file writes once


def read_open_document(raw: RawSource) -> list[Document]:
    with open_package(raw, ".odt") as package:
        body = child(package.xml("content.xml"), "body", "text")
        if body is None:
            raise ValueError("no text in it")
        styles = package.xml("styles.xml")
        reader = _Reader(_numberings(styles, body.getroottree().getroot()))
        master = child(styles, "master-styles")
        text = list(reader.section_blocks(body))
        blocks = [*reader.margin(master, "header"), *text, *reader.margin(master, "footer")]
        described = child(package.xml("meta.xml"), "meta", "title")
        title = "" if described is None else "".join(described.itertext())
    heading = next((block.plain for block in text if block.is_heading), "")
    return [make_document(raw, markdown.join_blocks(blocks), title, heading)]


@dataclass(frozen=True, slots=True)
class _Numbering:
    """How the items of a list are numbered: `kind` is "1", "a", "A", "i" or "I"."""

    kind: str
    prefix: str
    suffix: str

    def label(self, number: int) -> str:
        letters = "abcdefghijklmnopqrstuvwxyz"
        shown = str(number)
        if self.kind in ("a", "A") and number <= len(letters):
            shown = letters[number - 1]
        return f"{self.prefix}{shown.upper() if self.kind == 'A' else shown}{self.suffix}"


Numberings = Mapping[tuple[str, int], _Numbering]
"""By the name of a list style and the level in it, from 1."""


def _numberings(*roots: Any) -> Numberings:
    found = {}
    for root in roots:
        for style in () if root is None else root.iter("{*}list-style"):
            for level in children(style, "list-level-style-number"):
                kind = attribute(level, "num-format")
                key = (attribute(style, "name"), int(attribute(level, "level") or 1))
                if kind:
                    found[key] = _Numbering(
                        kind, attribute(level, "num-prefix"), attribute(level, "num-suffix")
                    )
    return found


class _Reader:
    def __init__(self, numberings: Numberings) -> None:
        self.numberings = numberings
        self.notes: list[tuple[int, Any]] = []  # to be put at the end of the section
        self.count = 0

    def section_blocks(self, body: Any) -> Iterator[Block]:
        for block in self._blocks(body):
            if block.is_heading:
                yield from self._waiting_notes()
            yield block
        yield from self._waiting_notes()

    def margin(self, master: Any, kind: str) -> list[Block]:
        """The different headers or footers of the pages; those of numbers alone are left out."""
        found = {}
        for page in children(master, "master-page"):
            for each in page:
                if local_name(each).startswith(kind):
                    for block in self._blocks(each):
                        if any(map(str.isalpha, block.text)):
                            found[block.text] = block
        return list(found.values())

    def _waiting_notes(self) -> Iterator[Block]:
        while self.notes:
            number, note = self.notes.pop(0)
            text = "\n".join(block.text for block in self._blocks(child(note, "note-body")))
            yield Block(f"[^{number}]: {text}")

    def _blocks(self, container: Any, depth: int = -1, style: str = "") -> Iterator[Block]:
        for element in () if container is None else container:
            name = local_name(element)
            if name == "h":
                boxes: list[Block] = []
                level = int(attribute(element, "outline-level") or 1)
                yield markdown.heading(level, self._text(element, boxes))
                yield from boxes
            elif name == "p":
                yield from self._paragraph(element)
            elif name == "list":
                yield from self._list(element, depth + 1, style)
            elif name == "table":
                yield from self._table(element)
            elif name not in _HIDDEN:
                yield from self._blocks(element, depth, style)

    def _paragraph(self, element: Any) -> Iterator[Block]:
        boxes: list[Block] = []
        yield markdown.paragraph(self._text(element, boxes))
        yield from boxes

    def _list(self, element: Any, depth: int, style: str) -> Iterator[Block]:
        style = attribute(element, "style-name", style)
        numbering = self.numberings.get((style, depth + 1))
        number = 0
        for entry in element:
            number = int(attribute(entry, "start-value") or number + 1)
            label = numbering.label(number) if numbering else "-"
            for block in self._blocks(entry, depth, style):
                if block.is_item or not block.text:
                    yield block
                else:
                    yield (
                        markdown.item(block.text, label, depth)
                        if label
                        else Block(f"{'  ' * (depth + 1)}{block.text}", is_item=True)
                    )
                    label = ""

    def _table(self, element: Any) -> Iterator[Block]:
        rows = []
        for row in _rows(element):
            cells: list[str] = []
            for cell in row:
                if local_name(cell) in ("table-cell", "covered-table-cell"):
                    text = "\n".join(block.plain for block in self._blocks(cell))
                    cells += [text] * min(
                        int(attribute(cell, "number-columns-repeated") or 1), _MAX_REPEATED
                    )
            rows.append(cells)
        yield markdown.table(rows)

    def _text(self, element: Any, boxes: list[Block]) -> str:
        """The text of a paragraph; text boxes in it are added to `boxes`."""
        parts = [_shown(element.text)]
        for each in element:
            name = local_name(each)
            if name == "note":
                self.count += 1
                self.notes.append((self.count, each))
                parts.append(f"[^{self.count}]")
            elif name == "s":
                parts.append(" ")
            elif name == "text-box":
                boxes += self._blocks(each)
            elif name in _SPACES:
                parts.append(_SPACES[name])
            elif name not in _HIDDEN:
                parts.append(self._text(each, boxes))
            parts.append(_shown(each.tail))
        return "".join(parts)


def _shown(text: str | None) -> str:
    """White space in the XML is a space in the text."""
    return _WHITE.sub(" ", text or "")


def _rows(table: Any) -> Iterator[Any]:
    for each in table:
        if local_name(each) == "table-row":
            yield each
        elif local_name(each) in ("table-header-rows", "table-rows", "table-row-group"):
            yield from _rows(each)
