"""Amounts that a source gives beside the one that a claim tells, or later than it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rag.answering.points import Points
from rag.retrieval.unit_ranking import Evidence, in_document_order
from rag.text.quantities import find_quantities, same_amount
from rag.types import Claim


def leaves_out_amount(claim: Claim) -> bool:
    """True where a quote of the claim gives a further amount in a unit of the claim's: "125%" from
    "hiked to 125% for reciprocal duties and a 20% rate for the demands"."""
    return any(_adds_amount(claim.text, citation.quote) for citation in claim.citations)


def was_changed_later(claim: Claim, points: Points) -> bool:
    """True where the sentence that follows a quote of the claim, and leans on it, is among the
    points and gives another amount in a unit of the claim's: "That was later hiked to 20%"."""
    quotes = {citation.quote for citation in claim.citations}
    candidates = (each.candidate for group in points.groups for each in group.evidence)
    return any(
        each.unit.leans_on in quotes and _adds_amount(claim.text, each.text) for each in candidates
    )


def with_later_amounts(points: Points, ranked: Sequence[Evidence]) -> Points:
    """The points with the sentences that follow them, lean on them and give another amount in the
    same unit: "That was later hiked to 20%"."""
    groups = []
    for group in points.groups:
        texts = {each.candidate.text for each in group.evidence}
        later = [
            each
            for each in ranked
            if each.candidate.unit.leans_on in texts
            and _adds_amount(each.candidate.unit.leans_on, each.candidate.text)
        ]
        evidence = {each.span: each for each in [*group.evidence, *later]}.values()
        groups.append(replace(group, evidence=tuple(in_document_order(evidence))))
    return replace(points, groups=tuple(groups))


def _adds_amount(claim: str, text: str) -> bool:
    known = [quantity for quantity in find_quantities(claim) if quantity.unit]
    units = {quantity.unit for quantity in known}
    return any(
        quantity.unit in units and not any(same_amount(quantity, each) for each in known)
        for quantity in find_quantities(text)
    )
