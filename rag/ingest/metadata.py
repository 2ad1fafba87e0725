"""Titles and dates of documents, and one-line names.

The title is that of the source's metadata, where it reads like one, else the headline of the text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import date

from rag.text.sentences import split_sentences

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_LETTER = re.compile(r"[^\W_]")
_MACHINE_TITLE = re.compile(  # what programs write into the title of a file
    r"microsoft (?:word|powerpoint|excel)\b|(?:document|slide|page|presentation) ?\d*$"
    r"|\(?(?:untitled(?: document)?|anonymous|unspecified|unknown|title)\)?$"
    r"|.*\.(?:docx?|pptx?|xlsx?|od[tps]|pdf|indd|rtf|tex|dvi|qxd|html?)$",
    re.IGNORECASE,
)


def document_title(candidates: Sequence[object], text: str, name: str) -> str:
    """The first of `candidates` that reads like a title, or the headline of `text`, or `name`.

    Never empty, one line, at most 200 characters.
    """
    for candidate in candidates:
        found = clean_line(candidate) if isinstance(candidate, str) else ""
        if _LETTER.search(found) and not _MACHINE_TITLE.match(found):
            return found
    return headline(text) or clean_line(name) or "Untitled"


def parse_iso_date(value: object) -> str | None:
    """`value` as ``2026-01-09`` where it begins with such a date, else None."""
    if isinstance(value, str):
        with suppress(ValueError):
            return date.fromisoformat(value.strip()[:10]).isoformat()
    return None


def clean_line(text: str, max_chars: int | None = 200) -> str:
    """`text` as one line that is safe to print: no control characters, at most `max_chars`.

    It makes titles and ids, which are stored: other than `rag.errors.printable_line` it leaves what
    joins letters and emoji.
    """
    visible = _UNPRINTABLE.sub(" ", text).encode("utf-8", "replace").decode()
    line = " ".join(visible.split())
    return line if max_chars is None else _shorten(line, max_chars)


def headline(text: str) -> str:
    """The first line where it reads like a headline, else the beginning of the first sentence; ""
    for a text without a letter."""
    first = _LETTER.search(text)
    start = max(text.rfind("\n", 0, first.start()) + 1, first.start() - 80) if first else 0
    head = text[start : start + 2000]
    for begin, end in split_sentences(head):
        line = clean_line(head[begin:end]).strip("#*_=>~`- ")
        if _LETTER.search(line):
            is_headline = len(line) <= 120 and not line.rstrip("\"'”’)").endswith((".", "。"))
            return line if is_headline else _shorten(line, 80)
    return ""


def _shorten(text: str, max_chars: int) -> str:
    if len(text) <= max_chars:
        return text
    words, _, _ = text[:max_chars].rpartition(" ")
    return (words or text[: max_chars - 1]).rstrip(" ,;:–—-") + "…"
