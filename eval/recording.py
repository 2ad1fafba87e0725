"""What was seen while one question was answered?

Pure but for `record_answer`, which asks. The evals score an answer and everything on the way to it;
an error on the way leaves what was seen before it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

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
    """One question on its way. Hits, passages and what was `cut` come best first; `consulted` and
    `checked` in the order in which they happened, those of failed attempts included.

    `answer` is None after an error, and `error` is then what was said. `inexact` are the citations
    of the answer whose quote is not the stored text at its span.
    """

    rewritten: str | None = None  # a follow-up, made to stand alone
    hits: tuple[Hit, ...] = ()
    passages: tuple[Passage, ...] = ()
    cut: tuple[Passage, ...] = ()
    consulted: tuple[ModelCalled, ...] = ()
    checked: tuple[Checked, ...] = ()
    answer: Answer | None = None
    inexact: tuple[Citation, ...] = ()
    seconds: float = 0.0
    error: str = ""


def add_event(observed: Recording, event: Event) -> Recording:
    """What is known after `event`."""
    match event:
        case Rewritten(question):
            return replace(observed, rewritten=question)
        case Retrieved(hits):
            return replace(observed, hits=hits)
        case Selected(passages, cut):
            return replace(observed, passages=passages, cut=cut)
        case ModelCalled():
            return replace(observed, consulted=(*observed.consulted, event))
        case Checked():
            return replace(observed, checked=(*observed.checked, event))
        case Finished(answer):
            return replace(observed, answer=answer)
        case Token():
            return observed


def record_answer(case: Case, assistant: Assistant, clock: Clock = time.perf_counter) -> Recording:
    """Ask the question of `case`. Never raises for a question that fails: an error is an outcome.

    `seconds` is the whole time that the person would have waited.
    """
    observed, started = Recording(), clock()
    try:
        for event in assistant.stream(case.question, case.history):
            observed = add_event(observed, event)
    except FootnoteError as error:
        observed = replace(observed, answer=None, error=str(error))
    except Exception as error:  # a defect: one row tells of it, the others are still asked
        observed = replace(observed, answer=None, error=f"{type(error).__name__}: {error}")
    passed = round(clock() - started, 2)
    inexact = tuple(_inexact(observed.answer, assistant)) if observed.answer else ()
    return replace(observed, seconds=passed, inexact=inexact)


def _inexact(answer: Answer, assistant: Assistant) -> Iterator[Citation]:
    for claim in answer.claims:
        yield from (each for each in claim.citations if not assistant.quote_holds(each))
