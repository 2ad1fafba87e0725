"""When is a question declined, and by whom?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest

from rag import asks, judgement
from rag.dates import Days
from rag.events import Checked, Consulted, Event, Finished, Token
from rag.judgement import Attempt
from rag.types import Answer, Citation, Claim, Passage, Span
from tests.asking import (
    FENTANYL,
    LARGE,
    RATE,
    SMALL,
    STATED,
    Index,
    asks_for_words,
    asks_yes_or_no,
    chat,
    script,
)
from tests.fakes import Request, Script, Scripted, ScriptedServer

pytest_plugins = ["tests.seeds"]

SIZES = pytest.mark.parametrize("budget", [LARGE, SMALL], ids=["large", "small"])


def declined(events: Sequence[Event]) -> Answer:
    assert isinstance(events[-1], Finished)
    answer = events[-1].answer
    assert (answer.status, answer.text, answer.claims) == ("declined", "", ())
    return answer


# --- over the seed articles -------------------------------------------------------------------


def test_a_large_model_declines_in_its_reply(seeds: Index) -> None:
    with ScriptedServer(["NOT STATED"]) as server:
        events = list(seeds.assistant(server).stream("what tariff rate applies to cotton?"))
    answer = declined(events)
    assert answer.reason == "not stated"
    assert answer.passages  # what was looked at
    assert not [event for event in events if isinstance(event, Token | Checked)]


def test_a_small_model_that_says_no_is_not_asked_to_answer(seeds: Index) -> None:
    with ScriptedServer(script("Made up.", knows="nothing of the kind")) as server:
        events = list(seeds.assistant(server, SMALL).stream("what tariff rate applies to soy?"))
        assert server.requests
        assert all(asks_yes_or_no(request) for request in server.requests)
    answer = declined(events)
    assert answer.reason == "not stated"
    assert answer.chance is not None
    assert 0 <= answer.chance < judgement.LEAST


def test_names_that_no_source_knows_are_declined_without_a_model(seeds: Index) -> None:
    with ScriptedServer() as server:
        question = "what did the chancellor Zuberbühler say?"
        events = list(seeds.assistant(server, SMALL).stream(question))
        assert not server.requests
    answer = declined(events)
    assert (answer.reason, answer.chance) == ("not stated", None)


@SIZES
def test_a_reply_of_which_nothing_holds_is_declined(seeds: Index, budget: int) -> None:
    with ScriptedServer(script("Bananas grow in Geneva.", knows="Bessent")) as server:
        question = "what does Bessent eat in the evening?"
        events = list(seeds.assistant(server, budget).stream(question))
    assert declined(events).reason == "nothing survived checking"
    shown = [event.action for event in events if isinstance(event, Checked)]
    assert shown
    assert set(shown) == {"removed"}


def test_where_nothing_is_retrieved_no_model_is_asked(seeds: Index) -> None:
    with ScriptedServer() as server:
        events = list(seeds.assistant(server).stream("fentanyl", document_ids=[]))
        assert not server.requests
    answer = declined(events)
    assert (answer.reason, answer.passages) == ("nothing retrieved", ())


# --- what a small model is shown --------------------------------------------------------------


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
    days = Days(date(2026, 2, 20), date(2026, 3, 6), since=date(2026, 2, 20))
    for apart in (True, False):
        tried = judgement.ranked("What is new this week?", dated, days, apart=apart)
        assert {each.text for each in tried} == {"New.", "Undated."}
        assert len(judgement.ranked("What is new?", dated, None, apart=apart)) == 3


def as_said(stated: float) -> float:
    """The chance of an answer, were the model's word all that counts."""
    return stated


def steps(
    texts: Sequence[str], says: Sequence[Script], budget: int = SMALL
) -> list[Consulted | Attempt]:
    """The attempts, and what the model was asked before each."""
    with ScriptedServer(says) as server:
        return list(
            judgement.attempts("what rate?", passages(*texts), chat(server, budget), as_said)
        )


def texts_of(attempt: Attempt) -> list[str]:
    return [passage.text for passage in attempt.passages]


def attempts(texts: Sequence[str], says: list[Script]) -> list[list[str]]:
    return [texts_of(step) for step in steps(texts, says) if isinstance(step, Attempt)]


def test_a_large_model_gets_all_passages_at_once_and_is_not_asked() -> None:
    (attempt,) = steps(["One.", "Two."], ["Not to be asked."], LARGE)
    assert isinstance(attempt, Attempt)
    assert texts_of(attempt) == ["One.", "Two."]
    assert not attempt.sure


def test_a_small_model_answers_from_the_passage_that_it_says_states_the_answer() -> None:
    assert attempts(["Soup.", "The rate is 20%."], script(knows="20%")) == [["The rate is 20%."]]


def test_a_small_model_that_is_sure_is_not_asked_about_the_rest() -> None:
    with ScriptedServer(script(knows="20%", extracts="20%.")) as server:
        some = passages("The rate is 20%.", "Soup.", "Bread.")
        going = judgement.attempts("what rate?", some, chat(server, SMALL), as_said)
        asked, found, first = next(going), next(going), next(going)
        assert len(server.requests) == 2
    assert isinstance(asked, Consulted)
    assert isinstance(found, Consulted)
    assert isinstance(first, Attempt)
    assert texts_of(first) == ["The rate is 20%."]
    assert (found.purpose, found.reply, first.short) == ("extract", "20%.", "20%")
    assert first.sure
    assert first.stated == first.chance == asked.probability


