"""A question that joins several is split."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.query.sub_questions import split_question


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("Who met, and what did they say?", ["Who met?", "what did they say?"]),
        (
            "Who built the mill and when did it burn down?",
            ["Who built the mill?", "when did it burn down?"],
        ),
        (
            "What does the ferry cost? Is it heated?",
            ["What does the ferry cost?", "Is it heated?"],
        ),
        (
            "Who owns the lock; who opens it at night?",
            ["Who owns the lock?", "who opens it at night?"],
        ),
        (
            "How deep is the harbour and is it open in winter?",
            ["How deep is the harbour?", "is it open in winter?"],
        ),
        (
            "How old is the inn, and can guests cook there?",
            ["How old is the inn?", "can guests cook there?"],
        ),
        (
            "How deep is Lake Vane as well as how cold is it?",
            ["How deep is Lake Vane?", "how cold is it?"],
        ),
        (
            "Who built the lock, when was the lock opened and what did the lock cost?",
            ["Who built the lock?", "when was the lock opened?", "what did the lock cost?"],
        ),
        ("how long is the pier & who built it", ["how long is the pier?", "who built it?"]),
        ("Why did the inn close and when?", ["Why did the inn close?", "when?"]),
        (
            "What did Anna Quist say and how did Per Holm reply?",
            ["What did Anna Quist say?", "how did Per Holm reply?"],
        ),
    ],
)
def test_each_part_is_a_question(question: str, parts: list[str]) -> None:
    assert split_question(question) == parts


@pytest.mark.parametrize(
    "question",
    [
        "What are the differences between the ferry and the barge?",
        "What are the terms and conditions of the inn?",
        "Why do prices rise and fall?",
        "When and where was the treaty signed?",
        "Who and what is an almoner?",
        "Which bells are old and are still rung?",
        "What is cheap and can be mended?",
        "I saw the mill. Is it open?",
        "and what does it cost?",
        "What may a member borrow and how many of each?",
        "Is it true that the pump, which was new, is broken?",
    ],
)
def test_a_question_that_asks_one_thing_is_left_whole(question: str) -> None:
    assert split_question(question) == [question]


@given(st.text(max_size=120))
def test_any_text_can_be_split(question: str) -> None:
    assert split_question(question)
