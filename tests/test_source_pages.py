"""Which part of a source is shown, and when it is shown as a page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rag import PageImages
from rag.store.documents import Library
from rag.store.file_records import FileState
from rag.types import Document
from tests.pdf_files import at, pdf_file
from ui.views.source_highlights import ShownSource, render_page, render_pane
from ui.web import source_link
from ui.web.source_pages import Wanted, find_from, shown_source

SEALS = "Grey seals rest on the skerries."
LONG = "A dull line.\n" * 30_000


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    path = tmp_path / "seals.pdf"
    path.write_bytes(pdf_file([[at(50, 700, SEALS)], [at(50, 700, "They moult in spring.")]]))
    with Library.open(tmp_path / "library.db") as library:
        from rag.ingest.readers import read_file

        (document,) = read_file(path)
        library.put(document, [])
        state = path.stat()
        library.files.remember(document.source, FileState(state.st_size, state.st_mtime_ns, "1"))
        library.put(Document.of("long.txt", "Long", "/srv/long.txt", f"{LONG}A bright one."), [])
        yield library


def shown(library: Library, id: str, query: dict[str, str], *span: int) -> ShownSource:
    opened = source_link.open_document(id, library, *span)
    assert opened.document is not None
    return shown_source(opened.document, opened, Wanted.of(query), PageImages(library))


def test_a_pdf_is_shown_as_text_unless_its_page_is_wanted(library: Library) -> None:
    assert shown(library, "seals.pdf", {}, 0, len(SEALS)).sheet is None
    found = shown(library, "seals.pdf", {"view": "page"}, 0, len(SEALS))
    assert found.sheet is not None
    assert (found.sheet.number, found.page, len(found.sheet.current)) == (1, 1, 1)
    for html in (render_pane(found), render_page(found)):
        assert 'src="data:image/webp;base64,' in html
        assert 'id="fn-current"' in html
        assert "http" not in html


def test_one_can_turn_the_pages(library: Library) -> None:
    found = shown(library, "seals.pdf", {"view": "page", "page": "2"}, 0, len(SEALS))
    assert found.sheet is not None
    assert found.sheet.number == 2
    assert not found.sheet.current
    assert not found.note
    html = render_pane(found)
    assert "Page 2 of 2" in html
    assert 'data-page="1"' in html
    assert 'data-page="3"' not in html


def test_where_the_page_cannot_be_shown_the_text_is_and_a_word_why(
    library: Library, tmp_path: Path
) -> None:
    (tmp_path / "seals.pdf").unlink()
    found = shown(library, "seals.pdf", {"view": "page"}, 0, len(SEALS))
    assert found.sheet is None
    assert "no longer" in found.note
    assert SEALS in render_pane(found)


def test_a_text_is_never_shown_as_a_page(library: Library) -> None:
    found = shown(library, "long.txt", {"view": "page"})
    assert (found.sheet, found.page, found.note) == (None, None, "")


def test_words_are_found_in_a_part_that_is_not_shown(library: Library) -> None:
    begun = render_pane(shown(library, "long.txt", {}))
    assert "bright" not in begun
    assert 'data-from="200000"' in begun
    found = render_pane(shown(library, "long.txt", {"find": "BRIGHT  one", "from": "200000"}))
    assert "<p data-here>A bright one.</p>" in found


@pytest.mark.parametrize(
    ("words", "begin", "at"),
    [("two", 0, 4), ("two", 5, 12), ("two", 13, 4), ("ONE\ntwo", 0, 0), ("(", 0, None)],
)
def test_the_next_place_is_found_or_else_the_first(words: str, begin: int, at: int | None) -> None:
    assert find_from("one two and two.", words, begin) == at


@pytest.mark.parametrize(
    "query",
    [
        {"at": "-1", "page": "x", "from": "1e9", "view": "paper"},
        {"at": "9" * 30, "find": "\ud800\x1b[2J"},
        {"view": "page", "page": "999999999"},
    ],
)
def test_a_malformed_wish_shows_the_text(library: Library, query: dict[str, str]) -> None:
    assert SEALS in render_pane(shown(library, "seals.pdf", query, 0, len(SEALS)))
