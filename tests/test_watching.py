"""`footnote index --watch`: changes of files are noticed once they have settled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from rag.ingest.watching import wait_for_changes
from tests.test_ingest import write


class Stopped(Exception):
    pass


def watched(folder: Path, *steps: Callable[[], object]) -> list[int]:
    """Do one of `steps` between two looks; after which of them, from 1, a change was told."""
    waiting: Iterator[Callable[[], object]] = iter(steps)
    done = 0

    def sleep(_: float) -> None:
        nonlocal done
        step = next(waiting, None)
        if step is None:
            raise Stopped
        step()
        done += 1

    told: list[int] = []
    try:
        for _ in wait_for_changes([folder], sleep=sleep):
            told.append(done)
    except Stopped:
        return told
    raise AssertionError("it goes on until it is stopped")


def nothing() -> None:
    pass


def test_a_change_is_told_when_the_next_look_finds_no_other(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", "one")
    assert watched(tmp_path, nothing, nothing) == []
    assert watched(tmp_path, lambda: write(tmp_path / "b.txt", "two"), nothing, nothing) == [2]
    growing = [lambda: write(tmp_path / "b.txt", "two and"), lambda: write(tmp_path / "b.txt", "2")]
    assert watched(tmp_path, *growing, nothing, nothing) == [3]
    assert watched(tmp_path, (tmp_path / "a.txt").unlink, nothing) == [2]


def test_files_of_other_kinds_and_a_folder_that_is_away_tell_nothing(tmp_path: Path) -> None:
    folder, away = tmp_path / "in", tmp_path / "away"
    write(folder / "a.txt", "one")
    assert watched(folder, lambda: write(folder / "a.tmp", "x"), nothing) == []
    gone, back = lambda: folder.rename(away), lambda: away.rename(folder)
    assert watched(folder, gone, nothing, nothing, back, nothing) == []
    assert watched(folder, lambda: write(folder / "b.md", "x"), nothing) == [2]
