"""What an answer to a question of the broad set scores, and how the scores add up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from eval.benchmarks.result_tables import Table
from eval.broad.questions import BroadQuestion, Kind
from eval.broad.scores import BroadResult, score_result
from eval.broad.tables import MADE, SHARE, result_tables
from eval.key_points import KeyPoint, Quote
from eval.statistics.bootstrap import Interval
from rag.types import Answer, Answers, Citation, Claim, Span, Usage

TEXT = "The lake is deep. Pike live in the lake."
DEEP, PIKE = Span("lake.md", 0, 17), Span("lake.md", 18, 40)
SENTENCES = {"lake.md": [DEEP, PIKE]}


def point(span: Span, optional: bool = False) -> KeyPoint:
    return KeyPoint((Quote(span, TEXT[span.start : span.end]),), optional)


def question(kind: Kind, *points: KeyPoint, **more: Any) -> BroadQuestion:
    return BroadQuestion(more.pop("id", kind), kind, "What?", points, **more)


def citing(*spans: Span, text: str = "", **more: Any) -> Answer:
    citations = tuple(Citation(1, span, TEXT[span.start : span.end]) for span in spans)
    said = text or "It says so."
    return Answer("What?", said, (Claim(said, citations),), (), "answered", None, "m", **more)


DECLINED = replace(citing(), status="declined", reason="not stated", claims=(), text="No.")


def scores(asked: BroadQuestion, answer: Answer | None, **more: Any) -> dict[str, float | None]:
    found = score_result(BroadResult(asked, answer, **more), SENTENCES)
    return {name: value for name, value in found.items() if value is not None}


def test_points_and_costs_of_an_answer() -> None:
    told = citing(DEEP, text="It is deep.", usage=Usage(100, 0, 20))
    asked = question("list", point(DEEP), point(PIKE))
    assert scores(asked, told, seconds=4.0, first_seconds=1.0) == {
        "errors": 0,
        "recall": 0.5,
        "stated_recall": 0,
        "every_point": 0,
        "precision": 1,
        "words": 3,
        "tokens_read": 100,
        "tokens_written": 20,
        "seconds": 4,
        "first_seconds": 1,
        "declined_wrongly": 0,
        "makes_point": 1,
    }
    assert scores(asked, citing(DEEP, PIKE))["every_point"] == 1


def test_a_question_that_is_declined_makes_no_point() -> None:
    found = scores(question("list", point(DEEP)), DECLINED)
    assert (found["recall"], found["declined_wrongly"]) == (0, 1)
    assert "words" not in found
    assert "precision" not in found


def test_an_error_is_nothing_but_an_error() -> None:
    assert scores(question("list", point(DEEP)), None, error="No model.") == {"errors": 1}


@pytest.mark.parametrize(
    ("kind", "points", "answer", "expected"),
    [
        ("unanswerable", (), DECLINED, {"declined_rightly": 1}),
        ("unanswerable", (), citing(DEEP), {"declined_rightly": 0}),
        ("conversation", (), DECLINED, {"replied": 0}),
        ("conversation", (), citing(), {"replied": 1}),
        ("conversation", (), citing(DEEP), {"replied": 0}),
        (
            "false_premise",
            (point(PIKE, optional=True),),
            citing(PIKE),
            {"premise_declined": 0, "premise_declined_or_corrected": 1},
        ),
        (
            "false_premise",
            (point(PIKE, optional=True),),
            citing(DEEP),
            {"premise_declined": 0, "premise_declined_or_corrected": 0},
        ),
        (
            "false_premise",
            (),
            DECLINED,
            {"premise_declined": 1, "premise_declined_or_corrected": 1},
        ),
    ],
)
def test_what_is_right_where_no_point_is_required(
    kind: Kind, points: tuple[KeyPoint, ...], answer: Answer, expected: dict[str, float]
) -> None:
    found = scores(question(kind, *points), answer)
    assert {name: found.get(name) for name in expected} == expected
    assert "recall" not in found


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("No, it is not.", 1),
        ("**No.** It", 1),
        ("Yes.", 0),
        ("Not at all.", None),
        ("Nobody", None),
    ],
)
def test_a_verdict_counts_where_it_comes_first(text: str, right: int | None) -> None:
    asked = question("yes_no", point(DEEP), verdict="no")
    assert scores(asked, citing(DEEP, text=text)).get("verdict_right") == right


def test_only_an_answer_that_says_that_it_answers_can_be_wrong_about_that() -> None:
    asked = question("fact", point(DEEP))

    def told(answers: Answers, span: Span) -> Answer:
        return replace(citing(span), answers=answers)

    name = "misses_but_says_yes"
    assert scores(asked, told("yes", PIKE))[name] == 1
    assert scores(asked, told("yes", DEEP))[name] == 0
    assert name not in scores(asked, told("partly", PIKE))
    assert name not in scores(asked, citing(PIKE))


def figure(table: Table, line: str, column: str) -> tuple[float, int] | None:
    (found,) = (each.figures[column] for each in table.lines if each.name == line)
    return (found.mean, found.n) if isinstance(found, Interval) else None


def test_tables_by_kind_count_each_question_once() -> None:
    counted = citing(DEEP, usage=Usage(100))
    both = question("list", point(DEEP), point(PIKE), id="a")
    results = [
        BroadResult(both, counted, first_seconds=1.0),
        BroadResult(question("list", point(DEEP), id="b"), DECLINED),
        BroadResult(question("fact", point(PIKE), id="c"), citing(PIKE), seconds=3.0),
        BroadResult(question("fact", point(PIKE), id="d"), None, "No model."),
        BroadResult(question("unanswerable", id="e"), DECLINED),
    ]
    points, outcomes, _, costs = result_tables(results, SENTENCES)
    assert points.errors == 1
    assert figure(points, "list", "recall") == (0.25, 2)
    assert figure(points, "fact", "recall") == (1, 1)
    assert figure(points, "all of these", "recall") == (0.5, 3)
    assert [line.name for line in points.lines] == ["fact", "list", "all of these"]
    assert figure(outcomes, "errors", SHARE) == (0.2, 5)
    assert figure(outcomes, "unanswerable: declined", SHARE) == (1, 1)
    assert figure(outcomes, "conversation: a reply without a citation", SHARE) is None
    assert figure(costs, "list", "tokens read") == (50, 2)
    assert [line.seconds for line in costs.lines if line.name == "fact"] == [[3.0, 0.0]]
    assert "To its first cited sentence: 1000.0, 1000.0 (p50, p95, of 1)" in costs.notes[0]


def test_what_an_answer_says_of_itself_is_compared_with_what_it_makes() -> None:
    asked = question("fact", point(DEEP))
    none = question("unanswerable", id="none")
    sure, unsure = citing(DEEP, answers="yes", chance=0.9), citing(DEEP, answers="unsure")
    beside = citing(PIKE, answers="unsure", chance=0.3)
    results = [
        BroadResult(asked, sure),
        BroadResult(asked, unsure),
        BroadResult(none, beside),
        BroadResult(asked, DECLINED),
    ]
    _, _, marks, _ = result_tables(results, SENTENCES)
    made = {line.name: line.figures[MADE] for line in marks.lines}
    shares = {name: (found.mean, found.n) for name, found in made.items() if found}
    assert shares == {
        "says that it answers: yes": (1, 1),
        "says that it answers: unsure": (0.5, 2),
        "chance from 0.25 to 0.5": (0, 1),
        "chance from 0.75 to 1": (1, 1),
    }
    # Of 0.9 for 1 and of 0.3 for 0, the mean distance.
    assert "Calibration error of the chance: 20.0, of 2 answers; AUROC 100.0." in marks.notes