def test_each_yes_or_no_is_told_before_what_follows_from_it() -> None:
    going = steps(["Soup.", "The rate is 20%.", "Bread."], script(knows="20%"))
    told = [Consulted, Consulted, Consulted, Attempt, Consulted]
    assert [type(step) for step in going] == told
    asked = [step for step in going if isinstance(step, Consulted) and step.purpose == "judge"]
    assert [step.reply for step in asked] == ["no", "yes", "no"]
    likely = [step.probability or 0 for step in asked]
    assert likely[1] > judgement.SURE > judgement.LEAST > max(likely[0], likely[2])
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
        going = list(judgement.attempts(question, some, chat(server, SMALL), as_said))
    assert [type(step) for step in going if isinstance(step, Attempt)] == [Attempt] * tried


def test_no_more_attempts_are_made_than_a_person_would_wait_for() -> None:
    texts = [f"The rate is {number}%." for number in range(20)]
    assert len(attempts(texts, script(knows="rate"))) == judgement.ATTEMPTS


def test_a_passage_that_does_not_state_the_answer_is_never_answered_from() -> None:
    assert attempts(["Soup.", "Bread."], script(knows="20%")) == []


def test_a_server_without_probabilities_is_taken_at_its_word() -> None:
    def plainly(request: Request) -> Scripted:
        if asks_for_words(request):
            return ["20%"]
        return ["Yes"] if "20%" in request["messages"][-1]["content"] else ["No"]

    assert attempts(["Soup.", "The rate is 20%."], [plainly]) == [["The rate is 20%."]]


# --- what counts as an answer -----------------------------------------------------------------


def claim(text: str, quote: str) -> Claim:
    citation = Citation(1, Span("a.txt", 0, len(quote)), quote)
    return Claim(text, (citation,), "supported", (), "matched", 1.0)


SOUP = "Soup cost 20% more in spring."
UNSURE, CERTAIN = Attempt((), None, None), Attempt((), 0.99, 0.99)


def test_an_answer_holds_the_kind_of_thing_that_was_asked_for() -> None:
    assert judgement.answers(FENTANYL, [claim(STATED, RATE)], UNSURE)
    without = claim("A rate applies to fentanyl.", RATE)
    assert not judgement.answers(FENTANYL, [without], UNSURE)
    assert not judgement.answers(FENTANYL, [without], CERTAIN)
    assert not judgement.answers(FENTANYL, [], CERTAIN)


def test_what_happens_first_tells_when() -> None:
    quote = "The ferry sails when the tide is in."
    assert judgement.worth_quoting("When does the ferry sail?", quote, CERTAIN)
    assert not judgement.worth_quoting("When does the ferry sail?", "The ferry sails.", CERTAIN)


def test_an_answer_is_in_the_measure_that_was_asked_for() -> None:
    people, weight = "They seized enough for 40 people.", "They seized 40 tons in May."
    assert not judgement.worth_quoting("How many kilograms were seized?", people, CERTAIN)
    assert judgement.worth_quoting("How many kilograms were seized?", weight, CERTAIN)
    assert judgement.worth_quoting("How many people was it for?", people, CERTAIN)
    assert judgement.worth_quoting(
        "How many years did it take?", "It took from 1990 to 1996.", CERTAIN
    )


def test_an_answer_to_the_question_next_door_is_none() -> None:
    assert not judgement.answers(FENTANYL, [claim(SOUP, SOUP)], UNSURE)


def test_only_a_sentence_that_answers_by_itself_is_worth_quoting() -> None:
    assert judgement.worth_quoting(FENTANYL, RATE, UNSURE)
    assert not judgement.worth_quoting(FENTANYL, SOUP, UNSURE)
    assert not judgement.worth_quoting(FENTANYL, "A rate applies to fentanyl.", CERTAIN)
    for chance in (judgement.LEAST_QUOTED, judgement.LEAST_QUOTED - 0.01):
        likely = chance >= judgement.LEAST_QUOTED
        assert judgement.worth_quoting(FENTANYL, SOUP, Attempt((), 0.8, chance)) == likely


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        (FENTANYL, "number"),
        ("How many Americans could it kill?", "number"),
        ("When did he speak?", "time"),
        ("who is the Treasury Secretary?", "person"),
        ("why is shipping down?", "other"),
    ],
)
def test_the_wording_says_what_kind_of_thing_is_asked_for(question: str, kind: str) -> None:
    assert asks.kind(question) == kind


def test_strangers_are_names_that_the_source_does_not_know() -> None:
    source = "Treasury Secretary Scott Bessent spoke in the US."
    assert judgement.names_strangers("what did Macron say?", source)
    assert not judgement.names_strangers("what did Bessent say to Americans?", source)


@pytest.mark.parametrize(("score", "stands"), [(0.9, True), (0.5, False), (None, True)])
def test_what_is_supported_only_in_part_must_be_well_grounded(
    score: float | None, stands: bool
) -> None:
    partial = replace(claim(STATED, RATE), support="partial", score=score)
    assert judgement.holds(FENTANYL, partial, RATE, CERTAIN) is stands
    assert not judgement.holds(FENTANYL, partial, RATE, UNSURE)
