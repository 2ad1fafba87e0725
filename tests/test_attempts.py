"""What does a small model answer from, and in which order is it tried?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest

from rag.answering.attempts import Attempt, AttemptStep, ChanceOf, PassageJudged, without_outdated
from rag.answering.attempts import attempts as all_attempts
from rag.events import ModelCalled
from rag.text.dates import TimeRange
from rag.thresholds import ANSWERING
from rag.types import Passage, Span
from tests.asking import (
    SMALL,
    asks_for_words,
    chat,
    script,
)
from tests.fakes import Request, Script, Scripted, ScriptedServer


def passages(*texts: str) -> list[Passage]:
    spans = [Span(f"{number}.txt", 0, len(text)) for number, text in enumerate(texts, start=1)]
    return [
        Passage(number, span, text, "Title", "/x", 1.0)
        for number, (span, text) in enumerate(zip(spans, texts, strict=True), start=1)
    ]


def test_what_is_too_old_to_tell_is_not_tried() -> None:
    dated = [
        replace(each, published=published)
        for each, published in zip(
            passages("Old.", "New.", "Undated."), ("2025-03-01", "2026-03-01", None), strict=True
        )
    ]
    days = TimeRange(date(2026, 2, 20), date(2026, 3, 6), since=date(2026, 2, 20))
    assert [each.text for each in without_outdated(dated, days)] == ["New.", "Undated."]
    assert len(without_outdated(dated, None)) == 3


def as_said(_: Passage, stated: float) -> float:
    """The chance of an answer, were the model's word all that counts."""
    return stated


def steps(texts: Sequence[str], says: Sequence[Script], budget: int = SMALL) -> list[AttemptStep]:
    """The attempts, and what the model was asked before each."""
    with ScriptedServer(says) as server:
        return list(all_attempts("what rate?", passages(*texts), chat(server, SMALL), as_said))


def texts_of(attempt: Attempt) -> list[str]:
    return [passage.text for passage in attempt.passages]


def attempts(texts: Sequence[str], says: list[Script]) -> list[list[str]]:
    return [texts_of(step) for step in steps(texts, says) if isinstance(step, Attempt)]


def test_a_small_model_answers_from_the_passage_that_it_says_states_the_answer() -> None:
    assert attempts(["Soup.", "The rate is 20%."], script(knows="20%")) == [["The rate is 20%."]]


def test_a_small_model_that_is_sure_is_not_asked_about_the_rest() -> None:
    with ScriptedServer(script(knows="20%", extracts="20%.")) as server:
        some = passages("The rate is 20%.", "Soup.", "Bread.")
        going = all_attempts("what rate?", some, chat(server, SMALL), as_said)
        asked, estimated, found, first = (next(going) for _ in range(4))
        assert len(server.requests) == 2
    assert isinstance(asked, ModelCalled)
    assert isinstance(estimated, PassageJudged)
    assert isinstance(found, ModelCalled)
    assert isinstance(first, Attempt)
    assert texts_of(first) == ["The rate is 20%."]
    assert (found.purpose, found.reply, first.short) == ("extract", "20%.", "20%")
    assert first.is_sure
    assert first.p_answered == first.chance == estimated.chance == asked.probability


def test_each_yes_or_no_is_told_before_what_follows_from_it() -> None:
    going = steps(["Soup.", "The rate is 20%.", "Bread."], script(knows="20%"))
    judged = [ModelCalled, PassageJudged]
    expected = [*judged, *judged, ModelCalled, Attempt, *judged]
    assert [type(step) for step in going] == expected
    asked = [step for step in going if isinstance(step, ModelCalled) and step.purpose == "judge"]
    assert [step.reply for step in asked] == ["no", "yes", "no"]
    likely = [step.probability or 0 for step in asked]
    assert likely[1] > ANSWERING.sure_p_answered > ANSWERING.min_chance > max(likely[0], likely[2])
    assert "The rate is 20%." in asked[1].messages[-1].content


@pytest.mark.parametrize(
    ("question", "extracts", "tried"),
    [
        ("Which rate do ferries pay?", "20%", True),
        ("Which rate do ferries pay?", "a rate of 35%", False),  # made up
        ("Which rate do ferries pay?", "Ferries pay a rate", False),  # the question again
        ("Which rate do ferries pay?", "Norway", False),
        ("Do ferries pay a rate?", "No.", True),  # "no" need not stand anywhere
    ],
)
def test_an_answer_is_written_only_where_its_words_stand(
    question: str, extracts: str, tried: bool
) -> None:
    with ScriptedServer(script(knows="20%", extracts=extracts)) as server:
        some = passages("Since May ferries have paid a rate of 20%.")
        going = list(all_attempts(question, some, chat(server, SMALL), as_said))
    assert [type(step) for step in going if isinstance(step, Attempt)] == [Attempt] * tried


def replies_of(
    question: str, texts: Sequence[str], extracts: str, chance: ChanceOf
) -> list[Attempt]:
    with ScriptedServer(script(knows="", extracts=extracts)) as server:
        some = passages(*texts)
        going = list(all_attempts(question, some, chat(server, SMALL), chance))
    return [step for step in going if isinstance(step, Attempt)]


@pytest.mark.parametrize(
    ("question", "tried"),
    [
        ("What is a ferry?", True),
        ("Why do ferries sail?", True),
        ("What is the ferry called?", False),
        ("Which ferries sail?", False),
        ("When does the ferry sail?", False),
        ("How many ferries sail?", False),
    ],
)
def test_only_a_description_is_written_without_the_few_words_that_answer(
    question: str, tried: bool
) -> None:
    texts = ["Boats carry 3 cars.", "Ships sail in May."]
    found = replies_of(
        question, texts, "Nothing of it.", lambda passage, _: 0.7 + passage.number / 10
    )
    assert [(each.short, texts_of(each)) for each in found] == [(None, [texts[1]])] * tried
    assert not replies_of(question, texts, "Nothing of it.", lambda *_: 0.7)


def test_a_description_is_written_without_its_words_only_after_all_else() -> None:
    first, second = replies_of(
        "What is a ferry?", ["Boats sail.", "A ship for cars."], "A ship.", lambda *_: 0.9
    )
    assert (first.short, texts_of(first)) == ("A ship", ["A ship for cars."])
    assert (second.short, texts_of(second)) == (None, ["Boats sail."])


def test_no_more_attempts_are_made_than_a_person_would_wait_for() -> None:
    texts = [f"The rate is {number}%." for number in range(20)]
    assert len(attempts(texts, script(knows="rate"))) == ANSWERING.max_attempts


def test_a_passage_that_does_not_state_the_answer_is_never_answered_from() -> None:
    assert attempts(["Soup.", "Bread."], script(knows="20%")) == []


def test_a_server_without_probabilities_is_taken_at_its_word() -> None:
    def plainly(request: Request) -> Scripted:
        if asks_for_words(request):
            return ["20%"]
        return ["Yes"] if "20%" in request["messages"][-1]["content"] else ["No"]

    assert attempts(["Soup.", "The rate is 20%."], [plainly]) == [["The rate is 20%."]]
