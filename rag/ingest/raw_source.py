"""The bytes of a file or web page before they are read, and the documents made of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from rag.errors import SourceError
from rag.events import Failed, Warned
from rag.ingest.metadata import clean_line, document_title, parse_iso_date
from rag.types import Document

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
NEWLINE = re.compile(r"\r\n?")

# Called with what a reader could not read, or reads with a doubt, while the rest comes in.
Report = Callable[[Failed | Warned], None]


def ignore(problem: Failed | Warned) -> None:
    """A `Report` that drops what it is given."""


@dataclass(frozen=True, slots=True)
class RawSource:
    """The bytes of a file or a web page, before they are read into documents.

    `name` stands for it in messages. `charset` is the label that a server gives it, or "".
    """

    id: str
    source: str
    name: str
    fallback_title: str
    data: bytes
    charset: str = ""
    report: Report = ignore

    def warn(self, problem: str, remedy: str = "") -> None:
        """Report what readers of the documents should know; both are full sentences."""
        self.report(Warned(self._shown_source, f"{problem} {remedy}".strip()))

    def fail(self, error: SourceError) -> None:
        """Report a part, such as a record, that could not be read while the others could."""
        self.report(Failed(self._shown_source, str(error)))

    @property
    def _shown_source(self) -> str:
        return self.source.encode(errors="replace").decode()  # a name may be no Unicode


def make_document(
    raw: RawSource, text: str, *titles: object, key: str = "", published: object = None
) -> Document:
    """A document with the best of `titles`, those of its metadata, in order of preference.

    `key` names the record of the file that it is. `published` is a date in ISO 8601, or anything
    else where there is none. Raises `SourceError` for a text of white space.
    """
    if not text.strip():
        raise empty_error(raw)
    record = key and f"#{key}"
    title = document_title(titles, text, raw.fallback_title)
    day = parse_iso_date(published)
    return Document.of(raw.id + record, title, raw.source + record, text, day)


def empty_error(raw: RawSource) -> SourceError:
    return source_error(raw.name, "is empty", "Leave it out, or save its text again.")


def source_error(name: str, problem: str, remedy: str) -> SourceError:
    """The error "NAME PROBLEM." with its remedy, a full sentence."""
    return SourceError(f"{clean_line(name) or 'The file'} {problem}.", remedy)
