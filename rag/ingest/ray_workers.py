"""Reads, analyses and embeds in the processes of a Ray cluster, for an index run that writes here.

Each worker is a Ray actor that loads its embedder once. Files are opened here and sent as bytes,
because the machines of a cluster need not share a disk; a worker reads them in a child process with
limits, as this process would. A batch or file whose worker ended goes to another one, a bounded
number of times. Workers write nothing, so that nothing is half-written when they go.
"""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, suppress
from functools import cached_property, partial
from importlib.util import find_spec
from logging import CRITICAL
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Generic, TypeVar

from rag.errors import ClusterError, FootnoteError, SourceError, printable_line
from rag.events import Warned
from rag.ingest import reading_process
from rag.ingest.preparation import FileContents, Pending, Vectors, file_contents
from rag.ingest.raw_source import source_error
from rag.ingest.readers import file_bytes
from rag.models.cpu import usable_cores
from rag.models.embeddings import build_embedder, local_embedder
from rag.settings import LOCAL_CLUSTER, Settings, is_loopback
from rag.types import Embedder

MAX_ATTEMPTS = 3  # of one file or batch
START_S = 60.0  # until the first worker is there
POLL_S = 2.0  # between looks whether the cluster is still there
CONNECT_S = 5.0
FILES_AHEAD, BATCHES_AHEAD = 4, 2  # of one worker
BYTES_AHEAD = 4_000_000  # of files, of one worker
LOCAL_STORE_BYTES = 200_000_000  # of shared memory for what a local cluster passes on

Result = TypeVar("Result")
MakeEmbedder = Callable[[], Embedder]


class _Worker:
    """What runs in each process of the cluster."""

    def __init__(self, make_embedder: MakeEmbedder) -> None:
        self._embedder = make_embedder()

    def embedder_name(self) -> str:
        return self._embedder.name

    def read(self, path: str, source: str, data: bytes, known: Collection[str]) -> FileContents:
        return file_contents(partial(reading_process.read_data, path, source, data), known)

    def embed(self, texts: Sequence[str]) -> Any:
        """An array of numbers as exact as those of the embedder; much faster to send than lists."""
        import numpy as np

        vectors = np.array(self._embedder.embed(texts))
        narrow = vectors.astype(np.float32)
        return narrow if np.array_equal(narrow, vectors) else vectors


def worker_embedder(settings: Settings) -> Embedder:
    """The embedder of one worker: one thread, as there is a worker for each core."""
    return local_embedder(1) if settings.embedding_model is None else build_embedder(settings)


class RayPreparer:
    """A `Preparer` with `workers` processes (by default one for each core) of the cluster at
    `address`: "local" for one that is started here, "auto" for that of this machine, or
    "HOST:PORT".

    It connects when it is first needed. Every method raises `ClusterError` where there is no
    cluster, or none any more. `make_embedder` is called in each worker and must give the embedder
    called `embedder_name`.
    """

    def __init__(
        self, address: str, workers: int | None, make_embedder: MakeEmbedder, embedder_name: str
    ) -> None:
        self._address = address
        self._number = workers
        self._make_embedder = make_embedder
        self._embedder_name = embedder_name

    @classmethod
    def of(cls, settings: Settings, embedder_name: str) -> RayPreparer:
        """The one that the settings name. The key of the chat server stays here."""
        sent = settings.model_copy(update={"api_key": None})
        make = partial(worker_embedder, sent)
        return cls(settings.ray_address or "", settings.ray_workers, make, embedder_name)

    @property
    def files_ahead(self) -> int:
        return FILES_AHEAD * self._workers.number

    @property
    def bytes_ahead(self) -> int:
        return BYTES_AHEAD * self._workers.number

    @property
    def batches_ahead(self) -> int:
        return BATCHES_AHEAD * self._workers.number

    def read(self, file: Path, known: Collection[str]) -> Pending[FileContents]:
        try:
            data = file_bytes(file)
        except SourceError as error:
            return _Done(FileContents(error=error))
        arguments = (str(file), str(file.resolve()), data, set(known))
        refused = FileContents(error=source_error(file.name, _ENDS_WORKERS, _SPLIT))
        return _Task(self._workers, "read", arguments, lambda found: found, refused)

    def embed(self, texts: Sequence[str]) -> Pending[Vectors]:
        return _Task(self._workers, "embed", (list(texts),), lambda found: found.tolist())

    def warnings(self) -> Iterator[Warned]:
        """How often something had to be done again, where it had to."""
        retries = self._workers.retries if "_workers" in self.__dict__ else Counter[str]()
        if retries:
            counted = " and ".join(f"{count} × {what}" for what, count in sorted(retries.items()))
            yield Warned(
                f"Ray cluster {self._address}",
                f"Workers failed, and what they had was done again ({counted})."
                " Look at the memory of the cluster's machines if it happens often.",
            )

    def close(self) -> None:
        if "_workers" in self.__dict__:
            self._workers.close()

    @cached_property
    def _workers(self) -> _Workers:
        return _Workers(self._address, self._number, self._make_embedder, self._embedder_name)


