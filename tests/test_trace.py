"""The record of how an answer came about."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import reduce
from itertools import count
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.events import Checked, Event, Finished, ModelCalled, Retrieved, Rewritten, Selected, Token
from rag.types import Answer, Chunk, Citation, Claim, FoundBy, Hit, Message, Passage, Span, Usage
from ui.questions.trace import (
    MAX_CHARS,
    MAX_HITS,
    MAX_STEPS,
    Clock,
    ModelRequest,
    Note,
    Search,
    Selection,
    Step,
    Trace,
    TraceFormatError,
    add_event,
    add_note,
    start_trace,
    trace_from_json,
    trace_to_json,
)

CLAIM = Claim(
    "Duties rose to 20%.",
    (Citation(1, Span("a.txt", 5, 25), "Duties rose to 20%."),),
    "partial",
    ("the date is not in the source",),
    "model",
    0.75,
)
ANSWER = Answer("q", "t", (CLAIM,), (), "answered", None, "little-model")


def hits(by: FoundBy, *numbers: int) -> tuple[Hit, ...]:
    return tuple(
        Hit(Chunk(f"c{n}", Span("a.txt", n, n + 5)), 1 / rank, by)
        for rank, n in enumerate(numbers, 1)
    )


def passages(*numbers: int) -> tuple[Passage, ...]:
    return tuple(Passage(n, Span("a.txt", n, n + 4), f"Text {n}", "A", "a", 0.5) for n in numbers)


EVENTS: list[Event] = [
    ModelCalled("rewrite", (Message("system", "Rewrite."), Message("user", "and?")), "and duties?"),
    Rewritten("and duties?"),
    Retrieved(hits("fused", 3, 1), hits("dense", 1, 2), hits("lexical", 3, 1)),
    Selected(passages(1, 2), passages(3)),
    ModelCalled("judge", (Message("user", "Stated?"),), "yes", 0.62, Usage(100, 90, 1)),
    Token("Duties "),
    ModelCalled("answer", (Message("user", "Say."),), "Duties rose to 20%."),
    Checked(CLAIM, "kept"),
    Finished(ANSWER),
]


def ticking() -> Clock:
    """A clock on which a second passes from look to look, from any time on."""
    seconds = count(1000)
    return lambda: float(next(seconds))


def recorded(*events: Event) -> Trace:
    clock = ticking()
    return reduce(
        lambda trace, event: add_event(trace, event, clock), events, start_trace("and?", clock)
    )


def steps_of(kind: type[Step], trace: Trace) -> Iterator[Any]:
    return (step for step in trace.steps if isinstance(step, kind))


def through_json(trace: Trace) -> Trace:
    return trace_from_json(json.loads(json.dumps(trace_to_json(trace), allow_nan=False)))


def test_steps_are_in_order_with_seconds_since_the_start() -> None:
    trace = recorded(*EVENTS)
    assert [(step.step, step.at_s) for step in trace.steps] == [
        ("asked", 1.0),
        ("rewritten", 2.0),
        ("found", 3.0),
        ("selected", 4.0),
        ("asked", 5.0),
        ("asked", 7.0),
        ("checked", 8.0),
        ("note", 9.0),
    ]


def test_a_chunk_has_its_place_in_each_ranking() -> None:
    (search,) = steps_of(Search, recorded(*EVENTS))
    ranks = {
        found.chunk_id: tuple(
            place and (place.rank, place.score)
            for place in (found.fused, found.dense, found.lexical)
        )
        for found in search.found
    }
    assert ranks == {
        "c3": ((1, 1.0), None, (1, 1.0)),
        "c1": ((2, 0.5), (1, 1.0), (2, 0.5)),
        "c2": (None, (2, 0.5), None),
    }
    assert list(ranks) == ["c3", "c1", "c2"]
    assert search.found[0].span == Span("a.txt", 3, 8)


def test_what_was_selected_and_cut_is_kept_with_its_text() -> None:
    (selection,) = steps_of(Selection, recorded(*EVENTS))
    assert [each.text for each in selection.selected] == ["Text 1", "Text 2"]
    assert [each.number for each in selection.cut] == [3]


def test_each_request_is_kept_whole() -> None:
    rewrite, judge, answer = steps_of(ModelRequest, recorded(*EVENTS))
    assert [message.content for message in rewrite.messages] == ["Rewrite.", "and?"]
    assert (judge.purpose, judge.probability, judge.usage) == ("judge", 0.62, Usage(100, 90, 1))
    assert (answer.reply, answer.probability) == ("Duties rose to 20%.", None)


def test_each_check_is_kept_with_reasons_and_quotes() -> None:
    (verdict,) = [step for step in recorded(*EVENTS).steps if step.step == "checked"]
    assert (verdict.text, verdict.action, verdict.support) == (CLAIM.text, "kept", "partial")
    assert (verdict.reasons, verdict.score, verdict.origin) == (CLAIM.reasons, 0.75, "model")
    (quote,) = verdict.quotes
    assert (quote.number, quote.span, quote.text) == (1, Span("a.txt", 5, 25), CLAIM.text)


@pytest.mark.parametrize(
    ("status", "reason", "says"),
    [
        ("answered", None, "Answered by little-model."),
        ("declined", "not stated", "Declined: not stated."),
    ],
)
def test_the_end_is_said_in_words(status: Any, reason: Any, says: str) -> None:
    answer = Answer("q", "", (), (), status, reason, "little-model")
    assert recorded(Finished(answer)).steps == (Note(1.0, says),)


def test_the_end_says_how_likely_an_answer_was() -> None:
    answer = Answer("q", "", (), (), "declined", "not stated", "little-model", chance=0.123)
    (note,) = recorded(Finished(answer)).steps
    assert isinstance(note, Note)
    assert note.text == (
        "Declined: not stated. The chance that the passages answer the question was put at 12%."
    )


def test_it_survives_being_written_down() -> None:
    trace = recorded(*EVENTS)
    read = through_json(trace)
    assert (read.question, read.steps) == (trace.question, trace.steps)
    assert trace_to_json(trace)["schema"] == "footnote.trace/1"


@given(st.text(alphabet=st.characters(exclude_categories=())), st.floats())
def test_any_text_and_any_number_can_be_written_down(text: str, number: float) -> None:
    chunk = Chunk("c", Span("a.txt", 0, 1))
    claim = Claim(text, (Citation(1, chunk.span, text),), "supported", (text,), "model", number)
    events: list[Event] = [
        Retrieved((Hit(chunk, number, "fused"),)),
        Selected((Passage(1, chunk.span, text, text, text, number),)),
        ModelCalled("judge", (Message("user", text),), text, number),
        Checked(claim, "removed"),
    ]
    trace = recorded(*events)
    assert through_json(add_note(trace, text)).steps[:4] == trace.steps


def test_long_texts_are_cut() -> None:
    long = "x" * 9000
    trace = recorded(ModelCalled("answer", (Message("user", long),), long))
    (request,) = steps_of(ModelRequest, trace)
    assert len(request.reply) == len(request.messages[0].content) == MAX_CHARS
    assert request.reply.endswith("x…")
    assert through_json(trace).steps == trace.steps


def test_of_many_hits_the_best_are_kept_and_the_others_counted() -> None:
    (search,) = steps_of(Search, recorded(Retrieved(hits("fused", *range(100)))))
    assert [found.chunk_id for found in search.found] == [f"c{n}" for n in range(MAX_HITS)]
    assert search.left_out == 100 - MAX_HITS


def test_of_too_many_steps_the_first_and_the_last_are_kept() -> None:
    asked = ModelCalled("judge", (), "no", 0.1)
    trace = recorded(Rewritten("r"), *[asked] * 400, Finished(ANSWER))
    assert len(trace.steps) == MAX_STEPS
    assert [trace.steps[0].step, trace.steps[-1].step] == ["rewritten", "note"]
    assert through_json(trace).steps == trace.steps


def _set(*path: Any, to: Any) -> Any:
    def change(value: Any) -> None:
        for key in path[:-1]:
            value = value[key]
        value[path[-1]] = to

    return change


@pytest.mark.parametrize(
    "change",
    [
        _set("schema", to="footnote.trace/2"),
        _set("question", to=3),
        _set("steps", to=None),
        _set("steps", 0, "step", to="other"),
        _set("steps", 0, "purpose", to="chat"),
        _set("steps", 0, "at_s", to="1"),
        _set("steps", 0, "at_s", to=nan),
        _set("steps", 0, "at_s", to=inf),
        _set("steps", 0, "reply", to="x" * 5000),
        _set("steps", 0, "more", to=1),
        _set("steps", 0, "messages", 0, "role", to="robot"),
        _set("steps", 2, "found", 0, "span", "start", to=99),
        _set("steps", 2, "found", 0, "fused", to=[1]),
        lambda value: value.pop("steps"),
        lambda value: value["steps"].extend(value["steps"] * 60),
        lambda value: value.clear(),
    ],
)
def test_what_is_no_trace_is_refused(change: Any) -> None:
    value = trace_to_json(recorded(*EVENTS))
    change(value)
    with pytest.raises(TraceFormatError, match="cannot be read"):
        trace_from_json(value)


def test_a_clock_that_goes_back_gives_no_negative_time() -> None:
    back = iter([100.0, 50.0])
    clock: Clock = lambda: next(back)  # noqa: E731
    assert add_note(start_trace("q", clock), "n", clock).steps == (Note(0.0, "n"),)
