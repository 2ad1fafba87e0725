"""Cases: questions with what makes an answer to them right, read from a file.

A set of cases is a file of JSON lines. One line:

    {"id": "fentanyl-rate", "question": "what tariff rate applies to fentanyl?",
     "gold": ["20%"], "evidence": [{"document_id": "a.txt", "quote": "a 20% rate"}],
     "tags": ["fact"], "answerable": true}

`gold` lists alternatives, any one of which makes an answer right; `all` replaces it where an
answer needs several facts, as a list of such lists, each of which must be met. Beside them, or in
their place, `points` are the key points of a longer answer, each with a quote for every place that
states it: `[{"quotes": [{"document_id": "a.txt", "quote": "a 20% rate"}], "optional": false}]`.
`history` holds the turns before a follow-up, `note` is for reviewers, `review` says who decided
what about a drafted case, and when; a case that was dropped is not asked. An unanswerable case has
neither gold nor points nor evidence: declining is right.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from eval.key_points import KeyPoint, Quote
from rag.errors import FootnoteError, printable_line
from rag.types import Span, Turn

Tag = Literal[
    "fact",
    "number",
    "date",
    "name",
    "paraphrase",
    "quote",
    "yes-no",
    "why",
    "explanation",
    "list",
    "statement",
    "comparison",
    "summary",
    "two-source",
    "follow-up",
    "keyword",
    "unanswerable",
    "near-miss",
    "false-premise",
    "injection",
    "unrelated",
]


class CaseError(FootnoteError):
    """A file of cases that cannot be used; says which line and case."""


class CaseSourceError(CaseError):
    """A case whose quotes do not stand in their documents as they should."""


@dataclass(frozen=True, slots=True)
class Case:
    """One question. At most one of `gold` and `all` is filled, and one or `points` if
    `answerable`; else none."""

    id: str
    question: str
    answerable: bool
    gold: tuple[str, ...] = ()
    all: tuple[tuple[str, ...], ...] = ()
    evidence: tuple[Span, ...] = ()  # every place that states the answer
    history: tuple[Turn, ...] = ()
    tags: tuple[Tag, ...] = ()
    note: str | None = None
    points: tuple[KeyPoint, ...] = ()

    @property
    def required(self) -> tuple[KeyPoint, ...]:
        """The points that an answer must make."""
        return tuple(point for point in self.points if not point.optional)

    @property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """What an answer must contain: one alternative of each group."""
        return self.all or ((self.gold,) if self.gold else ())


# --- reading a file --------------------------------------------------------------------------

_Text = Annotated[str, StringConstraints(pattern=r"\S")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Quote(_Strict):
    document_id: _Text
    quote: _Text


class _Turn(_Strict):
    question: _Text
    answer: _Text


class _Point(_Strict):
    quotes: tuple[_Quote, ...] = Field(min_length=1)
    optional: bool = False


Decision = Literal["accepted", "edited", "dropped"]


class Review(_Strict):
    """What a person decided about a case."""

    decision: Decision
    reviewer: _Text
    was: str | None = None  # the question before it was edited
    at: Annotated[AwareDatetime, Field(strict=False)]


class CaseRow(_Strict):
    """A line of a file of cases."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    question: _Text
    answerable: bool
    gold: tuple[_Text, ...] = ()
    all: tuple[tuple[_Text, ...], ...] = ()
    evidence: tuple[_Quote, ...] = ()
    history: tuple[_Turn, ...] = ()
    tags: tuple[Tag, ...] = ()
    note: str | None = None
    points: tuple[_Point, ...] = ()
    review: Review | None = None


