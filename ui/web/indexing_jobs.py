"""Adds uploads and web pages to the index, and removes documents; the page shows the progress."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag import Job
from rag.errors import FootnoteError
from rag.events import Failed, IngestEvent
from ui.labels import time_left
from ui.safe_text import count, one_line
from ui.views import page_frame, sources_table
from ui.web import uploads

if TYPE_CHECKING:
    from rag.assistant import Assistant

THREAD = "indexing"  # the name of the threads that run jobs
WATCH_S = 0.5  # between looks at a job that another page or program has asked for


@dataclass(frozen=True)
class IndexingJobs:
    """Adds, refreshes and removes sources. Parts that change: progress, table (HTML), only (the
    sources from which a question can choose), files and url (the inputs, which are cleared)."""

    assistant: Assistant
    folder: Path  # where uploads are stored

    def sources_update(self) -> dict[str, Any]:
        """The table of sources and the choices that a question has."""
        found = sources_table.list_sources(self.assistant.library)
        return {"table": sources_table.render_table(found), "only": self.source_choices()}

    def source_choices(self) -> dict[str, Any]:
        """An update of the list from which a question's sources are chosen."""
        summaries = self.assistant.library.summaries()
        pairs = [(one_line(each.title, 80), each.id) for each in summaries]
        return {"choices": pairs, "__type__": "update"}

    def add_files(self, given: Sequence[str] | None) -> Iterator[dict[str, Any]]:
        """Store uploaded files and index them."""
        paths, refused = [], []
        for name in given or ():
            try:
                paths += uploads.save_uploads([Path(name)], self.folder)
            except FootnoteError as error:
                refused.append(str(error))
        yield from self._indexed(paths, [], refused)

    def add_url(self, url: str | None) -> Iterator[dict[str, Any]]:
        """Fetch a page and index it."""
        if not (url or "").strip():
            yield {"progress": page_frame.notice("Write the address of a page first.")}
            return
        yield from self._indexed([], [str(url).strip()], [])

    def act(self, data: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        """Refresh or remove the document of a button of the table, or stop a job."""
        id = data.get("document", "")
        if data.get("act") == "cancel-job":
            self.assistant.jobs.cancel(int(id) if id.isdecimal() else 0)
            return
        document = self.assistant.library.document(id)
        if data.get("act") == "refresh-source":
            yield from self._indexed([], [document.source], [])
        elif data.get("act") == "remove-source":
            event = self.assistant.remove(id)
            uploads.delete_upload(Path(document.source), self.folder)
            yield {"progress": sources_table.render_outcome([event]), **self.sources_update()}

    def watch(self) -> Iterator[dict[str, Any]]:
        """The table, and how far a job is that another page or program has asked for."""
        yield self.sources_update()
        store = self.assistant.jobs.store
        watched = 0
        while job := store.next():
            watched = job.id
            self.take_up()  # whoever ran it may have been killed
            yield {"progress": _progress(_told(job), job.id)}
            time.sleep(WATCH_S)
        if watched:
            events = [event for _, event in store.events(watched)]
            yield {"progress": sources_table.render_outcome(events), **self.sources_update()}

    def take_up(self) -> None:
        """Run the jobs that were broken off, in the background, unless somebody runs them."""
        runs_here = any(thread.name == THREAD for thread in threading.enumerate())
        if not runs_here and self.assistant.jobs.store.next():
            finish = self.assistant.jobs.finish_all
            threading.Thread(target=finish, name=THREAD, daemon=True).start()

    def _indexed(
        self, paths: Sequence[Path], urls: Sequence[str], refused: Sequence[str]
    ) -> Iterator[dict[str, Any]]:
        """Index in a thread and show the progress; it goes on when the page is closed."""
        run = _IndexingRun(self.assistant)
        if paths or urls:
            job = self.assistant.jobs.store.submit(paths, urls)
            work = partial(run.work, job.id)
            threading.Thread(target=work, name=THREAD, daemon=True).start()
            yield {"progress": _progress("Reading…", job.id)}
            for text in run.messages():
                yield {"progress": _progress(text, job.id)}
        refusals = "".join(page_frame.notice(text) for text in [*refused, *run.errors])
        done = sources_table.render_outcome(run.events) if run.events else ""
        given: dict[str, Any] = {"files": None}
        if not (run.errors or any(isinstance(event, Failed) for event in run.events)):
            given["url"] = ""  # an address that failed stays, to be corrected
        yield {"progress": refusals + done, **given, **self.sources_update()}


class _IndexingRun:
    """Follows a job, in a thread of its own."""

    def __init__(self, assistant: Assistant) -> None:
        self.events: list[IngestEvent] = []
        self.errors: list[str] = []
        self._assistant = assistant
        self._messages: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def work(self, id: int) -> None:
        try:
            for event in self._assistant.jobs.follow(id, partial(self._look, id)):
                self.events.append(event)
        except FootnoteError as error:
            self.errors.append(str(error))
        except Exception as error:  # whatever it is, the page should show it
            self.errors.append(f"Indexing failed ({type(error).__name__}). Please report it.")
            raise
        finally:
            self._messages.put(None)

    def messages(self) -> Iterator[str]:
        while (text := self._messages.get()) is not None:
            yield text

    def _look(self, own: int, job: Job) -> None:
        waits = "" if job.id == own else "Waiting for another job. "
        self._messages.put(waits + _told(job))


def _told(job: Job) -> str:
    """How far a job is."""
    if not job.done:
        return "Reading…"
    of = f" of about {job.total:,}" if job.total else ""
    left = time_left(job)
    spent = f"Indexed {count(job.done, 'chunk')}{of}{left and f', {left}'}"
    return f"{spent} · {one_line(job.current, 60)}"


def _progress(text: str, job: int) -> str:
    stop = (
        f'<button type="button" class="fn-source-act" data-act="cancel-job" data-document="{job}">'
        "Stop</button>"
    )
    return f'<p class="fn-progress" role="status">{escape(text)}</p>{stop}'
