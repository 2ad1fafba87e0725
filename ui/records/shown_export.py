"""What an exported file shows to a reader, in whatever format it is: footnotes and blocks of text.

The readers of the formats (`read_markdown`, `read_html`, `read_docx`) return this.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from rag.errors import SourceError


class FootnotesUnreadable(SourceError):
    """A file without footnotes, or with one that cannot be read."""


def malformed(number: int, problem: str) -> FootnotesUnreadable:
    """The error over footnote `number`; `problem` goes on after its name."""
    return FootnotesUnreadable(
        f"Footnote {number} {problem}.", "Export the conversation again, or mend the file."
    )


@dataclass
class ShownFootnote:
    """One footnote as it stands in the file, unescaped."""

    number: int
    record: str
    quote: list[str] = field(default_factory=list)
    facts: list[str] = field(default_factory=list)
    rest: list[str] = field(default_factory=list)  # what should not be there


@dataclass
class ShownExport:
    """One file. `blocks` are paragraphs, headings and list items outside of the footnotes, each as
    `ui.records.sentences.block_text` gives it; `record` is that of the sentences."""

    footnotes: list[ShownFootnote] = field(default_factory=list)
    blocks: list[str] = field(default_factory=list)
    marks: set[int] = field(default_factory=set)  # the numbers that the blocks refer to
    record: str | None = None
