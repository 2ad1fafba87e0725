"""Starts, resumes and writes a run.

A run's folder has `run.json` from the start, with what it is measured on, and a line of
`results.jsonl` for each case as soon as it is known. Who goes on with a run must measure the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from eval.case_result import CaseResult
from eval.runs import listing
from eval.runs.conditions import Conditions
from eval.runs.listing import HEADER, REPORT, RESULTS, SUMMARY, RunError
from eval.runs.results import CaseRecord
from eval.runs.summary import first_problem
from rag.errors import printable_line

LOCK = "run.lock"
_MEASURED_ON = {  # the fields of `Conditions`, in words
    "model": "the model",
    "commit": "the version",
    "cases_file": "the file of cases",
    "cases_digest": "the cases",
    "documents": "the number of articles",
    "corpus_digest": "the articles",
    "prompts_digest": "the prompts",
    "settings": "the settings",
}


class RunHeader(BaseModel):
    """What is written of a run at its start. `measured_on` are its conditions by name."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    schema_: Literal["footnote.eval.run/1"] = Field(default="footnote.eval.run/1", alias="schema")
    started: AwareDatetime
    cases: int = Field(ge=0)
    resumed: int = Field(default=0, ge=0)  # how often it was gone on with
    measured_on: dict[str, Any]


@dataclass(frozen=True, slots=True)
class RunWriter:
    """A run that goes on, in `folder`. `before` are the cases that are there already."""

    folder: Path
    header: RunHeader
    before: tuple[CaseRecord, ...] = ()

    @property
    def rows(self) -> dict[str, CaseResult]:
        """By the id of the case."""
        return {entry.result.id: entry.result for entry in self.before}

    def add(self, line: str) -> None:
        """Add a line of results. Raises `RunError`."""
        with errors_as_run_error(self.folder), _open(self.folder / RESULTS) as written:
            written.write(line)


def _open(file: Path) -> Any:
    return file.open("a", encoding="utf-8", errors="replace")


@contextmanager
def errors_as_run_error(folder: Path) -> Iterator[None]:
    """Raises `RunError` where the run cannot be written."""
    try:
        yield
    except OSError as error:
        raise RunError(
            f"The run cannot be kept in {folder} ({error.strerror or error}).",
            "Make room or choose another folder with --out.",
        ) from error


def new_run_folder(folder: Path) -> Path:
    """A new folder for a run that starts now, in `folder`. Raises `RunError`."""
    with errors_as_run_error(folder):
        return listing.create_run_folder(folder, datetime.now(UTC))


