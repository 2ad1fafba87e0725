"""The conversations of each person, in one SQLite file.

Every method takes the owner: nobody reads, changes or deletes what is another's; to them it is as
if it were not there.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rag import Database
from rag.serialization import FormatError
from ui.questions.exchange import Exchange, Thumb
from ui.questions.exchange_json import exchange_from_json, exchange_to_json
from ui.records.history_schema import (
    BEGIN_CONVERSATION,
    FORMAT,
    PUT_EXCHANGE,
    PUT_RECORD,
    TOUCH_CONVERSATION,
)
from ui.records.history_schema import HistoryError as HistoryError
from ui.records.history_schema import NoSuchConversation as NoSuchConversation
from ui.records.history_schema import NoSuchExchange as NoSuchExchange
from ui.records.search_words import search_words, to_search_text
from ui.safe_text import one_line

TITLE_CHARS = 80  # of a title that is made from the first question
MAX_TITLE_CHARS = 200
MAX_NOTE_CHARS = 500
MAX_WORDS = 32  # of one search
UNTITLED = "Untitled"


@dataclass(frozen=True, slots=True)
class Conversation:
    """What a list of conversations shows of one. Times are ISO 8601, UTC, to the second."""

    id: str  # 32 hexadecimal digits
    title: str
    created_at: str
    updated_at: str
    exchanges: int  # how many


class History:
    """One open file. Safe to share among threads; several processes may open the same file.

    Every method raises `HistoryError` when the file cannot be read or written; what was there
    before is then still there, and the history can be used further.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def open(cls, path: Path) -> History:
        """Open the file at `path`, making it and its directories where missing.

        Raises `HistoryError` when that is not possible, or when a newer Footnote made the file.
        """
        return cls(Database.open(path, FORMAT))

    def close(self) -> None:
        self._database.close()

    def __enter__(self) -> History:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- reading ------------------------------------------------------------------------------

    def conversations(self, owner: str, matching: str = "") -> list[Conversation]:
        """The owner's conversations, the latest first.

        Those that hold every word of `matching`, or words that begin with it, in the title, a
        question or an answer; letter case does not matter. Any text will do: a blank one matches
        all conversations, one without a word or number none.
        """
        wanted = list(dict.fromkeys(search_words(matching)))[:MAX_WORDS]
        if matching.strip() and not wanted:
            return []
        rows = self._rows(
            "SELECT id, title, created_at, updated_at,"
            " (SELECT count(*) FROM exchanges WHERE conversation_id = conversations.id)"
            " FROM conversations WHERE owner = ? AND NOT EXISTS ("
            "  SELECT 1 FROM json_each(?) AS word WHERE NOT instr(words, word.value)"
            "  AND NOT EXISTS (SELECT 1 FROM exchanges WHERE conversation_id = conversations.id"
            "   AND instr(exchanges.words, word.value)))"
            " ORDER BY touched DESC",
            *(owner, json.dumps([f" {word}" for word in wanted])),
        )
        return [Conversation(*row) for row in rows]

    def exchanges(self, owner: str, conversation_id: str) -> list[Exchange]:
        """The exchanges of a conversation, in order. Raises `NoSuchConversation`."""
        with self._database.lock:
            found = self._exchanges("conversation_id = ?", owner, conversation_id)
            if not found and not self._has(owner, conversation_id):
                raise NoSuchConversation
            return found

    def find(self, owner: str, exchange_id: str) -> Exchange:
        """The exchange with this id. Raises `NoSuchExchange`."""
        found = self._exchanges("exchanges.id = ?", owner, exchange_id)
        if not found:
            raise NoSuchExchange
        return found[0]

    def trace(self, owner: str, exchange_id: str) -> dict[str, Any] | None:
        """The trace of an answer, as it was `put`; None where none was."""
        rows = self._rows(
            "SELECT trace FROM exchanges JOIN records USING (row) WHERE owner = ? AND id = ?",
            *(owner, exchange_id),
        )
        if not rows or rows[0][0] is None:
            return None
        trace: dict[str, Any] = json.loads(rows[0][0])
        return trace

    def with_thumbs(self, owner: str) -> list[list[Exchange]]:
        """The conversations that hold a thumb, each whole and in order, the oldest first."""
        rows = self._rows(
            "SELECT id FROM conversations WHERE owner = ? AND EXISTS (SELECT 1 FROM exchanges"
            " WHERE conversation_id = conversations.id AND thumb IS NOT NULL) ORDER BY created_at",
            owner,
        )
        return [self._exchanges("conversation_id = ?", owner, id) for (id,) in rows]

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
        unless there is a new one; only `set_thumb` clears a thumb. The exchange
        `replacing` and those after it are deleted, as by `delete_from`, in the same transaction.
        """
        document = json.dumps(exchange_to_json(exchange))
        traced = None if trace is None else json.dumps(dict(trace))
        note = one_line(exchange.note, MAX_NOTE_CHARS)
        with self._change() as connection:
            if replacing and conversation_id:
                self._drop(connection, owner, conversation_id, replacing)
            conversation = self._conversation_of(owner, conversation_id, exchange)
            values = (owner, exchange.id, conversation, exchange.thumb, note, _searchable(exchange))
            ((row,),) = connection.execute(PUT_EXCHANGE, values).fetchall()
            connection.execute(PUT_RECORD, (row, document, traced))
            connection.execute(TOUCH_CONVERSATION, (_now(), conversation))
            self._set_default_title(owner, conversation)
        return conversation

    def delete_from(self, owner: str, conversation_id: str, exchange_id: str) -> list[Exchange]:
        """Delete an exchange and those after it, and return them in order.

        The conversation stays, even without any. What is gone already is no error: nothing.
        """
        with self._change() as connection:
            return self._drop(connection, owner, conversation_id, exchange_id)

    def set_thumb(
        self, owner: str, exchange_id: str, thumb: Thumb | None, note: str = ""
    ) -> Exchange:
        """Set the thumb and the comment with it, or clear both. Raises `NoSuchExchange`.

        The note becomes one line of at most `MAX_NOTE_CHARS` characters.
        """
        stored = one_line(note, MAX_NOTE_CHARS) if thumb else ""
        with self._change() as connection:
            connection.execute(
                "UPDATE exchanges SET thumb = ?, note = ? WHERE owner = ? AND id = ?",
                (thumb, stored, owner, exchange_id),
            )
            return self.find(owner, exchange_id)

    def rename(self, owner: str, conversation_id: str, title: str) -> None:
        """Give a conversation a title; a blank one brings back the one from its first question.

        It becomes one line of at most `MAX_TITLE_CHARS` characters. Raises `NoSuchConversation`.
        """
        named = one_line(title, MAX_TITLE_CHARS)
        with self._change() as connection:
            if not self._has(owner, conversation_id):
                raise NoSuchConversation
            connection.execute(
                "UPDATE conversations SET title = ?, words = ?, named = ? WHERE id = ?",
                (named or UNTITLED, to_search_text(named), bool(named), conversation_id),
            )
            self._set_default_title(owner, conversation_id)

    def delete(self, owner: str, conversation_id: str) -> None:
        """Delete a conversation and all in it. What is gone already is no error."""
        with self._change() as connection:
            connection.execute(
                "DELETE FROM conversations WHERE owner = ? AND id = ?", (owner, conversation_id)
            )

    # --- inside -------------------------------------------------------------------------------

    def _rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with _storable():
            return self._database.rows(sql, *values)

    def _exchanges(self, where: str, owner: str, *values: str) -> list[Exchange]:
        rows = self._rows(
            "SELECT document, thumb, note FROM exchanges JOIN records USING (row)"  # noqa: S608
            f" WHERE owner = ? AND {where} ORDER BY exchanges.row",
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

    def _drop(self, connection: sqlite3.Connection, owner: str, *ids: str) -> list[Exchange]:
        """Of the conversation and from the exchange of these `ids`."""
        later = (
            "conversation_id = ? AND exchanges.row >= (SELECT row FROM exchanges AS first"
            " WHERE owner = ?1 AND id = ? AND conversation_id = ?2)"
        )
        dropped = self._exchanges(later, owner, *ids)
        gone = [(owner, exchange.id) for exchange in dropped]
        connection.executemany("DELETE FROM exchanges WHERE owner = ? AND id = ?", gone)
        return dropped

    def _has(self, owner: str, conversation_id: str) -> bool:
        sql = "SELECT 1 FROM conversations WHERE owner = ? AND id = ?"
        return bool(self._rows(sql, owner, conversation_id))

    def _conversation_of(self, owner: str, conversation_id: str | None, exchange: Exchange) -> str:
        """The id of the conversation of this exchange, which is begun where there is none."""
        sql = "SELECT conversation_id FROM exchanges WHERE owner = ? AND id = ?"
        for (id,) in self._rows(sql, owner, exchange.id):
            return str(id)
        if conversation_id is not None and self._has(owner, conversation_id):
            return conversation_id
        id, now = secrets.token_hex(16), _now()
        self._rows(BEGIN_CONVERSATION, id, owner, UNTITLED, now, now)
        return id

    def _set_default_title(self, owner: str, conversation_id: str) -> None:
        """Set the title to the first question, unless a person gave one."""
        rows = self._rows(
            "SELECT document FROM conversations JOIN exchanges ON conversation_id ="
            " conversations.id JOIN records USING (row) WHERE conversations.owner = ?"
            " AND conversations.id = ? AND NOT named ORDER BY row LIMIT 1",
            *(owner, conversation_id),
        )
        for (document,) in rows:
            title = one_line(json.loads(document)["question"], TITLE_CHARS) or UNTITLED
            sql = "UPDATE conversations SET title = ?, words = ? WHERE id = ?"
            self._rows(sql, title, to_search_text(title), conversation_id)

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it happens, or nothing."""
        with _storable(), self._database.transaction() as connection:
            yield connection


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


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
