"""The change of a metric between two sets of the same cases, and whether it exceeds chance.

Pure. Cases are paired by id, and only pairs in which both sides are scored are compared; what
is scored on one side only is named. A change is called one when the 95 % interval of the paired
difference, resampled by cluster, leaves out 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from eval.case_result import Outcome
from eval.metrics import METRICS, Kind, Metric
from eval.statistics.bootstrap import Interval, paired_interval
from eval.statistics.formatting import format_number

Conclusion = Literal["better", "worse", "no difference seen", "too few to tell", "only told"]

# All of five clusters change the same way once in 16 runs by chance, of six once in 32: below
# six not even that is beyond noise, and a bootstrap of so few says nothing.
MIN_CLUSTERS = 6
TOLERANCE = 1e-6  # differences below this are those of rounding


@dataclass(frozen=True, slots=True)
class CaseScores:
    """What is compared of one case."""

    cluster: str
    outcome: Outcome
    scores: Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class MetricChange:
    """One metric on both sides. `before` and `after` are means over the pairs; `worse` are the
    ids of the cases that came out worse, the worst first."""

    metric: str
    before: float
    after: float
    difference: Interval  # of after - before
    word: Conclusion
    worse: tuple[str, ...] = ()
    only_before: tuple[str, ...] = ()  # cases scored there and not on the other side
    only_after: tuple[str, ...] = ()

    @property
    def n(self) -> int:
        return self.difference.n


def metric_changes(
    before: Mapping[str, CaseScores],
    after: Mapping[str, CaseScores],
    names: Iterable[str] = METRICS,
) -> list[MetricChange]:
    """The change of each metric that some case has on both sides, in the order of `names`."""
    found = (metric_change(name, before, after) for name in names)
    return [each for each in found if each is not None]


def metric_change(
    name: str, before: Mapping[str, CaseScores], after: Mapping[str, CaseScores]
) -> MetricChange | None:
    """How the metric `name` changed; None where no case is scored on both sides."""
    olds, news = scores_by_case(name, before), scores_by_case(name, after)
    ids = [id for id in olds if id in news]
    difference = paired_interval(
        [olds[id] for id in ids], [news[id] for id in ids], [before[id].cluster for id in ids]
    )
    if difference is None:
        return None
    losses = {id: loss(METRICS[name], olds[id], news[id]) for id in ids}
    return MetricChange(
        name,
        before=sum(olds[id] for id in ids) / len(ids),
        after=sum(news[id] for id in ids) / len(ids),
        difference=difference,
        word=_word(METRICS[name], difference),
        worse=tuple(sorted((id for id in ids if losses[id] > TOLERANCE), key=lambda i: -losses[i])),
        only_before=tuple(id for id in olds if id not in news and id in after),
        only_after=tuple(id for id in news if id not in olds and id in before),
    )


def scores_by_case(name: str, cases: Mapping[str, CaseScores]) -> dict[str, float]:
    """The score of every case that has one."""
    scores = ((id, case.scores.get(name)) for id, case in cases.items())
    return {id: score for id, score in scores if score is not None}


def loss(metric: Metric, before: float, after: float) -> float:
    """By how much `after` is worse, above 0; never where the metric has no better side."""
    if metric.better is None:
        return 0.0
    return before - after if metric.better == "higher" else after - before


def _word(metric: Metric, difference: Interval) -> Conclusion:
    if metric.better is None:
        return "only told"
    if difference.clusters < MIN_CLUSTERS:
        return "too few to tell"
    if difference.low <= TOLERANCE and difference.high >= -TOLERANCE:
        return "no difference seen"
    return "better" if (difference.mean > 0) == (metric.better == "higher") else "worse"


# --- in words ---------------------------------------------------------------------------------


def format_means(change: MetricChange) -> tuple[str, str]:
    """``81.5%``, ``78.4%``: the means before and after."""
    kind = METRICS[change.metric].kind
    return format_number(change.before, kind), format_number(change.after, kind)


def format_difference(change: MetricChange) -> str:
    """``-3.1 [-5.2, -1.0]``; of shares in percentage points."""
    kind, found = METRICS[change.metric].kind, change.difference
    ends = (found.mean, found.low, found.high)
    mean, low, high = (_signed(end, kind) for end in ends)
    return f"{mean} [{low}, {high}]"


def _signed(number: float, kind: Kind) -> str:
    if kind == "share":
        return f"{100 * number:+.1f}"
    return f"{number:+,.{0 if abs(number) >= 100 else 2}f}"
