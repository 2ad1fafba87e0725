"""A file that is damaged anywhere is read or refused with a remedy; it never ends a run."""

from __future__ import annotations

import random
import zipfile
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pytest

from eval.benchmarks.reading import known_files
from rag.errors import SourceError
from rag.ingest import readers
from rag.ingest.readers import read_page

FILES = [(Path(file.name).suffix, file.data) for file in known_files()]
RUNS = 20  # for each file


def damaged(data: bytes, chance: random.Random) -> bytes:
    """`data` with bytes changed, or cut short; of a zip archive, one of its parts."""
    if data.startswith(b"PK"):
        with zipfile.ZipFile(BytesIO(data)) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        name = chance.choice([name for name, part in parts.items() if part])
        parts[name] = scattered(parts[name], chance)
        file = BytesIO()
        with zipfile.ZipFile(file, "w") as written:
            for each, part in parts.items():
                written.writestr(each, part)
        return file.getvalue()
    cut = chance.randrange(1, len(data)) if chance.random() < 0.2 else len(data)
    return scattered(data[:cut], chance)


def scattered(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice([1, 3, 20])):
        at = chance.randrange(len(changed))
        width = chance.choice([1, 1, 30])
        changed[at : at + width] = bytes(chance.randrange(32, 127) for _ in range(width))
    return bytes(changed)


@pytest.mark.parametrize("number", range(len(FILES)))
def test_damage_anywhere_is_survived(number: int) -> None:
    suffix, data = FILES[number]
    chance = random.Random(number)
    for _ in range(RUNS):
        with suppress(SourceError):
            assert read_page("https://example.org/a", suffix, damaged(data, chance)).text.strip()


def test_an_error_of_a_library_is_one_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("rag.ingest.readers.pdf.lay_out", fail)
    monkeypatch.setattr("rag.ingest.readers.markdown.headline", fail)
    for suffix, data in ((".md", b"text"), *[each for each in FILES if each[0] == ".pdf"][:1]):
        with pytest.raises(SourceError):
            readers.read_page("https://example.org/a", suffix, data)
