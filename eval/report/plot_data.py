"""The numbers that the plots of a run show.

Pure: entries become numbers, each with how many values it rests on. What does not apply to an
entry is left out and never counted as 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Literal

from eval.runs.results import CaseRecord
from eval.statistics.aggregate import quantile
from eval.statistics.bootstrap import Interval, mean_interval
from rag.types import Claim, Support

BINS = 10
RANKS = 10  # each a column of its own; beyond them is one more
VERDICTS: tuple[Support, ...] = ("supported", "partial", "unsupported", "unchecked")


def bin_of(score: float) -> int:
    """Which of the ten tenths of 0..1 holds the score; 1 is in the last."""
    return min(max(int(score * BINS), 0), BINS - 1)


# --- scores of sentences ----------------------------------------------------------------------


def checked(entries: Sequence[CaseRecord]) -> Iterator[Claim]:
    """Every sentence that was checked, also those removed; of older runs those of the answers."""
    for entry in entries:
        if entry.recording.checked:
            yield from (each.claim for each in entry.recording.checked)
        elif entry.answer:
            yield from entry.answer.claims


def score_columns(claims: Sequence[Claim]) -> list[tuple[int, ...]]:
    """For each tenth of the scores, how many sentences of each of `VERDICTS`."""
    counts = [dict.fromkeys(VERDICTS, 0) for _ in range(BINS)]
    for claim in claims:
        if (score := _score(claim)) is not None:
            counts[bin_of(score)][claim.support] += 1
    return [tuple(each.values()) for each in counts]


def _score(claim: Claim) -> float | None:
    return claim.score if claim.score is not None and isfinite(claim.score) else None


@dataclass(frozen=True, slots=True)
class Tenth:
    """The sentences whose score lies in one tenth of 0..1: their mean score, and the share of
    them that stand in a good answer."""

    number: int  # 0..9
    score: float
    good: Interval


@dataclass(frozen=True, slots=True)
class Reliability:
    """`gap` is the mean distance of score and share, 0..1, each tenth weighed by its sentences;
    `auroc` the chance that a sentence of a good answer scores above one of another."""

    tenths: tuple[Tenth, ...]
    gap: float
    auroc: Interval | None


@dataclass(frozen=True, slots=True)
class _Judged:
    score: float
    good: bool
    cluster: str


def reliability(entries: Sequence[CaseRecord]) -> Reliability | None:
    """Of every sentence of an answer that has a score: does a high one mean a good answer, one
    that is right and cites gold evidence? An answer to a question that has none is not good.
    None where no sentence has a score."""
    found = [
        _Judged(score, _is_good(entry), entry.result.cluster or entry.result.id)
        for entry in entries
        for claim in (entry.answer.claims if entry.answer else ())
        if (score := _score(claim)) is not None
    ]
    if not found:
        return None
    tenths = tuple(_tenths(found))
    gap = sum(abs(each.good.mean - each.score) * each.good.n for each in tenths) / len(found)
    return Reliability(tenths, gap, _auroc(found))


def _is_good(entry: CaseRecord) -> bool:
    return entry.result.outcome == "right" and bool(entry.result.cited)


def _tenths(found: Sequence[_Judged]) -> Iterator[Tenth]:
    for number in range(BINS):
        held = [each for each in found if bin_of(each.score) == number]
        good = mean_interval([float(each.good) for each in held], [each.cluster for each in held])
        if good:
            yield Tenth(number, sum(each.score for each in held) / len(held), good)


def _auroc(found: Sequence[_Judged]) -> Interval | None:
    """With its interval, whole clusters drawn; None where all are good or none is."""
    from eval.statistics.agreement import auroc_interval

    scores, clusters = [each.score for each in found], [each.cluster for each in found]
    return auroc_interval(scores, [each.good for each in found], clusters)


# --- answering and declining ------------------------------------------------------------------

Signal = Literal["probability", "score"]


@dataclass(frozen=True, slots=True)
class Operating:
    """To answer only where the signal reaches `least`: the share of the answerable questions that
    are answered, the share of the answered that are answerable, and how many are answered. `least`
    is None where something else decided."""

    least: float | None
    recall: float
    precision: float
    answered: int


@dataclass(frozen=True, slots=True)
class Deciding:
    """`n` questions have the signal, `answerable` of them have an answer; `without` have none.
    `average_precision` is over the recall; `run` is what the run itself decided."""

    signal: Signal
    points: tuple[Operating, ...]  # the highest `least` first
    n: int
    answerable: int
    without: int
    average_precision: float
    auroc: Interval | None
    run: Operating | None


def deciding(entries: Sequence[CaseRecord]) -> Deciding | None:
    """How well the model's "yes", or else the top score of the passages, tells questions that have
    an answer from those that have none. None where that cannot be told: one kind is missing."""
    yes = [(entry, _yes(entry)) for entry in entries]
    signal: Signal = "probability" if any(each is not None for _, each in yes) else "score"
    pairs = yes if signal == "probability" else [(entry, _top(entry)) for entry in entries]
    known = [(entry, each) for entry, each in pairs if each is not None and isfinite(each)]
    found = [_Judged(v, e.result.answerable, e.result.cluster or e.result.id) for e, v in known]
    answerable = sum(each.good for each in found)
    if not 0 < answerable < len(found):
        return None
    points = tuple(_operating(found, answerable))
    return Deciding(
        signal, points, len(found), answerable, len(entries) - len(found),
        _average(points), _auroc(found), _decided([entry for entry, _ in known]),
    )  # fmt: skip


def _yes(entry: CaseRecord) -> float | None:
    """The highest probability of "yes" to any passage."""
    asked = (each.probability for each in entry.recording.model_calls if each.purpose == "judge")
    return max((each for each in asked if each is not None), default=None)


def _top(entry: CaseRecord) -> float | None:
    return max((passage.score for passage in entry.recording.passages), default=None)


def _operating(found: Sequence[_Judged], answerable: int) -> Iterator[Operating]:
    for least in sorted({each.score for each in found}, reverse=True):
        answered = [each.good for each in found if each.score >= least]
        good = sum(answered)
        yield Operating(least, good / answerable, good / len(answered), len(answered))


def _average(points: Sequence[Operating]) -> float:
    """Average precision: each step of the recall by the precision that it is reached with."""
    before = [0.0, *(point.recall for point in points)]
    return sum(
        (point.recall - last) * point.precision for point, last in zip(points, before, strict=False)
    )


def _decided(entries: Sequence[CaseRecord]) -> Operating | None:
    """What the run did; None where it answered none. An error is no decision."""
    rows = [entry.result for entry in entries if entry.result.outcome != "error"]
    answered = [row.answerable for row in rows if row.outcome != "declined"]
    answerable = sum(row.answerable for row in rows)
    if not answered or not answerable:
        return None
    good = sum(answered)
    return Operating(None, good / answerable, good / len(answered), len(answered))


# --- the evidence and the time ----------------------------------------------------------------


def first_rank(entry: CaseRecord) -> int | None:
    """From 1: the first hit that overlaps gold evidence."""
    spans = (hit.chunk.span for hit in entry.recording.hits)
    near = (any(span.overlaps(gold) for gold in entry.spans) for span in spans)
    return next((rank for rank, is_near in enumerate(near, 1) if is_near), None)


def rank_columns(entries: Sequence[CaseRecord]) -> list[int]:
    """How many questions have their first gold evidence at rank 1, 2, … 10, at a later one, and
    nowhere among the hits. Questions without evidence or without an outcome are left out."""
    counts = [0] * (RANKS + 2)
    for entry in entries:
        if entry.spans and entry.result.outcome != "error":
            rank = first_rank(entry)
            counts[RANKS + 1 if rank is None else min(rank - 1, RANKS)] += 1
    return counts


@dataclass(frozen=True, slots=True)
class Stage:
    """Seconds of one stage, over the `n` answers and declines that went through it."""

    p50: float
    p95: float
    n: int


def stages(entries: Sequence[CaseRecord]) -> Mapping[str, Stage]:
    """By name, in the order in which they were first met. Names come from files."""
    found: dict[str, list[float]] = {}
    for entry in entries:
        for stage, passed in entry.answer.timings.items() if entry.answer else ():
            if isfinite(passed):
                found.setdefault(stage, []).append(passed)
    return {
        stage: Stage(quantile(passed, 0.5) or 0.0, quantile(passed, 0.95) or 0.0, len(passed))
        for stage, passed in found.items()
    }
