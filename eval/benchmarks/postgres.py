"""Postgres beside files: do the searches find the same?

SciFact's abstracts and the seed articles in both. Words: FTS5's ranking is what others are compared
with: ours in Postgres, and Postgres' own ts_rank_cd over the same words. Vectors: how many of the
ten nearest by comparing all are found by Chroma and by pgvector, also within a tenth of the
documents.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import numpy as np

from eval.benchmarks import scifact
from eval.benchmarks.dataset_files import EvalDataError
from eval.benchmarks.indexing import DatasetText, open_index
from eval.benchmarks.result_tables import Line, Table, mean_line
from eval.cases import read_rows
from rag import Library, copy_index
from rag.assistant import SEEDS, Assistant
from rag.internals import Fts5Tokenizer, build, query_terms
from rag.settings import Settings

NAME = "postgres"
TEXTS = 2000  # abstracts
DEPTH, NEAREST = 20, 10
GOLDEN = Path(__file__).parents[1] / "cases" / "seeds.jsonl"
SAME, FIRST, SHARED = "same first 20", "same first", "of the first 10"
RECALL = "recall@10"
# Each chunk as Postgres' own full text, of the words of our index: a title counts twice.
_OWN = """
CREATE TEMPORARY TABLE own ON COMMIT DROP AS
SELECT chunk, CAST(string_agg(quote_literal(term) || ':' || (
    SELECT string_agg(CASE WHEN place < 0 THEN (place + 1000000001) || 'A'
        ELSE CAST(place + 1000 AS TEXT) END, ',') FROM unnest(places) AS place
), ' ') AS tsvector) AS text
FROM words GROUP BY chunk
"""
_RANKED = """
SELECT id FROM own JOIN chunks ON row = chunk WHERE text @@ CAST(?1 AS tsquery)
ORDER BY {function}('{{0.5, 0.5, 0.5, 1}}', text, CAST(?1 AS tsquery), 1) DESC, id LIMIT ?2
"""

_T = TypeVar("_T")
Ranker = Callable[[str], list[str]]  # from a question to ids of chunks, best first
VectorRanker = Callable[[Sequence[float]], list[str]]


def measure(data: Path, settings: Settings, part: slice) -> list[Table]:
    """The tables, on SciFact in the folder `data`; of its abstracts as many as `part` ends at, else
    `TEXTS`. The database of the settings must be empty, and is so again. Raises `FootnoteError`."""
    if not settings.database_url:
        raise EvalDataError("No database is set.", "Set FOOTNOTE_DATABASE_URL to an empty one.")
    texts = scifact.texts(data)
    claims = scifact.claims(data, {text.id for text in texts})
    seeds = [DatasetText(f.stem, f.stem, f.read_text("utf-8")) for f in sorted(SEEDS.glob("*.txt"))]
    chosen = [*seeds, *texts[: part.stop or TEXTS]]
    golden = [row.question for _, row in read_rows(GOLDEN)]
    with open_index(NAME, chosen, settings) as files, empty_database(settings) as database:
        copy_index(files, database)
        database.library.database.rows("ANALYZE")
        questions = {
            f"{len(golden)} golden questions": golden,
            f"{len(claims)} claims of SciFact": [claim.text for claim in claims],
        }
        tables = [
            _words(files.library, database.library, title, asked)
            for title, asked in questions.items()
        ]
        return [*tables, _vectors(files, database, [*golden, *(claim.text for claim in claims)])]


@contextmanager
def empty_database(settings: Settings) -> Iterator[Assistant]:
    """An assistant over the database of the settings, which is emptied at the end of the block.
    Raises `EvalDataError` where it has documents, `FootnoteError`."""
    with build(settings) as database:
        if database.library.digests():
            raise EvalDataError(
                "The database is not empty.", "Set FOOTNOTE_DATABASE_URL to another."
            )
        try:
            yield database
        finally:
            database.library.database.rows("DROP SCHEMA footnote CASCADE")


def _words(files: Library, database: Library, title: str, questions: Sequence[str]) -> Table:
    with database.transaction():
        database.database.rows(_OWN)
        ways: dict[str, Ranker] = {
            "FTS5": _searching(files),
            "Postgres, BM25 as FTS5": _searching(database),
            "Postgres, ts_rank_cd": _own_ranking(database, "ts_rank_cd"),
            "Postgres, ts_rank": _own_ranking(database, "ts_rank"),
        }
        wanted = [ways["FTS5"](question) for question in questions]
        lines = [_agreement(name, way, questions, wanted) for name, way in ways.items()]
    ((size,),) = database.database.rows("SELECT pg_total_relation_size('words')")
    note = (
        f"{files.count_chunks():,} chunks of {len(files.digests()):,} documents; their words take"
        f" {size / 1e6:.0f} MB in Postgres."
    )
    return Table(f"Full text, {title}", (SAME, FIRST, SHARED), tuple(lines), notes=(note,))


def _searching(library: Library) -> Ranker:
    return lambda question: [hit.chunk.id for hit in library.search(question, DEPTH)]


def _own_ranking(library: Library, function: str) -> Ranker:
    tokenizer = Fts5Tokenizer()
    sql = _RANKED.format(function=function)

    def rank(question: str) -> list[str]:
        terms = query_terms(question)
        words = tokenizer.words([term.text for term in terms])
        query = " | ".join(
            " <-> ".join(f"'{word}'{':*' * term.is_prefix}" for word in found)
            for term, found in zip(terms, words, strict=True)
            if found
        )
        return [id for (id,) in library.database.rows(sql, query, DEPTH)] if query else []

    return rank


def _agreement(
    name: str, way: Ranker, questions: Sequence[str], wanted: Sequence[Sequence[str]]
) -> Line:
    way(questions[0])
    found, seconds = _timed(way, questions)
    pairs = list(zip(wanted, found, strict=True))
    values = {
        SAME: [float(one == other) for one, other in pairs],
        FIRST: [float(one[:1] == other[:1]) for one, other in pairs],
        SHARED: [_share(one[:NEAREST], other[:NEAREST]) for one, other in pairs],
    }
    return mean_line(name, values, list(questions), seconds)


def _vectors(files: Assistant, database: Assistant, questions: Sequence[str]) -> Table:
    stored = [
        (chunk.id, chunk.span.document_id, vector)
        for chunks, vectors in files.vectors.batches()
        for chunk, vector in zip(chunks, vectors, strict=True)
    ]
    asked = files.embedder.embed(list(questions))
    some = sorted(files.library.digests())[::10]
    exact, exact_within = _comparing(stored), _comparing([row for row in stored if row[1] in some])

    def within(vector: Sequence[float]) -> list[str]:
        return [id for id, _ in database.vectors.search(vector, NEAREST, some)]

    def within_by_index(vector: Sequence[float]) -> list[str]:
        database.vectors.max_exact = 0  # type: ignore[attr-defined]
        return within(vector)

    ways: dict[str, tuple[VectorRanker, VectorRanker]] = {
        "all compared": (exact, exact),
        "Chroma": (lambda v: [id for id, _ in files.vectors.search(v, NEAREST)], exact),
        "pgvector": (lambda v: [id for id, _ in database.vectors.search(v, NEAREST)], exact),
        "pgvector, a tenth of the documents": (within, exact_within),
        "the same, by the index": (within_by_index, exact_within),
    }
    with database.library.transaction():  # for so few, Postgres would rather compare all
        database.library.database.rows("SET LOCAL enable_seqscan = off")
        lines = [
            _recall(name, way, reference, asked, questions)
            for name, (way, reference) in ways.items()
        ]
    return Table(f"{len(stored):,} vectors, {len(asked)} questions", (RECALL,), tuple(lines))


def _comparing(stored: Sequence[tuple[str, str, Sequence[float]]]) -> VectorRanker:
    ids = [id for id, _, _ in stored]
    matrix = np.array([vector for *_, vector in stored], dtype=np.float32)

    def rank(vector: Sequence[float]) -> list[str]:
        order = np.argsort(-(matrix @ np.array(vector, dtype=np.float32)), kind="stable")
        return [ids[at] for at in order[:NEAREST]]

    return rank


def _recall(
    name: str,
    way: VectorRanker,
    reference: VectorRanker,
    vectors: Sequence[Sequence[float]],
    questions: Sequence[str],
) -> Line:
    way(vectors[0])
    found, seconds = _timed(way, vectors)
    shares = [_share(reference(vector), ids) for vector, ids in zip(vectors, found, strict=True)]
    return mean_line(name, {RECALL: shares}, list(questions), seconds)


def _share(wanted: Sequence[str], found: Sequence[str]) -> float:
    return len(set(wanted) & set(found)) / len(wanted) if wanted else 1.0


def _timed(
    way: Callable[[_T], list[str]], asked: Sequence[_T]
) -> tuple[list[list[str]], list[float]]:
    found, seconds = [], []
    for each in asked:
        started = time.perf_counter()
        found.append(way(each))
        seconds.append(time.perf_counter() - started)
    return found, seconds
