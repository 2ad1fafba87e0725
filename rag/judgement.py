"""May this question be answered from these passages, and does this reply answer it?

Declining is one decision made of cheap parts: names that the source does not know, the model's
own yes or no read as a probability, and whether the checked sentences hold what was asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rag import asks, compose
from rag.types import ChatModel, Claim, Passage

SURE = 0.78  # the small model's "yes" to one passage at which no other is asked about
LEAST = 0.7  # its "yes" below which a passage is not answered from
JUDGED = 5  # passages put to it, best first
ATTEMPTS = 2  # replies written before declining
SHARED_LEAST = 0.34  # of the question's words, in what is cited
QUOTED_LEAST = 0.5  # of the question's words, in a sentence quoted in place of a failed one


def attempts(
    question: str, passages: Sequence[Passage], model: ChatModel
) -> Iterator[Sequence[Passage]]:
    """What the model should answer from, attempt by attempt; nothing where it should decline.

    A large model gets everything at once, and declines in its reply. A small one answers from
    one passage, so it is first asked of each, best first, whether that states the answer.
    """
    if not compose.is_small(model):
        yield passages
        return
    likely: list[tuple[float, int]] = []
    left = ATTEMPTS
    for index, passage in enumerate(passages[:JUDGED]):
        stated = compose.stated(question, [passage], model)
        if stated >= SURE and left:
            left -= 1
            yield [passage]
        elif stated >= LEAST:
            likely.append((stated, -index))
    for _, index in sorted(likely, reverse=True)[:left]:
        yield [passages[-index]]


def answers(question: str, claims: Sequence[Claim]) -> bool:
    """True when the claims hold the kind of thing that was asked for, and their quotes share
    enough of the question's words."""
    if not claims:
        return False
    text = " ".join(claim.text for claim in claims)
    return asks.gives(asks.kind(question), text) and _shared(question, claims) >= SHARED_LEAST


def worth_quoting(question: str, claim: Claim) -> bool:
    """True when the sentence that a failed claim came from answers the question by itself."""
    if not claim.citations:
        return False
    quote = claim.citations[0].quote
    given = asks.gives(asks.kind(question), quote)
    return given and asks.shared(question, quote) >= QUOTED_LEAST


def _shared(question: str, claims: Sequence[Claim]) -> float:
    quotes = [citation.quote for claim in claims for citation in claim.citations]
    return asks.shared(question, " ".join(quotes))


def names_strangers(question: str, source: str) -> bool:
    """True when the question names someone or something that the source does not know."""
    return bool(asks.strangers(question, source))
