"""A run that breaks off can be gone on with, and comes out as one that did not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from eval.cases import Case
from eval.run import first_cases, run_and_store, run_golden
from eval.runs import writing
from eval.runs.conditions import current_conditions
from eval.runs.listing import RunError, list_runs
from rag.assistant import Assistant
from rag.types import Span
from tests.asking import Index, settings_for
from tests.fakes import ScriptedServer
from tests.run_folders import lines, steady, timeless

pytest_plugins = ["tests.seeds", "tests.four_cases"]

Stopping = Callable[[Path, int], Assistant]


@pytest.fixture
def stopped(
    seeds: Index, server: ScriptedServer, cases: list[Case], monkeypatch: pytest.MonkeyPatch
) -> Callable[[Path, int], Assistant]:
    """Breaks a run off after so many questions; gives the assistant, which now answers all."""

    def stop(folder: Path, before: int) -> Assistant:
        assistant = seeds.assistant(server)
        stream = assistant.stream
        left = iter([True] * before)

        def stopping(*asked: Any) -> Any:
            if not next(left, False):
                raise KeyboardInterrupt
            return stream(*asked)

        with monkeypatch.context() as patched:
            patched.setattr(assistant, "stream", stopping)
            assert run_and_store(assistant, cases, "cases.jsonl", folder) == 130
        return assistant

    return stop


def test_a_run_that_is_stopped_keeps_what_it_has_and_says_how_to_go_on(
    stopped: Stopping, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "2026-11-22T06-15-03Z"
    stopped(folder, 1)
    (kept,) = list_runs(tmp_path)
    assert (kept.summary, kept.fault) == (None, "")
    assert [entry.result.id for entry in kept.results().entries] == ["rate"]
    shown = capsys.readouterr()
    assert "1 of 4 cases are kept" in shown.err
    assert f"--resume {folder}" in shown.err
    assert shown.out == ""


def test_a_run_goes_on_where_it_broke_off_and_comes_out_as_one_that_did_not(
    stopped: Stopping, server: ScriptedServer, cases: list[Case], tmp_path: Path
) -> None:
    halfway, whole = tmp_path / "halfway", tmp_path / "whole"
    assistant = stopped(halfway, 2)
    asked = len(server.requests)
    assert run_and_store(assistant, cases, "cases.jsonl", halfway, resume=True) == 1
    assert len(server.requests) == asked + 2
    run_and_store(assistant, cases, "cases.jsonl", whole)
    first, second = (json.loads((f / "summary.json").read_text()) for f in (halfway, whole))
    assert [line["id"] for line in lines(halfway)] == [case.id for case in cases]
    assert (first["cases"], first["resumed"], second["resumed"]) == (4, 1, 0)
    assert timeless(halfway) == timeless(whole)
    for name in steady():
        assert first["figures"][name] == second["figures"][name], name
    assert (halfway / "report.html").is_file()


def test_a_line_that_broke_off_is_cut_and_its_case_asked_again(
    stopped: Stopping, cases: list[Case], tmp_path: Path
) -> None:
    assistant = stopped(tmp_path, 2)
    file = tmp_path / "results.jsonl"
    file.write_bytes(file.read_bytes()[:-100])
    assert run_and_store(assistant, cases, "cases.jsonl", tmp_path, resume=True) == 1
    assert [line["id"] for line in lines(tmp_path)] == [case.id for case in cases]


def test_a_line_that_lost_only_its_end_is_asked_again_and_not_joined_to_the_next(
    stopped: Stopping, cases: list[Case], tmp_path: Path
) -> None:
    assistant = stopped(tmp_path, 2)
    file = tmp_path / "results.jsonl"
    file.write_bytes(file.read_bytes()[:-1])
    run_and_store(assistant, cases, "cases.jsonl", tmp_path, resume=True)
    assert [line["id"] for line in lines(tmp_path)] == [case.id for case in cases]


def test_a_run_killed_before_its_summary_asks_nothing_again(
    seeds: Index, server: ScriptedServer, cases: list[Case], tmp_path: Path
) -> None:
    assistant = seeds.assistant(server)
    run_and_store(assistant, cases, "cases.jsonl", tmp_path)
    asked = len(server.requests)
    (tmp_path / "summary.json").unlink()
    run_and_store(assistant, cases, "cases.jsonl", tmp_path, resume=True)
    assert len(server.requests) == asked
    assert (tmp_path / "summary.json").is_file()


def test_a_run_that_was_measured_on_something_else_is_not_gone_on_with(
    seeds: Index, stopped: Stopping, server: ScriptedServer, cases: list[Case], tmp_path: Path
) -> None:
    assistant = stopped(tmp_path, 2)
    before = (tmp_path / "results.jsonl").read_bytes()
    with pytest.raises(RunError, match=r"the cases \(\w{16} then, \w{16} now\)"):
        run_and_store(assistant, cases[::-1], "cases.jsonl", tmp_path, resume=True)
    with pytest.raises(RunError, match=r"the number of cases \(4 then, 3 now\)"):
        run_and_store(assistant, cases[:3], "cases.jsonl", tmp_path, resume=True)
    other = seeds.assistant(server, k=7, model="other")
    with pytest.raises(RunError) as told:
        run_and_store(other, cases, "cases.jsonl", tmp_path, resume=True)
    assert "the model (scripted then, other now)" in str(told.value)
    assert "k (20 then, 7 now)" in str(told.value)
    assert "the articles" not in str(told.value)
    assert (tmp_path / "results.jsonl").read_bytes() == before


def test_evidence_that_changed_makes_other_cases(
    stopped: Stopping, cases: list[Case], tmp_path: Path
) -> None:
    assistant = stopped(tmp_path, 1)
    span = cases[0].evidence[0]
    moved = replace(cases[0], evidence=(Span(span.document_id, span.start, span.end - 1),))
    with pytest.raises(RunError, match="the cases"):
        run_and_store(assistant, [moved, *cases[1:]], "cases.jsonl", tmp_path, resume=True)


def test_a_run_with_a_line_that_is_no_case_is_not_gone_on_with(
    stopped: Stopping, cases: list[Case], tmp_path: Path
) -> None:
    assistant = stopped(tmp_path, 2)
    file = tmp_path / "results.jsonl"
    file.write_text("nonsense\n" + file.read_text("utf-8"))
    with pytest.raises(RunError, match=r"Line 1 of results\.jsonl is not a case"):
        run_and_store(assistant, cases, "cases.jsonl", tmp_path, resume=True)


def test_two_processes_do_not_write_one_run(
    stopped: Stopping, cases: list[Case], tmp_path: Path
) -> None:
    assistant = stopped(tmp_path, 2)
    facts = current_conditions(assistant, cases, "cases.jsonl")
    with (
        writing.resume_run(tmp_path, facts, len(cases)),
        pytest.raises(RunError, match="still goes on in another process"),
    ):
        run_and_store(assistant, cases, "cases.jsonl", tmp_path, resume=True)
    assert run_and_store(assistant, cases, "cases.jsonl", tmp_path, resume=True) == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "no run in"),
        ("", "run.json cannot be used"),
        ("{}", "run.json cannot be used"),
        ('{"schema": "footnote.eval.run/9"}', "of another version"),
    ],
)
def test_a_folder_that_holds_no_broken_run_is_not_gone_on_with(
    server: ScriptedServer, tmp_path: Path, content: str | None, said: str
) -> None:
    if content is not None:
        (tmp_path / "run.json").write_text(content)
    with pytest.raises(RunError, match=said):
        run_golden(settings_for(server, 3000), None, None, resume=tmp_path, choose=first_cases(1))
    assert not server.requests


def test_the_newest_unfinished_run_is_the_last(server: ScriptedServer, tmp_path: Path) -> None:
    settings = settings_for(server, 3000)
    with pytest.raises(RunError, match="no unfinished run"):
        run_golden(settings, None, None, resume="last", choose=first_cases(2))
    for _ in range(2):
        assert run_golden(settings, None, None, choose=first_cases(2)) == 0
    whole, last = (run.folder for run in list_runs(settings.data_dir / "evals"))
    (last / "summary.json").unlink()
    file = last / "results.jsonl"
    file.write_text(file.read_text("utf-8").splitlines()[0] + "\n", "utf-8")
    shutil.copytree(last, last.with_name("2020-01-01T00-00-00Z"))  # an older one
    asked = len(server.requests)
    assert run_golden(settings, None, None, resume="last", choose=first_cases(2)) == 0
    assert len(server.requests) == asked + 1
    assert timeless(last) == timeless(whole)


def test_a_run_that_came_to_its_end_is_not_gone_on_with(
    server: ScriptedServer, tmp_path: Path
) -> None:
    settings = settings_for(server, 3000)
    run_golden(settings, None, tmp_path / "out", choose=first_cases(1))
    with pytest.raises(RunError, match="came to its end"):
        run_golden(settings, None, None, resume=tmp_path / "out", choose=first_cases(1))
    with pytest.raises(RunError, match="its own folder"):
        run_golden(settings, None, tmp_path / "b", resume=tmp_path / "out", choose=first_cases(1))
