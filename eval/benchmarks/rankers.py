"""Ways of ranking the texts of a data set, to be compared.

Ours is `rag.retrieval.hybrid.Retriever` exactly as an answer uses it; beside it stand its two
halves, its fusion over longer lists, and the plain BM25 of whole texts that most people would start
from.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from eval.benchmarks.indexing import DatasetText, documents, text_ids
from rag import Library
from rag.assistant import Assistant
from rag.events import Retrieved
from rag.internals import Retriever
from rag.types import Chunk

DEEP = 100  # chunks of a long list: more than ten texts

Ranker = Callable[[str], list[str]]  # from a question to ids of texts, best first


@dataclass(frozen=True, slots=True)
class Ranked:
    """The ranking of one question and the seconds that it took."""

    ids: list[str]
    seconds: float


@contextmanager
def rankers(assistant: Assistant, texts: Sequence[DatasetText]) -> Iterator[dict[str, Ranker]]:
    """The ways of ranking `texts`, by name, ours last; `assistant` has them as its index."""
    retriever = Retriever(assistant.library, assistant.vectors, assistant.embedder)
    search, k = assistant.library.search, assistant.settings.k
    with _whole(texts) as whole:
        yield {
            "BM25, whole texts": lambda query: text_ids(whole.search(query, DEEP)),
            "BM25, our chunks": lambda query: text_ids(search(query, DEEP)),
            "MiniLM, our chunks": lambda query: text_ids(retriever.dense(query, DEEP)),
            f"fused, {DEEP} chunks": lambda query: text_ids(retriever.retrieve(query, DEEP).hits),
            f"fused as in answers, {k}": lambda query: text_ids(retriever.retrieve(query, k).hits),
        }


def rank_all(ranker: Ranker, queries: Sequence[str]) -> list[Ranked]:
    """The ranking of each query, after one that is not counted, for the first loads things."""
    for query in queries[:1]:
        ranker(query)
    return [_timed(ranker, query) for query in queries]


def _timed(ranker: Ranker, query: str) -> Ranked:
    started = time.perf_counter()
    ids = ranker(query)
    return Ranked(ids, time.perf_counter() - started)


@contextmanager
def _whole(texts: Sequence[DatasetText]) -> Iterator[Library]:
    """A full-text index in which each text is one chunk."""
    with (
        tempfile.TemporaryDirectory(prefix="footnote-bench-") as folder,
        Library.open(Path(folder) / "library.sqlite3") as library,
    ):
        for document in documents(texts):
            library.put(document, [Chunk.of(document, 0, len(document.text))])
        yield library


def top_scores(assistant: Assistant, question: str) -> dict[str, float]:
    """The best score of each search, as an answer would see it."""
    retriever = Retriever(assistant.library, assistant.vectors, assistant.embedder)
    return best_scores(retriever.retrieve(question, assistant.settings.k))


def best_scores(retrieved: Retrieved) -> dict[str, float]:
    """The best score of each search: BM25, above 0, or 0 where no word is found; and MiniLM's
    cosine similarity."""
    return {
        "BM25": max((hit.score for hit in retrieved.lexical), default=0.0),
        "MiniLM": max((hit.score for hit in retrieved.dense), default=-1.0),
    }
