"""The broad golden set: its questions, and the key points that a good answer makes.

One JSON object a line:

    {"id": "fact-01", "kind": "fact", "question": "how deep is it?",
     "points": [{"quotes": [{"document_id": "lake.md", "quote": "214 m"}], "optional": false}]}

A point has one quote for each place that states it; any of them will do. An optional point is to
the point but not needed. `about` names documents of which every sentence is to the point (for
summaries), `verdict` is the right first word of an answer to a question of yes or no,
`document_ids` restricts the search, `history` holds the turns before a follow-up, each with the
quotes that its answer `cited` and an empty answer where it was declined, `note` is for reviewers.
Where no point is required, declining is right; for a false premise the optional points
state what is true instead. A remark that is part of a conversation has no points.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from eval.key_points import KeyPoint, Quote
from rag.errors import FootnoteError
from rag.types import Span, Turn

Kind = Literal[
    "fact",
    "yes_no",
    "keyword",
    "explanation",
    "list",
    "statement",
    "comparison",
    "summary",
    "change",
    "two_part",
    "follow_up",
    "unanswerable",
    "false_premise",
    "conversation",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
WITHOUT_ANSWER: frozenset[Kind] = frozenset({"unanswerable", "false_premise", "conversation"})

FOLDER = Path(__file__).parents[1] / "cases" / "broad"
ARTICLES, QUESTIONS = FOLDER / "articles", FOLDER / "questions.jsonl"
CONVERSATIONS, FRESH = FOLDER.with_name("conversations"), FOLDER.with_name("broad_fresh")
"""Sets of the same form, each with articles of its own: follow-ups and questions of two parts; and
questions of every kind. In `questions.jsonl` are those that answers were developed on."""
FORMATS = FOLDER.with_name("formats")
"""Questions on a file of each kind that is read, in eight languages, asked in the file's own."""

SetName = Literal["broad", "conversations", "fresh", "formats"]
SETS: dict[SetName, tuple[Path, tuple[Path, ...]]] = {
    "broad": (QUESTIONS, ()),
    "conversations": (CONVERSATIONS / "questions_test.jsonl", (CONVERSATIONS / "articles",)),
    "fresh": (FRESH / "questions_last_third.jsonl", (FRESH / "articles",)),
    "formats": (FORMATS / "questions.jsonl", (FORMATS / "files",)),
}
"""The questions of a set on which nothing was chosen (of "broad", all), and the folders of the
articles that it needs beside those of "broad"."""


class BroadSetError(FootnoteError):
    """A file of questions that cannot be used; names the line and the question."""


@dataclass(frozen=True, slots=True)
class BroadQuestion:
    id: str
    kind: Kind
    text: str
    points: tuple[KeyPoint, ...] = ()
    history: tuple[Turn, ...] = ()
    document_ids: tuple[str, ...] | None = None  # None searches all documents
    about: frozenset[str] = frozenset()
    verdict: Literal["yes", "no"] | None = None

    @property
    def required(self) -> tuple[KeyPoint, ...]:
        """The points that an answer must make; none where declining is right."""
        return tuple(point for point in self.points if not point.optional)

    @property
    def cluster(self) -> str:
        """Questions with the same one are about the same document."""
        return self.points[0].quotes[0].span.document_id if self.points else self.id


# --- reading a file --------------------------------------------------------------------------

_Text = Annotated[str, StringConstraints(pattern=r"\S")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Quote(_Strict):
    document_id: _Text
    quote: _Text


class _Point(_Strict):
    quotes: tuple[_Quote, ...] = Field(min_length=1)
    optional: bool = False


class _Turn(_Strict):
    question: _Text
    answer: str
    cited: tuple[_Quote, ...] = ()


class _Row(_Strict):
    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    kind: Kind
    question: _Text
    points: tuple[_Point, ...] = ()
    history: tuple[_Turn, ...] = ()
    document_ids: tuple[_Text, ...] | None = None
    about: tuple[_Text, ...] = ()
    verdict: Literal["yes", "no"] | None = None
    note: str | None = None


def load_questions(path: Path, text_of: Callable[[str], str]) -> list[BroadQuestion]:
    """The questions of `path` in file order; blank lines are skipped.

    `text_of` gives the stored text of a document id; each quote must occur in it exactly once.
    Raises `BroadSetError` naming line and question.
    """
    found: dict[str, BroadQuestion] = {}
    # Not splitlines(): JSON strings may hold U+2028.
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = _Row.model_validate_json(line)
        except ValidationError as error:
            fault = error.errors(include_url=False)[0]
            where = ".".join(map(str, fault["loc"]))
            raise _fault(f"{path.name}, line {number}", f"{where}: {fault['msg']}") from error
        place = f"{path.name}, line {number}, question {row.id}"
        if row.id in found:
            raise _fault(place, "an earlier line has the same id")
        found[row.id] = _question(row, place, text_of)
    return list(found.values())


def _question(row: _Row, place: str, text_of: Callable[[str], str]) -> BroadQuestion:
    required = any(not point.optional for point in row.points)
    if row.kind in WITHOUT_ANSWER and required:
        raise _fault(place, f"a question of kind {row.kind} has no required point")
    if row.kind not in WITHOUT_ANSWER and not required:
        raise _fault(place, f"a question of kind {row.kind} needs a required point")
    for id in (*row.about, *(row.document_ids or ())):
        _stored(id, place, text_of)
    return BroadQuestion(
        id=row.id,
        kind=row.kind,
        text=row.question,
        points=tuple(
            KeyPoint(tuple(_quote(each, place, text_of) for each in point.quotes), point.optional)
            for point in row.points
        ),
        history=tuple(_turn(turn, place, text_of) for turn in row.history),
        document_ids=row.document_ids,
        about=frozenset(row.about),
        verdict=row.verdict,
    )


def _turn(written: _Turn, place: str, text_of: Callable[[str], str]) -> Turn:
    cited = tuple(_quote(each, place, text_of).span for each in written.cited)
    return Turn(written.question, written.answer, cited)


def _quote(written: _Quote, place: str, text_of: Callable[[str], str]) -> Quote:
    count = _stored(written.document_id, place, text_of).count(written.quote)
    if count != 1:
        raise _fault(place, f"{written.document_id} has {written.quote!r} {count} times, not once")
    start = _stored(written.document_id, place, text_of).index(written.quote)
    span = Span(written.document_id, start, start + len(written.quote))
    return Quote(span, written.quote)


def _stored(id: str, place: str, text_of: Callable[[str], str]) -> str:
    try:
        return text_of(id)
    except (FootnoteError, LookupError, OSError) as error:
        raise _fault(place, f"there is no document {id!r}") from error


def _fault(place: str, problem: str) -> BroadSetError:
    return BroadSetError(f"{place}: {problem}.", "Correct the file of questions.")
