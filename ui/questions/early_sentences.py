"""The sentences of an answer under way that may be printed or sent for good.

What is printed or sent cannot be changed. The page can: it shows every claim at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import takewhile

from rag.types import Claim, Passage


def early_sentences(claims: Sequence[Claim]) -> Sequence[Claim]:
    """Those of `claims`, which were checked so far, that the finished answer begins with: running
    text. A list may still be withdrawn, or stand below a sentence that is yet to be written."""
    return list(takewhile(lambda claim: claim.group is None, claims))


def number_by_appearance(
    claims: Sequence[Claim], passages: Sequence[Passage]
) -> tuple[list[Claim], list[Passage]]:
    """Both with the passages numbered 1, 2, 3 as the claims first cite them, as in the finished
    answer; a passage that none cites yet is left out."""
    cited = dict.fromkeys(each.number for claim in claims for each in claim.citations)
    numbers = {old: new for new, old in enumerate(cited, start=1)}
    return [
        replace(
            claim,
            citations=tuple(replace(each, number=numbers[each.number]) for each in claim.citations),
        )
        for claim in claims
    ], [replace(each, number=numbers[each.number]) for each in passages if each.number in numbers]
