"""Links by which others may read a conversation, in an SQLite file of their own, or in Postgres.

A link names the questions that were there when it was made or last renewed: what is asked later is
not shown. It stores no text; a conversation that is deleted can no longer be read by its link.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rag import Database, Settings, SqliteDatabase, open_database
from ui.records import history_schema
from ui.records.history_schema import HistoryError, NoSuchConversation

if TYPE_CHECKING:
    from ui.questions.exchange import Exchange
    from ui.records.history import History

TOKEN_BYTES = 24  # of a link: 192 random bits
FILE = "share_links.sqlite3"
SCHEMA = """
CREATE TABLE links (
    token TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    exchange_ids TEXT NOT NULL,
    created_at TEXT NOT NULL,
    UNIQUE (owner, conversation_id)
)
"""
FORMAT = replace(
    history_schema.FORMAT,
    name="list of shared links",
    version=1,
    schema=SCHEMA,
    postgres=SCHEMA,
    tables={"links": ""},
    upgrades={},
)


class NoSuchLink(HistoryError):
    """It was withdrawn, its conversation was deleted, or it never was."""

    def __init__(self) -> None:
        super().__init__(
            "This shared conversation is no longer there.", "Ask the person who sent you the link."
        )


@dataclass(frozen=True, slots=True)
class ShareLink:
    """A link to a conversation, and the questions that it shows. `created_at` is ISO 8601, UTC."""

    token: str
    owner: str
    conversation: str
    exchange_ids: tuple[str, ...]
    created_at: str


@dataclass(frozen=True, slots=True)
class SharedConversation:
    """What a link shows."""

    title: str
    exchanges: tuple[Exchange, ...]
    shared_on: str  # a date


class ShareLinks:
    """One open file, over the history whose conversations are shared. Safe among threads.

    Every method raises `HistoryError` when the file cannot be read or written.
    """

    def __init__(self, database: Database, history: History) -> None:
        self._database = database
        self._history = history

    @classmethod
    def open(cls, path: Path, history: History) -> ShareLinks:
        """Open the file at `path`, making it where missing."""
        return cls(SqliteDatabase.open(path, FORMAT), history)

    @classmethod
    def from_settings(cls, settings: Settings, history: History) -> ShareLinks:
        """Open those that the settings name: in Postgres, or else in the data folder."""
        return cls(open_database(settings, FILE, FORMAT), history)

    def close(self) -> None:
        self._database.close()

    def of(self, owner: str, conversation: str) -> ShareLink | None:
        """The link to a conversation, where there is one."""
        found = self._links("owner = ? AND conversation_id = ?", owner, conversation)
        return found[0] if found else None

    def share(self, owner: str, conversation: str) -> ShareLink:
        """The link to a conversation as it is now; one that is there already stays the same, and
        shows the questions of now. Raises `NoSuchConversation`."""
        exchanges = self._history.exchanges(owner, conversation)
        if not exchanges:
            raise NoSuchConversation
        ids = json.dumps([exchange.id for exchange in exchanges])
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self._database.rows(
            "INSERT INTO links VALUES (?, ?, ?, ?, ?) ON CONFLICT (owner, conversation_id)"
            " DO UPDATE SET exchange_ids = excluded.exchange_ids,"
            " created_at = excluded.created_at",
            *(secrets.token_urlsafe(TOKEN_BYTES), owner, conversation, ids, now),
        )
        (link,) = self._links("owner = ? AND conversation_id = ?", owner, conversation)
        return link

    def withdraw(self, owner: str, conversation: str) -> None:
        """End the link to a conversation, for good: the next one is another. What is gone already
        is no error."""
        self._database.rows(
            "DELETE FROM links WHERE owner = ? AND conversation_id = ?", owner, conversation
        )

    def read(self, token: str) -> SharedConversation:
        """What the link with this token shows. Raises `NoSuchLink`."""
        links = self._links("token = ?", token) if token.isascii() else []
        if not links:
            raise NoSuchLink
        link = links[0]
        try:
            exchanges = self._history.exchanges(link.owner, link.conversation)
        except NoSuchConversation as error:
            raise NoSuchLink from error
        shown = tuple(each for each in exchanges if each.id in link.exchange_ids)
        if not shown:
            raise NoSuchLink
        listed = self._history.conversations(link.owner)
        title = next((each.title for each in listed if each.id == link.conversation), "")
        return SharedConversation(title, shown, link.created_at[:10])

    def _links(self, where: str, *values: str) -> list[ShareLink]:
        rows = self._database.rows(
            f"SELECT * FROM links WHERE {where}",  # noqa: S608
            *values,
        )
        return [
            ShareLink(token, owner, conversation, tuple(json.loads(ids)), created)
            for token, owner, conversation, ids, created in rows
        ]
