"""The trace of an answer: what was found, shown to the model, asked of it and checked, and when.

A `Trace` is a question and the steps taken for it. It is bounded, so that the history can keep one
for every answer.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from math import isfinite
from typing import TYPE_CHECKING, Annotated, Any, Literal

from rag.errors import FootnoteError
from rag.events import (
    Checked,
    Event,
    Finished,
    ModelCalled,
    Purpose,
    Retrieved,
    Rewritten,
    Selected,
    Token,
)
from rag.types import Claim, Hit, Message, Origin, Passage, Span, Support, Usage
from ui.labels import format_chance, telling_chance

if TYPE_CHECKING:
    from pydantic import TypeAdapter

Clock = Callable[[], float]
"""Seconds since any fixed moment."""

SCHEMA = "footnote.trace/1"
MAX_HITS = 60
MAX_PASSAGES = 60  # selected, and as many cut off
MAX_STEPS = 300
MAX_CHARS = 4000  # of any one text


class TraceFormatError(FootnoteError):
    """A record that is not a trace, or not one of this version."""


@dataclass(frozen=True, slots=True)
class PlaceInRanking:
    """The rank of a chunk in one ranking, from 1, and its score there."""

    rank: int
    score: float


@dataclass(frozen=True, slots=True)
class FoundChunk:
    """A chunk, and its place in each ranking; None where that did not find it."""

    chunk_id: str
    span: Span
    fused: PlaceInRanking | None = None
    dense: PlaceInRanking | None = None
    lexical: PlaceInRanking | None = None


@dataclass(frozen=True, slots=True)
class ShownPassage:
    """A passage as it was shown to the model, or would have been had it fitted."""

    number: int
    span: Span
    title: str
    score: float
    text: str


@dataclass(frozen=True, slots=True)
class Rewriting:
    """A follow-up was made to stand alone. `at_s` is, here and below, seconds since the start."""

    at_s: float
    question: str
    step: Literal["rewritten"] = "rewritten"


@dataclass(frozen=True, slots=True)
class Search:
    """Best first: the fused ranking, then what only one of the others found."""

    at_s: float
    found: tuple[FoundChunk, ...]
    left_out: int = 0  # chunks beyond `MAX_HITS`
    step: Literal["found"] = "found"


@dataclass(frozen=True, slots=True)
class Selection:
    at_s: float
    selected: tuple[ShownPassage, ...]
    cut: tuple[ShownPassage, ...]
    step: Literal["selected"] = "selected"


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One request to the model. `probability` is that of "yes", 0..1, where it was asked for."""

    at_s: float
    purpose: Purpose
    messages: tuple[Message, ...]
    reply: str
    probability: float | None = None
    usage: Usage = field(default_factory=Usage)
    step: Literal["asked"] = "asked"


@dataclass(frozen=True, slots=True)
class Quote:
    number: int  # of the passage
    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class CheckedSentence:
    """A sentence of the reply, and what became of it."""

    at_s: float
    text: str
    action: Literal["kept", "repaired", "removed"]
    support: Support
    reasons: tuple[str, ...]
    score: float | None
    origin: Origin
    quotes: tuple[Quote, ...]
    step: Literal["checked"] = "checked"


@dataclass(frozen=True, slots=True)
class Note:
    """Another step in one sentence: a wait, a stop, a failure, the end."""

    at_s: float
    text: str
    step: Literal["note"] = "note"


Step = Rewriting | Search | Selection | ModelRequest | CheckedSentence | Note


@dataclass(frozen=True, slots=True)
class Trace:
    """A question and the steps in the order in which they happened."""

    question: str
    steps: tuple[Step, ...] = ()
    started_s: float = 0.0  # the clock's reading at the start; it is not written down

    @property
    def seconds(self) -> float:
        """From the start to the last step."""
        return self.steps[-1].at_s if self.steps else 0.0

    def age_s(self, clock: Clock = time.monotonic) -> float:
        """Seconds since the start until now. `clock` is the one it was started with."""
        return max(0.0, clock() - self.started_s)


def start_trace(question: str, clock: Clock = time.monotonic) -> Trace:
    """The trace of a question that is asked now."""
    return Trace(_cut(question), started_s=clock())


def add_event(trace: Trace, event: Event, clock: Clock = time.monotonic) -> Trace:
    """The trace after `event`. `clock` is the one it was started with."""
    made = _step(event, _at(trace, clock))
    return _with(trace, made) if made else trace


def add_note(trace: Trace, text: str, clock: Clock = time.monotonic) -> Trace:
    """The trace with one more sentence about what happened."""
    return _with(trace, Note(_at(trace, clock), _cut(text)))


