"""Whether a claim has the amount that is asked for by its extreme ("the highest tariff")."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from rag.text.quantities import find_quantities
from rag.text.tokens import content_stems
from rag.types import Claim, Passage

_LEAST = re.compile(
    r"\b(?:lowest|smallest|shortest|cheapest|fewest|least|minimum|slowest|youngest|narrowest)\b",
    re.I,
)
_MOST = re.compile(
    r"\b(?:highest|largest|biggest|greatest|longest|dearest|maximum|fastest|oldest|deepest|tallest"
    r"|widest|heaviest|top|most expensive)\b",
    re.I,
)


def is_surpassed(question: str, claim: Claim, passages: Sequence[Passage]) -> bool:
    """True where the question asks for the most or the least, and a passage on its subject has
    more, or less, in the unit of each amount of the claim, unless what the claim cites says itself
    that it is the most or the least."""
    extreme = _asked_extreme(question)
    quotes = " ".join(citation.quote for citation in claim.citations)
    if extreme is None or _MOST.search(quotes) or _LEAST.search(quotes):
        return False
    subject = set(content_stems(_MOST.sub("", _LEAST.sub("", question))))
    others = [
        quantity
        for passage in passages
        if subject & set(content_stems(passage.text))
        for quantity in find_quantities(passage.text)
    ]
    own = [quantity for quantity in find_quantities(claim.text) if quantity.unit]
    return bool(own) and all(
        extreme([one.value, *(each.value for each in others if each.unit == one.unit)]) != one.value
        for one in own
    )


def _asked_extreme(question: str) -> Callable[[Sequence[float]], float] | None:
    if _LEAST.search(question):
        return min
    return max if _MOST.search(question) else None
