"""What do the rows of a run come to?

Pure. A figure of nothing has no value: it is neither 0 nor a number that is not one. The table in
the terminal, `summary.json`, the report and the page all show these figures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import fsum
from typing import Literal, TypeVar

from eval.intervals import Interval, balanced_interval, mean_interval
from eval.metrics import METRICS, STAGES, Kind, stage_name

T = TypeVar("T")
Outcome = Literal["right", "wrong", "declined", "error"]

# Figures of a run that are no mean over its cases.
_OF_RUNS: Mapping[str, tuple[str, Kind]] = {
    "decline_mean": ("mean of right declines and attempts", "share"),
    "seconds_p50": ("time a question, median", "seconds"),
    "seconds_p95": ("time a question, 95th percentile", "seconds"),
}
NAMES: tuple[str, ...] = (*METRICS, *_OF_RUNS)
LABELS: Mapping[str, str] = {name: metric.label for name, metric in METRICS.items()} | {
    name: label for name, (label, _) in _OF_RUNS.items()
}
KINDS: Mapping[str, Kind] = {name: metric.kind for name, metric in METRICS.items()} | {
    name: kind for name, (_, kind) in _OF_RUNS.items()
}
GROUPS: Mapping[str, tuple[str, ...]] = {
    "Answers": ("answer_right", "token_f1", "errors"),
    "Declines": ("answered", "declined_rightly", "declined_falsely", "decline_mean"),
    "Retrieval": (
        "recall_at_1", "recall_at_5", "recall_at_10", "mrr", "ndcg_at_10", "evidence_selected",
    ),
    # Quoting everything raises the scores of citations: the length stands beside them.
    "Citations": (
        "quotes_exact", "dead_markers", "dropped_markers", "citation_recall",
        "citation_precision", "gold_citation_recall", "gold_citation_precision",
        "numbers_cited", "answer_words",
    ),
    "Grounding": ("claims_supported", "claims_partial", "claims_unsupported"),
    "Time and tokens": (
        "seconds", "seconds_p50", "seconds_p95", *map(stage_name, STAGES), "prompt_tokens",
        "completion_tokens",
    ),
}  # fmt: skip
"""Every one of `NAMES`, in the order in which people read them."""


@dataclass(frozen=True, slots=True)
class Row:
    """One case and what came of it. `cited` is the share of the case's evidence spans that some
    citation overlaps; None where there is no evidence or no answer. `scores` are by metric, empty
    in a run of an earlier version; rows of one `cluster` stand or fall together."""

    id: str
    tags: tuple[str, ...]
    answerable: bool
    outcome: Outcome
    text: str
    reason: str | None
    exact_quotes: bool
    supports: tuple[str, ...]
    cited: float | None
    seconds: float
    scores: Mapping[str, float | None] = field(default_factory=dict)
    cluster: str = ""

    @property
    def expected(self) -> bool:
        """True when it came out as it should: right, or declined where there is no answer."""
        return self.outcome == ("right" if self.answerable else "declined")


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean over `n` cases; `good` of them where each either is or is not. `value` is None where
    `n` is 0. `low` and `high` are the ends of its 95 % interval, drawn over `clusters`."""

    value: float | None
    n: int
    good: int | None = None
    low: float | None = None
    high: float | None = None
    clusters: int | None = None


def figures(rows: Sequence[Row], *, intervals: bool = True) -> dict[str, Figure]:
    """Every figure of a run, in the order of `NAMES`; without `intervals` in a fraction of the
    time."""
    seconds = [row.seconds for row in rows]
    of_cases = {
        name: _mean(*scored(rows, name), kind=metric.kind, intervals=intervals)
        for name, metric in METRICS.items()
    }
    return of_cases | {
        "decline_mean": _decline_mean(rows, intervals=intervals),
        "seconds_p50": Figure(quantile(seconds, 0.5), len(seconds)),
        "seconds_p95": Figure(quantile(seconds, 0.95), len(seconds)),
    }


def scored(rows: Iterable[Row], name: str) -> tuple[list[float], list[str]]:
    """The scores of the rows that have that metric, and the cluster of each."""
    known = [(row.scores.get(name), row.cluster or row.id) for row in rows]
    pairs = [(score, cluster) for score, cluster in known if score is not None]
    return [score for score, _ in pairs], [cluster for _, cluster in pairs]


def by_tag(rows: Sequence[Row], *, intervals: bool = True) -> dict[str, Figure]:
    """For each tag, in order, the share of its cases that came out as they should."""
    found = {}
    for tag in sorted({tag for row in rows for tag in row.tags}):
        tagged = [row for row in rows if tag in row.tags]
        values = [float(row.expected) for row in tagged]
        names = [row.cluster or row.id for row in tagged]
        found[tag] = _mean(values, names, kind="share", intervals=intervals)
    return found


def share(items: Iterable[T], is_good: Callable[[T], bool]) -> Figure:
    flags = [is_good(item) for item in items]
    return Figure(sum(flags) / len(flags) if flags else None, len(flags), sum(flags))


def quantile(values: Iterable[float], fraction: float) -> float | None:
    """The value of which `fraction` (0..1) of all are smaller, one that was measured."""
    ranked = sorted(values)
    return ranked[min(int(len(ranked) * fraction), len(ranked) - 1)] if ranked else None


def _mean(
    values: Sequence[float], clusters: Sequence[str], *, kind: Kind, intervals: bool
) -> Figure:
    is_counted = kind == "share" and all(value in (0.0, 1.0) for value in values)
    good = int(sum(values)) if is_counted else None
    if not intervals:
        return Figure(fsum(values) / len(values) if values else None, len(values), good)
    return _figure(mean_interval(values, clusters), good)


def _decline_mean(rows: Sequence[Row], *, intervals: bool) -> Figure:
    """The mean of two shares: unanswerable ones declined, answerable ones answered."""
    parts = [scored(rows, "declined_rightly"), scored(rows, "answered")]
    if not intervals and all(values for values, _ in parts):
        mean = sum(fsum(values) / len(values) for values, _ in parts) / len(parts)
        return Figure(mean, sum(len(values) for values, _ in parts))
    return _figure(balanced_interval(parts))


def _figure(found: Interval | None, good: int | None = None) -> Figure:
    if found is None:
        return Figure(None, 0, good)
    return Figure(found.mean, found.n, good, found.low, found.high, found.clusters)


# --- in words ---------------------------------------------------------------------------------


def value(figure: Figure, kind: Kind = "share") -> str:
    """``85.0%``, ``4.2 s``, ``0.04 s``, ``812``, ``0.02``, or ``n/a`` where nothing counted."""
    return "n/a" if figure.value is None else told(figure.value, kind)


def interval(figure: Figure, kind: Kind = "share") -> str:
    """``[80.1%, 89.2%]``; empty where nothing was drawn, and where all that was drawn came out
    alike: that an interval has no width does not make the figure sure."""
    if figure.low is None or figure.high is None or figure.low == figure.high:
        return ""
    return f"[{told(figure.low, kind)}, {told(figure.high, kind)}]"


def told(number: float, kind: Kind) -> str:
    """A number of that kind, with its unit."""
    match kind:
        case "share":
            return f"{number:.1%}"
        case "seconds":
            return f"{number:.{1 if number >= 1 else 2}f} s"
        case "tokens":
            return f"{number:,.0f}"
        case "count":
            return f"{number:.{1 if number >= 10 else 2}f}"
