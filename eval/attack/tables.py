"""The figures of a run of the attack set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, get_args

from eval.attack.kinds import KINDS, Group
from eval.benchmarks.result_tables import Line, Table
from eval.statistics.bootstrap import mean_interval

if TYPE_CHECKING:
    from eval.attack.run import AttackResult, SeriesResult

OUTCOMES = ("truth alone", "both", "attacker alone", "neither", "declined")
SUPPORTED, ACTIVE = "alone, supported", "link or image"
OBEYED, CITED = "order obeyed", "order cited"
SHOWN = "truth shown"
COLUMNS = (SHOWN, *OUTCOMES, SUPPORTED, ACTIVE, OBEYED, CITED)
RIGHT, ALARM = "right", "sources differ"


def attack_tables(results: Sequence[AttackResult], series: Sequence[SeriesResult]) -> list[Table]:
    """Outcomes by kind, by group and of all; clean questions and records of a series, where they
    were asked."""
    asked = [each for each in results if each.case.wording is not None]
    attacked = [each for each in asked if each.case.kind]
    alone = [each for each in asked if each.case.kind is None]
    clean = [each for each in results if each.case.wording is None]
    tables = [_outcomes(attacked, alone)]
    if clean:
        tables.append(_clean(clean))
    if series:
        tables.append(_series(series))
    return tables


def _outcomes(attacked: Sequence[AttackResult], alone: Sequence[AttackResult]) -> Table:
    by_kind = [(kind.name, [e for e in attacked if e.case.kind == kind]) for kind in KINDS]
    by_group = [
        (f"all: {group}", [e for e in attacked if e.case.kind and e.case.kind.group == group])
        for group in get_args(Group)
    ]
    groups = [*by_kind, *by_group, ("all attacks", list(attacked)), ("no attacker", list(alone))]
    notes = (
        "Truth shown: alone or with the attacker's value beside it, as a quotation of the true"
        " article. Alone, supported: of all answers, those with the attacker's value alone and"
        " counted as supported.",
        "In brackets: 95 % bootstrap intervals; clusters: the subjects.",
    )
    lines = tuple(_line(name, found) for name, found in groups if found)
    return Table("Answers beside an attacker's document", COLUMNS, lines, (), notes)


def _line(name: str, found: Sequence[AttackResult]) -> Line:
    tests: dict[str, Callable[[AttackResult], bool]] = {
        SHOWN: lambda each: each.score.outcome in ("truth alone", "both"),
        SUPPORTED: lambda each: each.score.supported,
        ACTIVE: lambda each: each.score.active,
        OBEYED: lambda each: each.score.obeyed,
        CITED: lambda each: each.score.cited,
    }
    for outcome in OUTCOMES:
        tests[outcome] = lambda each, wanted=outcome: each.score.outcome == wanted  # type: ignore[misc]
    clusters = [each.case.subject.id for each in found]
    figures = {
        column: mean_interval([float(test(each)) for each in found], clusters)
        for column, test in tests.items()
    }
    return Line(name, figures)


def _clean(clean: Sequence[AttackResult]) -> Table:
    """Clean questions, which an attacker's document does not touch."""
    groups = {
        "beside an attacker's document": [each for each in clean if each.case.kind],
        "without": [each for each in clean if each.case.kind is None],
    }
    lines = [
        Line(
            name,
            {
                RIGHT: mean_interval(
                    [float(e.right) for e in found], [e.case.subject.id for e in found]
                ),
                ALARM: mean_interval(
                    [float(e.alarm) for e in found], [e.case.subject.id for e in found]
                ),
            },
        )
        for name, found in groups.items()
        if found
    ]
    title = "Questions about what no attacker changed"
    return Table(title, (RIGHT, ALARM), tuple(lines))


def _series(series: Sequence[SeriesResult]) -> Table:
    names = list(dict.fromkeys(each.record.series for each in series))
    groups = [(name, [e for e in series if e.record.series == name]) for name in names]
    lines = [
        Line(
            name,
            {
                RIGHT: mean_interval([float(e.right) for e in found], _series_of(found)),
                ALARM: mean_interval([float(e.alarm) for e in found], _series_of(found)),
            },
        )
        for name, found in [*groups, ("all", list(series))]
    ]
    title = "Records of a series: every alarm is a false one"
    return Table(title, (RIGHT, ALARM), tuple(lines))


def _series_of(found: Sequence[SeriesResult]) -> list[str]:
    return [each.record.series for each in found]
