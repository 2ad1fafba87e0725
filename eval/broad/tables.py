"""The figures of a run over the broad set, by kind of question."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import get_args

from eval.benchmarks.result_tables import Line, Table, format_ms
from eval.broad.key_points import Sentences
from eval.broad.questions import KINDS
from eval.broad.scores import BroadResult, Scores, score_result
from eval.statistics.agreement import auroc
from eval.statistics.bootstrap import Interval, mean_interval
from rag.types import Answers

SHARE = "%"
_POINTS = {
    "recall": "recall",
    "stated_recall": "recall, in words",
    "every_point": "every point",
    "precision": "precision",
    "declined_wrongly": "declined",
    "words": "words",
}
_COSTS = {
    "tokens_read": "tokens read",
    "tokens_written": "tokens written",
}
_OUTCOMES = {
    "declined_rightly": "unanswerable: declined",
    "premise_declined": "false premise: declined",
    "premise_declined_or_corrected": "false premise: declined, or what is true is cited",
    "declined_wrongly": "answerable: declined",
    "replied": "conversation: a reply without a citation",
    "verdict_right": "yes or no comes first: the right one",
    "misses_but_says_yes": "answers that say that they answer: no point made",
    "errors": "errors",
}

MADE, EVERY = "a point is made", "every point"
CHANCES = (0.0, 0.25, 0.5, 0.75)
"""Where the ranges of the chance of an answer begin."""

_Scored = tuple[BroadResult, Scores]


def result_tables(results: Iterable[BroadResult], sentences: Sentences) -> list[Table]:
    """Key points by kind, what is declined and replied to, and what an answer costs. An error is
    counted as such, and scored nowhere else."""
    scored = [(result, score_result(result, sentences)) for result in results]
    errors = sum(result.answer is None for result, _ in scored)
    return [_points(scored, errors), _outcomes(scored), _marks(scored), _costs(scored)]


def _points(scored: Sequence[_Scored], errors: int) -> Table:
    answerable = [each for each in scored if each[0].question.required]
    lines = [*_by_kind(answerable, _POINTS), _line("all of these", answerable, _POINTS)]
    notes = (
        "Recall: required key points that are cited, or stated in nearly the same words (in words:"
        " only these). Declined: recall 0. Every point: answers with all of them.",
        "Precision: cited sentences that hold a point, required or not; of answers that cite.",
        "In brackets: 95 % bootstrap intervals; clusters: the document of the first point.",
    )
    counts = frozenset({_POINTS["words"]})
    title = "Key points of the answers, by kind of question"
    return Table(title, tuple(_POINTS.values()), tuple(lines), (), notes, errors, counts)


def _outcomes(scored: Sequence[_Scored]) -> Table:
    lines = [Line(label, {SHARE: _mean(scored, name)}) for name, label in _OUTCOMES.items()]
    return Table("Declines and replies", (SHARE,), tuple(lines))


def _marks(scored: Sequence[_Scored]) -> Table:
    """Whether what an answer says of itself is true: that it answers the question, and with which
    chance."""
    made = [each for each in scored if each[1].get("makes_point") is not None]
    lines = [
        _mark_line(f"says that it answers: {said}", [e for e in made if _said(e) == said])
        for said in get_args(Answers)
    ]
    known = [each for each in made if _chance(each) is not None]
    for least, most in pairwise((*CHANCES, 1.01)):
        within = [each for each in known if least <= (_chance(each) or 0.0) < most]
        lines.append(_mark_line(f"chance from {least:g} to {min(most, 1):g}", within))
    return Table(
        "What an answer says of itself",
        (MADE, EVERY),
        tuple(line for line in lines if line.figures[MADE]),
        notes=(
            "Of answers; one to a question that the articles do not answer makes no point.",
            _calibration(known),
        ),
    )


def _mark_line(name: str, scored: Sequence[_Scored]) -> Line:
    return Line(name, {MADE: _mean(scored, "makes_point"), EVERY: _mean(scored, "every_point")})


def _said(each: _Scored) -> str:
    return each[0].answer.answers if each[0].answer else ""


def _chance(each: _Scored) -> float | None:
    return each[0].answer.chance if each[0].answer else None


def _calibration(known: Sequence[_Scored]) -> str:
    """The mean distance, 0..100, of the chance from the share of answers that make a point, each
    tenth of the chances weighed by its answers (expected calibration error, Guo et al. 2017), and
    how well the chance tells the two apart."""
    if not known:
        return "No answer has a chance."
    pairs = [(_chance(each) or 0.0, each[1]["makes_point"] or 0.0) for each in known]
    tenths: dict[int, list[tuple[float, float]]] = {}
    for chance, made in pairs:
        tenths.setdefault(min(int(chance * 10), 9), []).append((chance, made))
    gap = sum(abs(sum(c - m for c, m in tenth)) for tenth in tenths.values()) / len(pairs)
    ranked = auroc([chance for chance, _ in pairs], [made > 0 for _, made in pairs])
    tells = "" if ranked is None else f"; AUROC {100 * ranked:.1f}"
    return f"Calibration error of the chance: {100 * gap:.1f}, of {len(pairs)} answers{tells}."


def _costs(scored: Sequence[_Scored]) -> Table:
    lines = [*_by_kind(scored, _COSTS), _line("all", scored, _COSTS)]
    firsts = [first for result, _ in scored if (first := result.first_seconds) is not None]
    notes = (
        f"Milliseconds: to the end of the answer. To its first cited sentence: {format_ms(firsts)}"
        f" (p50, p95, of {len(firsts)})."
        if firsts
        else "Milliseconds: to the end of the answer.",
    )
    columns = tuple(_COSTS.values())
    title = "What an answer costs, by kind of question"
    return Table(title, columns, tuple(lines), (), notes, counts=frozenset(columns))


def _by_kind(scored: Sequence[_Scored], columns: dict[str, str]) -> list[Line]:
    kinds = {result.question.kind for result, _ in scored}
    return [
        _line(kind, [each for each in scored if each[0].question.kind == kind], columns)
        for kind in KINDS
        if kind in kinds
    ]


def _line(name: str, scored: Sequence[_Scored], columns: dict[str, str]) -> Line:
    return Line(
        name.replace("_", " "),
        {label: _mean(scored, column) for column, label in columns.items()},
        [result.seconds for result, _ in scored] if columns is _COSTS else (),
    )


def _mean(scored: Sequence[_Scored], name: str) -> Interval | None:
    known = [
        (value, result.question.cluster)
        for result, scores in scored
        if (value := scores.get(name)) is not None
    ]
    return mean_interval([value for value, _ in known], [cluster for _, cluster in known])
