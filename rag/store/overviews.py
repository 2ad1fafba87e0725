"""What the library keeps of what each document is about: its topics and the spans of its points.

Documents that an older version indexed have neither; both are filled later.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from rag.store.database import Database
from rag.types import Span


@dataclass(frozen=True, slots=True)
class Topic:
    """A name or phrase that a document keeps coming back to. `key` is the same for all its forms;
    `weight`, above 0, tells how much of the document it is about."""

    key: str
    text: str
    weight: float


class OverviewRecords:
    """The records in one open library. Every method raises `LibraryError`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._query = database.rows

    def topics(self, document_id: str) -> list[Topic]:
        """The topics of a document, the most telling first."""
        if not self._is_kept:
            return []
        rows = self._query(
            "SELECT key, text, weight FROM topics WHERE document_id = ? ORDER BY rowid", document_id
        )
        return [Topic(*row) for row in rows]

    def common_topics(self, limit: int) -> list[tuple[str, int]]:
        """The topics that most documents have, each with the number of its documents."""
        if not self._is_kept:
            return []
        rows = self._query(
            "SELECT min(text), count(*) AS documents FROM topics GROUP BY key"
            " ORDER BY documents DESC, sum(weight) DESC, key LIMIT ?",
            limit,
        )
        return [(text, documents) for text, documents in rows]

    def documents_with_topic(self, text: str) -> set[str]:
        """The ids of the documents with a topic that is written `text` somewhere."""
        if not self._is_kept:
            return set()
        rows = self._query(
            "SELECT document_id FROM topics WHERE key IN (SELECT key FROM topics WHERE text = ?)",
            text,
        )
        return {id for (id,) in rows}

    def documents_with_topic_like(self, word: str) -> set[str]:
        """The ids of the documents with a topic in whose text `word` stands, in any case of
        English letters."""
        if not self._is_kept:
            return set()
        rows = self._query(
            "SELECT document_id FROM topics WHERE instr(lower(text), ?) > 0",
            word.encode(errors="replace").lower().decode(),  # of English letters only
        )
        return {id for (id,) in rows}

    def put_topics(self, document_id: str, digest: str, topics: Sequence[Topic]) -> None:
        """Keep the topics of a document, unless it is no longer of this digest."""
        of = (document_id, digest)
        with self._database.transaction():
            if not self._query("SELECT 1 FROM documents WHERE id = ? AND digest = ?", *of):
                return
            self._query("DELETE FROM topics WHERE document_id = ?", document_id)
            self._query(
                "INSERT INTO overviews VALUES (?, NULL) ON CONFLICT DO NOTHING", document_id
            )
            self._database.many(
                "INSERT INTO topics VALUES (?, ?, ?, ?)",
                [(document_id, each.key, each.text, each.weight) for each in topics],
            )

    def without_topics(self, limit: int) -> list[str]:
        """Ids of documents whose topics were never looked for."""
        if not self._is_kept:
            return []
        rows = self._query(
            "SELECT id FROM documents WHERE id NOT IN (SELECT document_id FROM overviews)"
            " ORDER BY rowid DESC LIMIT ?",
            limit,
        )
        return [id for (id,) in rows]

    def points(self, document_id: str) -> list[Span] | None:
        """The spans of a document's points, the best first; None where none were chosen yet."""
        if not self._is_kept:
            return None
        rows = self._query("SELECT points FROM overviews WHERE document_id = ?", document_id)
        if not rows or rows[0][0] is None:
            return None
        return [Span(document_id, *span) for span in json.loads(rows[0][0])]

    def put_points(self, document_id: str, digest: str, spans: Sequence[Span]) -> None:
        """Keep the points of a document, unless it is no longer of this digest."""
        given = json.dumps([[span.start, span.end] for span in spans])
        self._query(
            "UPDATE overviews SET points = ?1 WHERE document_id = ?2 AND EXISTS"
            " (SELECT 1 FROM documents WHERE id = ?2 AND digest = ?3)",
            *(given, document_id, digest),
        )

    def without_points(self, limit: int) -> list[str]:
        """Ids of documents with topics whose points were not chosen yet, the newest first."""
        if not self._is_kept:
            return []
        rows = self._query(
            "SELECT document_id FROM overviews WHERE points IS NULL ORDER BY rowid DESC LIMIT ?",
            limit,
        )
        return [id for (id,) in rows]

    @property
    def _is_kept(self) -> bool:
        """False in an older file that may only be read."""
        return self._database.has_table("overviews")
