"""The chance that two sentences contradict each other.

Each point in which they could (`differences`) is judged by a logistic model of whether the two
speak of the same thing (`pair_features`). Fitted by
``python -m eval.benchmarks.disagreement_fit``; the weights are in ``pair_scorer.json``, for anyone
to read. The same two sentences always get the same chance.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from rag.conflicts.differences import Difference, find_differences
from rag.conflicts.pair_features import NAMES, Feature, Features, Pair, PairFeatures, embed_words
from rag.models import fitted_weights
from rag.models.fitted_weights import Finite, FrozenModel, Weight
from rag.models.token_embeddings import TokenEmbeddings, TokenEncoder
from rag.text.tokens import content_stems
from rag.thresholds import CONFLICTS

WEIGHTS = Path(__file__).with_suffix(".json")


class Weights(FrozenModel):
    """The fitted model. `threshold` is in log-odds."""

    about: str = ""
    intercept: Finite
    threshold: Finite
    features: dict[Feature, Weight]

    def log_odds(self, found: Features) -> float:
        return self.intercept + sum(
            each.weight * each.standardized(found[name]) for name, each in self.features.items()
        )


class PairScorer:
    """Judges pairs of sentences. Loads the MiniLM at the first pair that could contradict.

    Raises `ModelFileError` when the MiniLM or the weights are missing or damaged.
    """

    def __init__(self, encoder: TokenEncoder, weights: Weights | None = None) -> None:
        self._encoder = encoder
        self._weights = weights or load_pair_weights()

    def likeliest_difference(self, first: str, second: str) -> Difference | None:
        """The likeliest point in which two sentences of different sources contradict each other,
        if any."""
        judged = [
            (self._weights.log_odds(found), -place, difference)
            for place, (difference, found) in enumerate(self.features(first, second))
        ]
        best = max(judged, key=lambda each: each[:2], default=None)
        return best[2] if best and best[0] >= self._weights.threshold else None

    def features(self, first: str, second: str) -> list[PairFeatures]:
        """Every point in which the two could contradict each other, with its features; none where
        they share too few words to speak of one thing."""
        found = find_differences(first, second) if _may_be_one_thing(first, second) else []
        if not found:
            return []
        pair = Pair(*(embed_words(text, states) for text, states in self._encoded(first, second)))
        return pair.features(found)

    def _encoded(self, *texts: str) -> list[tuple[str, TokenEmbeddings]]:
        return list(zip(texts, self._encoder.encode(texts), strict=True))


def load_pair_weights(file: Path = WEIGHTS) -> Weights:
    """The fitted weights. Raises `ModelFileError`."""
    return fitted_weights.load_weights(
        Weights, file, "python -m eval.benchmarks.disagreement_fit", NAMES
    )


def _may_be_one_thing(first: str, second: str) -> bool:
    """True where two sentences share enough words to speak of one thing."""
    ours, theirs = _stems(first), _stems(second)
    return len(ours & theirs) >= max(
        CONFLICTS.min_shared_stems, CONFLICTS.min_shared_fraction * min(len(ours), len(theirs))
    )


@lru_cache(maxsize=4_096)
def _stems(text: str) -> frozenset[str]:
    return frozenset(content_stems(text))
