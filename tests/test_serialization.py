"""The one JSON document of an answer."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.serialization import SCHEMA, FormatError, answer_from_json, answer_to_json
from rag.types import (
    Answer,
    Answers,
    Citation,
    Claim,
    DeclineReason,
    Origin,
    Passage,
    Span,
    Status,
    Support,
    Usage,
)

TEXT = "Duties were 125%. A 20% rate was for fentanyl."
PASSAGES = (
    Passage(1, Span("b.txt", 0, 6), "Other.", "Other title", "/x/b.txt", 0.9),
    Passage(2, Span("a.txt", 10, 10 + len(TEXT)), TEXT, "Title “A”", "/x/a.txt", 0.5),
)
QUOTE = Citation(2, Span("a.txt", 28, 10 + len(TEXT)), TEXT[18:])
CLAIM = Claim("It is 20%.", (QUOTE,), "partial", ("the source says more",), "model", 0.75)
ANSWER = Answer(
    question="What rate?",
    text="It is 20%. [2]",
    claims=(CLAIM,),
    passages=PASSAGES,
    status="answered",
    reason=None,
    model="scripted",
    usage=Usage(7, 3, 2),
    timings={"retrieve": 0.04},
    dropped_markers=1,
    answers="partly",
    missing=("What for?",),
)
DECLINED = replace(
    ANSWER,
    missing=(),
    text="",
    claims=(),
    status="declined",
    reason="not stated",
    chance=0.125,
    answers="no",
    suggestions=("When did duties rise?",),
)
GREETING = replace(ANSWER, text="Hello.", claims=(), passages=(), answers="yes")


def test_an_answer_is_written_in_full() -> None:
    assert answer_to_json(ANSWER) == {
        "schema": SCHEMA,
        "question": "What rate?",
        "status": "answered",
        "reason": None,
        "answers": "partly",
        "text": "It is 20%. [2]",
        "claims": [
            {
                "text": "It is 20%.",
                "support": "partial",
                "reasons": ["the source says more"],
                "origin": "model",
                "score": 0.75,
                "group": None,
                "citations": [
                    {
                        "number": 2,
                        "title": "Title “A”",
                        "source": "/x/a.txt",
                        "document_id": "a.txt",
                        "start": 28,
                        "end": 56,
                        "quote": "A 20% rate was for fentanyl.",
                    }
                ],
            }
        ],
        "passages": [
            {
                "number": 1,
                "title": "Other title",
                "source": "/x/b.txt",
                "document_id": "b.txt",
                "start": 0,
                "end": 6,
                "text": "Other.",
                "score": 0.9,
            },
            {
                "number": 2,
                "title": "Title “A”",
                "source": "/x/a.txt",
                "document_id": "a.txt",
                "start": 10,
                "end": 56,
                "text": TEXT,
                "score": 0.5,
            },
        ],
        "model": "scripted",
        "usage": {"prompt_tokens": 7, "cached_tokens": 3, "completion_tokens": 2},
        "timings_s": {"retrieve": 0.04},
        "dropped_markers": 1,
        "chance": None,
        "short": None,
        "missing": ["What for?"],
        "suggestions": [],
    }


def test_a_quote_is_as_long_as_its_span_says() -> None:
    (written,) = answer_to_json(ANSWER)["claims"][0]["citations"]
    assert written["end"] - written["start"] == len(written["quote"])


def test_a_declined_answer_keeps_its_reason_and_what_was_looked_at() -> None:
    written = answer_to_json(DECLINED)
    assert (written["status"], written["reason"]) == ("declined", "not stated")
    assert (written["text"], written["claims"], written["chance"]) == ("", [], 0.125)
    assert len(written["passages"]) == 2


def test_what_is_written_can_be_read_back() -> None:
    for answer in (ANSWER, DECLINED, GREETING):
        assert json.loads(json.dumps(answer_to_json(answer))) == answer_to_json(answer)


def test_answers_of_either_kind_have_the_same_keys() -> None:
    assert answer_to_json(ANSWER).keys() == answer_to_json(DECLINED).keys()


# --- reading back ----------------------------------------------------------------------------

WORDS = st.text(max_size=12)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
COUNTS = st.integers(min_value=0)


def one_of(literal: Any) -> Any:
    return st.sampled_from(get_args(literal))


@st.composite
def spans_of(draw: st.DrawFn, text: str) -> Span:
    start = draw(COUNTS)
    return Span(draw(WORDS), start, start + len(text))


@st.composite
def passages(draw: st.DrawFn) -> tuple[Passage, ...]:
    texts = draw(st.lists(WORDS, max_size=3))
    return tuple(
        Passage(n, draw(spans_of(text)), text, draw(WORDS), draw(WORDS), draw(NUMBERS))
        for n, text in enumerate(texts, 1)
    )


@st.composite
def claims_on(draw: st.DrawFn, shown: tuple[Passage, ...]) -> Claim:
    quotes = draw(st.lists(WORDS, max_size=2)) if shown else []
    numbers = st.sampled_from([passage.number for passage in shown] or [0])
    return Claim(
        text=draw(WORDS),
        citations=tuple(Citation(draw(numbers), draw(spans_of(q)), q) for q in quotes),
        support=draw(one_of(Support)),
        reasons=tuple(draw(st.lists(WORDS, max_size=2))),
        origin=draw(one_of(Origin)),
        score=draw(st.none() | NUMBERS),
        group=draw(st.none() | WORDS),
    )


@st.composite
def answers(draw: st.DrawFn) -> Answer:
    shown = draw(passages())
    return Answer(
        question=draw(WORDS),
        text=draw(WORDS),
        claims=tuple(draw(st.lists(claims_on(shown), max_size=3))),
        passages=shown,
        status=draw(one_of(Status)),
        reason=draw(st.none() | one_of(DeclineReason)),
        model=draw(WORDS),
        usage=Usage(draw(COUNTS), draw(COUNTS), draw(COUNTS)),
        timings=draw(st.dictionaries(WORDS, NUMBERS, max_size=3)),
        dropped_markers=draw(COUNTS),
        chance=draw(st.none() | st.floats(min_value=0, max_value=1)),
        short=draw(st.none() | st.text()),
        answers=draw(one_of(Answers)),
        missing=tuple(draw(st.lists(WORDS, max_size=3))),
        suggestions=tuple(draw(st.lists(WORDS, max_size=3))),
    )


@given(answers())
def test_any_answer_comes_back_as_it_was(answer: Answer) -> None:
    assert answer_from_json(json.loads(json.dumps(answer_to_json(answer)))) == answer


def test_what_a_later_footnote_added_is_passed_over() -> None:
    written = answer_to_json(ANSWER) | {"mood": "good"}
    written["claims"][0]["colour"] = "green"
    assert answer_from_json(written) == ANSWER


def first_version(answer: Answer) -> dict[str, Any]:
    """The document of `answer` as the first version had it."""
    written = answer_to_json(answer) | {"schema": "footnote.answer/1"}
    for key in ("answers", "missing", "suggestions"):
        del written[key]
    for claim in written["claims"]:
        del claim["group"]
    return written


@pytest.mark.parametrize(("answer", "answers"), [(ANSWER, "unsure"), (DECLINED, "no")])
def test_a_document_of_the_first_version_is_read(answer: Answer, answers: Answers) -> None:
    read = answer_from_json(first_version(answer))
    assert read == replace(answer, answers=answers, missing=(), suggestions=())
    assert answer_to_json(read)["schema"] == SCHEMA


def test_a_broken_document_of_the_first_version_is_named_so() -> None:
    with pytest.raises(FormatError, match=r"not a footnote\.answer/1 document \(text: "):
        answer_from_json(first_version(ANSWER) | {"text": None})


def test_lead_and_lists_can_be_told_apart() -> None:
    point = replace(CLAIM, group="Rates")
    claims = answer_to_json(replace(ANSWER, claims=(CLAIM, point, replace(point, group=""))))[
        "claims"
    ]
    assert [claim["group"] for claim in claims] == [None, "Rates", ""]


def test_an_answer_that_was_written_without_its_few_words_is_read() -> None:
    written = answer_to_json(replace(ANSWER, short="20 %"))
    assert answer_from_json(written).short == "20 %"
    del written["short"]
    assert answer_from_json(written) == ANSWER


def test_an_answer_that_was_written_without_a_chance_is_read() -> None:
    written = answer_to_json(DECLINED)
    del written["chance"]
    assert answer_from_json(written) == replace(DECLINED, chance=None)


def without(key: str) -> Callable[[dict[str, Any]], object]:
    return lambda written: written.pop(key)


CHANGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "question": without("question"),
    "schema": without("schema"),
    "status": lambda written: written.update(status="maybe"),
    "answers": lambda written: written.update(answers="maybe"),
    "answers is missing": without("answers"),
    "suggestions.0": lambda written: written.update(suggestions=[1]),
    "claims.0.text": lambda written: written["claims"][0].update(text=7),
    "claims.0.citations.0": lambda written: written["claims"][0]["citations"][0].update(end=57),
    "claims.0.citations.0.start": lambda written: written["claims"][0]["citations"][0].update(
        start="28"
    ),
    "passages.1": lambda written: written["passages"][1].update(start=60),
    "passages.0.number": lambda written: written["passages"][0].update(number=True),
    "there is no passage 2": lambda written: written["passages"].pop(1),
    "timings_s.retrieve": lambda written: written["timings_s"].update(retrieve="fast"),
    "usage": lambda written: written.update(usage=None),
    "chance": lambda written: written.update(chance=1.5),
}


@pytest.mark.parametrize("named", CHANGES)
def test_what_is_no_answer_is_refused_by_the_place_of_its_fault(named: str) -> None:
    written = copy.deepcopy(answer_to_json(ANSWER))
    CHANGES[named](written)
    with pytest.raises(FormatError, match=named.replace(".", r"\.")) as refused:
        answer_from_json(written)
    assert refused.value.remedy


@pytest.mark.parametrize("document", [None, [], "footnote.answer/1", 3, {}, {"schema": 1}])
def test_what_is_no_document_at_all_is_refused(document: object) -> None:
    with pytest.raises(FormatError, match=r"not a footnote\.answer/2 document"):
        answer_from_json(document)


def test_a_document_of_another_version_is_distinguished_from_a_broken_one() -> None:
    with pytest.raises(FormatError, match="another version") as refused:
        answer_from_json(answer_to_json(ANSWER) | {"schema": "footnote.answer/3", "text": None})
    assert "upgrade" in refused.value.remedy


def test_many_faults_make_a_short_message_on_one_line() -> None:
    written = answer_to_json(ANSWER) | {"timings_s": {f"stage\n{n}\u202e": "" for n in range(50)}}
    with pytest.raises(FormatError) as refused:
        answer_from_json(written)
    assert len(refused.value.problem) < 500
    assert refused.value.problem.isprintable()
