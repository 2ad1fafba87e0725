"""May this question be answered from these passages, and does this reply answer it?

Declining is one decision: the chance that the articles answer the question (see `answerable`, which
makes it of what was found and of the model's own yes or no), and how much of it a reply needs by
what its checks say. Names that no source knows are declined before anything is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace

from rag import asks, compose, terms
from rag.amounts import number_ties
from rag.dates import Days
from rag.events import Consulted
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
    stated: float | None
    chance: float | None
    short: str | None = None  # the few words that answer, where the model was asked for them

    @property
    def sure(self) -> bool:
        return self.stated is not None and self.stated >= SURE


def attempts(
    question: str, passages: Sequence[Passage], model: ChatModel, chance: Chance
) -> Iterator[Consulted | Attempt]:
    """What the model should answer from, attempt by attempt; nothing where it should decline.
    Before an attempt comes what the model was asked for it.

    A large model gets everything at once, and declines in its reply. A small one answers from
    one passage, so it is first asked of each, best first, whether that states the answer, and of
    one that does in which words.
    """
    if not compose.is_small(model):
        yield Attempt(passages, None, None)
        return
    wordless: list[Attempt] = []
    left = ATTEMPTS
    for step in _judged(question, passages, model, chance):
        if isinstance(step, Consulted):
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
) -> Iterator[Consulted | Attempt]:
    """An attempt for each passage that may state the answer: as soon as the model is sure of it,
    and after all were asked about, by their chance."""
    least = LEAST_YES_NO if asks.kind(question) == "yes-no" else LEAST
    likely: list[tuple[float, Attempt]] = []
    telling = [passage for passage in passages if asks.adds(question, passage.text)]
    for passage in telling[:JUDGED]:
        consulted = compose.stated(question, [passage], model)
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
) -> Generator[Consulted, None, Attempt | None]:
    """The attempt, if the few words that the model answers with stand in its passages and are not
    those of the question. A "yes" or "no" need not stand anywhere."""
    if asks.kind(question) == "yes-no":
        return attempt
    consulted = compose.extract(question, attempt.passages, model)
    yield consulted
    short = consulted.reply.strip().rstrip(".")
    text = " ".join(passage.text for passage in attempt.passages)
    return replace(attempt, short=short) if asks.stands(question, short, text) else None


def _described(question: str, wordless: Sequence[Attempt]) -> Iterator[Attempt]:
    """At last the likeliest of the attempts for which the model found no few words, where the
    question asks for a description: that may have none."""
    best = max(wordless, key=lambda each: each.chance or 0.0, default=None)
    if best and asks.describes(question) and (best.chance or 0.0) >= LEAST_DESCRIBED:
        yield best


def ranked(
    question: str, passages: Sequence[Passage], days: Days | None, *, apart: bool
) -> Sequence[Passage]:
    """The passages in the order in which to try them: as selected, or, for a part of the question
    that they were selected for, by the words that they share with it. What is too old to tell of
    the `days` that are asked about is left out."""
    timely = [each for each in passages if not (days and days.outdated(each.published))]
    if not apart:
        return timely
    return sorted(timely, key=lambda passage: -asks.shared(question, passage.text))


def means(question: str, reply: str, attempt: Attempt) -> bool:
    """True when a reply says some of the few words that answer, where the model was asked for
    them. One that says others only has taken its subject or its object for another."""
    return attempt.short is None or asks.extracted(question, attempt.short, reply) > 0


def evidence(question: str, cited: Sequence[Citation], attempt: Attempt) -> Citation | None:
    """Of sentences, the one to quote in place of a failed claim: the first, or, where the model
    was asked for the few words that answer, the one that holds most of them."""
    short = attempt.short
    if short is None:
        return next(iter(cited), None)
    return max(cited, key=lambda each: asks.extracted(question, short, each.quote), default=None)


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
        return asks.shared(question, quote) >= QUOTED_LEAST
    wordless = attempt.short is None and asks.describes(question)
    return not wordless and attempt.chance >= LEAST_QUOTED


def _gives(question: str, text: str, attempt: Attempt) -> bool:
    """A person can be "the cartels": names are asked for only where the model is not sure."""
    kind = asks.kind(question)
    given = asks.gives(kind, text) or (kind == "person" and attempt.sure)
    return given and asks.measured(question, text)


def holds(question: str, claim: Claim, around: str, attempt: Attempt) -> bool:
    """True when a small model's claim, which the checks let pass, may stand as an answer.

    A "yes", and what a passage says that the model is not sure of, must be supported in full, and
    the rest be well grounded by its score; a number must be the one that the source ties to what
    was asked; and no word may come from nowhere: what a small model does not copy it makes up.
    """
    strict = asks.kind(question) == "yes-no" or not attempt.sure
    doubtful = claim.score is not None and claim.score < LEAST_GROUNDED
    if claim.support != "supported" and (strict or doubtful):
        return False
    return not _ties_elsewhere(question, claim) and not _invents(question, claim.text, around)


def _ties_elsewhere(question: str, claim: Claim) -> bool:
    numbers = " ".join(quantity.text for quantity in terms.quantities(claim.text))
    quotes = [citation.quote for citation in claim.citations]
    wanted = f"{question.rstrip(' ?')} {numbers}"
    return bool(numbers) and bool(number_ties(wanted, quotes, ""))


def _invents(question: str, claim: str, around: str) -> bool:
    return bool(set(terms.content(claim)) - set(terms.content(f"{question} {around}")))


def _shared(question: str, claims: Sequence[Claim], attempt: Attempt) -> float:
    cited = [citation for claim in claims for citation in claim.citations]
    numbers = {each.number for each in cited}
    titles = {each.title for each in attempt.passages if each.number in numbers}
    return asks.shared(question, " ".join([*(each.quote for each in cited), *sorted(titles)]))


def names_strangers(question: str, source: str) -> bool:
    """True when the question names someone or something that the source does not know."""
    return bool(asks.strangers(question, source))
