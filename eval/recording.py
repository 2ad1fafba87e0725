"""Records everything that happens while one question is answered.

Pure but for `record_answer`, which asks. The evals score an answer and everything on the way to it;
an error on the way leaves what was seen before it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import AliasChoices, Field

from eval.cases import Case
from rag.assistant import Assistant
from rag.errors import FootnoteError
from rag.events import (
    Checked,
    Event,
    Finished,
    ModelCalled,
    Retrieved,
    Rewritten,
    Selected,
    Token,
)
from rag.types import Answer, Citation, Hit, Passage

Clock = Callable[[], float]
"""Seconds since any fixed moment."""


@dataclass(frozen=True, slots=True)
class Recording:
    """One question on its way. Hits, passages and what was `cut` come best first; `model_calls` and
    `checked` in the order in which they happened, those of failed attempts included.

    `answer` is None after an error, and `error` is then its message. `inexact_citations` are the
    citations of the answer whose quote is not the stored text at its span.

    Runs of earlier versions had other names for two of the fields, which are still read.
    """

    rewritten: str | None = None  # a follow-up, made to stand alone
    hits: tuple[Hit, ...] = ()
    passages: tuple[Passage, ...] = ()
    cut: tuple[Passage, ...] = ()
    model_calls: Annotated[
        tuple[ModelCalled, ...], Field(validation_alias=AliasChoices("model_calls", "consulted"))
    ] = ()
    checked: tuple[Checked, ...] = ()
    answer: Answer | None = None
    inexact_citations: Annotated[
        tuple[Citation, ...], Field(validation_alias=AliasChoices("inexact_citations", "inexact"))
    ] = ()
    seconds: float = 0.0
    error: str = ""


def add_event(recording: Recording, event: Event) -> Recording:
    """`recording` with what `event` adds."""
    match event:
        case Rewritten(question):
            return replace(recording, rewritten=question)
        case Retrieved(hits):
            return replace(recording, hits=hits)
        case Selected(passages, cut):
            return replace(recording, passages=passages, cut=cut)
        case ModelCalled():
            return replace(recording, model_calls=(*recording.model_calls, event))
        case Checked():
            return replace(recording, checked=(*recording.checked, event))
        case Finished(answer):
            return replace(recording, answer=answer)
        case Token():
            return recording


def record_answer(case: Case, assistant: Assistant, clock: Clock = time.perf_counter) -> Recording:
    """Ask the question of `case`. Never raises for a question that fails: an error is an outcome.

    `seconds` is the whole time that the person would have waited.
    """
    recording, started = Recording(), clock()
    try:
        for event in assistant.stream(case.question, case.history):
            recording = add_event(recording, event)
    except FootnoteError as error:
        recording = replace(recording, answer=None, error=str(error))
    except Exception as error:  # a defect is one result, and the other questions are still asked
        recording = replace(recording, answer=None, error=f"{type(error).__name__}: {error}")
    passed = round(clock() - started, 2)
    inexact = tuple(_inexact(recording.answer, assistant)) if recording.answer else ()
    return replace(recording, seconds=passed, inexact_citations=inexact)


def _inexact(answer: Answer, assistant: Assistant) -> Iterator[Citation]:
    for claim in answer.claims:
        yield from (each for each in claim.citations if not assistant.quote_holds(each))
