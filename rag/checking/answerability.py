"""The chance that the articles answer a question.

A logistic model of what is known before anything is written: how similar the sentences found are
to the question's tokens, and whether the language model says that one of them answers. Fitted by
``python -m eval.benchmarks.answerable_fit`` on questions with and without an answer; the weights
are in ``answerability.json``, for anyone to read.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import cache
from math import exp, log
from pathlib import Path

from rag.models import fitted_weights
from rag.models.fitted_weights import Finite, FrozenModel
from rag.models.token_embeddings import TokenEncoder
from rag.thresholds import CHECKING
from rag.types import Passage

WEIGHTS = Path(__file__).with_suffix(".json")


class Weights(FrozenModel):
    """The log-odds are ``intercept + max_sim * m + p_answered * log_odds(p)``."""

    intercept: Finite
    max_sim: Finite
    p_answered: Finite

    def chance(self, max_sim: float, p_answered: float) -> float:
        """The chance, 0..1, of an answer."""
        score = self.intercept + self.max_sim * max_sim + self.p_answered * log_odds(p_answered)
        return 1 / (1 + exp(-score))


class LikenessWeights(FrozenModel):
    """The log-odds are ``intercept + max_sim * m``."""

    intercept: Finite
    max_sim: Finite

    def chance(self, max_sim: float) -> float:
        """The chance, 0..1, of an answer."""
        return 1 / (1 + exp(-(self.intercept + self.max_sim * max_sim)))


class AnswerabilityWeights(FrozenModel):
    """`from_likeness` is for where no model is asked, `from_probability` for a "yes" whose
    probability is known, `from_reply` for a bare "yes" or "no"."""

    about: str = ""
    from_likeness: LikenessWeights
    from_probability: Weights
    from_reply: Weights


class Answerability:
    """Judges questions by what was found for them. Loads the MiniLM at the first question.

    Raises `ModelFileError` when the MiniLM or the weights are missing or damaged.
    """

    def __init__(self, encoder: TokenEncoder, fitted: AnswerabilityWeights | None = None) -> None:
        self._encoder = encoder
        self._fitted = fitted or load_answerability_weights()

    def max_sim(self, question: str, texts: Sequence[str]) -> float:
        """The mean over the question's tokens of the cosine similarity, -1..1, to the nearest token
        of `texts`; -1 where one of the two has none (MaxSim of Khattab and Zaharia 2020)."""
        import numpy as np

        own, *found = self._encoder.encode([question, *texts])
        vectors = [each.vectors for each in found if len(each.vectors)]
        if not vectors or not len(own.vectors):
            return -1.0
        return float((own.vectors @ np.concatenate(vectors).T).max(axis=1).mean())

    def max_sim_in_document(
        self, document_id: str, question: str, passages: Sequence[Passage], title: str = ""
    ) -> float:
        """`max_sim` by the passages of one document, and by a `title`. What several documents say
        between them is no answer: among many, each of a question's words stands somewhere."""
        texts = [
            each.as_read or each.text for each in passages if each.span.document_id == document_id
        ]
        return self.max_sim(question, [title, *texts] if title else texts)

    def estimator(
        self, readings: Collection[str], passages: Sequence[Passage]
    ) -> Callable[[Passage, float], float]:
        """From a passage and the probability of the model's "yes" to it, to the chance that its
        document answers the question in the likeliest of its readings; each document is read
        once."""
        max_sim = cache(
            lambda id: max(self.max_sim_in_document(id, each, passages) for each in readings)
        )
        return lambda passage, p: self.chance(max_sim(passage.span.document_id), p)

    def chance(self, max_sim: float, p_answered: float) -> float:
        """The chance, 0..1, that the texts answer the question, where the model's "yes" has the
        probability `p_answered`; exactly 0 or 1 is a bare "no" or "yes"."""
        bare = p_answered in (0.0, 1.0)
        weights = self._fitted.from_reply if bare else self._fitted.from_probability
        return weights.chance(max_sim, p_answered)

    def likeness_of_any(self, readings: Collection[str], passages: Sequence[Passage]) -> float:
        """The `likeness` of the likeliest of a question's readings."""
        return max(self.likeness(each, passages) for each in readings)

    def likeness(self, question: str, passages: Sequence[Passage]) -> float:
        """The chance, 0..1, that one of the documents answers the question, by how similar its
        passages are to it, half of it read below their title, without asking a model; 0 without
        passages. A title tells what is looked for where the passages need not say it again, and
        nothing where many documents are about one thing."""
        titles = {each.span.document_id: each.title for each in passages}

        def chance(id: str, title: str) -> float:
            alone = self.max_sim_in_document(id, question, passages)
            titled = self.max_sim_in_document(id, question, passages, title)
            return self._fitted.from_likeness.chance((alone + titled) / 2)

        return max((chance(id, title) for id, title in titles.items()), default=0.0)


def log_odds(chance: float) -> float:
    """Those of a chance; finite, also for 0 and 1."""
    clipped = min(max(chance, CHECKING.min_clipped_chance), 1 - CHECKING.min_clipped_chance)
    return log(clipped / (1 - clipped))


def load_answerability_weights(file: Path = WEIGHTS) -> AnswerabilityWeights:
    """The fitted weights. Raises `ModelFileError`."""
    return fitted_weights.load_weights(
        AnswerabilityWeights, file, "python -m eval.benchmarks.answerable_fit"
    )
