"""What a conversation is about: the documents of its last answers, which reading of a follow-up
these answer best, and how much sooner they come."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from rag.events import Retrieved
from rag.models.token_embeddings import TokenEncoder
from rag.retrieval.hybrid import sort_hits
from rag.retrieval.unit_ranking import rank_units, units_of_document
from rag.text.tokens import content_keys
from rag.thresholds import EVIDENCE, RETRIEVAL
from rag.types import Document

MAX_COMPARED_CHARS = 100_000


def text_of(documents: Iterable[Document]) -> str:
    """Their titles and texts."""
    return "\n".join(f"{each.title}\n{each.text}" for each in documents)


def have_words_of(documents: Sequence[Document], question: str) -> bool:
    """Whether the documents have every word of the question that carries meaning, within their
    first `MAX_COMPARED_CHARS`."""
    return content_keys(question) <= content_keys(text_of(documents)[:MAX_COMPARED_CHARS])


def best_reading(
    readings: Sequence[str], documents: Sequence[Document], encoder: TokenEncoder
) -> str:
    """The reading of a question that a unit of the documents is most relevant to; of equals the
    first. Raises `ModelFileError`."""
    limit = EVIDENCE.max_units // max(len(documents), 1)
    units = [unit for each in documents for unit in units_of_document(each, limit)]
    if len(readings) == 1 or not units:
        return readings[0]
    return max(readings, key=lambda each: rank_units(each, units, encoder)[0].relevance)


def prefer(retrieved: Retrieved, near: Retrieved) -> Retrieved:
    """What was found, with the hits of `near`, of the documents that are talked about, ahead by
    `RETRIEVAL.conversation_bonus`."""
    ahead = [replace(hit, score=hit.score + RETRIEVAL.conversation_bonus) for hit in near.hits]
    known = {hit.chunk.id for hit in ahead}
    others = [hit for hit in retrieved.hits if hit.chunk.id not in known]
    return replace(retrieved, hits=sort_hits([*ahead, *others]))
