"""Counts, lists and untrusted text in one line, for terminals and reports."""

from __future__ import annotations

from collections.abc import Iterable

from rag.errors import printable_line


def count_of(number: int, noun: str = "case") -> str:
    """``1 case``, ``3 cases``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def one_line(text: str, most: int = 400) -> str:
    """`text` in one line of at most `most` characters, without what acts on a terminal."""
    line = printable_line(text)
    return line if len(line) <= most else f"{line[: most - 1]}…"


def list_ids(ids: Iterable[str], most: int = 5) -> str:
    """``a, b, c`` or ``a, b and 7 more``; as it can be shown on a terminal."""
    listed = [one_line(id, 60) for id in ids]
    if len(listed) <= most:
        return ", ".join(listed)
    return f"{', '.join(listed[: most - 1])} and {len(listed) - most + 1} more"
