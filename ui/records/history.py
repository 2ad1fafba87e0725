"""The conversations of each person, in one SQLite file.

Every method takes the owner: nobody reads, changes or deletes what is another's; to them it is as
if it were not there. What is deleted, replaced or undone is hidden, can be brought back for
`KEPT_S` seconds, and is then overwritten.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rag import Database
from rag.serialization import FormatError
from ui.questions.exchange import Exchange, Thumb
from ui.questions.exchange_json import exchange_from_json, exchange_to_json
from ui.records import history_steps
from ui.records.history_purge import RepeatedPurge
from ui.records.history_schema import (
    BEGIN_CONVERSATION,
    COUNT_CHANGE,
    FORMAT,
    LIST_CONVERSATIONS,
    PUT_EXCHANGE,
    PUT_RECORD,
    TOUCH_CONVERSATION,
)
from ui.records.history_schema import HistoryError as HistoryError
from ui.records.history_schema import NoSuchConversation as NoSuchConversation
from ui.records.history_schema import NoSuchExchange as NoSuchExchange
from ui.records.history_steps import StepKind
from ui.records.search_words import search_words, to_search_text
from ui.safe_text import one_line

TITLE_CHARS = 80  # of a title that is made from the first question
MAX_TITLE_CHARS = 200
MAX_NOTE_CHARS = 500
MAX_WORDS = 32  # of one search
KEPT_S = 3600  # for which what was deleted can be brought back
PURGE_EVERY_S = 600
UNTITLED = "Untitled"


@dataclass(frozen=True, slots=True)
class Conversation:
    """What a list of conversations shows of one. Times are ISO 8601, UTC, to the second."""

    id: str  # 32 hexadecimal digits
    title: str
    created_at: str
    updated_at: str
    exchanges: int  # how many


@dataclass(frozen=True, slots=True)
class Steps:
    """What undoing and redoing would change in a conversation next; None where nothing."""

    undo: StepKind | None = None
    redo: StepKind | None = None


class History:
    """One open file. Safe to share among threads; several processes may open the same file.

    Every method raises `HistoryError` when the file cannot be read or written; what was there
    before is then still there, and the history can be used further.
    """

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock
        self._purging = RepeatedPurge(self.purge, PURGE_EVERY_S)
        with suppress(HistoryError):  # a file that may only be read can still be read
            self._purging.start_if(self.purge())

    @classmethod
    def open(cls, path: Path, clock: Callable[[], float] = time.time) -> History:
        """Open the file at `path`, making it and its directories where missing.

        `clock` gives seconds since 1970. Raises `HistoryError` when the file cannot be opened, or
        when a newer Footnote made it.
        """
        return cls(Database.open(path, FORMAT), clock)

    def close(self) -> None:
        self._purging.close()
        self._database.close()

    def __enter__(self) -> History:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- reading ------------------------------------------------------------------------------

    def conversations(
        self, owner: str, matching: str = "", *, current: str = "", most: int = -1
    ) -> list[Conversation]:
        """The owner's conversations, the latest first, at most `most` of them unless it is -1.

        Those that hold every word of `matching`, or words that begin with it, in the title, a
        question or an answer; letter case does not matter. Any text will do: a blank one matches
        all conversations, one without a word or number none. One without any exchange is left out,
        unless it is `current`.
        """
        wanted = list(dict.fromkeys(search_words(matching)))[:MAX_WORDS]
        if matching.strip() and not wanted:
            return []
        words = json.dumps([f" {word}" for word in wanted])
        return [
            Conversation(*row)
            for row in self._rows(LIST_CONVERSATIONS, owner, words, current, most)
        ]

    def exchanges(self, owner: str, conversation_id: str) -> list[Exchange]:
        """The exchanges of a conversation, in order. Raises `NoSuchConversation`."""
        with self._database.lock:
            found = self._exchanges("conversation_id = ?", owner, conversation_id)
            if not found and not self._has(owner, conversation_id):
                raise NoSuchConversation
            return found

    def find(self, owner: str, exchange_id: str) -> Exchange:
        """The exchange with this id. Raises `NoSuchExchange`."""
        found = self._exchanges("visible.id = ?", owner, exchange_id)
        if not found:
            raise NoSuchExchange
        return found[0]

    def trace(self, owner: str, exchange_id: str) -> dict[str, Any] | None:
        """The trace of an answer, as it was `put`; None where none was."""
        rows = self._rows(
            "SELECT trace FROM visible JOIN records USING (row) WHERE owner = ? AND id = ?",
            *(owner, exchange_id),
        )
        if not rows or rows[0][0] is None:
            return None
        trace: dict[str, Any] = json.loads(rows[0][0])
        return trace

    def with_thumbs(self, owner: str) -> list[list[Exchange]]:
        """The conversations that hold a thumb, each whole and in order, the oldest first."""
        rows = self._rows(
            "SELECT id FROM conversations WHERE owner = ? AND EXISTS (SELECT 1 FROM visible"
            " WHERE conversation_id = conversations.id AND thumb IS NOT NULL) ORDER BY created_at",
            owner,
        )
        return [self._exchanges("conversation_id = ?", owner, id) for (id,) in rows]

    def owners_with_thumbs(self) -> list[str]:
        """Whoever gave a thumb that is still there, in order."""
        rows = self._rows(
            "SELECT DISTINCT owner FROM visible WHERE thumb IS NOT NULL ORDER BY owner"
        )
        return [owner for (owner,) in rows]

    def steps(self, owner: str, conversation_id: str) -> Steps:
        """What can be undone and redone in a conversation."""
        if not self._has(owner, conversation_id):
            return Steps()
        with _storable(), self._database.lock:
            last = history_steps.last_step(self._database, conversation_id)
            following = history_steps.next_step(self._database, conversation_id)
        return Steps(last.kind if last else None, following.kind if following else None)

    def versions(self, owner: str, conversation_id: str = "") -> tuple[int, int]:
        """Two numbers that grow: the first with every change of what the list of the owner's
        conversations shows, the second with every change of this conversation. 0 where nothing
        ever changed; -1 for a conversation that is not there."""
        (of_list,) = self._rows("SELECT max(version) FROM versions WHERE owner = ?", owner)[0]
        if not conversation_id:
            return of_list or 0, 0
        found = self._rows(
            "SELECT version FROM conversations WHERE owner = ? AND id = ? AND deleted_at IS NULL",
            *(owner, conversation_id),
        )
        return of_list or 0, found[0][0] if found else -1

    # --- writing ------------------------------------------------------------------------------

    def put(
        self,
        owner: str,
        conversation_id: str | None,
        exchange: Exchange,
        trace: Mapping[str, Any] | None = None,
        *,
        replacing: str | None = None,
    ) -> str:
        """Store `exchange`, in place of an earlier state of it, and return its conversation's id.

        A new exchange goes to the end of its conversation, one that is already stored keeps its
        place. Without a conversation id, a new conversation is begun, and also where another
        window has deleted the conversation: no answer is lost. An earlier trace or thumb stays
        unless there is a new one; only `set_thumb` clears a thumb. The exchange `replacing` and
        those between it and this one are hidden in the same transaction.
        """
        document = json.dumps(exchange_to_json(exchange))
        traced = None if trace is None else json.dumps(dict(trace))
        note = one_line(exchange.note, MAX_NOTE_CHARS)
        with self._change():
            conversation, is_new = self._conversation_of(owner, conversation_id, exchange)
            values = (owner, exchange.id, conversation, exchange.thumb, note, _searchable(exchange))
            ((row,),) = self._rows(PUT_EXCHANGE, *values)
            self._rows(PUT_RECORD, row, document, traced)
            if is_new:
                history_steps.record_question(self._database, conversation, row, self._now())
            first = self._row(owner, conversation, replacing) if replacing else None
            if first is not None:
                history_steps.replace_from(self._database, conversation, first, row, self._now())
            self._set_default_title(owner, conversation)
            if is_new or exchange.is_over:
                self._rows(TOUCH_CONVERSATION, self._written_now(), conversation)
                self._count_change(owner, conversation)
        return conversation

    def drop(self, owner: str, exchange_id: str) -> None:
        """Delete an exchange for good. What is gone already is no error."""
        with self._change():
            found = self._rows(
                "SELECT row, conversation_id FROM exchanges WHERE owner = ? AND id = ?",
                *(owner, exchange_id),
            )
            for row, conversation in found:
                self._rows("DELETE FROM exchanges WHERE row = ?", row)
                history_steps.forget_question(self._database, conversation, row)
                self._count_change(owner, conversation)

    # --- undoing ------------------------------------------------------------------------------

    def delete_exchange(self, owner: str, conversation_id: str, exchange_id: str) -> None:
        """Hide an exchange, as a step that can be undone. What is gone already is no error."""
        with self._change():
            row = self._row(owner, conversation_id, exchange_id)
            if row is not None:
                history_steps.delete_exchange(self._database, conversation_id, row, self._now())
                self._changed_by_step(owner, conversation_id)

    def undo(self, owner: str, conversation_id: str) -> list[Exchange]:
        """Undo the last step of a conversation, and return the exchanges that it takes away.

        Without a step it does nothing. Raises `NoSuchConversation`.
        """
        with self._change():
            self._check(owner, conversation_id)
            last = history_steps.last_step(self._database, conversation_id)
            shown = last.shown if last else ()
            away = [each for row in shown for each in self._exchanges("row = ?", owner, row)]
            if history_steps.undo(self._database, conversation_id, self._now()):
                self._changed_by_step(owner, conversation_id)
        return away

    def redo(self, owner: str, conversation_id: str) -> list[Exchange]:
        """Take the step again that was undone last, and return the exchanges that it shows.

        Without one it does nothing. Raises `NoSuchConversation`.
        """
        with self._change():
            self._check(owner, conversation_id)
            step = history_steps.redo(self._database, conversation_id, self._now())
            if step is None:
                return []
            self._changed_by_step(owner, conversation_id)
            return [each for row in step.shown for each in self._exchanges("row = ?", owner, row)]

    def delete(self, owner: str, conversation_id: str) -> None:
        """Hide a conversation and all in it. What is gone already is no error."""
        with self._change():
            if self._has(owner, conversation_id):
                sql = "UPDATE conversations SET deleted_at = ? WHERE id = ?"
                self._rows(sql, self._now(), conversation_id)
                self._count_change(owner, conversation_id)
        self._purging.start_if(True)

    def restore(self, owner: str, conversation_id: str) -> None:
        """Bring a deleted conversation back. Raises `NoSuchConversation` when it is too late."""
        with self._change():
            self._rows(
                "UPDATE conversations SET deleted_at = NULL WHERE owner = ? AND id = ?",
                *(owner, conversation_id),
            )
            self._check(owner, conversation_id)
            self._count_change(owner, conversation_id)

    def purge(self) -> bool:
        """Overwrite everybody's that was hidden `KEPT_S` seconds ago or earlier; whether anything
        is hidden still."""
        with self._change():
            return history_steps.purge(self._database, self._now() - KEPT_S) > 0

    # --- thumbs and titles --------------------------------------------------------------------

    def set_thumb(
        self, owner: str, exchange_id: str, thumb: Thumb | None, note: str = ""
    ) -> Exchange:
        """Set the thumb and the comment with it, or clear both. Raises `NoSuchExchange`.

        The note becomes one line of at most `MAX_NOTE_CHARS` characters.
        """
        stored = one_line(note, MAX_NOTE_CHARS) if thumb else ""
        with self._change():
            self._rows(
                "UPDATE exchanges SET thumb = ?, note = ? WHERE owner = ? AND id = ?",
                *(thumb, stored, owner, exchange_id),
            )
            rated = self.find(owner, exchange_id)
            self._rows(
                "UPDATE conversations SET version = version + 1 WHERE id ="
                " (SELECT conversation_id FROM exchanges WHERE owner = ? AND id = ?)",
                *(owner, exchange_id),
            )
            return rated

    def rename(self, owner: str, conversation_id: str, title: str) -> None:
        """Give a conversation a title; a blank one brings back the one from its first question.

        It becomes one line of at most `MAX_TITLE_CHARS` characters. Raises `NoSuchConversation`.
        """
        named = one_line(title, MAX_TITLE_CHARS)
        with self._change():
            self._check(owner, conversation_id)
            self._rows(
                "UPDATE conversations SET title = ?, words = ?, named = ? WHERE id = ?",
                *(named or UNTITLED, to_search_text(named), bool(named), conversation_id),
            )
            self._set_default_title(owner, conversation_id)
            self._count_change(owner, conversation_id)

    # --- inside -------------------------------------------------------------------------------

    def _rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with _storable():
            return self._database.rows(sql, *values)

    def _exchanges(self, where: str, owner: str, *values: str | int) -> list[Exchange]:
        rows = self._rows(
            "SELECT document, thumb, note FROM visible JOIN records USING (row)"  # noqa: S608
            f" WHERE owner = ? AND {where} ORDER BY visible.row",
            *(owner, *values),
        )
        try:
            return [
                replace(exchange_from_json(json.loads(row[0])), thumb=row[1], note=row[2])
                for row in rows
            ]
        except (FormatError, ValueError) as error:
            raise HistoryError(
                "An answer that was kept here cannot be read.",
                "Upgrade Footnote, or delete the conversation.",
            ) from error

    def _row(self, owner: str, conversation_id: str, exchange_id: str) -> int | None:
        """The row of an exchange of this conversation; None where it is not there."""
        sql = "SELECT row FROM visible WHERE owner = ? AND conversation_id = ? AND id = ?"
        return next((row for (row,) in self._rows(sql, owner, conversation_id, exchange_id)), None)

    def _has(self, owner: str, conversation_id: str) -> bool:
        sql = "SELECT 1 FROM conversations WHERE owner = ? AND id = ? AND deleted_at IS NULL"
        return bool(self._rows(sql, owner, conversation_id))

    def _check(self, owner: str, conversation_id: str) -> None:
        if not self._has(owner, conversation_id):
            raise NoSuchConversation

    def _conversation_of(
        self, owner: str, conversation_id: str | None, exchange: Exchange
    ) -> tuple[str, bool]:
        """The id of the conversation of this exchange, which is begun where there is none, and
        whether the exchange is new to it."""
        sql = "SELECT conversation_id FROM exchanges WHERE owner = ? AND id = ?"
        for (id,) in self._rows(sql, owner, exchange.id):
            return str(id), False
        if conversation_id is not None and self._has(owner, conversation_id):
            return conversation_id, True
        id, now = secrets.token_hex(16), self._written_now()
        self._rows(BEGIN_CONVERSATION, id, owner, UNTITLED, now, now)
        return id, True

    def _changed_by_step(self, owner: str, conversation_id: str) -> None:
        self._set_default_title(owner, conversation_id)
        self._count_change(owner, conversation_id)
        self._purging.start_if(True)

    def _count_change(self, owner: str, conversation_id: str) -> None:
        """Other windows are to notice that the list and this conversation have changed."""
        self._rows(COUNT_CHANGE, owner)
        sql = "UPDATE conversations SET version = version + 1 WHERE id = ?"
        self._rows(sql, conversation_id)

    def _set_default_title(self, owner: str, conversation_id: str) -> None:
        """Set the title to the first question, unless a person gave one."""
        rows = self._rows(
            "SELECT document FROM conversations JOIN visible ON conversation_id ="
            " conversations.id JOIN records USING (row) WHERE conversations.owner = ?"
            " AND conversations.id = ? AND NOT named ORDER BY row LIMIT 1",
            *(owner, conversation_id),
        )
        for (document,) in rows:
            title = one_line(json.loads(document)["question"], TITLE_CHARS) or UNTITLED
            sql = "UPDATE conversations SET title = ?, words = ? WHERE id = ?"
            self._rows(sql, title, to_search_text(title), conversation_id)

    def _now(self) -> int:
        return int(self._clock())

    def _written_now(self) -> str:
        return datetime.fromtimestamp(self._clock(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    @contextmanager
    def _change(self) -> Iterator[None]:
        """One transaction: all of it happens, or nothing."""
        with _storable(), self._database.transaction():
            yield


@contextmanager
def _storable() -> Iterator[None]:
    try:
        yield
    except UnicodeEncodeError as error:  # half a character, where a name or id is expected
        raise HistoryError("That name cannot be kept.", "Write it in whole characters.") from error


def _searchable(exchange: Exchange) -> str:
    answer = exchange.answer
    text = answer.text if answer else " ".join(claim.text for claim in exchange.claims)
    return to_search_text(f"{exchange.question} {text}")