@contextmanager
def start_run(folder: Path, facts: Conditions, cases: int) -> Iterator[RunWriter]:
    """A new run in `folder`; what another one left there is removed. Raises `RunError`."""
    with errors_as_run_error(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        started = datetime.now(UTC).replace(microsecond=0)
        header = RunHeader(started=started, cases=cases, measured_on=_plain(facts))
        with errors_as_run_error(folder):
            for name in (SUMMARY, REPORT):
                (folder / name).unlink(missing_ok=True)
            (folder / RESULTS).write_bytes(b"")
            _write(header, folder)
        yield RunWriter(folder, header)


@contextmanager
def resume_run(folder: Path, facts: Conditions, cases: int) -> Iterator[RunWriter]:
    """The run in `folder`, which broke off. A last line that was not written to its end is cut
    off. Raises `RunError`: there is no such run, it came to its end or still goes on, it was
    measured on something else, or a line of it cannot be read.
    """
    header = _read(folder)
    with _alone(folder):
        _check(header, _plain(facts), cases)
        with errors_as_run_error(folder):
            _cut_torn_line(folder / RESULTS)
        found = listing.Run(folder.name, folder).results()
        if found.faults:
            raise RunError(
                f"The run in {folder} cannot be gone on with: {found.faults[0]}", "Start a new run."
            )
        header = header.model_copy(update={"resumed": header.resumed + 1})
        with errors_as_run_error(folder):
            _write(header, folder)
        yield RunWriter(folder, header, found.entries)


def reopen_run(folder: Path, facts: Conditions, cases: int) -> bool:
    """Take back the end of a run, and the cases of it that ended in an error, so that `resume_run`
    asks those again. False, and nothing is changed, where there is none, or where it was measured
    on something else. Raises `RunError`.
    """
    with _alone(folder), errors_as_run_error(folder):
        try:
            header = RunHeader.model_validate_json((folder / HEADER).read_bytes())
            _check(header, _plain(facts), cases)
        except (ValidationError, RunError, FileNotFoundError):
            return False
        lines = (folder / RESULTS).read_text("utf-8").splitlines(keepends=True)
        kept = [line for line in lines if json.loads(line).get("outcome") != "error"]
        if len(kept) == len(lines):
            return False
        for name in (SUMMARY, REPORT):
            (folder / name).unlink(missing_ok=True)
        part = folder / f".{RESULTS}.part"
        part.write_text("".join(kept), "utf-8")
        part.replace(folder / RESULTS)
    return True


def find_unfinished(folder: Path, which: Path | Literal["last"]) -> Path:
    """The folder of the run to go on with: `which`, or the newest in `folder` that has no end.

    Raises `RunError` where there is none.
    """
    if which != "last":
        _read(which)
        return which
    for run in listing.list_runs(folder):
        if not run.summary and is_unfinished(run.folder):
            return run.folder
    raise RunError("There is no unfinished run.", "Start one: `footnote eval`.")


def is_unfinished(folder: Path) -> bool:
    """True of the folder of a run that began and came to no end."""
    return (folder / HEADER).is_file() and not (folder / SUMMARY).exists()


def _read(folder: Path) -> RunHeader:
    if (folder / SUMMARY).exists():
        raise RunError(f"The run in {folder} came to its end.", "Start a new one.")
    try:
        return RunHeader.model_validate_json((folder / HEADER).read_bytes())
    except FileNotFoundError as error:
        problem = f"There is no run in {folder} that could be gone on with."
        raise RunError(problem, "Give the folder of one that broke off.") from error
    except ValidationError as error:
        raise RunError(
            f"{HEADER} cannot be used ({first_problem(error)}).", "Start a new run."
        ) from error
    except OSError as error:
        said = error.strerror or error
        raise RunError(f"{HEADER} cannot be read ({said}).", "Start a new run.") from error


def _write(header: RunHeader, folder: Path) -> None:
    part = folder / f".{HEADER}.part"
    part.write_text(f"{header.model_dump_json(by_alias=True, indent=2)}\n", "utf-8", "replace")
    part.replace(folder / HEADER)


def _plain(facts: Conditions) -> dict[str, Any]:
    """As they are read back from JSON."""
    plain: dict[str, Any] = json.loads(json.dumps(asdict(facts)))
    return plain


def _check(header: RunHeader, facts: Mapping[str, Any], cases: int) -> None:
    """Raises `RunError` that names what differs."""
    other = [_differing(name, header.measured_on.get(name), facts[name]) for name in facts]
    if header.cases != cases:
        other.append(f"the number of cases ({header.cases} then, {cases} now)")
    if differing := [each for each in other if each]:
        raise RunError(
            f"The run was measured on something else: {'; '.join(differing)}.",
            "Start a new run, or ask as it was asked then.",
        )


def _differing(name: str, then: Any, now: Any) -> str:
    """``the model (small then, large now)``; empty where they agree."""
    if then == now:
        return ""
    if isinstance(then, dict) and isinstance(now, dict):
        names = [key for key in sorted({*then, *now}) if then.get(key) != now.get(key)]
        return ", ".join(
            f"{key} ({_printable(then.get(key))}, {now.get(key)} now)" for key in names
        )
    return f"{_MEASURED_ON.get(name, name)} ({_printable(then)}, {now} now)"


def _printable(then: object) -> str:
    """From a file that may say anything."""
    return printable_line(f"{then} then")[:200]


def _cut_torn_line(file: Path) -> None:
    """Leave only lines that were written to their end."""
    with file.open("r+b") as written:
        data = written.read()
        written.truncate(data.rfind(b"\n") + 1)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time writes a run; the lock dies with its process."""
    lock = FileLock(folder / LOCK, timeout=0)
    with errors_as_run_error(folder):
        try:
            lock.acquire()
        except Timeout as error:  # an OSError too
            problem = f"The run in {folder} still goes on in another process."
            raise RunError(problem, "Wait for it, or stop it.") from error
    try:
        yield
    finally:
        (folder / LOCK).unlink(missing_ok=True)
        lock.release()
