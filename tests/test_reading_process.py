"""Hostile files do no more than fail: each is refused in a sentence, and the next one is read."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from rag.errors import SourceError
from rag.events import Failed, Warned
from rag.ingest import readers
from rag.ingest.reading_process import ReadingLimits, ReadingProcess
from tests.pdf_files import at, pdf_file
from tests.test_reading_files import docx

MEMORY_BYTES = 400_000_000
SENTENCE = "The weir was rebuilt in 1931."


@pytest.fixture(scope="module")
def process() -> Iterator[ReadingProcess]:
    reading = ReadingProcess(ReadingLimits(60, MEMORY_BYTES, pages=20))
    yield reading
    reading.close()


def refusal(process: ReadingProcess, file: Path) -> str:
    """What is said of a file that is refused; another one can be read after it."""
    started = time.monotonic()
    with pytest.raises(SourceError) as caught:
        process.read_file(file)
    assert time.monotonic() - started < 60
    assert file.name in caught.value.problem
    good = file.with_name("good.txt")
    good.write_text(SENTENCE)
    assert process.read_file(good)[0].text == SENTENCE
    return str(caught.value)


@pytest.mark.parametrize("name", ["weir.txt", "weir.md", "weir.html", "weir.docx", "weir.pdf"])
def test_a_file_reads_as_it_does_in_this_process(
    process: ReadingProcess, tmp_path: Path, name: str
) -> None:
    file = tmp_path / name
    made = {".docx": docx(SENTENCE), ".pdf": pdf_file([[at(50, 700, SENTENCE)]])}
    file.write_bytes(made.get(file.suffix, SENTENCE.encode()))
    assert process.read_file(file) == readers.read_file(file)


def test_problems_and_names_that_are_no_unicode_pass_as_they_are(
    process: ReadingProcess, tmp_path: Path
) -> None:
    file = tmp_path / "a\udcff.jsonl"
    file.write_text(f'{{"id": "w", "text": "{SENTENCE}"}}\nnonsense\n')
    found: list[Failed | Warned] = []
    expected: list[Failed | Warned] = []
    assert process.read_file(file, found.append) == readers.read_file(file, expected.append)
    assert found == expected != []


def test_a_page_is_read_with_its_charset(process: ReadingProcess) -> None:
    url, data = "https://news.example/a", "<p>Größe</p>".encode("latin-1")
    read = process.read_page(url, ".html", data, "iso-8859-1")
    assert read == readers.read_page(url, ".html", data, "iso-8859-1")
    with pytest.raises(SourceError, match="The page"):
        process.read_page(url, ".pdf", b"%PDF-1.4 nothing")


def test_a_reader_that_crashes_is_told_and_replaced(
    process: ReadingProcess, tmp_path: Path
) -> None:
    slow = tmp_path / "slow.docx"
    slow.write_bytes(docx("word " * 2_000_000))
    process.read_file(_written(tmp_path / "warm.txt", SENTENCE))
    child = process._child
    assert child is not None
    killer = threading.Timer(0.05, child.kill)
    killer.start()
    assert "made its reader crash" in refusal(process, slow)
    assert process._child is not child


def test_a_file_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    slow = tmp_path / "slow.docx"
    slow.write_bytes(docx("word " * 2_000_000))
    hasty = ReadingProcess(ReadingLimits(seconds=0.3))
    try:
        with pytest.raises(SourceError, match=r"slow\.docx takes over 0\.3 seconds to read"):
            hasty.read_file(slow)
    finally:
        hasty.close()


def test_memory_is_limited(process: ReadingProcess, tmp_path: Path) -> None:
    file = tmp_path / "greedy.docx"
    file.write_bytes(docx("</w:t></w:r></w:p><w:p><w:r><w:t>a" * 1_000_000))
    assert len(file.read_bytes()) < 1_000_000
    assert "greedy.docx takes too much memory" in refusal(process, file)


def test_a_pdf_of_very_many_pages_is_refused_at_once(
    process: ReadingProcess, tmp_path: Path
) -> None:
    file = tmp_path / "long.pdf"
    file.write_bytes(pdf_file([[at(50, 700, SENTENCE)]] * 21))
    assert "has 21 pages, over 20" in refusal(process, file)


@pytest.mark.parametrize("ending", [".docx", ".zip"])
def test_no_more_is_unpacked_than_an_archive_claims(
    process: ReadingProcess, tmp_path: Path, ending: str
) -> None:
    """An archive of half a megabyte whose only part claims 1,000 bytes and holds 500 million."""
    inner = {".docx": "word/document.xml", ".zip": "a.txt"}[ending]
    file = tmp_path / f"bomb{ending}"
    file.write_bytes(lying_archive(inner, 500_000_000, claimed=1_000))
    before = time.monotonic()
    refusal(process, file)
    assert time.monotonic() - before < 5


def lying_archive(name: str, size: int, claimed: int) -> bytes:
    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as archive, archive.open(name, "w") as part:
        for _ in range(size // 1_000_000):
            part.write(b"a" * 1_000_000)
    data = packed.getvalue()
    return data.replace(struct.pack("<L", size), struct.pack("<L", claimed))


DEEP = 200_000
NESTED = {
    "deep.html": "<div>" * DEEP + SENTENCE,
    "deep.md": "> " * DEEP + SENTENCE,
    "deep.jsonl": '{"text": ' + "[" * DEEP,
    "deep.rtf": "{\\rtf1 " + "{" * DEEP + SENTENCE,
    "deep.rst": "".join(f"{' ' * n}* a\n\n" for n in range(500)) + SENTENCE,
}


@pytest.mark.parametrize("name", NESTED)
def test_depth_is_no_danger(process: ReadingProcess, tmp_path: Path, name: str) -> None:
    """It is read or refused, and the process answers the next request."""
    file = _written(tmp_path / name, NESTED[name])
    with suppress(SourceError):
        process.read_file(file)
    assert process.read_file(_written(tmp_path / "good.txt", SENTENCE))[0].text == SENTENCE


def test_entities_and_elements_inside_each_other_of_an_office_file_are_refused(
    process: ReadingProcess, tmp_path: Path
) -> None:
    secret = _written(tmp_path / "secret.txt", "the secret of the weir")
    entity = f'<!DOCTYPE a [<!ENTITY secret SYSTEM "{secret.as_uri()}">]>'
    for text in (f"{entity}<a>&secret;</a>", "<a>" * 10_000 + "</a>" * 10_000):
        packed = BytesIO()
        with ZipFile(packed, "w") as archive:
            archive.writestr("word/document.xml", text)
        file = tmp_path / "entity.docx"
        file.write_bytes(packed.getvalue())
        assert "the secret" not in refusal(process, file)


def test_nothing_that_a_page_names_is_fetched(process: ReadingProcess, tmp_path: Path) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        listening.settimeout(0.5)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        tags = (
            f'<link rel=stylesheet href="{url}a"><img src="{url}b"><iframe src="{url}c"></iframe>'
        )
        process.read_file(_written(tmp_path / "page.html", f"{tags}<p>{SENTENCE}</p>"))
        with pytest.raises(TimeoutError):
            listening.accept()


def test_a_child_ends_when_it_is_no_longer_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.ingest.reading_process.IDLE_S", 0.2)
    reading = ReadingProcess()
    reading.read_file(_written(tmp_path / "a.txt", SENTENCE))
    child = reading._child
    assert child is not None
    child.wait(30)
    assert reading.read_file(tmp_path / "a.txt")
    reading.close()


def _written(file: Path, text: str) -> Path:
    file.write_text(text)
    return file
