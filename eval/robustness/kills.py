"""Kills every work on an index in the middle, and tells what that left: ``python -m
eval.robustness.kills --kills 300 [--system-calls]``.

A child process does the work and is killed (SIGKILL) at a random moment, or with `--system-calls`
at a random one of its calls that write, rename or delete, by strace. Then another child opens the
index, searches it and does the work again. The table says how many kills left an index that was
refused, had lost something or held something twice.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.context import ForkServerContext
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

from eval.robustness import index_work
from eval.robustness.index_work import WORKS, digests, fault, prepare
from rag.errors import printable_line

TIMEOUT_S = 120.0
CALLS = ("write", "pwrite64", "fsync", "fdatasync", "ftruncate", "rename", "unlink", "openat")
MAX_CALL = 400  # the number of a call at which a kill is tried
HEAVY = ["chromadb", "llama_index.vector_stores.chroma", "llama_index.core.node_parser"]
COLUMNS = ("kills", "refused", "lost", "doubled")


class Killer:
    """Kills works in copies of prepared indexes below `folder`."""

    def __init__(self, folder: Path, seed: int, *, at_calls: bool) -> None:
        self.folder = folder
        self.chance = random.Random(seed)  # noqa: S311 (when to kill)
        self.at_calls = at_calls
        self.forks: ForkServerContext = multiprocessing.get_context("forkserver")
        self.forks.set_forkserver_preload([*HEAVY, index_work.__name__])

    def count(self, work: str, kills: int) -> Counter[str]:
        """The row of the table for one work."""
        base, whole = self.folder / "base", self.folder / "whole"
        self._run(prepare, work, base)
        shutil.copytree(base, whole)
        started = time.monotonic()
        self._run(WORKS[work], whole)
        length_s = time.monotonic() - started
        before, after = digests(base), digests(whole)
        homes: list[Path] = []
        for number in range(4 * kills):
            home = self.folder / f"killed-{number}"
            shutil.copytree(base, home)
            if self._kill(work, home, length_s):
                homes.append(home)
            if len(homes) == kills:
                break
        row = Counter(kills=len(homes))
        told = self.folder / "told"
        for home, found in zip(homes, self._faults(homes, before, after, told), strict=True):
            if found:
                row[found.partition(":")[0]] += 1
                print(f"{work}, {home.name}: {found}", file=sys.stderr)
        for each in self.folder.iterdir():
            shutil.rmtree(each) if each.is_dir() else each.unlink()
        return row

    def _kill(self, work: str, home: Path, length_s: float) -> bool:
        """Whether the work was killed before its end."""
        go_on = self.forks.Event()
        process = self.forks.Process(target=_work, args=(WORKS[work], home, go_on))
        process.start()
        assert process.pid is not None
        tracer = self._trace(process.pid) if self.at_calls else None
        go_on.set()
        if not self.at_calls:
            process.join(self.chance.uniform(0, length_s))
            with suppress(ProcessLookupError):
                os.kill(process.pid, 9)
        process.join(TIMEOUT_S)
        if process.exitcode is None:
            process.kill()
            process.join()
        if tracer:
            tracer.wait(TIMEOUT_S)
        return process.exitcode == -9

    def _trace(self, process: int) -> subprocess.Popen[bytes]:
        """strace, attached, that kills the process at one of its calls."""
        call, number = self.chance.choice(CALLS), self.chance.randint(1, MAX_CALL)
        inject = f"--inject={call}:signal=SIGKILL:when={int(number ** self.chance.random())}"
        command = ["strace", "-f", "-qq", "-o", os.devnull, f"--trace={call}", inject]
        tracer = subprocess.Popen([*command, "-p", str(process)])  # noqa: S603 (strace)
        until = time.monotonic() + TIMEOUT_S
        while "TracerPid:\t0\n" in Path(f"/proc/{process}/status").read_text():
            if tracer.poll() is not None or time.monotonic() > until:
                raise SystemExit("strace cannot watch a process here.")
            time.sleep(0.005)
        return tracer

    def _faults(
        self, homes: list[Path], before: dict[str, str], after: dict[str, str], told: Path
    ) -> list[str]:
        """What is wrong with each of the indexes. Where the process that looks dies, it is at
        one that is refused, and another goes on behind it."""
        found: list[str] = []
        while len(found) < len(homes):
            told.write_text("")
            left = homes[len(found) :]
            process = self.forks.Process(target=_tell_faults, args=(left, before, after, told))
            process.start()
            process.join(TIMEOUT_S * len(left))
            process.kill()
            process.join()
            found += told.read_text().split("\n")[:-1]
            if len(found) < len(homes):
                found.append(f"refused: exit code {process.exitcode}")
        return found

    def _run(self, work: Callable[..., None], *given: Any) -> None:
        process = self.forks.Process(target=work, args=given)
        process.start()
        process.join(TIMEOUT_S)
        if process.exitcode != 0:
            raise SystemExit("The work does not end by itself.")


def _work(work: Callable[[Path], None], home: Path, go_on: Event) -> None:
    go_on.wait(TIMEOUT_S)
    work(home)


def _tell_faults(
    homes: list[Path], before: dict[str, str], after: dict[str, str], told: Path
) -> None:
    for home in homes:
        found = printable_line(fault(home, before, after))
        with told.open("a") as file:
            file.write(f"{found}\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--kills", type=int, default=300, help="in all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--system-calls", action="store_true", help="kill at calls, by strace")
    parser.add_argument("--work", choices=WORKS, action="append", help="only this work")
    given = parser.parse_args()
    works = given.work or list(WORKS)
    total: Counter[str] = Counter()
    print("| work | " + " | ".join(COLUMNS) + " |\n|---|" + "--:|" * len(COLUMNS), flush=True)
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        killer = Killer(Path(folder), given.seed, at_calls=given.system_calls)
        for work in works:
            row = killer.count(work, -(-given.kills // len(works)))
            total += row
            print(_line(work, row), flush=True)
    print(_line("all", total))
    if any(total[name] for name in ("refused", "lost", "doubled")):
        raise SystemExit(1)


def _line(name: str, row: Counter[str]) -> str:
    return f"| {name} | " + " | ".join(str(row[column]) for column in COLUMNS) + " |"


if __name__ == "__main__":
    main()
