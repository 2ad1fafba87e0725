"""Aggregates the results of all cases: means, counts and percentiles, with intervals.

Pure. A figure of nothing has no value: it is neither 0 nor a number that is not one. The table in
the terminal, `summary.json`, the report and the page all show these figures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from typing import TypeVar

from eval.case_result import CaseResult
from eval.metrics import METRICS, STAGES, Kind, stage_metric
from eval.statistics.bootstrap import Interval, balanced_interval, mean_interval

T = TypeVar("T")

# Figures of a run that are no mean over its cases.
_OF_RUNS: Mapping[str, tuple[str, Kind]] = {
    "decline_mean": ("mean of right declines and attempts", "share"),
    "seconds_p50": ("time a question, median", "seconds"),
    "seconds_p95": ("time a question, 95th percentile", "seconds"),
}
STATISTIC_NAMES: tuple[str, ...] = (*METRICS, *_OF_RUNS)
LABELS: Mapping[str, str] = {name: metric.label for name, metric in METRICS.items()} | {
    name: label for name, (label, _) in _OF_RUNS.items()
}
KINDS: Mapping[str, Kind] = {name: metric.kind for name, metric in METRICS.items()} | {
    name: kind for name, (_, kind) in _OF_RUNS.items()
}
GROUPS: Mapping[str, tuple[str, ...]] = {
    "Answers": (
        "answer_right", "point_recall", "point_recall_stated", "point_precision",
        "lead_on_point", "answers_question", "yes_wrong", "token_f1", "errors",
    ),
    "Declines": ("answered", "declined_rightly", "declined_falsely", "decline_mean"),
    "Retrieval": (
        "recall_at_1", "recall_at_5", "recall_at_10", "mrr", "ndcg_at_10", "evidence_selected",
    ),
    # Quoting everything raises the scores of citations: the length stands beside them.
    "Citations": (
        "quotes_exact", "dead_markers", "dropped_markers", "citation_recall",
        "citation_precision", "gold_citation_recall", "gold_citation_precision",
        "ticks_wrong", "numbers_cited", "answer_words",
    ),
    "Grounding": ("claims_supported", "claims_partial", "claims_unsupported"),
    "Time and tokens": (
        "seconds", "seconds_p50", "seconds_p95", *map(stage_metric, STAGES), "prompt_tokens",
        "completion_tokens",
    ),
}  # fmt: skip
"""Every one of `STATISTIC_NAMES`, in the order in which people read them."""


@dataclass(frozen=True, slots=True)
class Statistic:
    """A mean over `n` cases; `good` of them where each either is or is not. `value` is None where
    `n` is 0. `low` and `high` are the ends of its 95 % interval, drawn over `clusters`."""

    value: float | None
    n: int
    good: int | None = None
    low: float | None = None
    high: float | None = None
    clusters: int | None = None


def run_statistics(rows: Sequence[CaseResult], *, intervals: bool = True) -> dict[str, Statistic]:
    """Every figure of a run, in the order of `STATISTIC_NAMES`; without `intervals` in a fraction
    of the time."""
    seconds = [row.seconds for row in rows]
    of_cases = {
        name: _mean(*scores_of(rows, name), kind=metric.kind, intervals=intervals)
        for name, metric in METRICS.items()
    }
    return of_cases | {
        "decline_mean": _decline_mean(rows, intervals=intervals),
        "seconds_p50": Statistic(quantile(seconds, 0.5), len(seconds)),
        "seconds_p95": Statistic(quantile(seconds, 0.95), len(seconds)),
    }


def scores_of(rows: Iterable[CaseResult], name: str) -> tuple[list[float], list[str]]:
    """The scores of the rows that have that metric, and the cluster of each."""
    known = [(row.scores.get(name), row.cluster or row.id) for row in rows]
    pairs = [(score, cluster) for score, cluster in known if score is not None]
    return [score for score, _ in pairs], [cluster for _, cluster in pairs]


def statistics_by_tag(
    rows: Sequence[CaseResult], *, intervals: bool = True
) -> dict[str, Statistic]:
    """For each tag, in order, the share of its cases that came out as they should."""
    found = {}
    for tag in sorted({tag for row in rows for tag in row.tags}):
        tagged = [row for row in rows if tag in row.tags]
        values = [float(row.is_expected) for row in tagged]
        names = [row.cluster or row.id for row in tagged]
        found[tag] = _mean(values, names, kind="share", intervals=intervals)
    return found


def share(items: Iterable[T], is_good: Callable[[T], bool]) -> Statistic:
    flags = [is_good(item) for item in items]
    return Statistic(sum(flags) / len(flags) if flags else None, len(flags), sum(flags))


def quantile(values: Iterable[float], fraction: float) -> float | None:
    """The value of which `fraction` (0..1) of all are smaller, one that was measured."""
    ranked = sorted(values)
    return ranked[min(int(len(ranked) * fraction), len(ranked) - 1)] if ranked else None


def _mean(
    values: Sequence[float], clusters: Sequence[str], *, kind: Kind, intervals: bool
) -> Statistic:
    is_counted = kind == "share" and all(value in (0.0, 1.0) for value in values)
    good = int(sum(values)) if is_counted else None
    if not intervals:
        return Statistic(fsum(values) / len(values) if values else None, len(values), good)
    return _figure(mean_interval(values, clusters), good)


def _decline_mean(rows: Sequence[CaseResult], *, intervals: bool) -> Statistic:
    """The mean of two shares: unanswerable ones declined, answerable ones answered."""
    parts = [scores_of(rows, "declined_rightly"), scores_of(rows, "answered")]
    if not intervals and all(values for values, _ in parts):
        mean = sum(fsum(values) / len(values) for values, _ in parts) / len(parts)
        return Statistic(mean, sum(len(values) for values, _ in parts))
    return _figure(balanced_interval(parts))


def _figure(found: Interval | None, good: int | None = None) -> Statistic:
    if found is None:
        return Statistic(None, 0, good)
    return Statistic(found.mean, found.n, good, found.low, found.high, found.clusters)


# --- in words ---------------------------------------------------------------------------------
