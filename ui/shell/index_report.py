"""Prints what indexing does to each document, and a summary."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from rich.text import Text

from rag import Job, Library, is_url
from rag.errors import EmptyLibrary
from rag.events import (
    Added,
    Failed,
    IngestEvent,
    Moved,
    PassedOver,
    Removed,
    Skipped,
    Updated,
    Warned,
)
from ui.labels import time_left
from ui.safe_text import count, one_line
from ui.shell.screen import Screen
from ui.shell.terminal_rows import Row

WORDS = {  # in the order of the summary
    Added: ("added", "green"),
    Updated: ("updated", "green"),
    Moved: ("moved", "green"),
    Removed: ("removed", "yellow"),
    Skipped: ("unchanged", "dim"),
    Warned: ("warning", "yellow"),
    Failed: ("failed", "red"),
}
MOST_NAMED = 3  # paths of a job
MOST_ENDINGS = 8  # of files that were passed over, that are named


def print_indexing(
    events: Iterable[IngestEvent], library: Library, screen: Screen, *, dry_run: bool = False
) -> int:
    """Print a line for each change and a summary; returns how many sources failed.

    `dry_run`: the events say what would be done.

    Failures, warnings and what was passed over go to standard error, so that they are seen where
    the rest is thrown away.
    """
    tally: Counter[type] = Counter()
    for event in events:
        tally[type(event)] += 1
        if isinstance(event, Failed | Warned | PassedOver):
            screen.message(_row(event))
        elif not isinstance(event, Skipped):
            screen.output(_row(event))
    done = [f"{tally[kind]:,} {word}" for kind, (word, _) in WORDS.items() if tally[kind]]
    documents = count(len(library.summaries()), "document")
    chunks = count(library.count_chunks(), "chunk")
    screen.clear_activity()
    summary = f"{', '.join(done) or 'Nothing found'}. The index holds {documents}, {chunks}."
    if dry_run:
        summary = f"Nothing was changed. It would be: {', '.join(done) or 'nothing found'}."
    screen.output(Row(Text(summary)))
    return tally[Failed]


def print_rebuilt(chunks: int, screen: Screen) -> None:
    """Print how many chunks were embedded anew."""
    screen.clear_activity()
    screen.output(Row(Text(f"Embedded {count(chunks, 'chunk')} anew.")))


def progress_callback(screen: Screen) -> Callable[[int, int | None, str], None]:
    """A callback that shows how many chunks are embedded, of how many, and of which document."""
    screen.show_activity("Indexing")

    def show(done: int, total: int | None, title: str) -> None:
        screen.show_progress("Indexing", done, total, title if total else f"chunks · {title}")

    return show


def look_callback(screen: Screen, own: int) -> Callable[[Job], None]:
    """A callback that shows how far the job `own` is, or the one that it waits for."""
    screen.show_activity("Indexing")

    def look(job: Job) -> None:
        label = "Indexing" if job.id == own else f"Waiting for job {job.id}"
        title = job.current if job.total else f"chunks · {job.current}"
        left = time_left(job)
        screen.show_progress(label, job.done, job.total, f"{left} · {title}" if left else title)

    return look


def job_rows(jobs: Sequence[Job]) -> Iterator[Row]:
    """A row for each job: its number, how it stands and what it was asked for."""
    for job in jobs:
        of = f" of about {job.total:,}" if job.total else ""
        state = f"{job.done:,}{of} chunks {time_left(job)}" if job.state == "running" else job.state
        what = ", ".join(one_line(each) for each in map(str, (*job.paths, *job.urls)[:MOST_NAMED]))
        more = len(job.paths) + len(job.urls) - MOST_NAMED
        body = Text(f"{state.strip()}  {what}{f' and {more:,} more' if more > 0 else ''}")
        if job.problem:
            body.append(f"  {one_line(job.problem)}", "red")
        yield Row(body, Text(f"{job.id:<5}", "bold"))


def split_paths_and_urls(given: Sequence[str]) -> tuple[list[Path], list[str]]:
    """The files and folders among the arguments, and the web pages."""
    return [Path(name) for name in given if not is_url(name)], list(filter(is_url, given))


def stored_files(library: Library) -> list[Path]:
    """The files that the documents of the library came from; none where all are web pages.

    Raises `EmptyLibrary`.
    """
    sources = library.ids_by_source()
    if not sources:
        raise EmptyLibrary("Nothing is indexed yet.", "Name files: `footnote index PATH`.")
    return list(dict.fromkeys(_file(source) for source in sources if not is_url(source)))


def folder_documents(library: Library, folder: str) -> list[str]:
    """The ids of the documents whose file is or was in `folder`, which need not exist."""
    start = os.path.join(Path(folder).resolve(), "")
    return [each.id for each in library.files.known() if each.source.startswith(start)]


def _file(source: str) -> Path:
    """A source is a file, or a file, "#" and the name of a record."""
    parts = source.split("#")
    files = (Path("#".join(parts[:n])) for n in range(len(parts), 0, -1))
    return next((file for file in files if file.exists()), Path(source))


def passed_over_sentence(endings: Sequence[tuple[str, int]]) -> str:
    """How many files of other kinds were passed over, and of which."""
    named = ", ".join(f"{number:,} {one_line(ending)}" for ending, number in endings[:MOST_ENDINGS])
    more = ", …" if len(endings) > MOST_ENDINGS else ""
    total = sum(number for _, number in endings)
    return f"{count(total, 'file')} of other kinds passed over: {named}{more}."


def _row(event: Added | Updated | Moved | Removed | Failed | Warned | PassedOver) -> Row:
    word, style = WORDS.get(type(event), ("other", "dim"))
    lead = Text(f"{word:<9}", style)
    match event:
        case Failed(source, problem) | Warned(source, problem):
            return Row(Text(f"{one_line(source)}: {one_line(problem)}"), lead)
        case PassedOver(endings):
            return Row(Text(passed_over_sentence(endings)), lead)
        case Moved(id, source):
            return Row(Text(f"{one_line(id)}  is now {one_line(source)}"), lead)
        case Removed(id):
            return Row(Text(one_line(id)), lead)
        case _:
            body = Text(one_line(event.document_id))
            return Row(body.append(f"  {count(event.chunks, 'chunk')}", "dim"), lead)
