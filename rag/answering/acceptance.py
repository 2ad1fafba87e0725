"""May this question be answered from these passages, and does this reply answer it?

Declining is one decision: the chance that the articles answer the question (see `answerable`, which
makes it of what was found and of the model's own yes or no), and how much of it a reply needs by
what its checks say. Names that no source knows are declined before anything is asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace

from rag.answering import prompting
from rag.answering.model_requests import ask_if_answered, ask_short_answer
from rag.checking.number_rules import number_ties
from rag.checking.question_match import (
    adds_information,
    is_plausible_short_answer,
    question_overlap,
    short_answer_overlap,
    unknown_names,
)
from rag.events import ModelCalled
from rag.query.answer_type import (
    expected_answer_type,
    has_answer_type,
    has_asked_unit,
    wants_description,
)
from rag.text.dates import TimeRange
from rag.text.quantities import find_quantities
from rag.text.tokens import content_stems
from rag.types import ChatModel, Citation, Claim, Passage

# The model's "yes" to one passage, 0..1, tells which to answer from.
SURE = 0.78  # no other passage is asked about, and a reply may stand with reserves

# The chance that the articles answer the question tells whether to.
LEAST = 0.25  # below, nothing is written
LEAST_YES_NO = 0.2  # the same for a question of yes or no: a sentence seldom states a "no"
LEAST_QUOTED = 0.45  # for a sentence of theirs in place of one that failed
LEAST_DESCRIBED = 0.75  # for a description that the model finds no few words for

LEAST_GROUNDED = 0.58  # of the checks' score, for a claim that they let pass only in part

JUDGED = 4  # passages put to the model, best first
ATTEMPTS = 2  # replies written before declining
SHARED_LEAST = 0.34  # of the question's words, in what is cited and the title of its article
QUOTED_LEAST = 0.55  # of the question's words, in a sentence quoted in place of a failed one

# From a passage and the probability of a "yes" to it, to that of an answer in its article.
Chance = Callable[[Passage, float], float]


@dataclass(frozen=True, slots=True)
class Attempt:
    """Passages to answer from, how sure the model is that they state the answer, and the chance
    that they do, both 0..1; None where it was not asked."""

    passages: Sequence[Passage]
    p_answered: float | None
    chance: float | None
    short: str | None = None  # the few words that answer, where the model was asked for them

    @property
    def sure(self) -> bool:
        return self.p_answered is not None and self.p_answered >= SURE


def attempts(
    question: str, passages: Sequence[Passage], model: ChatModel, chance: Chance
) -> Iterator[ModelCalled | Attempt]:
    """What the model should answer from, attempt by attempt; nothing where it should decline.
    Before an attempt comes what the model was asked for it.

    A large model gets everything at once, and declines in its reply. A small one answers from
    one passage, so it is first asked of each, best first, whether that states the answer, and of
    one that does in which words.
    """
    if not prompting.is_small(model):
        yield Attempt(passages, None, None)
        return
    wordless: list[Attempt] = []
    left = ATTEMPTS
    for step in _judged(question, passages, model, chance):
        if isinstance(step, ModelCalled):
            yield step
        elif found := (yield from _worded(question, step, model)):
            yield found
            left -= 1
        else:
            wordless.append(step)
        if not left:
            return
    yield from _described(question, wordless)


def _judged(
    question: str, passages: Sequence[Passage], model: ChatModel, chance: Chance
) -> Iterator[ModelCalled | Attempt]:
    """An attempt for each passage that may state the answer: as soon as the model is sure of it,
    and after all were asked about, by their chance."""
    least = LEAST_YES_NO if expected_answer_type(question) == "yes-no" else LEAST
    likely: list[tuple[float, Attempt]] = []
    telling = [passage for passage in passages if adds_information(question, passage.text)]
    for passage in telling[:JUDGED]:
        consulted = ask_if_answered(question, [passage], model)
        yield consulted
        stated = consulted.probability or 0.0
        likelihood = chance(passage, stated)
        if likelihood < least:
            continue
        attempt = Attempt([passage], stated, likelihood)
        if attempt.sure:
            yield attempt
        else:
            likely.append((likelihood, attempt))
    yield from (attempt for _, attempt in sorted(likely, key=lambda each: -each[0]))


def _worded(
    question: str, attempt: Attempt, model: ChatModel
) -> Generator[ModelCalled, None, Attempt | None]:
    """The attempt, if the few words that the model answers with stand in its passages and are not
    those of the question. A "yes" or "no" need not stand anywhere."""
    if expected_answer_type(question) == "yes-no":
        return attempt
    consulted = ask_short_answer(question, attempt.passages, model)
    yield consulted
    short = consulted.reply.strip().rstrip(".")
    text = " ".join(passage.text for passage in attempt.passages)
    return (
        replace(attempt, short=short) if is_plausible_short_answer(question, short, text) else None
    )


def _described(question: str, wordless: Sequence[Attempt]) -> Iterator[Attempt]:
    """At last the likeliest of the attempts for which the model found no few words, where the
    question asks for a description: that may have none."""
    best = max(wordless, key=lambda each: each.chance or 0.0, default=None)
    if best and wants_description(question) and (best.chance or 0.0) >= LEAST_DESCRIBED:
        yield best


def ranked(
    question: str, passages: Sequence[Passage], days: TimeRange | None, *, apart: bool
) -> Sequence[Passage]:
    """The passages in the order in which to try them: as selected, or, for a part of the question
    that they were selected for, by the words that they share with it. What is too old to tell of
    the `days` that are asked about is left out."""
    timely = [each for each in passages if not (days and days.outdated(each.published))]
    if not apart:
        return timely
    return sorted(timely, key=lambda passage: -question_overlap(question, passage.text))


def means(question: str, reply: str, attempt: Attempt) -> bool:
    """True when a reply says some of the few words that answer, where the model was asked for
    them. One that says others only has taken its subject or its object for another."""
    return attempt.short is None or short_answer_overlap(question, attempt.short, reply) > 0


def evidence(question: str, cited: Sequence[Citation], attempt: Attempt) -> Citation | None:
    """Of sentences, the one to quote in place of a failed claim: the first, or, where the model
    was asked for the few words that answer, the one that holds most of them."""
    short = attempt.short
    if short is None:
        return next(iter(cited), None)
    return max(
        cited,
        key=lambda each: short_answer_overlap(question, short, each.quote),
        default=None,
    )


def answers(question: str, claims: Sequence[Claim], attempt: Attempt) -> bool:
    """True when the claims hold the kind of thing that was asked for, and their quotes and the
    titles above these share enough of the question's words, or the model is sure of the passage."""
    if not claims or not _gives(question, " ".join(c.text for c in claims), attempt):
        return False
    return attempt.sure or _shared(question, claims, attempt) >= SHARED_LEAST


