"""Does the page show an answer so that it can be checked, whatever the texts contain?"""

from __future__ import annotations

from dataclasses import replace
from typing import get_args
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.metrics import STAGES
from rag.types import (
    Answer,
    Answers,
    Citation,
    Claim,
    DeclineReason,
    Passage,
    Span,
    Status,
    Support,
)
from tests.html_tree import Element, parse
from ui.labels import NEAREST_SHOWN
from ui.questions.exchange import Exchange, State
from ui.records.export import FORMATS
from ui.safe_text import strip_controls
from ui.views import conversation_view
from ui.views.answer_actions import STAGE_VERBS as WORDS
from ui.views.citation_marks import CITATION_STATES, short_source

RATE = "That was later hiked to 125% and a 20% rate just for the fentanyl demands."
EVIL = (
    "<script>alert(1)</script><img src=x onerror=alert(1)>[7](javascript:x)\" ' & {{x}} ${y} \u202e"
)
PHRASING = {"span", "a", "b", "i", "button"}


def passage(number: int = 1, text: str = RATE, title: str = "A report") -> Passage:
    return Passage(number, Span("a.txt", 10, 10 + len(text)), text, title, "/srv/articles/a.txt", 1)


def citation(number: int = 1, quote: str = RATE, start: int = 10) -> Citation:
    return Citation(number, Span("a.txt", start, start + len(quote)), quote)


def claim(text: str = "The rate is 20%.", **more: object) -> Claim:
    return replace(Claim(text, (citation(),), "supported"), **more)  # type: ignore[arg-type]


def done(*claims: Claim, reason: DeclineReason | None = None, **more: object) -> Exchange:
    passages = (passage(),)
    text = " ".join(each.marked() for each in claims)
    timings = {"retrieve": 0.031, "select": 0.0001, "judge": 2.13}
    status: Status = "declined" if reason else "answered"
    answer = Answer(
        "What rate?", text, claims, passages, status, reason, "the model", timings=timings,
        answers="no" if reason else "yes",
    )  # fmt: skip
    exchange = Exchange(
        "00112233aabbccdd", "What rate?", "done", claims=claims, evidence=passages, answer=answer
    )
    return replace(exchange, **more)  # type: ignore[arg-type]


def answered(exchange: Exchange, **more: object) -> Exchange:
    """The exchange with other values of its answer."""
    assert exchange.answer
    return replace(exchange, answer=replace(exchange.answer, **more))  # type: ignore[arg-type]


def underway(state: State, **more: object) -> Exchange:
    exchange = Exchange("00112233aabbccdd", "What rate?", state)
    return replace(exchange, **more)  # type: ignore[arg-type]


def shown(exchange: Exchange, **more: object) -> Element:
    return parse(conversation_view.render_exchange(exchange, **more))  # type: ignore[arg-type]


# --- a sentence and its chips ----------------------------------------------------------------


def test_a_sentence_is_followed_by_its_chips_and_their_support() -> None:
    page = shown(done(claim(citations=(citation(1), citation(2, "Other words.", 200)))))
    (sentence,) = page.all(cls="fn-claim")
    said = "".join(each.text for each in sentence.all(cls="fn-claim-text"))
    chips = sentence.all(cls="fn-chip")
    assert said == "The rate is 20%."
    assert [chip.text for chip in chips] == ["1", "2"]
    assert chips[0].attrs["aria-label"] == f"Source 1: “{RATE}”, supported"
    assert sentence.all(cls="fn-support")[0].text == "✓ (supported)"


def test_points_are_lists_below_their_headings() -> None:
    claims = [claim("Lead."), claim("One.", group="A <b>"), claim("Two.", group="A <b>")]
    page = shown(done(*claims, claim("Three.", group="")))
    assert [each.text for each in page.all(cls="fn-points-heading")] == ["A <b>"]
    lists = page.all(cls="fn-points")
    assert [len(each.all(tag="li")) for each in lists] == [2, 1]
    assert "Lead." not in "".join(each.text for each in lists)


def test_every_stage_of_an_answer_is_told_in_words() -> None:
    assert set(WORDS) == set(STAGES)


def test_where_sources_differ_stands_apart() -> None:
    page = shown(done(claim(), claim("Sources differ.", origin="compared")))
    (apart,) = page.all(cls="fn-compared")
    assert [each.text for each in apart.all(cls="fn-claim-text")] == ["Sources ", "differ."]
    assert "compared by Footnote" in apart.all(cls="fn-tip-facts")[0].text
    assert apart.all(cls="fn-support")[0].text == "≠ sources differ"
    assert "✓" not in apart.text


