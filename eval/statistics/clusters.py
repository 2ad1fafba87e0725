"""Groups cases that are not independent of each other.

Pure. Questions about one document share what makes them hard, so that intervals draw whole
documents anew. Of a few documents that would say nothing: there the unit is the sentence that
states the answer, and questions about the same one stay together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from eval.cases import Case
from rag.types import Span

ClusterUnit = Literal["document", "evidence"]
FEW_DOCUMENTS = 8  # with fewer, evidence is the unit

UNIT_NAMES: dict[ClusterUnit, str] = {
    "document": "article",
    "evidence": "sentence of evidence",
}
"""In words for people."""


@dataclass(frozen=True, slots=True)
class Clusters:
    """`of` maps the id of each case to its cluster; a case without evidence is one by itself."""

    unit: ClusterUnit
    of: Mapping[str, str]


def cluster_cases(cases: Sequence[Case]) -> Clusters:
    """By the document of each case's first evidence; with few documents, by that evidence."""
    first = {case.id: case.evidence[0] for case in cases if case.evidence}
    if len({span.document_id for span in first.values()}) >= FEW_DOCUMENTS:
        found = {id: f"document {span.document_id}" for id, span in first.items()}
        unit: ClusterUnit = "document"
    else:
        places = _joined(first.values())
        found = {id: f"evidence {places[span]}" for id, span in first.items()}
        unit = "evidence"
    return Clusters(unit, {case.id: found.get(case.id, f"case {case.id}") for case in cases})


def _joined(spans: Iterable[Span]) -> dict[Span, str]:
    """A name for each span, the same for those that overlap, also by way of others."""
    places: dict[Span, str] = {}
    whole: Span | None = None
    for span in sorted(set(spans)):
        if whole and whole.overlaps(span):
            whole = Span(whole.document_id, whole.start, max(whole.end, span.end))
        else:
            whole = span
        places[span] = f"{whole.document_id}:{whole.start}"
    return places
