"""A follow-up is read with the last turns, by words alone where they are enough."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.events import ModelCalled
from rag.query.follow_ups import resolve
from rag.query.rewriting import stand_alone
from rag.types import ChatModel, Turn
from tests.asking import chat
from tests.fakes import ScriptedServer

BELL = Turn("How heavy is the Corvin Bell?", "It weighs nine tonnes. [1]")


def alone(question: str, *turns: Turn) -> str:
    return resolve(question, turns).standalone


@pytest.mark.parametrize(
    ("last", "question", "expected"),
    [
        (BELL, "and when was it cast?", "when was the Corvin Bell cast?"),
        (BELL, "What is its tone?", "What is the Corvin Bell's tone?"),
        (BELL, "And the Marlow Bell?", "How heavy is the Marlow Bell?"),
        (
            Turn("Who cast the bell?", "Ida Brandel cast it with two helpers."),
            "where did she learn?",
            "where did Ida Brandel learn?",
        ),
        (
            Turn("How many boats passed the lock in 1990?", "There were 400."),
            "and in 2010?",
            "How many boats passed the lock in 2010?",
        ),
        (
            Turn("What do adults pay in winter?", "Six crowns."),
            "what about in summer?",
            "What do adults pay in summer?",
        ),
        (Turn("Was the lock closed?", "Yes."), "and why?", "why? (was the lock closed?)"),
        (Turn("When did the lock close?", "In May."), "Why?", "Why did the lock close?"),
        (
            Turn("What did the miller say?", "“The stones are worn,” he said."),
            "who said that?",
            "who said that? (what did the miller say? “The stones are worn,” he said.)",
        ),
        (
            Turn("When do guests of the inn eat?", "At seven."),
            "and dogs?",
            "What about dogs? (when do guests of the inn eat?)",
        ),
        (
            Turn("Is the lock of Marlow safe?", "The inspector says so."),
            "Do ministers agree?",
            "Do ministers agree? (is the lock of Marlow safe?)",
        ),
    ],
)
def test_what_a_follow_up_leans_on_is_added(last: Turn, question: str, expected: str) -> None:
    resolved = resolve(question, [last])
    assert resolved.standalone == expected
    assert not resolved.needs_model


@pytest.mark.parametrize(
    "question",
    [
        "Who paid for the new roof of the mill?",
        "When did Anna Quist say that she would leave?",
        "Is it true that the miller sold his donkey to the baker?",
    ],
)
def test_a_question_that_stands_alone_is_not_changed(question: str) -> None:
    assert alone(question, BELL) == question


def test_without_a_conversation_nothing_is_added() -> None:
    assert alone("and why?") == "and why?"


def test_a_follow_up_to_a_decline_is_read_with_the_declined_question() -> None:
    assert alone("and where is it?", Turn("Who rang the Corvin Bell?", "")) == (
        "where is the Corvin Bell?"
    )


def test_a_follow_up_to_a_follow_up_is_read_with_what_that_one_meant() -> None:
    turns = [BELL, Turn("when was it cast?", "In 1740.")]
    assert alone("where is it now?", *turns) == "where is the Corvin Bell now?"


def test_what_it_stands_for_is_not_guessed_among_several() -> None:
    last = Turn("Did the barge reach the lock before the storm?", "Yes.")
    assert alone("how old is it?", last) == (
        "how old is it? (did the barge reach the lock before the storm?)"
    )


def test_a_thing_is_no_person() -> None:
    last = Turn("What did Ida Brandel say about clay?", "That it cracks.")
    assert alone("how dear is it?", last).startswith("how dear is it? (")


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
def test_any_conversation_can_be_read(question: str, before: str, answer: str) -> None:
    resolved = resolve(question, [Turn(before, answer)]).standalone
    assert len(resolved) <= len(question) + len(before) + len(answer) + 40


# --- with a model ----------------------------------------------------------------------------

TWO = Turn("Did Ida Brandel meet Olof Henk?", "They met in Marlow.")


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as scripted:
        yield scripted


def made_alone(question: str, turn: Turn, server: ScriptedServer) -> tuple[str, list[ModelCalled]]:
    def get_model() -> ChatModel:
        return chat(server)

    steps, calls = stand_alone(question, [turn], get_model), list[ModelCalled]()
    while True:
        try:
            calls.append(next(steps))
        except StopIteration as end:
            return str(end.value), calls


def test_no_model_is_asked_where_words_are_enough(server: ScriptedServer) -> None:
    assert made_alone("when was it cast?", BELL, server) == ("when was the Corvin Bell cast?", [])
    assert not server.requests


def test_a_model_is_asked_which_of_two_persons_is_meant(server: ScriptedServer) -> None:
    server.replies = ["How old was Ida Brandel?"]
    text, calls = made_alone("how old was she?", TWO, server)
    assert text == "How old was Ida Brandel?"
    assert [call.purpose for call in calls] == ["rewrite"]


@pytest.mark.parametrize("proposal", ["How old was she?", "How old was Queen Maud?", ""])
def test_a_rewriting_that_changes_nothing_or_invents_is_not_taken(
    server: ScriptedServer, proposal: str
) -> None:
    server.replies = [proposal]
    text, _ = made_alone("how old was she?", TWO, server)
    assert text == "how old was she? (did Ida Brandel meet Olof Henk?)"