@pytest.mark.parametrize("support", get_args(Support))
def test_a_closest_passage_is_never_marked_as_supported(support: Support) -> None:
    page = shown(done(claim(RATE, support=support, origin="closest")))
    assert page.all(cls="fn-support")[0].text == "○ closest passage"
    assert page.all(cls="fn-stage")[0].text == "○ The closest passage is quoted."
    assert page.all(cls="fn-chip")[0].attrs["aria-label"].endswith(", closest passage")
    assert page.all(cls="fn-good") == []
    assert "✓" not in page.text


@pytest.mark.parametrize(
    ("answers", "words"),
    [("partly", "Answers part of the question."), ("unsure", "May not answer the question.")],
)
def test_doubt_whether_it_answers_stands_apart_from_support(answers: Answers, words: str) -> None:
    page = shown(answered(done(claim()), answers=answers))
    (line,) = page.all(cls="fn-stage")
    assert words in line.all(cls="fn-answers")[0].text
    assert line.text.endswith("✓ The answer is supported by its source.")
    assert shown(done(claim())).all(cls="fn-answers") == []


def test_a_part_without_an_answer_is_named() -> None:
    parted = answered(done(claim()), answers="partly", missing=("who opposes <b>it</b>?",))
    (line,) = shown(parted).all(cls="fn-answers")
    assert "The articles do not say: who opposes <b>it</b>?" in line.text
    assert line.all(tag="b") == []


def test_a_reply_is_shown_with_questions_to_click_and_without_a_verdict() -> None:
    greeting = answered(done(), text="Hello.\n\nAsk away.", suggestions=("Who <won>?", "When?"))
    page = shown(greeting)
    assert [each.text for each in page.all(cls="fn-reply")] == ["Hello.", "Ask away."]
    asked = page.all(cls="fn-suggestions")[0].all(act="example")
    assert [each.attrs["data-question"] for each in asked] == ["Who <won>?", "When?"]
    assert page.all(cls="fn-stage")[0].text == ""
    for word in ("support", "No answer", "source"):
        assert word not in page.text


def test_a_decline_offers_other_questions_and_no_chance_that_contradicts_it() -> None:
    declined = answered(done(reason="not stated"), chance=0.8, suggestions=("When?",))
    page = shown(declined)
    assert "chance" not in page.text
    assert [each.text for each in page.all(act="example")] == ["When?"]


def test_the_footnote_of_a_quoted_sentence_does_not_repeat_it_whole() -> None:
    (note,) = shown(done(claim(RATE * 3, citations=(citation(1, RATE * 3),)))).all(act="cite")[1:]
    assert note.text.startswith("“That was later hiked")
    assert len(note.text) < len(RATE) * 2


def test_a_chip_is_a_link_that_names_exchange_claim_and_citation() -> None:
    page = shown(done(claim("One."), claim("Two.", citations=(citation(1), citation(3)))))
    chip = page.all(cls="fn-chip")[2]
    parts = urlsplit(chip.attrs["href"])
    wanted = {"exchange": "00112233aabbccdd", "claim": "1", "citation": "1"}
    assert {name: values[0] for name, values in parse_qs(parts.query).items()} == wanted
    assert (parts.path, parts.fragment) == ("source", "fn-current")
    assert {name: chip.attrs[f"data-{name}"] for name in wanted} == wanted
    assert chip.attrs["data-act"] == "cite"


def test_a_chip_is_described_by_a_card_with_quote_title_and_origin() -> None:
    page = shown(done(claim(origin="model")))
    (chip,) = page.all(cls="fn-chip")
    (card,) = [
        each for each in page.walk() if each.attrs.get("id") == chip.attrs["aria-describedby"]
    ]
    assert card.attrs["role"] == "tooltip"
    for words in (RATE, "A report", "a.txt", "supported", "cited by the model"):
        assert words in card.text


@pytest.mark.parametrize(
    ("support", "word"),
    [
        ("partial", "partly supported"),
        ("unsupported", "not supported"),
        ("unchecked", "not checked"),
    ],
)
def test_doubt_is_a_word_with_its_reasons(support: str, word: str) -> None:
    page = shown(done(claim(support=support, reasons=("the number 7 is not in the source",))))
    (mark,) = page.all(cls="fn-support")
    assert mark.tag == "button"
    assert word in mark.text
    (card,) = [
        each for each in page.walk() if each.attrs.get("id") == mark.attrs["aria-describedby"]
    ]
    assert card.text == "The number 7 is not in the source"


