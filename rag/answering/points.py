"""Points of an answer: units of the documents, cited as they stand."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from rag.retrieval.diversity import choose_diverse
from rag.retrieval.evidence import numbered_passages
from rag.retrieval.unit_ranking import Evidence, in_document_order
from rag.thresholds import EXTRACTIVE
from rag.types import Citation, Claim, Passage, Span


@dataclass(frozen=True, slots=True)
class PointGroup:
    """Units that are points of one list, below a heading, or "" where they need none."""

    heading: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Points:
    """The points of an answer, in groups; none where nothing answers."""

    groups: tuple[PointGroup, ...] = ()
    by_form: bool = False
    """True where they were chosen by form too: a list or table of the source, what one speaker
    says, the two sides of a comparison."""
    is_whole: bool = False
    """True where they are that only together: all but what one speaker says."""


def cite_points(
    points: Points, passages: Sequence[Passage] = (), cited: Collection[Span] = ()
) -> tuple[tuple[Passage, ...], tuple[Claim, ...]]:
    """The passages with those that the points add, numbered on, and the points as claims; a unit
    that is `cited` already is no point."""
    numbers = {passage.span: passage.number for passage in passages}
    found, claims = list(passages), list[Claim]()
    for group in points.groups:
        for evidence in group.evidence:
            if any(span.contains(evidence.span) for span in cited):
                continue
            if evidence.span not in numbers:
                numbers[evidence.span] = len(found) + 1
                found += numbered_passages([evidence], first=len(found) + 1)
            claims.append(_claim(numbers[evidence.span], evidence, _one_line(group.heading)))
    return tuple(found), tuple(claims)


def _claim(number: int, evidence: Evidence, heading: str) -> Claim:
    """The unit as it stands; of a table row, its cells with the names of their columns."""
    candidate = evidence.candidate
    text = _one_line(candidate.text)
    if candidate.unit.role == "row":
        text = _row_text(candidate.unit.leans_on, text)
    citation = Citation(number, candidate.span, candidate.text)
    return Claim(text, (citation,), "supported", (), "matched", 1.0, heading)


def _row_text(header: str, row: str) -> str:
    """ "| Small | 3 |" below "| Boat | Days |" as "Boat: Small; Days: 3"."""
    lines = (line.strip(" |").split("|") for line in (header, row))
    names, cells = ([cell.strip() for cell in line] for line in lines)
    if len(names) != len(cells):
        return "; ".join(cell for cell in cells if cell)
    pairs = zip(names, cells, strict=True)
    return "; ".join(f"{name}: {cell}" if name else cell for name, cell in pairs if cell)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def close_to_best(
    ranked: Sequence[Evidence], share: float = EXTRACTIVE.close_to_best
) -> list[Evidence]:
    """The evidence with this share of the relevance of the first."""
    least = share * ranked[0].relevance if ranked else 0.0
    return [each for each in ranked if each.relevance >= least]


def best_points(ranked: Sequence[Evidence]) -> Points:
    """A few relevant and different units, as they follow in their documents: what points back is
    read after what it points to."""
    chosen = choose_diverse(close_to_best(ranked), EXTRACTIVE.max_points)
    return one_group(in_document_order(chosen))


def best_first(ranked: Sequence[Evidence]) -> Points:
    """As `best_points`, the most relevant unit first, behind the one that it leans on."""
    chosen = choose_diverse(close_to_best(ranked), EXTRACTIVE.max_points)
    leans_on = chosen[0].candidate.unit.leans_on if chosen else ""
    first = [each for each in chosen[1:] if each.candidate.text == leans_on] + chosen[:1]
    rest = [each for each in chosen if each not in first]
    return one_group([*first, *in_document_order(rest)])


def one_group(
    evidence: Sequence[Evidence],
    heading: str = "",
    *,
    by_form: bool = False,
    is_whole: bool = False,
) -> Points:
    """The evidence as one list, below a heading; no points without evidence."""
    group = PointGroup(heading, tuple(evidence))
    return Points((group,), by_form or is_whole, is_whole) if evidence else Points()
