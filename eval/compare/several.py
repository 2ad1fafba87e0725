"""Compares runs of several settings on the same cases: who wins where, by kind of question.

Pure. The first run is what the others are held to. Differences are paired by case, with 95 %
intervals (`eval.statistics.bootstrap`); one is called only where the interval leaves out 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from eval.compare.baseline import BaselineError, make_baseline
from eval.compare.diff import Diff, compare_runs
from eval.compare.diff import to_json as diff_to_json
from eval.compare.gate import Failure, check_against_baseline
from eval.compare.loading import ComparedRun
from eval.compare.metric_changes import MIN_CLUSTERS, TOLERANCE
from eval.drafting.draft import kind_of
from eval.statistics.bootstrap import Interval, paired_interval

SCHEMA = "footnote.compare/1"
OTHER_KINDS = "other"
ALL = "all"


@dataclass(frozen=True, slots=True)
class KindRow:
    """The questions of one kind: the share of each run that came out as it should, and how much
    more of it each later run has than the first. `best` is the run that wins, "" where no
    difference is seen."""

    kind: str
    n: int
    shares: tuple[float, ...]
    differences: tuple[Interval | None, ...]
    best: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Runs of the same cases. `diffs` and `regressions` have an entry for each run but the first:
    what changed, and what is worse beyond noise."""

    runs: tuple[ComparedRun, ...]
    kinds: tuple[KindRow, ...]
    diffs: tuple[Diff, ...]
    regressions: tuple[tuple[Failure, ...], ...]

    @property
    def is_worse(self) -> bool:
        """True where a run is worse than the first, beyond noise."""
        return any(self.regressions)


def compare_settings(runs: Sequence[ComparedRun]) -> Comparison:
    """Compare runs, the first with each of the others. At least two are needed."""
    first, *others = runs
    return Comparison(
        tuple(runs),
        tuple(_kind_rows(runs)),
        tuple(compare_runs(first, other) for other in others),
        tuple(tuple(_regressions(first, other)) for other in others),
    )


def _regressions(first: ComparedRun, other: ComparedRun) -> Iterator[Failure]:
    try:
        baseline = make_baseline(first)
    except BaselineError as error:
        yield Failure("", error.problem)
        return
    yield from check_against_baseline(baseline, other).failures


def _kind_rows(runs: Sequence[ComparedRun]) -> Iterator[KindRow]:
    """All cases, then those of each kind, the most frequent first."""
    common = [id for id in runs[0].entries if all(id in run.entries for run in runs)]
    by_kind: dict[str, list[str]] = {}
    for id in common:
        kind = kind_of(runs[0].entries[id].result.tags) or OTHER_KINDS
        by_kind.setdefault(kind, []).append(id)
    if common:
        yield _kind_row(ALL, common, runs)
    for kind, ids in sorted(by_kind.items(), key=lambda each: -len(each[1])):
        yield _kind_row(kind, ids, runs)


def _kind_row(kind: str, ids: Sequence[str], runs: Sequence[ComparedRun]) -> KindRow:
    scores = [[float(run.entries[id].result.is_expected) for id in ids] for run in runs]
    clusters = [runs[0].entries[id].result.cluster or id for id in ids]
    differences = tuple(paired_interval(scores[0], each, clusters) for each in scores[1:])
    shares = tuple(sum(each) / len(ids) for each in scores)
    return KindRow(kind, len(ids), shares, differences, _best(runs, shares, differences))


def _best(
    runs: Sequence[ComparedRun], shares: Sequence[float], differences: Sequence[Interval | None]
) -> str:
    """The run with the highest share where its difference to the first is beyond noise; the first
    where that is so of each other one."""
    top = max(range(len(runs)), key=lambda place: (shares[place], -place))
    if top:
        return runs[top].name if _is_beyond_noise(differences[top - 1]) else ""
    return runs[0].name if all(map(_is_beyond_noise, differences)) else ""


def _is_beyond_noise(found: Interval | None) -> bool:
    if found is None or found.clusters < MIN_CLUSTERS:
        return False
    return found.low > TOLERANCE or found.high < -TOLERANCE


def comparison_to_json(found: Comparison) -> dict[str, Any]:
    """One JSON document."""
    return {
        "schema": SCHEMA,
        "runs": [
            {
                "name": run.name,
                "model": run.summary.model if run.summary else None,
                "settings": run.summary.settings if run.summary else None,
                "cases": len(run.entries),
            }
            for run in found.runs
        ],
        "kinds": [asdict(row) for row in found.kinds],
        "differences": [diff_to_json(diff) for diff in found.diffs],
        "regressions": {
            run.name: [asdict(failure) for failure in failures]
            for run, failures in zip(found.runs[1:], found.regressions, strict=True)
        },
    }
