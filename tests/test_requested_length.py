"""How long a summary is to be, by the words of the question."""

from __future__ import annotations

import pytest

from rag.answering.prompting import large_model_messages
from rag.query.requested_length import RequestedLength, requested_length


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


def test_a_large_model_is_asked_for_that_many() -> None:
    def form(length: RequestedLength | None) -> str:
        messages = large_model_messages("Summarize it.", [], "summary", length=length)
        return "\n".join(each.content for each in messages)

    assert "three to six points" in form(None)
    assert "one point that" in form(RequestedLength(1))
    assert "2 points and no more for each article" in form(RequestedLength(2, of_each=True))
