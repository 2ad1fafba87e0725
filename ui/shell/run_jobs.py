"""Runs jobs of indexing for the terminal, once or whenever files change."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rag import Library, wait_for_changes
from rag.errors import FootnoteError
from ui.shell.index_report import look_callback, print_indexing
from ui.shell.screen import Screen
from ui.shell.terminal_rows import error_row

if TYPE_CHECKING:
    from rag.assistant import Assistant


def run_job(
    assistant: Assistant, screen: Screen, files: Sequence[Path], urls: Sequence[str] = ()
) -> int:
    """Submit a job, print what it does until it has ended; returns how many sources failed.

    Interrupted from the keyboard, it is cancelled.
    """
    jobs = assistant.jobs
    job = jobs.store.submit(files, urls)
    try:
        events = jobs.follow(job.id, look_callback(screen, job.id))
        return print_indexing(events, assistant.library, screen)
    except KeyboardInterrupt:
        jobs.cancel(job.id)
        raise


def watch_files(assistant: Assistant, screen: Screen, paths: Sequence[Path]) -> None:
    """Index `paths` again whenever a file in them changes; an error is printed, and it goes on."""
    screen.message("Watching for changes; Ctrl-C ends it.")
    folders = {path for path in paths if path.is_dir()}
    for _ in wait_for_changes(paths):
        there = [path for path in paths if path.exists() or path not in folders]
        try:
            run_job(assistant, screen, there)
        except FootnoteError as error:
            screen.message(error_row(str(error)))


def watched_paths(library: Library, files: Sequence[Path]) -> list[Path]:
    """The folders that were named for the index, and those of its `files` that are not in one."""
    roots = {Path(root) for root in library.files.roots()}
    return [*sorted(roots), *(file for file in files if roots.isdisjoint(file.parents))]
