"""A follow-up is read with the last turns, by words alone where they are enough."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.query.follow_ups import Resolved, resolve
from rag.types import Turn

BELL = Turn("How heavy is the Corvin Bell?", "It weighs nine tonnes. [1]")


def alone(question: str, *turns: Turn, source: str = "") -> str:
    return resolve(question, turns, source).standalone


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
        (
            Turn("Was the lock closed?", "Yes, the lock was closed in May."),
            "and why?",
            "why was the lock closed?",
        ),
        (
            Turn("What did the miller say?", "The stones are worn. [1]"),
            "who said that?",
            "who said that the stones are worn?",
        ),
        (
            Turn("How many eels were caught?", "Catches fell by half. [1]"),
            "how did that happen?",
            "how did “Catches fell by half” happen?",
        ),
        (
            Turn("Who is Ida Brandel?", "Ida Brandel told the Marlow Bell Society of it."),
            "what did she say?",
            "what did Ida Brandel say?",
        ),
        (
            Turn("How many eels were caught?", "310 eels were caught."),
            "Is that more than in 1990?",
            "Is “310 eels were caught” more than in 1990?",
        ),
        (
            Turn(
                "What are the rooms like?", "**Rooms**\n\n- The rooms are small. [1]\n- Dear. [2]"
            ),
            "who said that?",
            "who said that the rooms are small?",
        ),
        (
            Turn("May I bring a cracked bowl?", "No, cracked bowls are sent back."),
            "Why not?",
            "Why is it that cracked bowls are sent back?",
        ),
        (
            Turn("Is the hall open all year?", "Yes. The hall is open all year."),
            "since when?",
            "since when is the hall open all year?",
        ),
        (
            Turn("Has anything been done?", "A fence was put up in May."),
            "who pays for that?",
            "who pays for “A fence was put up in May”?",
        ),
    ],
)
def test_what_a_follow_up_leans_on_is_put_in_its_place(
    last: Turn, question: str, expected: str
) -> None:
    assert alone(question, last) == expected


@pytest.mark.parametrize(
    ("last", "question"),
    [
        (Turn("Is the lock of Marlow safe?", "The inspector says so."), "Do ministers agree?"),
        (Turn("When do guests eat at the inn?", "At seven."), "is it loud?"),
        (Turn("What does the sauna cost?", "Six crowns."), "for how long?"),
    ],
)
def test_what_cannot_be_put_into_words_is_asked_as_it_is_with_the_last_turn_as_context(
    last: Turn, question: str
) -> None:
    resolved = resolve(question, [last])
    assert resolved.standalone == question
    assert resolved.context == f"{last.question} {last.answer}"


def test_the_source_tells_that_a_word_which_opens_the_answer_is_a_name() -> None:
    last = Turn("who takes over the shop in Dornick?", "Jonas takes it over in spring.")
    source = "She trains Jonas. Jonas is careful."
    assert resolve("who is he?", [last], source).standalone == "who is Jonas?"


def test_a_thing_is_named_by_all_of_its_words() -> None:
    last = Turn("Where does the Saturday market go?", "It moves to the yard.")
    source = "The Saturday market moves to the yard."
    assert resolve("how long will it stay?", [last], source).readings[0] == (
        "how long will the Saturday market stay?"
    )


def test_what_the_last_question_is_asked_of_anew_is_known() -> None:
    last = Turn("What do adults pay at the old bath?", "Six crowns.")
    assert resolve("and in winter?", [last]).phrase == "in winter?"
    assert resolve("why is it dear?", [last]).phrase == ""


def test_a_phrase_is_asked_of_whatever_it_may_replace() -> None:
    last = Turn("What do adults pay at the old bath?", "Six crowns.")
    assert resolve("and students?", [last]).readings == (
        "What do students pay at the old bath?",
        "What do students at the old bath?",
        "What do adults pay at students?",
    )
    assert "What do adults pay at the new bath?" in resolve("and the new one?", [last]).readings


def test_a_phrase_of_the_conversation_ends_where_the_articles_end_it() -> None:
    last = Turn("When does the small ferry sail?", "At nine.")
    source = "The small ferry is red. It can sail in fog."
    assert alone("how old is it?", last, source=source) == "how old is the small ferry?"
    assert alone("how old is it?", last) == "how old is it?"


@pytest.mark.parametrize(
    "question",
    [
        "Who paid for the new roof of the mill?",
        "When did Anna Quist say that she would leave?",
        "Is it true that the miller sold his donkey to the baker?",
    ],
)
def test_a_question_that_stands_alone_is_not_changed(question: str) -> None:
    assert resolve(question, [BELL]) == Resolved((question,))


def test_without_a_conversation_nothing_is_added() -> None:
    assert alone("and why?") == "and why?"


def test_a_follow_up_to_a_decline_is_read_with_the_declined_question() -> None:
    assert alone("and where is it?", Turn("Who rang the Corvin Bell?", "")).startswith(
        "where is the Corvin Bell"
    )


def test_a_follow_up_to_a_follow_up_is_read_with_what_that_one_meant() -> None:
    turns = [BELL, Turn("when was it cast?", "In 1740.")]
    assert alone("where is it now?", *turns) == "where is the Corvin Bell now?"


def test_each_of_several_things_that_it_may_stand_for_is_a_reading() -> None:
    last = Turn("Did the barge reach the lock before the storm?", "Yes.")
    source = "The barge is old. The lock is older. The storm was short."
    assert resolve("how old is it?", [last], source).readings == (
        "how old is the barge?",
        "how old is the lock?",
        "how old is it?",
    )


def test_a_thing_is_no_person() -> None:
    last = Turn("What did Ida Brandel say about clay?", "That it cracks.")
    assert alone("how dear is it?", last) == "how dear is it?"


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
def test_any_conversation_can_be_read(question: str, before: str, answer: str) -> None:
    resolved = resolve(question, [Turn(before, answer)], before).standalone
    assert len(resolved) <= len(question) + len(before) + len(answer) + 40
