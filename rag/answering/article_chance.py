"""The chance that what a small model says of a whole article answers the question.

A logistic model of three of its own probabilities, none of which is enough by itself: fitted by
``python -m eval.broad.article_fit`` on replies that were right or not; the weights are in
``article_chance.json``, for anyone to read.
"""

from __future__ import annotations

from math import exp
from pathlib import Path

from rag.checking.answerability import log_odds
from rag.models import fitted_weights
from rag.models.fitted_weights import Finite, FrozenModel

WEIGHTS = Path(__file__).with_suffix(".json")


class ArticleWeights(FrozenModel):
    """The log-odds are ``intercept`` and each weight times the log-odds of its probability."""

    about: str = ""
    intercept: Finite
    p_stated: Finite
    """Of another reply than that the article does not answer."""
    p_confirmed: Finite
    """Of "yes" to whether the article states the reply."""
    p_answered: Finite
    """Of "yes" to whether what the reply is taken from states the answer."""

    def chance(self, p_stated: float, p_confirmed: float, p_answered: float) -> float:
        """The chance, 0..1, of a right answer, by three probabilities."""
        score = (
            self.intercept
            + self.p_stated * log_odds(p_stated)
            + self.p_confirmed * log_odds(p_confirmed)
            + self.p_answered * log_odds(p_answered)
        )
        return 1 / (1 + exp(-score))


def load_article_weights(file: Path = WEIGHTS) -> ArticleWeights:
    """The fitted weights. Raises `ModelFileError`."""
    return fitted_weights.load_weights(ArticleWeights, file, "python -m eval.broad.article_fit")
