"""Is a page of a PDF drawn as it looks, with the cited words where they stand, and nothing else?"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from rag.errors import SourceError
from rag.ingest import page_images
from rag.ingest.page_images import PageImages, PageNotShown, boxes_of
from rag.ingest.readers import read_file
from rag.store.documents import Library
from rag.store.file_records import FileState
from rag.types import Document, Span
from tests.pdf_files import HEIGHT, WIDTH, at, column, pdf_file

LEFT = """
Herring gulls nest on the
northern cliff, where a trans-
parent fence keeps foxes out.
They return in March.
"""
RIGHT = """
Puffins dig burrows in the
turf of the summit. They
return in April.
"""


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(tmp_path / "library.db") as library:
        yield library


def put(library: Library, path: Path, data: bytes) -> Document:
    """A file as it is after indexing."""
    path.write_bytes(data)
    (document,) = read_file(path)
    library.put(document, [])
    state = path.stat()
    library.files.remember(document.source, FileState(state.st_size, state.st_mtime_ns, "1"))
    return document


@pytest.fixture
def birds(library: Library, tmp_path: Path) -> Document:
    pages = [
        [*column(50, 700, LEFT), *column(320, 700, RIGHT)],
        [at(50, 700, "Terns breed on the sandbank."), at(50, 400, "They return in May.")],
    ]
    return put(library, tmp_path / "birds.pdf", pdf_file(pages))


def span(document: Document, words: str) -> Span:
    start = document.text.index(words)
    return Span(document.id, start, start + len(words))


def test_a_page_is_a_picture_of_its_own_shape(library: Library, birds: Document) -> None:
    page = PageImages(library).draw(birds, 2)
    picture = Image.open(BytesIO(page.webp))
    assert picture.size == (page.width, page.height)
    assert page.width / page.height == pytest.approx(WIDTH / HEIGHT, rel=0.01)
    assert page.width <= page_images.MAX_WIDTH
    assert page.height <= page_images.MAX_HEIGHT
    assert (page.number, page.pages) == (2, 2)


def test_the_boxes_are_where_the_words_are(library: Library, birds: Document) -> None:
    page = PageImages(library).draw(birds, 1)
    ((left, top, right, bottom),) = boxes_of(page, birds, span(birds, "Puffins dig burrows in the"))
    assert 0.5 < left < right < 0.8
    assert top < 1 - 700 / HEIGHT < bottom + 0.01
    picture = Image.open(BytesIO(page.webp)).convert("L")
    box = (left * page.width, top * page.height, right * page.width, bottom * page.height)
    assert picture.crop(box).histogram()[0] > 10  # there is ink


def test_a_word_divided_at_a_line_end_is_lit_on_both_lines(
    library: Library, birds: Document
) -> None:
    cited = span(birds, "a transparent fence keeps foxes out.")
    boxes = boxes_of(PageImages(library).draw(birds, 1), birds, cited)
    assert len(boxes) == 2
    assert boxes[0][1] < boxes[1][1]
    assert all(right < 0.5 for _, _, right, _ in boxes)


@pytest.mark.parametrize("words", ["They return in March.", "They return in April."])
def test_of_words_that_repeat_those_in_their_place_are_lit(
    library: Library, birds: Document, words: str
) -> None:
    begin = span(birds, words)
    cited = Span(birds.id, begin.start, begin.start + len("They return in"))
    boxes = boxes_of(PageImages(library).draw(birds, 1), birds, cited)
    assert all((left > 0.5) == ("April" in words) for left, _, _, _ in boxes)


def test_words_of_another_page_are_not_lit(library: Library, birds: Document) -> None:
    page = PageImages(library).draw(birds, 1)
    assert boxes_of(page, birds, span(birds, "Terns breed on the sandbank.")) == []


def test_a_turned_page_has_its_boxes_where_its_words_are(library: Library, tmp_path: Path) -> None:
    data = pdf_file([[at(50, 700, "Cormorants dry their wings.")]], turn=90)
    document = put(library, tmp_path / "turned.pdf", data)
    page = PageImages(library).draw(document, 1)
    assert page.width > page.height
    boxes = boxes_of(page, document, Span(document.id, 0, len(document.text)))
    assert all(left > 0.8 for left, _, _, _ in boxes)  # what was above is at the right
    assert boxes[-1][3] - boxes[0][1] > 0.1


# --- what cannot be shown -----------------------------------------------------------------------


def refused(library: Library, document: Document, number: int = 1) -> str:
    with pytest.raises(PageNotShown) as raised:
        PageImages(library).draw(document, number)
    assert isinstance(raised.value, SourceError)
    return raised.value.problem


def test_a_file_that_has_changed_or_is_gone_is_not_shown(library: Library, birds: Document) -> None:
    path = Path(birds.source)
    path.write_bytes(pdf_file([[at(50, 700, "Something else is here.")]]))
    assert "changed" in refused(library, birds)
    path.unlink()
    assert "no longer" in refused(library, birds)


def test_a_file_that_was_only_copied_is_the_same(library: Library, birds: Document) -> None:
    state = Path(birds.source).stat()
    os.utime(birds.source, ns=(state.st_atime_ns, state.st_mtime_ns + 1_000_000_000))
    assert PageImages(library).draw(birds, 1).number == 1


def test_a_number_that_changed_in_a_file_is_noticed(library: Library, tmp_path: Path) -> None:
    path = tmp_path / "terns.pdf"
    document = put(library, path, pdf_file([[at(50, 700, "The colony has 40 pairs of terns.")]]))
    path.write_bytes(pdf_file([[at(50, 700, "The colony has 90 pairs of terns.")]]))
    os.utime(path, ns=(1, 1))
    assert "changed" in refused(library, document)


@pytest.mark.parametrize(
    "source", ["https://example.com/birds.pdf", "/srv/birds.txt", "/srv/birds.zip#birds.pdf"]
)
def test_what_is_no_pdf_file_is_not_shown(library: Library, source: str) -> None:
    assert refused(library, Document.of("a", "A", source, "Some text."))


@pytest.mark.parametrize("number", [0, 3, 10**8])
def test_a_page_that_is_not_there_is_refused(
    library: Library, birds: Document, number: int
) -> None:
    assert refused(library, birds, number)


def test_a_damaged_file_is_refused(library: Library, birds: Document) -> None:
    path = Path(birds.source)
    path.write_bytes(b"%PDF-1.7 nothing of use")
    state = path.stat()
    library.files.remember(birds.source, FileState(state.st_size, state.st_mtime_ns, "1"))
    assert "cannot be drawn" in refused(library, birds)


def test_a_page_as_large_as_a_wall_is_drawn_small(library: Library, tmp_path: Path) -> None:
    data = pdf_file([[at(50, 700, "A map of the whole coast.", 300)]])
    data = data.replace(b"[0 0 600 800]", b"[0 0 9e6 9e6]")
    document = put(library, tmp_path / "wall.pdf", data)
    page = PageImages(library).draw(document, 1)
    assert max(page.width, page.height) <= page_images.MAX_HEIGHT


def test_a_page_that_takes_too_long_is_given_up(
    library: Library, birds: Document, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    slow = tmp_path / "slow.py"
    slow.write_text("import time\ntime.sleep(60)\n")
    monkeypatch.setattr(page_images, "WORKER_SCRIPT", slow)
    monkeypatch.setattr(page_images, "TIMEOUT_S", 0.5)
    images = PageImages(library)
    began = time.monotonic()
    for _ in range(3):  # it is tried once
        with pytest.raises(PageNotShown, match="too long"):
            images.draw(birds, 1)
    assert time.monotonic() - began < 20


def test_a_page_is_drawn_once(
    library: Library, birds: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = PageImages(library)
    first = images.draw(birds, 1)
    monkeypatch.setattr(page_images, "WORKER_SCRIPT", Path("/nowhere"))
    assert images.draw(birds, 1) is first
