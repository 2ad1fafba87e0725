"""How likely is it that the articles answer a question?

A logistic model of what is known before anything is written: how well the question's tokens are
met in the sentences found, and whether the language model says that one of them states the
answer. Fitted by ``python -m eval.benchmarks.answerable_fit`` on questions with and without an
answer; the weights are in ``answerable.json``, for anyone to read.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log
from pathlib import Path

from rag import fitted
from rag.fitted import Finite, Fixed
from rag.states import Reader
from rag.types import Passage

WEIGHTS = Path(__file__).with_suffix(".json")
_LEAST = 0.02  # a chance nearer to 0 or 1 is taken as this near: log-odds are infinite there


class Weights(Fixed):
    """The log-odds are ``intercept + met * (its value) + stated * (the log-odds of the "yes")``."""

    intercept: Finite
    met: Finite
    stated: Finite

    def chance(self, met: float, stated: float) -> float:
        return 1 / (1 + exp(-(self.intercept + self.met * met + self.stated * log_odds(stated))))


class Fitted(Fixed):
    """`read` is for a "yes" whose probability is known, `said` for a bare "yes" or "no"."""

    about: str = ""
    read: Weights
    said: Weights


class Answerability:
    """Judges questions by what was found for them. Loads the MiniLM at the first question.

    Raises `ModelFileError` when the MiniLM or the weights are missing or damaged.
    """

    def __init__(self, reader: Reader, fitted: Fitted | None = None) -> None:
        self._reader = reader
        self._fitted = fitted or load()

    def met(self, question: str, texts: Sequence[str]) -> float:
        """The mean over the question's tokens of the cosine similarity, -1..1, to the nearest token
        of `texts`; -1 where one of the two has none (MaxSim of Khattab and Zaharia 2020)."""
        import numpy as np

        asked, *found = self._reader.states([question, *texts])
        held = [each.vectors for each in found if len(each.vectors)]
        if not held or not len(asked.vectors):
            return -1.0
        return float((asked.vectors @ np.concatenate(held).T).max(axis=1).mean())

    def met_in(self, document_id: str, question: str, passages: Sequence[Passage]) -> float:
        """`met` by the passages of one document. What several documents say between them is no
        answer: among many, each of a question's words is met somewhere."""
        texts = [each.text for each in passages if each.span.document_id == document_id]
        return self.met(question, texts)

    def chance(self, met: float, stated: float) -> float:
        """The chance, 0..1, that the texts answer the question, where the model's "yes" has the
        probability `stated`; exactly 0 or 1 is a bare "no" or "yes"."""
        weights = self._fitted.said if stated in (0.0, 1.0) else self._fitted.read
        return weights.chance(met, stated)


def log_odds(chance: float) -> float:
    """Those of a chance; finite, also for 0 and 1."""
    kept = min(max(chance, _LEAST), 1 - _LEAST)
    return log(kept / (1 - kept))


def load(file: Path = WEIGHTS) -> Fitted:
    """The fitted weights. Raises `ModelFileError`."""
    return fitted.load(Fitted, file, "python -m eval.benchmarks.answerable_fit")
