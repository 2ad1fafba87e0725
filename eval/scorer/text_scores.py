"""Scores texts with a scorer, and measures how long that takes."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Protocol

from eval.scorer.labelled_sets import LabelledText
from eval.statistics.aggregate import quantile
from rag import split_sentences
from rag.errors import FootnoteError
from rag.internals import TextKind

Clock = Callable[[], float]  # seconds


class CardError(FootnoteError):
    """Scores that cannot stand on the card; says of which set and text."""


class Thresholds(Protocol):
    """Knows the score from which a text is called grounded."""

    def threshold_of(self, kind: TextKind) -> float: ...


class Scorer(Protocol):
    """What is measured: its scores, 0..1."""

    def score_text(self, text: str, sources: Sequence[str]) -> float:
        """Of a text on the whole, 0..1, higher is more grounded; 0 without sources."""
        ...

    def score_worst_sentence(self, text: str, sources: Sequence[str]) -> float:
        """Of its worst sentence."""
        ...

    def is_grounded(self, text: str, sources: Sequence[str], kind: TextKind) -> bool:
        """Whether a text of that kind is called grounded."""
        ...

    @property
    def weights(self) -> Thresholds: ...


@dataclass(frozen=True, slots=True)
class TextScore:
    """The score of ``rows[index]``, a text of `claims` sentences. `warm` where the same sources
    were scored before; None where there are none, which takes no work."""

    index: int
    score: float
    seconds: float
    claims: int
    warm: bool | None


@dataclass(frozen=True, slots=True)
class ScoringSpeed:
    """Milliseconds for a claim (a sentence) once its sources were seen, over `claims` of them; the
    95th percentile over texts; and for a whole text whose sources are new. None: not measured."""

    ms_per_claim: float | None
    ms_per_claim_p95: float | None
    claims: int
    ms_new_sources: float | None


def score_texts(
    name: str,
    rows: Sequence[LabelledText],
    scorer: Scorer,
    clock: Clock = time.perf_counter,
    *,
    worst: bool = False,
) -> Iterator[TextScore]:
    """Score each row once, on the whole or its worst sentence, those of the same sources after one
    another. Raises `CardError` for a score that is not in 0..1."""
    score_of = scorer.score_worst_sentence if worst else scorer.score_text
    together: dict[tuple[str, ...], list[int]] = {}
    for index, row in enumerate(rows):
        together.setdefault(row.sources, []).append(index)
    for sources, members in together.items():
        for place, index in enumerate(members):
            row, start = rows[index], clock()
            score = float(score_of(row.text, sources))
            seconds = clock() - start
            check_score(name, row.id, score)
            claims = max(1, len(split_sentences(row.text)))
            yield TextScore(index, score, seconds, claims, place > 0 if any(sources) else None)


def check_score(name: str, text_id: str, score: float) -> None:
    """Raises `CardError` unless `score` is a number in 0..1."""
    if not (math.isfinite(score) and 0 <= score <= 1):
        raise CardError(
            f"The score of {name}, text {text_id}, is {score}, which is not in 0..1.",
            "Correct the scorer, or the file that its scores were read from.",
        )


def scoring_speed(given: Sequence[TextScore]) -> ScoringSpeed:
    """How fast the texts were scored."""
    warm = [each for each in given if each.warm]
    new = [each.seconds for each in given if each.warm is False]
    claims = sum(each.claims for each in warm)
    return ScoringSpeed(
        ms_per_claim=_ms(sum(each.seconds for each in warm) / claims) if claims else None,
        ms_per_claim_p95=_ms(quantile((each.seconds / each.claims for each in warm), 0.95)),
        claims=claims,
        ms_new_sources=_ms(fmean(new)) if new else None,
    )


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1000
