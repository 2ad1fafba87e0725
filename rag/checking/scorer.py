"""The grounding score: the chance that a source says what a text claims.

A logistic model over the features of `features`, fitted by ``python -m eval.scorer.fit`` on texts
that people judged. Its weights are in ``scorer.json``, for anyone to read. The same bytes always
get the same score.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Annotated, Literal

from pydantic import Field

from rag.checking import features
from rag.checking.features import AnalysedSentence, Features, Name
from rag.models import fitted_weights
from rag.models.fitted_weights import Finite, FrozenModel
from rag.models.token_embeddings import TokenEncoder
from rag.text.sentences import split_sentences
from rag.text.tokens import content_stems
from rag.thresholds import CHECKING

WEIGHTS = Path(__file__).with_suffix(".json")
DIGITS = 4  # of a score


class Weight(fitted_weights.Weight):
    """It weighs `when_copied` more for each spread that the claim is copied more than others."""

    when_copied: Finite = 0.0


Chance = Annotated[float, Field(ge=0, le=1)]


TextKind = Literal["written", "copied", "whole"]
"""A text that is called grounded where each of its sentences is, written in words of its own or put
together from pieces of its source; or where it is so on the whole."""


class Weights(FrozenModel):
    """The fitted model. `threshold` is the score from which a sentence by itself is called
    grounded; the others are those of texts, by their kind."""

    about: str = ""
    intercept: Finite
    threshold: Chance
    threshold_written: Chance = 0.5
    threshold_copied: Chance = 0.5
    threshold_whole: Chance = 0.5
    features: dict[Name, Weight]

    def threshold_of(self, kind: TextKind) -> float:
        """From which a text of that kind is called grounded."""
        thresholds: Mapping[TextKind, float] = {
            "written": self.threshold_written,
            "copied": self.threshold_copied,
            "whole": self.threshold_whole,
        }
        return thresholds[kind]

    def log_odds(self, found: Features) -> float:
        """That the source says it, for the features of one claim."""
        spreads = {name: each.standardized(found[name]) for name, each in self.features.items()}
        return self.intercept + sum(
            spreads[name] * (each.weight + each.when_copied * spreads["copied"])
            for name, each in self.features.items()
        )


class Scorer:
    """Scores claims. Loads the MiniLM at the first claim.

    Raises `ModelFileError` when the MiniLM or the weights are missing or damaged.
    """

    def __init__(self, weights: Weights | None = None, encoder: TokenEncoder | None = None) -> None:
        self.weights = weights or load_scorer_weights()
        self.encoder = encoder or TokenEncoder()

    @property
    def threshold(self) -> float:
        return self.weights.threshold

    def score_claim(self, text: str, quotes: Sequence[str]) -> float:
        """The chance, 0..1, that `quotes` say what the sentence `text` does; 0 where one of the two
        holds no word."""
        found = self.features([text], quotes) if _holds_word(text) else []
        return _chance(self.weights.log_odds(found[0])) if found else 0.0

    def score_text(self, text: str, sources: Sequence[str]) -> float:
        """How grounded a text of some sentences is on the whole, 0..1; 0 without sources or
        sentences."""
        return overall(self.log_odds(text, sources))

    def score_worst_sentence(self, text: str, sources: Sequence[str]) -> float:
        """The score of the sentence of `text` that is grounded least; 0 as for `score_text`."""
        return least(self.log_odds(text, sources))

    def is_grounded(self, text: str, sources: Sequence[str], kind: TextKind = "written") -> bool:
        """Whether the score that decides about a text of that kind reaches its threshold."""
        score = self.score_text if kind == "whole" else self.score_worst_sentence
        return score(text, sources) >= self.weights.threshold_of(kind)

    def log_odds(self, text: str, sources: Sequence[str]) -> list[float]:
        """Those of each sentence of `text`; none without sources."""
        return [self.weights.log_odds(each) for each in self.features(sentences(text), sources)]

    def features(self, claims: Sequence[str], sources: Sequence[str]) -> list[dict[Name, float]]:
        """The features of each claim; none where the sources hold no word."""
        texts = [sentence for text in sources for sentence in sentences(text)]
        if not texts:
            return []
        stems = [frozenset(content_stems(text)) for text in texts]
        near = [_nearest(frozenset(content_stems(claim)), stems) for claim in claims]
        places = sorted({place for each in near for place in each})
        analysed = dict(zip(places, self._read([texts[place] for place in places]), strict=True))
        return [
            features.features(claim, [analysed[place] for place in nearest])
            for claim, nearest in zip(self._read(claims), near, strict=True)
        ]

    def _read(self, texts: Sequence[str]) -> list[AnalysedSentence]:
        states = self.encoder.encode(texts)
        return [features.analyse(text, each) for text, each in zip(texts, states, strict=True)]


def load_scorer_weights(file: Path = WEIGHTS) -> Weights:
    """The fitted weights. Raises `ModelFileError`."""
    return fitted_weights.load_weights(
        Weights, file, "python -m eval.scorer.fit --data DIR", features.NAMES
    )


def sentences(text: str) -> list[str]:
    """The sentences of `text` that hold a word."""
    found = (text[start:end] for start, end in split_sentences(text))
    return [sentence for sentence in found if _holds_word(sentence)]


def _holds_word(text: str) -> bool:
    return any(map(str.isalnum, text))


def overall(log_odds: Sequence[float]) -> float:
    """One score for sentences of these log-odds; 0 for none."""
    if not log_odds:
        return 0.0
    return round(fmean(_squashed(each / CHECKING.score_softness) for each in log_odds), DIGITS)


def least(log_odds: Iterable[float]) -> float:
    """The score of the worst; 0 for none."""
    found = list(log_odds)
    return _chance(min(found)) if found else 0.0


def _chance(log_odds: float) -> float:
    return round(_squashed(log_odds), DIGITS)


def _squashed(log_odds: float) -> float:
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, log_odds))))


def _nearest(claim: frozenset[str], stems: Sequence[frozenset[str]]) -> list[int]:
    """The places of the sentences that share most words with a claim, in order. Only these are
    read: a long page would take seconds."""
    ranked = sorted(range(len(stems)), key=lambda place: (-len(claim & stems[place]), place))
    return sorted(ranked[: CHECKING.max_source_sentences])
