"""How is the embedded language model served?

A child process runs llama.cpp on a loopback port, behind a random key. It ends with this
process, however this one ends: its standard input closes.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import subprocess
import sys
import tempfile
import threading
import weakref
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Literal
from urllib.parse import urlsplit

from rag.errors import ModelError, ModelFileError, ModelTimeout, ModelUnreachable, printable_line
from rag.models.cpu import usable_cores
from rag.models.openai_client import EMBEDDED
from rag.settings import Settings

CHILD = Path(__file__).with_name("llama_worker.py")
UNLOADABLE = (
    "Free some memory; if that does not help, check FOOTNOTE_MODEL_PATH, or delete the joined "
    "file in FOOTNOTE_CACHE_DIR to have it made again."
)
LIBGOMP = "Install that system library: on Debian and Ubuntu, apt-get install libgomp1."
CONTEXT_TOKENS = 4096
MAX_THREADS = 8  # beyond, memory is the bottleneck
LOAD_S = 120.0
STOP_S = 1.0  # while it loads, llama.cpp does not listen: then it is killed
SLOT_S = 60.0  # a slot that is busy with a reply answers when that is done
PROMPTS_KEPT = 8


def start_server(model: Path, settings: Settings) -> LocalServer:
    """Serve the GGUF file `model`. Returns at once: it loads while the caller does other things.

    Raises `ModelFileError` when llama.cpp is not installed.
    """
    if find_spec("xllamacpp") is None:
        raise ModelFileError(
            "llama.cpp, which runs the local model, is not installed.",
            "Install the extra: pip install 'footnote-qa[local]'.",
        )
    prompts = settings.cache_dir / "prompts"
    prompts.mkdir(parents=True, exist_ok=True)
    key = secrets.token_urlsafe(24)
    configuration = {
        "model": str(model),
        "key": key,
        "context_tokens": CONTEXT_TOKENS,
        "threads": settings.threads or min(usable_cores(), MAX_THREADS),
        "prompt_dir": str(prompts),
    }
    return LocalServer(model, key, prompts, configuration)


class LocalServer:
    """A model file, served with OpenAI's protocol by a child process; `start_server` makes one."""

    def __init__(
        self, model: Path, key: str, prompts: Path, configuration: dict[str, object]
    ) -> None:
        self.name = printable_line(model.stem)
        self.api_key = key
        self._prompts = prompts
        self._scope = _scope(model, configuration)
        self._root: str | None = None
        self._answered = threading.Event()
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (lives as long as we do)
        self._child = _spawn(configuration, self._log)
        # Also at the interpreter's exit, should nobody call close().
        self._stop = weakref.finalize(self, _stop, self._child)
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def is_over(self) -> bool:
        """True when the process has ended, whoever ended it."""
        return self._child.poll() is not None

    def wait(self, timeout_s: float = LOAD_S) -> str:
        """The server's base URL, once the model is loaded.

        Raises `ModelTimeout`, `ModelFileError` when the model could not be loaded, and
        `ModelUnreachable` when the child has ended since.
        """
        if not self._answered.wait(timeout_s):
            raise ModelTimeout(
                f"The local model did not load within {timeout_s:g} seconds.",
                "Ask again when the machine is less busy.",
            )
        if self._root is None or self.is_over:
            raise self._failure()
        return f"{self._root}/v1"

    def restore(self, name: str) -> bool:
        """Put the model back to where `save(name)` left it; False if that cannot be.

        It then knows those tokens and no others, whatever it was asked in between: what follows
        is computed in the same steps each time. Raises as `wait` does.
        """
        for file in self._saved(name):
            if file.suffix == f".{_digest(file)}" and self._slot("restore", file.name):
                os.utime(file)  # the longest unused goes first
                return True
            file.unlink(missing_ok=True)
        return False

    def save(self, name: str) -> bool:
        """Keep what the model has read under `name`: hexadecimal digits and hyphens.

        False if it could not be kept. A file's name ends in its digest, so that a torn or
        altered one is never given to llama.cpp. Raises as `wait` does.
        """
        before = self._saved(name)
        temporary = self._prompts / f"{secrets.token_hex(8)}.part"
        try:
            if not self._slot("save", temporary.name):
                return False
            file = self._prompts / f"{self._scope}.{name}.{_digest(temporary)}"
            temporary.replace(file)
        except OSError:
            return False
        finally:
            temporary.unlink(missing_ok=True)
        for old in [*before, *_by_age(self._prompts)[PROMPTS_KEPT:]]:
            if old != file:
                old.unlink(missing_ok=True)
        return True

    def close(self) -> None:
        """End the child, and with it every request. Calling it again does nothing."""
        self._stop()

    def _listen(self) -> None:
        assert self._child.stdout is not None
        with self._child.stdout as stdout, suppress(ValueError, KeyError, TypeError):
            self._root = str(json.loads(stdout.readline())["url"]).rstrip("/")
        self._answered.set()

    def _saved(self, name: str) -> list[Path]:
        if not re.fullmatch(r"[0-9a-f-]{1,64}", name):
            raise ValueError(f"not a name for a saved prompt: {name!r}")
        return sorted(self._prompts.glob(f"{self._scope}.{name}.*"))

    def _slot(self, action: Literal["save", "restore"], filename: str) -> bool:
        address = urlsplit(self.wait())
        # Not a client that reads proxies from the environment.
        connection = HTTPConnection(address.hostname or "", address.port, timeout=SLOT_S)
        headers = {
            "Authorization": f"Bearer {self.api_key}",
            "Content-Type": "application/json",
        }
        body = json.dumps({"filename": filename})
        try:
            connection.request("POST", f"/slots/0?action={action}", body, headers)
            reply = connection.getresponse()
            reply.read()
            return reply.status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    def _failure(self) -> ModelError:
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(STOP_S)
        reason = _complaint(self._log) or f"it ended with code {self._child.returncode}"
        if self._root:
            return ModelUnreachable(f"The local model has stopped: {reason}.", EMBEDDED.address)
        return ModelFileError(
            f"The local model could not be loaded: {reason}.",
            LIBGOMP if "libgomp" in reason else UNLOADABLE,
        )


