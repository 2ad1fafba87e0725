"""The broad golden set holds together: every quote is where it says, every kind has its share."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from eval.broad.questions import (
    ARTICLES,
    CONVERSATIONS,
    KINDS,
    QUESTIONS,
    WITHOUT_ANSWER,
    BroadQuestion,
    BroadSetError,
    load_questions,
)
from rag.assistant import SEEDS

LAKE = "The lake is deep. It is cold. It is cold."


def article(id: str) -> str:
    """The text of a file, which is stored as it is."""
    file = ARTICLES / id
    return (file if file.exists() else SEEDS / id).read_text("utf-8")


@pytest.fixture(scope="module")
def questions() -> list[BroadQuestion]:
    return load_questions(QUESTIONS, article)


def test_each_quote_is_the_text_of_its_span(questions: list[BroadQuestion]) -> None:
    quotes = [quote for each in questions for point in each.points for quote in point.quotes]
    assert len(quotes) > 500
    for quote in quotes:
        assert article(quote.span.document_id)[quote.span.start : quote.span.end] == quote.text


def test_there_are_enough_questions_of_each_kind(questions: list[BroadQuestion]) -> None:
    counts = Counter(question.kind for question in questions)
    assert len(questions) >= 150
    assert set(counts) == set(KINDS)
    assert min(counts.values()) >= 8


def test_no_question_is_asked_twice(questions: list[BroadQuestion]) -> None:
    asked = Counter((each.text.casefold(), each.history, each.document_ids) for each in questions)
    assert max(asked.values()) == 1


def test_every_article_is_asked_about(questions: list[BroadQuestion]) -> None:
    files = sorted(file.name for file in ARTICLES.iterdir())
    assert len(files) >= 14
    required = {
        quote.span.document_id
        for each in questions
        for point in each.required
        for quote in point.quotes
    }
    assert required == {*files, *(file.name for file in SEEDS.glob("*.txt"))}


def test_what_cannot_be_answered_requires_nothing(questions: list[BroadQuestion]) -> None:
    for question in questions:
        assert bool(question.required) == (question.kind not in WITHOUT_ANSWER)
        assert not (question.kind == "unanswerable" and question.points)


def test_follow_ups_come_after_a_turn(questions: list[BroadQuestion]) -> None:
    assert all(each.history for each in questions if each.kind == "follow_up")


@pytest.mark.parametrize("name", ["questions.jsonl", "questions_test.jsonl"])
def test_the_conversations_hold_together(name: str) -> None:
    """Each quote is where it says, and each follow-up has what its last answer cited."""
    found = load_questions(
        CONVERSATIONS / name, lambda id: (CONVERSATIONS / "articles" / id).read_text("utf-8")
    )
    kinds = Counter(each.kind for each in found)
    assert kinds["follow_up"] > 30
    assert kinds["two_part"] > 15
    for each in found:
        assert each.kind == "two_part" or each.history
        assert all(bool(turn.answer) == bool(turn.cited) for turn in each.history)


# --- what is wrong is named -------------------------------------------------------------------


def row(**changes: object) -> dict[str, Any]:
    point = {"quotes": [{"document_id": "lake.md", "quote": "The lake is deep."}]}
    return {"id": "a-1", "kind": "fact", "question": "How deep?", "points": [point]} | changes


def load_rows(folder: Path, *rows: object) -> list[BroadQuestion]:
    file = folder / "questions.jsonl"
    file.write_text("".join(json.dumps(each) + "\n" for each in rows), encoding="utf-8")
    return load_questions(file, {"lake.md": LAKE}.__getitem__)


def test_a_point_knows_where_it_stands(tmp_path: Path) -> None:
    (question,) = load_rows(tmp_path, row())
    (quote,) = question.required[0].quotes
    assert (quote.span.document_id, quote.span.start, quote.span.end) == ("lake.md", 0, 17)
    assert question.cluster == "lake.md"


def quoting(quote: str, id: str = "lake.md", **more: object) -> dict[str, object]:
    return {"quotes": [{"document_id": id, "quote": quote}], **more}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"points": [quoting("It is warm.")]}, "'It is warm.' 0 times"),
        ({"points": [quoting("It is cold.")]}, "'It is cold.' 2 times"),
        ({"points": [quoting("The lake is deep.", "sea.md")]}, "no document 'sea.md'"),
        ({"points": [quoting("The lake is deep.", optional=True)]}, "needs a required point"),
        ({"points": []}, "needs a required point"),
        ({"kind": "unanswerable"}, "has no required point"),
        ({"kind": "riddle"}, "line 2: kind"),
        ({"about": ["sea.md"]}, "no document 'sea.md'"),
        ({"more": 1}, "line 2: more"),
        ({"id": "a-0"}, "an earlier line has the same id"),
    ],
)
def test_a_line_that_cannot_be_used_is_named(
    changes: dict[str, object], said: str, tmp_path: Path
) -> None:
    with pytest.raises(BroadSetError) as error:
        load_rows(tmp_path, row(id="a-0"), row(**changes))
    assert "line 2" in str(error.value)
    assert said in str(error.value)
