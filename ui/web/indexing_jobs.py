"""Adds uploads and web pages to the index as jobs, removes documents, and tells how jobs are doing.

Jobs stand in a queue in the data folder, so that they outlive a reload of the page and a restart of
the server. A thread of the server runs them; the page asks how far they are.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag import Job
from rag.errors import FootnoteError, QuestionError
from rag.events import Failed, IngestEvent
from ui.translation import translate
from ui.views import job_list, page_frame
from ui.web import uploads
from ui.web.uploads_folder import discard

if TYPE_CHECKING:
    from rag.assistant import Assistant

THREAD = "indexing"  # the name of the thread that runs jobs
MAX_ENDED = 6  # jobs that have ended, of those that are shown


@dataclass(frozen=True)
class IndexingJobs:
    """Adds, refreshes and removes sources. Parts of the page that change: files (the input, which
    is emptied) and notice."""

    assistant: Assistant
    folder: Path  # where uploads are stored
    _logs: _Logs = field(default_factory=lambda: _Logs())

    def add_files(self, given: Sequence[str] | None) -> dict[str, Any]:
        """Store uploaded files and have them indexed; those that cannot be are told with the
        job."""
        paths: list[Path] = []
        refused: list[IngestEvent] = []
        for name in given or ():
            try:
                paths += uploads.save_uploads([Path(name)], self.folder)
            except FootnoteError as error:
                refused.append(Failed(uploads.safe_name(Path(name).name), str(error)))
            discard(Path(name))
        if given:
            self._submit(paths, [], refused)
        return {"files": None}

    def act(self, data: Mapping[str, str]) -> dict[str, Any]:
        """Add the page at an address, refresh or remove a source, cancel or resume a job."""
        id = data.get("document", "")
        match data.get("act"):
            case "add-address":
                self._submit([], [data.get("address", "").strip()])
            case "cancel-job":
                self.assistant.jobs.cancel(_number(id))
            case "resume-job":
                job = self.assistant.jobs.store.job(_number(id))
                self._submit(job.paths, job.urls)
            case "refresh-source":
                self._submit([], [self.assistant.library.document(id).source])
            case "remove-source":
                document = self.assistant.library.document(id)
                self.assistant.remove(id)
                uploads.delete_upload(Path(document.source), self.folder)
                removed = translate("{title} was removed.", title=document.title)
                return {"notice": page_frame.said(removed)}
        return {}

    def chosen(self, limit: str | None) -> list[str]:
        """The ids of the sources that a question is limited to, none where to all; `limit` is what
        the browser keeps: "", or JSON with the ids that are `only` asked, or asked `without`.

        Raises `QuestionError` where no source is left.
        """
        given = _limit(limit)
        if given is None:
            return []
        known = self.assistant.library.digests().keys()
        kind, ids = given
        left = sorted(known & ids if kind == "only" else known - ids)
        if known and not left:
            raise QuestionError(
                translate("No source is chosen."),
                translate("Tick at least one in the list of sources."),
            )
        return left if len(left) < len(known) else []

    def take_up(self) -> None:
        """Run the jobs that wait or were broken off, in the background, unless somebody runs
        them."""
        runs_here = any(thread.name == THREAD for thread in threading.enumerate())
        if not runs_here and self.assistant.jobs.store.next():
            finish = self.assistant.jobs.finish_all
            threading.Thread(target=finish, name=THREAD, daemon=True).start()

    def render(self) -> tuple[str, bool, str]:
        """The jobs as HTML, whether any is under way, and a line on them where one is."""
        self.take_up()  # whoever ran one may have been killed
        jobs = self.assistant.jobs.store.jobs()
        open_ = sorted((job for job in jobs if not job.has_ended), key=_place)
        ended = [job for job in jobs if job.has_ended][:MAX_ENDED]
        sources: Mapping[str, str] = {}
        if jobs:
            sources = {id: source for source, id in self.assistant.library.ids_by_source().items()}
        shown = [[(job, self._lines(job, sources)) for job in some] for some in (open_, ended)]
        line = job_list.summary(*shown[0][0]) if open_ else ""
        return job_list.render_jobs(*shown), bool(open_), line

    def _lines(self, job: Job, sources: Mapping[str, str]) -> list[job_list.FileLine]:
        return job_list.file_lines(job, self._logs.events(self.assistant, job.id), sources)

    def _submit(
        self, paths: Sequence[Path], urls: Sequence[str], refused: Sequence[IngestEvent] = ()
    ) -> None:
        job = self.assistant.jobs.store.submit(paths, urls)
        if refused:
            self.assistant.jobs.store.log(job.id, refused)
        self.take_up()


class _Logs:
    """The events of jobs, read on from where they were last read: many look at them often."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read: dict[int, list[tuple[int, IngestEvent]]] = {}

    def events(self, assistant: Assistant, job: int) -> list[IngestEvent]:
        with self._lock:
            read = self._read.pop(job, [])
            read += assistant.jobs.store.events(job, read[-1][0] if read else 0)
            self._read[job] = read
            while len(self._read) > 2 * MAX_ENDED:
                del self._read[next(iter(self._read))]
            return [event for _, event in read]


def _place(job: Job) -> tuple[bool, int]:
    return job.state != "running", job.id


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def _limit(text: str | None) -> tuple[str, set[str]] | None:
    """What `IndexingJobs.chosen` is given, read; None for no limit."""
    try:
        given = json.loads(text or "{}")
    except ValueError:
        return None
    for kind in ("only", "without"):
        if isinstance(given, dict) and isinstance(given.get(kind), list):
            return kind, {str(each) for each in given[kind]}
    return None
