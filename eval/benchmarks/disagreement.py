"""Does an answer say where sources contradict each other, and only there?

Pairs of short articles, invented and shipped with Footnote: in some a number, name, date or verdict
of the one contradicts the other, the others must raise no alarm. Both are stored in a real library;
what the answer compares, a cited sentence with the sentences of other documents, is compared by
the same code. No language model. Every other case was used for tuning; see `eval/LOG.md`.
A second set has lines of its own: another hand wrote it, and the rules were fixed before.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from eval.benchmarks import data as reading
from eval.benchmarks.tables import Line, Table, means
from rag.chunk import chunk
from rag.contrast import Point
from rag.disagree import Contradiction, contradictions
from rag.library import Library
from rag.settings import Settings
from rag.types import Citation, Claim, Document, Passage, Span

NAME = "disagreement"
CASES = Path(__file__).parent.parent / "cases" / "disagreements.jsonl"
UNSEEN = CASES.with_name("disagreements_unseen.jsonl")
COLUMNS = ("told", "in its point")
NOTE = "Unseen: written by another hand, rules fixed before."
POINTS: tuple[Point, ...] = ("number", "name", "date", "verdict")


class Case(reading.Record):
    """Two articles. `differs` is null where nothing may be told; else `cited`, a sentence of the
    first, and `other`, one of the second, contradict each other in that point."""

    id: reading.Text
    differs: Point | None
    first: reading.Text
    second: reading.Text
    cited: reading.Text
    other: reading.Text


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was told of a case, if anything; `seconds` that it took."""

    case: Case
    tuned: bool
    told: Contradiction | None
    seconds: float


def measure(data: Path, settings: Settings, limit: int | None) -> list[Table]:
    """Recall by point, and false alarms, on the cases that are shipped; `data` is not needed."""
    halves = [(case, place % 2 == 0) for place, case in enumerate(_cases(CASES))][:limit]
    with TemporaryDirectory() as folder:
        library = Library.open(Path(folder) / "library.sqlite3")
        try:
            found = [outcome(case, library, tuned=tuned) for case, tuned in halves]
            unseen = [outcome(case, library) for case in _cases(UNSEEN)[:limit]]
        finally:
            library.close()
    return [_planted(found, unseen), _quiet(found, unseen)]


def _cases(path: Path) -> list[Case]:
    return [case for _, case in reading.jsonl(path, Case)]


def outcome(case: Case, library: Library, *, tuned: bool = False) -> Outcome:
    """Store both articles, cite the sentence, and compare as an answer does."""
    passages = [
        _stored(number, f"{case.id}-{number}.txt", text, library)
        for number, text in enumerate((case.first, case.second), start=1)
    ]
    start = case.first.index(case.cited)
    span = Span(passages[0].span.document_id, start, start + len(case.cited))
    claim = Claim(case.cited, (Citation(1, span, library.text(span)),), "supported")
    started = time.perf_counter()
    found = contradictions([claim], passages, lambda id: library.document(id).published)
    return Outcome(case, tuned, found[0] if found else None, time.perf_counter() - started)


def _stored(number: int, id: str, text: str, library: Library) -> Passage:
    document = Document.of(id, id, id, text)
    library.put(document, chunk(document))
    return Passage(number, Span(id, 0, len(text)), text, id, id, 1.0)


def _planted(found: Sequence[Outcome], unseen: Sequence[Outcome]) -> Table:
    planted, others = ([e for e in each if e.case.differs] for each in (found, unseen))
    groups = [*_points(planted), *_halves(planted), ("all", planted)]
    groups += [(f"unseen, {name}", group) for name, group in [*_points(others), ("all", others)]]
    missed = [each.case.id for each in [*planted, *others] if not _right(each)]
    return Table(
        "Contradictions planted: the share that the answer tells",
        COLUMNS,
        tuple(_line(name, group) for name, group in groups if group),
        notes=(f"Missed: {', '.join(missed) or 'none'}.", NOTE),
    )


def _quiet(found: Sequence[Outcome], unseen: Sequence[Outcome]) -> Table:
    quiet, others = ([e for e in each if not e.case.differs] for each in (found, unseen))
    groups = [*_halves(quiet), ("all", quiet), ("unseen, all", others)]
    alarms = [each.case.id for each in [*quiet, *others] if each.told]
    return Table(
        "Pairs without a contradiction: the share with a false alarm",
        COLUMNS[:1],
        tuple(_line(name, group) for name, group in groups if group),
        notes=(f"False alarms: {', '.join(alarms) or 'none'}.", NOTE),
    )


def _points(found: Sequence[Outcome]) -> list[tuple[str, list[Outcome]]]:
    return [(f"by {point}", [e for e in found if e.case.differs == point]) for point in POINTS]


def _halves(found: Sequence[Outcome]) -> list[tuple[str, list[Outcome]]]:
    return [
        ("half tuned on", [each for each in found if each.tuned]),
        ("other half", [each for each in found if not each.tuned]),
    ]


def _line(name: str, found: Sequence[Outcome]) -> Line:
    values = {
        "told": [float(each.told is not None) for each in found],
        "in its point": [float(_right(each)) for each in found],
    }
    clusters = [each.case.id for each in found]
    return means(name, values, clusters, [each.seconds for each in found])


def _right(found: Outcome) -> bool:
    """True when the two sentences were told, and the point in which they differ."""
    told = found.told
    return (
        told is not None
        and told.other.quote == found.case.other
        and told.difference.point == found.case.differs
    )
