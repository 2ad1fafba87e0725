"""Which units of the hits the model sees: real sentences, real vectors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from rag.events import Selected
from rag.ingest.chunking import chunk_document
from rag.models.token_embeddings import TokenEncoder
from rag.retrieval.evidence import select_evidence
from rag.retrieval.hybrid import Retriever
from rag.store.documents import Library
from rag.text.tokens import estimate_tokens
from rag.thresholds import EVIDENCE
from rag.types import Chunk, Document, Embedder, Hit, Passage
from tests.asking import FENTANYL, NEWS, RATE, REPORT, Index

pytest_plugins = ["tests.seeds"]

ENCODER = TokenEncoder()


def selection(
    seeds: Index, question: str = FENTANYL, budget: int = 220, *, join: bool = False
) -> Selected:
    hits = Retriever(seeds.library, seeds.vectors, seeds.embedder).retrieve(question, 20).hits
    return select_evidence(
        question,
        hits,
        library=seeds.library,
        encoder=ENCODER,
        budget_tokens=budget,
        join=join,
    )


def selected(
    seeds: Index, question: str = FENTANYL, budget: int = 220, *, join: bool = False
) -> tuple[Passage, ...]:
    return selection(seeds, question, budget, join=join).passages


JOIN = pytest.mark.parametrize("join", [False, True], ids=["single", "joined"])


def test_the_sentence_that_states_the_answer_comes_first(seeds: Index) -> None:
    first = selected(seeds)[0]
    assert (first.text, first.span.document_id) == (RATE, NEWS)


@JOIN
def test_a_passage_is_the_stored_text_at_its_span(seeds: Index, join: bool) -> None:
    passages = selected(seeds, join=join)
    assert [passage.number for passage in passages] == list(range(1, len(passages) + 1))
    for passage in passages:
        document = seeds.library.document(passage.span.document_id)
        assert seeds.library.text(passage.span) == passage.text
        assert (passage.title, passage.source) == (document.title, document.source)


@JOIN
def test_the_same_question_sees_the_same_passages(seeds: Index, join: bool) -> None:
    assert selected(seeds, join=join) == selected(seeds, join=join)


def test_joined_passages_come_best_first_and_do_not_overlap(seeds: Index) -> None:
    passages = selected(seeds, budget=400, join=True)
    scores = [passage.score for passage in passages]
    assert scores == sorted(scores, reverse=True)
    assert not [1 for a in passages for b in passages if a != b and a.span.overlaps(b.span)]


def test_neighbours_are_joined_for_a_large_model_and_shown_singly_to_a_small_one(
    seeds: Index,
) -> None:
    whole = selected(seeds, budget=3000, join=True)
    assert {passage.span.document_id for passage in whole} == {NEWS, REPORT}
    assert any(f"{RATE}\nChina’s commerce ministry" in passage.text for passage in whole)
    single = selected(seeds, budget=3000)
    assert RATE in [passage.text for passage in single]
    assert len(single) > len(whole)


def test_a_sentence_that_leans_on_another_brings_it_along(seeds: Index) -> None:
    """ "That was later hiked" says nothing without what "that" is."""
    passages = selected(seeds, budget=50)
    assert passages[0].text == RATE
    assert any(passage.text.startswith("In February, Trump, 78,") for passage in passages)


@JOIN
@pytest.mark.parametrize("budget", [50, 120, 220, 500])
def test_the_budget_is_kept_but_for_the_first_sentence(
    seeds: Index, budget: int, join: bool
) -> None:
    passages = selected(seeds, "How many Americans?", budget, join=join)
    spent = sum(estimate_tokens(passage.text) for passage in passages)
    assert spent <= budget or len(passages) <= 2
    assert passages


def test_a_larger_budget_shows_more(seeds: Index) -> None:
    sizes = [len(selected(seeds, budget=budget)) for budget in (50, 220, 1000)]
    assert sizes == sorted(set(sizes))


@JOIN
def test_where_there_is_no_hit_there_is_no_passage(seeds: Index, join: bool) -> None:
    nothing = select_evidence(
        FENTANYL,
        [],
        library=seeds.library,
        encoder=ENCODER,
        budget_tokens=220,
        join=join,
    )
    assert nothing == Selected(())


# --- what is cut ------------------------------------------------------------------------------


@JOIN
def test_what_the_budget_cuts_off_is_told_numbered_on_and_best_first(
    seeds: Index, join: bool
) -> None:
    told = selection(seeds, budget=120, join=join)
    numbers = [passage.number for passage in (*told.passages, *told.cut)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert 5 < len(told.cut) < EVIDENCE.max_units
    scores = [passage.score for passage in told.cut]
    assert scores == sorted(scores, reverse=True)
    for passage in told.cut:
        assert seeds.library.text(passage.span) == passage.text
        assert not any(shown.span.contains(passage.span) for shown in told.passages)


def test_a_larger_budget_takes_up_first_what_a_smaller_one_cut_first(seeds: Index) -> None:
    small, large = selection(seeds, budget=120), selection(seeds, budget=400)
    assert small.cut[0].span in [passage.span for passage in large.passages]
    assert len(large.cut) < len(small.cut)


@JOIN
def test_where_all_fits_nothing_is_cut(seeds: Index, join: bool) -> None:
    assert selection(seeds, budget=100_000, join=join).cut == ()


# --- a text that repeats itself ---------------------------------------------------------------

REFRAIN = "The tariff rate on fentanyl is 20%."


@pytest.fixture
def song(tmp_path: Path) -> Iterator[tuple[Library, list[Chunk]]]:
    verse = "Soup is eaten in every house of this long and quiet street. " * 3
    library = Library.open(tmp_path / "library.sqlite3")
    document = Document.of("song.txt", "Song", "/song.txt", f"{verse}{REFRAIN} " * 4)
    chunks = chunk_document(document, 50)
    library.put(document, chunks)
    yield library, [c for c in chunks if REFRAIN in library.text(c.span)]
    library.close()


@JOIN
def test_a_sentence_that_recurs_is_shown_where_it_was_found(
    song: tuple[Library, list[Chunk]], embedder: Embedder, join: bool
) -> None:
    library, chunks = song
    assert len(chunks) == 4
    for held in chunks:
        passages = select_evidence(
            FENTANYL,
            [Hit(held, 1.0, "fused")],
            library=library,
            encoder=ENCODER,
            budget_tokens=50,
            join=join,
        ).passages
        (shown,) = [passage for passage in passages if REFRAIN in passage.text]
        assert held.span.contains(shown.span)
        assert library.text(shown.span) == shown.text


def test_every_occurrence_that_was_found_is_its_own_passage(
    song: tuple[Library, list[Chunk]], embedder: Embedder
) -> None:
    library, chunks = song
    hits = [Hit(held, 1.0, "fused") for held in chunks]
    passages = select_evidence(
        FENTANYL, hits, library=library, encoder=ENCODER, budget_tokens=1000, join=False
    ).passages
    shown = [passage.span for passage in passages if passage.text == REFRAIN]
    assert len(set(shown)) == 4
    assert shown == sorted(shown)  # equal scores: in the text's order


# --- what more than a sentence's own words tells ------------------------------------------------


def passages_of(
    texts: dict[str, str], question: str, folder: Path, embedder: Embedder, scores: dict[str, float]
) -> Selected:
    """Selected from documents of one chunk each, with the scores of these."""
    with Library.open(folder / "library.sqlite3") as library:
        found = []
        for id, text in texts.items():
            document = Document.of(id, "News", f"/{id}", text)
            (only,) = chunk_document(document)
            library.put(document, [only])
            found.append(Hit(only, scores.get(id, 0.5), "fused"))
        return select_evidence(
            question,
            found,
            library=library,
            encoder=ENCODER,
            budget_tokens=1000,
            join=False,
        )


def test_what_two_papers_print_word_for_word_is_shown_once_and_the_other_is_cut(
    tmp_path: Path, embedder: Embedder
) -> None:
    texts = {"a": REFRAIN, "b": REFRAIN.upper(), "c": REFRAIN.replace("20%", "25%")}
    told = passages_of(texts, FENTANYL, tmp_path, embedder, {"a": 0.6})
    assert sorted(passage.span.document_id for passage in told.passages) == ["a", "c"]
    assert [passage.span.document_id for passage in told.cut] == ["b"]


def test_of_equal_sentences_the_one_in_the_better_hit_comes_first(
    tmp_path: Path, embedder: Embedder
) -> None:
    texts = {"a": f"A cat slept. {REFRAIN}", "b": f"The law is new. {REFRAIN}"}
    for best in texts:
        folder = tmp_path / best
        told = passages_of(texts, FENTANYL, folder, embedder, {best: 0.9})
        assert told.passages[0].span.document_id == best
        assert told.passages[0].text == REFRAIN


class Indifferent:
    """An embedder to which all texts mean the same, so that only words and numbers tell."""

    name, dimensions = "indifferent", 2

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        return [[1.0, 0.0] for _ in texts]


def test_a_number_of_the_question_is_looked_for_however_it_is_written(tmp_path: Path) -> None:
    texts = {"a": "Vell cut 2,100 jobs.", "b": "Vell cut two thousand jobs."}
    told = passages_of(texts, "Who cut 2,000 jobs?", tmp_path, Indifferent(), {})
    assert told.passages[0].span.document_id == "b"
