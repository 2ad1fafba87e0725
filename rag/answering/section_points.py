"""A section of a document that the question names by its heading."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from rag.answering.points import Points, one_group
from rag.retrieval.diversity import choose_diverse
from rag.retrieval.unit_ranking import Candidate, Evidence, in_document_order
from rag.text.tokens import content_keys
from rag.thresholds import EXTRACTIVE


def section_points(question: str, ranked: Sequence[Evidence]) -> Points:
    """The section of the most relevant unit, where its heading has only words of the question,
    beside those of the title: what its author wrote under that heading is the answer, whichever
    words it is in. Of a long section its most relevant and different units. No points where no
    heading is named, or the section has no other unit, or is all that there is."""
    best = ranked[0].candidate
    headings = _down_to_named_heading(best, content_keys(question))
    own = [each for each in ranked if each.candidate.document.id == best.document.id]
    section = [each for each in own if each.candidate.unit.headings[: len(headings)] == headings]
    if not headings or len(section) < 2 or len(section) == len(own):
        return Points()
    if len(section) > EXTRACTIVE.max_quoted:
        section = choose_diverse(section, EXTRACTIVE.max_points)
    return one_group(in_document_order(section), is_whole=True)


def _down_to_named_heading(candidate: Candidate, named: Collection[str]) -> tuple[str, ...]:
    """The headings above a unit down to the lowest that is named; empty where none is."""
    headings = candidate.unit.headings
    title = content_keys(candidate.document.title)
    for depth in range(len(headings), 0, -1):
        own = content_keys(headings[depth - 1]) - title
        if own and own <= set(named):
            return headings[:depth]
    return ()
