"""Nothing is lost silently: folders that are away, files that moved, files that are passed over."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.errors import SourceError
from rag.events import Failed, IngestEvent, Moved, PassedOver, Removed, Skipped
from rag.ingest import preparation
from rag.ingest.pipeline import preview, remove
from rag.ingest.raw_source import Report
from rag.ingest.readers import read_file
from rag.store.relocation import relocate, relocate_all
from rag.types import Citation, Document, Span
from tests.test_ingest import Index, kinds, write

MILL = "The old mill\n\nThe mill ground rye until 1911. Its wheel is of oak."
BARN = "The barn\n\nThe barn burnt down in 1954."


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    made = Index(tmp_path / "home")
    yield made
    made.close()


@pytest.fixture
def drive(tmp_path: Path) -> Path:
    """A folder with two articles, one of them in a folder of it."""
    write(tmp_path / "drive" / "mill.txt", MILL)
    write(tmp_path / "drive" / "farm" / "barn.txt", BARN)
    return tmp_path / "drive"


def settled(*files: Path) -> None:
    """Make files look as if they had changed an hour ago."""
    for file in files:
        then = file.stat().st_mtime - 3600
        os.utime(file, (then, then))


def files_of(index: Index) -> list[Path]:
    """As `footnote index` without a path names them."""
    return [Path(each.source) for each in index.library.files.known()]


def cite(index: Index, id: str, quote: str) -> Citation:
    start = index.library.document(id).text.index(quote)
    return Citation(1, Span(id, start, start + len(quote)), quote)


def failures(events: list[IngestEvent]) -> list[Failed]:
    return [event for event in events if isinstance(event, Failed)]


# --- folders that are away -------------------------------------------------------------------


def test_documents_of_a_folder_that_is_away_are_kept(index: Index, drive: Path) -> None:
    index.run(drive)
    drive.rename(drive.with_name("elsewhere"))
    [failed] = index.run(*files_of(index))
    assert isinstance(failed, Failed)
    assert failed.source == str(drive)
    assert "2 documents" in failed.error
    assert "footnote remove" in failed.error
    assert index.ids() == ["farm/barn.txt", "mill.txt"]
    drive.with_name("elsewhere").rename(drive)
    assert set(kinds(index.run(*files_of(index)))) == {"Skipped"}


def test_a_file_whose_own_folder_is_away_is_kept_too(index: Index, drive: Path) -> None:
    index.run(drive / "mill.txt")
    drive.rename(drive.with_name("elsewhere"))
    assert [type(event) for event in index.run(drive / "mill.txt")] == [Failed]
    assert index.ids() == ["mill.txt"]


def test_a_folder_in_the_named_one_that_is_gone_was_deleted(index: Index, drive: Path) -> None:
    index.run(drive)
    shutil.rmtree(drive / "farm")
    assert kinds(index.run(*files_of(index)))["Removed"] == ["farm/barn.txt"]


def test_an_empty_mount_point_is_no_deletion(
    index: Index, drive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.run(drive)
    shutil.rmtree(drive)
    drive.mkdir()
    device = drive.stat().st_dev
    index.library.files.add_root(str(drive), device + 1)  # it was on another file system
    assert [type(event) for event in index.run(drive)] == [Failed]
    assert index.ids() == ["farm/barn.txt", "mill.txt"]
    index.library.files.add_root(str(drive), device)
    assert set(kinds(index.run(drive))) == {"Removed"}


def test_a_missing_folder_that_is_named_is_an_error(index: Index, drive: Path) -> None:
    index.run(drive)
    drive.rename(drive.with_name("elsewhere"))
    with pytest.raises(SourceError):
        index.run(drive)
    assert len(index.ids()) == 2


# --- files that moved ------------------------------------------------------------------------


def test_a_renamed_file_keeps_its_id_and_its_citations(index: Index, drive: Path) -> None:
    index.run(drive)
    cited = cite(index, "mill.txt", "Its wheel is of oak.")
    calls = len(index.embedder.calls)
    (drive / "mill.txt").rename(drive / "water-mill.txt")
    events = index.run(drive)
    assert Moved("mill.txt", str(drive / "water-mill.txt")) in events
    assert not [event for event in events if isinstance(event, Removed)]
    assert index.library.document("mill.txt").source == str(drive / "water-mill.txt")
    assert relocate(cited, index.library).state == "same"
    assert len(index.embedder.calls) == calls
    write(drive / "mill.txt", "Another mill stands at the lake.")
    assert "drive/mill.txt" in kinds(index.run(drive))["Added"]
    assert index.ids() == ["drive/mill.txt", "farm/barn.txt", "mill.txt"]
    index.check()


def test_a_moved_folder_is_the_same_documents(index: Index, drive: Path) -> None:
    index.run(drive)
    there = drive.with_name("elsewhere")
    drive.rename(there)
    assert kinds(index.run(there)) == {"Moved": ["farm/barn.txt", "mill.txt"]}
    assert set(kinds(index.run(there))) == {"Skipped"}


def test_a_copy_is_a_document_of_its_own_and_stands_in_for_the_first(
    index: Index, drive: Path
) -> None:
    index.run(drive)
    cited = cite(index, "mill.txt", "The mill ground rye until 1911.")
    shutil.copy(drive / "mill.txt", drive / "copy.txt")
    assert kinds(index.run(drive))["Added"] == ["copy.txt"]
    (drive / "mill.txt").unlink()
    assert kinds(index.run(drive))["Removed"] == ["mill.txt"]
    found = relocate(cited, index.library)
    assert found.state == "same"
    assert found.span == Span("copy.txt", cited.span.start, cited.span.end)


def test_a_document_of_another_index_is_known_by_its_digest(index: Index, drive: Path) -> None:
    index.run(drive)
    quote = "Its wheel is of oak."
    place = cite(index, "mill.txt", quote).span
    digest = index.library.digests()["mill.txt"]
    cited = Citation(1, Span("once.txt", place.start, place.end), quote)
    assert relocate(cited, index.library).state == "gone"
    assert relocate_all([cited], index.library, (), {"once.txt": digest})[0].state == "same"


def test_two_files_that_change_names_keep_their_citations(index: Index, drive: Path) -> None:
    write(drive / "barn.txt", BARN.replace("1954", "1955"))
    index.run(drive)
    cited = cite(index, "mill.txt", "Its wheel is of oak.")
    digests = index.library.digests()
    (drive / "mill.txt").rename(drive / "x")
    (drive / "barn.txt").rename(drive / "mill.txt")
    (drive / "x").rename(drive / "barn.txt")
    assert kinds(index.run(drive))["Updated"] == ["barn.txt", "mill.txt"]
    [found] = relocate_all([cited], index.library, (), digests)
    assert found.span
    assert (found.state, found.span.document_id) == ("same", "barn.txt")


def test_a_document_that_comes_back_has_its_old_id(index: Index, drive: Path) -> None:
    index.run(drive)
    cited = cite(index, "farm/barn.txt", "The barn burnt down in 1954.")
    parts = {
        "library": index.library,
        "vectors": index.vectors,
        "lock": index.lock,
    }
    remove("farm/barn.txt", **parts)  # type: ignore[arg-type]
    assert relocate(cited, index.library).state == "gone"
    settled(drive / "farm" / "barn.txt")
    assert kinds(index.run(drive / "farm"))["Added"] == ["farm/barn.txt"]
    assert relocate(cited, index.library).state == "same"
    index.check()


def test_records_of_a_renamed_file_keep_their_ids(index: Index, tmp_path: Path) -> None:
    lines = '{"id": "a", "text": "The weir is long."}\n{"id": "b", "text": "The dam is high."}'
    file = write(tmp_path / "old.jsonl", lines)
    index.run(file)
    new = file.rename(tmp_path / "new.jsonl")
    assert kinds(index.run(new)) == {"Moved": ["old.jsonl#a", "old.jsonl#b"]}


# --- files that are passed over, unchanged or looked at only -----------------------------------


def test_files_of_other_kinds_are_counted_by_their_ending(index: Index, drive: Path) -> None:
    for name in ("a.JPG", "farm/b.jpg", "c.bin", "Makefile", ".hidden.jpg"):
        write(drive / name, "x")
    [passed] = [event for event in index.run(drive) if isinstance(event, PassedOver)]
    assert dict(passed.endings) == {".jpg": 2, ".bin": 1, "no ending": 1}
    assert passed.endings[0] == (".jpg", 2)
    assert not [event for event in index.run(drive / "farm") if isinstance(event, Failed)]


def test_an_unchanged_file_is_not_read_again(
    index: Index, drive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled(drive / "mill.txt", drive / "farm" / "barn.txt")
    index.run(drive)
    read: list[str] = []

    def recorded(path: Path, report: Report) -> list[Document]:
        read.append(path.name)
        return read_file(path, report)

    monkeypatch.setattr(preparation, "read_file", recorded)
    assert index.run(drive) == [Skipped("farm/barn.txt"), Skipped("mill.txt")]
    assert read == []
    write(drive / "mill.txt", MILL.replace("oak", "elm"))
    assert kinds(index.run(drive))["Updated"] == ["mill.txt"]
    assert read == ["mill.txt"]


def test_a_file_that_changed_a_moment_ago_is_read_again(index: Index, drive: Path) -> None:
    before = (drive / "mill.txt").stat()
    index.run(drive)
    write(drive / "mill.txt", MILL.replace("oak", "elm"))
    os.utime(drive / "mill.txt", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert kinds(index.run(drive))["Updated"] == ["mill.txt"]


def test_a_preview_tells_what_would_be_done_and_does_nothing(index: Index, drive: Path) -> None:
    index.run(drive)
    held = {id: index.library.document(id) for id in index.ids()}
    write(drive / "new.txt", "A new bridge was built.")
    write(drive / "farm" / "barn.txt", BARN.replace("1954", "1956"))
    (drive / "mill.txt").rename(drive / "moved.txt")
    events = list(preview([drive], library=index.library))
    assert kinds(events) == {
        "Added": ["new.txt"],
        "Updated": ["farm/barn.txt"],
        "Moved": ["mill.txt"],
    }
    assert {id: index.library.document(id) for id in index.ids()} == held
    assert kinds(index.run(drive)) == kinds(events)


def test_index_files_torn_by_a_kill_before_they_were_written_lose_nothing(
    index: Index, drive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index.vectors, "write_index", lambda: None)
    index.run(drive)
    index.close()
    headers = list((index.home / "vectors").rglob("header.bin"))
    assert headers
    for header in headers:
        header.write_bytes(b"")
    again = Index(index.home)
    again.check()
    again.close()
