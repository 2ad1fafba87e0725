"""The figures of a run over the broad set, by kind of question."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from eval.benchmarks.result_tables import Line, Table, format_ms
from eval.broad.key_points import Sentences
from eval.broad.questions import KINDS
from eval.broad.scores import BroadResult, Scores, score_result
from eval.statistics.bootstrap import Interval, mean_interval

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

_Scored = tuple[BroadResult, Scores]


def result_tables(results: Iterable[BroadResult], sentences: Sentences) -> list[Table]:
    """Key points by kind, what is declined and replied to, and what an answer costs. An error is
    counted as such, and scored nowhere else."""
    scored = [(result, score_result(result, sentences)) for result in results]
    errors = sum(result.answer is None for result, _ in scored)
    return [_points(scored, errors), _outcomes(scored), _costs(scored)]


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
