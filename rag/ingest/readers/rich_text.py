"""Reads rich text (.rtf) with striprtf, whose output is text without structure but for tables."""

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
_TITLE = re.compile(rb"\{\\title ([^{}\\]{1,300})\}")


def read_rich_text(raw: RawSource) -> list[Document]:
    from striprtf.striprtf import rtf_to_text

    if not raw.data.lstrip().startswith(b"{\\rtf"):
        raise source_error(raw.name, "is not rich text", "Save it again as .rtf.")
    try:
        text = rtf_to_text(_HIDDEN.sub("", raw.data.decode("latin-1")), errors="replace")  # type: ignore[no-untyped-call]
    except Exception as error:  # broken files fail in many ways
        raise source_error(raw.name, "is damaged", "Save it again as .rtf.") from error
    title = _TITLE.search(raw.data)
    if _NOTE in raw.data:
        raw.warn(f"Footnotes of {raw.name} were not read.", "Save it as .docx or .odt.")
    stated = title[1].decode("latin-1") if title else ""
    return [make_document(raw, markdown.join_blocks(_blocks(text)), stated)]


def _blocks(text: str) -> Iterator[Block]:
    """Paragraphs, and as tables the lines that striprtf ends with a bar."""
    for is_table, lines in groupby(text.split("\n"), key=lambda line: line.endswith("|")):
        if is_table:
            yield markdown.table([line[:-1].split("|") for line in lines])
        else:
            yield from map(markdown.paragraph, lines)
