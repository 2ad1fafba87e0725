"""What kind of answer does a question ask for, and is it there?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.checking.question_match import (
    adds_information,
    question_overlap,
    short_answer_overlap,
    unknown_names,
)
from rag.query.answer_type import AnswerType, expected_answer_type, has_answer_type
from rag.query.polite_request import without_request, without_summary_request


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("When did the bridge open?", "time"),
        ("What year did the bridge open?", "year"),
        ("Did the bridge open?", "yes-no"),
        ("Which day did the bridge open?", "time"),
        ("Since when has it been closed?", "time"),
        ("What happened when the bridge opened?", "other"),
        ("How many people crossed it?", "number"),
        ("What percentage of voters agreed?", "number"),
        ("What is the interest rate?", "number"),
        ("Why did the rate rise?", "other"),
        ("Who built it?", "person"),
        ("And who paid?", "person"),
        ("What did the mayor say?", "other"),
    ],
)
def test_kind(question: str, expected: str) -> None:
    assert expected_answer_type(question) == expected


@pytest.mark.parametrize(
    ("kind", "answer", "expected"),
    [
        ("number", "About 40 people crossed it.", True),
        ("number", "Half of them agreed.", True),
        ("number", "Many people crossed it.", False),
        ("time", "It opened on Monday.", True),
        ("time", "It opened in 1932.", True),
        ("time", "It opened last week.", True),
        ("time", "It opened with a speech.", False),
        ("person", "Ann Lee built it.", True),
        ("person", "It was built by workers.", False),
        ("person", "It was built on Monday.", False),
        ("other", "It did.", True),
    ],
)
def test_gives(kind: AnswerType, answer: str, expected: bool) -> None:
    assert has_answer_type(kind, answer) is expected


def test_strangers_are_names_that_the_source_does_not_know() -> None:
    source = "Swedish voters elected Ann Lee in May."
    assert unknown_names("Did Lee visit Sweden or Norway?", source) == ["Norway"]


@pytest.mark.parametrize(
    ("question", "unknown"),
    [
        ("Did Málaga FC play Kraków?", []),  # the accents, either way
        ("Which Malaga-area school won in September?", []),
        ("Which Lisbon-area school won in August?", ["Lisbon-area", "August"]),
        ("Which KR-7 train stopped?", []),
        ("Which KR-8 train stopped?", ["KR-8"]),
    ],
)
def test_names_are_known_however_they_are_spelt(question: str, unknown: list[str]) -> None:
    source = "A school in Malaga beat Krakòw on Sept. 4. The KR-7 train stopped. It is a FC."
    assert unknown_names(question, source) == unknown


@pytest.mark.parametrize(
    ("question", "unknown"),
    [
        ("HOW MANY SEATS DOES THE MERROW THEATRE HAVE?", []),
        ("How Many Seats Does The Merrow Theatre Have?", []),
        ("What Is the Capacity of the Merrow Theatre?", []),
        ("Cost Of The Theatre", []),  # "cost" is no name in the source
        ("- Describe the Merrow theatre.", []),
        ("— Explain the cost", []),
        ("1) Name the director.", []),
        ("¿Cuántas plazas tiene el teatro Merrow?", []),
        ("Wie viele Plätze hat das Theater Merrow?", []),
        (
            "Dear Box Office Team, I hope you are well. How many seats are there? Yours, Pia",
            [],
        ),
        ("Hello Pia, how many seats does the Merrow theatre have?", []),
        ("I was there in spring. Please say how many seats it has. Keep it short.", []),
        ("Which theatre did Pia Holt open?", ["Pia", "Holt"]),
        ("In Tarn, how many seats are there?", ["Tarn"]),
        ("what did Holt say?", ["Holt"]),
        ("Has Ida Brand met Holt?", ["Holt"]),
    ],
)
def test_a_capital_is_no_name_where_every_word_has_one_or_a_sentence_begins(
    question: str, unknown: list[str]
) -> None:
    source = "The Merrow theatre has 640 seats. The cost was high, said its director Ida Brand."
    assert unknown_names(question, source) == unknown


@pytest.mark.parametrize(
    ("short", "expected"),
    [
        ("Ann Lee", 1.0),
        ("Ánn Lee", 1.0),
        ("Ann Lee of Malmo", pytest.approx(2 / 3)),
        ("Olaf Berg", 0.0),
        ("Swedish voters", 0.0),  # the question's own words
        ("", 0.0),
        ("two terms", 1.0),
        ("2", 1.0),
        ("3", 0.0),
        ("1/4", 1.0),
        ("1/3", 0.0),
        ("¼", 1.0),
    ],
)
def test_what_a_short_answer_adds_stands_in_the_text_or_not(short: str, expected: float) -> None:
    text = "Swedish voters, or a quarter of them, elected Ann Lee to two terms in May."
    assert short_answer_overlap("Whom did Swedish voters elect?", short, text) == expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [("Who did voters elect?", 1.0), ("Did voters like penguins?", 0.5), ("Why?", 1.0)],
)
def test_shared(question: str, expected: float) -> None:
    assert question_overlap(question, "Swedish voters elected Ann Lee.") == expected


@pytest.mark.parametrize(
    ("question", "text", "says_more"),
    [
        ("reasons for late ferries", "Late Ferries Reasons.", False),
        ("which ferry serves soup", "Ferry That Serves Hot Soup.", False),
        ("which ferries were on strike?", "The ferries were on strike.", False),
        ("were the ferries on strike?", "The ferries were on strike.", True),
        ("what is the capital of Vell?", "Orla is the capital of Vell.", True),
        ("who leads the rail union?", "Rail union leader Orla Keane.", True),
        ("ferry fares", "Ferry Fares: 20%", True),
        ("when do the ferries sail?", "The ferries sail on Tuesday.", True),
    ],
)
def test_a_headline_that_repeats_the_question_says_no_more_than_it(
    question: str, text: str, says_more: bool
) -> None:
    assert adds_information(question, text) is says_more


@pytest.mark.parametrize(
    ("message", "question"),
    [
        ("Could you tell me how deep the lake is?", "How deep the lake is?"),
        ("Hello, I would like to know who built the weir.", "Who built the weir."),
        ("Please explain to us why the mill stands still", "Why the mill stands still"),
        ("Do you know when, roughly, it froze?", "Do you know when, roughly, it froze?"),
        ("What did she say when you asked?", "What did she say when you asked?"),
        ("Can you skate when it is cold?", "Can you skate when it is cold?"),
        ("Did they tell us why?", "Did they tell us why?"),
        ("How does it work? I want to know what moves it", None),
        ("Explain how the organ works.", None),
    ],
)
def test_the_question_in_a_polite_request_is_what_is_asked(
    message: str, question: str | None
) -> None:
    assert without_request(message) == (question or message)


@pytest.mark.parametrize(
    ("question", "rest"),
    [
        ("Summarize what the keeper says about fog", "What the keeper says about fog"),
        ("please sum up the keeper's view", "The keeper's view"),
        ("Give me a short summary of what they demand", "What they demand"),
        ("Briefly, why did the lamp fail?", "Why did the lamp fail?"),
        ("What does the keeper think, in short?", "What does the keeper think?"),
        ("In a nutshell: who pays?", "Who pays?"),
        ("Which workers are in short supply?", None),
        ("Who was briefly the keeper?", None),
        ("outline planning permission", None),
        ("Why did she summarize the log?", None),
        ("Summarize", None),
        ("Briefly?", None),
    ],
)
def test_what_is_asked_for_in_short_is_asked(question: str, rest: str | None) -> None:
    assert without_summary_request(question) == (rest or question)


@given(st.text(alphabet="tell me you know how why .?!,\n", max_size=400))
def test_what_is_left_of_a_request_stood_in_it(message: str) -> None:
    asked = without_request(message)
    assert message.casefold().endswith(asked.casefold())
