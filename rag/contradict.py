"""How likely is it that two sentences contradict each other?

Each point in which they could (`contrast`) is judged by a logistic model of whether the two speak
of the same thing (`pairs`). Fitted by ``python -m eval.benchmarks.disagreement_fit``; the weights
are in ``contradict.json``, for anyone to read. The same two sentences always get the same chance.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from rag import contrast, fitted, terms
from rag.contrast import Difference
from rag.fitted import Finite, Fixed, Weight
from rag.pairs import NAMES, Feature, Features, Judged, Pair, read
from rag.states import Reader, States

WEIGHTS = Path(__file__).with_suffix(".json")

LEAST_SHARED = 2  # stems that both sentences have, for them to be compared
LEAST_SHARE = 0.2  # and the same, of the stems of the shorter one


class Weights(Fixed):
    """The fitted model. `threshold` is in log-odds."""

    about: str = ""
    intercept: Finite
    threshold: Finite
    features: dict[Feature, Weight]

    def log_odds(self, found: Features) -> float:
        return self.intercept + sum(
            each.weight * each.spreads(found[name]) for name, each in self.features.items()
        )


class Judge:
    """Judges pairs of sentences. Loads the MiniLM at the first pair that could contradict.

    Raises `ModelFileError` when the MiniLM or the weights are missing or damaged.
    """

    def __init__(self, reader: Reader, weights: Weights | None = None) -> None:
        self._reader = reader
        self._weights = weights or load()

    def differ(self, one: str, other: str) -> Difference | None:
        """What two sentences of different sources say differently of the same thing, if anything:
        the likeliest point."""
        judged = [
            (self._weights.log_odds(found), -place, difference)
            for place, (difference, found) in enumerate(self.features(one, other))
        ]
        best = max(judged, key=lambda each: each[:2], default=None)
        return best[2] if best and best[0] >= self._weights.threshold else None

    def features(self, one: str, other: str) -> list[Judged]:
        """Every point in which the two could contradict each other, with its features; none where
        they share too few words to speak of one thing."""
        found = contrast.differences(one, other) if _may_be_one(one, other) else []
        if not found:
            return []
        pair = Pair(*(read(text, states) for text, states in self._states(one, other)))
        return pair.features(found)

    def _states(self, *texts: str) -> list[tuple[str, States]]:
        return list(zip(texts, self._reader.states(texts), strict=True))


def load(file: Path = WEIGHTS) -> Weights:
    """The fitted weights. Raises `ModelFileError`."""
    return fitted.load(Weights, file, "python -m eval.benchmarks.disagreement_fit", NAMES)


def _may_be_one(one: str, other: str) -> bool:
    """True where two sentences have words enough in common to speak of one thing."""
    ours, theirs = _stems(one), _stems(other)
    return len(ours & theirs) >= max(LEAST_SHARED, LEAST_SHARE * min(len(ours), len(theirs)))


@lru_cache(maxsize=4_096)
def _stems(text: str) -> frozenset[str]:
    return frozenset(terms.content(text))