def test_doubt_without_reasons_still_says_why() -> None:
    (card,) = shown(done(claim(support="partial", score=0.62))).all(cls="fn-tip-reason")
    assert card.text == "The quotes say it: 62% likely, by the grounding score."


@pytest.mark.parametrize("text", ["The rate [7] is 20%. [1][99]", "See [1](#cite) and 〔2〕."])
def test_markers_in_texts_never_become_chips(text: str) -> None:
    bare = claim(text, citations=())
    page = shown(done(bare, draft=text, evidence=(passage(text=text),), question=text))
    assert page.all(act="cite") == []


@pytest.mark.parametrize(
    ("state", "word"),
    [("moved", "moved"), ("changed", "source changed"), ("gone", "source removed")],
)
def test_a_citation_that_is_not_what_it_was_says_so(state: str, word: str) -> None:
    page = shown(done(claim(), claim("Two.")), states={"0.0": "same", "1.0": state})
    (shown_word,) = page.all(cls="fn-state")
    assert shown_word.text == word
    first, second = page.all(cls="fn-chip")
    assert first.attrs["aria-label"].endswith("supported")
    assert CITATION_STATES[state][1] in second.attrs["aria-label"]
    assert ("lost the source" in page.all(cls="fn-stage")[0].text) == (state != "moved")


def test_footnotes_list_each_cited_place_once_by_number() -> None:
    far = citation(1, "Far words.", 900)
    page = shown(done(claim(citations=(far, citation(2))), claim("Two.", citations=(citation(1),))))
    one, two = page.all(cls="fn-footnote")
    assert [each.text for each in one.all(act="cite")] == [f"“{RATE}”", "“Far words.”"]
    assert [each.text for each in two.all(act="cite")] == [f"“{RATE}”"]


def test_a_long_last_word_may_break_before_its_chips() -> None:
    long = "字" * 60
    page = shown(done(claim(long)))
    assert "".join(each.text for each in page.all(cls="fn-claim-text")) == long
    assert len(page.all(cls="fn-nowrap")[0].all(cls="fn-claim-text")[0].text) == 1


# --- how far it is ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("exchange", "words"),
    [
        (underway("waiting", ahead=2), "2 questions ahead of yours"),
        (underway("waiting", ahead=1), "1 question ahead of yours"),
        (underway("waiting"), "Yours is next"),
        (underway("searching"), "Searching the articles"),
        (underway("reading", evidence=(passage(),)), "Reading 1 passage"),
        (underway("writing"), "Writing"),
    ],
)
def test_a_question_under_way_says_how_far_it_is(exchange: Exchange, words: str) -> None:
    page = shown(exchange)
    (line,) = [each for each in page.walk() if each.attrs.get("role") == "status"]
    assert words in line.text
    assert page.all(tag="article")[0].attrs["aria-busy"] == "true"
    assert page.all(act="retry") == []


@pytest.mark.parametrize(
    ("exchange", "words"),
    [
        (done(claim()), "The answer is supported by its source."),
        (done(claim(), claim("Two.")), "Every sentence is supported by its source."),
        (done(claim(), claim("Two.", support="partial")), "1 supported, 1 partly supported."),
        (
            done(claim(), claim("Sources differ.", origin="compared")),
            "The answer is supported by its source. But sources differ.",
        ),
        (
            done(claim(), claim("Two."), claim(RATE, origin="closest")),
            "○ 3 sentences: 2 supported, 1 closest passage.",
        ),
        (done(claim("Sources differ.", origin="compared")), "≠ Sources differ."),
        (done(reason="not stated"), "Not answered."),
        (underway("stopped"), "Stopped. Nothing had been checked yet."),
        (underway("failed", error="It broke."), "Something went wrong."),
    ],
)
def test_an_exchange_that_is_over_says_how_it_ended(exchange: Exchange, words: str) -> None:
    page = shown(exchange)
    assert words in page.all(cls="fn-stage")[0].text
    assert [each for each in page.walk() if each.attrs.get("role") == "status"] == []


def test_the_parts_keep_their_places_from_state_to_state() -> None:
    states = [
        underway("waiting"),
        underway("reading", evidence=(passage(),)),
        underway("writing", evidence=(passage(),), claims=(claim(),), draft="And"),
        done(claim()),
    ]
    articles = [shown(state).all(tag="article")[0].inside for state in states]
    parts = [
        [each.attrs.get("class", "").split()[:1] for each in article if isinstance(each, Element)]
        for article in articles
    ]
    assert all(each == parts[0] for each in parts)


