"""When is a question declined, and by whom?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from rag.answering import acceptance
from rag.answering.attempts import Attempt
from rag.answering.draft import AnswerDraft
from rag.checking.question_match import unknown_names
from rag.events import Checked, Event, Finished, Token
from rag.query.answer_type import expected_answer_type
from rag.thresholds import ANSWERING
from rag.types import Answer, Citation, Claim, Origin, Passage, Span, Usage
from tests.asking import (
    FENTANYL,
    LARGE,
    RATE,
    SMALL,
    STATED,
    Index,
    asks_yes_or_no,
    reads_article,
    script,
)
from tests.fakes import ScriptedServer

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


def test_a_small_model_that_says_no_is_asked_to_answer_from_no_passage(seeds: Index) -> None:
    with ScriptedServer(script("Made up.", knows="nothing of the kind")) as server:
        events = list(seeds.assistant(server, SMALL).stream("what tariff rate applies to soy?"))
        assert server.requests
        of_passages = [each for each in server.requests if not reads_article(each)]
        assert all(map(asks_yes_or_no, of_passages))
    answer = declined(events)
    assert answer.reason == "not stated"
    assert answer.chance is not None
    assert 0 <= answer.chance < ANSWERING.min_chance


def test_names_that_no_source_knows_are_declined_without_a_model(seeds: Index) -> None:
    with ScriptedServer() as server:
        question = "what did the chancellor Zuberbühler say?"
        events = list(seeds.assistant(server, SMALL).stream(question))
        assert not server.requests
    answer = declined(events)
    assert (answer.reason, answer.chance) == ("not stated", None)


@pytest.mark.parametrize(
    "question", ["how long should an egg boil?", "bhxk qworl ztmcn", "router password reset"]
)
def test_what_is_like_nothing_in_the_articles_is_declined_without_a_small_model(
    seeds: Index, question: str
) -> None:
    with ScriptedServer() as server:
        events = list(seeds.assistant(server, SMALL).stream(question))
        assert not server.requests
    answer = declined(events)
    assert answer.reason == "not stated"
    assert answer.chance is not None
    assert answer.chance < ANSWERING.min_likeness
    assert answer.passages  # what was looked at


def test_a_reply_of_which_nothing_holds_is_declined(seeds: Index) -> None:
    with ScriptedServer(["Bananas grow in Geneva."]) as server:
        question = "what does Bessent eat in the evening?"
        events = list(seeds.assistant(server).stream(question))
    assert declined(events).reason == "nothing survived checking"
    shown = [event.action for event in events if isinstance(event, Checked)]
    assert shown
    assert set(shown) == {"removed"}


def test_where_nothing_holds_of_the_reply_of_a_large_model_the_answer_is_quoted(
    seeds: Index,
) -> None:
    with ScriptedServer(["Bananas grow in Geneva."]) as server:
        *_, last = seeds.assistant(server).stream(FENTANYL)
        assert len(server.requests) == 1
    assert isinstance(last, Finished)
    answer = last.answer
    assert (answer.status, answer.answers) == ("answered", "unsure")
    assert RATE in {claim.text for claim in answer.claims}
    assert {claim.origin for claim in answer.claims} == {"closest"}
    assert "Bananas" not in answer.text


def test_where_a_small_model_is_sure_and_writes_nothing_that_holds_the_closest_is_quoted(
    seeds: Index,
) -> None:
    with ScriptedServer(script("Bananas grow in Geneva.", knows="Bessent")) as server:
        question = "what does Bessent eat in the evening?"
        *_, last = seeds.assistant(server, SMALL).stream(question)
    assert isinstance(last, Finished)
    answer = last.answer
    assert (answer.status, answer.answers) == ("answered", "unsure")
    assert {claim.origin for claim in answer.claims} == {"closest"}
    assert "Bananas" not in answer.text


def test_the_closest_is_the_passage_that_the_model_said_yes_to(seeds: Index) -> None:
    """Not the most relevant one, to which it said no."""
    with ScriptedServer(script("Bananas grow in Geneva.", knows="“evaluating” an offer")) as server:
        *_, last = seeds.assistant(server, SMALL).stream("what does Bessent eat in the evening?")
    assert isinstance(last, Finished)
    assert [claim.origin for claim in last.answer.claims] == ["closest"]
    assert "“evaluating” an offer" in last.answer.claims[0].text


def test_where_nothing_is_retrieved_no_model_is_asked(seeds: Index) -> None:
    with ScriptedServer() as server:
        events = list(seeds.assistant(server).stream("fentanyl", document_ids=[]))
        assert not server.requests
    answer = declined(events)
    assert (answer.reason, answer.passages) == ("nothing retrieved", ())


# --- what counts as an answer -----------------------------------------------------------------


def claim(text: str, quote: str) -> Claim:
    citation = Citation(1, Span("a.txt", 0, len(quote)), quote)
    return Claim(text, (citation,), "supported", (), "matched", 1.0)


SOUP = "Soup cost 20% more in spring."
UNSURE, CERTAIN = Attempt((), None, None), Attempt((), 0.99, 0.99)


def test_an_answer_holds_the_kind_of_thing_that_was_asked_for() -> None:
    assert acceptance.answers_question(FENTANYL, [claim(STATED, RATE)], UNSURE)
    without = claim("A rate applies to fentanyl.", RATE)
    assert not acceptance.answers_question(FENTANYL, [without], UNSURE)
    assert not acceptance.answers_question(FENTANYL, [without], CERTAIN)
    assert not acceptance.answers_question(FENTANYL, [], CERTAIN)


def test_what_a_sentence_leans_on_has_words_of_the_question() -> None:
    quote = "That was raised to 20%."
    passage = Passage(1, Span("a.txt", 0, len(quote)), quote, "Markets", "a.txt", 1.0)
    told = [claim("It was raised to 20%.", quote)]
    question = "Name each levy on imported soup"
    assert not acceptance.answers_question(question, told, Attempt([passage]))
    read = replace(passage, as_read="There was a levy on soup that is imported. " + quote)
    assert acceptance.answers_question(question, told, Attempt([read]))


def test_several_amounts_of_one_unit_are_for_the_checks_to_tell_apart() -> None:
    quote = "The levy was raised to 12% for soup and 20% for bread."
    both = claim("The levies are 12% for soup and 20% for bread.", quote)
    assert acceptance.is_acceptable("Which levies are there?", both, quote, CERTAIN)
    other = claim("The levy on soup is 20%.", quote)
    assert not acceptance.is_acceptable("What is the levy on soup?", other, quote, CERTAIN)


def test_a_sentence_about_the_text_that_the_model_was_given_does_not_answer() -> None:
    quote = "Soup has a levy of 5%."
    for said, stands in (("The text mentions a levy of 5% on soup.", False), (quote, True)):
        own = claim(said, quote)
        assert acceptance.is_acceptable("Which levies are there?", own, quote, CERTAIN) is stands


def test_what_happens_first_tells_when() -> None:
    quote = "The ferry sails when the tide is in."
    assert acceptance.is_worth_quoting("When does the ferry sail?", quote, CERTAIN)
    assert not acceptance.is_worth_quoting("When does the ferry sail?", "The ferry sails.", CERTAIN)


def test_an_answer_is_in_the_measure_that_was_asked_for() -> None:
    people, weight = "They seized enough for 40 people.", "They seized 40 tons in May."
    assert not acceptance.is_worth_quoting("How many kilograms were seized?", people, CERTAIN)
    assert acceptance.is_worth_quoting("How many kilograms were seized?", weight, CERTAIN)
    assert acceptance.is_worth_quoting("How many people was it for?", people, CERTAIN)
    assert acceptance.is_worth_quoting(
        "How many years did it take?", "It took from 1990 to 1996.", CERTAIN
    )


@pytest.mark.parametrize(
    ("number", "title", "stands"),
    [
        (1, "Soup", False),
        (1, "The tariff rate of fentanyl", True),
        (2, "The tariff rate of fentanyl", False),  # that passage is not cited
    ],
)
def test_the_title_of_an_article_tells_what_its_sentences_are_of(
    number: int, title: str, stands: bool
) -> None:
    said = claim("It is 20%.", "It is 20%.")
    shown = Passage(number, said.citations[0].span, "It is 20%.", title, "/x", 1.0)
    attempt = replace(UNSURE, passages=[shown])
    assert acceptance.answers_question(FENTANYL, [said], attempt) is stands


def test_an_answer_to_the_question_next_door_is_none() -> None:
    assert not acceptance.answers_question(FENTANYL, [claim(SOUP, SOUP)], UNSURE)


def test_only_a_sentence_that_answers_by_itself_is_worth_quoting() -> None:
    assert acceptance.is_worth_quoting(FENTANYL, RATE, UNSURE)
    assert not acceptance.is_worth_quoting(FENTANYL, SOUP, UNSURE)
    assert not acceptance.is_worth_quoting(FENTANYL, "A rate applies to fentanyl.", CERTAIN)
    for chance in (ANSWERING.min_chance_quoted, ANSWERING.min_chance_quoted - 0.01):
        likely = chance >= ANSWERING.min_chance_quoted
        attempt = Attempt((), 0.8, chance, "20%")
        assert acceptance.is_worth_quoting(FENTANYL, SOUP, attempt) == likely
        wordless = replace(attempt, short=None)  # the model found nothing to say of it
        assert acceptance.is_worth_quoting(FENTANYL, SOUP, wordless) == likely
        assert not acceptance.is_worth_quoting("What does soup cost?", SOUP, wordless)


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
    assert expected_answer_type(question) == kind


def test_strangers_are_names_that_the_source_does_not_know() -> None:
    source = "Treasury Secretary Scott Bessent spoke in the US."
    assert unknown_names("what did Macron say?", source)
    assert not unknown_names("what did Bessent say to Americans?", source)


@pytest.mark.parametrize(("score", "stands"), [(0.9, True), (0.4, False), (None, True)])
def test_what_is_supported_only_in_part_must_be_well_grounded(
    score: float | None, stands: bool
) -> None:
    partial = replace(claim(STATED, RATE), support="partial", score=score)
    assert acceptance.is_acceptable(FENTANYL, partial, RATE, CERTAIN) is stands
    assert not acceptance.is_acceptable(FENTANYL, partial, RATE, UNSURE)


@pytest.mark.parametrize(
    ("origin", "chance", "said"),
    [
        ("matched", 0.8, "yes"),
        ("matched", 0.6, "unsure"),
        ("model", 0.6, "yes"),
        ("model", 0.4, "unsure"),
        ("closest", 0.9, "unsure"),
    ],
)
def test_a_sentence_that_was_written_and_checked_needs_less_of_a_chance(
    origin: Origin, chance: float, said: str
) -> None:
    written = replace(claim(STATED, RATE), origin=origin)
    draft = AnswerDraft(FENTANYL, claims=(written,), chances=(chance,))
    assert draft.to_answer(Usage(), {}).answers == said
