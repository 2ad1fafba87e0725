"""Search over a real index: words, meaning, and both together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import zip_longest
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.events import Retrieved
from rag.ingest.chunking import chunk_document, embedding_text
from rag.retrieval.hybrid import Retriever, fuse_scores, limit_per_document
from rag.store.documents import Library
from rag.store.vectors import VectorStore
from rag.types import Chunk, Document, Embedder, Hit, Span
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
    whole = retriever.retrieve(FENTANYL, retriever.library.count_chunks())
    assert whole.hits == fuse_scores(whole.dense, whole.lexical)
    assert (found.dense, found.lexical) == (whole.dense[:4], whole.lexical[:4])


def test_a_chunk_counts_for_what_both_searches_know_of_it_however_few_hits_are_asked_for(
    retriever: Retriever,
) -> None:
    few, many = retriever.retrieve(FENTANYL, 2), retriever.retrieve(FENTANYL, 6)
    assert few.hits == many.hits[:2]


# --- an index of one's own --------------------------------------------------------------------


def index_of(
    texts: list[str], folder: Path, embedder: Embedder, dates: Sequence[str | None] = ()
) -> Retriever:
    library = Library.open(folder / "library.sqlite3")
    vectors = VectorStore.open(folder / "vectors", embedder.name)
    for number, (each, published) in enumerate(zip_longest(texts, dates)):
        document = Document.of(f"{number}.txt", f"Title {number}", f"/{number}", each, published)
        chunks = chunk_document(document)
        vectors.add(chunks, embedder.embed([embedding_text(document, c) for c in chunks]))
        library.put(document, chunks)
    return Retriever(library, vectors, embedder)


def test_vectors_that_the_library_does_not_know_are_passed_over(
    tmp_path: Path, embedder: Embedder
) -> None:
    retriever = index_of(["Soup is hot.", "Bread is soft."], tmp_path, embedder)
    stray = Chunk("0" * 32, Span("gone.txt", 0, 12))
    retriever.vectors.add([stray], embedder.embed(["Soup is hot."]))
    assert len(retriever.vectors.ids()) == 3
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


# --- the time that is asked about -------------------------------------------------------------

STRIKES = [
    "The ferry drivers of Vell went on strike over their pay.",
    "The drivers of the ferries of Vell are on strike for more pay.",
    "Drivers of ferries in Vell began a strike for higher pay.",
]
STRUCK_ON = ["2024-02-10", "2026-03-16", None]


@pytest.mark.parametrize(
    ("question", "asked_on", "first"),
    [
        ("Why are the ferry drivers on strike this week?", None, "1.txt"),
        ("Why are the ferry drivers on strike this week?", date(2024, 2, 12), "0.txt"),
        ("Why did the drivers of the ferries strike in February 2024?", None, "0.txt"),
    ],
)
def test_articles_of_the_time_asked_about_come_sooner(
    question: str, asked_on: date | None, first: str, tmp_path: Path, embedder: Embedder
) -> None:
    retriever = index_of(STRIKES, tmp_path, embedder, STRUCK_ON)
    hits = retriever.retrieve(question, 3, asked_on=asked_on).hits
    assert documents_of(hits)[0] == first
    assert sorted(documents_of(hits)) == ["0.txt", "1.txt", "2.txt"]
    retriever.vectors.close()


def test_of_articles_alike_the_newer_comes_first_where_no_time_is_asked_about(
    tmp_path: Path, embedder: Embedder
) -> None:
    text = "The ferry drivers of Vell went on strike over their {}."
    texts = [text.format(each) for each in ("pay", "wages", "pay again")]
    retriever = index_of(texts, tmp_path, embedder, ["2019-02-10", "2026-03-16", "2019-02-11"])
    found = retriever.retrieve("Why did the ferry drivers of Vell go on strike?", 3)
    assert found.days is None
    assert documents_of(found.hits)[0] == "1.txt"
    long_ago = retriever.retrieve("Why did they strike in Vell?", 3, asked_on=date(2019, 2, 12))
    assert {hit.chunk.id: hit.score for hit in long_ago.hits} == pytest.approx(
        {hit.chunk.id: hit.score for hit in fuse_scores(long_ago.dense, long_ago.lexical)}, abs=1e-3
    )
    retriever.vectors.close()


def test_what_is_too_old_comes_last_but_is_found(tmp_path: Path, embedder: Embedder) -> None:
    dates = ["2026-01-02", "2026-03-16", None]
    retriever = index_of(STRIKES, tmp_path, embedder, dates)
    found = retriever.retrieve("Why did the ferry drivers go on strike this week?", 3)
    assert found.days is not None
    assert found.days.outdated("2026-01-02")
    assert documents_of(found.hits) == ["1.txt", "2.txt", "0.txt"]
    retriever.vectors.close()


def test_without_dates_a_question_of_this_week_is_a_question_like_any(
    tmp_path: Path, embedder: Embedder
) -> None:
    retriever = index_of(STRIKES, tmp_path, embedder)
    found = retriever.retrieve("Why are the ferry drivers on strike this week?", 3)
    assert found.hits == fuse_scores(found.dense, found.lexical)
    retriever.vectors.close()


# --- copies, and long documents ----------------------------------------------------------------

WIRE = "The harbour of Vell was closed on Monday, after a crane fell and blocked 3 berths."
RESET = "The harbour of VELL was closed on Monday — after a crane fell and blocked 3 berths"


def documents_of(hits: Iterable[Hit]) -> list[str]:
    return [hit.chunk.span.document_id for hit in hits]


def test_a_text_that_many_papers_print_is_one_hit_and_its_copies_are_told(
    tmp_path: Path, embedder: Embedder
) -> None:
    texts = [WIRE, RESET, WIRE, "Ships of Vell wait before the harbour.", "Soup is hot."]
    retriever = index_of(texts, tmp_path, embedder)
    found = retriever.retrieve("Why was the harbour of Vell closed?", 3)
    told = documents_of(found.hits)
    assert told[1:] == ["3.txt", "4.txt"]
    assert {told[0], *documents_of(found.duplicates)} == {"0.txt", "1.txt", "2.txt"}
    assert len(found.duplicates) == 2
    retriever.vectors.close()


def test_a_copy_in_which_one_number_differs_is_no_copy(tmp_path: Path, embedder: Embedder) -> None:
    texts = [WIRE, WIRE.replace("3 berths", "5 berths"), "Soup is hot."]
    retriever = index_of(texts, tmp_path, embedder)
    found = retriever.retrieve("How many berths are blocked?", 2)
    assert sorted(documents_of(found.hits)) == ["0.txt", "1.txt"]
    assert found.duplicates == ()
    retriever.vectors.close()


def test_what_one_document_repeats_itself_is_found_where_it_stands(
    tmp_path: Path, embedder: Embedder
) -> None:
    library = Library.open(tmp_path / "library.sqlite3")
    vectors = VectorStore.open(tmp_path / "vectors", embedder.name)
    document = Document.of("song.txt", "Song", "/song", "Soup is hot. " * 3)
    chunks = [Chunk.of(document, start, start + 12) for start in (0, 13, 26)]
    vectors.add(chunks, embedder.embed([embedding_text(document, c) for c in chunks]))
    library.put(document, chunks)
    found = Retriever(library, vectors, embedder).retrieve("hot soup", 5)
    assert {hit.chunk for hit in found.hits} == set(chunks)
    assert found.duplicates == ()
    vectors.close()


def ranking(documents: str) -> list[Hit]:
    return [
        Hit(Chunk(f"{place:03}", Span(document, place, place + 1)), 1 - place / 1000, "fused")
        for place, document in enumerate(documents)
    ]


def test_one_long_document_leaves_room_for_others() -> None:
    assert documents_of(limit_per_document(ranking("aaaaaaabac"), 7)) == [*"aaaaabc"]


def test_one_document_gives_all_hits_where_there_is_no_other() -> None:
    assert limit_per_document(ranking("a" * 9), 8) == tuple(ranking("a" * 8))


@given(documents=st.text("abc", max_size=30), k=st.integers(0, 12))
def test_spreading_keeps_the_order_and_as_many_hits_as_there_are(documents: str, k: int) -> None:
    given = ranking(documents)
    kept = limit_per_document(given, k)
    assert len(kept) == min(k, len(given))
    assert list(kept) == [hit for hit in given if hit in kept]


# --- fusion -----------------------------------------------------------------------------------


def hits(scores: dict[str, float]) -> list[Hit]:
    order = sorted(scores, key=lambda id: -scores[id])
    return [Hit(Chunk(id, Span("a", 0, 1)), scores[id], "dense") for id in order]


def scores(fused: Iterable[Hit]) -> dict[str, float]:
    return {hit.chunk.id: round(hit.score, 4) for hit in fused}


def test_the_score_is_seven_parts_of_meaning_and_three_of_words() -> None:
    fused = fuse_scores(hits({"a": 0.6, "b": 0.4}), hits({"b": 20.0, "a": 5.0}))
    assert scores(fused) == {"b": 0.58, "a": 0.495}
    assert {hit.found_by for hit in fused} == {"fused"}


def test_how_far_apart_two_chunks_are_counts_and_not_only_their_ranks() -> None:
    words = hits({"b": 10.0, "a": 9.0})
    assert fuse_scores(hits({"a": 0.5, "b": 0.49}), words)[0].chunk.id == "b"
    assert fuse_scores(hits({"a": 0.9, "b": 0.3}), words)[0].chunk.id == "a"


def test_what_a_full_list_does_not_hold_scores_there_as_its_last() -> None:
    fused = fuse_scores(hits({"a": 0.6, "b": 0.4}), hits({"c": 10.0, "a": 4.0}))
    assert scores(fused) == {"c": 0.58, "a": 0.54, "b": 0.4}


def test_what_holds_none_of_the_words_has_no_score_for_words() -> None:
    """The search by words found all that holds one, and that was less than there is."""
    assert scores(fuse_scores(hits({"a": 0.6, "b": 0.4}), hits({"b": 3.0}))) == {
        "b": 0.58,
        "a": 0.42,
    }


def test_one_search_alone_keeps_its_order() -> None:
    found = hits({"a": 3.0, "b": 2.0, "c": 1.0})
    assert [*scores(fuse_scores(found, []))] == [*scores(fuse_scores([], found))] == ["a", "b", "c"]


def test_equal_scores_are_told_apart_by_id() -> None:
    assert [*scores(fuse_scores(hits({"b": 0.5, "a": 0.5}), []))] == ["a", "b"]


found = st.dictionaries(st.sampled_from("abcdef"), st.floats(0.01, 1))


@given(dense=found, lexical=found)
def test_fusion_keeps_every_chunk_once_best_first(
    dense: dict[str, float], lexical: dict[str, float]
) -> None:
    fused = fuse_scores(hits(dense), hits(lexical))
    assert sorted(hit.chunk.id for hit in fused) == sorted({*dense, *lexical})
    assert [hit.score for hit in fused] == sorted((hit.score for hit in fused), reverse=True)