def load_cases(path: Path, text_of: Callable[[str], str]) -> list[Case]:
    """The cases of `path` in file order; blank lines and cases that a reviewer dropped are skipped.

    `text_of` gives the stored text of a document id; each quote must occur in it exactly once.
    Raises `CaseError` naming file, line and case, and `CaseSourceError` with how many cases there
    are whose sources changed.
    """
    rows = read_rows(path)
    kept = [each for each in rows if not (each[1].review and each[1].review.decision == "dropped")]
    if not kept:
        raise _error(path.name, "every case of the file was dropped by its reviewer")
    cases, changed = list[Case](), list[CaseSourceError]()
    for where, row in kept:
        try:
            cases.append(case_of(row, where, text_of))
        except CaseSourceError as error:
            changed.append(error)
    if changed:
        more = f" So it is with {len(changed) - 1} more of {len(kept)}." if changed[1:] else ""
        raise CaseSourceError(
            f"{changed[0].problem}{more}",
            "Index the articles that the cases are of, or find the quotes again:"
            f" `footnote eval review {printable_line(quote(str(path)))}`.",
        )
    return cases


def read_rows(path: Path) -> list[tuple[str, CaseRow]]:
    """The lines of `path` in file order, each with the words that name it; blank ones are skipped.

    Nothing is looked up in a document. Raises `CaseError` naming file, line and case.
    """
    rows: dict[str, tuple[str, CaseRow]] = {}
    for number, line in enumerate(_lines(path), start=1):
        if not line.strip():
            continue
        where = f"{path.name}, line {number}"
        row = _row(line, where)
        where = f"{where}, case {row.id}"
        if row.id in rows:
            raise _error(where, "an earlier line has the same id")
        if fault := _fault(row):
            raise _error(where, fault)
        rows[row.id] = where, row
    if not rows:
        raise _error(path.name, "the file holds no case")
    return list(rows.values())


def checked_row(line: Mapping[str, Any]) -> CaseRow:
    """The row that a line of JSON is. Raises `CaseError` that names the case."""
    row = _row(json.dumps(line), str(line.get("id", "")))
    if fault := _fault(row):
        raise _error(row.id, fault)
    return row


def _lines(path: Path) -> list[str]:
    try:  # not splitlines(): JSON strings may hold U+2028
        return path.read_text(encoding="utf-8-sig").split("\n")
    except OSError as error:
        raise _error(path.name, f"it cannot be read ({error.strerror or error})") from error
    except UnicodeError as error:
        raise _error(path.name, f"it cannot be read ({error})") from error


def _row(line: str, where: str) -> CaseRow:
    try:
        return CaseRow.model_validate_json(line)
    except ValidationError as error:
        named = re.search(r'"id"\s*:\s*"([^"]{1,80})"', line)
        if named:
            where = f"{where}, case {named[1]}"
        faults = (
            f"{'.'.join(map(str, fault['loc'])) or 'line'}: {fault['msg']}"
            for fault in error.errors()
        )
        raise _error(where, "; ".join(faults)) from error


def case_of(row: CaseRow, where: str, text_of: Callable[[str], str]) -> Case:
    """The case of a line. Raises `CaseSourceError` naming `where` for a quote that does not occur
    exactly once in its document."""
    return Case(
        id=row.id,
        question=row.question,
        answerable=row.answerable,
        gold=row.gold,
        all=row.all,
        evidence=tuple(_span(each, where, text_of) for each in row.evidence),
        history=tuple(Turn(turn.question, turn.answer) for turn in row.history),
        tags=row.tags,
        note=row.note,
        points=tuple(
            KeyPoint(
                tuple(Quote(_span(each, where, text_of), each.quote) for each in point.quotes),
                point.optional,
            )
            for point in row.points
        ),
    )


def _fault(row: CaseRow) -> str | None:
    groups = row.all + ((row.gold,) if row.gold else ())
    required = any(not point.optional for point in row.points)
    if row.answerable and not ((groups or required) and row.evidence):
        return "an answerable case needs gold and evidence, or a key point and evidence"
    if not row.answerable and (groups or row.points or row.evidence):
        return "an unanswerable case has neither gold nor evidence, and no key points"
    if row.gold and row.all:
        return 'it has both "gold" and "all"'
    if not all(groups):
        return "an empty group can be met by no answer"
    if any(not normalise(gold).strip() for group in groups for gold in group):
        return "a gold without a word or number would be met by every answer"
    return None


