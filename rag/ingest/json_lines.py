"""Reads JSON lines: each line of the file is a record, and each record a document."""

from __future__ import annotations

import json

from rag.errors import SourceError
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
    """A document for each record. Records that cannot be read are reported, the others returned.

    The id of a record is its "id", else the number of its line. Raises `SourceError` where no
    record can be read.
    """
    documents: dict[str, Document] = {}
    problems: list[SourceError] = []
    for number, line in enumerate(decode(raw).split("\n"), 1):
        if line.strip():
            try:
                document = _read_record(raw, number, line)
                if document.id in documents:
                    raise source_error(
                        raw.name, f"repeats an id in line {number}", "Give each record its own."
                    )
            except SourceError as error:
                problems.append(error)
            else:
                documents[document.id] = document
    if not documents:
        raise problems[0] if problems else empty_error(raw)
    for problem in problems:
        raw.fail(problem)
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
    key = clean_line(str(id), None) if isinstance(id, str | int) else ""
    published = record.get("published") or record.get("date")
    text = NEWLINE.sub("\n", text)
    return make_document(
        raw, text, record.get("title"), key=key or str(number), published=published
    )
