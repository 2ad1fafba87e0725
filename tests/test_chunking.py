"""Chunks tile their document, whatever it contains."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import FootnoteError
from rag.ingest.chunking import chunk_document, embedding_text
from rag.text.sentences import split_sentences
from rag.text.tokens import estimate_tokens
from rag.types import Chunk, Document

SEEDS = Path(__file__).parent.parent / "seeds"
SENTENCES = [
    "The talks resumed in Paris on Monday.",
    "Mr. Smith left the U.S. in May!",
    "“Will it work?” he asked.",
    "Headline without an end",
    "日本語の文です。",
    "w" * 300,
    "a, b; c",
    " ",
    "…",
]
CHARACTERS = st.text(st.sampled_from('ab 9.!?"”(\n\t\f\u2028日é') | st.characters())
BREAKS = st.sampled_from([" ", "\n", "\n\n", "\n \n"])
PARAGRAPHS = st.builds(
    lambda mark, drawn: mark.join(drawn), BREAKS, st.lists(st.sampled_from(SENTENCES))
)


@given(CHARACTERS | PARAGRAPHS, st.integers(1, 40))
def test_chunks_tile_any_text(text: str, size_tokens: int) -> None:
    document = article(text)
    chunks = chunk_document(document, size_tokens)
    end = 0
    for made in chunks:
        span = made.span
        piece = document.text[span.start : span.end]
        assert document.text[end : span.start].strip() == ""
        assert piece == piece.strip() != ""
        assert estimate_tokens(piece) <= size_tokens
        assert made == Chunk.of(document, span.start, span.end)
        end = span.end
    assert document.text[end:].strip() == ""
    assert len({made.id for made in chunks}) == len(chunks)


@given(st.lists(st.sampled_from(SENTENCES[:4]), min_size=1), st.integers(20, 60))
def test_a_chunk_ends_where_a_sentence_ends(drawn: list[str], size_tokens: int) -> None:
    document = article("\n".join(drawn))
    spans = split_sentences(document.text)
    starts, ends = {start for start, _ in spans}, {end for _, end in spans}
    for made in chunk_document(document, size_tokens):
        assert made.span.start in starts
        assert made.span.end in ends


def test_repeated_sentences_are_each_found_in_their_own_place() -> None:
    line = "The talks resumed in Paris on Monday."
    document = article(f"{line}\n\n" * 50)
    step = len(line) + 2
    spans = [made.span for made in chunk_document(document, estimate_tokens(line))]
    assert [(span.start, span.end) for span in spans] == [
        (at, at + len(line)) for at in range(0, 50 * step, step)
    ]


def test_ids_change_with_the_document() -> None:
    one, two = article("The talks resumed."), article("The talks resumed. They ended.")
    other = Document.of("other", one.title, one.source, one.text)
    ids = {made.id for document in (one, two, other) for made in chunk_document(document, 4)[:1]}
    assert len(ids) == 3
    assert chunk_document(one) == chunk_document(one)


@pytest.mark.parametrize("name", ["000_63f6faf5f870be30.txt", "004_dbb65014ece9d4c0.txt"])
def test_a_seed_becomes_a_few_chunks_of_whole_sentences(name: str) -> None:
    document = article((SEEDS / name).read_text(encoding="utf-8"))
    chunks = chunk_document(document)
    ends = {end for _, end in split_sentences(document.text)}
    assert 3 <= len(chunks) <= 8
    assert all(made.span.end in ends for made in chunks)


@pytest.mark.parametrize(
    "text",
    [
        "a" * 300_000,
        "word " * 60_000,
        "The talks, they said, resumed; " * 8_000,
        "a.B" * 100_000,
        "日" * 50_000,
        "- a\n" * 30_000,
        "The talks resumed on Monday. " * 8_000,
    ],
)
def test_text_without_an_end_still_becomes_small_chunks(text: str) -> None:
    chunks = chunk_document(article(text))
    found = " ".join(text[made.span.start : made.span.end] for made in chunks)
    assert "".join(found.split()) == "".join(text.split())
    assert max(len(made.span) for made in chunks) <= 1000


def test_a_wide_gap_is_in_no_chunk() -> None:
    document = article("before" + " " * 100_000 + "between" + "\n" * 100_000 + "after")
    found = [document.text[made.span.start : made.span.end] for made in chunk_document(document)]
    assert found == ["before", "between", "after"]
    assert chunk_document(article(" \n" * 100_000)) == []


def test_a_splitter_that_changes_the_text_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    from llama_index.core.node_parser import SentenceSplitter

    monkeypatch.setattr(SentenceSplitter, "split_text", lambda self, text: [text.upper()])
    with pytest.raises(FootnoteError, match="changed the text"):
        chunk_document(article("The talks resumed."))


def test_the_title_is_embedded_once() -> None:
    text = "Talks  resume\nThe talks resumed in Paris."
    document = Document.of("a", "Talks resume", "a", text)
    first, second = Chunk.of(document, 0, len(text)), Chunk.of(document, 14, len(text))
    assert embedding_text(document, first) == text
    assert embedding_text(document, second) == "Talks resume\nThe talks resumed in Paris."
    shortened = Document.of("a", "Talks resume The talks…", "a", text)
    assert embedding_text(shortened, first) == text


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        (" \n\t", 0),
        ("The talks", 2),
        ("international", 3),
        ("3.5%", 4),
        ("20260109", 3),
        ("don’t", 3),
        ("日本", 2),
        ("мир", 3),
    ],
)
def test_tokens_are_estimated(text: str, tokens: int) -> None:
    assert estimate_tokens(text) == tokens


@given(st.text(), st.text())
def test_an_estimate_never_shrinks_when_text_is_added(one: str, two: str) -> None:
    assert estimate_tokens(one) <= estimate_tokens(one + two)
    assert estimate_tokens(one + " " + two) == estimate_tokens(one) + estimate_tokens(two)


def article(text: str) -> Document:
    return Document.of("a", "The title", "a", text)
