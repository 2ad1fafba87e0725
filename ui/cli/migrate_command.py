"""`footnote migrate`: the index and all conversations move to another place, and are compared."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING

from rag.errors import LibraryError, SettingsError

if TYPE_CHECKING:
    from rag.settings import Settings
    from ui.shell.screen import Screen

MAX_SHOWN = 20  # differences


class Place(StrEnum):
    """Where to: the database of FOOTNOTE_DATABASE_URL, or the data folder."""

    database = "database"
    folder = "folder"


def migrate(settings: Settings, to: Place, screen: Screen) -> None:
    """Copy all that the settings' folder or database has into the other, and compare the two.

    Raises `SettingsError` without a database, `LibraryBusy`, and `LibraryError` where the other has
    something else, or where the two differ in the end.
    """
    import rag
    from eval.cases import read_rows
    from eval.run import GOLDEN
    from ui.records import feedback, history, history_schema, share_links

    if not settings.database_url:
        raise SettingsError(
            "No database is set.", "Set FOOTNOTE_DATABASE_URL to postgresql://user@host/database."
        )
    folder = settings.in_folder(settings.data_dir)
    source, target = (folder, settings) if to is Place.database else (settings, folder)
    records = [
        (history.FILE, history_schema.FORMAT),
        (feedback.FILE, feedback.FORMAT),
        (share_links.FILE, share_links.FORMAT),
    ]
    quiet = {"model": "none"}  # nothing is answered
    questions = [row.question for _, row in read_rows(GOLDEN)]
    with (
        rag.open(source.model_copy(update=quiet)) as old,
        rag.open(target.model_copy(update=quiet)) as new,
    ):
        documents, chunks = rag.copy_index(
            old, new, lambda done, of: screen.show_progress("Copying documents", done, of)
        )
        rows = rag.copy_records(source, target, records)
        screen.message(f"Copied: {documents:,} documents, {chunks:,} chunks, {rows:,} other rows.")
        found = [
            *rag.differences(
                *(old, new, questions),
                lambda done, of: screen.show_progress("Comparing documents", done, of),
            ),
            *rag.different_records(source, target, records),
        ]
    _report(found, len(questions), screen)


def _report(found: list[str], questions: int, screen: Screen) -> None:
    for line in _shown(found):
        screen.message(line)
    if found:
        raise LibraryError(
            f"The copy differs in {len(found):,} points.",
            "Nothing was deleted: keep using the old place, and report it.",
        )
    screen.message(
        "Every span, vector and conversation is the same, and so are the rankings of all"
        f" {questions:,} golden questions. Nothing was deleted in the old place."
    )


def _shown(found: list[str]) -> Iterator[str]:
    from ui.safe_text import one_line

    yield from (one_line(line) for line in found[:MAX_SHOWN])
    if len(found) > MAX_SHOWN:
        yield f"… and {len(found) - MAX_SHOWN:,} more"
