"""The footnotes of an exported file, written as records and read back with its sentences.

Each footnote of an export is there twice: as a person reads it, and as a record, one line of JSON:
in an HTML comment (Markdown), in a `data-footnote` attribute (HTML), in a part of its own (Word).
The record gives the exact characters; what is shown is compared with it, so that neither can be
changed without the other. The record of the sentences is in `ui.records.sentences`.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from rag.types import Span
from ui.records import read_html, read_markdown
from ui.records.sentences import SentenceCheck, compare_blocks, read_record
from ui.records.shown_export import FootnotesUnreadable as FootnotesUnreadable
from ui.records.shown_export import ShownExport, ShownFootnote, malformed
from ui.safe_text import one_line, strip_controls

SCHEMA = "footnote.footnote/1"
FIELDS = {
    "number": int,
    "quote": str,
    "title": str,
    "source": str,
    "document_id": str,
    "start": int,
    "end": int,
    "digest": str,
}
NO_RECORD = "Its sentences were not checked: the file does not say what they were."
ONLY_FOOTNOTES = "Its sentences were not checked: the file holds none of them, only footnotes."


@dataclass(frozen=True, slots=True)
class Footnote:
    """A quote and where it was taken from. `digest` is that of the document, empty if unknown;
    `altered` names what the file shows otherwise than its record has it."""

    number: int  # from 1
    quote: str
    title: str
    source: str
    span: Span
    digest: str
    altered: tuple[str, ...] = ()

    @property
    def reference(self) -> str:
        """As `footnote show` takes it: ``ID:START-END``."""
        return f"{self.span.document_id}:{self.span.start}-{self.span.end}"


@dataclass(frozen=True, slots=True)
class ReadExport:
    """An export as it was read back. `sentences` is None where they cannot be checked, for the
    reason that `unchecked` gives."""

    footnotes: tuple[Footnote, ...]
    sentences: tuple[SentenceCheck, ...] | None
    unchecked: str = ""


def footnote_record(footnote: Footnote) -> str:
    """One line of ASCII that holds the footnote exactly, and can end no comment or attribute."""
    span = footnote.span
    place = {"document_id": span.document_id, "start": span.start, "end": span.end}
    values = {name: getattr(footnote, name, None) for name in FIELDS} | place
    written = json.dumps({"schema": SCHEMA, **values})
    for sign in "<>&":
        written = written.replace(sign, f"\\u{ord(sign):04x}")
    return written.replace("--", "-\\u002d")


def read_footnotes(text: str) -> list[Footnote]:
    """The footnotes of an export in Markdown or HTML, in the order of the file.

    Raises `FootnotesUnreadable` where there are none, or one is malformed or missing.
    """
    return [*read_export(text).footnotes]


def read_export(data: str | bytes) -> ReadExport:
    """The footnotes and sentences of an export: Markdown or HTML as text, Word as bytes.

    Raises `FootnotesUnreadable` where there are no footnotes, or one is malformed or missing, and
    `RecordUnreadable`.
    """
    shown = _shown(data)
    footnotes = [_footnote(each) for each in shown.footnotes]
    if not footnotes and shown.record is None:
        raise FootnotesUnreadable("This holds no footnotes.", "Give a file that Footnote exported.")
    _check_numbers([footnote.number for footnote in footnotes], shown.marks)
    if shown.record is None:
        return ReadExport(tuple(footnotes), None, NO_RECORD)
    sentences = compare_blocks(read_record(shown.record), shown.blocks)
    if all(each.state == "missing" for each in sentences):
        return ReadExport(tuple(footnotes), None, ONLY_FOOTNOTES)
    return ReadExport(tuple(footnotes), tuple(sentences))


def is_binary_export(data: bytes) -> bool:
    """Whether `data` begins as a Word file does."""
    return data.startswith(b"PK\x03\x04")


def _shown(data: str | bytes) -> ShownExport:
    if isinstance(data, bytes):
        from ui.records.read_docx import read_docx  # here, because it loads lxml

        return read_docx(data)
    text = data.removeprefix("\ufeff").replace("\r\n", "\n")
    if read_markdown.is_markdown(text):
        return read_markdown.read_markdown(text)
    return read_html.read_html(text) if read_html.is_html(text) else ShownExport()


# --- what is shown, and the record -----------------------------------------------------------


def _footnote(shown: ShownFootnote) -> Footnote:
    try:
        values = json.loads(shown.record)
        if values["schema"] != SCHEMA or not all(
            type(values[name]) is kind for name, kind in FIELDS.items()
        ):
            raise TypeError
        span = Span(values["document_id"], values["start"], values["end"])
    except (ValueError, TypeError, LookupError, RecursionError) as error:
        raise malformed(shown.number, "has a record that cannot be read") from error
    quote, title, source = values["quote"], values["title"], values["source"]
    footnote = Footnote(values["number"], quote, title, source, span, values["digest"])
    altered = tuple(_differences(footnote, shown))
    return replace(footnote, number=shown.number, altered=altered)


def _differences(footnote: Footnote, shown: ShownFootnote) -> Iterator[str]:
    """What a person reads and the record does not have. Line breaks and spaces do not count."""
    quote, facts = "".join(shown.quote), "".join(shown.facts)
    if shown.number != footnote.number:
        yield "number"
    if (
        one_line(quote) != one_line(footnote.quote)
        or strip_controls(quote) != quote
        or one_line("".join(shown.rest))
    ):
        yield "quote"
    named = {"title": footnote.title, "source": footnote.source, "digest": footnote.digest}
    for name, value in {**named, "place": footnote.reference}.items():
        pattern = rf"(?<!\w){re.escape(one_line(value))}(?!\w)"
        if one_line(value) and not re.search(pattern, one_line(facts)):
            yield name


def _check_numbers(numbers: Sequence[int], marks: Iterable[int]) -> None:
    twice = [number for number, times in Counter(numbers).items() if times > 1]
    if twice:
        raise malformed(twice[0], "is there twice")
    missing = sorted(set(marks) - set(numbers))
    if missing:
        raise malformed(missing[0], "is referred to, and missing")
