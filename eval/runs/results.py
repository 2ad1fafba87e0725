"""A line of `results.jsonl`: one case, what was expected of it, and everything that came of it.

Lines that are read may come from anywhere, and from runs of earlier versions.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from math import isfinite
from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError

from eval.case_result import CaseResult, Outcome
from eval.cases import Case
from eval.recording import Recording
from eval.runs.summary import first_problem
from rag.errors import FootnoteError
from rag.serialization import answer_from_json, answer_to_json
from rag.types import Answer, Span, Support


@dataclass(frozen=True, slots=True)
class CaseRecord:
    """The result of a case with its question, the texts that it was measured by, and its answer.
    `gold` has one group for each fact, any text of which will do; `gold` and `evidence` are empty
    where declining is right.
    """

    result: CaseResult
    question: str
    gold: tuple[tuple[str, ...], ...] = ()
    evidence: tuple[str, ...] = ()  # quotes that state the answer
    history: tuple[str, ...] = ()  # the questions before
    answer: Answer | None = None  # none after an error
    spans: tuple[Span, ...] = ()  # of the evidence
    recording: Recording = field(default_factory=Recording)


def format_line(
    result: CaseResult, case: Case, evidence: Sequence[str], recording: Recording
) -> str:
    """The line, with its end. `evidence` are the quotes at the case's evidence."""
    steps = asdict(replace(recording, answer=None))
    del steps["answer"]
    line = asdict(result) | {
        "question": case.question,
        "history": [turn.question for turn in case.history],
        "gold": case.groups,
        "evidence": evidence,
        "spans": [asdict(span) for span in case.evidence],
        "recording": steps,
        "answer": answer_to_json(recording.answer) if recording.answer else None,
    }
    return json.dumps(_finite(line), ensure_ascii=False, allow_nan=False) + "\n"


def _finite(value: Any) -> Any:
    """Numbers from models and indexes may be infinite or none at all; JSON has no such thing."""
    match value:
        case float():
            return value if isfinite(value) else 0.0
        case dict():
            return {str(key): _finite(each) for key, each in value.items()}
        case list() | tuple():
            return [_finite(each) for each in value]
        case _:
            return value


_Positive = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
_Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class _Line(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, allow_inf_nan=False)

    id: str
    tags: tuple[str, ...]
    answerable: bool
    outcome: Outcome
    text: str
    reason: str | None
    exact_quotes: bool
    supports: tuple[Support, ...]
    cited: _Share | None
    seconds: _Positive
    scores: dict[str, _Positive | None] = Field(default_factory=dict)
    cluster: str = ""
    question: str
    history: tuple[str, ...] = ()
    gold: tuple[tuple[str, ...], ...] = ()
    evidence: tuple[str, ...] = ()
    spans: tuple[Span, ...] = ()
    recording: Recording = Field(
        default=Recording(), validation_alias=AliasChoices("recording", "seen")
    )
    answer: dict[str, Any] | None = None


def parse_line(data: bytes) -> CaseRecord:
    """The record of one line. Raises `ValueError` that says in a few words what is wrong."""
    try:
        found = _Line.model_validate_json(data)
    except ValidationError as error:
        raise ValueError(first_problem(error)) from error
    result = CaseResult(**{name: getattr(found, name) for name in CaseResult.__dataclass_fields__})
    try:
        answer = answer_from_json(found.answer) if found.answer else None
    except (FootnoteError, ValueError, LookupError, TypeError) as error:
        raise ValueError(f"its answer cannot be read: {error}") from error
    return CaseRecord(
        result=result,
        question=found.question,
        gold=found.gold,
        evidence=found.evidence,
        history=found.history,
        answer=answer,
        spans=found.spans,
        recording=replace(found.recording, answer=answer),
    )