_ENDS_WORKERS = f"ended {MAX_ATTEMPTS} workers that read it"
_SPLIT = "Split it into smaller files, or index it without --ray."


class _Done(Generic[Result]):
    def __init__(self, result: Result) -> None:
        self._result = result

    def result(self) -> Result:
        return self._result


class _Task(Generic[Result]):
    """One call of a worker's method; `refused` is its result where that ended every worker."""

    def __init__(
        self,
        workers: _Workers,
        method: str,
        arguments: tuple[object, ...],
        convert: Callable[[Any], Result],
        refused: Result | None = None,
    ) -> None:
        self._workers = workers
        self._method = method
        self._arguments = arguments
        self._convert = convert
        self._refused = refused
        self._worker, self._reference = workers.submit(method, arguments)

    def result(self) -> Result:
        for attempt in range(1, MAX_ATTEMPTS + 1):
            try:
                return self._convert(self._workers.wait(self._worker, self._reference))
            except ClusterError:
                raise
            except Exception as error:  # of Ray, or of the worker
                if attempt == MAX_ATTEMPTS:
                    if self._refused is not None:
                        return self._refused
                    raise _worker_error(error) from error
                self._workers.retries[self._method] += 1
                self._worker, self._reference = self._workers.submit(self._method, self._arguments)
        raise AssertionError


def _worker_error(error: BaseException) -> FootnoteError:
    """What a worker raised, where it is an error of ours; else that it failed."""
    cause = getattr(error, "cause", None)
    if isinstance(cause, FootnoteError):
        return cause
    name = type(cause or error).__name__
    return ClusterError(
        f"The workers of the Ray cluster failed {MAX_ATTEMPTS} times ({name}).",
        "Look at the cluster, or index without --ray; what was indexed stays.",
    )


class _Workers:
    """The actors of one run, and the connection to their cluster."""

    def __init__(
        self, address: str, number: int | None, make_embedder: MakeEmbedder, embedder_name: str
    ) -> None:
        self.retries: Counter[str] = Counter()
        self._closing = ExitStack()
        self._embedder_name = embedder_name
        self._ready: list[Any] = []
        self._starting: dict[Any, Any] = {}  # by the reference of their first result
        self._load: Counter[Any] = Counter()  # calls under way, by actor
        try:
            self._ray = _connect(address, number, self._closing)
            self._head = _address_of_head(self._ray)
            if address == LOCAL_CLUSTER:
                _check_loopback(self._head)
            self.number = number or max(1, int(self._ray.cluster_resources().get("CPU", 1)))
            actor = self._ray.remote(num_cpus=1, max_restarts=0, max_task_retries=0)(_Worker)
            self._new = partial(actor.remote, make_embedder)
            for _ in range(self.number):
                self._start()
            self._admit()
        except BaseException:
            self.close()
            raise

    def submit(self, method: str, arguments: tuple[object, ...]) -> tuple[Any, Any]:
        """Call a method of the worker that has least to do; returns it and the reference of the
        result."""
        self._admit()
        worker = min(self._ready, key=self._load.__getitem__)
        self._load[worker] += 1
        return worker, getattr(worker, method).remote(*arguments)

    def wait(self, worker: Any, reference: Any) -> Any:
        """The result of a call. Raises what the worker or Ray raises, `ClusterError` where the
        cluster is gone."""
        from ray.exceptions import RayTaskError

        try:
            self._wait_for([reference], None)
            return self._ray.get(reference)
        except RayTaskError:
            raise
        except Exception as error:
            self._check_cluster(error)
            if worker in self._ready:
                self._ready.remove(worker)
                self._start()
            raise
        finally:
            self._load[worker] -= 1

    def close(self) -> None:
        self._closing.close()

    def _start(self) -> None:
        worker = self._new()
        self._starting[worker.embedder_name.remote()] = worker

    def _admit(self) -> None:
        """Take the workers that have started; where there is none at all, wait for one."""
        timeout = 0.0 if self._ready else START_S
        for reference in self._wait_for(list(self._starting), timeout) if self._starting else ():
            worker = self._starting.pop(reference)
            try:
                name = self._ray.get(reference)
            except Exception as error:  # of Ray, or of the worker
                self._check_cluster(error)
                raise _start_error(error) from error
            if name != self._embedder_name:
                raise ClusterError(
                    f"The workers of the Ray cluster embed with {printable_line(name)}, not with"
                    f" {self._embedder_name}.",
                    "Install the same version of Footnote on every machine.",
                )
            self._ready.append(worker)
        if not self._ready:
            raise ClusterError(
                f"No worker of the Ray cluster started within {START_S:.0f} seconds.",
                "Wait until it has free cores, or index without --ray; what was indexed stays.",
            )

    def _wait_for(self, references: list[Any], timeout: float | None) -> list[Any]:
        """Those of `references` that are done, at least one unless the time is over."""
        until = None if timeout is None else time.monotonic() + timeout
        while True:
            left = POLL_S if until is None else max(0.0, min(POLL_S, until - time.monotonic()))
            done: list[Any] = self._ray.wait(references, timeout=left, fetch_local=True)[0]
            if done or left < POLL_S:
                return done
            self._check_cluster(None)

    def _check_cluster(self, error: BaseException | None) -> None:
        """Raise `ClusterError` where nobody answers at the address of the cluster's head."""
        if not _is_reachable(self._head) and not _is_reachable(self._head):
            raise ClusterError(
                f"The Ray cluster at {self._head} is gone.",
                "Start it and index again: what was indexed stays, and is passed over.",
            ) from error


