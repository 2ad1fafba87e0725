"""What changed between two runs, metric by metric and case by case.

Pure but for reading the runs: the cases are paired by id, each metric's paired difference is told
with its interval, and the cases whose outcome flipped are told with both answers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eval.case_result import Outcome
from eval.compare.loading import ComparedRun, load_run
from eval.compare.metric_changes import (
    Conclusion,
    MetricChange,
    format_difference,
    format_means,
    metric_changes,
)
from eval.metrics import METRICS
from eval.runs.results import CaseRecord
from eval.text_format import count_of, list_ids, one_line

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

SCHEMA = "footnote.diff/1"
WIDTH = 80
_HEADINGS: dict[Conclusion, str] = {
    "worse": "Worse",
    "better": "Better",
    "no difference seen": "No difference seen",
    "too few to tell": "Too few questions to tell",
    "only told": "Only told",
}
_NOTE = """Difference: of shares in percentage points; in brackets its 95 % interval, drawn over
what stands or falls together. n (-1 +2): cases scored in both, and beside them
those scored in the first run only, and in the second only."""
_CONDITIONS = {
    "cases_digest": "other questions or other right answers",
    "corpus_digest": "other articles",
    "model": "another model",
    "prompts_digest": "other prompts",
    "settings": "other settings",
}


@dataclass(frozen=True, slots=True)
class Flip:
    """A case that came out otherwise. `good` where it is now as it should be, `bad` where it was;
    neither where it was and is amiss."""

    id: str
    question: str
    before: Outcome
    after: Outcome
    text_before: str
    text_after: str
    good: bool
    bad: bool


@dataclass(frozen=True, slots=True)
class Diff:
    """Two runs compared: `pairs` is the number of cases in both."""

    before: str  # their names
    after: str
    pairs: int
    only_before: tuple[str, ...]  # cases, by id
    only_after: tuple[str, ...]
    errors_before: tuple[str, ...]
    errors_after: tuple[str, ...]
    changes: tuple[MetricChange, ...]
    flips: tuple[Flip, ...]
    warnings: tuple[str, ...]


def diff_folders(a: Path, b: Path) -> Diff:
    """What changed from the run `a` to the run `b`: folders, or their `results.jsonl`.

    Raises `RunError` where one is not there.
    """
    return compare_runs(load_run(a), load_run(b))


def compare_runs(a: ComparedRun, b: ComparedRun) -> Diff:
    """What changed from `a` to `b`."""
    before, after = a.cases, b.cases
    return Diff(
        before=a.name,
        after=b.name,
        pairs=len(before.keys() & after.keys()),
        only_before=tuple(id for id in a.entries if id not in b.entries),
        only_after=tuple(id for id in b.entries if id not in a.entries),
        errors_before=a.errors,
        errors_after=b.errors,
        changes=tuple(metric_changes(before, after)),
        flips=tuple(_flips(a, b)),
        warnings=tuple(_warnings(a, b)),
    )


def _flips(a: ComparedRun, b: ComparedRun) -> Iterator[Flip]:
    for id, old in a.entries.items():
        new = b.entries.get(id)
        if new and new.result.outcome != old.result.outcome:
            yield Flip(
                id,
                new.question,
                old.result.outcome,
                new.result.outcome,
                _shown_text(old),
                _shown_text(new),
                good=new.result.is_expected,
                bad=old.result.is_expected,
            )


def _shown_text(entry: CaseRecord) -> str:
    return entry.result.text or entry.result.reason or ""


def _warnings(a: ComparedRun, b: ComparedRun) -> Iterator[str]:
    for each in (a, b):
        yield from (f"{each.name}: {fault}" for fault in each.faults)
        if each.entries and not any(case.scores for case in each.cases.values()):
            yield f"{each.name}: it holds no scores; an earlier version made it."
    if a.summary and b.summary:
        for name, words in _CONDITIONS.items():
            old, new = getattr(a.summary, name), getattr(b.summary, name)
            if old != new:
                yield f"The two runs had {words}: {_differing(old, new)}."


def _differing(old: object, new: object) -> str:
    """``3 and 5``; of settings those that differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        names = [name for name in old | new if old.get(name) != new.get(name)]
        return ", ".join(f"{name} {old.get(name)} and {new.get(name)}" for name in names)
    return f"{old} and {new}"


# --- in words ---------------------------------------------------------------------------------


def show_diff(a: Path, b: Path, as_json: bool = False) -> int:
    """Print what changed from run `a` to run `b`, for people or as JSON; returns the exit code.

    Raises `RunError` where one is not there.
    """
    found = diff_folders(a, b)
    if as_json:
        print(json.dumps(to_json(found), ensure_ascii=False, indent=2))
        return 0
    from rich.console import Console

    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = WIDTH
    _show(found, console)
    return 0


def to_json(found: Diff) -> dict[str, Any]:
    """One JSON document; `changes` is an object by metric."""
    whole = asdict(found)
    named = {change.pop("metric"): change for change in whole.pop("changes")}
    return {"schema": SCHEMA, **whole, "changes": named}


def _show(found: Diff, console: Console) -> None:
    console.print(f"{one_line(found.before)} → {one_line(found.after)}", style="bold")
    console.print(f"{count_of(found.pairs)} in both, compared one by one.")
    for line in _amiss(found):
        console.print(f"! {line}", style="yellow")
    if found.changes:
        console.print(_table(found))
        console.print(f"\n{_NOTE}", style="dim")
    _show_flips(found.flips, console)


def _amiss(found: Diff) -> Iterator[str]:
    """What a person must know before trusting the figures."""
    yield from map(one_line, found.warnings)
    sides = [
        (found.before, found.only_before, found.errors_before),
        (found.after, found.only_after, found.errors_after),
    ]
    for name, only, errors in sides:
        if only:
            yield f"{count_of(len(only))} only in {one_line(name)}: {list_ids(only)}."
        if errors:
            many = count_of(len(errors))
            yield f"{many} ended in an error in {one_line(name)}: {list_ids(errors)}."


def _table(found: Diff) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("Metric", overflow="fold")
    for heading in ("Before", "After", "Difference [95 %]", "n"):
        table.add_column(heading, justify="right", no_wrap=True)
    for word, heading in _HEADINGS.items():
        some = [change for change in found.changes if change.word == word]
        if some:
            table.add_row()
            table.add_row(heading, style="bold" if word in ("worse", "better") else "dim")
        for change in some:
            table.add_row(*_cells(change), style="red" if word == "worse" else None)
    return table


def _cells(change: MetricChange) -> tuple[str, ...]:
    metric = METRICS[change.metric]
    before, after = format_means(change)
    # Scored on one side only: the means do not rest on these.
    lost = len(change.only_before), len(change.only_after)
    n = f"{change.n}" + (f" (-{lost[0]} +{lost[1]})" if any(lost) else "")
    return f"  {metric.label}", before, after, format_difference(change), n


def _show_flips(all_flips: Sequence[Flip], console: Console) -> None:
    if not all_flips:
        console.print("\nNo case came out otherwise.")
    groups = {
        "Came out right before, and no longer": [f for f in all_flips if f.bad],
        "Come out right now": [f for f in all_flips if f.good],
        "Amiss before and now, in another way": [f for f in all_flips if not f.good | f.bad],
    }
    for heading, flips in groups.items():
        if flips:
            console.print(f"\n{heading}: {len(flips)}", style="bold")
        for flip in flips:
            console.print(f"{one_line(flip.id)}: {one_line(flip.question)}")
            console.print(f"  - {flip.before}: {one_line(flip.text_before)}")
            console.print(f"  + {flip.after}: {one_line(flip.text_after)}")
