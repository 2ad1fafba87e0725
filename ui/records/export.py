"""Exports an answer or a conversation as a file to read and to check: Markdown, HTML, Word.

`ui.records.footnotes` reads the files back. Nothing here looks at the clock or at the library: the
same exchanges always give the same file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ui.questions.exchange import Exchange
from ui.records.export_content import export_content
from ui.records.export_html import write_html
from ui.records.export_markdown import write_markdown


@dataclass(frozen=True, slots=True)
class Format:
    """A format of exports: the name that people know it by, and its media type."""

    name: str
    media_type: str


FORMATS = {  # by the ending of a file
    "md": Format("Markdown", "text/markdown; charset=utf-8"),
    "html": Format("HTML", "text/html; charset=utf-8"),
    "docx": Format(
        "Word", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    ),
}


def export(kind: str, exchanges: Sequence[Exchange], title: str = "") -> bytes:
    """The file with the ending `kind`, one of `FORMATS`."""
    if kind == "docx":
        from ui.records.export_docx import write_docx

        return write_docx(export_content(exchanges, title))
    write = export_markdown if kind == "md" else export_html
    return write(exchanges, title).encode(errors="replace")


def export_markdown(exchanges: Sequence[Exchange], title: str = "") -> str:
    """A Markdown file. No text of a question, an answer or a source is markup in it."""
    return write_markdown(export_content(exchanges, title))


def export_html(exchanges: Sequence[Exchange], title: str = "") -> str:
    """One HTML page that needs no other file, runs no script and asks nothing of any host."""
    return write_html(export_content(exchanges, title))
