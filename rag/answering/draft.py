"""An answer while it is made: a value that each stage replaces by a fuller one.

Stages are generators: they yield events as they happen and return a value. How long each took is
among what they yield, so that nothing has to be written into a shared record.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TypeVar

from rag.answering.attempts import Attempt
from rag.events import Event, Finished, ModelCalled
from rag.serialization import markdown_pieces
from rag.types import Answer, Claim, DeclineReason, Passage, Usage

StepT = TypeVar("StepT")
ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True)
class StageTimed:
    """A stage of the pipeline has computed for so many seconds more."""

    stage: str
    seconds: float


Step = Event | StageTimed


@dataclass(frozen=True, slots=True)
class AnswerDraft:
    """What is known of an answer so far."""

    question: str
    """As it was typed."""
    model: str
    """The name of the model."""
    passages: tuple[Passage, ...] = ()
    claims: tuple[Claim, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    """Those that the claims come from, one a sub-question."""
    chances: tuple[float, ...] = ()
    """Of an answer, 0..1: the best of each sub-question that it was estimated for."""
    dropped_markers: int = 0
    reasons: tuple[DeclineReason, ...] = ()
    """Why a sub-question, or all of it, was declined."""

    def declined(self, reason: DeclineReason) -> AnswerDraft:
        """The same, with one more reason to decline."""
        return replace(self, reasons=(*self.reasons, reason))

    def to_answer(self, usage: Usage, timings: dict[str, float]) -> Answer:
        """The finished answer. It is declined where there is no claim; seconds in `timings` are by
        stage."""
        shorts = [attempt.short for attempt in self.attempts if attempt.short]
        reason = None if self.claims else next(iter(self.reasons), None)
        return Answer(
            question=self.question,
            text="".join(markdown_pieces(self.claims)),
            claims=self.claims,
            passages=self.passages,
            status="answered" if self.claims else "declined",
            reason=reason,
            model=self.model,
            usage=usage,
            timings=timings,
            dropped_markers=self.dropped_markers,
            chance=round(min(self.chances), 3) if self.chances else None,
            short="; ".join(dict.fromkeys(shorts)) or None if self.claims else None,
        )


def timed(
    stage: str, steps: Generator[StepT, None, ResultT]
) -> Generator[StepT | StageTimed, None, ResultT]:
    """The same steps and result, each step with the time that it took. What is done with a step in
    between does not count."""
    with closing(steps):
        while True:
            started = time.perf_counter()
            try:
                step = next(steps)
            except StopIteration as end:
                yield StageTimed(stage, time.perf_counter() - started)
                result: ResultT = end.value
                return result
            yield StageTimed(stage, time.perf_counter() - started)
            yield step


def timed_call(stage: str, call: Callable[[], ResultT]) -> Generator[StageTimed, None, ResultT]:
    """What `call` returns, with the time that it took."""
    started = time.perf_counter()
    result = call()
    yield StageTimed(stage, time.perf_counter() - started)
    return result


def finish(steps: Generator[Step, None, AnswerDraft]) -> Generator[Event, None, None]:
    """The events of `steps`, and at last `Finished` with the draft that they return as an answer.

    Its usage is the sum over the calls of the model, its timings over the stages.
    """
    usage, timings = Usage(), dict[str, float]()
    with closing(steps):
        while True:
            try:
                step = next(steps)
            except StopIteration as end:
                draft: AnswerDraft = end.value
                break
            if isinstance(step, StageTimed):
                timings[step.stage] = timings.get(step.stage, 0.0) + step.seconds
                continue
            if isinstance(step, ModelCalled):
                usage += step.usage
            yield step
    rounded = {stage: round(seconds, 4) for stage, seconds in timings.items()}
    yield Finished(draft.to_answer(usage, rounded))
