"""Reads the files in a zip archive, each as if it stood in a folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from io import BytesIO
from pathlib import PurePosixPath
from zipfile import ZipFile, ZipInfo

from rag.errors import SourceError
from rag.ingest.raw_source import RawSource, source_error
from rag.types import Document

MAX_FILES = 10_000
MAX_UNPACKED_BYTES = 200_000_000  # of all files together
_MAX_BYTES = 100_000_000  # of one

Readers = Mapping[str, Callable[[RawSource], list[Document]]]


def read_archive(raw: RawSource, readers: Readers) -> list[Document]:
    """The documents of the files in an archive that `readers` know by their endings.

    What fails is reported, and what is of other kinds counted; archives in it are of other kinds.
    """
    documents: list[Document] = []
    passed_over = Counter[str]()
    try:
        with ZipFile(BytesIO(raw.data)) as archive:
            members = _members(raw, archive)
            for member in members:
                path = PurePosixPath(member.filename)
                if path.suffix.lower() not in readers:
                    passed_over[path.suffix.lower() or "no ending"] += 1
                    continue
                name = member.filename
                inner = replace(
                    raw,
                    id=f"{raw.id}#{name}",
                    source=f"{raw.source}#{name}",
                    name=f"{name} in {raw.name}",
                    fallback_title=path.stem,
                    data=_unpacked(archive, member),
                    charset="",
                )
                documents += _read(inner, readers[path.suffix.lower()])
    except SourceError:
        raise
    except Exception as error:  # zip files fail in many ways
        raise source_error(
            raw.name, "is damaged, locked or not .zip", "Unpack it and give the folder."
        ) from error
    if passed_over:
        kinds = ", ".join(f"{count} {kind}" for kind, count in passed_over.most_common(5))
        raw.warn(f"{raw.name} has files of other kinds, which were left out ({kinds}).")
    if not documents:
        raise source_error(
            raw.name, "has no file that can be read", f"Give one of {', '.join(readers)}."
        )
    return documents


def _read(raw: RawSource, reader: Callable[[RawSource], list[Document]]) -> list[Document]:
    try:
        return reader(raw) if raw.data.strip() else []
    except SourceError as error:
        raw.fail(error)
        return []


def _unpacked(archive: ZipFile, member: ZipInfo) -> bytes:
    """A file of the archive: no more of it than was counted, should its stated size be wrong."""
    with archive.open(member) as file:
        return file.read(member.file_size)


def _members(raw: RawSource, archive: ZipFile) -> list[ZipInfo]:
    """The files of the archive, in order; those that a folder would hide are left out."""
    members = sorted(_visible(archive), key=lambda each: each.filename)
    total = sum(each.file_size for each in members)
    if len(members) > MAX_FILES or total > MAX_UNPACKED_BYTES:
        raise source_error(raw.name, "unpacks to far too much", "Unpack it and give the folder.")
    if any(each.file_size > _MAX_BYTES for each in members):
        raise source_error(
            raw.name, f"has a file of over {_MAX_BYTES:,} bytes", "Split it into smaller files."
        )
    return members


def _visible(archive: ZipFile) -> Iterator[ZipInfo]:
    for each in archive.infolist():
        parts = PurePosixPath(each.filename).parts
        if not each.is_dir() and not any(part.startswith((".", "__MACOSX")) for part in parts):
            yield each
