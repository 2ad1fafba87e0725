"""Planted contradictions between two articles: how many are reported, and how many false alarms.

Pairs of short articles, invented and shipped with Footnote: in some a number, name, date or verdict
of the one contradicts the other, the others must raise no alarm. Both are stored in a real library;
what the answer compares, a cited sentence with the sentences of other documents, is compared by the
same code. No language model. The first two sets fitted the weights of `rag.conflicts.pair_scorer`,
so that their lines say what is kept of them; the second is in freer words. The third was written by
four other hands in their absence, and measured when all else was done: it is the figure to believe.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from eval.benchmarks import dataset_files as reading
from eval.benchmarks.result_tables import Line, Table, mean_line
from rag import Library
from rag.internals import (
    Contradiction,
    PairScorer,
    Point,
    TokenEncoder,
    chunk_document,
    find_contradictions,
)
from rag.settings import Settings
from rag.types import Citation, Claim, Document, Passage, Span

NAME = "disagreement"
CASES = Path(__file__).parent.parent / "cases" / "disagreements.jsonl"
FREER = CASES.with_name("disagreements_freer.jsonl")
BLIND = CASES.with_name("disagreements_blind.jsonl")
COLUMNS = ("told", "in its point")
NOTE = "The first two sets fitted the weights; the third, blind, is the one to believe."
POINTS: tuple[Point, ...] = ("number", "name", "date", "verdict")


class Case(reading.Record):
    """Two articles. `differs` is null where nothing may be told; else `cited`, a sentence of the
    first, and `other`, one of the second, contradict each other in that point. `question` is one
    that `cited` answers."""

    id: reading.NonBlank
    differs: Point | None
    first: reading.NonBlank
    second: reading.NonBlank
    cited: reading.NonBlank
    other: reading.NonBlank
    question: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was told of a case, if anything; `seconds` that it took."""

    case: Case
    contradiction: Contradiction | None
    seconds: float


def measure(data: Path, settings: Settings, part: slice) -> list[Table]:
    """Recall by point, and false alarms, on the cases that are shipped; `data` is not needed."""
    judge = PairScorer(TokenEncoder())
    with TemporaryDirectory() as folder:
        library = Library.open(Path(folder) / "library.sqlite3")
        try:
            found = {
                name: [
                    compare_case(case, library, judge)
                    for case in read_disagreement_cases(path)[part]
                ]
                for name, path in (("first", CASES), ("freer", FREER), ("blind", BLIND))
            }
        finally:
            library.close()
    return tables(found, NOTE)


def tables(found: Mapping[str, Sequence[Outcome]], *notes: str) -> list[Table]:
    """Recall and false alarms by set, each with `notes` beneath."""
    return [_planted(found, notes), _quiet(found, notes)]


def read_disagreement_cases(path: Path) -> list[Case]:
    return [case for _, case in reading.read_jsonl(path, Case)]


def compare_case(case: Case, library: Library, judge: PairScorer) -> Outcome:
    """Store both articles, cite the sentence, and compare as an answer does."""
    claim, passages = store_articles(case, library)
    started = time.perf_counter()
    found = find_contradictions([claim], passages, judge)
    return Outcome(case, found[0] if found else None, time.perf_counter() - started)


def store_articles(case: Case, library: Library) -> tuple[Claim, list[Passage]]:
    """The claim that cites the sentence, and both articles, each a passage."""
    passages = [
        _stored(number, f"{case.id}-{number}.txt", text, library)
        for number, text in enumerate((case.first, case.second), start=1)
    ]
    start = case.first.index(case.cited)
    span = Span(passages[0].span.document_id, start, start + len(case.cited))
    return Claim(case.cited, (Citation(1, span, library.text(span)),), "supported"), passages


def _stored(number: int, id: str, text: str, library: Library) -> Passage:
    document = Document.of(id, id, id, text)
    library.put(document, chunk_document(document))
    return Passage(number, Span(id, 0, len(text)), text, id, id, 1.0)


def _planted(found: Mapping[str, Sequence[Outcome]], notes: Sequence[str]) -> Table:
    planted = {name: [e for e in each if e.case.differs] for name, each in found.items()}
    groups = [
        (f"{name}, {point}", group)
        for name, each in planted.items()
        for point, group in [*_points(each), ("all", each)]
    ]
    missed = [e.case.id for each in planted.values() for e in each if not _is_right(e)]
    return Table(
        "Contradictions planted: the share that the answer tells",
        COLUMNS,
        tuple(_line(name, group) for name, group in groups if group),
        notes=(f"Missed: {', '.join(missed) or 'none'}.", *notes),
    )


def _quiet(found: Mapping[str, Sequence[Outcome]], notes: Sequence[str]) -> Table:
    quiet = {name: [e for e in each if not e.case.differs] for name, each in found.items()}
    alarms = [e.case.id for each in quiet.values() for e in each if e.contradiction]
    return Table(
        "Pairs without a contradiction: the share with a false alarm",
        COLUMNS[:1],
        tuple(_line(name, group) for name, group in quiet.items() if group),
        notes=(f"False alarms: {', '.join(alarms) or 'none'}.", *notes),
    )


def _points(found: Sequence[Outcome]) -> list[tuple[str, list[Outcome]]]:
    return [(f"by {point}", [e for e in found if e.case.differs == point]) for point in POINTS]


def _line(name: str, found: Sequence[Outcome]) -> Line:
    values = {
        "told": [float(each.contradiction is not None) for each in found],
        "in its point": [float(_is_right(each)) for each in found],
    }
    clusters = [each.case.id for each in found]
    return mean_line(name, values, clusters, [each.seconds for each in found])


def _is_right(found: Outcome) -> bool:
    """True when the two sentences were told, and the point in which they differ."""
    contradiction = found.contradiction
    return (
        contradiction is not None
        and contradiction.other.quote == found.case.other
        and contradiction.difference.point == found.case.differs
    )
