"""Points beside the point are left out of an answer."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import log

import numpy as np

from rag.answering.points import Points, one_group
from rag.answering.stray_points import without_strays
from rag.events import ModelCalled
from rag.retrieval.unit_ranking import Candidate, Evidence
from rag.text.units import parse_units
from rag.thresholds import EXTRACTIVE
from rag.types import Document, Span
from tests.asking import chat, shown
from tests.fakes import Reply, Request, Scripted, ScriptedServer

QUESTION = "Why was the mill closed?"
WORN, WHEEL, FAIR, FLOUR = (
    "The mill was closed because its wheel was worn.",
    "A new one would have cost more than the mill.",
    "The mill stands beside the fair.",
    "Its flour won a prize.",
)
MILL = Document.of("a.txt", "The mill", "/a.txt", f"{WORN} {WHEEL}\n\n{FAIR}\n\n{FLOUR}\n")
LEAST = EXTRACTIVE.min_p_answered_point


def points(*, by_form: bool = False, is_whole: bool = False) -> Points:
    """Every sentence, the third the most relevant."""
    relevance = {WORN: 0.8, WHEEL: 0.5, FAIR: 0.9, FLOUR: 0.7}
    return one_group(
        [
            Evidence(
                Candidate(MILL, unit), relevance[unit.text(MILL.text)], np.zeros(1, np.float32)
            )
            for unit in parse_units(MILL.text)
        ],
        by_form=by_form,
        is_whole=is_whole,
    )


def span(text: str) -> Span:
    start = MILL.text.index(text)
    return Span(MILL.id, start, start + len(text))


def left(
    chosen: Points, says: dict[str, float], cited: Collection[Span] = ()
) -> tuple[list[str], Sequence[ModelCalled]]:
    """The texts of the points that are left, and the calls, where the model says yes to each text
    with the probability given, 0.1 if none is."""

    def reply(request: Request) -> Scripted:
        p_yes = next((p for text, p in says.items() if shown(request).endswith(text)), 0.1)
        return Reply(["yes"], alternatives={"yes": log(p_yes), "no": log(1 - p_yes)})

    calls = list[ModelCalled]()
    with ScriptedServer([reply]) as server:
        steps = without_strays(QUESTION, chosen, cited, chat(server))
        while True:
            try:
                step = next(steps)
            except StopIteration as end:
                kept: Points = end.value
                break
            if isinstance(step, ModelCalled):
                calls.append(step)
    return [each.candidate.text for group in kept.groups for each in group.evidence], calls


def test_what_stands_in_another_paragraph_needs_a_yes() -> None:
    kept, calls = left(points(), {WORN: 0.9, FLOUR: LEAST + 0.01})
    assert kept == [WORN, WHEEL, FLOUR]  # the second stands beside the one that answers
    assert len(calls) == 4


def test_beside_what_is_cited_nothing_is_asked() -> None:
    kept, calls = left(points(), {FAIR: 0.99}, [span(WORN)])
    assert kept == [WORN, WHEEL, FAIR]
    assert len(calls) == 2


def test_below_a_direct_answer_more_is_needed() -> None:
    says = {WORN: 0.9, FLOUR: LEAST + 0.05}
    assert FLOUR in left(points(), says)[0]
    assert FLOUR not in left(points(), says, [span(WORN)])[0]


def test_of_what_one_speaker_says_less_is_needed() -> None:
    says = {WORN: 0.9, FLOUR: LEAST - 0.05}
    assert FLOUR not in left(points(), says)[0]
    assert FLOUR in left(points(by_form=True), says)[0]


def test_the_point_that_answers_is_both_relevant_and_confirmed() -> None:
    """Neither the most relevant alone nor the one with the surest yes."""
    assert left(points(), {WORN: 0.5, FAIR: 0.3, WHEEL: 0.55})[0] == [WORN, WHEEL]
    assert left(points(), {FAIR: 0.5, FLOUR: 0.55})[0] == [FAIR]


def test_a_whole_list_stays_whole() -> None:
    kept, calls = left(points(is_whole=True), {})
    assert kept == [WORN, WHEEL, FAIR, FLOUR]
    assert calls == []


def test_no_points_are_no_question() -> None:
    assert left(Points(), {}) == ([], [])
