"""How the time of retrieval, and disk and memory, grow with the number of chunks.

Generated documents (`generated_chunks`) are written into the store in files, and where a database
is set, into that. Then the golden questions are looked for, in all documents and in some of them:
by words, by vectors, and as the program does it, beside the engines alone. The aims are for the
whole retrieval; the question's embedding, some 5 ms, is not in it.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from itertools import groupby
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from eval.benchmarks import process_memory
from eval.benchmarks.generated_chunks import CHUNKS_A_DOCUMENT, ChunkGenerator, document_id
from eval.benchmarks.index_speed import Spent, note_figures
from eval.benchmarks.postgres import GOLDEN, empty_database
from eval.benchmarks.result_tables import Line, Table, format_ms
from eval.cases import read_rows
from eval.statistics.bootstrap import mean_interval
from rag.assistant import SEEDS, Assistant
from rag.internals import Retriever, build, build_embedder, fts_expression, query_terms
from rag.settings import Settings
from rag.types import Chunk, Document

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NAME = "scale"
ASKED, DRAWN = "recall@10, questions", "recall@10, drawn vectors"
PROCESSOR = "ms of the processor"  # tell more where others use the machine
TEXTS, VECTORS, LAST = "s: texts, words", "s: vectors", "s: the last vectors"
TEXT_DISK, VECTOR_DISK, MEMORY = "MB: texts, words", "MB: vectors", "MB in memory"
IN_FILES, IN_POSTGRES = "files", "Postgres"
SIZES = (1_000, 10_000, 100_000, 1_000_000)  # chunks
AIMS_MS = {10_000: 15, 100_000: 60, 1_000_000: 150}
LIMIT = 100_000
NEAREST, DEPTH = 10, 20
_BATCH = 200  # documents written at once
_ADDED = 1_000  # chunks that are added as indexing adds them, after the others
_FEW = 20  # documents of the narrower filter
_MAX_S, _LEAST = 15.0, 40  # of searches for one line: seconds, and how many in any case
_MEGABYTE = 1_000_000
_ARTICLES = Path(__file__).parents[1] / "cases" / "broad" / "articles"


@dataclass(frozen=True, slots=True)
class Query:
    text: str
    vector: list[float]


Search = Callable[[Query], Collection[str]]  # to ids of chunks


@dataclass(frozen=True, slots=True)
class Collected:
    """The chunks of one size, with their vectors in rows."""

    generator: ChunkGenerator
    documents: int
    chunks: list[Chunk]
    vectors: NDArray[np.float32]


class PreparedVectors:
    """An embedder whose vectors were made before."""

    dimensions = 384

    def __init__(self, name: str, vectors: Mapping[str, list[float]]) -> None:
        self.name = name
        self._vectors = vectors

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """The vectors of these texts. Raises `KeyError` for one that has none."""
        return [self._vectors[text] for text in texts]


def measure(data: Path, settings: Settings, part: slice) -> list[Table]:
    """A table of searches for each size up to the number of chunks that `part` ends at, else
    `LIMIT`, and one of costs; `data` is not needed. A database of the settings must be empty, and
    is so again. Raises `FootnoteError`."""
    limit = part.stop or LIMIT
    embedder = build_embedder(settings)
    generator = ChunkGenerator(_real_documents(), embedder)
    questions = _questions()
    embedded = zip(questions, embedder.embed(questions), strict=True)
    asked = [Query(text, vector) for text, vector in embedded]
    random.Random(0).shuffle(asked)  # noqa: S311 (those of one article stand together)
    tables, costs = list[Table](), list[Line]()
    for size in [size for size in SIZES if size <= limit] or [limit]:
        collected = _collect(generator, size // CHUNKS_A_DOCUMENT)
        table, found = _measure_size(collected, asked, settings)
        print(f"{table.title}: measured", file=sys.stderr, flush=True)
        tables.append(table)
        costs += found
    return [*tables, _costs(costs)]


def _questions() -> list[str]:
    """The golden questions."""
    return list(dict.fromkeys(row.question for _, row in read_rows(GOLDEN)))


def _real_documents() -> list[Document]:
    paths = [*sorted(_ARTICLES.iterdir()), *sorted(SEEDS.glob("*.txt"))]
    return [Document.of(path.name, path.stem, path.name, path.read_text("utf-8")) for path in paths]


def _collect(generator: ChunkGenerator, documents: int) -> Collected:
    chunks = [
        chunk
        for first, count in _batches(documents)
        for each in generator.documents(first, count)
        for chunk in each.chunks
    ]
    return Collected(generator, documents, chunks, generator.vectors(documents, 0))


def _batches(documents: int) -> Iterator[tuple[int, int]]:
    """The number of the first document of each batch, and how many are in it."""
    for first in range(0, documents, _BATCH):
        yield first, min(_BATCH, documents - first)


def _measure_size(
    collected: Collected, asked: Sequence[Query], settings: Settings
) -> tuple[Table, list[Line]]:
    stores: dict[str, Callable[[], AbstractContextManager[Assistant]]] = {}
    with TemporaryDirectory() as folder:
        files = settings.in_folder(Path(folder) / "files")
        stores[IN_FILES] = partial(build, files)
        if settings.database_url:
            stores[IN_POSTGRES] = partial(empty_database, settings)
        comparison = _Comparison(collected, asked)
        lines, costs = comparison.bare_lines(), list[Line]()
        for name, opened in stores.items():
            with opened() as assistant:
                spent = _write(assistant, collected)
                sizes = _disk(assistant)
                print(f"{name}, {len(collected.chunks):,} chunks: {spent}", file=sys.stderr)
                lines += comparison.store_lines(name, assistant)
                if name == IN_FILES:
                    lines += comparison.engine_lines(assistant, Path(folder) / "tantivy")
                figures = {**spent, **sizes, **_memory(assistant, asked)}
            title = f"{len(collected.chunks):,} chunks, {name}"
            costs.append(note_figures(title, {key: [value] for key, value in figures.items()}))
    return _searches(collected, lines, len(asked)), costs


def _searches(collected: Collected, lines: Sequence[Line], asked: int) -> Table:
    count = len(collected.chunks)
    aim = f"Aim: whole retrieval p95 {AIMS_MS[count]} ms. " if count in AIMS_MS else ""
    missing = "" if find_spec("tantivy") else " tantivy is not installed."
    notes = (
        f"{aim}Recall of vectors: 98. Texts are generated, vectors drawn; a question's embedding"
        f" is not in its time. Words of the questions are as frequent as in the articles that they"
        f" are about, which is more than in a large collection. A line has all searches, or as many"
        f" as {_MAX_S:.0f} s allow, at least {_LEAST}. The processor of a Postgres server is not"
        f" counted.{missing}",
    )
    title = f"{count:,} chunks of {collected.documents:,} documents, {asked} questions"
    columns, counts = (ASKED, DRAWN, PROCESSOR), frozenset({PROCESSOR})
    return Table(title, columns, tuple(lines), notes=notes, counts=counts)


# --- writing ----------------------------------------------------------------------------------


def _write(assistant: Assistant, collected: Collected) -> dict[str, float]:
    """Fill the store; the seconds by column."""
    library, vectors = assistant.library, assistant.vectors
    texts = 0.0
    for first, count in _batches(collected.documents):
        batch = collected.generator.documents(first, count)
        started = time.perf_counter()
        with library.transaction():
            for each in batch:
                library.put(each.document, each.chunks)
        texts += time.perf_counter() - started
    library.embedder = assistant.embedder.name
    most = max(0, len(collected.chunks) - _ADDED)
    rows = [(start, min(most, start + _ADDED)) for start in range(0, most, _ADDED)]
    started = time.perf_counter()
    vectors.rebuild(assistant.embedder.name, (_vector_batch(collected, *each) for each in rows))
    rebuilt = time.perf_counter()
    vectors.add(*_vector_batch(collected, most, len(collected.chunks)))
    vectors.write_index()
    added = time.perf_counter()
    if assistant.settings.database_url:
        library.database.rows("ANALYZE")
    return {TEXTS: texts, VECTORS: rebuilt - started, LAST: added - rebuilt}


def _vector_batch(
    collected: Collected, start: int, end: int
) -> tuple[list[Chunk], list[list[float]]]:
    return collected.chunks[start:end], collected.vectors[start:end].tolist()


def _disk(assistant: Assistant) -> dict[str, float]:
    """Megabytes by column."""
    if assistant.settings.database_url:
        rows = assistant.library.database.rows(
            "SELECT relname = 'vectors', sum(pg_total_relation_size(oid)) FROM pg_class"
            " WHERE relkind = 'r' AND relnamespace = CAST('footnote' AS regnamespace) GROUP BY 1"
        )
        sizes = {bool(is_vectors): float(size) for is_vectors, size in rows}
    else:
        files = [path for path in assistant.settings.data_dir.rglob("*") if path.is_file()]
        groups = groupby(sorted(files, key=_has_vectors), key=_has_vectors)
        sizes = {key: sum(path.stat().st_size for path in group) for key, group in groups}
    return {
        TEXT_DISK: sizes.get(False, 0) / _MEGABYTE,
        VECTOR_DISK: sizes.get(True, 0) / _MEGABYTE,
    }


def _has_vectors(path: Path) -> bool:
    return "vectors" in path.parts


# --- memory -----------------------------------------------------------------------------------


def _memory(assistant: Assistant, asked: Sequence[Query]) -> dict[str, float]:
    """Megabytes at the peak of a process that opens the store and looks for the questions; none
    where the system does not say."""
    if not process_memory.is_known():
        return {}
    with TemporaryDirectory() as folder:
        peak = Path(folder) / "peak"
        arguments = (assistant.settings, asked, peak)
        process = get_context("spawn").Process(target=_search_and_note, args=arguments)
        process.start()
        process.join()
        return {MEMORY: float(peak.read_text())}


def _search_and_note(settings: Settings, asked: Sequence[Query], peak: Path) -> None:
    with build(settings) as assistant:
        retriever = _retriever(assistant, asked)
        for query in asked:
            retriever.retrieve(query.text, NEAREST)
    peak.write_text(str(process_memory.peak_megabytes()))


# --- searching --------------------------------------------------------------------------------


def _retriever(assistant: Assistant, asked: Sequence[Query]) -> Retriever:
    prepared = {query.text: query.vector for query in asked}
    embedder = PreparedVectors(assistant.embedder.name, prepared)
    return Retriever(assistant.library, assistant.vectors, embedder)


class _Comparison:
    """The searches of one size, each in all documents and in some of them."""

    def __init__(self, collected: Collected, asked: Sequence[Query]) -> None:
        import numpy as np

        self._collected = collected
        self._asked = asked
        drawn = collected.generator.vectors(-(-len(asked) // CHUNKS_A_DOCUMENT), 1)
        self._drawn = [
            Query(query.text, vector)
            for query, vector in zip(asked, drawn[: len(asked)].tolist(), strict=True)
        ]
        every = range(collected.documents)
        self._filters: dict[str, range | None] = {
            "": None,
            ", a tenth of the documents": every[::10],
            f", {_FEW} documents": every[:: max(1, len(every) // _FEW)][:_FEW],
        }
        places = np.arange(len(collected.chunks)).reshape(-1, CHUNKS_A_DOCUMENT)
        self._rows = {
            name: None if numbers is None else places[numbers].ravel()
            for name, numbers in self._filters.items()
        }
        self._exact = {
            name: [set(self._nearest(name, query.vector)) for query in self._all]
            for name in self._filters
        }

    @property
    def _all(self) -> list[Query]:
        """Questions and drawn vectors by turns."""
        return [each for pair in zip(self._asked, self._drawn, strict=True) for each in pair]

    def bare_lines(self) -> list[Line]:
        """All vectors compared."""
        return [
            self._vector_line(f"vectors all compared (numpy){name}", name, self._comparing(name))
            for name in self._filters
        ]

    def engine_lines(self, assistant: Assistant, folder: Path) -> list[Line]:
        """FTS5 and tantivy alone."""
        lines = [self._timed_line("FTS5 alone", _fts5(assistant))]
        if find_spec("tantivy"):
            lines.append(self._timed_line("tantivy alone", _tantivy(self._collected, folder)))
        return lines

    def store_lines(self, store: str, assistant: Assistant) -> list[Line]:
        """Words, vectors, and both as the program looks for them."""
        lines = []
        for name, numbers in self._filters.items():
            only = None if numbers is None else list(map(document_id, numbers))
            words, vectors, whole = _ways(assistant, self._asked, only)
            lines += [
                self._timed_line(f"{store}: words{name}", words),
                self._vector_line(f"{store}: vectors{name}", name, vectors),
                self._timed_line(f"{store}: whole{name}", whole),
            ]
        return lines

    def _comparing(self, name: str) -> Search:
        return lambda query: self._nearest(name, query.vector)

    def _nearest(self, name: str, vector: Sequence[float]) -> list[str]:
        import numpy as np

        rows, chunks = self._rows[name], self._collected.chunks
        matrix = self._collected.vectors
        likeness = (matrix if rows is None else matrix[rows]) @ np.array(vector, dtype=np.float32)
        best = np.argpartition(-likeness, min(NEAREST, len(likeness)) - 1)[:NEAREST]
        return [chunks[at].id for at in (best if rows is None else rows[best]).tolist()]

    def _vector_line(self, title: str, name: str, search: Search) -> Line:
        found, spent = _timed(search, self._all)
        shares = [
            len(exact.intersection(ids)) / len(exact)
            for exact, ids in zip(self._exact[name], found, strict=False)
        ]
        columns = {ASKED: shares[::2], DRAWN: shares[1::2]}
        return _line(title, columns, spent)

    def _timed_line(self, title: str, search: Search) -> Line:
        _, spent = _timed(search, self._asked)
        return _line(title, {ASKED: (), DRAWN: ()}, spent)


def _line(title: str, shares: Mapping[str, Sequence[float]], spent: Sequence[Spent]) -> Line:
    columns = {**shares, PROCESSOR: [1_000 * each.processor for each in spent]}
    figures = {
        column: mean_interval(values, [str(at) for at in range(len(values))])
        for column, values in columns.items()
    }
    line = Line(title, figures, [each.wall for each in spent])
    means = {column: f"{figure.mean:.4f}" for column, figure in figures.items() if figure}
    print(f"  {title}: {format_ms(line.seconds)} ms {means}", file=sys.stderr, flush=True)
    return line


def _timed(search: Search, queries: Sequence[Query]) -> tuple[list[Collection[str]], list[Spent]]:
    """What each finds, and its seconds, as far as the time for one line goes. The first is looked
    for once more before."""
    search(queries[0])
    found, spent = list[Collection[str]](), list[Spent]()
    until = time.perf_counter() + _MAX_S
    for query in queries:
        if time.perf_counter() > until and len(found) >= _LEAST:
            break
        started = time.perf_counter(), time.process_time()
        found.append(search(query))
        ended = time.perf_counter(), time.process_time()
        spent.append(Spent(ended[0] - started[0], ended[1] - started[1]))
    return found, spent


def _ways(
    assistant: Assistant, asked: Sequence[Query], only: Sequence[str] | None
) -> tuple[Search, Search, Search]:
    """Searches in the documents of `only`: by words, by vectors, and by both."""
    retriever = _retriever(assistant, asked)

    def by_words(query: Query) -> list[str]:
        return [hit.chunk.id for hit in assistant.library.search(query.text, DEPTH, only)]

    def by_vectors(query: Query) -> list[str]:
        return [id for id, _ in assistant.vectors.search(query.vector, NEAREST, only)]

    def by_both(query: Query) -> list[str]:
        return [hit.chunk.id for hit in retriever.retrieve(query.text, DEPTH, only).hits]

    return by_words, by_vectors, by_both


def _fts5(assistant: Assistant) -> Search:
    """A search by words in the FTS5 index of the library, which gives the numbers of rows."""
    rows = assistant.library.database.rows
    sql = "SELECT rowid FROM words WHERE words MATCH ? ORDER BY rank LIMIT ?"
    return lambda query: [str(row) for (row,) in rows(sql, fts_expression(query.text), DEPTH)]


def _tantivy(collected: Collected, folder: Path) -> Search:
    """A search by words in an index of tantivy, made now; English stems, a title counts twice."""
    import tantivy

    schema = tantivy.SchemaBuilder()
    for field in ("title", "body"):
        schema.add_text_field(field, tokenizer_name="en_stem")
    schema.add_text_field("id", stored=True, tokenizer_name="raw")
    folder.mkdir()
    index = tantivy.Index(schema.build(), path=str(folder))
    writer = index.writer()
    for first, count in _batches(collected.documents):
        for each in collected.generator.documents(first, count):
            for chunk in each.chunks:
                body = each.document.text[chunk.span.start : chunk.span.end]
                fields = {"title": each.document.title, "body": body, "id": chunk.id}
                writer.add_document(tantivy.Document(**fields))
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    searcher = index.searcher()

    def search(query: Query) -> list[str]:
        words = " ".join(f'"{term.text}"' for term in query_terms(query.text))
        parsed = index.parse_query(words, ["title", "body"], field_boosts={"title": 2.0})
        return [searcher.doc(at)["id"][0] for _, at in searcher.search(parsed, DEPTH).hits]

    return search


def _costs(lines: Sequence[Line]) -> Table:
    columns = (TEXTS, VECTORS, LAST, TEXT_DISK, VECTOR_DISK, MEMORY)
    notes = (
        f"The last {_ADDED:,} vectors are added as indexing adds them, the others at once, as a"
        " rebuild does. Memory: of a process at its peak that opens the store and looks for the"
        " questions; a Postgres server has its own.",
    )
    return Table("Costs", columns, tuple(lines), notes=notes, counts=frozenset(columns))
