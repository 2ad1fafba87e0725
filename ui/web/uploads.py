"""Stores uploaded files under safe names.

A browser sends the name of a file, so it cannot be trusted; the file appears whole or not at all. A
file of the same name replaces the one before: that is how an article is updated.
"""

from __future__ import annotations

import filecmp
import hashlib
import os
import re
import shutil
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from rag import FILE_SUFFIXES, MAX_FILE_BYTES
from rag.errors import SourceError
from ui.web.full_disk import NO_ROOM

MAX_NAME_BYTES = 120  # in UTF-8, the ending included

_FORBIDDEN = re.compile(r'[<>:"|?*]')  # in a name, on Windows
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)", re.IGNORECASE)


def save_uploads(files: Sequence[Path], folder: Path) -> list[Path]:
    """Copy `files` into `folder`, which is made where missing; where each one now is.

    Raises `SourceError` before anything is copied when one is of an unknown kind, empty or over
    `rag.MAX_FILE_BYTES`; and when one cannot be written, of which nothing stays then.
    """
    names = [_checked(file) for file in files]
    return [_copied(file, folder, name) for file, name in zip(files, names, strict=True)]


def delete_upload(file: Path, folder: Path) -> None:
    """Delete a file that `save_uploads` put into `folder`; any other file is left alone."""
    if file.parent.resolve() == folder.resolve():
        with suppress(OSError):  # gone already, or it stays: the index no longer holds it
            file.unlink()


def safe_name(name: str) -> str:
    """A name for a file, whatever `name` holds: one part, visible, no longer than allowed.

    It begins with neither a dot nor a dash, and its ending is in small letters.
    """
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    shown = "".join(c for c in last if c.isspace() or unicodedata.category(c)[0] != "C")
    shown = _FORBIDDEN.sub("_", " ".join(shown.split()))
    stem, dot, ending = shown.rpartition(".")
    stem = stem.lstrip(".- ").rstrip(". ") or "article"
    if _RESERVED.match(stem):
        stem = f"_{stem}"
    return _fitted(stem, f"{dot}{ending.lower()}")


def _fitted(stem: str, ending: str) -> str:
    """The name cut to size, with a hash of all of it, so that long names stay different."""
    data = stem.encode()
    room = MAX_NAME_BYTES - len(ending.encode())
    if len(data) <= room:
        return stem + ending
    mark = f"-{hashlib.sha256(data).hexdigest()[:8]}"
    return data[: max(room - len(mark), 0)].decode(errors="ignore").rstrip(". ") + mark + ending


def _checked(file: Path) -> str:
    """The name under which `file` will be stored. Raises `SourceError`."""
    name = safe_name(file.name)
    if Path(name).suffix not in FILE_SUFFIXES:
        raise SourceError(
            f"{_shown(name)} is of an unknown kind.", f"Give one of {', '.join(FILE_SUFFIXES)}."
        )
    try:
        size = file.lstat().st_size if file.is_file() and not file.is_symlink() else 0
    except OSError:
        size = 0
    if not size:
        raise SourceError(f"{_shown(name)} is empty.", "Choose a file with text in it.")
    if size > MAX_FILE_BYTES:
        raise SourceError(
            f"{_shown(name)} is over {MAX_FILE_BYTES:,} bytes.", "Split it into parts."
        )
    return name


def _copied(file: Path, folder: Path, name: str) -> Path:
    target = folder / name
    with _translated(name):
        folder.mkdir(parents=True, exist_ok=True)
        same = target.is_file() and not target.is_symlink()
        if not (same and filecmp.cmp(file, target, shallow=False)):
            _write(file, target)
    return target


def _write(file: Path, target: Path) -> None:
    """All of it under another name first, so that no reader ever sees a part."""
    with NamedTemporaryFile(dir=target.parent, prefix=".upload-", delete=False) as half:
        try:
            with file.open("rb") as source:
                shutil.copyfileobj(source, half)
            half.flush()
            os.fsync(half.fileno())
            half.close()
            os.replace(half.name, target)
        except BaseException:
            half.close()
            os.unlink(half.name)
            raise


@contextmanager
def _translated(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in NO_ROOM:
            raise SourceError(
                f"There is no room left to keep {_shown(name)}.", "Free some space and try again."
            ) from error
        raise SourceError(
            f"{_shown(name)} cannot be kept ({error.strerror}).",
            "Check that the data directory may be written to.",
        ) from error


def _shown(name: str) -> str:
    return name if len(name) <= 60 else f"{name[:40]}…{name[-15:]}"
