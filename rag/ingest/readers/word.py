"""Reads Word files (.docx): what is visible, once, in order, as light Markdown.

A walk over the XML of the file (ECMA-376, part 1, chapter 17). Deleted, moved-away and hidden text,
comments and the codes of fields are left out. Footnotes stand at the end of the section under one
heading that refers to them, text boxes behind the paragraph that they are fixed to, headers and
footers once, at the beginning and the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from rag.ingest.metadata import headline
from rag.ingest.raw_source import RawSource, make_document
from rag.ingest.readers import light_markdown as markdown
from rag.ingest.readers.light_markdown import Block
from rag.ingest.readers.packages import (
    Package,
    attribute,
    child,
    children,
    chosen_alternative,
    core_title,
    diagram_texts,
    local_name,
    open_package,
    warn_of_charts,
)
from rag.ingest.readers.symbol_fonts import symbol_character
from rag.ingest.readers.word_styles import Numbering, Styles, is_on
from rag.types import Document

_HIDDEN = frozenset(
    """pPr rPr tblPr trPr tcPr sectPr tblGrid sdtPr sdtEndPr del moveFrom delText delInstrText rt
    commentReference annotationRef footnoteRef endnoteRef ffData""".split()
)
_CHARACTERS = {
    "tab": "\t",
    "ptab": "\t",
    "br": "\n",
    "cr": "\n",
    "noBreakHyphen": "-",
    "softHyphen": "",
}
_RAISING = {"superscript": "sup", "subscript": "sub"}
_PAGE_FIELDS = frozenset(["PAGE", "NUMPAGES", "SECTIONPAGES"])


def read_word(raw: RawSource) -> list[Document]:
    with open_package(raw, ".docx") as package:
        main = next(
            (part for kind, part in package.relations("").values() if kind == "officeDocument"),
            "word/document.xml",
        )
        root = package.xml(main)
        if root is None:
            raise ValueError("no document in it")
        reader = _Reader(package, main)
        body = list(reader.section_blocks(child(root, "body")))
        text = markdown.join_blocks(body)
        whole = markdown.join_blocks(
            [*reader.margin(root, "header"), *body, *reader.margin(root, "footer")]
        )
        title = core_title(package)
        kinds = [kind for kind, _ in reader.relations.values()]
        warn_of_charts(raw, kinds.count("chart"))
    return [make_document(raw, whole, title, headline(text))]


@dataclass(slots=True)
class _Paragraph:
    """What is collected while a paragraph is read."""

    text: list[str] = field(default_factory=list)
    boxes: list[Block] = field(default_factory=list)
    has_page_number: bool = False

    def add_page_number(self) -> None:
        self.has_page_number = True
        self.text.append("\0")


class _Reader:
    """Reads the parts of one file; fields and footnotes reach over paragraphs."""

    def __init__(self, package: Package, main: str) -> None:
        self.package = package
        self.relations = package.relations(main)
        self.styles = Styles(self._related("styles", "word/styles.xml"))
        self.numbering = Numbering(self._related("numbering", "word/numbering.xml"))
        self.notes = {
            (kind, attribute(note, "id")): note
            for kind in ("footnote", "endnote")
            for note in children(self._related(f"{kind}s", f"word/{kind}s.xml"), kind)
        }
        self.waiting: list[tuple[str, Any]] = []  # notes to be put at the end of the section
        self.numbers: dict[tuple[str, str], int] = {}
        self.fields: list[str] = []  # code of each open field; "\0" once its result began
        self.carried = ""  # of a paragraph whose end was deleted

    def _related(self, kind: str, default: str) -> Any:
        named = (part for found, part in self.relations.values() if found == kind)
        return self.package.xml(next(named, default))

    def section_blocks(self, container: Any) -> Iterator[Block]:
        """The blocks of a text, with the notes of each section before the next heading."""
        for block in self.blocks(container):
            if block.is_heading:
                yield from self._waiting_notes()
            yield block
        yield from self._waiting_notes()

    def margin(self, root: Any, kind: str) -> list[Block]:
        """The different headers or footers of the document, without page numbers."""
        names = [
            self.relations.get(attribute(each, "id"), ("", ""))[1]
            for each in root.iter("{*}" + f"{kind}Reference")
        ]
        blocks = [
            block
            for name in dict.fromkeys(names)
            for block in self.blocks(self.package.xml(name), in_margin=True)
        ]
        return list(dict.fromkeys(blocks))

    def blocks(self, container: Any, *, in_margin: bool = False) -> Iterator[Block]:
        for element in () if container is None else container:
            name = local_name(element)
            if name == "p":
                yield from self._paragraph(element, in_margin=in_margin)
            elif name == "tbl":
                yield from self._table(element)
            elif name == "AlternateContent":
                yield from self.blocks(chosen_alternative(element), in_margin=in_margin)
            elif name not in _HIDDEN:
                yield from self.blocks(element, in_margin=in_margin)

    def _paragraph(self, element: Any, *, in_margin: bool) -> Iterator[Block]:
        found = _Paragraph()
        properties = child(element, "pPr")
        style = self.styles.paragraph(attribute(child(properties, "pStyle"), "val"))
        self._inline(element, found, is_hidden=style.is_hidden)
        text = self.carried + "".join(found.text)
        if in_margin and found.has_page_number:
            text = "\t".join(part for part in text.split("\t") if "\0" not in part)
        text = text.replace("\0", "")
        if child(properties, "rPr", "del") is not None:  # then it goes on in the next one
            self.carried = text
        else:
            self.carried = ""
            yield self._block(text, properties, style)
        yield from found.boxes

    def _block(self, text: str, properties: Any, style: Any) -> Block:
        if not text.strip():
            return Block("")
        level = attribute(child(properties, "outlineLvl"), "val") or style.outline_level
        number = child(properties, "numPr")
        number_id = attribute(child(number, "numId"), "val") or style.number_id
        depth = attribute(child(number, "ilvl"), "val") or style.number_level or "0"
        label = self.numbering.next_label(number_id, int(depth))
        if level and int(level) < 9:
            return markdown.heading(int(level) + 1, f"{label.strip('-')} {text}")
        return markdown.item(text, label, int(depth)) if label else markdown.paragraph(text)

    def _table(self, element: Any) -> Iterator[Block]:
        properties = child(element, "tblPr")
        rows: list[list[str]] = []
        is_header = False
        above: list[str] = []
        for row in _rows(element):
            cells = list(self._cells(row, above))
            is_header = is_header or (not rows and child(row, "trPr", "tblHeader") is not None)
            rows.append(cells)
            above = cells
        look = child(properties, "tblLook")
        first_row = attribute(look, "firstRow") or attribute(look, "val")
        if not is_header and first_row in ("0", "0000"):
            header: bool | None = False
        else:
            header = True if is_header else None
        if len(rows) == 1 or max(map(len, rows), default=0) < 2:  # a frame around text
            for cell in (text for cells in rows for text in cells if text):
                yield markdown.paragraph(cell)
        else:
            yield markdown.table(rows, has_header=header)

    def _cells(self, row: Any, above: list[str]) -> Iterator[str]:
        """The texts of a row's cells. One that reaches over several rows is told in each."""
        column = int(attribute(child(row, "trPr", "gridBefore"), "val") or 0)
        yield from [""] * column
        for cell in _descend(row, "tc"):
            properties = child(cell, "tcPr")
            merge = child(properties, "vMerge")
            text = "\n".join(block.plain for block in self._cell_blocks(cell) if block.text)
            if merge is not None and attribute(merge, "val") != "restart" and not text:
                text = above[column] if column < len(above) else ""
            span = int(attribute(child(properties, "gridSpan"), "val") or 1)
            yield from [text, *[""] * (min(span, 1000) - 1)]
            column += span

    def _cell_blocks(self, cell: Any) -> Iterator[Block]:
        for element in cell:
            if local_name(element) == "tbl":  # a table in a cell: its rows one after the other
                for row in _rows(element):
                    cells = [" ".join(text.split()) for text in self._cells(row, [])]
                    yield Block(", ".join(text for text in cells if text))
            elif local_name(element) not in _HIDDEN:
                yield from self.blocks([element])

    def _inline(self, element: Any, found: _Paragraph, *, is_hidden: bool) -> None:
        """Add the visible text of the runs in `element` to `found`."""
        for each in () if element is None else element:
            name = local_name(each)
            if name in _HIDDEN:
                continue
            if name == "AlternateContent":
                self._inline(chosen_alternative(each), found, is_hidden=is_hidden)
            elif name == "r" and self._is_hidden(each, is_hidden):
                self._field_marks(each)
            elif name == "r":
                self._run(each, found)
            elif not self._leaf(name, each, found):
                self._inline(each, found, is_hidden=is_hidden)

    def _run(self, run: Any, found: _Paragraph) -> None:
        raising = attribute(child(run, "rPr", "vertAlign"), "val")
        at = len(found.text)
        self._inline(run, found, is_hidden=False)
        if raising in _RAISING and not any(mark.startswith("[^") for mark in found.text[at:]):
            found.text[at:] = [markdown.raised("".join(found.text[at:]), _RAISING[raising])]

    def _leaf(self, name: str, element: Any, found: _Paragraph) -> bool:
        """Add what `element` shows; False where it is only a container."""
        if name == "txbxContent":
            found.boxes += self.blocks(element)
        elif name in ("footnoteReference", "endnoteReference"):
            found.text.append(self._note_mark(name.removesuffix("Reference"), element))
        elif name == "relIds":
            part = self.relations.get(attribute(element, "dm"), ("", ""))[1]
            found.boxes += map(markdown.paragraph, diagram_texts(self.package, part))
        elif name in ("fldChar", "instrText"):
            self._field(name, element, found)
        elif name in _CHARACTERS or name in ("t", "sym"):
            if all("\0" in code for code in self.fields):
                found.text.append(_characters(name, element))
        elif name == "fldSimple" and _is_page_field(attribute(element, "instr")):
            found.add_page_number()
        else:
            return False
        return True

    def _is_hidden(self, run: Any, by_paragraph: bool) -> bool:
        properties = child(run, "rPr")
        vanish = child(properties, "vanish")
        if vanish is not None:
            return is_on(vanish)
        style = attribute(child(properties, "rStyle"), "val")
        return by_paragraph or (bool(style) and self.styles.run_is_hidden(style))

    def _field_marks(self, run: Any) -> None:
        for each in run:
            if local_name(each) in ("fldChar", "instrText"):
                self._field(local_name(each), each, _Paragraph())

    def _field(self, name: str, element: Any, found: _Paragraph) -> None:
        kind = attribute(element, "fldCharType")
        if name == "instrText":
            if self.fields:
                self.fields[-1] += element.text or ""
        elif kind == "begin":
            self.fields.append("")
        elif kind == "separate" and self.fields:
            self.fields[-1] += "\0"
        elif kind == "end" and self.fields:
            code = self.fields.pop()
            if _is_page_field(code):
                found.add_page_number()

    def _note_mark(self, kind: str, reference: Any) -> str:
        key = (kind, attribute(reference, "id"))
        if key not in self.notes:
            return ""
        if key not in self.numbers:
            self.numbers[key] = len(self.numbers) + 1
            self.waiting.append((str(self.numbers[key]), self.notes[key]))
        return f"[^{self.numbers[key]}]"

    def _waiting_notes(self) -> Iterator[Block]:
        while self.waiting:
            number, note = self.waiting.pop(0)
            blocks = [block for block in self.blocks(note) if block.text]
            if blocks:
                yield Block(f"[^{number}]: {blocks[0].text}")
            yield from blocks[1:]


def _is_page_field(code: str) -> bool:
    words = code.replace("\0", " ").split()
    return bool(words) and words[0].upper() in _PAGE_FIELDS


def _rows(table: Any) -> Iterator[Any]:
    for row in _descend(table, "tr"):
        properties = child(row, "trPr")
        if child(properties, "del") is None and child(properties, "hidden") is None:
            yield row


def _descend(container: Any, name: str) -> Iterator[Any]:
    """The rows of a table or cells of a row; content controls may stand around them."""
    for element in container:
        if local_name(element) == name:
            yield element
        elif local_name(element) in ("sdt", "sdtContent", "customXml", "ins", "moveTo"):
            yield from _descend(element, name)


def _characters(name: str, element: Any) -> str:
    if name == "t":
        return (element.text or "").replace("\n", " ")
    if name == "sym":
        return symbol_character(attribute(element, "font"), attribute(element, "char"))
    return _CHARACTERS[name]
