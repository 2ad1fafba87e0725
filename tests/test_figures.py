"""What the rows of a run come to, and how a terminal shows it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest

from eval.case_result import CaseResult, Outcome
from eval.report.terminal import terminal_table
from eval.statistics.aggregate import (
    GROUPS,
    KINDS,
    LABELS,
    STATISTIC_NAMES,
    run_statistics,
    statistics_by_tag,
)


def row(
    outcome: Outcome, id: str = "id", *, answerable: bool = True, seconds: float = 1.0
) -> CaseResult:
    scores: dict[str, float | None] = {"errors": float(outcome == "error")}
    if outcome != "error":
        declined = float(outcome == "declined")
        scores |= {"answered": 1 - declined, "answer_right": float(outcome == "right")}
        scores = scores if answerable else {"errors": 0.0, "declined_rightly": declined}
        scores["seconds"] = seconds
    return CaseResult(
        id, ("number",), answerable, outcome, "", None, True, (), None, seconds, scores, f"by {id}"
    )


MIXED = [
    row("right", "a"),
    row("wrong", "b"),
    row("declined", "c"),
    row("error", "d"),
    row("declined", "e", answerable=False),
    row("right", "f", answerable=False),
]


def told(rows: Sequence[CaseResult]) -> dict[str, str]:
    """The lines of the table, by label."""
    shown = [
        line for line in terminal_table(rows, "evidence").splitlines() if line.startswith("  ")
    ]
    return {line[2:40].strip(): " ".join(line[40:].split()) for line in shown}


def test_the_table_counts_every_case() -> None:
    shown = told(MIXED)
    assert shown["answerable: right"].startswith("33.3% [")
    assert shown["answerable: right"].endswith("1 of 3")
    assert shown["unanswerable: declined"].endswith("1 of 2")
    assert shown["errors"].endswith("1 of 6")
    assert shown["number"].endswith("2 of 6")  # a tag counts errors too
    assert shown["evidence recall@5"] == "n/a 0 of 0"


def test_the_table_says_first_that_cases_ended_in_an_error() -> None:
    assert terminal_table(MIXED, "document").startswith("1 of 6 cases ended in an error")
    assert terminal_table(MIXED[:3], "document").startswith("Answers\n")


def test_every_figure_has_a_label_a_kind_and_one_place_in_the_table() -> None:
    shown = [name for names in GROUPS.values() for name in names]
    assert sorted(shown) == sorted(STATISTIC_NAMES)
    assert set(LABELS) == set(KINDS) == set(STATISTIC_NAMES)
    assert len(set(LABELS.values())) == len(STATISTIC_NAMES)


def test_the_table_says_over_what_its_intervals_were_drawn() -> None:
    assert "each article as a unit" in terminal_table(MIXED, "document")
    assert "each sentence of evidence as a unit" in terminal_table(MIXED, "evidence")


def test_what_came_out_alike_has_no_interval() -> None:
    alone = [replace(each, cluster="one") for each in MIXED]
    assert "[" not in told(alone)["answerable: right"]
    assert "[" not in told(MIXED[:1] * 3)["answerable: right"]
    assert "[" in told(MIXED)["answerable: right"]


def test_the_table_says_how_long_a_question_took() -> None:
    rows = [row("right", str(second), seconds=second) for second in (1.0, 2.0, 9.0)]
    shown = told(rows)
    assert shown["time a question, median"] == "2.0 s n 3"
    assert shown["time a question, 95th percentile"] == "9.0 s n 3"
    assert shown["time a question"].startswith("4.0 s [")
    assert "time to repair" not in shown  # a stage that no question went through


def test_the_decline_mean_weighs_both_kinds_of_question_alike() -> None:
    found = run_statistics(MIXED)["decline_mean"]
    assert found.value == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert found.n == 5
    assert found.low is not None
    assert found.high is not None
    assert found.low < 7 / 12 < found.high
    assert run_statistics(MIXED[:4])["decline_mean"].value is None


def test_figures_without_intervals_are_the_same_figures() -> None:
    with_intervals, without = run_statistics(MIXED), run_statistics(MIXED, intervals=False)
    assert with_intervals["answered"].low is not None
    assert without["answered"].low is None
    for name in STATISTIC_NAMES:
        assert without[name].value == pytest.approx(with_intervals[name].value), name
        assert (without[name].n, without[name].good) == (
            with_intervals[name].n,
            with_intervals[name].good,
        )


def test_a_figure_of_nothing_has_no_value() -> None:
    assert {figure.value for figure in run_statistics([]).values()} == {None}
    assert statistics_by_tag([]) == {}
    assert "n/a" in terminal_table([], "document")
    assert not re.search(r"\bnan\b", terminal_table([], "document"))
