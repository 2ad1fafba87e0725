"""Uploaded files are kept whole, under names that harm nobody."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import SourceError
from rag.ingest.readers import FILE_SUFFIXES, MAX_FILE_BYTES
from ui.web.uploads import MAX_NAME_BYTES, delete_upload, safe_name, save_uploads


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "articles"


def upload(tmp_path: Path, name: str, data: bytes = b"Talks resume.") -> Path:
    file = tmp_path / "uploads" / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(data)
    return file


def refusal(file: Path, folder: Path) -> SourceError:
    with pytest.raises(SourceError) as caught:
        save_uploads([file], folder)
    return caught.value


# --- names -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("Talks resume.txt", "Talks resume.txt"),
        ("Gespräche – 日本.PDF", "Gespräche – 日本.pdf"),
        ("../../etc/passwd.txt", "passwd.txt"),
        ("..\\..\\boot.txt", "boot.txt"),
        ("C:\\a\\b.txt", "b.txt"),
        ("...hidden.txt", "hidden.txt"),
        ("-rf.txt", "rf.txt"),
        (".-. .txt", "article.txt"),
        (".txt", "article.txt"),
        ("..", "article."),
        ("", "article"),
        ("a\x00b\x1b[31m\nc.txt", "ab[31m c.txt"),
        ("exe\u202etxt.md", "exetxt.md"),
        ("a\u200f\u2066\ufeff\u00adb.txt", "ab.txt"),
        ('a<b>:"c|?*.txt', "a_b___c___.txt"),
        ("CON.txt", "_CON.txt"),
        ("com1.tar.txt", "_com1.tar.txt"),
        ("control.txt", "control.txt"),
        (" a  b . .txt ", "a b.txt"),
        ("\ud800a.txt", "a.txt"),
    ],
)
def test_a_name_is_made_safe(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@given(st.text(st.sampled_from("./\\-:\u202e\x00 aé日C") | st.characters(), max_size=300))
def test_any_name_is_made_safe(name: str) -> None:
    safe = safe_name(f"{name}.txt")
    assert safe == os.path.basename(safe)
    assert safe.endswith(".txt")
    assert 4 < len(safe.encode()) <= MAX_NAME_BYTES
    assert safe[0] not in ".- "
    assert safe.isprintable()
    assert not set(safe) & set('/\\<>:"|?*\x00')
    assert safe_name(safe) == safe


def test_long_names_stay_apart() -> None:
    one, two = (safe_name(f"{'ü' * 300}{end}.txt") for end in ("one", "two"))
    assert one != two
    assert len(one.encode()) <= MAX_NAME_BYTES
    assert one.startswith("üüü")


# --- keeping ---------------------------------------------------------------------------------


def test_a_file_is_kept_as_it_is(tmp_path: Path, folder: Path) -> None:
    one, two = upload(tmp_path, "one.txt"), upload(tmp_path, "two.MD", b"# Two\r\n\xff")
    kept = save_uploads([one, two], folder)
    assert kept == [folder / "one.txt", folder / "two.md"]
    assert [file.read_bytes() for file in kept] == [b"Talks resume.", b"# Two\r\n\xff"]
    assert one.exists()
    assert sorted(folder.iterdir()) == kept


def test_the_same_file_twice_is_kept_once(tmp_path: Path, folder: Path) -> None:
    file = upload(tmp_path, "one.txt")
    [kept] = save_uploads([file], folder)
    before = kept.stat()
    assert save_uploads([file], folder) == [kept]
    assert kept.stat().st_ino == before.st_ino  # untouched
    assert list(folder.iterdir()) == [kept]


def test_another_file_of_that_name_replaces_it(tmp_path: Path, folder: Path) -> None:
    save_uploads([upload(tmp_path, "one.txt")], folder)
    [kept] = save_uploads([upload(tmp_path, "one.txt", b"Talks ended. ")], folder)
    assert kept.read_bytes() == b"Talks ended. "
    assert list(folder.iterdir()) == [kept]


def test_a_link_in_the_folder_is_replaced_not_followed(tmp_path: Path, folder: Path) -> None:
    secret = tmp_path / "secret.txt"
    for text in (b"Not yours.", b"Talks resume."):  # of the same bytes, too
        secret.write_bytes(text)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "one.txt").symlink_to(secret)
        [kept] = save_uploads([upload(tmp_path, "one.txt")], folder)
        assert not kept.is_symlink()
        assert kept.read_bytes() == b"Talks resume."
        assert secret.read_bytes() == text


def test_a_link_is_not_taken_for_a_file(tmp_path: Path, folder: Path) -> None:
    secret = upload(tmp_path, "secret.txt")
    (tmp_path / "link.txt").symlink_to(secret)
    refusal(tmp_path / "link.txt", folder)
    assert not folder.exists()


# --- what is not kept ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.exe", "a", "a.txt.gz", "a.svg"])
def test_an_unknown_kind_is_refused(tmp_path: Path, folder: Path, name: str) -> None:
    error = refusal(upload(tmp_path, name), folder)
    assert "unknown kind" in error.problem
    assert all(suffix in error.remedy for suffix in FILE_SUFFIXES)


def test_empty_missing_and_huge_files_are_refused(tmp_path: Path, folder: Path) -> None:
    huge = upload(tmp_path, "huge.txt")
    os.truncate(huge, MAX_FILE_BYTES + 1)
    assert "over" in refusal(huge, folder).problem
    assert "empty" in refusal(upload(tmp_path, "a.txt", b""), folder).problem
    assert "empty" in refusal(tmp_path / "missing.txt", folder).problem
    assert "empty" in refusal(tmp_path / ("a" * 5000 + ".txt"), folder).problem


def test_one_bad_file_keeps_the_others_out(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(SourceError):
        save_uploads([upload(tmp_path, "a.txt"), upload(tmp_path, "b.exe")], folder)
    assert not folder.exists()


@pytest.mark.parametrize(
    ("number", "problem"),
    [(errno.ENOSPC, "There is no room left"), (errno.EIO, "cannot be kept")],
)
def test_of_a_file_that_could_not_be_written_nothing_stays(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, number: int, problem: str
) -> None:
    [kept] = save_uploads([upload(tmp_path, "a.txt")], folder)

    def write_some(source: Any, target: Any) -> None:
        target.write(source.read(5))
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(shutil, "copyfileobj", write_some)
    error = refusal(upload(tmp_path, "a.txt", b"Talks ended."), folder)
    assert problem in error.problem
    assert kept.read_bytes() == b"Talks resume."
    assert list(folder.iterdir()) == [kept]


def test_a_folder_that_is_in_the_way_is_named(tmp_path: Path, folder: Path) -> None:
    (folder / "a.txt" / "inside").mkdir(parents=True)
    assert "a.txt cannot be kept" in refusal(upload(tmp_path, "a.txt"), folder).problem
    assert [file.name for file in folder.iterdir()] == ["a.txt"]
    folder.parent.joinpath("b").write_text("a file")
    refusal(upload(tmp_path, "a.txt"), folder.parent / "b")


# --- forgetting ------------------------------------------------------------------------------


def test_only_a_kept_file_is_deleted(tmp_path: Path, folder: Path) -> None:
    own = upload(tmp_path, "own.txt")
    [kept] = save_uploads([own], folder)
    (folder / "sub").mkdir()
    inside = folder / "sub" / "a.txt"
    inside.write_text("text")
    for file in (own, inside, kept, kept, Path("https://example.org/a")):
        delete_upload(file, folder)
    assert own.exists()
    assert inside.exists()
    assert not kept.exists()
