"""The commands that kill and fuzz notice what they look for."""

from __future__ import annotations

import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import strategies as st

from eval.robustness import fuzz, index_work
from eval.robustness.fuzz import Target
from eval.robustness.index_work import WORKS, Index, digests, fault, prepare
from eval.robustness.kills import Killer
from rag.errors import SourceError
from ui.bench import fuzz as all_fuzz

# --- kills -------------------------------------------------------------------------------------


@pytest.mark.parametrize("work", WORKS)
def test_a_work_that_ends_by_itself_has_no_fault(tmp_path: Path, work: str) -> None:
    home = tmp_path / "home"
    prepare(work, home)
    before = digests(home)
    WORKS[work](home)
    assert fault(home, before, digests(home)) == ""
    assert bool(before) == (work != "first run")
    changes = work in ("first run", "update", "removal")
    assert (before != digests(home)) == changes


def test_faults_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    prepare("rebuild", home)
    known = digests(home)
    opened = Index(home)
    opened.vectors.delete(list(opened.library.chunk_ids())[:1])
    opened.close()
    assert fault(home, known, known) == "lost"
    with closing(sqlite3.connect(home / "library.sqlite3", isolation_level=None)) as connection:
        connection.execute("UPDATE documents SET digest = 'x' WHERE id = 'b.txt'")
    assert fault(home, known, known) == "lost"
    prepare("rebuild", tmp_path / "other")
    for header in (tmp_path / "other").rglob("header.bin"):
        header.write_bytes(b"")
    assert fault(tmp_path / "other", known, known).startswith("refused: ")
    monkeypatch.setattr(index_work.Index, "run", lambda _: None)
    prepare("first run", tmp_path / "more")
    assert fault(tmp_path / "more", {}, known) == "lost"


@pytest.mark.slow
@pytest.mark.parametrize("at_calls", [False, True])
def test_kills_leave_nothing_lost_doubled_or_refused(tmp_path: Path, at_calls: bool) -> None:
    killer = Killer(tmp_path, seed=3, at_calls=at_calls)
    for work in WORKS:
        assert killer.count(work, 3) == {"kills": 3}


# --- generated input ---------------------------------------------------------------------------


@pytest.fixture
def alarm(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(fuzz, "HANGS_S", 0.2)
    before = signal.signal(signal.SIGPROF, fuzz._hangs)
    yield
    signal.signal(signal.SIGPROF, before)


def outcome(run: object) -> fuzz.Outcome:
    return fuzz.fuzz(Target("a", st.integers(0, 1000), run), 200, 1)  # type: ignore[arg-type]


@pytest.mark.usefixtures("alarm")
def test_a_refusal_is_no_failure_and_any_other_error_is() -> None:
    def refuse(_: int) -> None:
        raise SourceError("It is none.", "Give another.")

    def fail(number: int) -> None:
        if number > 500:
            raise KeyError(number)

    assert outcome(refuse).error == ""
    assert outcome(refuse).inputs > 100
    assert "KeyError: 501" in outcome(fail).error


@pytest.mark.usefixtures("alarm")
def test_an_input_that_does_not_end_is_a_failure() -> None:
    def hang(number: int) -> None:
        if number > 500:
            while True:
                pass

    assert "TimeoutError" in outcome(hang).error


@pytest.mark.parametrize("target", all_fuzz.all_targets(), ids=lambda target: target.name)
def test_a_few_inputs_to_every_target(target: Target) -> None:
    before = signal.signal(signal.SIGPROF, fuzz._hangs)
    assert fuzz.fuzz(target, 25, 7).error == ""
    signal.signal(signal.SIGPROF, before)
