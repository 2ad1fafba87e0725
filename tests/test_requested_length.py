"""How long an answer is to be, by the words of the question."""

from __future__ import annotations

import pytest

from rag.answering.draft import AnswerDraft
from rag.answering.prompting import large_model_messages
from rag.query.requested_length import RequestedLength, requested_length
from rag.types import Citation, Claim, Origin, Passage, Span


@pytest.mark.parametrize(
    ("question", "rest", "length"),
    [
        ("Sum up the lake report in four sentences", "Sum up the lake report", (4, False)),
        ("Give me a one-sentence summary", "Give me a summary", (1, False)),
        ("summary of the mill in 2 bullet points", "summary of the mill", (2, False)),
        ("Write a 100-word summary", "Write a summary", (4, False)),
        ("a summary in no more than ten words", "a summary", (1, False)),
        ("All articles in a line each", "All articles", (1, True)),
        ("What are the 3 most important points?", "What are the ?", (3, False)),
        ("two sentences per article, please", "article, please", (2, True)),
    ],
)
def test_the_length_is_read_and_is_no_topic(
    question: str, rest: str, length: tuple[int, bool]
) -> None:
    assert requested_length(question) == (rest, RequestedLength(*length))


@pytest.mark.parametrize(
    "question",
    ["Summarize the article", "tl;dr", "Summarize the piece on the two lines"],
)
def test_what_is_no_length_is_left(question: str) -> None:
    assert requested_length(question) == (question, None)


@pytest.mark.parametrize(
    ("question", "rest", "points"),
    [
        ("Explain in two sentences why the mill burnt", "Explain why the mill burnt", 2),
        ("In one sentence, who was Ana Tarn?", "who was Ana Tarn?", 1),
        ("Why did prices fall by 20 points?", "Why did prices fall by 20 points?", 0),
        ("Why were trains held up in two lines?", "Why were trains held up in two lines?", 0),
        ("Who served a single sentence?", "Who served a single sentence?", 0),
    ],
)
def test_another_question_says_plainly_how_long_its_answer_is_to_be(
    question: str, rest: str, points: int
) -> None:
    length = RequestedLength(points) if points else None
    assert requested_length(question, is_summary=False) == (rest, length)


def test_an_answer_is_shortened_to_the_best_of_each_group_and_keeps_other_sources() -> None:
    def passage(number: int, score: float) -> Passage:
        return Passage(number, Span("a", number, number + 1), "x", "A", "a.txt", score)

    def claim(text: str, group: str | None, number: int, origin: Origin = "matched") -> Claim:
        cited = Citation(number, Span("a", number, number + 1), "x")
        return Claim(text, (cited,), origin=origin, group=group)

    claims = (
        claim("Both have sails.", None, 1),
        claim("It turns by hand.", "old", 2),
        claim("The old one is of wood.", "old", 3),
        claim("The new one is of brick.", "new", 4),
        claim("Another paper says stone.", None, 1, "compared"),
    )
    passages = tuple(passage(number, score) for number, score in enumerate([0, 5, 6, 4], start=1))
    draft = AnswerDraft("?", claims=claims, passages=passages)
    assert draft.shortened(3).claims == (claims[0], *claims[2:])
    assert draft.shortened(1).claims == (claims[0], claims[4])
    assert draft.shortened(9) == draft
    twice = AnswerDraft("?", claims=(claims[0], claims[0]), passages=passages)
    assert twice.shortened(1).claims == claims[:1]


def test_a_large_model_is_asked_for_that_many() -> None:
    def form(length: RequestedLength | None) -> str:
        messages = large_model_messages("Summarize it.", [], "summary", length=length)
        return "\n".join(each.content for each in messages)

    assert "three to six points" in form(None)
    assert "one point that" in form(RequestedLength(1))
    assert "2 points and no more for each article" in form(RequestedLength(2, of_each=True))
    fact = large_model_messages("Why?", [], "explanation", length=RequestedLength(2))
    assert "Write no more than 2 sentences." in fact[-1].content
