"""Hostile and broken files: one sentence each, the rest goes on, within limits of time."""

from __future__ import annotations

import os
import time
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest

from rag.errors import SourceError
from rag.events import Failed, Updated
from rag.ingest import preparation
from rag.ingest.raw_source import Report
from rag.ingest.readers import FILE_SUFFIXES, read_file, read_page
from rag.types import Document
from tests.pdf_files import at, pdf_file
from tests.test_ingest import Index, kinds, write
from tests.word_files import p, r, word_file

SECONDS = 20.0  # of the processor, far more than is needed
PACKED = {".docx", ".epub", ".odt", ".pdf", ".pptx", ".xlsx", ".zip"}
WEIR = "The weir was built in 1802."
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    made = Index(tmp_path / "home")
    yield made
    made.close()


def read_or_refuse(suffix: str, data: bytes) -> str:
    """The text of a file, or of its error, which must come within `SECONDS`."""
    started = time.process_time()
    try:
        return read_page("https://example.org/a", suffix, data).text
    except SourceError as error:
        return str(error)
    finally:
        assert time.process_time() - started < SECONDS


def locked_zip() -> bytes:
    """An archive whose member says that it is encrypted."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("weir.txt", WEIR)
    data = bytearray(file.getvalue())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    return bytes(data)


def lying_zip() -> bytes:
    """An archive with a file of 3 MB that says it has ten bytes."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("weir.txt", b"weir " * 600_000)
    data = bytearray(file.getvalue())
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at_size = data.index(mark) + offset
        data[at_size : at_size + 4] = (10).to_bytes(4, "little")
    return bytes(data)


WRONG = {
    "encrypted.docx": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
    "locked.zip": locked_zip(),
    "lying.zip": lying_zip(),
    "page.pdf": b"<html><body><p>It is a page.</p></body></html>",
    "picture.md": PNG,
    "picture.html": PNG,
    "picture.csv": PNG,
    "word.pptx": word_file(p(r(WEIR))),
    "word.odt": word_file(p(r(WEIR))),
    "word.xlsx": word_file(p(r(WEIR))),
    "paper.docx": pdf_file([[at(50, 700, WEIR)]]),
    "paper.rtf": pdf_file([[at(50, 700, WEIR)]]),
    "cut.docx": word_file(p(r(WEIR)))[:-30],
    "cut.epub": word_file(p(r(WEIR)))[:-30],
    "empty.pdf": b"",
}


def test_each_bad_file_of_a_folder_is_one_sentence_and_the_rest_goes_on(
    index: Index, tmp_path: Path
) -> None:
    folder = tmp_path / "files"
    for name, data in WRONG.items():
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(data)
    write(folder / "a.txt", WEIR)
    write(folder / "z.txt", "It fell in 1999.")
    events = index.run(folder)
    failed = [event for event in events if isinstance(event, Failed)]
    assert {Path(each.source).name for each in failed} == set(WRONG)
    assert len(failed) == len(WRONG)
    assert all(each.error.endswith(".") and "\n" not in each.error for each in failed)
    assert index.ids() == ["a.txt", "z.txt"]


def test_twenty_thousand_empty_pages_are_refused_in_time() -> None:
    assert "no text" in read_or_refuse(".pdf", pdf_file([[]] * 20_000))


@pytest.mark.parametrize("suffix", [".html", ".epub", ".docx", ".odt", ".md", ".rst", ".rtf"])
def test_a_hundred_thousand_elements_inside_each_other_end(suffix: str) -> None:
    count = 100_000
    nested = f"{'<div>' * count}{WEIR}{'</div>' * count}"
    if suffix in (".docx", ".odt", ".epub"):
        file = BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in ("word/document.xml", "content.xml", "META-INF/container.xml"):
                archive.writestr(name, f"<d>{nested}</d>")
        data = file.getvalue()
    elif suffix == ".rtf":
        data = f"{{\\rtf1 {'{' * count}{WEIR}{'}' * count}}}".encode()
    else:
        data = (nested if suffix == ".html" else f"{'> ' * count}{WEIR}").encode()
    told = read_or_refuse(suffix, data)
    assert WEIR in told or told.startswith("The page ")


@pytest.mark.parametrize(
    "suffix",
    sorted({*FILE_SUFFIXES} - {".docx", ".epub", ".odt", ".pdf", ".pptx", ".xlsx", ".zip"}),
)
def test_one_line_of_megabytes_ends(suffix: str) -> None:
    line = "word, " * 200_000
    if suffix == ".jsonl":
        line = f'{{"text": "{line}"}}'
    if suffix == ".rtf":
        line = f"{{\\rtf1 {line}}}"
    assert len(read_or_refuse(suffix, line.encode())) > 20


def test_a_name_of_control_characters_is_indexed(index: Index, tmp_path: Path) -> None:
    write(tmp_path / "files" / "a\x1b[31m\n\tb.txt", WEIR)
    assert list(kinds(index.run(tmp_path / "files"))) == ["Added"]
    [id] = index.ids()
    assert index.library.document(id).text == WEIR


def test_a_file_that_changes_while_it_is_read_is_read_again(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "files" / "weir.txt", WEIR)
    os.utime(path, (1_600_000_000, 1_600_000_000))

    def change_after(file: Path, report: Report) -> list[Document]:
        found = read_file(file, report)
        write(file, f"{WEIR} It fell in 1999.")
        os.utime(file, (1_600_000_001, 1_600_000_001))
        return found

    with monkeypatch.context() as patched:
        patched.setattr(preparation, "read_file", change_after)
        index.run(tmp_path / "files")
    assert [type(event) for event in index.run(tmp_path / "files")] == [Updated]
    assert index.library.document("weir.txt").text.endswith("It fell in 1999.")


def test_what_is_no_file_is_passed_over(index: Index, tmp_path: Path) -> None:
    write(tmp_path / "files" / "a.txt", WEIR)
    os.mkfifo(tmp_path / "files" / "pipe.txt")
    (tmp_path / "files" / "round.txt").symlink_to(tmp_path / "files" / "round.txt")
    assert list(kinds(index.run(tmp_path / "files"))) == ["Added"]
