"""Summaries of documents: central units of each, quoted, in its order. No model is asked."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from rag.answering.draft import AnswerDraft
from rag.retrieval.diversity import choose_diverse
from rag.retrieval.unit_ranking import (
    Evidence,
    in_document_order,
    rank_by_centrality,
    units_of_document,
)
from rag.store.documents import Library
from rag.thresholds import SUMMARY
from rag.types import Citation, Claim, Document, Embedder, Passage


def summarize(
    draft: AnswerDraft,
    library: Library,
    embedder: Embedder,
    document_ids: Collection[str] | None = None,
) -> AnswerDraft:
    """The draft with points of the documents named, or of all: a group for each document, below its
    title where there are several; of many documents, one point each of the first few.

    Passages are numbered in the order in which they are cited. Raises `NoSuchDocument`,
    `LibraryError`, and what the embedder raises.
    """
    ids = sorted(document_ids) if document_ids else [each.id for each in library.summaries()]
    shown = ids[: SUMMARY.max_documents]
    points = SUMMARY.max_points if len(shown) == 1 else 3 if len(shown) <= 3 else 1
    passages, claims = list[Passage](), list[Claim]()
    for id in shown:
        document = library.document(id)
        heading = document.title if len(shown) > 1 else ""
        for each in _points(document, embedder, points):
            passages.append(_passage(len(passages) + 1, each))
            claims.append(_claim(passages[-1], each, heading))
    return replace(draft, passages=tuple(passages), claims=tuple(claims))


def _points(document: Document, embedder: Embedder, limit: int) -> list[Evidence]:
    units = units_of_document(document, SUMMARY.max_document_units)
    return in_document_order(choose_diverse(rank_by_centrality(units, embedder), limit))


def _passage(number: int, evidence: Evidence) -> Passage:
    candidate, document = evidence.candidate, evidence.candidate.document
    score = round(evidence.relevance, 4)
    return Passage(
        number,
        candidate.span,
        candidate.text,
        document.title,
        document.source,
        score,
        document.published,
    )


def _claim(passage: Passage, evidence: Evidence, heading: str) -> Claim:
    """The unit as it stands; of a table row, its cells with the names of their columns."""
    unit, text = evidence.candidate.unit, " ".join(passage.text.split())
    if unit.role == "row":
        text = _row_text(unit.leans_on, text)
    citation = Citation(passage.number, passage.span, passage.text)
    return Claim(text, (citation,), "supported", (), "matched", 1.0, heading)


def _row_text(header: str, row: str) -> str:
    """ "| Small | 3 |" below "| Boat | Days |" as "Boat: Small; Days: 3"."""
    lines = (line.strip(" |").split("|") for line in (header, row))
    names, cells = ([cell.strip() for cell in line] for line in lines)
    if len(names) != len(cells):
        return "; ".join(cell for cell in cells if cell)
    return "; ".join(f"{name}: {cell}" for name, cell in zip(names, cells, strict=True) if cell)
