"""Indexing on a Ray cluster: the same index as without, whatever happens to the cluster.

The cluster is of two processes of this machine, started once. Ray reads its own settings when it is
imported, so that each run is a process of its own.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest

from rag.errors import ClusterError, ModelUnreachable
from rag.events import Added, Failed, IngestEvent, Skipped, Warned
from rag.ingest import ray_workers, reading_process
from rag.ingest.pipeline import ingest
from rag.ingest.ray_workers import RayPreparer
from rag.models.embeddings import local_embedder
from rag.settings import load_settings
from rag.types import Document, Embedder
from tests.conftest import OFFLINE
from tests.test_ingest import SEEDS, HashEmbedder, Index, kinds, long_text, write
from tests.test_ingest import index as index

TOKEN = "for-these-tests-alone"
OF_RAY = {
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": TOKEN,
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # loopback only
    "RAY_USAGE_STATS_ENABLED": "0",
}
os.environ.update(OF_RAY)  # before Ray is imported, as it reads them then
START_S = 60.0
AGENTS = {"ray::DashboardAgent", "ray::RuntimeEnvAgent"}  # end by themselves, after a minute
PYTHON_PATH = os.pathsep.join([str(OFFLINE), str(OFFLINE.parents[1])])


def processes(session: int) -> dict[int, str]:
    """The processes of a session, by number, with their command."""
    command = ["ps", "-o", "pid=,args=", "-s", str(session)]
    listed = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = (line.split(maxsplit=1) for line in listed.stdout.splitlines())
    return {int(pid): args.strip() for pid, args in lines}


def kill_all(session: int) -> None:
    for pid in processes(session):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@dataclass
class Cluster:
    """A cluster of two processes at `address`."""

    process: subprocess.Popen[bytes]
    address: str
    folder: Path

    @classmethod
    def start(cls) -> Cluster:
        folder = Path(mkdtemp(prefix="ray-"))  # short: it is part of the names of sockets
        command = [
            *(sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block"),
            *("--node-ip-address=127.0.0.1", "--port=0", "--num-cpus=2"),
            *("--include-dashboard=false", "--object-store-memory=100000000"),
            f"--temp-dir={folder}",
        ]
        process = subprocess.Popen(
            command,
            env={**os.environ, **OF_RAY, "PYTHONPATH": PYTHON_PATH},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        noted = folder / "ray_current_cluster"
        until = time.monotonic() + START_S
        while not (noted.exists() and noted.read_text()):
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.05)
        return cls(process, noted.read_text(), folder)

    def kill(self) -> None:
        """As a machine that loses its power."""
        kill_all(self.process.pid)
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    started = Cluster.start()
    yield started
    started.kill()


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """Files of several batches."""
    for number in range(12):
        write(tmp_path / "many" / f"{number:02}.txt", f"Number {number}.\n\n{long_text(40)}")
    return tmp_path / "many"


def start(index: Index, preparer: RayPreparer, *paths: Path) -> Iterator[IngestEvent]:
    return ingest(
        paths,
        library=index.library,
        vectors=index.vectors,
        embedder=index.embedder,
        lock=index.lock,
        preparer=preparer,
    )


def run(index: Index, preparer: RayPreparer, *paths: Path) -> list[IngestEvent]:
    with closing(preparer):
        return [*start(index, preparer, *paths), *preparer.warnings()]


def on(cluster: Cluster, make_embedder: Callable[[], Embedder] = HashEmbedder) -> RayPreparer:
    return RayPreparer(cluster.address, 2, make_embedder, HashEmbedder.name)


# --- embedders, made in the workers ------------------------------------------------------------


class Slow(HashEmbedder):
    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        time.sleep(0.2)
        return super().embed(texts)


class Unreachable(HashEmbedder):
    """Fails until the file at `mended` is there, and makes it unless `mends` is false."""

    def __init__(self, mended: Path, mends: bool) -> None:
        super().__init__()
        self.mended, self.mends = mended, mends

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        if not self.mended.exists():
            if self.mends:
                self.mended.touch()
            raise ModelUnreachable("No server answers.", "Start it.")
        return super().embed(texts)


class Deadly(HashEmbedder):
    """Ends the process that embeds a text with this word."""

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        if any("deadly" in text for text in texts):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().embed(texts)


def ending_readers() -> HashEmbedder:
    """An embedder in a process that ends when it is to read one of the files."""
    read = reading_process.read_data

    def end(path: str, *more: Any) -> list[Document]:
        if path.endswith("05.txt"):
            os.kill(os.getpid(), signal.SIGKILL)
        return read(path, *more)

    reading_process.read_data = end  # type: ignore[assignment]
    return HashEmbedder()


# --- the same index ----------------------------------------------------------------------------


def contents(index: Index) -> list[object]:
    """All that is stored."""
    library = index.library
    with index.vectors._locked_directory() as directory:
        vectors = {
            chunk.id: vector
            for chunks, some in directory.batches()
            for chunk, vector in zip(chunks, some, strict=True)
        }
    return [
        vectors,
        *(
            (
                library.document(id),
                library.chunks(id),
                library.suggested_questions(id),
                library.overviews.topics(id),
            )
            for id in sorted(library.digests())
        ),
    ]


def test_the_index_is_the_same_as_without_ray(cluster: Cluster, tmp_path: Path) -> None:
    settings = load_settings(ray_address=cluster.address, ray_workers=2)
    files = shutil.copytree(SEEDS, tmp_path / "files")
    write(files / "broken.docx", "no archive")
    write(files / "empty.txt", " ")
    write(files / "odd.txt", "The mill of Vr\udcffs burned.".encode("utf-8", "replace").decode())
    write(files / "two.jsonl", '{"text": "A weir was built."}\n{"text": 3}\n')
    embedder = local_embedder()
    here, there = (Index(tmp_path / name, embedder) for name in ("here", "there"))  # type: ignore[arg-type]
    events = here.run(files)
    assert run(there, RayPreparer.of(settings, embedder.name), files) == events
    assert {Added, Failed} <= set(map(type, events))
    assert contents(there) == contents(here)
    here.close()
    there.close()


def test_what_is_indexed_is_passed_over_without_a_cluster(index: Index, many: Path) -> None:
    for file in many.iterdir():
        os.utime(file, (1_600_000_000, 1_600_000_000))
    index.run(many)
    nowhere = RayPreparer("127.0.0.1:1", 2, HashEmbedder, HashEmbedder.name)
    assert set(map(type, run(index, nowhere, many))) == {Skipped}


# --- failures ----------------------------------------------------------------------------------


def test_work_of_a_worker_that_dies_is_done_again(
    cluster: Cluster, index: Index, many: Path
) -> None:
    with closing(on(cluster, Slow)) as preparer:
        events = start(index, preparer, many)
        first = next(events)
        listed = subprocess.run(["pgrep", "ray::_Worker"], capture_output=True, text=True)
        os.kill(int(listed.stdout.split()[0]), signal.SIGKILL)
        assert len([first, *events]) == len(list(many.iterdir()))
        [warning] = preparer.warnings()
    assert re.search(r"done again \(\d+ × ", warning.warning)
    index.check()


def test_a_file_that_ends_its_workers_is_refused_and_the_others_are_not(
    cluster: Cluster, index: Index, many: Path
) -> None:
    events = run(index, on(cluster, ending_readers), many)
    assert kinds(events)["Failed"] == [str(many / "05.txt")]
    assert len(kinds(events)["Added"]) == 11
    [warning] = [event for event in events if isinstance(event, Warned)]
    [times] = re.findall(r"(\d+) × read", warning.warning)
    assert int(times) >= 2
    index.check()


def test_a_batch_that_fails_once_is_embedded_again(
    cluster: Cluster, index: Index, many: Path, tmp_path: Path
) -> None:
    events = run(index, on(cluster, partial(Unreachable, tmp_path / "mended", True)), many)
    assert len(kinds(events)["Added"]) == 12
    assert isinstance(events[-1], Warned)
    index.check()


def test_an_embedder_that_always_fails_is_named_by_its_own_error(
    cluster: Cluster, index: Index, many: Path, tmp_path: Path
) -> None:
    with pytest.raises(ModelUnreachable, match=r"No server answers\. Start it\."):
        run(index, on(cluster, partial(Unreachable, tmp_path / "mended", False)), many)
    assert index.ids() == []


def test_a_batch_that_ends_its_workers_ends_the_run_and_what_was_indexed_stays(
    cluster: Cluster, index: Index, many: Path
) -> None:
    write(many / "99.txt", f"This is deadly.\n\n{long_text(70)}")
    with pytest.raises(ClusterError, match=r"failed 3 times.*what was indexed stays"):
        run(index, on(cluster, Deadly), many)
    assert 0 < len(index.ids()) < 13
    assert index.library.chunk_ids() <= index.vectors.ids()
    index.run(many)
    assert len(index.ids()) == 13
    index.check()


def test_workers_with_another_embedder_are_refused(
    cluster: Cluster, index: Index, many: Path
) -> None:
    other = partial(HashEmbedder, "other/8", 8)
    with pytest.raises(ClusterError, match="embed with other/8, not with hash/32"):
        run(index, on(cluster, other), many)
    assert index.ids() == []


def test_a_cluster_that_goes_away_is_named_and_what_was_indexed_stays(
    index: Index, many: Path
) -> None:
    cluster = Cluster.start()
    with closing(on(cluster, Slow)) as preparer:
        events = start(index, preparer, many)
        first = next(events)
        cluster.kill()
        with pytest.raises(ClusterError, match=r"is gone\. Start it and index again"):
            list(events)
    assert isinstance(first, Added)
    assert first.document_id in index.ids()
    assert index.library.chunk_ids() <= index.vectors.ids()
    assert len(kinds(index.run(many))["Added"]) + len(index.ids()) > 12
    index.check()


def wait_for(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + START_S
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.1)


def test_a_process_without_a_parent_outlives_its_cluster(many: Path, tmp_path: Path) -> None:
    """Ray ends an orphan, such as the process of a container, with its cluster, unless told not
    to."""
    cluster = Cluster.start()
    noted = tmp_path / "noted"
    work = (
        "import sys, time; from pathlib import Path; import tests.test_ray_workers as t\n"
        "address, many, home, noted = sys.argv[1:]\n"
        "preparer = t.RayPreparer(address, 2, t.Slow, t.Slow.name)\n"
        "index = t.Index(Path(home))\n"
        "events = t.start(index, preparer, Path(many))\n"
        "next(events); Path(noted).write_text('begun')\n"
        "try: list(events)\n"
        "except t.ClusterError as error: preparer.close(); Path(noted).write_text(str(error))\n"
    )
    arguments = [cluster.address, str(many), str(tmp_path / "home"), str(noted)]
    leave = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', *sys.argv[1:]])"
    environment = {**os.environ, "PYTHONPATH": PYTHON_PATH}
    environment.pop("RAY_RAYLET_PID", None)
    subprocess.run([sys.executable, "-c", leave, work, *arguments], env=environment, check=True)
    wait_for(lambda: noted.exists() and noted.read_text() == "begun")
    cluster.kill()
    wait_for(lambda: "is gone" in noted.read_text())


@pytest.mark.parametrize("address", ["127.0.0.1:1", "nonsense", "ray://127.0.0.1:1", ":"])
def test_a_wrong_address_is_named(index: Index, many: Path, address: str) -> None:
    preparer = RayPreparer(address, 2, HashEmbedder, HashEmbedder.name)
    with pytest.raises(ClusterError, match=r"No Ray cluster answers at .*HOST:PORT"):
        run(index, preparer, many)
    assert index.ids() == []


# --- a cluster of this machine -----------------------------------------------------------------


def start_command(files: Path) -> subprocess.Popen[bytes]:
    """`footnote index --ray local`, in a session of its own."""
    code = "from ui.cli import app; app()"
    environment = {name: value for name, value in os.environ.items() if name not in OF_RAY}
    return subprocess.Popen(
        [sys.executable, "-c", code, "index", str(files), "--ray", "local", "--ray-workers", "2"],
        env={**environment, "PYTHONPATH": PYTHON_PATH},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def folders_of_ray() -> set[Path]:
    return set(Path("/tmp").glob("ray-*"))


def test_the_command_starts_a_cluster_and_leaves_nothing_of_it(many: Path) -> None:
    """With no settings of Ray: it makes those that keep others away itself."""
    before = folders_of_ray()
    started = start_command(many / "00.txt")
    printed, _ = started.communicate(timeout=START_S)
    assert started.returncode == 0, printed
    assert b"1 added" in printed
    assert b"ray" not in printed.lower()
    assert folders_of_ray() == before
    assert processes(started.pid) == {}


def test_a_killed_command_ends_its_workers(many: Path) -> None:
    before = folders_of_ray()
    started = start_command(many)
    until = time.monotonic() + START_S
    while "ray::_Worker" not in processes(started.pid).values():
        assert started.poll() is None
        assert time.monotonic() < until
        time.sleep(0.1)
    started.kill()
    started.communicate()
    while set(processes(started.pid).values()) - AGENTS:
        assert time.monotonic() < until
        time.sleep(0.1)
    kill_all(started.pid)
    for folder in folders_of_ray() - before:  # temporary, and not deleted by who was killed
        shutil.rmtree(folder)


def test_a_cluster_that_others_could_reach_is_not_used(
    index: Index, many: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a program has imported Ray before, with other settings."""
    monkeypatch.setattr(ray_workers, "_address_of_head", lambda _: "192.0.2.7:6379")
    preparer = RayPreparer("local", 1, HashEmbedder, HashEmbedder.name)
    with pytest.raises(ClusterError, match="listens to other machines"):
        run(index, preparer, many)
    assert index.ids() == []
