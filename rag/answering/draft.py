"""An answer while it is made: a value that each stage replaces by a fuller one.

Stages are generators: they yield events as they happen and return a value. How long each took is
among what they yield, so that nothing has to be written into a shared record.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TypeVar

from rag.answering.attempts import Attempt
from rag.events import Event, Finished, ModelCalled
from rag.serialization import markdown_text
from rag.thresholds import ANSWERING
from rag.types import Answer, Answers, Claim, DeclineReason, Passage, Span, Usage

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
    model: str = ""
    """The name of the model, where it was asked or could have been."""
    passages: tuple[Passage, ...] = ()
    claims: tuple[Claim, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    """Those that the claims come from, one a sub-question."""
    chances: tuple[float, ...] = ()
    """Of an answer, 0..1: the best of each sub-question that it was estimated for."""
    p_answered: float = 0.0
    """The highest probability, 0..1, of the model's "yes, this states the answer"."""
    likeliest: Span | None = None
    """The passage with the best chance, where the model was asked of any."""
    dropped_markers: int = 0
    reasons: tuple[DeclineReason, ...] = ()
    """Why a sub-question, or all of it, was declined."""
    missing: tuple[str, ...] = ()
    """Parts of the question that have no claim, where others have."""
    suggestions: tuple[str, ...] = ()
    reply: str = ""
    """What is said to a message that asks nothing of the documents; there are no claims then."""
    kind: str = ""
    """The kind of answer that is wanted."""

    def declined(self, reason: DeclineReason) -> AnswerDraft:
        """The same, with one more reason to decline."""
        return replace(self, reasons=(*self.reasons, reason))

    def shortened(self, sentences: int) -> AnswerDraft:
        """The same with so many of its claims at most: sentences in their order, of each group its
        most relevant point, then its second, and so on. What other sources say otherwise stays."""
        relevance = {each.number: each.score for each in self.passages}

        def in_turn(place: int) -> float:
            claim = self.claims[place]
            cited = (relevance[each.number] for each in claim.citations)
            return 0.0 if claim.group is None else -max(cited, default=0.0)

        own = [n for n, claim in enumerate(self.claims) if claim.origin != "compared"]
        seen = Counter[str | None]()
        turns: list[tuple[int, int]] = []
        for place in sorted(own, key=in_turn):
            turns.append((seen[self.claims[place].group], place))
            seen[self.claims[place].group] += 1
        dropped = {place for _, place in sorted(turns)[sentences:]}
        kept = (claim for place, claim in enumerate(self.claims) if place not in dropped)
        return replace(self, claims=tuple(kept))

    def to_answer(self, usage: Usage, timings: dict[str, float]) -> Answer:
        """The finished answer. It is declined where there is no claim; seconds in `timings` are by
        stage."""
        passages, claims = number_by_appearance(self.passages, self.claims)
        shorts = [attempt.short for attempt in self.attempts if attempt.short]
        answered = bool(self.claims or self.reply)
        return Answer(
            question=self.question,
            text=self.reply or markdown_text(claims, self.missing),
            claims=claims,
            passages=passages,
            status="answered" if answered else "declined",
            reason=None if answered else next(iter(self.reasons), None),
            model=self.model,
            usage=usage,
            timings=timings,
            dropped_markers=self.dropped_markers,
            chance=round(min(self.chances), 3) if self.chances else None,
            short="; ".join(dict.fromkeys(shorts)) or None if self.claims else None,
            answers=self._answers() if answered else "no",
            missing=self.missing,
            suggestions=() if self.claims else self.suggestions,
        )

    def _answers(self) -> Answers:
        """Partly, where some part was declined; yes, where every part is likely answered and no
        claim is merely the closest passage."""
        if self.reasons:
            return "partly"
        if self.reply:
            return "yes"
        if any(claim.origin == "closest" for claim in self.claims):
            return "unsure"
        if self.chances:
            first = self.claims[0]  # what was written passed the checks too, unless in part only
            wrote = first.origin == "model" and first.support == "supported"
            least = ANSWERING.sure_chance_written if wrote else ANSWERING.sure_chance
            return "yes" if min(self.chances) >= least else "unsure"
        # A large model declines by itself what the passages do not answer.
        own = [claim for claim in self.claims if claim.origin != "compared"]
        return "yes" if all(claim.support == "supported" for claim in own) else "unsure"


def number_by_appearance(
    passages: Sequence[Passage], claims: Sequence[Claim]
) -> tuple[tuple[Passage, ...], tuple[Claim, ...]]:
    """Both with the passages numbered 1, 2, 3 as the claims first cite them, and after those the
    ones that are not cited."""
    cited = dict.fromkeys(each.number for claim in claims for each in claim.citations)
    order = [*cited, *(each.number for each in passages if each.number not in cited)]
    numbers = {old: new for new, old in enumerate(order, start=1)}
    numbered = (replace(each, number=numbers[each.number]) for each in passages)
    return tuple(sorted(numbered, key=lambda each: each.number)), tuple(
        replace(
            claim,
            citations=tuple(replace(each, number=numbers[each.number]) for each in claim.citations),
        )
        for claim in claims
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
    yield Finished(draft.to_answer(usage, rounded), draft.kind)
