"""The footnotes of an exported file, written as records and read back.

Each footnote of an export is there twice: as a person reads it, and as a record, one line of JSON
in an HTML comment (Markdown) or in a `data-footnote` attribute (HTML). The record gives the exact
characters; what is shown is compared with it, so that neither can be changed without the other.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import unescape

from rag.errors import SourceError
from rag.types import Span
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
_OPENING = "<!-- footnote {"  # of a record in Markdown; export writes no other "<!--"
_RECORD = re.compile(r"<!-- footnote (\{[^<>]*\}) -->")
_DEFINITION = re.compile(r" {0,3}\[\^(\d{1,9})\]:(.*)")
_MARK = re.compile(r"(?<!\\)\[\^(\d{1,9})\]")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])|\\$|(&#?\w{1,31};)", re.MULTILINE)
_TAG = re.compile(r"<(/?[a-zA-Z][a-zA-Z0-9]*)\b([^<>]*)>")
_ATTRIBUTE = re.compile(r"(?<![\w-])([a-zA-Z-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))")


class FootnotesUnreadable(SourceError):
    """A file without footnotes, or with one that cannot be read."""


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
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    if _OPENING in text:
        shown, marks = _of_markdown(text)
    elif "data-footnote=" in text:
        shown, marks = _of_html(text)
    else:
        shown, marks = [], set()
    footnotes = [_footnote(each) for each in shown]
    if not footnotes:
        raise FootnotesUnreadable(
            "This holds no footnotes.", "Give a Markdown or HTML file that Footnote exported."
        )
    _check_numbers([footnote.number for footnote in footnotes], marks)
    return footnotes


# --- from a file to footnotes ----------------------------------------------------------------


@dataclass
class _Shown:
    """One footnote as it stands in the file, unescaped."""

    number: int
    record: str
    quote: list[str] = field(default_factory=list)
    facts: list[str] = field(default_factory=list)
    rest: list[str] = field(default_factory=list)  # what should not be there


def _footnote(shown: _Shown) -> Footnote:
    try:
        values = json.loads(shown.record)
        if values["schema"] != SCHEMA or not all(
            type(values[name]) is kind for name, kind in FIELDS.items()
        ):
            raise TypeError
        span = Span(values["document_id"], values["start"], values["end"])
    except (ValueError, TypeError, LookupError, RecursionError) as error:
        raise _malformed(shown.number, "has a record that cannot be read") from error
    quote, title, source = values["quote"], values["title"], values["source"]
    footnote = Footnote(values["number"], quote, title, source, span, values["digest"])
    altered = tuple(_differences(footnote, shown))
    return replace(footnote, number=shown.number, altered=altered)


def _differences(footnote: Footnote, shown: _Shown) -> Iterator[str]:
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
        raise _malformed(twice[0], "is there twice")
    missing = sorted(set(marks) - set(numbers))
    if missing:
        raise _malformed(missing[0], "is referred to, and missing")


def _malformed(number: int, problem: str) -> FootnotesUnreadable:
    return FootnotesUnreadable(
        f"Footnote {number} {problem}.", "Export the conversation again, or mend the file."
    )


def _of_markdown(text: str) -> tuple[list[_Shown], set[int]]:
    """The footnotes, and the numbers that the rest of the text refers to."""
    blocks: list[tuple[int, list[str]]] = []
    prose: list[str] = []
    inside = False
    for row in text.split("\n"):
        if opening := _DEFINITION.match(row):
            blocks.append((int(opening[1]), [opening[2]]))
            inside = True
        elif inside and (not row.strip() or row.startswith(("    ", "\t"))):
            blocks[-1][1].append(row)
        else:
            inside = False
            prose.append(row)
    strays = [row for row in prose if _OPENING in row]
    if strays:
        raise FootnotesUnreadable(
            "The record of a footnote stands outside of it.",
            "Indent it by four spaces, below its footnote, or export the conversation again.",
        )
    marks = {int(number) for row in prose for number in _MARK.findall(row)}
    return [_block(number, rows) for number, rows in blocks], marks


def _block(number: int, rows: Sequence[str]) -> _Shown:
    records = _RECORD.findall("\n".join(rows))
    if len(records) != 1:
        raise _malformed(number, "has no record" if not records else "has two records")
    shown = _Shown(number, records[0])
    for row in map(str.strip, rows):
        if row.startswith(">"):
            shown.quote.append(f"{_unescaped(row[1:])}\n")
        elif not _RECORD.search(row):
            shown.facts.append(f"{_unescaped(row)}\n")
    return shown


def _unescaped(markdown: str) -> str:
    return _ESCAPED.sub(lambda found: found[1] or unescape(found[2] or ""), markdown)


def _of_html(text: str) -> tuple[list[_Shown], set[int]]:
    """The same. Not with `html.parser`, which takes quadratic time for a malformed page."""
    found: list[_Shown] = []
    marks: set[int] = set()
    part: list[str] | None = None  # of the last footnote: where its text goes
    at = 0
    text = _uncommented(text)
    for tag in _TAG.finditer(text):
        if part is not None:
            part.append(unescape(text[at : tag.start()]))
        at = tag.end()
        name, given = tag[1].lower(), _attributes(tag[2])
        if number := _number(given.get("href"), "#fn-"):
            marks.add(number)
        if "data-footnote" in given:
            number = _number(given.get("value"), "") or 0
            found.append(_Shown(number, given["data-footnote"]))
            part = found[-1].rest
        elif part is not None:
            part = None if name == "/li" else _next_part(found[-1], part, name, given)
    return found, marks


def _next_part(shown: _Shown, part: list[str], tag: str, given: Mapping[str, str]) -> list[str]:
    """Where the text after `tag` goes. There is no markup in a quote that was left alone."""
    if part is shown.quote:
        if tag != "/blockquote":
            part.append(f"<{tag}>")
            return part
        return shown.rest
    if part is shown.facts:
        return shown.rest if tag == "/p" else part
    if tag == "blockquote":
        return shown.quote
    is_fact = tag == "p" and given.get("class") in ("fn-facts", "fn-back")
    return shown.facts if is_fact else part


def _uncommented(text: str) -> str:
    """The page without its comments; one that does not end hides all that follows."""
    first, *others = text.split("<!--")
    return first + "".join(other.partition("-->")[2] for other in others)


def _attributes(text: str) -> dict[str, str]:
    found = _ATTRIBUTE.finditer(text)
    return {each[1].lower(): unescape(each[2] or each[3] or each[4] or "") for each in found}


def _number(value: str | None, prefix: str) -> int | None:
    found = re.fullmatch(rf"{prefix}(\d{{1,9}})", value or "")
    return int(found[1]) if found else None