def trace_to_json(trace: Trace) -> dict[str, Any]:
    """Only strings, finite numbers, lists and objects."""
    steps: Sequence[object] = _adapter().dump_python(trace.steps, mode="json")
    return {"schema": SCHEMA, "question": trace.question, "steps": list(steps)}


def trace_from_json(value: Mapping[str, Any]) -> Trace:
    """The trace that `trace_to_json` wrote. Raises `TraceFormatError`."""
    try:
        if value["schema"] != SCHEMA:
            raise ValueError(f"its schema is {value['schema']!r}")
        question = value["question"]
        if not isinstance(question, str):
            raise TypeError("its question is not a text")
        steps = _adapter().validate_json(json.dumps(value["steps"]), strict=True)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise TraceFormatError(
            "The record of how this answer came about cannot be read.",
            "Ask the question again to have a new one.",
        ) from error
    return Trace(_cut(question), steps)


@cache
def _adapter() -> TypeAdapter[tuple[Step, ...]]:
    from pydantic import ConfigDict, Field, TypeAdapter

    steps = tuple[Annotated[Step, Field(discriminator="step")], ...]
    bounds = ConfigDict(str_max_length=MAX_CHARS, allow_inf_nan=False, extra="forbid")
    return TypeAdapter(Annotated[steps, Field(max_length=MAX_STEPS)], config=bounds)


def _at(trace: Trace, clock: Clock) -> float:
    return round(max(0.0, clock() - trace.started_s), 3)


def _with(trace: Trace, step: Step) -> Trace:
    """Of a question that took too many steps the last ones are left out, but for its end."""
    return replace(trace, steps=(*trace.steps[: MAX_STEPS - 1], step))


def _step(event: Event, at_s: float) -> Step | None:
    match event:
        case Rewritten(question):
            return Rewriting(at_s, _cut(question))
        case Retrieved(hits, dense, lexical):
            found = list(_found(hits, dense, lexical))
            return Search(at_s, tuple(found[:MAX_HITS]), max(0, len(found) - MAX_HITS))
        case Selected(passages, cut):
            return Selection(at_s, _excerpts(passages), _excerpts(cut))
        case ModelCalled():
            return _request(event, at_s)
        case Checked(claim, action):
            return _verdict(claim, action, at_s)
        case Finished(answer):
            ended = f"Answered by {answer.model}" if answer.status == "answered" else "Declined"
            why = f": {answer.reason}" if answer.reason else ""
            return Note(at_s, _cut(f"{ended}{why}.{_likely(telling_chance(answer))}"))
        case Token():
            return None


def _found(
    hits: Sequence[Hit], dense: Sequence[Hit], lexical: Sequence[Hit]
) -> Iterator[FoundChunk]:
    rankings = [_places(ranking) for ranking in (hits, dense, lexical)]
    chunks = {hit.chunk.id: hit.chunk for ranking in (hits, dense, lexical) for hit in ranking}
    for id, chunk in chunks.items():
        yield FoundChunk(id, chunk.span, *(places.get(id) for places in rankings))


def _places(ranking: Sequence[Hit]) -> dict[str, PlaceInRanking]:
    return {hit.chunk.id: PlaceInRanking(n, _number(hit.score)) for n, hit in enumerate(ranking, 1)}


def _excerpts(passages: Sequence[Passage]) -> tuple[ShownPassage, ...]:
    return tuple(
        ShownPassage(each.number, each.span, _cut(each.title), _number(each.score), _cut(each.text))
        for each in passages[:MAX_PASSAGES]
    )


def _request(event: ModelCalled, at_s: float) -> ModelRequest:
    messages = tuple(Message(each.role, _cut(each.content)) for each in event.messages)
    probability = None if event.probability is None else _number(event.probability)
    reply = _cut(event.reply)
    return ModelRequest(at_s, event.purpose, messages, reply, probability, event.usage)


def _verdict(
    claim: Claim, action: Literal["kept", "repaired", "removed"], at_s: float
) -> CheckedSentence:
    return CheckedSentence(
        at_s,
        _cut(claim.text),
        action,
        claim.support,
        tuple(map(_cut, claim.reasons)),
        None if claim.score is None else _number(claim.score),
        claim.origin,
        tuple(Quote(c.number, c.span, _cut(c.quote)) for c in claim.citations),
    )


def _likely(chance: float | None) -> str:
    if chance is None:
        return ""
    return f" The chance that the passages answer the question was put at {format_chance(chance)}."


def _cut(text: str) -> str:
    """At most `MAX_CHARS` of it. Lone surrogates, which cannot be stored, become "?"."""
    text = text.encode(errors="replace").decode()
    return text if len(text) <= MAX_CHARS else f"{text[: MAX_CHARS - 1]}…"


def _number(value: float) -> float:
    """Numbers from models and indexes may be infinite or none at all; JSON has no such thing."""
    return float(value) if isfinite(value) else 0.0
