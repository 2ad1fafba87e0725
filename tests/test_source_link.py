"""What a link opens, after whatever became of its source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rag.store.documents import Library
from rag.text.sentences import split_sentences
from rag.types import Chunk, Citation, Claim, Document, Passage, Span
from ui.questions.exchange import Exchange
from ui.web import source_link

TEXT = "Rates rose to 20%. Nobody was asked. Exports fell by half."
FIRST, SECOND = Span("a", 0, 18), Span("a", 37, 58)


def put(library: Library, text: str) -> None:
    document = Document.of("a", "A report", "a.txt", text)
    library.put(document, [Chunk.of(document, start, end) for start, end in split_sentences(text)])


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(tmp_path / "library.db") as library:
        put(library, TEXT)
        yield library


def cited(number: int, span: Span, text: str = TEXT) -> Citation:
    return Citation(number, span, text[span.start : span.end])


EXCHANGE = Exchange(
    "0" * 16,
    "What rose?",
    "done",
    evidence=(Passage(1, Span("a", 0, 36), TEXT[:36], "A report", "a.txt", 1.0),),
    claims=(
        Claim("Rates rose.", (cited(1, FIRST),), "supported"),
        Claim("Exports fell.", (cited(1, SECOND), cited(1, FIRST)), "supported"),
    ),
)


def test_a_citation_opens_its_document_with_the_quote_lit_up(library: Library) -> None:
    opened = source_link.open_citation(EXCHANGE, 1, 0, library)
    assert opened.document is not None
    assert opened.current is not None
    assert library.text(opened.current) == opened.quote == "Exports fell by half."
    assert opened.others == (FIRST,)
    assert opened.note == ""
    assert opened.page is None


def test_a_passage_opens_where_the_model_read(library: Library) -> None:
    opened = source_link.open_passage(EXCHANGE, 1, library)
    assert opened.current == Span("a", 0, 36)
    assert opened.others == (FIRST, SECOND)


def test_a_quote_that_moved_is_lit_up_where_it_stands_now(library: Library) -> None:
    put(library, f"An editor's remark. {TEXT}")
    opened = source_link.open_citation(EXCHANGE, 0, 0, library)
    assert opened.current is not None
    assert opened.current.start == 20
    assert library.text(opened.current) == opened.quote
    assert [library.text(span) for span in opened.others] == ["Exports fell by half."]
    assert "now stands here" in opened.note


def test_a_quote_that_was_changed_opens_its_document_and_says_so(library: Library) -> None:
    put(library, TEXT.replace("20%", "25%"))
    opened = source_link.open_citation(EXCHANGE, 0, 0, library)
    assert opened.document is not None
    assert opened.current is None
    assert opened.others == (SECOND,)
    assert "no longer in it" in opened.note
    assert opened.quote == "Rates rose to 20%."


def test_a_source_that_is_gone_leaves_the_quote_as_it_was_recorded(library: Library) -> None:
    library.remove("a")
    for opened in (
        source_link.open_citation(EXCHANGE, 0, 0, library),
        source_link.open_passage(EXCHANGE, 1, library),
    ):
        assert opened.document is None
        assert opened.current is None
        assert "“A report” was removed" in opened.note
        assert opened.quote.startswith("Rates rose to 20%.")


@pytest.mark.parametrize(("claim", "citation"), [(-1, 0), (0, -1), (2, 0), (0, 1), (10**9, 0)])
def test_a_citation_that_is_not_there_opens_a_note(
    library: Library, claim: int, citation: int
) -> None:
    opened = source_link.open_citation(EXCHANGE, claim, citation, library)
    assert opened.document is None
    assert "no such citation" in opened.note
    assert source_link.open_passage(EXCHANGE, 7, library) == opened


def test_a_document_opens_whole_or_at_a_place(library: Library) -> None:
    assert source_link.open_document("a", library).current is None
    assert source_link.open_document("a", library, 0, 18).current == FIRST
    assert source_link.open_document("a", library, 0, 18).quote == "Rates rose to 20%."
    assert source_link.open_document("a", library, 19).current == Span("a", 19, 19)


@pytest.mark.parametrize(("start", "end"), [(18, 0), (0, 1000), (1000, None)])
def test_a_place_beyond_the_text_opens_the_document_and_says_so(
    library: Library, start: int, end: int | None
) -> None:
    opened = source_link.open_document("a", library, start, end)
    assert opened.document is not None
    assert opened.current is None
    assert "no characters" in opened.note


@pytest.mark.parametrize("id", ["b", "", "\ud800", "\x1b[2J", "x" * 10_000])
def test_a_document_that_is_not_there_opens_a_note(library: Library, id: str) -> None:
    opened = source_link.open_document(id, library)
    assert opened.document is None
    assert opened.note.startswith("There is no source")
    assert "\x1b" not in opened.note
    assert len(opened.note) < 200


def test_the_page_of_a_pdf_is_told(library: Library) -> None:
    text = "First page.\n\f\nRates rose to 20%."
    library.put(Document.of("b", "A paper", "paper.pdf", text), [])
    span = Span("b", 14, 32)
    claim = Claim("Rates rose.", (cited(1, span, text),), "supported")
    opened = source_link.open_citation(replace(EXCHANGE, claims=(claim,)), 0, 0, library)
    assert opened.page == 2