# --- evidence --------------------------------------------------------------------------------


def test_evidence_is_open_before_the_answer_and_folded_after_it() -> None:
    (before,) = shown(underway("reading", evidence=(passage(),))).all(tag="details")
    (after,) = shown(done(claim())).all(tag="details")
    assert "open" in before.attrs
    assert "open" not in after.attrs
    assert after.all(tag="summary")[0].text == "1 passage read"


def test_a_passage_is_a_link_with_its_title_source_and_a_short_text() -> None:
    long = passage(4, "word " * 200, "A <title>")
    (card,) = shown(underway("reading", evidence=(long,))).all(cls="fn-passage")
    (link,) = card.all(act="passage")
    assert link.text == "A <title>"
    assert link.attrs["data-passage"] == "4"
    assert link.attrs["href"].startswith("source?exchange=00112233aabbccdd&passage=4")
    assert "a.txt" in card.text
    assert "/srv" not in card.text
    assert len(card.all(cls="fn-extract")[0].text) <= 241


# --- declined, failed, stopped ---------------------------------------------------------------


def test_a_decline_says_why_what_was_searched_and_what_comes_nearest() -> None:
    declined = done(reason="not stated", rewritten_as="What rate in May?", document_ids=("a", "b"))
    page = shown(declined)
    (block,) = page.all(cls="fn-declined")
    assert "No passage of the articles was found that states it." in block.text
    assert "the 2 sources that you chose for “What rate in May?”" in block.text
    (evidence,) = page.all(tag="details")
    assert "open" in evidence.attrs
    assert evidence.all(tag="summary")[0].text == "Nearest passages"


def test_a_decline_shows_a_few_passages_and_the_best() -> None:
    declined = done(reason="not stated")
    many = [replace(declined.evidence[0], number=number) for number in range(1, 18)]
    cards = shown(replace(declined, evidence=tuple(many))).all(cls="fn-passages")[0].all(tag="li")
    assert len(cards) == NEAREST_SHOWN


def test_a_decline_says_how_likely_an_answer_was() -> None:
    declined = done(reason="not stated")
    assert declined.answer
    (block,) = shown(declined).all(cls="fn-declined")
    assert "chance" not in block.text
    estimated = replace(declined, answer=replace(declined.answer, chance=0.123))
    (block,) = shown(estimated).all(cls="fn-declined")
    said = (
        "No passage of the articles was found that states it"
        " (chance that the articles answer the question: 12%)."
    )
    assert block.all(cls="fn-prose")[0].text == said


def test_an_error_is_shown_with_one_retry() -> None:
    page = shown(underway("failed", error="The model died. Ask again.", claims=(claim(),)))
    (block,) = page.all(cls="fn-error")
    assert "The model died. Ask again." in block.text
    assert page.all(act="retry") == block.all(act="retry")
    assert len(page.all(cls="fn-claim")) == 1


def test_what_was_checked_stays_when_stopped() -> None:
    page = shown(underway("stopped", claims=(claim(),), evidence=(passage(),)))
    assert len(page.all(cls="fn-chip")) == 1
    assert "Stopped." in page.all(cls="fn-stage")[0].text


def test_the_draft_is_shown_as_unchecked() -> None:
    page = shown(underway("writing", claims=(claim(),), draft="And <then"))
    assert page.all(cls="fn-draft")[0].text == "And <then"
    assert page.all(cls="fn-checking")[0].text == "being checked"


@pytest.mark.parametrize(("removed", "words"), [(1, "1 sentence that"), (2, "2 sentences that")])
def test_removed_sentences_are_counted(removed: int, words: str) -> None:
    (line,) = shown(done(claim(), removed=removed)).all(cls="fn-removed")
    assert line.text == f"Left out: {words} the articles do not support."


# --- below the answer ------------------------------------------------------------------------


def test_the_margin_names_model_times_and_privacy() -> None:
    (facts,) = shown(done(claim()), privacy="Text stays on this machine.").all(cls="fn-facts")
    wanted = "the model · searched 0.03 s · judged 2.1 s · 2.2 s in all"
    assert facts.text == f"{wanted} · Text stays on this machine."


