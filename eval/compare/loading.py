"""Loads a stored run for comparison.

Whatever is wrong with it goes along in words, so that no comparison rests silently on fewer cases.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from eval.compare.metric_changes import CaseScores
from eval.runs import listing
from eval.runs.listing import RESULTS, RunError
from eval.runs.results import CaseRecord
from eval.runs.summary import Summary
from eval.text_format import count_of, list_ids, one_line


@dataclass(frozen=True, slots=True)
class ComparedRun:
    """One run, to be compared. Without a `summary` it is not known what it was measured on."""

    name: str
    entries: dict[str, CaseRecord]  # by the id of the case
    summary: Summary | None
    faults: tuple[str, ...] = ()

    @property
    def cases(self) -> dict[str, CaseScores]:
        """The scores of every case; those of one that ended in an error say no more than that."""
        return {
            id: CaseScores(entry.result.cluster or id, entry.result.outcome, entry.result.scores)
            for id, entry in self.entries.items()
        }

    @property
    def errors(self) -> tuple[str, ...]:
        """The ids of the cases that ended in an error."""
        return tuple(id for id, e in self.entries.items() if e.result.outcome == "error")


def load_run(path: Path) -> ComparedRun:
    """The run in the folder `path`, or whose `results.jsonl` it is. Raises `RunError`."""
    folder = path.resolve()
    if folder.name == RESULTS and folder.is_file():
        folder = folder.parent
    if not (folder / RESULTS).is_file():
        raise RunError(
            f"There is no run in {one_line(str(path))}.",
            f"Name the folder of a run, or its {RESULTS}.",
        )
    run = listing.find_run(folder.parent, folder.name)
    results = run.results()
    ids = Counter(entry.result.id for entry in results.entries)
    twice = [id for id, count in ids.items() if count > 1]
    faults = [*results.faults, run.fault or _unfinished(run.summary, len(results.entries))]
    if twice:
        faults.append(f"{count_of(len(twice))} stand there twice: {list_ids(twice)}.")
    known = {entry.result.id: entry for entry in results.entries}
    return ComparedRun(run.name, known, run.summary, tuple(fault for fault in faults if fault))


def _unfinished(summary: Summary | None, cases: int) -> str:
    if summary is None:
        return f"It did not come to its end: {count_of(cases)} were asked."
    if summary.cases != cases:
        return f"Its summary speaks of {count_of(summary.cases)}, its results hold {cases:,}."
    return ""
