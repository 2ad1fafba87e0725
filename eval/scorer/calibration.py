"""How well the chances of sentences are calibrated, on those that people judged by themselves.

Of all sentences with a chance of 0.8, 80 % should be true. Sets differ in how much of them is true,
which no sentence shows: chances can be right for all sets together and wrong for each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eval.scorer.fit import Sentence, Sets
from eval.statistics.agreement import ReliabilityBin, calibration_interval, reliability
from eval.statistics.bootstrap import Interval

ALL_SETS = "all sets, each as much"


@dataclass(frozen=True, slots=True)
class Calibration:
    """Of `n` sentences of a set, of which the share `true` is: the expected calibration error, and
    the bins that it is made of."""

    name: str
    n: int
    true: float
    error: Interval | None
    bins: Sequence[ReliabilityBin]


def measure_calibration(
    sentences: Sequence[Sentence], chances: Sequence[float], sets: Sets
) -> list[Calibration]:
    """Of all sets together, each counting the same, and of each; documents are drawn anew."""
    judged = [place for place, each in enumerate(sentences) if each.judged]
    sizes: dict[str, int] = {}
    for place in judged:
        sizes[sentences[place].set] = sizes.get(sentences[place].set, 0) + 1

    def measured(name: str, places: Sequence[int]) -> Calibration:
        chosen = [sentences[place] for place in places]
        weights = [1 / sizes[each.set] for each in chosen]
        values, truths = [chances[place] for place in places], [each.truth for each in chosen]
        documents = [f"{each.set} {sets[each.set][each.index].document}" for each in chosen]
        share = sum(w * t for w, t in zip(weights, truths, strict=True)) / sum(weights)
        return Calibration(
            name,
            len(places),
            share,
            calibration_interval(values, truths, documents, weights),
            reliability(values, truths, weights),
        )

    each = [
        measured(name, [place for place in judged if sentences[place].set == name])
        for name in sizes
    ]
    return [measured(ALL_SETS, judged), *each] if judged else []
