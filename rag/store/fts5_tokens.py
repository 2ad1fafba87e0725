"""The words of a text as FTS5 would index them.

So every store finds and ranks by the same words. FTS5 itself is asked, in memory: its stemmer and
its tables of characters are nowhere else.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

TOKENIZER = "porter unicode61 remove_diacritics 2"  # as in `library_schema`
MAX_WORD_CHARS = 200  # a longer one is cut: an index of Postgres takes 2,700 bytes


@dataclass(frozen=True, slots=True)
class Places:
    """Where a word stands in a title and in a body, counted in words from 0."""

    title: list[int] = field(default_factory=list)
    body: list[int] = field(default_factory=list)


class Fts5Tokenizer:
    """Safe to share among threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(
            ":memory:", isolation_level=None, check_same_thread=False
        )
        self._connection.execute(
            "CREATE VIRTUAL TABLE words USING fts5"
            f" (title, body, content = '', tokenize = '{TOKENIZER}')"
        )
        self._connection.execute("CREATE VIRTUAL TABLE places USING fts5vocab (words, instance)")

    def index(self, texts: Sequence[tuple[str, str]]) -> list[Mapping[str, Places]]:
        """For each title and body, its words with their places."""
        found: list[dict[str, Places]] = [defaultdict(Places) for _ in texts]
        with self._lock:
            self._connection.executemany(
                "INSERT INTO words (rowid, title, body) VALUES (?, ?, ?)",
                [(number, *text) for number, text in enumerate(texts)],
            )
            rows = self._connection.execute("SELECT term, doc, col, offset FROM places").fetchall()
            self._connection.execute("INSERT INTO words (words) VALUES ('delete-all')")
        for term, number, column, offset in rows:
            places = found[number][term[:MAX_WORD_CHARS]]
            (places.title if column == "title" else places.body).append(offset)
        return list(found)

    def words(self, texts: Sequence[str]) -> list[list[str]]:
        """For each text, its words in order."""
        placed = self.index([("", text) for text in texts])
        return [
            [word for _, word in sorted((at, word) for word in each for at in each[word].body)]
            for each in placed
        ]
