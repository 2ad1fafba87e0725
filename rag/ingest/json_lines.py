"""Reads JSON lines: each line of the file is a record, and each record a document."""

from __future__ import annotations

import json

from rag.ingest.encodings import decode
from rag.ingest.metadata import clean_line
from rag.ingest.raw_source import (
    CONTROL,
    NEWLINE,
    RawSource,
    empty_error,
    make_document,
    source_error,
)
from rag.types import Document


def read_json_lines(raw: RawSource) -> list[Document]:
    documents: dict[str, Document] = {}
    for number, line in enumerate(decode(raw).split("\n"), 1):
        if line.strip():
            document = _read_record(raw, number, line)
            if document.id in documents:
                raise source_error(
                    raw.name, f"repeats an id in line {number}", "Give each record its own."
                )
            documents[document.id] = document
    if not documents:
        raise empty_error(raw)
    return list(documents.values())


def _read_record(raw: RawSource, number: int, line: str) -> Document:
    try:
        record = json.loads(line)
        texts = [record.get(field) for field in ("text", "body", "content")]
    except (ValueError, AttributeError, RecursionError) as error:
        raise source_error(
            raw.name, f"has no JSON object in line {number}", "Write one a line."
        ) from error
    text = next((CONTROL.sub("", text) for text in texts if isinstance(text, str)), "")
    if not text.strip():
        raise source_error(raw.name, f"has no text in line {number}", 'Give it a "text" field.')
    id = record.get("id")
    key = clean_line(str(id)) if isinstance(id, str | int) else ""
    published = record.get("published") or record.get("date")
    text = NEWLINE.sub("\n", text)
    return make_document(
        raw, text, record.get("title"), key=key or str(number), published=published
    )
