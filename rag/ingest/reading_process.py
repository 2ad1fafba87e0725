"""Reads files in a child process with limits of time, memory and size.

A file may be made to crash its reader, to take all memory or never to end: then the child is ended,
the file is refused in a sentence, and the next one gets a new child. What the child sends is taken
for text only, as it may no longer be ours.
"""

from __future__ import annotations

import atexit
import json
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import IO, Any

from rag.errors import SourceError
from rag.events import Failed, Warned
from rag.ingest.raw_source import Report, ignore, source_error
from rag.types import Document

WORKER_SCRIPT = Path(__file__).with_name("reading_worker.py")
IDLE_S = 30.0  # until a child that is not needed ends
MAX_REPLY_BYTES = 500_000_000
_FIELDS = [field.name for field in fields(Document)]
PAGE = "The page"  # what messages call a web page


@dataclass(frozen=True, slots=True)
class ReadingLimits:
    """What one file may take: `seconds` of time, `memory_bytes` of the child's address space,
    `pages` of a PDF."""

    seconds: float = 300.0
    memory_bytes: int = 1_500_000_000
    pages: int = 5_000


@dataclass(frozen=True, slots=True)
class _Reply:
    """What the child tells of one file; `is_full` where it holds much memory by now."""

    documents: list[Document]
    problems: list[Failed | Warned]
    error: SourceError | None
    is_full: bool

    @classmethod
    def of(cls, message: bytes) -> _Reply:
        """Raises `ValueError`, `TypeError` or `KeyError` for anything else than a reply."""
        told = json.loads(message)
        kinds: dict[str, type[Failed] | type[Warned]] = {"failed": Failed, "warned": Warned}
        return cls(
            [Document(**{name: each[name] for name in _FIELDS}) for each in told["documents"]],
            [kinds[kind](str(source), str(text)) for kind, source, text in told["problems"]],
            SourceError(*map(str, told["error"])) if told["error"] else None,
            bool(told["is_full"]),
        )


class ReadingProcess:
    """A child process that reads one file after the other. It starts when it is first needed, and
    again after it was ended. Safe to share among threads, which take turns."""

    def __init__(self, limits: ReadingLimits = ReadingLimits()) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._idle: threading.Timer | None = None

    def read_file(self, path: Path, report: Report = ignore) -> list[Document]:
        """As `rag.ingest.readers.read_file`. Raises `SourceError` also where a limit is reached or
        the reader crashes."""
        return self._read({"path": str(path)}, b"", path.name, report)

    def read_data(
        self, path: str, source: str, data: bytes, report: Report = ignore
    ) -> list[Document]:
        """As `rag.ingest.readers.read_data`, with the errors of `read_file`."""
        asked = {"path": path, "source": source, "has_data": True}
        return self._read(asked, data, Path(path).name, report)

    def read_page(
        self, url: str, suffix: str, data: bytes, charset: str = "", report: Report = ignore
    ) -> Document:
        """As `rag.ingest.readers.read_page`, with the errors of `read_file`."""
        asked = {"url": url, "suffix": suffix, "charset": charset}
        return self._read(asked, data, PAGE, report)[0]

    def close(self) -> None:
        """End the child; the next file gets a new one."""
        with self._lock:
            self._end()

    def interrupt(self) -> None:
        """End the child in the middle of a file: whoever waits for that gets a `SourceError`."""
        if child := self._child:
            child.kill()

    def _read(
        self, asked: dict[str, Any], data: bytes, name: str, report: Report
    ) -> list[Document]:
        with self._lock:
            reply = self._ask({**asked, "pages": self._limits.pages}, data, name)
            self._end_when_idle()
        for problem in reply.problems:
            report(problem)
        if reply.error:
            raise reply.error
        return reply.documents

    def _ask(self, asked: dict[str, Any], data: bytes, name: str) -> _Reply:
        """The child's reply to one request. Raises `SourceError` where it gives none."""
        child = self._started()
        late = threading.Event()

        def give_up() -> None:
            late.set()
            child.kill()

        timer = threading.Timer(self._limits.seconds, give_up)
        timer.daemon = True
        timer.start()
        try:
            assert child.stdin is not None
            assert child.stdout is not None
            write_message(child.stdin, json.dumps(asked).encode())
            write_message(child.stdin, data)
            reply = _Reply.of(read_message(child.stdout, MAX_REPLY_BYTES))
        except (OSError, EOFError, ValueError, TypeError, KeyError) as error:
            self._end()
            if late.is_set():
                seconds = f"{self._limits.seconds:g} seconds"
                raise source_error(name, f"takes over {seconds} to read", _SPLIT) from error
            raise source_error(name, "made its reader crash", _SAVE_ANEW) from error
        except BaseException:
            self._end()  # what it still sends would be taken for the next reply
            raise
        finally:
            timer.cancel()
        if reply.is_full:  # what the file left behind is not to count against the next one
            self._end()
        return reply

    def _started(self) -> subprocess.Popen[bytes]:
        if self._idle:
            self._idle.cancel()
        if self._child is None or self._child.poll() is not None:
            self._end()
            limits = [str(self._limits.memory_bytes), str(self._limits.seconds)]
            self._child = subprocess.Popen(  # noqa: S603 (our own script)
                [sys.executable, "-P", str(WORKER_SCRIPT), *limits],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        return self._child

    def _end_when_idle(self) -> None:
        self._idle = threading.Timer(IDLE_S, self.close)
        self._idle.daemon = True
        self._idle.start()

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            for stream in (child.stdin, child.stdout):
                with suppress(OSError):
                    if stream is not None:
                        stream.close()
            child.wait()


_SPLIT = "Split it into smaller files, or save it in another format."
_SAVE_ANEW = "Save it again, or in another format."


def write_message(stream: IO[bytes], message: bytes) -> None:
    """Send one message: its length in 8 bytes, and itself."""
    stream.write(len(message).to_bytes(8, "big") + message)
    stream.flush()


def read_message(stream: IO[bytes], most: int) -> bytes:
    """The next message. Raises `EOFError` where the other end is gone, `ValueError` where it is
    longer than `most` bytes."""
    length = int.from_bytes(_exactly(stream, 8), "big")
    if length > most:
        raise ValueError("too long a message")
    return _exactly(stream, length)


def _exactly(stream: IO[bytes], count: int) -> bytes:
    data = stream.read(count)
    if len(data) < count:
        raise EOFError
    return data


_SHARED = ReadingProcess()  # of this process
atexit.register(_SHARED.close)
read_file = _SHARED.read_file
read_data = _SHARED.read_data
read_page = _SHARED.read_page
interrupt_reading = _SHARED.interrupt
