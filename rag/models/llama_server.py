"""Serves the local language model: llama.cpp in a child process.

The child listens on a loopback port, behind a random key. It ends with this process, however this
one ends, because its standard input closes.
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
from rag.models.openai_client import LOCAL_REMEDIES
from rag.settings import Settings

WORKER_SCRIPT = Path(__file__).with_name("llama_worker.py")
LOAD_REMEDY = (
    "Free some memory; if that does not help, check FOOTNOTE_MODEL_PATH, or delete the joined "
    "file in FOOTNOTE_CACHE_DIR to have it made again."
)
LIBGOMP_REMEDY = "Install that system library: on Debian and Ubuntu, apt-get install libgomp1."
CONTEXT_TOKENS = 4096  # of a prompt and its reply
MAX_THREADS = 8  # beyond, memory is the bottleneck
LOAD_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 1.0  # while it loads, llama.cpp does not read its input: then it is killed
SLOT_TIMEOUT_S = 60.0  # a slot that is busy with a reply answers when that is done
MAX_SAVED_STATES = 8  # files, of any model; the longest unused go first


def start_server(model: Path, settings: Settings) -> LocalServer:
    """Serve the GGUF file `model`. Returns at once; the model loads in the child process.

    Raises `ModelFileError` when llama.cpp is not installed.
    """
    if find_spec("xllamacpp") is None:
        raise ModelFileError(
            "llama.cpp, which runs the local model, is not installed.",
            "Install the extra: pip install 'footnote-qa[local]'.",
        )
    state_dir = settings.cache_dir / "prompts"
    state_dir.mkdir(parents=True, exist_ok=True)
    key = secrets.token_urlsafe(24)
    configuration = {
        "model": str(model),
        "key": key,
        "context_tokens": CONTEXT_TOKENS,
        "threads": settings.threads or min(usable_cores(), MAX_THREADS),
        "prompt_dir": str(state_dir),
    }
    return LocalServer(model, key, state_dir, configuration)


class LocalServer:
    """A model file served with OpenAI's protocol by a child process; made by `start_server`.

    `name` is the file's, `api_key` what its requests must carry.
    """

    def __init__(
        self, model: Path, key: str, state_dir: Path, configuration: dict[str, object]
    ) -> None:
        self.name = printable_line(model.stem)
        self.api_key = key
        self._state_dir = state_dir
        self._state_prefix = _state_prefix(model, configuration)
        self._url: str | None = None
        self._started = threading.Event()
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (open as long as this)
        self._child = _spawn(configuration, self._log)
        # Also runs at the interpreter's exit, where close() was not called.
        self._stop = weakref.finalize(self, _stop_process, self._child)
        threading.Thread(target=self._read_url, daemon=True).start()

    @property
    def has_ended(self) -> bool:
        """True when the process has ended, for whatever reason."""
        return self._child.poll() is not None

    def wait_until_loaded(self, timeout_s: float = LOAD_TIMEOUT_S) -> str:
        """The server's base URL, as soon as the model is loaded.

        Raises `ModelTimeout`, `ModelFileError` when the model could not be loaded, and
        `ModelUnreachable` when the child has ended since.
        """
        if not self._started.wait(timeout_s):
            raise ModelTimeout(
                f"The local model did not load within {timeout_s:g} seconds.",
                "Ask again when the machine is less busy.",
            )
        if self._url is None or self.has_ended:
            raise self._failure_error()
        return f"{self._url}/v1"

    def restore_state(self, name: str) -> bool:
        """Load the prompt cache that `save_state(name)` wrote; False where there is none that fits.

        The cache then holds those tokens and no others, whatever was requested in between, so that
        the next request is computed in the same steps each time. Raises as `wait_until_loaded`.
        """
        for file in self._saved_files(name):
            if file.suffix == f".{_digest(file)}" and self._request_slot("restore", file.name):
                os.utime(file)  # when it was last used
                return True
            file.unlink(missing_ok=True)
        return False

    def save_state(self, name: str) -> bool:
        """Write the prompt cache to a file for `name`: 1 to 64 hexadecimal digits and hyphens.

        False where it could not be written. A file's name ends in its digest, so that llama.cpp
        never reads a torn or altered one. Raises as `wait_until_loaded` does.
        """
        earlier = self._saved_files(name)
        temporary = self._state_dir / f"{secrets.token_hex(8)}.part"
        try:
            if not self._request_slot("save", temporary.name):
                return False
            file = self._state_dir / f"{self._state_prefix}.{name}.{_digest(temporary)}"
            temporary.replace(file)
        except OSError:
            return False
        finally:
            temporary.unlink(missing_ok=True)
        for old in [*earlier, *_newest_first(self._state_dir)[MAX_SAVED_STATES:]]:
            if old != file:
                old.unlink(missing_ok=True)
        return True

    def close(self) -> None:
        """End the child, and with it every request. Calling it again does nothing."""
        self._stop()

    def _read_url(self) -> None:
        assert self._child.stdout is not None
        with self._child.stdout as stdout, suppress(ValueError, KeyError, TypeError):
            self._url = str(json.loads(stdout.readline())["url"]).rstrip("/")
        self._started.set()

    def _saved_files(self, name: str) -> list[Path]:
        if not re.fullmatch(r"[0-9a-f-]{1,64}", name):
            raise ValueError(f"not a name for a saved state: {name!r}")
        return sorted(self._state_dir.glob(f"{self._state_prefix}.{name}.*"))

    def _request_slot(self, action: Literal["save", "restore"], filename: str) -> bool:
        address = urlsplit(self.wait_until_loaded())
        # This client reads no proxies from the environment.
        connection = HTTPConnection(address.hostname or "", address.port, timeout=SLOT_TIMEOUT_S)
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

    def _failure_error(self) -> ModelError:
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(STOP_TIMEOUT_S)
        reason = _first_error(self._log) or f"it ended with code {self._child.returncode}"
        if self._url:
            return ModelUnreachable(
                f"The local model has stopped: {reason}.", LOCAL_REMEDIES.address
            )
        return ModelFileError(
            f"The local model could not be loaded: {reason}.",
            LIBGOMP_REMEDY if "libgomp" in reason else LOAD_REMEDY,
        )


def _spawn(configuration: dict[str, object], log: IO[bytes]) -> subprocess.Popen[str]:
    # -P: the modules beside the script must not shadow those of the standard library. In a
    # session of its own the child does not get the terminal's Ctrl-C.
    child = subprocess.Popen(  # noqa: S603 (our own script)
        [sys.executable, "-P", str(WORKER_SCRIPT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        start_new_session=True,
    )
    assert child.stdin is not None
    with suppress(BrokenPipeError):  # it has died: wait_until_loaded() says why
        child.stdin.write(json.dumps(configuration) + "\n")
        child.stdin.flush()
    return child


def _stop_process(child: subprocess.Popen[str]) -> None:
    assert child.stdin is not None
    with suppress(BrokenPipeError):
        child.stdin.close()
    try:
        child.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _first_error(log: IO[bytes]) -> str:
    """The first error that llama.cpp logged (the later ones follow from it), or the last line."""
    log.seek(0)
    lines = [printable_line(line) for line in log.read().decode(errors="replace").splitlines()]
    errors = [line.split(" E ", 1)[1] for line in lines if " E " in line]
    last = [line for line in lines if line][-1:]
    return "".join((errors or last)[:1])[:200].rstrip(".")


def _state_prefix(model: Path, configuration: dict[str, object]) -> str:
    """Identifies what a saved state depends on, beside its text: the model file and the program."""
    status = model.stat()
    facts = (model.name, status.st_size, status.st_mtime_ns, version("xllamacpp"))
    context = configuration["context_tokens"]
    return hashlib.sha256(repr((*facts, context)).encode()).hexdigest()[:12]


def _digest(file: Path) -> str:
    """16 hexadecimal digits of the file's SHA-256; "unreadable" where it cannot be read."""
    try:
        with file.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()[:16]
    except OSError:
        return "unreadable"


def _newest_first(folder: Path) -> list[Path]:
    """The files of `folder`, last used first."""
    aged: list[tuple[int, Path]] = []
    for file in folder.iterdir():
        with suppress(OSError):
            aged.append((file.stat().st_mtime_ns, file))
    return [file for _, file in sorted(aged, reverse=True)]
