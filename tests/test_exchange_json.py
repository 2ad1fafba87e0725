"""The one JSON document of an exchange."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.serialization import FormatError
from tests.test_serialization import ANSWER, COUNTS, DECLINED, WORDS, answers, claims_on, passages
from ui.questions.exchange import Exchange, State, Thumb
from ui.questions.exchange_json import BROKE_OFF, exchange_from_json, exchange_to_json

ID = "0123456789abcdef"
DONE = Exchange(
    id=ID,
    question="What rate?",
    state="done",
    rewritten_as="What rate is for fentanyl?",
    evidence=ANSWER.passages,
    claims=ANSWER.claims,
    removed=1,
    answer=ANSWER,
    digests={"a.txt": "00ff"},
    asked_at="2026-05-02T10:00:00Z",
    document_ids=("a.txt",),
    thumb="down",
    note="it is 10%",
)


@st.composite
def exchanges(draw: st.DrawFn) -> Exchange:
    shown = draw(passages())
    return Exchange(
        id=draw(st.text("0123456789abcdef", min_size=16, max_size=16)),
        question=draw(WORDS),
        state=draw(st.sampled_from(get_args(State))),
        ahead=draw(COUNTS),
        rewritten_as=draw(st.none() | WORDS),
        evidence=shown,
        draft=draw(WORDS),
        claims=tuple(draw(st.lists(claims_on(shown), max_size=2))),
        removed=draw(COUNTS),
        answer=draw(st.none() | answers()),
        error=draw(WORDS),
        digests=draw(st.dictionaries(WORDS, WORDS, max_size=2)),
        asked_at=draw(WORDS),
        document_ids=tuple(draw(st.lists(WORDS, max_size=2))),
        thumb=draw(st.none() | st.sampled_from(get_args(Thumb))),
        note=draw(WORDS),
    )


@given(exchanges())
def test_any_exchange_comes_back_as_it_was_or_broken_off(exchange: Exchange) -> None:
    back = exchange_from_json(json.loads(json.dumps(exchange_to_json(exchange))))
    if exchange.is_over:
        assert back == exchange
    else:
        assert back == replace(exchange, state="failed", ahead=0, draft="", error=BROKE_OFF)


def test_every_field_of_an_exchange_is_written() -> None:
    written = set(exchange_to_json(DONE)) - {"schema"}
    renamed = {"rewritten_as": "asked_as"}  # in files of the first version, and since
    assert written == {renamed.get(field.name, field.name) for field in fields(Exchange)}


def test_what_was_said_before_a_crash_is_kept() -> None:
    writing = replace(DONE, state="writing", answer=None, draft="And it")
    back = exchange_from_json(exchange_to_json(writing))
    assert back.is_over
    assert (back.claims, back.evidence) == (ANSWER.claims, ANSWER.passages)
    assert (back.draft, back.error) == ("", BROKE_OFF)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"id": "../../etc"}, "id"),
        ({"state": "thinking"}, "state"),
        ({"answer": {}}, "answer.schema"),
        ({"evidence": []}, "there is no passage 2"),
        ({"document_ids": "a.txt"}, "document_ids"),
        ({"thumb": "sideways"}, "thumb"),
        ({"schema": "footnote.answer/2"}, "schema"),
    ],
)
def test_what_is_no_exchange_is_refused(change: dict[str, Any], named: str) -> None:
    with pytest.raises(FormatError, match=named) as refused:
        exchange_from_json(exchange_to_json(DONE) | change)
    assert refused.value.remedy


def test_a_declined_exchange_comes_back_too() -> None:
    declined = replace(DONE, claims=(), answer=DECLINED)
    assert exchange_from_json(exchange_to_json(declined)) == declined
