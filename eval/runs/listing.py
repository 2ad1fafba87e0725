"""Lists the stored runs and reads them.

A run is a folder with `results.jsonl`, a line a case, and, if it came to its end, `summary.json`.
Whatever is wrong with a run is said; no run is hidden and none stops the listing.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from eval.runs import results
from eval.runs import summary as summaries
from eval.runs.results import CaseRecord
from eval.runs.summary import Summary
from eval.statistics.aggregate import Statistic, run_statistics
from rag.errors import FootnoteError

RESULTS, SUMMARY, REPORT = "results.jsonl", "summary.json", "report.html"
HEADER = "run.json"  # what it is measured on; all that is known of a run until it ends
NAME_FORMAT = "%Y-%m-%dT%H-%M-%SZ"  # how a run is named: the second it started at, UTC
SUMMARY_BYTES = 1_000_000
RESULTS_BYTES = 200_000_000
LINE_BYTES = 4_000_000
MAX_FAULTS = 20


class RunError(FootnoteError):
    """A run that cannot be kept or found."""


@dataclass(frozen=True, slots=True)
class Results:
    """What `results.jsonl` holds, and what is wrong with it."""

    entries: tuple[CaseRecord, ...]
    faults: tuple[str, ...] = ()

    def figures(self, *, intervals: bool = True) -> dict[str, Statistic]:
        """Those of the cases that could be read."""
        return run_statistics([entry.result for entry in self.entries], intervals=intervals)


@dataclass(frozen=True, slots=True)
class Run:
    """One kept run. Without a summary it was killed, is still going on, or has a `fault`."""

    name: str  # of its folder
    folder: Path
    summary: Summary | None = None
    fault: str = ""  # what is wrong with its summary, in words

    @property
    def started(self) -> datetime:
        """As its summary or its name says, or when its folder was last changed. Aware."""
        if self.summary:
            return self.summary.started
        return _named_time(self.name) or _changed(self.folder)

    @property
    def is_named_by_time(self) -> bool:
        return _named_time(self.name) is not None

    def results(self) -> Results:
        """Read the cases; that takes time in proportion to the size of the run."""
        try:
            return _results(self.folder / RESULTS)
        except FileNotFoundError:
            return Results((), (f"{RESULTS} is missing.",))
        except OSError as error:
            return Results((), (f"{RESULTS} cannot be read ({error.strerror or error}).",))
        except ValueError as error:
            return Results((), (f"{RESULTS} cannot be used ({error}).",))


def list_runs(folder: Path) -> list[Run]:
    """Every run in `folder`, newest first; none where there is no such folder."""
    found = [_run(path) for path in _folders(folder)]
    return sorted(found, key=lambda run: (run.started, run.name), reverse=True)


def find_run(folder: Path, name: str) -> Run:
    """The run of that name in `folder`; no path is ever made of `name`. Raises `RunError`."""
    for path in _folders(folder):
        if path.name == name:
            return _run(path)
    raise RunError("There is no such run.", "Choose one from the list of runs.")


def newest_finished_run(folder: Path) -> Run:
    """The newest run in `folder` that came to its end. Raises `RunError` where there is none."""
    for run in list_runs(folder):
        if run.summary:
            return run
    raise RunError("No run was kept yet.", "Make one: footnote eval.")


def _folders(folder: Path) -> list[Path]:
    try:
        found = [path for path in folder.iterdir() if path.is_dir()]
    except OSError:
        return []
    return [path for path in found if not path.name.startswith(".")]


def create_run_folder(folder: Path, started: datetime) -> Path:
    """A new folder for a run, in `folder`. Raises `OSError`."""
    folder.mkdir(parents=True, exist_ok=True)
    name = started.astimezone(UTC).strftime(NAME_FORMAT)
    for number in range(1, 100):
        path = folder / (name if number == 1 else f"{name}-{number}")
        try:
            path.mkdir()
        except FileExistsError:
            continue
        return path
    raise FileExistsError(17, "too many runs started in this second", str(folder / name))


# --- reading what may be anything -------------------------------------------------------------


def _run(folder: Path) -> Run:
    file = folder / SUMMARY
    try:
        return Run(folder.name, folder, summaries.parse_summary(_bytes(file, SUMMARY_BYTES)))
    except FileNotFoundError:
        return Run(folder.name, folder)
    except OSError as error:
        fault = error.strerror or str(error)
    except ValueError as error:
        fault = str(error)
    return Run(folder.name, folder, None, f"{SUMMARY} cannot be used ({fault}).")


def _results(file: Path) -> Results:
    _check_regular(file, RESULTS_BYTES)
    found: list[CaseRecord] = []
    faults: list[str] = []
    for number, data in _lines(file):
        try:
            if len(data) > LINE_BYTES:
                raise ValueError("it is too long")
            found.append(results.parse_line(data))
        except ValueError as error:
            faults.append(f"Line {number} of {RESULTS} is not a case ({error}).")
    if len(faults) > MAX_FAULTS:
        faults[MAX_FAULTS:] = [f"So are {len(faults) - MAX_FAULTS:,} more lines."]
    return Results(tuple(found), tuple(faults))


def _lines(file: Path) -> Iterator[tuple[int, bytes]]:
    """Each line that holds something, with its number; one that is too long is cut short."""
    with file.open("rb") as read:
        number = 0
        while data := read.readline(LINE_BYTES + 1):
            number += 1
            while not data.endswith(b"\n") and (more := read.readline(LINE_BYTES)):
                if more.endswith(b"\n"):
                    break
            if data.strip():
                yield number, data


def _bytes(file: Path, most: int) -> bytes:
    _check_regular(file, most)
    with file.open("rb") as read:
        return read.read(most)


def _check_regular(file: Path, most: int) -> None:
    """A pipe or a device could keep the reader waiting for ever."""
    found = file.stat()
    if not stat.S_ISREG(found.st_mode):
        raise ValueError("it is not a file")
    if found.st_size > most:
        raise ValueError(f"it has {found.st_size:,} bytes; {most:,} is the most")


def _named_time(name: str) -> datetime | None:
    """The time that a name begins with; the second run of a second ends in ``-2``."""
    try:
        return datetime.strptime(name[: len("2026-11-22T06-15-03Z")], NAME_FORMAT).replace(
            tzinfo=UTC
        )
    except ValueError:
        return None


def _changed(folder: Path) -> datetime:
    try:
        return datetime.fromtimestamp(folder.stat().st_mtime, UTC)
    except (OSError, ValueError, OverflowError):
        return datetime.fromtimestamp(0, UTC)
