"""Reads rich text (.rtf) with striprtf, whose output is text without structure but for tables.

So characters that stand for themselves mark headings and list items before it reads the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

from rag.ingest.raw_source import RawSource, make_document, source_error
from rag.ingest.readers import light_markdown as markdown
from rag.ingest.readers.light_markdown import Block
from rag.types import Document

_HIDDEN = re.compile(r"\\v(?![a-z0-9])[^{}]{0,10000}?(?:\\v0 ?|(?=[{}]))")
_NOTE = b"\\footnote"
_HEADING_MARK, _ITEM_MARK = "\ue000", "\ue001"
_HEADING = re.compile(r"\\outlinelevel([0-8])(?!\d) ?")
_LABEL = re.compile(r"\{(?:\\\*)?\\(?:listtext|pntext)(?![a-z])")
_TITLE = re.compile(rb"\{\\title ([^{}\\]{1,300})\}")


def read_rich_text(raw: RawSource) -> list[Document]:
    from striprtf.striprtf import rtf_to_text

    if not raw.data.lstrip().startswith(b"{\\rtf"):
        raise source_error(raw.name, "is not rich text", "Save it again as .rtf.")
    try:
        source = _marked(_HIDDEN.sub("", raw.data.decode("latin-1")))
        text = rtf_to_text(source, errors="replace")  # type: ignore[no-untyped-call]
    except Exception as error:  # broken files fail in many ways
        raise source_error(raw.name, "is damaged", "Save it again as .rtf.") from error
    title = _TITLE.search(raw.data)
    if _NOTE in raw.data:
        raw.warn(f"Footnotes of {raw.name} were not read.", "Save it as .docx or .odt.")
    stated = title[1].decode("latin-1") if title else ""
    return [make_document(raw, markdown.join_blocks(_blocks(text)), stated)]


def _marked(source: str) -> str:
    """`source` with a mark in the text where a heading, with its level, or a list item begins."""
    heading, item = (f"\\uc1\\u{ord(mark)}?" for mark in (_HEADING_MARK, _ITEM_MARK))
    source = _HEADING.sub(lambda found: f"{found[0]}{{{heading}{found[1]}}}", source)
    return _LABEL.sub(lambda _: f"{{{item}\\listtext", source)


def _blocks(text: str) -> Iterator[Block]:
    """Paragraphs, headings, items, and as tables the lines that striprtf ends with a bar."""
    for is_table, lines in groupby(text.split("\n"), key=lambda line: line.endswith("|")):
        if is_table:
            rows = ([_unmarked(cell) for cell in line[:-1].split("|")] for line in lines)
            yield markdown.table(list(rows))
        else:
            yield from map(_block, lines)


def _block(line: str) -> Block:
    mark, rest = line.strip()[:1], line.strip()[1:]
    if mark == _HEADING_MARK:
        return markdown.heading(int(rest[0]) + 1, _unmarked(rest[1:]))
    if mark == _ITEM_MARK:
        label, _, text = rest.lstrip().partition("\t")
        return markdown.item(_unmarked(text), label if label.strip("(")[:1].isalnum() else "-")
    return markdown.paragraph(_unmarked(line))


def _unmarked(text: str) -> str:
    return re.sub(rf"{_HEADING_MARK}\d|{_ITEM_MARK}", "", text)
