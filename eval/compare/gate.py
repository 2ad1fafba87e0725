"""Whether a run is worse than the baseline, beyond noise.

Only deterministic metrics that have a better side can fail it. An invariant fails with a single
case that is worse; any other metric where the whole 95 % interval of its paired difference lies on
the worse side of 0. What could make the comparison rest on fewer cases is a failure too.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from eval.compare.baseline import Baseline, read_baseline
from eval.compare.loading import ComparedRun, load_run
from eval.compare.metric_changes import (
    TOLERANCE,
    CaseScores,
    MetricChange,
    format_difference,
    format_means,
    loss,
    metric_change,
    scores_by_case,
)
from eval.metrics import METRICS, Metric
from eval.text_format import count_of, list_ids, one_line
from rag.settings import Settings

_SAME = {"cases_digest": "questions or right answers", "corpus_digest": "articles"}
_TOLD = {"model": "model", "prompts_digest": "prompts", "commit": "commit"}


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a run does not pass, in a line; `metric` where one fell, empty where it is the run."""

    metric: str
    text: str


@dataclass(frozen=True, slots=True)
class GateResult:
    """A run passes where there is no failure. `notes` is worth knowing and fails nothing."""

    failures: tuple[Failure, ...]
    notes: tuple[str, ...]

    @property
    def metrics(self) -> frozenset[str]:
        """The names of the metrics that failed."""
        return frozenset(failure.metric for failure in self.failures if failure.metric)


def check_against_baseline(baseline: Baseline, run: ComparedRun) -> GateResult:
    """Hold `run` to `baseline`."""
    before, after = baseline.scored, run.cases
    names = [name for name, metric in METRICS.items() if metric.deterministic and metric.better]
    found = {name: metric_change(name, before, after) for name in names}
    failures = [Failure("", text) for text in _other_ground(baseline, run)]
    for name in names:
        failures += _failures(name, found[name], before, after)
    compared = [each for each in found.values() if each]
    notes = [*_other_conditions(baseline, run), *_notes(compared)]
    notes.append(
        f"Compared: {count_of(len(before.keys() & after.keys()))} of {len(before):,},"
        f" {count_of(len(compared), 'metric')}."
    )
    return GateResult(tuple(failures), tuple(notes))


def _other_ground(baseline: Baseline, run: ComparedRun) -> Iterator[str]:
    """What makes the comparison one of other or fewer cases."""
    yield from run.faults
    missing = [id for id in baseline.cases if id not in run.entries]
    extra = [id for id in run.entries if id not in baseline.cases]
    if missing:
        yield f"The run lacks {count_of(len(missing))} of the baseline: {list_ids(missing)}."
    if extra:
        yield f"The baseline lacks {count_of(len(extra))} of the run: {list_ids(extra)}."
    if run.errors:
        yield f"{count_of(len(run.errors))} ended in an error: {list_ids(run.errors)}."
    for name, words in _SAME.items() if run.summary else ():
        old, new = getattr(baseline.conditions, name), getattr(run.summary, name)
        if old != new:
            yield f"The run had other {words} than the baseline ({old} there, {new} here)."


def _other_conditions(baseline: Baseline, run: ComparedRun) -> Iterator[str]:
    for name, word in _TOLD.items() if run.summary else ():
        old, new = getattr(baseline.conditions, name), getattr(run.summary, name)
        if old != new:
            yield f"Another {word}: {one_line(str(old), 80)} there, {one_line(str(new), 80)} here."


def _failures(
    name: str,
    found: MetricChange | None,
    before: Mapping[str, CaseScores],
    after: Mapping[str, CaseScores],
) -> Iterator[Failure]:
    metric = METRICS[name]
    gone = _no_longer_scored(name, before, after)
    if gone:
        text = f"{metric.label}: no longer scored in {count_of(len(gone))}: {list_ids(gone)}."
        yield Failure(name, text)
    worse = _below(name, before, after) if metric.invariant else []
    if worse:
        text = (
            f"{metric.label}: worse in {count_of(len(worse))}, and none may be: {list_ids(worse)}."
        )
        yield Failure(name, text)
    elif found and found.word == "worse":
        yield Failure(name, f"{_describe(found)}; worst: {list_ids(found.worse)}.")


def _no_longer_scored(
    name: str, before: Mapping[str, CaseScores], after: Mapping[str, CaseScores]
) -> list[str]:
    """Cases that were scored and are not, though they were answered both times, or declined both
    times; or every case, where not one is scored any more. Errors are told by themselves."""
    olds, news = scores_by_case(name, before), scores_by_case(name, after)
    known = {id for id, case in after.items() if case.outcome != "error"}
    lost = [id for id in olds if id in known and id not in news]
    if not news:
        return lost
    return [id for id in lost if _is_answered(before[id]) == _is_answered(after[id])]


def _is_answered(case: CaseScores) -> bool:
    return case.outcome in ("right", "wrong")


def _below(
    name: str, before: Mapping[str, CaseScores], after: Mapping[str, CaseScores]
) -> list[str]:
    """Cases worse than in the baseline, or, where they were not scored there, than the best."""
    metric, olds = METRICS[name], scores_by_case(name, before)
    best = _best(metric)
    news = scores_by_case(name, after)
    return [id for id in news if loss(metric, olds.get(id, best), news[id]) > TOLERANCE]


def _best(metric: Metric) -> float:
    return 1.0 if metric.better == "higher" else 0.0


def _notes(compared: list[MetricChange]) -> Iterator[str]:
    """Each metric that moved and did not fail, and in a line those that did not move at all."""
    still = [each for each in compared if _is_still(each)]
    for each in compared:
        if each not in still and each.word != "worse":
            yield f"{_describe(each)}: {each.word}."
    if still:
        labels = ", ".join(METRICS[each.metric].label for each in still)
        yield f"The same in every case: {labels}."


def _is_still(change: MetricChange) -> bool:
    return not change.worse and abs(change.difference.mean) <= TOLERANCE


def _describe(found: MetricChange) -> str:
    label, values = METRICS[found.metric].label, " → ".join(format_means(found))
    return f"{label}: {values}, {format_difference(found)}, n {found.n}{_fewer(found)}"


def _fewer(found: MetricChange) -> str:
    """Of what `n` is made, where not every case is scored on both sides."""
    lost, gained = len(found.only_before), len(found.only_after)
    return f" ({lost} scored there only, {gained} here only)" if lost or gained else ""


# --- in words ---------------------------------------------------------------------------------


def check_run(baseline: Path, run: Path) -> int:
    """Print whether the run in the folder `run` is worse than `baseline`; returns the exit code:
    1 where it is. Raises `RunError`, `BaselineError`."""
    found = check_against_baseline(read_baseline(baseline), load_run(run))
    for note in found.notes:
        print(note, file=sys.stderr if found.failures else sys.stdout)
    for failure in found.failures:
        print(f"FAIL {failure.text}")
    if not found.failures:
        print("No metric is worse than the baseline beyond noise.")
    return 1 if found.failures else 0


def run_and_check(baseline: Path, settings: Settings) -> int:
    """Ask the questions of `baseline` now, keep the run, and hold it; a run that somebody stops is
    not held. Raises as `check_run` does, and as `eval.run.run_golden`."""
    from eval import run
    from eval.runs import writing

    cases = read_baseline(baseline).cases
    folder = writing.new_run_folder(settings.data_dir / "evals")
    code = run.run_golden(settings, None, folder, choose=run.cases_by_id(cases))
    return code if code == run.EXIT_INTERRUPTED else check_run(baseline, folder)
