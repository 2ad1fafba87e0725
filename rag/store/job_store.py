"""The queue of indexing jobs, in a file of the data folder that every process shares."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from rag import events
from rag.errors import FootnoteError, LibraryBusy, LibraryError
from rag.events import IngestEvent
from rag.store.sqlite import Database, DatabaseFormat

JobState = Literal["waiting", "running", "done", "failed", "cancelled"]
ENDED = ("done", "failed", "cancelled")
MAX_ENDED = 50  # jobs whose log is kept
_SPACE = "Free some space and try again; what was indexed before is still there."
_ACCESS = "Get write access to it, or set FOOTNOTE_DATA_DIR to another directory."
_REMEDY = "Delete that file: it holds only which runs of indexing there were."

FORMAT = DatabaseFormat(
    name="list of jobs",
    version=1,
    schema="""
CREATE TABLE jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    paths TEXT NOT NULL,
    urls TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting',
    cancelling INTEGER NOT NULL DEFAULT 0,
    submitted REAL NOT NULL,
    started REAL,
    ended REAL,
    done INTEGER NOT NULL DEFAULT 0,
    total INTEGER,
    current TEXT NOT NULL DEFAULT '',
    error_kind TEXT NOT NULL DEFAULT '',
    problem TEXT NOT NULL DEFAULT '',
    remedy TEXT NOT NULL DEFAULT ''
);
CREATE TABLE log (
    row INTEGER PRIMARY KEY AUTOINCREMENT,
    job INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    event TEXT NOT NULL
);
CREATE INDEX log_of_job ON log (job, row)
""",
    pragmas=("synchronous = NORMAL",),
    error=LibraryError,
    busy_error=LibraryBusy,
    problems={
        sqlite3.SQLITE_FULL: ("cannot grow because the disk is full", _SPACE),
        sqlite3.SQLITE_READONLY: ("may only be read", _ACCESS),
        sqlite3.SQLITE_CANTOPEN: ("cannot be opened", _ACCESS),
    },
    other_remedy=_REMEDY,
)
_COLUMNS = (
    "id, paths, urls, state, cancelling, submitted, started, ended, done, total, current,"
    " error_kind, problem, remedy"
)


@dataclass(frozen=True, slots=True)
class Job:
    """A run of indexing: what it was asked for, and how far it is.

    Times are in seconds since 1970. `done` of about `total` chunks are embedded (None: not known
    yet); `current` is the title of a document. `problem` says why a job failed, `error_kind` is
    the name of its error.
    """

    id: int
    paths: tuple[Path, ...]
    urls: tuple[str, ...]
    state: JobState
    cancelling: bool
    submitted: float
    started: float | None
    ended: float | None
    done: int
    total: int | None
    current: str
    error_kind: str
    problem: str
    remedy: str

    @property
    def has_ended(self) -> bool:
        return self.state in ENDED

    def seconds_left(self, now: float | None = None) -> float | None:
        """About how long a running job will take, at its speed until now; None: not known."""
        if self.state != "running" or not (self.started and self.total and self.done):
            return None
        spent = (now or time.time()) - self.started
        return max(0.0, spent * (self.total - self.done) / self.done)


class JobStore:
    """One open list of jobs. Safe to share among threads and processes. Every method raises
    `LibraryError`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._query = database.rows

    @classmethod
    def open(cls, path: Path) -> JobStore:
        """Open the list at `path`, made where missing."""
        return cls(Database.open(path, FORMAT))

    def close(self) -> None:
        self._database.close()

    def submit(self, paths: Sequence[Path], urls: Sequence[str] = ()) -> Job:
        """Add a job to the end of the queue."""
        given = [json.dumps([str(path.absolute()) for path in paths]), json.dumps(list(urls))]
        with self._database.transaction() as connection:
            id = connection.execute(
                "INSERT INTO jobs (paths, urls, submitted) VALUES (?, ?, ?)", (*given, time.time())
            ).lastrowid
            connection.execute(
                "DELETE FROM jobs WHERE ended NOT NULL AND id <= ? - ?", (id, MAX_ENDED)
            )
        return self.job(id or 0)

    def job(self, id: int) -> Job:
        """The job of this id. Raises `LibraryError` where there is none."""
        found = self._select("WHERE id = ?", id)
        if not found:
            raise LibraryError(f"There is no job {id}.", "List them with `footnote jobs`.")
        return found[0]

    def jobs(self) -> list[Job]:
        """Every job that is kept, the newest first."""
        return self._select("ORDER BY id DESC")

    def next(self) -> Job | None:
        """The first job that has not ended; one that was broken off is the first."""
        found = self._select("WHERE ended IS NULL ORDER BY state = 'running' DESC, id LIMIT 1")
        return found[0] if found else None

    def cancel(self, id: int) -> Job:
        """Have a job end: a waiting one at once, a running one soon. What it has indexed stays."""
        self._query("UPDATE jobs SET cancelling = 1 WHERE id = ? AND ended IS NULL", id)
        self._query(
            "UPDATE jobs SET state = 'cancelled', ended = ? WHERE id = ? AND state = 'waiting'",
            *(time.time(), id),
        )
        return self.job(id)

    def start(self, id: int) -> None:
        """A job is being run, from its beginning."""
        self._query(
            "UPDATE jobs SET state = 'running', started = ?, done = 0, total = NULL WHERE id = ?",
            *(time.time(), id),
        )

    def end(self, id: int, state: JobState, error: FootnoteError | None = None) -> None:
        """A job has ended, with an error where it failed."""
        told = (type(error).__name__, error.problem, error.remedy) if error else ("", "", "")
        self._query(
            "UPDATE jobs SET state = ?, error_kind = ?, problem = ?, remedy = ?, ended = ?"
            " WHERE id = ?",
            *(state, *told, time.time(), id),
        )

    def put_back(self, id: int) -> None:
        """A job that was started is to wait."""
        self._query("UPDATE jobs SET state = 'waiting' WHERE id = ?", id)

    def report(self, id: int, done: int, total: int | None, current: str) -> None:
        """How far a running job is."""
        self._query(
            "UPDATE jobs SET done = ?, total = ?, current = ? WHERE id = ?",
            *(done, total, current.encode(errors="replace").decode(), id),
        )

    def log(self, id: int, found: Sequence[IngestEvent]) -> None:
        """Add what happened to the log of a job."""
        rows = [(id, json.dumps([type(each).__name__, asdict(each)])) for each in found]
        with self._database.transaction() as connection:
            connection.executemany("INSERT INTO log (job, event) VALUES (?, ?)", rows)

    def events(self, id: int, after: int = 0) -> Iterator[tuple[int, IngestEvent]]:
        """The log of a job from the row behind `after`, each event with its row."""
        rows = self._query(
            "SELECT row, event FROM log WHERE job = ? AND row > ? ORDER BY row", id, after
        )
        for row, text in rows:
            yield row, _event(*json.loads(text))

    def last_row(self, id: int) -> int:
        """The last row of the log of a job, 0 where it is empty."""
        return int(self._query("SELECT coalesce(max(row), 0) FROM log WHERE job = ?", id)[0][0])

    def _select(self, where: str, *values: object) -> list[Job]:
        rows = self._query(f"SELECT {_COLUMNS} FROM jobs {where}", *values)  # noqa: S608
        return [
            Job(id, tuple(map(Path, json.loads(paths))), tuple(json.loads(urls)), *rest)
            for id, paths, urls, *rest in rows
        ]


def _event(name: str, fields: dict[str, Any]) -> IngestEvent:
    if name == "PassedOver":
        fields["endings"] = tuple((ending, number) for ending, number in fields["endings"])
    made: IngestEvent = getattr(events, name)(**fields)
    return made
