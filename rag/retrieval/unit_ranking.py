"""Units of a document, ranked by how well they say what it is about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rag.text.sentences import needs_context
from rag.text.units import Unit, parse_units
from rag.thresholds import SUMMARY
from rag.types import Document, Embedder, Span

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Candidate:
    """A unit of a document that could be cited."""

    document: Document
    unit: Unit

    @property
    def span(self) -> Span:
        return Span(self.document.id, self.unit.start, self.unit.end)

    @property
    def text(self) -> str:
        return self.unit.text(self.document.text)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A candidate with how well it serves the answer."""

    candidate: Candidate
    relevance: float
    """About 0..1, higher is better."""
    vector: NDArray[np.float32] = field(repr=False, compare=False)
    """Of the unit, L2-normalised."""


def units_of_document(document: Document, limit: int) -> list[Candidate]:
    """The units of a document in its order; of a long one the first third of `limit`, and the rest
    evenly from what follows."""
    units = [unit for unit in parse_units(document.text) if unit.is_evidence]
    if len(units) > limit:
        first = limit // 3
        step = (len(units) - first) / (limit - first)
        units = units[:first] + [units[first + int(n * step)] for n in range(limit - first)]
    return [Candidate(document, unit) for unit in units]


def in_document_order(evidence: Iterable[Evidence]) -> list[Evidence]:
    """Sorted by document, and within one by place."""
    return sorted(evidence, key=lambda each: each.candidate.span)


def rank_by_centrality(candidates: Sequence[Candidate], embedder: Embedder) -> list[Evidence]:
    """The candidates, of one document in its order, as evidence of what it is about: most central
    first. What stands early counts for more (news says the most important first), and what cannot
    be read alone, or is a fragment, for less."""
    if not candidates:
        return []
    import numpy as np

    vectors = np.array(embedder.embed([each.text for each in candidates]), np.float32)
    centre = vectors.mean(axis=0)
    centre /= max(float(np.linalg.norm(centre)), 1e-9)
    evidence = []
    for place, (candidate, vector) in enumerate(zip(candidates, vectors, strict=True)):
        early = SUMMARY.early_bonus * (1 - place / len(candidates))
        leaning = SUMMARY.leaning_malus * needs_context(candidate.text)
        short = SUMMARY.short_malus * (len(candidate.text.split()) < SUMMARY.short_words)
        score = float(vector @ centre) + early - leaning - short
        evidence.append(Evidence(candidate, score, vector))
    return sorted(evidence, key=lambda each: (-each.relevance, each.candidate.span))