def worth_quoting(question: str, quote: str, attempt: Attempt) -> bool:
    """True when the sentence that a failed claim came from answers the question by itself: it is
    likely to, or, where there is no chance to go by, has the question's words. One that the model
    found no few words of a description in may say anything of its subject."""
    if not _gives(question, quote, attempt):
        return False
    if attempt.chance is None:
        return question_overlap(question, quote) >= QUOTED_LEAST
    wordless = attempt.short is None and wants_description(question)
    return not wordless and attempt.chance >= LEAST_QUOTED


def _gives(question: str, text: str, attempt: Attempt) -> bool:
    """A person can be "the cartels": names are asked for only where the model is not sure."""
    kind = expected_answer_type(question)
    given = has_answer_type(kind, text) or (kind == "person" and attempt.sure)
    return given and has_asked_unit(question, text)


def holds(question: str, claim: Claim, around: str, attempt: Attempt) -> bool:
    """True when a small model's claim, which the checks let pass, may stand as an answer.

    A "yes", and what a passage says that the model is not sure of, must be supported in full, and
    the rest be well grounded by its score; a number must be the one that the source ties to what
    was asked; and no word may come from nowhere: what a small model does not copy it makes up.
    """
    strict = expected_answer_type(question) == "yes-no" or not attempt.sure
    doubtful = claim.score is not None and claim.score < LEAST_GROUNDED
    if claim.support != "supported" and (strict or doubtful):
        return False
    return not _ties_elsewhere(question, claim) and not _invents(question, claim.text, around)


def _ties_elsewhere(question: str, claim: Claim) -> bool:
    numbers = " ".join(quantity.text for quantity in find_quantities(claim.text))
    quotes = [citation.quote for citation in claim.citations]
    wanted = f"{question.rstrip(' ?')} {numbers}"
    return bool(numbers) and bool(number_ties(wanted, quotes, ""))


def _invents(question: str, claim: str, around: str) -> bool:
    return bool(set(content_stems(claim)) - set(content_stems(f"{question} {around}")))


def _shared(question: str, claims: Sequence[Claim], attempt: Attempt) -> float:
    cited = [citation for claim in claims for citation in claim.citations]
    numbers = {each.number for each in cited}
    titles = {each.title for each in attempt.passages if each.number in numbers}
    return question_overlap(question, " ".join([*(each.quote for each in cited), *sorted(titles)]))


def names_strangers(question: str, source: str) -> bool:
    """True when the question names someone or something that the source does not know."""
    return bool(unknown_names(question, source))


NEGATOR = re.compile(r"\b(?:not|no|never|none|nobody|nothing|neither)\b|n['’]t\b", re.IGNORECASE)


def without_wrong_yes(question: str, answer: str) -> str:
    """`answer` without a leading "Yes" that its own negation belies."""
    opening = re.match(r"yes\b[,.:;]?\s*", answer, re.IGNORECASE)
    if not opening or NEGATOR.search(question) or not NEGATOR.search(answer):
        return answer
    rest = answer[opening.end() :]
    return rest[:1].upper() + rest[1:]
