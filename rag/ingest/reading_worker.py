"""The child process that reads files, for `rag.ingest.reading_process`.

Run as a script: ``MEMORY SECONDS``, the bytes of address space and the seconds that it may take for
a file. It limits itself first; it may write no file, and reaches no network where the system lets
it give that up.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

FULL = 0.5  # of the memory that it may take: then it is to be replaced
EXTRA_S = 5  # after which it ends by itself, should its parent be gone
MAX_REQUEST_BYTES = 200_000_000
XML_NO_MEMORY = 2  # of libxml2's errors
CLONE_NEWNET, CLONE_NEWUSER = 0x40000000, 0x10000000  # of Linux' unshare(2)


def serve(requests: IO[bytes], replies: IO[bytes], memory: int, seconds: float) -> None:
    """Read what is asked for, until the input ends."""
    from rag.ingest.reading_process import read_message, write_message

    while True:
        try:
            asked = json.loads(read_message(requests, MAX_REQUEST_BYTES))
            data = read_message(requests, MAX_REQUEST_BYTES)
        except EOFError:
            return
        _alarm(seconds + EXTRA_S)
        reply = {**read(asked, data), "is_full": _held_bytes() > FULL * memory}
        write_message(replies, json.dumps(reply).encode())
        _alarm(0)


def read(asked: dict[str, Any], data: bytes) -> dict[str, Any]:
    """The documents of one file or page, the problems that were reported, and the error."""
    from dataclasses import asdict

    from rag.errors import SourceError
    from rag.events import Failed, Warned

    problems: list[tuple[str, str, str]] = []

    def report(problem: Failed | Warned) -> None:
        if isinstance(problem, Failed):
            problems.append(("failed", problem.source, problem.error))
        else:
            problems.append(("warned", problem.source, problem.warning))

    documents: list[Any] = []
    error = None
    try:
        documents = [asdict(each) for each in _documents(asked, data, report)]
    except SourceError as found:
        is_full = _is_out_of_memory(found.__cause__)
        error = _too_large(asked) if is_full else [found.problem, found.remedy]
    except MemoryError:
        error = _too_large(asked)
    return {"documents": documents, "problems": problems, "error": error}


def _is_out_of_memory(cause: BaseException | None) -> bool:
    return isinstance(cause, MemoryError) or getattr(cause, "code", None) == XML_NO_MEMORY


def _too_large(asked: dict[str, Any]) -> list[str]:
    return [f"{_name(asked)} takes too much memory to read.", "Split it into smaller files."]


def _name(asked: dict[str, Any]) -> str:
    return Path(asked["path"]).name if "path" in asked else "The page"


def _documents(asked: dict[str, Any], data: bytes, report: Any) -> list[Any]:
    from rag.ingest import readers

    if "path" in asked:
        path = Path(asked["path"])
        if path.suffix.lower() == ".pdf":
            _check_pages(data or path, _name(asked), asked["pages"])
        if asked.get("has_data"):
            return readers.read_data(path, asked["source"], data, report)
        return readers.read_file(path, report)
    if asked["suffix"] == ".pdf":
        _check_pages(data, _name(asked), asked["pages"])
    url, suffix, charset = asked["url"], asked["suffix"], asked["charset"]
    return [readers.read_page(url, suffix, data, charset, report)]


def _check_pages(file: Path | bytes, name: str, most: int) -> None:
    """Raise `SourceError` for a PDF of more pages than `most`; damage is for its reader to tell."""
    import pypdfium2

    from rag.ingest.raw_source import source_error

    try:
        with pypdfium2.PdfDocument(file) as opened:
            count = len(opened)
    except (pypdfium2.PdfiumError, OSError):
        return
    if count > most:
        raise source_error(
            name, f"has {count:,} pages, over {most:,}", "Split it into smaller files."
        )


# --- limits ------------------------------------------------------------------------------------


def limit(memory: int) -> None:
    """Give up all that reading does not need, where the system lets a process do so."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent to handle
    with suppress(ImportError, ValueError, OSError):  # not on Windows
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    with suppress(AttributeError, OSError, TypeError):  # on Linux alone
        system = ctypes.CDLL(None)
        if system.unshare(CLONE_NEWNET) != 0:  # only root may do so without the other
            system.unshare(CLONE_NEWUSER | CLONE_NEWNET)


def _alarm(seconds: float) -> None:
    with suppress(AttributeError):  # not on Windows
        signal.setitimer(signal.ITIMER_REAL, seconds)


def _held_bytes() -> int:
    """The address space that this process holds; 0 where that is not known."""
    with suppress(OSError):  # elsewhere than on Linux
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        return pages * os.sysconf("SC_PAGE_SIZE")
    return 0


def _private_output() -> IO[bytes]:
    """Standard output for replies alone: what libraries print goes to standard error."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return replies


if __name__ == "__main__":
    root = str(Path(__file__).parents[2])
    if root not in sys.path:
        sys.path.insert(0, root)
    sys.dont_write_bytecode = True
    limit(int(sys.argv[1]))
    serve(sys.stdin.buffer, _private_output(), int(sys.argv[1]), float(sys.argv[2]))
