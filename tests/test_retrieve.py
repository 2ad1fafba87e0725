"""Search over a real index: words, meaning, and both together."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.chunk import chunk, embedding_text
from rag.events import Retrieved
from rag.library import Library
from rag.retrieve import Retriever, fuse
from rag.types import Chunk, Document, Embedder, Hit, Span
from rag.vectors import Vectors
from tests.asking import FENTANYL, NEWS, RATE, REPORT, Index

pytest_plugins = ["tests.seeds"]


@pytest.fixture
def retriever(seeds: Index) -> Retriever:
    return Retriever(seeds.library, seeds.vectors, seeds.embedder)


def text(retriever: Retriever, hit: Hit) -> str:
    return retriever.library.text(hit.chunk.span)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (FENTANYL, RATE),
        ("Which levy punishes the synthetic opioid?", RATE),
        ("who speaks for the Treasury?", "Treasury Secretary Scott Bessent"),
        ("precursor chemicals shipped to Mexico", "The chemical components for the drug"),
    ],
)
def test_what_states_the_answer_is_among_the_first_hits(
    retriever: Retriever, question: str, expected: str
) -> None:
    hits = retriever.retrieve(question, 4).hits
    assert any(expected in text(retriever, hit) for hit in hits)


def test_hits_come_best_first_and_each_chunk_once(retriever: Retriever) -> None:
    hits = retriever.retrieve(FENTANYL, 20).hits
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert len({hit.chunk.id for hit in hits}) == len(hits) == retriever.library.count_chunks()
    assert {hit.found_by for hit in hits} == {"fused"}


@pytest.mark.parametrize("k", [1, 2, 5])
def test_no_more_hits_are_given_than_asked_for(retriever: Retriever, k: int) -> None:
    assert len(retriever.retrieve(FENTANYL, k).hits) == k


@pytest.mark.parametrize("only", [NEWS, REPORT])
def test_only_the_named_documents_are_searched(retriever: Retriever, only: str) -> None:
    hits = retriever.retrieve(FENTANYL, 20, [only]).hits
    assert {hit.chunk.span.document_id for hit in hits} == {only}


def test_naming_no_document_finds_nothing(retriever: Retriever) -> None:
    assert retriever.retrieve(FENTANYL, 20, []) == Retrieved(())


def test_a_search_repeats_exactly(retriever: Retriever) -> None:
    assert retriever.retrieve(FENTANYL, 20) == retriever.retrieve(FENTANYL, 20)


@pytest.mark.parametrize(
    "question", ["", "?", "xyzzy plugh", '" OR 1=1 --', "\x00", "🙂", "a" * 3000]
)
def test_any_text_can_be_searched_for(retriever: Retriever, question: str) -> None:
    assert len(retriever.retrieve(question, 3).hits) == 3  # something is always nearest


def test_words_find_what_meaning_ranks_low(retriever: Retriever) -> None:
    """A name that means nothing to the embedding model."""
    hits = retriever.retrieve("Xiaohong", 2).hits
    assert all("Xiaohong" in text(retriever, hit) for hit in hits)


def test_both_rankings_are_told_beside_what_they_were_fused_to(retriever: Retriever) -> None:
    found = retriever.retrieve(FENTANYL, 4)
    assert {hit.found_by for hit in found.dense} == {"dense"}
    assert {hit.found_by for hit in found.lexical} == {"lexical"}
    assert len(found.dense) == 4
    for ranking in (found.dense, found.lexical):
        scores = [hit.score for hit in ranking]
        assert scores == sorted(scores, reverse=True)
    assert found.hits == fuse(list(found.dense), list(found.lexical))[:4]


# --- an index of one's own --------------------------------------------------------------------


def index_of(texts: list[str], folder: Path, embedder: Embedder) -> Retriever:
    library = Library.open(folder / "library.sqlite3")
    vectors = Vectors.open(folder / "vectors", embedder.name)
    for number, each in enumerate(texts):
        document = Document.of(f"{number}.txt", f"Title {number}", f"/{number}", each)
        chunks = chunk(document)
        vectors.add(chunks, embedder.embed([embedding_text(document, c) for c in chunks]))
        library.put(document, chunks)
    return Retriever(library, vectors, embedder)


def test_vectors_that_the_library_does_not_know_are_passed_over(
    tmp_path: Path, embedder: Embedder
) -> None:
    retriever = index_of(["Soup is hot.", "Bread is soft."], tmp_path, embedder)
    stray = Chunk("0" * 32, Span("gone.txt", 0, 12))
    retriever.vectors.add([stray], embedder.embed(["Soup is hot."]))
    assert retriever.vectors.count() == 3
    hits = retriever.retrieve("Soup is hot.", 3).hits
    assert [hit.chunk.span.document_id for hit in hits] == ["0.txt", "1.txt"]
    retriever.vectors.close()


def test_equal_documents_come_in_the_same_order_every_time(
    tmp_path: Path, embedder: Embedder
) -> None:
    retriever = index_of(["Soup is hot."] * 4, tmp_path, embedder)
    orders = {tuple(hit.chunk.id for hit in retriever.retrieve("soup", 2).hits) for _ in range(5)}
    assert len(orders) == 1
    retriever.vectors.close()


# --- fusion -----------------------------------------------------------------------------------


def hits(ids: list[str]) -> list[Hit]:
    return [Hit(Chunk(id, Span("a", 0, 1)), 1.0, "dense") for id in ids]


def test_what_both_searches_find_comes_before_what_one_finds() -> None:
    fused = fuse(hits(["a", "b", "c"]), hits(["d", "b"]))
    assert fused[0].chunk.id == "b"
    assert fused[0].score == pytest.approx(1 / 62 + 1 / 62)


def test_equal_ranks_are_told_apart_by_id() -> None:
    assert [hit.chunk.id for hit in fuse(hits(["b"]), hits(["a"]))] == ["a", "b"]


ids = st.lists(st.sampled_from("abcdef"), unique=True)


@given(one=ids, other=ids)
def test_fusion_keeps_every_chunk_once_and_does_not_care_which_search_is_first(
    one: list[str], other: list[str]
) -> None:
    fused = fuse(hits(one), hits(other))
    assert sorted(hit.chunk.id for hit in fused) == sorted({*one, *other})
    assert fused == fuse(hits(other), hits(one))
