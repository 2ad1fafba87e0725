"""How is an answer written as one JSON document?"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rag.types import Answer, Citation, Claim, Passage, Span

SCHEMA = "footnote.answer/1"


def to_json(answer: Answer) -> dict[str, Any]:
    """The document that the README describes: only strings, numbers, lists and objects.

    Each quote equals the stored text of its document at ``start:end``.
    """
    titled = {passage.number: passage for passage in answer.passages}
    return {
        "schema": SCHEMA,
        "question": answer.question,
        "status": answer.status,
        "reason": answer.reason,
        "text": answer.text,
        "claims": [_claim(claim, titled) for claim in answer.claims],
        "passages": [_passage(passage) for passage in answer.passages],
        "model": answer.model,
        "usage": asdict(answer.usage),
        "timings_s": dict(answer.timings),
        "dropped_markers": answer.dropped_markers,
    }


def _claim(claim: Claim, titled: dict[int, Passage]) -> dict[str, Any]:
    return {
        "text": claim.text,
        "support": claim.support,
        "reasons": list(claim.reasons),
        "origin": claim.origin,
        "score": claim.score,
        "citations": [_citation(c, titled[c.number]) for c in claim.citations],
    }


def _citation(citation: Citation, passage: Passage) -> dict[str, Any]:
    return {
        "number": citation.number,
        "title": passage.title,
        "source": passage.source,
        **_span(citation.span),
        "quote": citation.quote,
    }


def _passage(passage: Passage) -> dict[str, Any]:
    return {
        "number": passage.number,
        "title": passage.title,
        "source": passage.source,
        **_span(passage.span),
        "text": passage.text,
        "score": passage.score,
    }


def _span(span: Span) -> dict[str, Any]:
    return {"document_id": span.document_id, "start": span.start, "end": span.end}