def test_everything_that_can_be_done_names_its_exchange() -> None:
    page = shown(done(claim()))
    acts = {each.attrs["data-act"]: each for each in page.walk() if "data-act" in each.attrs}
    assert set(acts) == {
        *("cite", "passage", "copy", "print", "retry", "edit", "remove", "why", "thumb")
    }
    assert {each.attrs["data-exchange"] for each in acts.values()} == {"00112233aabbccdd"}
    assert acts["copy"].attrs["data-url"] == "export/exchange/00112233aabbccdd.copy"
    files = [each.attrs["href"] for each in page.all(tag="a") if "download" in each.attrs]
    assert files == [f"export/exchange/00112233aabbccdd.{end}" for end in FORMATS]


def test_a_thumb_is_pressed_and_asks_for_a_word() -> None:
    page = shown(done(claim(), thumb="down", note='the "20%"'))
    pressed = {
        each.attrs["data-thumb"]: each.attrs["aria-pressed"] for each in page.all(act="thumb")
    }
    assert pressed == {"up": "false", "down": "true"}
    (box,) = page.all(tag="input")
    assert box.attrs["value"] == 'the "20%"'
    assert page.all(tag="label")[0].attrs["for"] == box.attrs["id"]
    assert len(page.all(act="note")) == 1
    assert shown(done(claim())).all(act="note") == []


# --- nothing that is shown can act -------------------------------------------------------------


def _full(text: str) -> Exchange:
    """An exchange in which everything that comes from outside is `text`."""
    cited = Citation(1, Span(text, 0, len(text)), text)
    made = Claim(text, (cited,), "partial", (text,))
    seen = Passage(1, cited.span, text, text, text, 1.0)
    answer = Answer(
        text, text, (made,), (seen,), "answered", None, text, timings={text: 1.0},
        suggestions=(text,),
    )  # fmt: skip
    return Exchange(
        text, text, "done", rewritten_as=text, evidence=(seen,), draft=text, claims=(made,),
        answer=answer, error=text, thumb="up", note=text, document_ids=(text,),
    )  # fmt: skip


@given(st.text(max_size=40) | st.just(EVIL))
def test_no_text_can_act_or_leave_its_place(text: str) -> None:
    usual = shown(_full("word"), privacy="word", states={"0.0": "gone"})
    page = shown(_full(text), privacy=text, states={"0.0": "gone"})
    shape = [
        (each.tag, sorted(each.attrs)) for each in usual.walk() if each.tag not in ("p", "span")
    ]
    found = [
        (each.tag, sorted(each.attrs)) for each in page.walk() if each.tag not in ("p", "span")
    ]
    assert found == shape
    for link in page.all(tag="a"):
        assert link.attrs["href"].startswith(("source?exchange=", "export/exchange/"))
    assert strip_controls(page.text) == page.text


@pytest.mark.parametrize(
    "state", ["waiting", "searching", "reading", "writing", "stopped", "failed"]
)
def test_every_state_is_well_formed_and_named(state: State) -> None:
    for exchange in (underway(state), underway(state, evidence=(passage(),), claims=(claim(),))):
        page = shown(exchange)
        assert page.all(tag="article")[0].attrs["aria-label"] == "What rate?"
        for control in [*page.all(tag="a"), *page.all(tag="button")]:
            assert control.text.strip()
            assert not [each for each in control.all() if each.tag in ("a", "button", "p")][1:]
        for paragraph in page.all(tag="p"):
            assert {each.tag for each in paragraph.walk()} - {"p"} <= PHRASING


# --- around the exchanges --------------------------------------------------------------------


def test_a_thread_shows_each_exchange_with_its_own_states() -> None:
    other = replace(done(claim()), id="ffffffffffffffff")
    page = parse(
        conversation_view.render_thread([done(claim()), other], states={other.id: {"0.0": "gone"}})
    )
    first, second = page.all(tag="article")
    assert (len(first.all(cls="fn-state")), len(second.all(cls="fn-state"))) == (0, 1)


def test_ids_are_unique_in_a_thread() -> None:
    other = replace(
        done(claim(support="partial"), claim("Two."), thumb="up"), id="ffffffffffffffff"
    )
    page = parse(conversation_view.render_thread([done(claim(), claim("Two."), thumb="up"), other]))
    ids = [each.attrs["id"] for each in page.walk() if "id" in each.attrs]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("/home/me/articles/a.txt", "a.txt"),
        ("C:\\Users\\me\\a.txt", "a.txt"),
        ("https://www.example.org/2026/a.html?x=1", "example.org"),
        ("https://[bad/a.html", "a.html"),
        ("a.txt", "a.txt"),
    ],
)
def test_a_source_is_named_in_short(source: str, name: str) -> None:
    assert short_source(source) == name
