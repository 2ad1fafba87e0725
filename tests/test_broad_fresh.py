"""The second set of broad questions holds together: every quote stands where it says."""

from __future__ import annotations

import pytest

from eval.broad.questions import FRESH, load_questions

FILES = ("questions.jsonl", "questions_last_third.jsonl")


def article(id: str) -> str:
    return (FRESH / "articles" / id).read_text("utf-8")


@pytest.mark.parametrize("file", FILES)
def test_the_quotes_of_the_fresh_questions_stand_in_its_articles(file: str) -> None:
    questions = load_questions(FRESH / file, article)
    assert len(questions) >= 20
    assert {each.kind for each in questions} == {
        "summary", "list", "statement", "comparison", "change", "explanation",
    }  # fmt: skip


def test_the_last_third_asks_about_other_articles() -> None:
    asked = [
        {
            quote.span.document_id
            for each in load_questions(FRESH / file, article)
            for point in each.points
            for quote in point.quotes
        }
        for file in FILES
    ]
    assert not asked[0] & asked[1]
    assert asked[0] | asked[1] == {each.name for each in (FRESH / "articles").iterdir()}
