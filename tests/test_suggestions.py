"""Questions that a document answers, made when it is indexed."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.ingest.suggestions import MAX_CHARS, MAX_QUESTIONS, suggest, title_question
from rag.types import Document


def questions(text: str, title: str = "Notes on Marlow") -> list[str]:
    return [each.text for each in suggest(Document.of("a", title, "/a", text))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("“It is done,” said Ida Brandel, a smith.", "What did Ida Brandel say?"),
        ("Olof Henk of Marlow Foundry said that it was late.", "What did Olof Henk say?"),
        ("Later the Harbour Board said that it agreed.", "What did the Harbour Board say?"),
        ("Secretary of Trade Olof Henk said no.", "What did Olof Henk say?"),
        ("A clerk said Ida Brandel would come.", None),
        ("He told the Marlow Post that it rains.", None),
        ("Henk’s Uncle’s said so.", None),
        (
            "The mill of Marlow was closed because the stones were worn.",
            "Why was the mill of Marlow closed?",
        ),
        ("It was closed because the stones were worn.", None),
        ("The shop was closed because the owner was ill.", None),
        ("The Corvin Bell was cast in 1740.", "When was the Corvin Bell cast?"),
        (
            "The Corvin Bell has been rung daily since 3 May 1990.",
            "Since when has the Corvin Bell been rung daily?",
        ),
        ("The Corvin Bell was moved and the tower was sold in 1740.", None),
        ("The Corvin Bell weighs nine tonnes.", None),
        ("## Fees\n\n- Boats pay six crowns.\n", "What are the fees in “Notes on Marlow”?"),
        ("## Access\n\n- Boats pay six crowns.\n", None),
        ("## Can I bring my dog to the inn?\n\nYes, on a lead.", "Can I bring my dog to the inn?"),
        ("## Why did you leave the yard?\n\nI was tired.", None),
        ("## Are [dogs](http://x.example/) fed at the inn?\n\nYes.", None),
        ("## How does it work?\n\nA wheel turns.", None),
    ],
)
def test_a_question_is_made_only_where_a_unit_has_the_form_of_its_answer(
    text: str, expected: str | None
) -> None:
    assert questions(text) == ([expected] if expected else [])


def test_an_article_about_something_is_asked_what_it_is() -> None:
    text = (
        "Lake Vane is a lake in the north.\n\n| Measure | Value |\n|--|--|\n| Mean depth | 9 m |\n"
    )
    assert questions(text, "Lake Vane") == [
        "What is Lake Vane?",
        "What is the mean depth of Lake Vane?",
    ]
    person = "Ida Brandel was a smith. She cast bells, and her brother sold them."
    assert questions(person, "Ida Brandel") == ["Who was Ida Brandel?"]


def test_a_question_points_at_the_unit_that_answers_it() -> None:
    document = Document.of(
        "a", "Bells", "/a", "So much for that. The Corvin Bell was cast in 1740."
    )
    (question,) = suggest(document)
    assert (
        document.text[question.span.start : question.span.end]
        == "The Corvin Bell was cast in 1740."
    )


def test_questions_are_few_and_of_different_kinds_first() -> None:
    said = " ".join(
        f"“Yes,” said Ida {name}." for name in "Aster Birch Cedar Dill Elder Fern Gale".split()
    )
    found = questions(f"The Corvin Bell was cast in 1740. {said}")
    assert len(found) == MAX_QUESTIONS
    assert found[:2] == ["When was the Corvin Bell cast?", "What did Ida Aster say?"]


def test_a_title_in_quotation_marks_is_quoted_once() -> None:
    assert title_question('"Never again": a talk') == "What is “Never again: a talk” about?"


def test_a_long_document_takes_little_time() -> None:
    text = "The Corvin Bell was cast, and then, and so, and Ida Brandel Henk said. " * 40_000
    started = time.perf_counter()
    questions(text)
    assert time.perf_counter() - started < 5


@given(st.text(alphabet=st.sampled_from("Aa .,“”|\n#-?:said wasin1990becus"), max_size=200))
def test_any_text_can_be_indexed(text: str) -> None:
    for each in suggest(Document.of("a", "A", "/a", text)):
        assert 0 <= each.span.start < each.span.end <= len(text)


def test_only_the_beginning_of_a_book_is_looked_at() -> None:
    """Each sentence was compared with the whole text, which took 10 s for half a megabyte."""
    opening = "The village pool was opened in 1998. We saw the village pool. " * 100
    book = Document.of("a", "The village pool", "/a", opening + "The mill burned. " * 40_000)
    begun = replace(book, text=book.text[:MAX_CHARS])
    assert suggest(book) == suggest(begun) != []
