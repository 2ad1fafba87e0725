"""Other pipelines beside ours: the same texts and questions, the same embedder, one run.

The seed articles and abstracts of SciFact are indexed, and the golden questions and the claims are
looked for. Each pipeline runs in a process of its own, so that its memory is its own, and has its
own settings as they come but for the embedder. Those that are not installed are named.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TypeVar

from eval.benchmarks import process_memory, scifact
from eval.benchmarks.dataset_files import EvalDataError
from eval.benchmarks.index_speed import Spent
from eval.benchmarks.indexing import DatasetText, open_index, text_id
from eval.benchmarks.postgres import GOLDEN
from eval.benchmarks.result_tables import Line, Table, mean_line
from eval.cases import CaseRow, read_rows
from rag.assistant import SEEDS
from rag.internals import Retriever, build_embedder
from rag.settings import Settings
from rag.types import Embedder

if TYPE_CHECKING:
    from chromadb.api import ClientAPI

NAME = "peers"
TEXTS = 1_000  # abstracts
NEAREST = 10
EVIDENCE, ABSTRACT = "evidence in ten, golden", "abstract in ten, claims"
CHARACTERS, CHUNKS = "characters of ten", "chunks"
SEARCH = "search: ms of the processor"
WALL, PROCESSOR = "indexing: s", "of the processor"
MEMORY, DISK = "MB in memory", "MB on disk"
_MEGABYTE = 1_000_000

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Found:
    """A passage that a search returns, of the text of this id."""

    text_id: str
    passage: str


@dataclass(frozen=True, slots=True)
class Index:
    chunks: int
    search: Callable[[str], list[Found]]  # the ten best


@dataclass(frozen=True, slots=True)
class Peer:
    """A pipeline: the packages that it needs, and what indexes texts into a folder with it."""

    packages: tuple[str, ...]
    open: Callable[[Sequence[DatasetText], Settings, Path], AbstractContextManager[Index]]


@dataclass(frozen=True, slots=True)
class Measured:
    """What a process found for each question, and spent."""

    chunks: int
    indexing: Spent
    searches: list[Spent]
    found: list[list[Found]]
    memory: float | None  # megabytes at the peak; None where the system does not tell
    disk: float  # megabytes


def measure(data: Path, settings: Settings, part: slice) -> list[Table]:
    """The table, on SciFact in the folder `data`: of its abstracts, those that a claim cites first,
    as many as `part` ends at, else `TEXTS`. Raises `FootnoteError`."""
    seeds = [DatasetText(f.stem, f.stem, f.read_text("utf-8")) for f in sorted(SEEDS.glob("*.txt"))]
    abstracts = scifact.texts(data)
    claims = scifact.claims(data, {text.id for text in abstracts})
    cited = frozenset[str]().union(*(claim.cited for claim in claims))
    abstracts.sort(key=lambda text: text.id not in cited)
    texts = [*seeds, *abstracts[: part.stop or TEXTS]]
    known = {text.id for text in texts}
    claims = [claim for claim in claims if claim.cited <= known]
    golden = [row for _, row in read_rows(GOLDEN) if row.evidence]
    asked = [*(row.question for row in golden), *(claim.text for claim in claims)]
    lines, missing = list[Line](), list[str]()
    for name, peer in PEERS.items():
        if not all(map(_is_installed, peer.packages)):
            missing.append(name)
            continue
        lines.append(_line(name, _in_process(name, texts, asked, settings), golden, claims))
    title = f"{len(texts):,} texts, {len(golden)} golden questions, {len(claims)} claims"
    notes = (
        "Golden: the evidence stands whole in one of the ten. A question's embedding is in its"
        " time. Each has our embedder, and else its own settings.",
        f"Not installed: {', '.join(missing) or 'none'}.",
    )
    columns = (EVIDENCE, ABSTRACT, CHARACTERS, SEARCH, CHUNKS, WALL, PROCESSOR, MEMORY, DISK)
    counts = frozenset(columns) - {EVIDENCE, ABSTRACT}
    return [Table(title, columns, tuple(lines), notes=notes, counts=counts)]


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:  # what it is a part of
        return False


def _line(
    name: str, measured: Measured, golden: Sequence[CaseRow], claims: Sequence[scifact.Claim]
) -> Line:
    of_golden, of_claims = measured.found[: len(golden)], measured.found[len(golden) :]
    values = {
        EVIDENCE: [has_evidence(row, ten) for row, ten in zip(golden, of_golden, strict=True)],
        ABSTRACT: [
            len(claim.cited & {each.text_id for each in ten}) / len(claim.cited)
            for claim, ten in zip(claims, of_claims, strict=True)
        ],
        CHARACTERS: [float(sum(len(each.passage) for each in ten)) for ten in measured.found],
        SEARCH: [1_000 * each.processor for each in measured.searches],
        CHUNKS: [float(measured.chunks)],
        WALL: [measured.indexing.wall],
        PROCESSOR: [measured.indexing.processor],
        MEMORY: [measured.memory] if measured.memory else [],
        DISK: [measured.disk],
    }
    clusters = [str(at) for at in range(len(measured.found))]
    figures = {
        column: mean_line(name, {column: each}, clusters[: len(each)]).figures[column]
        for column, each in values.items()
    }
    return Line(name, figures, [each.wall for each in measured.searches])


def has_evidence(row: CaseRow, ten: Sequence[Found]) -> float:
    """1 where a place that states the answer stands whole in one of the passages."""
    passages = [(each.text_id, _spaced(each.passage)) for each in ten]
    return float(
        any(
            Path(evidence.document_id).stem == text_id and _spaced(evidence.quote) in passage
            for evidence in row.evidence
            for text_id, passage in passages
        )
    )


def _spaced(text: str) -> str:
    return re.sub(r"\s+", " ", text)


# --- a process for each -----------------------------------------------------------------------


def _in_process(
    name: str, texts: Sequence[DatasetText], asked: Sequence[str], settings: Settings
) -> Measured:
    with TemporaryDirectory() as folder:
        result = Path(folder) / "measured.json"
        arguments = (name, texts, asked, settings, Path(folder), result)
        process = get_context("spawn").Process(target=_index_and_search, args=arguments)
        process.start()
        process.join()
        if not result.exists():
            raise EvalDataError(
                f"{name} ended with an error.", "See above, or uninstall it to leave it out."
            )
        return _read(result)


def _index_and_search(
    name: str,
    texts: Sequence[DatasetText],
    asked: Sequence[str],
    settings: Settings,
    folder: Path,
    result: Path,
) -> None:
    build_embedder(settings).embed(["load"])
    with ExitStack() as opened:
        peer = PEERS[name].open(texts, settings, folder / "index")
        index, indexing = _timed(lambda: opened.enter_context(peer))
        index.search(asked[0])
        answered = [_timed(partial(index.search, each)) for each in asked]
    files = [path for path in (folder / "index").rglob("*") if path.is_file()]
    written = {
        "chunks": index.chunks,
        "indexing": [indexing.wall, indexing.processor],
        "searches": [[spent.wall, spent.processor] for _, spent in answered],
        "found": [[[each.text_id, each.passage] for each in ten] for ten, _ in answered],
        "memory": process_memory.peak_megabytes() if process_memory.is_known() else None,
        "disk": sum(path.stat().st_size for path in files) / _MEGABYTE,
    }
    result.write_text(json.dumps(written), "utf-8")


def _read(result: Path) -> Measured:
    written = json.loads(result.read_text("utf-8"))
    return Measured(
        written["chunks"],
        Spent(*written["indexing"]),
        [Spent(*each) for each in written["searches"]],
        [[Found(*each) for each in ten] for ten in written["found"]],
        written["memory"],
        written["disk"],
    )


def _timed(work: Callable[[], _T]) -> tuple[_T, Spent]:
    started = time.perf_counter(), time.process_time()
    done = work()
    return done, Spent(time.perf_counter() - started[0], time.process_time() - started[1])


# --- the pipelines ----------------------------------------------------------------------------


@contextmanager
def _footnote(texts: Sequence[DatasetText], settings: Settings, folder: Path) -> Iterator[Index]:
    with open_index(NAME, texts, settings.in_folder(folder)) as assistant:
        retriever = Retriever(assistant.library, assistant.vectors, assistant.embedder)

        def search(question: str) -> list[Found]:
            spans = [hit.chunk.span for hit in retriever.retrieve(question, NEAREST).hits]
            passages = assistant.library.texts(spans)
            return [Found(text_id(at), text) for at, text in zip(spans, passages, strict=True)]

        yield Index(assistant.library.count_chunks(), search)


def _chroma(folder: Path) -> ClientAPI:
    """A client that sends nothing anywhere."""
    import chromadb
    from chromadb.config import Settings as ChromaSettings

    return chromadb.PersistentClient(
        folder, ChromaSettings(_env_file=None, anonymized_telemetry=False)
    )


@contextmanager
def _llama_index(texts: Sequence[DatasetText], settings: Settings, folder: Path) -> Iterator[Index]:
    from llama_index.core import Document, StorageContext, VectorStoreIndex
    from llama_index.core.base.embeddings.base import BaseEmbedding
    from llama_index.vector_stores.chroma import ChromaVectorStore

    collection = _chroma(folder).create_collection("texts", embedding_function=None)
    store = ChromaVectorStore(chroma_collection=collection)
    embedder = build_embedder(settings)
    assert isinstance(embedder, BaseEmbedding)
    index = VectorStoreIndex.from_documents(
        [Document(id_=each.id, text=each.text, metadata={"title": each.title}) for each in texts],
        storage_context=StorageContext.from_defaults(vector_store=store),
        embed_model=embedder,
    )
    retriever = index.as_retriever(similarity_top_k=NEAREST)

    def search(question: str) -> list[Found]:
        nodes = [each.node for each in retriever.retrieve(question)]
        return [Found(str(node.ref_doc_id), node.get_content()) for node in nodes]

    yield Index(collection.count(), search)


@contextmanager
def _lang_chain(texts: Sequence[DatasetText], settings: Settings, folder: Path) -> Iterator[Index]:
    from langchain_chroma import Chroma
    from langchain_core.documents import Document
    from langchain_core.embeddings import Embeddings
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    # Where LangChain is not installed, mypy knows nothing of the class.
    class Ours(Embeddings):  # type: ignore[misc, unused-ignore]
        def __init__(self, embedder: Embedder) -> None:
            self._embedder = embedder

        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            return self._embedder.embed(texts)

        def embed_query(self, text: str) -> list[float]:
            return self._embedder.embed([text])[0]

    # The sizes of LangChain's own tutorial of retrieval.
    splitter = RecursiveCharacterTextSplitter(chunk_size=1_000, chunk_overlap=200)
    chunks = splitter.split_documents(
        [Document(each.text, metadata={"id": each.id, "title": each.title}) for each in texts]
    )
    store = Chroma(client=_chroma(folder), embedding_function=Ours(build_embedder(settings)))
    for start in range(0, len(chunks), 1_000):
        store.add_documents(chunks[start : start + 1_000])

    def search(question: str) -> list[Found]:
        found = store.similarity_search(question, k=NEAREST)
        return [Found(each.metadata["id"], each.page_content) for each in found]

    yield Index(len(chunks), search)


PEERS = {
    "Footnote": Peer((), _footnote),
    "LlamaIndex, Chroma": Peer(("llama_index.vector_stores.chroma",), _llama_index),
    "LangChain, Chroma": Peer(("langchain_chroma", "langchain_text_splitters"), _lang_chain),
}
