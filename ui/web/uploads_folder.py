"""A private temporary folder for what Gradio writes, uploaded files above all.

By default that is one folder for everybody on the machine, and it is never emptied. What a server
that was killed has left is removed when the next one starts.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

PREFIX = "footnote-"
LOCK = "in-use.lock"


@contextmanager
def uploads_folder() -> Iterator[Path]:
    """The folder, which Gradio uses where it is first imported within this block; gone at its end.
    Only this user may look into it."""
    remove_left_folders()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    try:
        with FileLock(folder / LOCK, thread_local=False):
            os.environ.setdefault("GRADIO_TEMP_DIR", str(folder))
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_left_folders() -> None:
    """Remove such folders of this user that no server uses any more."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        lock = folder / LOCK
        with suppress(OSError, Timeout):
            is_ours = not folder.is_symlink() and (os.name != "posix" or _owner(folder))
            if is_ours and lock.is_file():
                with FileLock(lock, timeout=0, thread_local=False):
                    pass
                shutil.rmtree(folder)


def _owner(folder: Path) -> bool:
    return folder.lstat().st_uid == os.getuid()


def discard(file: Path) -> None:
    """Delete an uploaded file that is stored elsewhere now, with the folder that Gradio made for
    it; a file outside of Gradio's folder is left alone."""
    from gradio.utils import get_upload_folder

    folder = Path(get_upload_folder())
    with suppress(OSError):
        if file.resolve().is_relative_to(folder.resolve()):
            file.unlink()
            file.parent.rmdir()
