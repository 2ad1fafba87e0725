"""Large folders: memory is bounded, and a run that is killed at any moment leaves the index whole.
Small sizes always, the full ones only where FULL_SCALE is set."""

from __future__ import annotations

import os
import random
import resource
import signal
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

from tests.test_crash import end, run, start
from tests.test_crash import forks as forks
from tests.test_ingest import Index, write

MEGABYTE = 1_000_000
FULL_TIMEOUT_S = 3_600.0
FULL = pytest.mark.skipif(
    "FULL_SCALE" not in os.environ, reason="takes up to an hour: set FULL_SCALE to run it"
)


def write_folder(folder: Path, files: int, paragraphs: int = 1) -> None:
    """Files of different words, and so old that their times tell the next change."""
    dice = random.Random(files)
    for number in range(files):
        sentences = (
            f"Parcel {dice.randrange(10**6)} of lane {number % 97} was sold in {1800 + n % 200}."
            for n in range(4 * paragraphs)
        )
        file = write(folder / f"{number % 100:02}" / f"{number}.txt", " ".join(sentences))
        os.utime(file, (1_600_000_000, 1_600_000_000))


def write_again(folder: Path, files: int, turn: int) -> None:
    """Change every third file."""
    for number in range(turn % 3, files, 3):
        file = folder / f"{number % 100:02}" / f"{number}.txt"
        write(
            file, f"In turn {turn} parcel {number} was sold anew. {file.read_text('utf-8')}"[:600]
        )
        os.utime(file, (1_600_000_000 + turn, 1_600_000_000 + turn))


def index_folder(home: Path, folder: Path) -> None:
    index = Index(home)
    index.run(folder)
    index.close()


def check_whole(home: Path) -> None:
    """Nothing of what is there is half."""
    index = Index(home)
    assert index.library.chunk_ids() <= index.vectors.ids()
    assert index.library.check.damage() == ""
    assert index.library.check.text_index_is_whole()
    assert list(index.library.check.changed_documents()) == []
    index.close()


def complete(home: Path, folder: Path, files: int) -> None:
    """Another run makes it as it is to be."""
    index = Index(home)
    index.run(folder)
    assert len(index.ids()) == files
    assert index.vectors.ids() == index.library.chunk_ids()
    index.close()


def index_and_note_memory(home: Path, folder: Path, noted: Path) -> None:
    """Note by how many bytes the peak of the memory grew."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    index_folder(home, folder)
    noted.write_text(str((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024))


@pytest.mark.parametrize(("kills", "files"), [(4, 150), pytest.param(30, 600, marks=FULL)])
def test_random_kills_leave_the_index_whole(
    forks: ForkServerContext, tmp_path: Path, kills: int, files: int
) -> None:
    dice = random.Random(kills)
    write_folder(tmp_path / "files", files)
    home = tmp_path / "home"
    killed = 0
    for turn in range(kills):
        write_again(tmp_path / "files", files, turn)
        process = start(forks, index_folder, home, tmp_path / "files")
        process.join(dice.uniform(0.1, 2))
        if process.exitcode is None:
            os.kill(process.pid or 0, signal.SIGKILL)
            process.join()
            killed += 1
        if dice.random() < 0.2:  # most kills meet what the last one left
            assert run(forks, check_whole, home) == 0
    assert killed >= kills // 2
    assert run(forks, check_whole, home) == 0
    assert run(forks, complete, home, tmp_path / "files", files) == 0


@pytest.mark.parametrize(
    ("files", "paragraphs", "most_mb"),
    [
        (40, 100, 300),
        pytest.param(1, 220_000, 1_500, marks=FULL),  # a file of 50 MB
        pytest.param(400, 2_200, 2_000, marks=FULL),  # of 200 MB: 400,000 vectors are in memory
    ],
)
def test_memory_is_bounded(
    forks: ForkServerContext, tmp_path: Path, files: int, paragraphs: int, most_mb: float
) -> None:
    write_folder(tmp_path / "files", files, paragraphs)
    noted = tmp_path / "noted"
    work = start(forks, index_and_note_memory, tmp_path / "home", tmp_path / "files", noted)
    assert end(work, FULL_TIMEOUT_S) == 0
    assert int(noted.read_text()) < most_mb * MEGABYTE
