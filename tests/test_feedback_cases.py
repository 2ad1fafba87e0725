"""Thumbs become a file of cases that the evals can run: on the seed articles, in a real library."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.cases import Case, checked_row, is_right, load_cases
from eval.reviewing.review_file import open_review
from rag.errors import NoSuchDocument
from rag.ingest.readers import read_file as load_documents
from rag.store.documents import Library
from rag.text.sentences import split_sentences
from rag.types import Answer, Chunk, Citation, Claim, Document, Passage, Span, Support
from tests.assistants import SEEDS
from ui.questions.exchange import Exchange, Thumb
from ui.records.feedback import Feedback, FeedbackStore
from ui.records.feedback_cases import CaseFile, cases_from_feedback, lines_from_thumbs
from ui.records.history import History
from ui.records.unique_quote import find_unique_quote

POST = "000_63f6faf5f870be30.txt"
RATE = (
    "That was later hiked to 125% for reciprocal duties"
    " and a 20% rate just for the fentanyl demands."
)
WANG = "The outlet added that Wang could soon meet face to face with administration officials"
CITED = "has taken a roughly 50% dive"
BESSENT = "Treasury Secretary Scott Bessent told Fox Business Network earlier this week"
TWICE = "Alpha is first. The toll is 5 euros. Beta comes next. The toll is 5 euros. The end."
SCOTT = ("Secretary Scott Bessent", "Scott Bessent")
numbers = itertools.count(1)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with Library.open(tmp_path_factory.mktemp("seeds") / "library.db") as opened:
        for path in sorted(SEEDS.glob("*.txt")):
            for document in load_documents(path):
                put(opened, document)
        put(opened, Document.of("twice.txt", "Twice", "twice.txt", TWICE))
        yield opened


def put(library: Library, document: Document) -> None:
    chunks = [Chunk.of(document, start, end) for start, end in split_sentences(document.text)]
    library.put(document, chunks)


TWICE = (
    "Alpha is first. The toll is 5 euros. Beta comes next. The toll is 5 euros. The end is near."
)


def passage_with(library: Library, phrase: str, id: str = POST, number: int = 1) -> Passage:
    """The sentence that holds `phrase`, as a passage."""
    text = library.document(id).text
    at = text.index(phrase)
    start, end = next(each for each in split_sentences(text) if each[0] <= at < each[1])
    return Passage(number, Span(id, start, end), text[start:end], "Title", id, 1.0)


def answered(
    question: str,
    *said: tuple[str, Passage],
    support: Support = "supported",
    thumb: Thumb | None = "up",
    note: str = "",
) -> Exchange:
    claims = tuple(Claim(text, (Citation(p.number, p.span, p.text),), support) for text, p in said)
    shown = tuple(dict.fromkeys(passage for _, passage in said))
    text = " ".join(claim.marked() for claim in claims)
    answer = Answer(question, text, claims, shown, "answered", None, "scripted")
    return done(answer, thumb, note)


def declined(
    question: str, *shown: Passage, thumb: Thumb | None = "up", note: str = ""
) -> Exchange:
    answer = Answer(question, "", (), shown, "declined", "not stated", "scripted")
    return done(answer, thumb, note)


def done(answer: Answer, thumb: Thumb | None, note: str) -> Exchange:
    return Exchange(
        id=f"{next(numbers):016x}",
        question=answer.question,
        state="done",
        evidence=answer.passages,
        claims=answer.claims,
        answer=answer,
        asked_at="2026-05-02T10:00:00Z",
        thumb=thumb,
        note=note,
    )


def loaded(made: CaseFile, library: Library, folder: Path) -> list[Case]:
    """What the evals make of the file."""
    path = folder / "cases.jsonl"
    path.write_text(made.text, encoding="utf-8")
    return load_cases(path, lambda id: library.document(id).text)


def text_of(library: Library, exchanges: Sequence[Exchange]) -> CaseFile:
    return cases_from_feedback([exchanges], lambda id: library.document(id).text)


def one(exchange: Exchange, library: Library, folder: Path) -> Case:
    made = text_of(library, [exchange])
    assert (made.cases, made.left_out) == (1, ())
    (case,) = loaded(made, library, folder)
    return case


def left_out(exchange: Exchange, library: Library) -> str:
    made = text_of(library, [exchange])
    assert (made.text, made.cases) == ("", 0)
    (reason,) = made.left_out
    assert exchange.question in reason
    return reason


# --- thumbs up -------------------------------------------------------------------------------


def test_a_liked_number_is_wanted_again(library: Library, tmp_path: Path) -> None:
    rate = passage_with(library, "20% rate")
    case = one(answered("what tariff rate applies to fentanyl?", (RATE, rate)), library, tmp_path)
    assert case.gold == ("20%",)
    assert case.evidence == (rate.span,)
    assert "number" in case.tags
    assert is_right(case, "Just 20 percent.")
    assert not is_right(case, "125% for reciprocal duties.")


def test_the_clause_closest_to_the_question_gives_the_number(
    library: Library, tmp_path: Path
) -> None:
    exchange = answered(
        "What percentage do the reciprocal duties stand at?",
        (RATE, passage_with(library, "20% rate")),
    )
    assert one(exchange, library, tmp_path).gold == ("125%",)


@pytest.mark.parametrize(
    ("question", "claim", "phrase", "gold"),
    [
        (
            "Who told Fox about a deal?",
            f"{BESSENT}.",
            BESSENT,
            ("Secretary Scott Bessent", "Scott Bessent"),
        ),
        ("Who may meet officials?", "It is Wang who could meet officials.", WANG, ("Wang",)),
        ("When was the tariff set?", "It was imposed in February.", "In February", ("February",)),
        ("How big is the dive?", "Shipping took a roughly 50% dive.", CITED, ("50%",)),
    ],
)
def test_what_is_wanted_is_of_the_kind_that_was_asked_for(
    question: str, claim: str, phrase: str, gold: tuple[str, ...], library: Library, tmp_path: Path
) -> None:
    exchange = answered(question, (claim, passage_with(library, phrase)))
    assert one(exchange, library, tmp_path).gold == gold


def test_several_facts_of_one_clause_are_all_wanted(library: Library, tmp_path: Path) -> None:
    phrase = "122 million Americans"
    claim = "It could kill 122 million Americans a third of the country."
    exchange = answered("How many people could it kill?", (claim, passage_with(library, phrase)))
    case = one(exchange, library, tmp_path)
    assert case.groups == (("122 million",), ("a third",))
    assert not is_right(case, "122 million")


def test_an_open_question_wants_the_sentence_or_the_cited_one(
    library: Library, tmp_path: Path
) -> None:
    quoted = passage_with(library, "evaluating")
    claim = "China is weighing an offer to hold talks."
    case = one(answered("What did China say of talks?", (claim, quoted)), library, tmp_path)
    assert case.gold == (claim, quoted.text)
    assert is_right(case, f"{claim} [1]")


def test_a_verdict_is_wanted_of_a_yes_or_no_question(library: Library, tmp_path: Path) -> None:
    quoted = passage_with(library, WANG)
    claim = "Yes, Wang could soon meet face to face with administration officials."
    case = one(answered("Could Wang meet officials?", (claim, quoted)), library, tmp_path)
    assert (case.gold, case.tags) == (("yes",), ("yes-no",))
    assert not is_right(case, "No, he could not.")


def test_the_supported_sentence_gives_what_is_wanted(library: Library, tmp_path: Path) -> None:
    rate, dive = passage_with(library, "20% rate"), passage_with(library, CITED, number=2)
    exchange = answered("what rate applies?", ("It is 125%.", rate), ("A 50% dive.", dive))
    assert exchange.answer
    doubtful = replace(exchange.answer.claims[0], support="partial")
    answer = replace(exchange.answer, claims=(doubtful, exchange.answer.claims[1]))
    case = one(replace(exchange, answer=answer), library, tmp_path)
    assert (case.gold, case.evidence) == (("50%",), (dive.span,))


def test_a_number_that_the_source_does_not_hold_is_not_wanted(
    library: Library, tmp_path: Path
) -> None:
    rate = passage_with(library, "20% rate")
    exchange = answered("what rate applies?", ("It is 30%.", rate), support="unsupported")
    assert one(exchange, library, tmp_path).gold == ("It is 30%.", RATE)


def test_a_liked_decline_is_a_case_that_must_be_declined(library: Library, tmp_path: Path) -> None:
    exchange = declined("What is the rate on bananas?", passage_with(library, "20% rate"))
    case = one(exchange, library, tmp_path)
    assert (case.answerable, case.groups, case.evidence) == (False, (), ())
    assert case.tags == ("unanswerable",)


def test_a_decline_for_some_sources_says_nothing_of_all(library: Library) -> None:
    exchange = replace(declined("What rate?"), document_ids=(POST,))
    assert "some of the sources" in left_out(exchange, library)


# --- thumbs down -----------------------------------------------------------------------------


@pytest.mark.parametrize("note", ["20%", "20 percent.", "It should be 20%", "a 20% rate"])
def test_a_note_that_a_passage_states_is_the_right_answer(
    note: str, library: Library, tmp_path: Path
) -> None:
    rate, dive = passage_with(library, "20% rate"), passage_with(library, CITED, number=2)
    wrong = answered("What rate?", ("A 50% dive.", dive), thumb="down", note=note)
    case = one(replace(wrong, evidence=(dive, rate)), library, tmp_path)
    assert is_right(case, "A 20% rate.")
    assert not is_right(case, "A 50% dive.")
    assert case.evidence == (rate.span,)


def test_of_several_places_the_one_closest_to_the_question_is_the_evidence(
    library: Library, tmp_path: Path
) -> None:
    far, near = passage_with(library, "ripper-offer"), passage_with(library, "10% tariff")
    near = replace(near, number=2)
    for shown in ((far, near), (near, far)):
        exchange = declined("On whose goods was the tariff?", *shown, thumb="down", note="China")
        assert one(exchange, library, tmp_path).evidence[0] == near.span


def test_a_note_to_a_decline_makes_it_answerable(library: Library, tmp_path: Path) -> None:
    rate = passage_with(library, "20% rate")
    case = one(declined("What rate?", rate, thumb="down", note="20%"), library, tmp_path)
    assert case.answerable
    assert (case.gold, case.evidence) == (("20%",), (rate.span,))


def test_an_unfinished_answer_can_be_corrected(library: Library, tmp_path: Path) -> None:
    rate = passage_with(library, "20% rate")
    stopped = replace(declined("What rate?", rate), state="stopped", answer=None)
    assert "never finished" in left_out(stopped, library)
    corrected = replace(stopped, thumb="down", note="20%")
    assert one(corrected, library, tmp_path).gold == ("20%",)


@pytest.mark.parametrize(
    ("note", "reason"),
    [
        ("", "without a note"),
        (" \u202e ", "without a note"),
        ("wrong", "not what is right"),
        ("No!", "not what is right"),
        ("Bad, useless.", "not what is right"),
        ("35%", "states its note"),
        ("not 125%", "states its note"),
        ("20% in Mexico", "states its note"),
        ("rather low", "states its note"),
        ("…", "not what is right"),
    ],
)
def test_a_thumb_down_that_cannot_be_judged_is_left_out_and_said(
    note: str, reason: str, library: Library
) -> None:
    rate = passage_with(library, "20% rate")
    exchange = answered("What rate?", ("125%.", rate), thumb="down", note=note)
    assert reason in left_out(exchange, library)


# --- evidence --------------------------------------------------------------------------------


def test_a_repeated_sentence_takes_its_neighbours_along(library: Library, tmp_path: Path) -> None:
    at = TWICE.rindex("The toll")
    quote = "The toll is 5 euros."
    span = Span("twice.txt", at, at + len(quote))
    toll = Passage(1, span, quote, "Twice", "twice.txt", 1.0)
    case = one(answered("How much is the toll?", (quote, toll)), library, tmp_path)
    (evidence,) = case.evidence
    assert evidence.contains(span)
    assert library.text(evidence) == "Beta comes next. The toll is 5 euros."


def test_a_document_that_changed_still_holds_the_quote_or_does_not(library: Library) -> None:
    rate = passage_with(library, "20% rate")
    exchange = answered("what rate applies to fentanyl?", (RATE, rate))
    assert cases_from_feedback([[exchange]], lambda _: f"New lead. {RATE} More.").cases == 1
    for now in ("Another text.", f"{RATE} {RATE}", ""):
        made = cases_from_feedback([[exchange]], lambda _, now=now: now)  # type: ignore[misc]
        assert made.cases == 0
        assert "no longer there" in made.left_out[0]


def test_a_document_that_was_removed_leaves_the_other_evidence(
    library: Library, tmp_path: Path
) -> None:
    rate = passage_with(library, "20% rate")
    gone = Passage(2, Span("gone.txt", 0, 9), "20% rate.", "Gone", "gone.txt", 1.0)
    citations = tuple(Citation(p.number, p.span, p.text) for p in (rate, gone))
    exchange = answered("what rate applies to fentanyl?", (RATE, rate))
    assert exchange.answer
    claim = replace(exchange.answer.claims[0], citations=citations)
    exchange = replace(exchange, answer=replace(exchange.answer, claims=(claim,)))
    case = one(exchange, library, tmp_path)
    assert case.evidence == (rate.span,)
    assert case.note
    assert "1 citation left out" in case.note
    with pytest.raises(NoSuchDocument):
        library.document("gone.txt")


def test_places_that_overlap_are_two() -> None:
    assert find_unique_quote("banana. Ba", Span("a", 1, 4), "ana") == "bana"


@given(st.text("ab. \n", max_size=60), st.data())
def test_words_that_point_do_so_at_one_place(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    found = find_unique_quote(text, Span("a", start, end), text[start:end])
    if found is None:
        assert not text[start:end].strip()
    else:
        at = text.find(found)
        assert at <= start <= end <= at + len(found)
        assert text.find(found, at + 1) < 0


# --- follow-ups and files --------------------------------------------------------------------


def test_a_follow_up_brings_the_turns_before_it(library: Library, tmp_path: Path) -> None:
    rate, dive = passage_with(library, "20% rate"), passage_with(library, CITED)
    first = answered("What rate is for fentanyl?", (RATE, rate), thumb=None)
    stopped = replace(declined("Stop?", thumb=None), state="stopped", answer=None)
    unknown = declined("And for bananas?", thumb=None)
    follow_up = answered("And the dive?", (f"It {CITED}.", dive))
    follow_up = replace(follow_up, rewritten_as="How big is the dive in shipping?")
    later = answered("Later?", (RATE, rate), thumb=None)
    made = text_of(library, [first, stopped, unknown, follow_up, later])
    (case,) = loaded(made, library, tmp_path)
    assert case.question == "And the dive?"
    assert [turn.question for turn in case.history] == [first.question, unknown.question]
    assert case.history[0].answer == f"{RATE} [1]"
    assert (case.gold, case.tags) == (("50%",), ("number", "follow-up"))


def test_a_follow_up_whose_turns_are_gone_stands_alone(library: Library, tmp_path: Path) -> None:
    dive = passage_with(library, CITED)
    exchange = answered("And the dive?", (f"It {CITED}.", dive))
    case = one(replace(exchange, rewritten_as="How big is the dive?"), library, tmp_path)
    assert (case.question, case.history) == ("How big is the dive?", ())


def test_many_thumbs_make_one_file_with_ids_that_stay(library: Library, tmp_path: Path) -> None:
    rate = passage_with(library, "20% rate")
    liked = [answered("What rate for “fentanyl”?", (RATE, rate)) for _ in range(3)]
    odd = [declined(question) for question in ("关税？", "É" * 300, "a\u2028b\x00\u202e{}")]
    bad = [declined("Why?", thumb="down"), declined("\u202e"), declined("x", thumb=None)]
    made = text_of(library, [*liked, *odd, *bad])
    assert (made.cases, len(made.left_out)) == (6, 2)
    found = loaded(made, library, tmp_path)
    assert [case.answerable for case in found] == [True] * 3 + [False] * 3
    assert len({case.id for case in found}) == 6
    assert found[0].id.startswith("what-rate-for-fentanyl-")
    assert text_of(library, [*odd, *liked, liked[0]]).cases == 6
    again = {case.id for case in loaded(text_of(library, liked), library, tmp_path)}
    assert again == {case.id for case in found[:3]}


def test_what_is_liked_in_the_history_becomes_a_file(library: Library, tmp_path: Path) -> None:
    rate = passage_with(library, "20% rate")
    with History.open(tmp_path / "history.sqlite3") as history:
        talk = history.put("ann", None, answered("What rate?", (RATE, rate), thumb=None))
        second = answered("Which fentanyl rate?", (RATE, rate), thumb=None)
        history.put("ann", talk, second)
        history.set_thumb("ann", second.id, "up", "nice")
        made = cases_from_feedback(history.with_thumbs("ann"), lambda id: library.document(id).text)
    (case,) = loaded(made, library, tmp_path)
    assert case.gold == ("20%",)
    assert case.note
    assert "nice" in case.note


def test_the_thumbs_of_everybody_are_lines_of_a_file_under_review(
    library: Library, tmp_path: Path
) -> None:
    assert lines_from_thumbs(tmp_path, library) == []  # nobody asked anything
    rate = passage_with(library, "20% rate")
    given = {"ann": answered("Which rate?", (RATE, rate)), "bob": answered("20%?", (RATE, rate))}
    with (
        History.open(tmp_path / "history.sqlite3") as history,
        closing(FeedbackStore.open(tmp_path / "feedback.sqlite3")) as store,
    ):
        for owner, exchange in given.items():
            history.put(owner, None, exchange)
            history.set_thumb(owner, exchange.id, "up", "")
        dropped = answered("What tariff?", (RATE, rate))
        history.put("ann", None, dropped)
        history.set_thumb("ann", dropped.id, "up", "")
        store.put("ann", dropped.id, Feedback(decision="dropped"))
        assert history.owners_with_thumbs() == ["ann", "bob"]
    found = lines_from_thumbs(tmp_path, library)
    assert [line["question"] for line in found] == ["Which rate?", "20%?"]
    assert all(checked_row(line) for line in found)
    file = tmp_path / "cases.jsonl"
    file.write_text(json.dumps(found[0]) + "\n", "utf-8")
    with open_review(file, lambda id: library.document(id).text) as opened:
        assert (opened.add(found), opened.add(found)) == (1, 0)
        assert [each.decision for each in opened.cases] == [None, None]


def test_no_thumbs_make_no_file() -> None:
    assert (
        cases_from_feedback([], str)
        == cases_from_feedback([[declined("x", thumb=None)]], str)
        == CaseFile("", 0, ())
    )


@given(st.text(max_size=40), st.text(max_size=40), st.sampled_from(["up", "down"]))
def test_whatever_is_said_the_file_can_be_read(
    library: Library,
    tmp_path_factory: pytest.TempPathFactory,
    question: str,
    said: str,
    thumb: Thumb,
) -> None:
    rate = passage_with(library, "20% rate")
    exchange = answered(question, (said, rate), thumb=thumb, note=said)
    made = text_of(library, [exchange])
    assert made.cases + len(made.left_out) == 1
    assert [json.loads(row) for row in made.text.split("\n") if row] or made.left_out
    if made.cases:
        (case,) = loaded(made, library, tmp_path_factory.getbasetemp())
        assert exchange.answer
        assert thumb == "down" or is_right(case, exchange.answer.text)