def _spawn(configuration: dict[str, object], log: IO[bytes]) -> subprocess.Popen[str]:
    # -P: the script's folder holds a types.py and must not shadow the standard library's. In a
    # session of its own the child does not get the terminal's Ctrl-C.
    child = subprocess.Popen(  # noqa: S603 (our own script)
        [sys.executable, "-P", str(CHILD)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        start_new_session=True,
    )
    assert child.stdin is not None
    with suppress(BrokenPipeError):  # it has died: wait() tells why
        child.stdin.write(json.dumps(configuration) + "\n")
        child.stdin.flush()
    return child


def _stop(child: subprocess.Popen[str]) -> None:
    assert child.stdin is not None
    with suppress(BrokenPipeError):
        child.stdin.close()
    try:
        child.wait(STOP_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _complaint(log: IO[bytes]) -> str:
    """The first error that llama.cpp logged (the later ones follow from it), or the last line."""
    log.seek(0)
    lines = [printable_line(line) for line in log.read().decode(errors="replace").splitlines()]
    errors = [line.split(" E ", 1)[1] for line in lines if " E " in line]
    last = [line for line in lines if line][-1:]
    return "".join((errors or last)[:1])[:200].rstrip(".")


def _scope(model: Path, configuration: dict[str, object]) -> str:
    """What a saved prompt depends on, beside its text: the model file and the program."""
    status = model.stat()
    facts = (model.name, status.st_size, status.st_mtime_ns, version("xllamacpp"))
    context = configuration["context_tokens"]
    return hashlib.sha256(repr((*facts, context)).encode()).hexdigest()[:12]


def _digest(file: Path) -> str:
    try:
        with file.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()[:16]
    except OSError:
        return "unreadable"


def _by_age(folder: Path) -> list[Path]:
    """The files of `folder`, last used first."""
    aged: list[tuple[int, Path]] = []
    for file in folder.iterdir():
        with suppress(OSError):
            aged.append((file.stat().st_mtime_ns, file))
    return [file for _, file in sorted(aged, reverse=True)]
