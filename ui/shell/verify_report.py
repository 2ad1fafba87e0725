"""Prints whether an exported file is as it was written, and whether its footnotes still match the
index (`footnote verify`)."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.text import Text

from rag import open_library
from rag.errors import EmptyLibrary, SourceError, printable_line
from rag.settings import Settings
from ui.records.footnotes import ReadExport, is_binary_export, read_export
from ui.records.sentences import SentenceCheck
from ui.records.verify_export import FootnoteCheck, verify_footnotes
from ui.safe_text import count, one_line
from ui.shell.screen import Screen
from ui.shell.terminal_rows import Row, error_row

MAX_BYTES = 32_000_000  # of a file; tens of thousands of footnotes
SIGNS = {
    "same": ("✓", "green"),
    "moved": ("→", "yellow"),
    "changed": ("✗", "red"),
    "gone": ("–", "red"),
    "altered": ("!", "red"),
}
RECORDS = {
    "same": "still matches",
    "moved": "has moved",
    "changed": "has changed",
    "gone": "is gone",
}
SENTENCE_SIGNS = {
    "same": ("✓", "green"),
    "altered": ("!", "red"),
    "missing": ("–", "red"),
    "added": ("+", "red"),
}
LINES = "questions, headings and sentences"
QUOTE_CHARS = 70  # of a quote that are shown
EXIT_MISMATCH = 1  # exit code where a footnote or a sentence does not match


def verify_file(
    file: str, settings: Settings, print_json: Callable[[object], None] | None = None
) -> int:
    """Print whether each footnote of `file` matches the index, and each sentence its record;
    returns the exit code.

    Opens the library alone: no vectors, no model. Raises `SourceError`, `LibraryError`.
    """
    export = read_export(read_file(file))
    with open_library(settings) as library, Screen() as screen:
        if library.embedder is None and not library.count_chunks():
            raise EmptyLibrary(
                "Nothing is indexed, so no footnote can be checked.",
                "Index the articles that the file cites: `footnote index PATH`.",
            )
        checks = verify_footnotes(export.footnotes, library)
        if print_json:
            print_json(results_to_json(checks, export))
        else:
            screen.output(*result_rows(checks), *sentence_rows(export))
            if export.unchecked:
                screen.message(export.unchecked)
        problems = [mismatch_sentence(checks), altered_sentence(export.sentences or ())]
        for problem in filter(None, problems):
            screen.message(error_row(problem))
    return EXIT_MISMATCH if any(problems) else 0


def read_file(file: str) -> str | bytes:
    """What `file` holds, or standard input for ``-``: text, or the bytes of a Word file. Raises
    `SourceError`."""
    name = "Standard input" if file == "-" else printable_line(file)
    try:
        if file == "-":
            data = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with Path(file).open("rb") as opened:
                data = opened.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        why = printable_line(getattr(error, "strerror", None) or error)
        raise SourceError(f"{name} cannot be read: {why}.", "Check the path.") from error
    if len(data) > MAX_BYTES:
        raise SourceError(
            f"{name} is larger than {MAX_BYTES // 1_000_000} MB.", "Export fewer answers at once."
        )
    if is_binary_export(data):
        return data
    if data.startswith(b"%PDF"):
        raise SourceError(
            f"{name} is a PDF, which carries no record of its footnotes.",
            "Verify the conversation exported as Markdown, HTML or Word.",
        )
    try:
        if b"\0" in data:
            raise ValueError
        return data.decode("utf-8-sig")
    except ValueError as error:
        raise SourceError(
            f"{name} is not a text file in UTF-8.", "Give a file that Footnote exported."
        ) from error


def result_rows(checks: Sequence[FootnoteCheck]) -> Iterator[Row]:
    """A line for each footnote, and a summary."""
    for check in checks:
        yield _row(check)
    tally: Counter[str] = Counter(check.state for check in checks)
    states = ", ".join(f"{tally[state]:,} {state}" for state in SIGNS if tally[state])
    yield Row(Text(f"{count(len(checks), 'footnote')}: {states}."))


def mismatch_sentence(checks: Sequence[FootnoteCheck]) -> str:
    """One sentence that names each footnote that no longer matches; empty when all do."""
    numbers = [str(check.footnote.number) for check in checks if check.state != "same"]
    if not numbers:
        return ""
    if len(numbers) == 1:
        return f"Footnote {numbers[0]} no longer matches."
    return f"Footnotes {', '.join(numbers[:-1])} and {numbers[-1]} no longer match."


def sentence_rows(export: ReadExport) -> Iterator[Row]:
    """A line for each sentence that is not as it was recorded, and a summary."""
    if export.sentences is None:
        return
    for check in export.sentences:
        if check.state != "same":
            yield _sentence_row(check)
    tally: Counter[str] = Counter(check.state for check in export.sentences)
    states = ", ".join(f"{tally[state]:,} {state}" for state in SENTENCE_SIGNS if tally[state])
    noun = "question, heading or sentence" if len(export.sentences) == 1 else LINES
    yield Row(Text(f"{len(export.sentences):,} {noun}: {states}."))


def altered_sentence(checks: Sequence[SentenceCheck]) -> str:
    """One sentence that names what the file shows otherwise than it was recorded; empty where it
    shows everything as it was."""
    names = list(dict.fromkeys(check.name for check in checks if check.state != "same"))
    if not names:
        return ""
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return f"The file was changed after it was exported: {listed}."


def results_to_json(checks: Sequence[FootnoteCheck], export: ReadExport) -> dict[str, Any]:
    """One JSON document; `found` is where the quote is now, where it is. `sentences` is null where
    they could not be checked."""
    sentences = export.sentences
    return {
        "schema": "footnote.verify/1",
        "matches": not mismatch_sentence(checks) and not altered_sentence(sentences or ()),
        "footnotes": [_check_to_json(check) for check in checks],
        "sentences": None if sentences is None else [asdict(check) for check in sentences],
    }


def _sentence_row(check: SentenceCheck) -> Row:
    sign, style = SENTENCE_SIGNS[check.state]
    body = Text.assemble((f"{sign} {check.state}", style))
    if check.state == "altered":
        body.append(f": the file shows “{one_line(check.shown, QUOTE_CHARS)}”")
    body.append(f" · “{one_line(check.text, QUOTE_CHARS)}”")
    return Row(body, Text.assemble((f"{check.name} ", "cyan")))


def _row(check: FootnoteCheck) -> Row:
    sign, style = SIGNS[check.state]
    footnote = check.footnote
    body = Text.assemble((f"{sign} {check.state}", style), _why(check))
    title = one_line(footnote.title) or one_line(footnote.span.document_id)
    body.append(f" · {title} · “{one_line(footnote.quote, QUOTE_CHARS)}”")
    return Row(body, Text.assemble((f"[{footnote.number}] ", "cyan")))


def _why(check: FootnoteCheck) -> str:
    """Details of a state; begins with a space or a colon."""
    found = check.found.span
    if check.footnote.altered:
        parts, record = ", ".join(check.footnote.altered), RECORDS[check.found.state]
        return f": shown otherwise than recorded: {parts} (the record {record})"
    if check.state == "moved" and found:
        return f": now characters {found.start}-{found.end}"
    if check.state == "changed":
        return f": {one_line(check.footnote.span.document_id)} does not hold this text"
    if check.state == "gone":
        return f": there is no {one_line(check.footnote.span.document_id)} in the index"
    return " (the document has changed elsewhere)" if check.same_digest is False else ""


def _check_to_json(check: FootnoteCheck) -> dict[str, Any]:
    footnote, found = check.footnote, check.found.span
    return {
        "number": footnote.number,
        "state": check.state,
        "altered": list(footnote.altered),
        "found": {"start": found.start, "end": found.end} if found else None,
        "same_digest": check.same_digest,
        "title": footnote.title,
        "source": footnote.source,
        "document_id": footnote.span.document_id,
        "start": footnote.span.start,
        "end": footnote.span.end,
        "digest": footnote.digest,
        "quote": footnote.quote,
    }
