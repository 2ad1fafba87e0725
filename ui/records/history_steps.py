"""The steps that a person took in a conversation, to undo and redo them one at a time.

A step shows and hides exchanges: a new question shows one, an edited one hides what it replaces
besides, a deletion hides one. To undo it is the reverse. These functions take conversations whose
owner was checked; those that write are called within a transaction. Times are seconds since 1970.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rag import Database

StepKind = Literal["asked", "replaced", "deleted"]


@dataclass(frozen=True, slots=True)
class Step:
    """The rows of exchanges that a step showed and hid; steps of a conversation have positions."""

    position: int
    shown: Sequence[int]
    hidden: Sequence[int]

    @property
    def kind(self) -> StepKind:
        if not self.shown:
            return "deleted"
        return "replaced" if self.hidden else "asked"


def record_question(database: Database, conversation: str, row: int, now: int) -> None:
    """A new exchange was put into `row`. What had been undone cannot be redone any more."""
    step = Step(_next_position(database, conversation), [row], [])
    _record(database, conversation, step, now)


def delete_exchange(database: Database, conversation: str, row: int, now: int) -> None:
    """Hide the exchange in `row`."""
    _record(database, conversation, Step(_next_position(database, conversation), [], [row]), now)
    _set_hidden(database, [row], now)


def replace_from(database: Database, conversation: str, first: int, by: int, now: int) -> None:
    """Hide the exchanges from row `first` on, up to the one in row `by`, whose question replaces
    them; that is one step."""
    sql = "SELECT row FROM visible WHERE conversation_id = ? AND row >= ? AND row < ?"
    rows = [row for (row,) in database.rows(sql, conversation, first, by)]
    _set_hidden(database, rows, now)
    database.rows(
        "UPDATE steps SET hidden = ?, touched_at = ?"
        " WHERE conversation_id = ? AND shown = ? AND is_undone = 0",
        *(json.dumps(rows), now, conversation, json.dumps([by])),
    )


def forget_question(database: Database, conversation: str, row: int) -> None:
    """The exchange in `row`, which replaced nothing yet, was deleted for good."""
    sql = "DELETE FROM steps WHERE conversation_id = ? AND shown = ?"
    database.rows(sql, conversation, json.dumps([row]))


def last_step(database: Database, conversation: str) -> Step | None:
    """The step that is undone next. Without a recorded one it is the last question."""
    recorded = _steps(database, conversation, "is_undone = 0 ORDER BY position DESC")
    if recorded:
        return recorded[0]
    ((row, before),) = database.rows(
        "SELECT (SELECT max(row) FROM visible WHERE conversation_id = ?1),"
        " (SELECT min(position) - 1 FROM steps WHERE conversation_id = ?1)",
        conversation,
    )
    return None if row is None else Step(before or 0, [row], [])


def next_step(database: Database, conversation: str) -> Step | None:
    """The step that is redone next."""
    return next(iter(_steps(database, conversation, "is_undone = 1 ORDER BY position")), None)


def undo(database: Database, conversation: str, now: int) -> Step | None:
    """Undo a step and return it; None where there is none."""
    step = last_step(database, conversation)
    if step:
        _set_hidden(database, step.shown, now)
        _set_hidden(database, step.hidden, None)
        _write(database, conversation, step, now, is_undone=True)
    return step


def redo(database: Database, conversation: str, now: int) -> Step | None:
    """Take the step again that was undone last, and return it; None where there is none."""
    step = next_step(database, conversation)
    if step:
        _set_hidden(database, step.shown, None)
        _set_hidden(database, step.hidden, now)
        _write(database, conversation, step, now, is_undone=False)
    return step


def purge(database: Database, until: int) -> int:
    """Delete for good what was hidden at `until` or before, and forget those steps. How much is
    still hidden."""
    database.rows("DELETE FROM conversations WHERE deleted_at <= ?", until)
    database.rows("DELETE FROM exchanges WHERE hidden_at <= ?", until)
    database.rows("DELETE FROM steps WHERE touched_at <= ?", until)
    ((left,),) = database.rows(
        "SELECT (SELECT count(*) FROM conversations WHERE deleted_at IS NOT NULL)"
        " + (SELECT count(*) FROM exchanges WHERE hidden_at IS NOT NULL)"
    )
    return int(left)


def _record(database: Database, conversation: str, step: Step, now: int) -> None:
    database.rows("DELETE FROM steps WHERE conversation_id = ? AND is_undone = 1", conversation)
    _write(database, conversation, step, now, is_undone=False)


def _write(database: Database, conversation: str, step: Step, now: int, *, is_undone: bool) -> None:
    database.rows(
        "INSERT INTO steps VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (conversation_id, position)"
        " DO UPDATE SET shown = excluded.shown, hidden = excluded.hidden,"
        " is_undone = excluded.is_undone, touched_at = excluded.touched_at",
        *(conversation, step.position),
        *(json.dumps(list(step.shown)), json.dumps(list(step.hidden)), int(is_undone), now),
    )


def _steps(database: Database, conversation: str, condition: str) -> list[Step]:
    rows = database.rows(
        "SELECT position, shown, hidden FROM steps"  # noqa: S608
        f" WHERE conversation_id = ? AND {condition} LIMIT 1",
        conversation,
    )
    return [
        Step(position, json.loads(shown), json.loads(hidden)) for position, shown, hidden in rows
    ]


def _next_position(database: Database, conversation: str) -> int:
    sql = "SELECT coalesce(max(position), 0) + 1 FROM steps WHERE conversation_id = ?"
    return int(database.rows(sql, conversation)[0][0])


def _set_hidden(database: Database, rows: Sequence[int], at: int | None) -> None:
    for row in rows:
        database.rows("UPDATE exchanges SET hidden_at = ? WHERE row = ?", at, row)
