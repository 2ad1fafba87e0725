"""What a person says of an answer besides a thumb and a note, and how it was reviewed.

In an SQLite file of its own, or in Postgres: a reason, a better answer, the sentence of a source
that is right, and for the review whether it becomes a case of the evals, and with which question
and answer.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from rag import Database, Settings, SqliteDatabase, open_database
from rag.types import Span
from ui.records import history_schema
from ui.safe_text import one_line
from ui.translation import to_translate

Decision = Literal["open", "accepted", "dropped"]
REASONS = {
    "wrong": to_translate("It is wrong"),
    "incomplete": to_translate("Something is missing"),
    "source": to_translate("The source is the wrong one"),
    "question": to_translate("It answers another question"),
    "unclear": to_translate("It is hard to read"),
}
KEPT_DAYS = 30  # after the last change, of feedback to an answer that was deleted
MAX_BETTER_CHARS = 2_000
MAX_QUESTION_CHARS = 2_000
MAX_EXPECTED = 10  # right answers of one case
FILE = "feedback.sqlite3"
SCHEMA = """
CREATE TABLE feedback (
    owner TEXT NOT NULL,
    exchange_id TEXT NOT NULL,
    document TEXT NOT NULL,
    saved_on TEXT NOT NULL,
    PRIMARY KEY (owner, exchange_id)
)
"""
FORMAT = replace(
    history_schema.FORMAT,
    name="file of feedback",
    version=1,
    schema=SCHEMA,
    postgres=SCHEMA,
    tables={"feedback": ""},
    upgrades={},
)


@dataclass(frozen=True, slots=True)
class Feedback:
    """What was said of one answer. `sentence` is a place in a source and its words when it was
    marked. `question` and `expected` are as a reviewer edited them, "" and () where not; one of
    `expected` makes an answer right."""

    reason: str = ""  # a key of `REASONS`
    better: str = ""
    sentence: tuple[Span, str] | None = None
    decision: Decision = "open"
    question: str = ""
    expected: tuple[str, ...] = ()


NOTHING = Feedback()


class FeedbackStore:
    """One open file. Safe among threads. Every method raises `HistoryError` when the file cannot
    be read or written."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def open(cls, path: Path) -> FeedbackStore:
        """Open the file at `path`, making it where missing."""
        return cls(SqliteDatabase.open(path, FORMAT))

    @classmethod
    def from_settings(cls, settings: Settings) -> FeedbackStore:
        """Open the one that the settings name: in Postgres, or else in the data folder."""
        return cls(open_database(settings, FILE, FORMAT))

    def close(self) -> None:
        self._database.close()

    def get(self, owner: str, exchange_id: str) -> Feedback:
        """What the owner said of an answer; `NOTHING` where they said nothing."""
        return self.of(owner).get(exchange_id, NOTHING)

    def of(self, owner: str) -> Mapping[str, Feedback]:
        """All that the owner said, by the id of the exchange."""
        sql = "SELECT exchange_id, document FROM feedback WHERE owner = ?"
        return {id: _read(document) for id, document in self._database.rows(sql, owner)}

    def put(self, owner: str, exchange_id: str, feedback: Feedback) -> None:
        """Store it, in place of what was said before."""
        self._database.rows(
            "INSERT INTO feedback VALUES (?, ?, ?, ?) ON CONFLICT (owner, exchange_id)"
            " DO UPDATE SET document = excluded.document, saved_on = excluded.saved_on",
            *(owner, exchange_id, _written(feedback), _day(0)),
        )

    def keep_only(self, owner: str, exchange_ids: Collection[str]) -> None:
        """Delete what was said of other answers, which were deleted, after `KEPT_DAYS`: a delete
        may be taken back."""
        self._database.rows(
            "DELETE FROM feedback WHERE owner = ? AND saved_on < ?"  # noqa: S608
            f" AND exchange_id NOT IN ({self._database.values_of})",
            *(owner, _day(KEPT_DAYS), json.dumps([*exchange_ids])),
        )


def _day(days_ago: int) -> str:
    """The date so many days ago, in UTC."""
    return (datetime.now(UTC) - timedelta(days=days_ago)).date().isoformat()


def _written(feedback: Feedback) -> str:
    sentence = None
    if feedback.sentence:
        span, quote = feedback.sentence
        sentence = [span.document_id, span.start, span.end, quote]
    document = {
        "reason": feedback.reason if feedback.reason in REASONS else "",
        "better": one_line(feedback.better, MAX_BETTER_CHARS),
        "sentence": sentence,
        "decision": feedback.decision,
        "question": one_line(feedback.question, MAX_QUESTION_CHARS),
        "expected": [one_line(each, MAX_BETTER_CHARS) for each in feedback.expected][:MAX_EXPECTED],
    }
    return json.dumps(document)


def _read(document: str) -> Feedback:
    found = json.loads(document)
    sentence = found["sentence"]
    if sentence is not None:
        id, start, end, quote = sentence
        sentence = (Span(id, start, end), quote)
    return Feedback(
        found["reason"],
        found["better"],
        sentence,
        found["decision"],
        found["question"],
        tuple(found["expected"]),
    )
