"""What does one line of `results.jsonl` say?

A line is a row with all that a person needs to see why it came out so: the question, what was
expected, and the whole answer. Lines that are read may come from anywhere.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from eval.cases import Case
from eval.figures import Outcome, Row
from eval.summary import fault
from rag.answer_json import from_json, to_json
from rag.errors import FootnoteError
from rag.types import Answer, Support


@dataclass(frozen=True, slots=True)
class Entry:
    """A row with its question, the texts that it was measured by, and its answer. `gold` has one
    group for each fact, any text of which will do; both are empty where declining is right."""

    row: Row
    question: str
    gold: tuple[tuple[str, ...], ...] = ()
    evidence: tuple[str, ...] = ()  # quotes that state the answer
    history: tuple[str, ...] = ()  # the questions before
    answer: Answer | None = None  # none after an error


def line(row: Row, case: Case, evidence: Sequence[str], answer: Answer | None) -> str:
    """The line, with its end."""
    entry = asdict(row) | {
        "question": case.question,
        "history": [turn.question for turn in case.history],
        "gold": case.groups,
        "evidence": evidence,
        "answer": to_json(answer) if answer else None,
    }
    return json.dumps(entry, ensure_ascii=False) + "\n"


_Seconds = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
_Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class _Line(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)

    id: str
    tags: tuple[str, ...]
    answerable: bool
    outcome: Outcome
    text: str
    reason: str | None
    exact_quotes: bool
    supports: tuple[Support, ...]
    cited: _Share | None
    seconds: _Seconds
    question: str
    history: tuple[str, ...] = ()
    gold: tuple[tuple[str, ...], ...] = ()
    evidence: tuple[str, ...] = ()
    answer: dict[str, Any] | None = None


def read(data: bytes) -> Entry:
    """The entry of one line. Raises `ValueError` that says in a few words what is wrong."""
    try:
        found = _Line.model_validate_json(data)
    except ValidationError as error:
        raise ValueError(fault(error)) from error
    row = Row(**{name: getattr(found, name) for name in Row.__dataclass_fields__})
    try:
        answer = from_json(found.answer) if found.answer else None
    except (FootnoteError, ValueError, LookupError, TypeError) as error:
        raise ValueError(f"its answer cannot be read: {error}") from error
    return Entry(row, found.question, found.gold, found.evidence, found.history, answer)
