"""Choosing evidence that is relevant and different."""

from __future__ import annotations

from collections.abc import Sequence

from rag.retrieval.unit_ranking import Evidence
from rag.text.fingerprint import fingerprint
from rag.thresholds import SUMMARY


def choose_diverse(
    ranked: Sequence[Evidence], limit: int, first: Sequence[Evidence] = ()
) -> list[Evidence]:
    """At most `limit` of `ranked`, in the order in which they were chosen: each time the one that
    is relevant and least like those chosen before (maximal marginal relevance, Carbonell and
    Goldstein 1998). What says the same as one chosen before, word for word or nearly, is left out.
    Those of `first` are chosen before all others.
    """
    left, chosen = [each for each in ranked if each not in first], list(first)
    texts = {fingerprint(each.candidate.text) for each in first}
    while left and len(chosen) < limit:
        best = max(left, key=lambda each: _marginal(each, chosen))
        left.remove(best)
        text = fingerprint(best.candidate.text)
        if text in texts or _most_alike(best, chosen) > SUMMARY.max_likeness:
            continue
        texts.add(text)
        chosen.append(best)
    return chosen


def _marginal(evidence: Evidence, chosen: Sequence[Evidence]) -> float:
    weight = SUMMARY.relevance_weight
    return weight * evidence.relevance - (1 - weight) * _most_alike(evidence, chosen)


def _most_alike(evidence: Evidence, chosen: Sequence[Evidence]) -> float:
    return max((float(evidence.vector @ other.vector) for other in chosen), default=0.0)
