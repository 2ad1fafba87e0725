"""Puts the bound of a number back into a sentence that left it out ("50%" of "roughly 50%")."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from rag.checking.checker import Checker
from rag.checking.citations import CandidateSentence, DraftSentence
from rag.text.bounds import bound_before, bound_words_before
from rag.text.quantities import find_quantities, same_amount
from rag.types import Claim

_SIGNS = "$€£¥"
_ARTICLE = re.compile(r"\b(?:an?|the) $", re.IGNORECASE)


def check_with_bounds(
    checker: Checker, sentence: DraftSentence, candidates: Sequence[CandidateSentence]
) -> Claim:
    """A sentence as a claim, with the bounds that what it cites gives its numbers, where it is
    supported with them and not without. Raises what `Checker.check` does."""
    claim = checker.check(sentence, candidates)
    if claim.support == "supported":
        return claim
    text = with_bounds(claim.text, [citation.quote for citation in claim.citations])
    if text == claim.text:
        return claim
    mended = checker.check(replace(sentence, text=text), candidates)
    return mended if mended.support == "supported" else claim


def with_bounds(text: str, quotes: Sequence[str]) -> str:
    """`text` with "roughly" before each number of it that has no bound and that the quotes give
    with this one alone."""
    for number in reversed(find_quantities(text)):
        bounds = {
            bound_words_before(quote, other.start).lower()
            for quote in quotes
            for other in find_quantities(quote)
            if same_amount(number, other)
        }
        place = len(text[: number.start].rstrip(_SIGNS))
        if len(bounds) == 1 and not bound_before(text, number.start):
            (bound,) = bounds
            if _ARTICLE.search(text[:place]):
                bound = bound.removeprefix("an ")
            if bound:
                bound = bound if place else bound.capitalize()
                text = f"{text[:place]}{bound} {text[place:]}"
    return text
