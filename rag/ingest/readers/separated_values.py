"""Reads tables of separated values (.csv, .tsv): a row is a line of a table with a header."""

from __future__ import annotations

import csv
from collections import Counter
from io import StringIO
from itertools import islice

from rag.ingest.encodings import decode
from rag.ingest.raw_source import RawSource, make_document, source_error
from rag.ingest.readers import light_markdown as markdown
from rag.types import Document

_SEPARATORS = ",;\t|"
_SAMPLE_LINES = 50
_MAX_CELL_CHARS = 100_000_000  # that of the csv module is 131,072


def read_csv(raw: RawSource) -> list[Document]:
    return _read(raw, None)


def read_tsv(raw: RawSource) -> list[Document]:
    return _read(raw, "\t")


def _read(raw: RawSource, separator: str | None) -> list[Document]:
    text = decode(raw)
    csv.field_size_limit(_MAX_CELL_CHARS)
    try:
        rows = list(csv.reader(StringIO(text), delimiter=separator or _separator(text)))
    except csv.Error as error:
        raise source_error(
            raw.name, "is no table of separated values", "Save it again as such."
        ) from error
    table = markdown.join_blocks([markdown.table(rows)])
    return [make_document(raw, table, raw.fallback_title)]


def _separator(text: str) -> str:
    """The mark that parts most lines at the beginning into the same number of cells, from two."""
    sample = list(islice((line for line in text.split("\n") if line.strip()), _SAMPLE_LINES))

    def agreement(separator: str) -> tuple[int, int]:
        counts = Counter(len(row) for row in csv.reader(sample, delimiter=separator))
        width, lines = max(counts.items(), key=lambda pair: (pair[0] > 1, pair[1]), default=(0, 0))
        return (lines if width > 1 else 0, width)

    return max(_SEPARATORS, key=agreement)
