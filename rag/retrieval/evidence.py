"""Chooses the units of the hits that a model reads, and their order.

Units are ranked in their context and taken best first, each with the sentence that it leans on,
until the budget is spent. A small model is shown them one by one, in that order, because it
answers from what it reads first; for a large one neighbours are joined into stretches of text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from rag.events import Selected
from rag.models.token_embeddings import TokenEncoder
from rag.retrieval.unit_ranking import Candidate, Evidence, rank_units, units_of_hits
from rag.store.documents import Library
from rag.text.fingerprint import fingerprint
from rag.text.tokens import estimate_tokens
from rag.text.units import parse_units
from rag.thresholds import EVIDENCE
from rag.types import Hit, Passage, Span

MAX_GAP = 10  # characters between units that are joined, all of them white space


def select_evidence(
    question: str,
    hits: Sequence[Hit],
    *,
    library: Library,
    encoder: TokenEncoder,
    budget_tokens: int,
    join: bool,
    context: str = "",
) -> Selected:
    """Passages numbered from 1, best first, of about `budget_tokens` together (at least one, where
    there is a hit); neighbouring units are one passage if `join`. The other units of the ranking,
    at most `EVIDENCE.max_units` in all, are `cut`; so is what another document has just said word
    for word. Scores are those of `rank_units`. Raises `LibraryError` and `ModelFileError`."""
    units = units_of_hits(hits, library, EVIDENCE.max_units)
    ranked = rank_units(question, units, encoder, context)
    chosen: dict[Span, Evidence] = {}
    said_by: dict[str, str] = {}
    left = budget_tokens
    for each in ranked:
        document, text = each.span.document_id, each.candidate.text
        if said_by.setdefault(fingerprint(text) or text, document) != document:
            continue
        added = [unit for unit in _with_lead(each) if unit.span not in chosen]
        cost = sum(estimate_tokens(unit.candidate.text) for unit in added)
        if cost > left and chosen:
            break
        left -= cost
        chosen |= {unit.span: unit for unit in added}
    passages = numbered_passages(chosen.values())
    if join:
        passages = _joined(passages, library)
    left_out = [each for each in ranked if not any(p.span.contains(each.span) for p in passages)]
    return Selected(passages, numbered_passages(left_out, first=len(passages) + 1))


def numbered_passages(evidence: Iterable[Evidence], first: int = 1) -> tuple[Passage, ...]:
    """Each unit as a passage, with the text as which a model reads it."""
    return tuple(
        Passage(
            number,
            each.span,
            each.candidate.text,
            each.candidate.document.title,
            each.candidate.document.source,
            round(each.relevance, 4),
            each.candidate.document.published,
            each.candidate.as_read(),
        )
        for number, each in enumerate(evidence, start=first)
    )


def _with_lead(evidence: Evidence) -> list[Evidence]:
    """The unit, and the one before it where it cannot be read alone and that is evidence too."""
    candidate = evidence.candidate
    units = parse_units(candidate.document.text)
    place = units.index(candidate.unit)
    before = units[place - 1] if place else None
    text = candidate.document.text
    if before is None or not before.is_evidence or before.text(text) != candidate.unit.leans_on:
        return [evidence]
    return [evidence, replace(evidence, candidate=Candidate(candidate.document, before))]


def _joined(passages: Sequence[Passage], library: Library) -> tuple[Passage, ...]:
    """Neighbours become one stretch, which scores as its best unit; best first."""
    joined: list[Passage] = []
    for passage in sorted(passages, key=lambda each: each.span):
        last = joined[-1] if joined else None
        if last and _are_neighbours(last.span, passage.span, library):
            whole = Span(last.span.document_id, last.span.start, passage.span.end)
            score = max(last.score, passage.score)
            joined[-1] = replace(last, span=whole, text=library.text(whole), score=score)
        else:
            joined.append(replace(passage, as_read=""))
    joined.sort(key=lambda each: (-each.score, each.span))
    return tuple(replace(each, number=number) for number, each in enumerate(joined, start=1))


def _are_neighbours(left: Span, right: Span, library: Library) -> bool:
    if left.document_id != right.document_id:
        return False
    gap = Span(left.document_id, left.end, max(left.end, right.start))
    return len(gap) < MAX_GAP and not library.text(gap).strip(" \n\t-*•|")