def _start_error(error: BaseException) -> ClusterError:
    name = type(getattr(error, "cause", None) or error).__name__
    return ClusterError(
        f"A worker of the Ray cluster cannot start ({name}).",
        "Install the same version of Footnote, with its extra `scale`, on every machine.",
    )


def _connect(address: str, number: int | None, closing: ExitStack) -> Any:
    """Ray, connected to the cluster until `closing`. Raises `ClusterError`."""
    if find_spec("ray") is None:
        raise ClusterError(
            "Ray is not installed.", "Install it, pip install 'footnote-qa[scale]', or leave --ray."
        )
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", ".")  # else it prints among our lines
    # When the cluster goes away, Ray ends a process without a word where that process is an orphan,
    # as of a container or of nohup: it takes the parent for Ray's. This names a process that lives.
    os.environ.setdefault("RAY_RAYLET_PID", str(os.getpid()))
    options: dict[str, Any] = {"address": address}
    if address == LOCAL_CLUSTER:
        options |= _local_options(number, closing)
    elif address != "auto" and not _is_reachable(address):
        raise ClusterError(
            f"No Ray cluster answers at {printable_line(address)}.",
            f'Give HOST:PORT of its head, "auto", or "{LOCAL_CLUSTER}" to start one here.',
        )
    import ray

    if ray.is_initialized():  # by the program that uses us
        return ray
    if address == LOCAL_CLUSTER:
        _leave_out_dashboard()
    try:
        closing.callback(ray.shutdown)
        ray.init(**options, log_to_driver=False, logging_level=CRITICAL)
    except Exception as error:  # Ray raises bare Exceptions and RuntimeErrors, too
        raise ClusterError(
            f"The Ray cluster {printable_line(address)} cannot be used ({type(error).__name__}).",
            "See that it runs the same versions of Ray and Python, with a node on this machine.",
        ) from error
    return ray


def _local_options(number: int | None, closing: ExitStack) -> dict[str, Any]:
    """For a cluster of this machine that nobody else can reach or use, and of which nothing
    stays."""
    os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")  # Ray's name for: loopback only
    os.environ.setdefault("RAY_AUTH_MODE", "token")
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    short = Path("/tmp")  # noqa: S108 (sockets in it have names of at most 103 bytes)
    folder = TemporaryDirectory(
        prefix="ray-", dir=short if short.is_dir() else None, ignore_cleanup_errors=True
    )
    return {
        "num_cpus": number or usable_cores(),
        "include_dashboard": False,
        "object_store_memory": LOCAL_STORE_BYTES,
        "_temp_dir": closing.enter_context(folder),
    }


def _leave_out_dashboard() -> None:
    """Have no process started for it. Without a dashboard, that process has only the statistics of
    usage, which look up the hosts of three clouds before they see that they are switched off."""
    from ray._private.node import Node

    Node.start_api_server = lambda self, **_: None  # type: ignore[method-assign]


def _address_of_head(ray: Any) -> str:
    return str(ray.get_runtime_context().gcs_address)


def _check_loopback(head: str) -> None:
    """Raise `ClusterError` where a cluster that is for this machine alone listens to others."""
    if not is_loopback(f"//{head}"):
        raise ClusterError(
            "Ray was imported before with other settings, and listens to other machines.",
            "Set RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER=0 before the program starts.",
        )


def _is_reachable(address: str) -> bool:
    host, _, port = address.rpartition(":")
    with suppress(OSError, ValueError):
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_S).close()
        return True
    return False
