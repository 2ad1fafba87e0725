"""Each sentence of a reply: kept, repaired from its evidence, or removed."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from dataclasses import replace

import pytest

from rag.answering.answerer import Answerer
from rag.answering.article_chance import load_article_weights
from rag.answering.article_reader import ArticleReader
from rag.answering.draft import AnswerDraft, StageTimed, Step, finish, timed
from rag.answering.extractive import ExtractiveComposer
from rag.answering.large_model import LargeModelAnswerer
from rag.answering.quoting import QuotingAnswerer
from rag.answering.small_model import SmallModelAnswerer
from rag.checking.answerability import Answerability
from rag.checking.checker import Checker
from rag.checking.scorer import Scorer
from rag.events import Checked, Event, Finished, ModelCalled, Retrieved, Selected, Token
from rag.query.plan import QueryPlan
from rag.query.sub_questions import split_question
from rag.thresholds import ANSWERING
from rag.types import Answer, Citation, Claim, Passage, Span, Support, Usage
from tests.asking import (
    FENTANYL,
    LARGE,
    NEWS,
    RATE,
    REPORT,
    SMALL,
    STATED,
    WRONG,
    Index,
    chat,
    prompt,
    script,
)
from tests.fakes import Script, ScriptedServer

pytest_plugins = ["tests.seeds"]

DIVE = "China’s shipping to the US has taken a roughly 50% dive"
SHIPPING = f"Amid the trade standoff, {DIVE}, prompting fears of a recession in the coming months."
TRUE_OF_THE_OTHER = "That was later hiked to 125% for reciprocal duties."
BESSENT = "who is confident that the Chinese will want a deal?"


def answered(
    seeds: Index,
    question: str,
    passages: Sequence[Passage],
    replies: Sequence[Script],
    budget: int = LARGE,
) -> tuple[list[Event], Answer, list[str]]:
    """What happened, the answer, and the prompts."""
    scorer = Scorer()
    checker = Checker(seeds.library, scorer)
    composer = ExtractiveComposer(seeds.library, scorer.encoder)
    answerability = Answerability(scorer.encoder)
    quoting = QuotingAnswerer(answerability, composer)
    answerer: Answerer = LargeModelAnswerer(checker, quoting, 50)
    if budget == SMALL:
        reader = ArticleReader(seeds.library, checker, load_article_weights())
        answerer = SmallModelAnswerer(checker, answerability, composer, reader, 50)
    plan = QueryPlan(question, question, tuple(split_question(question)))
    with ScriptedServer(replies) as server:
        selected = Selected(tuple(passages))
        steps = answerer.answer(plan, Retrieved(()), selected, lambda: chat(server, budget))
        *events, last = finish(steps)
        assert isinstance(last, Finished)
        return events, last.answer, [prompt(each) for each in server.requests]


def actions(events: Sequence[Event]) -> list[tuple[str, str]]:
    return [(each.claim.text, each.action) for each in events if isinstance(each, Checked)]


def test_a_sentence_is_cited_where_it_stands_whatever_its_marker_says(seeds: Index) -> None:
    some = [seeds.passage(SHIPPING, 1), seeds.passage(RATE, 2)]
    _, answer, _ = answered(seeds, FENTANYL, some, [f"{STATED} [1]"])
    assert answer.reason is None
    (claim,) = answer.claims
    assert [(c.number, c.quote) for c in claim.citations] == [(1, RATE)]
    assert claim.origin == "matched"


def test_each_sentence_has_citations_of_its_own(seeds: Index) -> None:
    some = [seeds.passage(RATE, 1), seeds.passage(SHIPPING, 2)]
    reply = f"{STATED} [1] {DIVE}. [2]"
    _, answer, _ = answered(seeds, FENTANYL, some, [reply])
    assert [[c.quote for c in claim.citations] for claim in answer.claims] == [[RATE], [SHIPPING]]


def test_a_narrow_quote_is_taken_from_a_wide_passage(seeds: Index) -> None:
    text = seeds.library.document(seeds.passage(RATE).span.document_id).text
    _, answer, _ = answered(seeds, FENTANYL, [seeds.passage(text)], [f"{STATED} [1]"])
    assert [c.quote for c in answer.claims[0].citations] == [RATE]
    assert answer.claims[0].citations[0].span == seeds.passage(RATE).span


def test_the_mend_is_asked_of_the_evidence_alone(seeds: Index) -> None:
    some = [seeds.passage(RATE, 1), seeds.passage(SHIPPING, 2)]
    events, answer, prompts = answered(seeds, FENTANYL, some, [WRONG, STATED])
    assert actions(events) == [(STATED, "repaired")]
    assert len(prompts) == 2
    assert RATE in prompts[1]
    assert SHIPPING not in prompts[1]
    assert answer.usage.prompt_tokens == 14
    assert "".join(event.text for event in events if isinstance(event, Token)) == WRONG


@pytest.mark.parametrize(
    "mend",
    [WRONG, "NOT STATED", "", "Bananas grow in Geneva.", f"{STATED} {WRONG}"],
    ids=["wrong again", "declined", "empty", "invented", "right and wrong"],
)
def test_where_the_mend_fails_the_source_speaks_for_itself(seeds: Index, mend: str) -> None:
    events, answer, _ = answered(seeds, FENTANYL, [seeds.passage(RATE)], [WRONG, mend])
    assert actions(events) == [(f"“{RATE}”", "repaired")]
    (claim,) = answer.claims
    assert (claim.support, claim.citations[0].quote) == ("supported", RATE)


@pytest.mark.parametrize(("mend", "text"), [(STATED, STATED), (TRUE_OF_THE_OTHER, f"“{RATE}”")])
def test_a_reply_without_the_few_words_that_answer_is_mended(
    seeds: Index, mend: str, text: str
) -> None:
    replies = script(TRUE_OF_THE_OTHER, mend, knows="fentanyl", extracts="20%")
    events, answer, _ = answered(seeds, FENTANYL, [seeds.passage(RATE)], replies, SMALL)
    assert answer.reason is None
    assert actions(events) == [(text, "repaired")]
    assert [claim.support for claim in answer.claims] == ["supported"]


def test_the_sentence_with_the_few_words_that_answer_is_quoted(seeds: Index) -> None:
    text = seeds.library.document(seeds.passage(RATE).span.document_id).text
    passage = seeds.passage(text[text.index(RATE) : text.index(SHIPPING)])
    other = "China’s commerce ministry in February had dismissed the opioid."
    replies = script(other, knows="fentanyl", extracts="20%")
    events, *_ = answered(seeds, FENTANYL, [passage], replies, SMALL)
    assert actions(events) == [(f"“{RATE}”", "repaired")]


@pytest.mark.parametrize(("extracts", "kept"), [("20%", [f"“{RATE}”"]), ("in 2017", [])])
def test_a_passage_in_doubt_is_quoted_where_the_few_words_that_answer_stand_in_it(
    seeds: Index, extracts: str, kept: list[str]
) -> None:
    wrong = "Fentanyl had a 30% rate in 2017."
    asked = "What rate was that later hiked to just for the fentanyl demands?"
    replies = script(wrong, knows="20% rate", extracts=extracts, p_yes=0.77)
    events, *_ = answered(seeds, asked, [seeds.passage(RATE)], replies, SMALL)
    assert [text for text, action in actions(events) if action != "removed"] == kept


def test_a_bound_that_the_model_leaves_out_is_put_back(seeds: Index) -> None:
    asked = "By how much has China's shipping to the US fallen?"
    reply = "China's shipping to the US has taken a 50% dive."
    _, answer, _ = answered(seeds, asked, [seeds.passage(SHIPPING)], [reply])
    (claim,) = answer.claims
    assert (claim.text, claim.support) == (reply.replace("50%", "roughly 50%"), "supported")


@pytest.mark.parametrize(
    "quote",
    ["“I am confident that the Chinese will want to reach a deal.",
     "told Fox Business Network earlier this week that “I am confident that the Chinese will want"
     " to reach a deal."],
)  # fmt: skip
def test_a_source_with_quotation_marks_is_not_given_more_of_them(seeds: Index, quote: str) -> None:
    wrong = "Bessent is confident of 30 deals with the Chinese."
    events, _, _ = answered(seeds, BESSENT, [seeds.passage(quote)], [wrong])
    assert actions(events) == [(quote, "repaired")]


def test_markers_out_of_range_are_counted(seeds: Index) -> None:
    reply = f"{STATED} [1][7] [0] 【99】"
    _, answer, _ = answered(seeds, FENTANYL, [seeds.passage(RATE)], [reply])
    assert answer.dropped_markers == 3
    assert [claim.marked() for claim in answer.claims] == [f"{STATED} [1]"]


def test_without_passages_there_is_nothing_to_ask(seeds: Index) -> None:
    events, answer, prompts = answered(seeds, FENTANYL, [], [STATED])
    assert (events, answer.reason, prompts) == ([], "nothing retrieved", [])


def test_a_small_models_next_attempt_is_made_from_another_passage(seeds: Index) -> None:
    some = [seeds.passage(SHIPPING, 1), seeds.passage(RATE, 2)]
    replies = script("Bananas grow in Geneva.", STATED, knows="%")
    events, answer, _ = answered(seeds, FENTANYL, some, replies, SMALL)
    assert answer.reason is None
    assert [claim.text for claim in answer.claims] == [STATED]
    assert actions(events) == [("Bananas grow in Geneva.", "removed"), (STATED, "kept")]


def test_a_sentence_that_answers_two_parts_of_a_question_is_said_once(seeds: Index) -> None:
    asked = "what rate applies to fentanyl and what is the rate of tariffs?"
    replies = script(STATED, STATED, knows="20% rate", extracts="20% rate")
    events, answer, _ = answered(seeds, asked, [seeds.passage(RATE)], replies, SMALL)
    assert answer.reason is None
    assert [claim.text for claim in answer.claims] == [STATED]
    assert actions(events) == [(STATED, "kept")]
    assert answer.short == "20% rate"


def test_a_sentence_that_a_reply_says_twice_is_said_once(seeds: Index) -> None:
    replies = script(f"{STATED} {STATED}", knows="20% rate", extracts="20% rate")
    events, answer, _ = answered(seeds, FENTANYL, [seeds.passage(RATE)], replies, SMALL)
    assert [claim.text for claim in answer.claims] == [STATED]
    assert actions(events) == [(STATED, "kept")]


@pytest.mark.parametrize(
    ("extracts", "short"),
    [("20% rate.", "20% rate"), ("30% in all", None), ("A tariff rate", None)],
)
def test_of_a_small_model_the_few_words_that_answer_are_kept(
    seeds: Index, extracts: str, short: str | None
) -> None:
    some = [seeds.passage(RATE, 1)]
    replies = script(STATED, knows="20% rate", extracts=extracts)
    _, answer, _ = answered(seeds, FENTANYL, some, replies, SMALL)
    assert answer.reason == (None if short else "not stated")
    assert answer.short == short


# --- the chance of an answer ------------------------------------------------------------------


def chance_of(seeds: Index, question: str, texts: Sequence[str], knows: str) -> float | None:
    some = [seeds.passage(text, number) for number, text in enumerate(texts, start=1)]
    replies = script("Bananas grow in Geneva.", knows=knows)
    _, answer, _ = answered(seeds, question, some, replies, SMALL)
    return answer.chance


def test_the_chance_of_an_answer_is_that_of_the_best_passage_asked_about(seeds: Index) -> None:
    nowhere = chance_of(seeds, FENTANYL, [SHIPPING, RATE], knows="no such words")
    somewhere = chance_of(seeds, FENTANYL, [SHIPPING, RATE], knows="%")
    assert nowhere is not None
    assert somewhere is not None
    assert 0 <= nowhere < ANSWERING.min_chance < somewhere <= 1
    assert nowhere == round(nowhere, 3)


def test_what_two_articles_say_between_them_makes_an_answer_no_likelier(seeds: Index) -> None:
    def chance(document_id: str) -> float:
        here = seeds.passage(RATE)
        other = replace(here.span, document_id=document_id)
        there = replace(here, number=2, span=other, text="The chemicals went to Mexico.")
        replies = script("Bananas grow in Geneva.", knows="")
        question = "Which chemicals have a 20% rate in Mexico?"
        _, answer, _ = answered(seeds, question, [here, there], replies, SMALL)
        return answer.chance or 0.0

    assert 0 < chance(REPORT) < chance(NEWS) < 1


def test_a_large_model_gets_all_passages_at_once(seeds: Index) -> None:
    some = [seeds.passage(SHIPPING, 1), seeds.passage(RATE, 2)]
    _, answer, prompts = answered(seeds, FENTANYL, some, [STATED])
    assert answer.status == "answered"
    (shown,) = prompts
    assert SHIPPING in shown
    assert RATE in shown


def test_a_large_model_is_not_asked_how_likely_an_answer_is(seeds: Index) -> None:
    _, answer, _ = answered(seeds, FENTANYL, [seeds.passage(RATE)], [STATED])
    assert answer.chance is None


# --- the draft --------------------------------------------------------------------------------


DRAFT = AnswerDraft("Q?", "scripted", claims=(Claim("One."), Claim("Two.")))


def test_the_answer_is_its_claims_one_after_the_other() -> None:
    answer = DRAFT.to_answer(Usage(), {})
    assert (answer.text, answer.status, answer.reason) == ("One. Two.", "answered", None)


def test_a_declined_answer_is_empty_and_has_the_first_reason() -> None:
    draft = replace(DRAFT, claims=()).declined("not stated").declined("nothing survived checking")
    answer = draft.to_answer(Usage(1, 2, 3), {})
    assert (answer.text, answer.claims, answer.status) == ("", (), "declined")
    assert (answer.reason, answer.usage) == ("not stated", Usage(1, 2, 3))


def test_a_part_that_is_declined_does_not_decline_the_rest() -> None:
    answer = DRAFT.declined("not stated").to_answer(Usage(), {})
    assert (answer.status, answer.reason) == ("answered", None)


def test_the_steps_of_a_stage_are_timed_and_added_up() -> None:
    def steps() -> Generator[Step, None, AnswerDraft]:
        for seconds in (1.0, 2.0):
            yield StageTimed("check", seconds)
        yield from timed("judge", (event for event in [Token("a"), Token("b")]))
        return DRAFT

    *events, last = finish(steps())
    assert events == [Token("a"), Token("b")]
    assert isinstance(last, Finished)
    assert last.answer.timings["check"] == 3.0
    assert 0 <= last.answer.timings["judge"] < 1


def test_what_a_consumer_does_with_a_step_does_not_count() -> None:
    going = timed("judge", (event for event in [Token("a"), Token("b")]))
    seconds = 0.0
    for step in going:
        time.sleep(0.05)
        seconds += step.seconds if isinstance(step, StageTimed) else 0
    assert seconds < 0.05


def test_the_calls_of_the_model_make_up_the_usage() -> None:
    def steps() -> Generator[Step, None, AnswerDraft]:
        yield ModelCalled("judge", (), "yes", usage=Usage(1, 0, 1))
        yield ModelCalled("answer", (), "Yes.", usage=Usage(2, 1, 5))
        return DRAFT

    *_, last = finish(steps())
    assert isinstance(last, Finished)
    assert last.answer.usage == Usage(3, 1, 6)


@pytest.mark.parametrize(
    ("support", "chance", "answers"),
    [
        ("supported", 0.6, "yes"),
        ("partial", 0.6, "unsure"),
        ("partial", 0.8, "yes"),
        ("supported", 0.4, "unsure"),
    ],
)
def test_what_is_supported_in_part_must_be_likelier_to_count_as_the_answer(
    support: Support, chance: float, answers: str
) -> None:
    span = Span("a.txt", 0, 5)
    written = Claim("It is.", (Citation(1, span, "It is"),), support, (), "model", 0.9)
    draft = AnswerDraft("Is it?", claims=(written,), chances=(chance,))
    assert draft.to_answer(Usage(), {}).answers == answers
