"""From which passages a small model should answer, and whether it should at all.

Declining is one decision: the chance that the articles answer the question (see
`rag.checking.answerability`, which makes it of what was found and of the model's own yes or no),
and how much of it a reply needs by what its checks say.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace

from rag.answering.model_requests import ask_if_answered, ask_short_answer, running_text
from rag.checking.question_match import (
    adds_information,
    is_plausible_short_answer,
)
from rag.events import ModelCalled
from rag.query.answer_type import expected_answer_type, wants_description
from rag.text.dates import TimeRange
from rag.text.sentences import needs_context
from rag.thresholds import ANSWERING
from rag.types import ChatModel, Passage

ChanceOf = Callable[[Passage, float], float]
"""From a passage and the probability of a "yes" to it, to the chance that its document answers."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """Passages to answer from, and what is known of them."""

    passages: Sequence[Passage]
    p_answered: float | None = None
    """The probability, 0..1, of the model's "yes, this states the answer"; None if not asked."""
    chance: float | None = None
    """The chance, 0..1, that the document answers the question; None if not estimated."""
    short: str | None = None
    """The few words that answer, where the model was asked for them."""

    @property
    def is_sure(self) -> bool:
        return self.p_answered is not None and self.p_answered >= ANSWERING.sure_p_answered


@dataclass(frozen=True, slots=True)
class PassageJudged:
    """What the model says of one passage."""

    passage: Passage
    p_answered: float
    """The probability, 0..1, of its "yes, this states the answer"."""
    chance: float
    """That the document of the passage answers the question, 0..1."""


AttemptStep = ModelCalled | PassageJudged | Attempt


def attempts(
    question: str, passages: Sequence[Passage], model: ChatModel, chance_of: ChanceOf
) -> Generator[AttemptStep, None, None]:
    """Yield what the model should answer from, attempt by attempt, each after the calls of the
    model and the estimates that lead to it; nothing where it should decline.

    The model is asked of each passage, best first, whether that states the answer, and of one that
    does in which words.
    """
    without_short: list[Attempt] = []
    left = ANSWERING.max_attempts
    for step in _likely_attempts(question, passages, model, chance_of):
        if not isinstance(step, Attempt):
            yield step
        elif found := (yield from _with_short_answer(question, step, model)):
            yield found
            left -= 1
        else:
            without_short.append(step)
        if not left:
            return
    yield from _description(question, without_short)


def _likely_attempts(
    question: str, passages: Sequence[Passage], model: ChatModel, chance_of: ChanceOf
) -> Iterator[AttemptStep]:
    """An attempt for each passage that may state the answer: as soon as the model is sure of it,
    and after all were asked about, by their chance."""
    is_yes_no = expected_answer_type(question) == "yes-no"
    least = ANSWERING.min_chance_yes_no if is_yes_no else ANSWERING.min_chance
    likely: list[tuple[float, Attempt]] = []
    informative = [passage for passage in passages if adds_information(question, passage.text)]
    for passage in informative[: ANSWERING.max_judged]:
        call = ask_if_answered(question, [passage], model)
        yield call
        p_answered = call.probability or 0.0
        chance = chance_of(passage, p_answered)
        yield PassageJudged(passage, p_answered, chance)
        if chance < least:
            continue
        attempt = Attempt([passage], p_answered, chance)
        if attempt.is_sure:
            yield attempt
        else:
            likely.append((chance, attempt))
    yield from (attempt for _, attempt in sorted(likely, key=lambda pair: -pair[0]))


def _with_short_answer(
    question: str, attempt: Attempt, model: ChatModel
) -> Generator[ModelCalled, None, Attempt | None]:
    """The attempt, if the few words that the model answers with stand in its passages and are not
    those of the question. A "yes" or "no" need not stand anywhere."""
    if expected_answer_type(question) == "yes-no":
        return attempt
    for passages in _readings(attempt.passages):
        call = ask_short_answer(question, passages, model)
        yield call
        short = call.reply.strip().rstrip(".")
        if is_plausible_short_answer(question, short, running_text(passages)):
            return replace(attempt, passages=passages, short=short)
    return None


def _readings(passages: Sequence[Passage]) -> Iterator[Sequence[Passage]]:
    """Sentences that lean on another by themselves, because a small model takes a figure of the
    other for theirs; then with what they lean on."""
    if any(needs_context(passage.text) and passage.as_read for passage in passages):
        yield [replace(passage, as_read="") for passage in passages]
    yield passages


def _description(question: str, without_short: Sequence[Attempt]) -> Iterator[Attempt]:
    """At last the likeliest of the attempts for which the model found no few words, where the
    question asks for a description: that may have none."""
    best = max(without_short, key=lambda attempt: attempt.chance or 0.0, default=None)
    least = ANSWERING.min_chance_described
    if best and wants_description(question) and (best.chance or 0.0) >= least:
        yield best


def without_outdated(
    passages: Sequence[Passage], time_range: TimeRange | None
) -> Sequence[Passage]:
    """The passages but those that are too old to tell of the time that is asked about."""
    return [each for each in passages if not (time_range and time_range.outdated(each.published))]
