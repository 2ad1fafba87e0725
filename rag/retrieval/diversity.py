"""Choosing evidence that is relevant and different."""

from __future__ import annotations

from collections.abc import Sequence

from rag.retrieval.unit_ranking import Evidence
from rag.text.fingerprint import fingerprint
from rag.thresholds import SUMMARY


def choose_diverse(
    ranked: Sequence[Evidence],
    limit: int,
    same_section_malus: float = 0.0,
) -> list[Evidence]:
    """At most `limit` of `ranked`, in the order in which they were chosen: each time the one that
    is relevant and least like those chosen before (maximal marginal relevance, Carbonell and
    Goldstein 1998). What says the same as one chosen before, word for word or nearly, is left out.
    `same_section_malus` is taken from the value of one for each
    that was chosen of its section, and again of its paragraph.
    """
    left, chosen = list(ranked), list[Evidence]()
    texts = set[str]()
    while left and len(chosen) < limit:
        best = max(left, key=lambda each: _marginal(each, chosen, same_section_malus))
        left.remove(best)
        text = fingerprint(best.candidate.text)
        if text in texts or _most_alike(best, chosen) > SUMMARY.max_likeness:
            continue
        texts.add(text)
        chosen.append(best)
    return chosen


def _marginal(evidence: Evidence, chosen: Sequence[Evidence], same_section_malus: float) -> float:
    weight, own = SUMMARY.relevance_weight, evidence.candidate
    others = [each.candidate for each in chosen]
    beside = sum(
        (other.section == own.section) + (other.paragraph == own.paragraph) for other in others
    )
    alike = _most_alike(evidence, chosen)
    return weight * evidence.relevance - (1 - weight) * alike - same_section_malus * beside


def _most_alike(evidence: Evidence, chosen: Sequence[Evidence]) -> float:
    return max((float(evidence.vector @ other.vector) for other in chosen), default=0.0)