def _span(evidence: _Quote, where: str, text_of: Callable[[str], str]) -> Span:
    try:
        text = text_of(evidence.document_id)
    except (FootnoteError, LookupError, OSError) as error:
        raise _source_error(where, f"there is no document {evidence.document_id!r}") from error
    start = text.find(evidence.quote)
    if start < 0:
        raise _source_error(where, f"{evidence.document_id} does not contain {evidence.quote!r}")
    if text.find(evidence.quote, start + 1) >= 0:
        raise _source_error(
            where, f"{evidence.document_id} contains {evidence.quote!r} more than once"
        )
    return Span(evidence.document_id, start, start + len(evidence.quote))


def _source_error(where: str, fault: str) -> CaseSourceError:
    return CaseSourceError(_problem(where, fault), "Correct the file of cases.")


def _error(where: str, fault: str) -> CaseError:
    return CaseError(_problem(where, fault), "Correct the file of cases.")


def _problem(where: str, fault: str) -> str:
    return f"{printable_line(f'{where}: {fault}')}."


# --- judging an answer -----------------------------------------------------------------------

_VERDICTS = {"yes": "no", "no": "yes"}
_PLAIN = str.maketrans("‘’ʼ‐–−⁄", "'''---/")
_REWRITES = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"\[\d+(?:,\s*\d+)*\]", " "),  # citation markers
        (r"[*_`]", ""),  # Markdown inside a phrase
        (r"(?<=\d),(?=\d{3}(?!\d))", ""),  # 122,000,000
        (r"(?<=\d)\.0+(?![\d.]*\d)", ""),  # 20.0
        (r"[\s-]{0,3}(?:\bper\s?cent\b|\bpct\b|%)", "%"),
        (r"\b([a-z])\.(?=[a-z]\b)", r"\1"),  # U.S., D.E.A.
        (r"'s\b", ""),
    )
)
_AMOUNT = r"\d+(?:\.\d+)?"
_TOKEN = re.compile(
    rf"[$€£]?(?:(?<![\w.])-)?{_AMOUNT}(?:%?[-/]{_AMOUNT})*(?:%|[^\W\d_]+)?"  # 10%-20%, 1/3, 10th
    r"|[^\W_]+(?:'[^\W_]+)*|%"
)


def is_right(case: Case, answer_text: str) -> bool:
    """True when the answer contains one alternative of each of the case's groups.

    Words and numbers match whole, so that "20%" is not in "120%", "10-20%" or "20.5%", nor "10"
    in "100" or "10%". A gold of "yes" or "no" counts only as the first word of the answer, and
    an answer that opens with its opposite is wrong. Always False for an unanswerable case.
    """
    answer = normalise(answer_text)
    return bool(case.groups) and all(
        any(_contains_gold(normalise(gold), answer) for gold in group)
        and not _is_contradicted(group, answer)
        for group in case.groups
    )


def normalise(text: str) -> str:
    """The words and numbers of `text`, one space around each: " us or a third country "."""
    text = unicodedata.normalize("NFKC", text).translate(_PLAIN).casefold()
    for pattern, replacement in _REWRITES:
        text = pattern.sub(replacement, text)
    return f" {' '.join(_TOKEN.findall(text))} "


def _contains_gold(gold: str, answer: str) -> bool:
    return answer.startswith(gold) if gold.strip() in _VERDICTS else gold in answer


def _is_contradicted(group: tuple[str, ...], answer: str) -> bool:
    opposites = (_VERDICTS.get(normalise(gold).strip()) for gold in group)
    return any(word is not None and answer.startswith(f" {word} ") for word in opposites)
