"""Choosing evidence that is relevant and different."""

from __future__ import annotations

from collections.abc import Sequence

from rag.retrieval.unit_ranking import Evidence
from rag.text.fingerprint import fingerprint
from rag.thresholds import EXTRACTIVE, SUMMARY


def choose_diverse(
    ranked: Sequence[Evidence],
    limit: int,
    relevance_weight: float = EXTRACTIVE.relevance_weight,
    same_section_malus: float = 0.0,
    near_malus: float = 0.0,
) -> list[Evidence]:
    """At most `limit` of `ranked`, in the order in which they were chosen: each time the one that
    is relevant and least like those chosen before (maximal marginal relevance, Carbonell and
    Goldstein 1998), with `relevance_weight` of its value for the first. What says the same as one
    chosen before, word for word or nearly, is left out.

    `same_section_malus` is taken from the value of one for each that was chosen of its section, and
    again of its paragraph; `near_malus` from one beside one chosen, and less the farther it stands
    from it, up to the `limit`th part of the document.
    """
    left, chosen = list(ranked), list[Evidence]()
    texts = set[str]()

    def value(each: Evidence) -> float:
        nearness = max((_nearness(each, other, limit) for other in chosen), default=0.0)
        beside = same_section_malus * _beside(each, chosen)
        alike = (1 - relevance_weight) * _most_alike(each, chosen)
        return relevance_weight * each.relevance - alike - beside - near_malus * nearness

    while left and len(chosen) < limit:
        best = max(left, key=value)
        left.remove(best)
        text = fingerprint(best.candidate.text)
        if text in texts or _most_alike(best, chosen) > SUMMARY.max_likeness:
            continue
        texts.add(text)
        chosen.append(best)
    return chosen


def _beside(evidence: Evidence, chosen: Sequence[Evidence]) -> int:
    own, others = evidence.candidate, [each.candidate for each in chosen]
    return sum((each.section == own.section) + (each.paragraph == own.paragraph) for each in others)


def _nearness(evidence: Evidence, other: Evidence, parts: int) -> float:
    """1 of two units in one place, 0 of two that are a part of their document apart."""
    if evidence.candidate.document.id != other.candidate.document.id:
        return 0.0
    length = len(evidence.candidate.document.text) / parts
    return max(0.0, 1 - abs(evidence.span.start - other.span.start) / length)


def _most_alike(evidence: Evidence, chosen: Sequence[Evidence]) -> float:
    return max((float(evidence.vector @ other.vector) for other in chosen), default=0.0)
