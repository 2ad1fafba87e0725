"""Runs the jobs of indexing, one at a time, whichever process asks for them.

A job stands in a queue in the data folder (`rag.store.job_store`). Whoever waits for one runs the
first of the queue where nobody else does; so a job that was broken off, by a kill or a restart, is
taken up by the next who waits. Indexing is such that this needs no more than to run it again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from rag import errors
from rag.errors import Cancelled, FootnoteError, LibraryBusy, LibraryError
from rag.events import IngestEvent
from rag.ingest.index_lock import IndexLock, try_run
from rag.store.job_store import Job, JobStore

POLL_S = 0.2  # between looks at a job that another process runs
REPORT_S = 0.3  # between reports of a job, and between what is added to its log

Progress = Callable[[int, int | None, str], None]
# Indexes paths and pages: see `rag.ingest.pipeline.ingest`.
Index = Callable[[Sequence[Path], Progress, Sequence[str]], Iterator[IngestEvent]]
OnLook = Callable[[Job], None]


class Jobs:
    """The queue, and who runs it: `index` does one job. `lock` is a file that the process
    that runs jobs locks, or a lock of a database."""

    def __init__(self, store: JobStore, lock: IndexLock, index: Index) -> None:
        self.store = store
        self._index = index
        self._lock = lock

    def follow(self, id: int, on_look: OnLook | None = None) -> Iterator[IngestEvent]:
        """What happens in a job, until it has ended; the job is run here where no other process
        runs one, after those before it.

        `on_look` is called with the job, or the one that it waits for, several times a second.
        Closing the iterator leaves a job that is run here to whoever waits for one next. Raises
        what ended the job: `Cancelled`, or the error of indexing.
        """
        seen = 0
        while True:
            job = self.store.job(id)
            for row, event in self.store.events(id, seen):
                seen = row
                yield event
            if job.has_ended:
                return _raise_error(job)
            first = self.store.next() or job
            if on_look:
                on_look(first)
            run = _Run(self.store, first, on_look)
            for event in self._run(run):
                if first.id == id:
                    yield event
            if run.has_run and first.id == id:
                seen = self.store.last_row(id)
            elif not run.has_run:
                time.sleep(POLL_S)

    def finish_all(self) -> None:
        """Run every job that has not ended, unless another process runs them."""
        while job := self.store.next():
            run = _Run(self.store, job, None)
            for _ in self._run(run):
                pass
            if not run.has_run:
                return

    def cancel(self, id: int) -> Job:
        """Have a job end, whoever runs it. What it has indexed stays."""
        self.store.cancel(id)
        with try_run(self._lock) as is_mine:
            if is_mine and not self.store.job(id).has_ended:  # it was broken off
                self.store.end(id, "cancelled", _cancelled())
        return self.store.job(id)

    def _run(self, run: _Run) -> Iterator[IngestEvent]:
        """Run a job, unless another process or thread runs one."""
        with try_run(self._lock) as is_mine:
            if is_mine:
                yield from run.work(self._index)


class _Run:
    """One job under way in this process. `has_run` tells whether it needs no further run."""

    def __init__(self, store: JobStore, job: Job, on_look: OnLook | None) -> None:
        self.has_run = False
        self._store = store
        self._job = job
        self._on_look = on_look
        self._unlogged: list[IngestEvent] = []
        self._last = 0.0  # when the store was last told

    def work(self, index: Index) -> Iterator[IngestEvent]:
        """Index; every error but one of the program itself ends the job and no more."""
        job = self._store.job(self._job.id)
        self.has_run = True
        if job.has_ended:  # between two looks
            return
        self._store.start(job.id)
        try:
            self._raise_if_cancelled(job)
            for event in index(job.paths, self._progress, job.urls):
                self._unlogged.append(event)
                self._keep_up()
                yield event
            self._write_log()
            self._store.end(job.id, "done")
        except LibraryBusy:
            self.has_run = False
            self._store.put_back(job.id)
        except FootnoteError as error:
            self._write_log()
            self._store.end(
                job.id, "cancelled" if isinstance(error, Cancelled) else "failed", error
            )
        except Exception as error:
            name = type(error).__name__
            shown = FootnoteError(f"Indexing failed ({name}).", "Please report it.")
            self._store.end(job.id, "failed", shown)
            raise
        finally:
            with suppress(LibraryError):
                self._write_log()

    def _progress(self, done: int, total: int | None, title: str) -> None:
        if time.monotonic() - self._last >= REPORT_S:
            self._store.report(self._job.id, done, total, title)
        self._keep_up()

    def _keep_up(self) -> None:
        """Write what happened, and see whether the job is to end. Raises `Cancelled`."""
        if time.monotonic() - self._last < REPORT_S:
            return
        self._last = time.monotonic()
        self._write_log()
        job = self._store.job(self._job.id)
        if self._on_look:
            self._on_look(job)
        self._raise_if_cancelled(job)

    def _raise_if_cancelled(self, job: Job) -> None:
        if job.cancelling:
            raise _cancelled()

    def _write_log(self) -> None:
        written, self._unlogged = self._unlogged, []
        if written:
            self._store.log(self._job.id, written)


def _cancelled() -> Cancelled:
    return Cancelled(
        "The job was cancelled.", "What it had indexed stays; index again for the rest."
    )


def _raise_error(job: Job) -> None:
    """Raise the error that ended a job, in whichever process it was run."""
    if job.state == "cancelled":
        raise _cancelled()
    if job.state == "failed":
        kind = getattr(errors, job.error_kind, LibraryError)
        raise kind(job.problem, job.remedy)
