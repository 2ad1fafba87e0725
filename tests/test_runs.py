"""Kept runs are listed, whatever their folders hold."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from eval.runs import listing as listing
from eval.runs.listing import RunError, create_run_folder, find_run, list_runs, newest_finished_run
from eval.statistics.aggregate import STATISTIC_NAMES
from tests.run_folders import NAME, QUOTE, STARTED, declined, failed, follow_up, keep, right

TOLD = [right(), declined("soy", answerable=False), failed("duties")]


def rewrite(run: Path, **changes: Any) -> None:
    """Change fields of the run's summary; those that are None are removed."""
    file = run / "summary.json"
    fields = json.loads(file.read_text("utf-8")) | changes
    file.write_text(json.dumps({key: each for key, each in fields.items() if each is not None}))


def test_there_are_no_runs_where_there_is_no_folder(tmp_path: Path) -> None:
    assert list_runs(tmp_path / "none") == []
    (tmp_path / "file").write_text("")
    assert list_runs(tmp_path / "file") == []
    assert list_runs(tmp_path) == []


def test_runs_come_newest_first(tmp_path: Path) -> None:
    for days in (0, 2, 1):
        keep(tmp_path, TOLD, STARTED + timedelta(days=days))
    assert [run.started.day for run in list_runs(tmp_path)] == [24, 23, 22]


def test_the_newest_run_is_the_last_that_came_to_its_end(tmp_path: Path) -> None:
    for days in (0, 2, 1):
        keep(tmp_path, TOLD, STARTED + timedelta(days=days))
    assert newest_finished_run(tmp_path).started.day == 24
    (tmp_path / "2026-12-01T00-00-00Z").mkdir()  # still going on, or killed
    broken = keep(tmp_path, TOLD, STARTED + timedelta(days=5))
    (broken / "summary.json").write_text("{")
    assert newest_finished_run(tmp_path).folder == tmp_path / "2026-11-24T06-15-03Z"


def test_where_no_run_came_to_its_end_there_is_no_newest(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(RunError, match=r"No run was kept yet.*footnote eval"):
            newest_finished_run(folder)
    keep(tmp_path, TOLD, None)
    with pytest.raises(RunError, match="No run was kept yet"):
        newest_finished_run(tmp_path)


def test_a_run_reads_back_as_it_was_kept(tmp_path: Path) -> None:
    keep(tmp_path, [*TOLD, follow_up("then", "And before?")])
    (run,) = list_runs(tmp_path)
    assert run.summary
    assert (run.name, run.fault) == (NAME, "")
    assert run.summary.duration == timedelta(seconds=75)
    results = run.results()
    assert results.faults == ()
    first, second, third, last = results.entries
    assert (first.result, second.result, third.result) == tuple(row for row, _, _ in TOLD)
    assert first.answer == TOLD[0][2]
    assert (first.gold, first.evidence) == ((("20%",),), (QUOTE,))
    assert (third.answer, last.history) == (None, ("And before?",))
    assert results.figures() == run.summary.figures


def test_a_run_that_was_killed_is_listed_with_the_cases_so_far(tmp_path: Path) -> None:
    keep(tmp_path, TOLD, None)
    (run,) = list_runs(tmp_path)
    assert (run.summary, run.fault, run.started) == (None, "", STARTED)
    found = run.results().figures()
    assert (found["answer_right"].good, found["errors"].good, found["errors"].n) == (1, 1, 3)


def test_a_line_that_broke_off_is_said_and_the_others_stay(tmp_path: Path) -> None:
    file = keep(tmp_path, TOLD, None) / "results.jsonl"
    file.write_bytes(file.read_bytes()[:-40])
    results = list_runs(tmp_path)[0].results()
    assert [entry.result.id for entry in results.entries] == ["rate", "soy"]
    (fault,) = results.faults
    assert fault.startswith("Line 3 of results.jsonl is not a case (Invalid JSON")


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        "nonsense",
        "[" * 100_000,
        '{"id": "a"}',
        "\ufeff{}",
        '"\\ud800"',
        "1e999",
    ],
)
def test_a_line_may_be_anything(tmp_path: Path, line: str) -> None:
    file = keep(tmp_path, TOLD) / "results.jsonl"
    file.write_text(f"{line}\n\n{file.read_text('utf-8')}", encoding="utf-8")
    results = list_runs(tmp_path)[0].results()
    assert len(results.entries) == 3
    assert len(results.faults) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"seconds": float("nan")},
        {"seconds": float("inf")},
        {"seconds": -1},
        {"cited": 2},
        {"scores": {"mrr": float("nan")}},
        {"scores": {"mrr": -1}},
        {"scores": []},
        {"spans": [{"document_id": "a", "start": 5, "end": 2}]},
        {"recording": {"hits": [{"score": 1}]}},
        {"recording": {"checked": "all"}},
        {"outcome": "splendid"},
        {"supports": ["certain"]},
        {"answerable": "yes"},
        {"answer": {"schema": "footnote.answer/3"}},
        {"answer": {"claims": 1}},
        {"answer": []},
        {"tags": "number"},
    ],
)
def test_a_case_with_a_field_that_makes_no_sense_is_no_case(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    file = keep(tmp_path, TOLD[:1]) / "results.jsonl"
    file.write_text(json.dumps(json.loads(file.read_text("utf-8")) | change))
    results = list_runs(tmp_path)[0].results()
    assert results.entries == ()
    assert results.faults[0].startswith("Line 1 of results.jsonl is not a case (")


def test_a_field_that_is_not_known_does_no_harm(tmp_path: Path) -> None:
    run = keep(tmp_path, TOLD[:1])
    rewrite(run, later={"a": [1]})
    line = json.loads((run / "results.jsonl").read_text("utf-8")) | {"later": float("nan")}
    (run / "results.jsonl").write_text(json.dumps(line))
    (found,) = list_runs(tmp_path)
    assert found.summary
    assert len(found.results().entries) == 1


def test_hundreds_of_broken_lines_are_counted_not_listed(tmp_path: Path) -> None:
    (keep(tmp_path, TOLD) / "results.jsonl").write_text("{\n" * 500)
    faults = list_runs(tmp_path)[0].results().faults
    assert len(faults) == listing.MAX_FAULTS + 1
    assert "480 more lines" in faults[-1]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"schema": "footnote.eval/3"}, "another version: footnote.eval/3"),
        ({"schema": None, "model": None}, "model: Field required"),
        ({"cases": -1}, "cases"),
        ({"started": "yesterday"}, "started"),
        ({"started": "2026-11-22T06:15:03"}, "timezone"),
        ({"settings": {"k": []}}, "settings.k"),
        ({"figures": {"answer_right": {"value": 1.5, "n": 2}}}, "answer_right is 1.5"),
        ({"figures": {"mrr": {"value": 0.5, "n": 2, "low": 0.6, "high": 0.4}}}, "mrr is 0.5"),
        ({"figures": {"mrr": {"value": 0.5, "n": 2, "high": 1.4}}}, "mrr is 0.5"),
        ({"cluster_unit": "moon"}, "cluster_unit"),
        ({"figures": {"errors": {"value": float("nan"), "n": 2}}}, "errors is nan"),
        ({"figures": {"seconds_p50": {"value": float("inf"), "n": 2}}}, "seconds_p50 is inf"),
        ({"figures": {"errors": {"value": 0.5, "n": -1}}}, "errors is 0.5, None of -1"),
        ({"figures": {"errors": {"value": 0.5, "n": 1, "good": 2}}}, "2 of 1"),
        ({"tags": {"number": {"value": -0.5, "n": 2, "good": 1}}}, "number is -0.5"),
    ],
)
def test_a_summary_that_cannot_be_used_is_said_and_the_cases_stay(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    rewrite(keep(tmp_path, TOLD), **changes)
    (run,) = list_runs(tmp_path)
    assert run.summary is None
    assert run.fault.startswith("summary.json cannot be used (")
    assert said in run.fault
    assert run.started == STARTED
    assert len(run.results().entries) == 3


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", b"[]", b"[" * 100_000, b"null"])
def test_a_summary_may_be_anything(tmp_path: Path, data: bytes) -> None:
    (keep(tmp_path, TOLD) / "summary.json").write_bytes(data)
    assert list_runs(tmp_path)[0].fault


def test_figures_that_an_older_program_did_not_count_have_no_value(tmp_path: Path) -> None:
    rewrite(keep(tmp_path, TOLD), figures={"errors": {"value": 0.5, "n": 2, "good": 1}})
    (run,) = list_runs(tmp_path)
    assert run.summary
    assert tuple(run.summary.figures) == STATISTIC_NAMES
    assert run.summary.figures["errors"].good == 1
    assert run.summary.figures["seconds_p50"].value is None


def test_a_run_of_the_first_version_keeps_the_figures_that_mean_the_same(tmp_path: Path) -> None:
    one = {"value": 0.5, "n": 2, "good": 1}
    names = ("answered_right", "unanswerable_declined", "answerable_declined", "errors")
    old = dict.fromkeys((*names, "sentences_supported", "evidence_cited"), one)
    old["seconds_p50"] = {"value": 4.0, "n": 2}
    unknown = {"cluster_unit": None, "resumed": None}
    rewrite(keep(tmp_path, TOLD), schema="footnote.eval/1", figures=old, **unknown)
    (run,) = list_runs(tmp_path)
    assert run.summary
    assert (run.summary.cluster_unit, run.summary.resumed) == (None, 0)
    counted = {name: figure for name, figure in run.summary.figures.items() if figure.n}
    same = ("answer_right", "declined_rightly", "declined_falsely", "errors", "seconds_p50")
    assert set(counted) == set(same)
    assert counted["answer_right"].good == 1


def test_a_line_of_the_first_version_is_a_case_without_scores(tmp_path: Path) -> None:
    file = keep(tmp_path, TOLD[:1], None) / "results.jsonl"
    line = json.loads(file.read_text("utf-8"))
    for later in ("scores", "cluster", "spans", "recording"):
        del line[later]
    file.write_text(json.dumps(line))
    (run,) = list_runs(tmp_path)
    (entry,) = run.results().entries
    assert (entry.result.outcome, entry.result.scores, entry.recording.hits) == ("right", {}, ())
    assert run.results().figures()["answer_right"].n == 0
    assert run.results().figures()["seconds_p50"].n == 1


def test_a_huge_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(tmp_path, TOLD)
    monkeypatch.setattr(listing, "SUMMARY_BYTES", 100)
    monkeypatch.setattr(listing, "RESULTS_BYTES", 100)
    (run,) = list_runs(tmp_path)
    assert "100 is the most" in run.fault
    assert run.results().entries == ()
    assert "100 is the most" in run.results().faults[0]


def test_a_line_that_is_too_long_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = right("long", "so " * 3000)
    keep(tmp_path, [right("a"), long, right("b"), long])
    monkeypatch.setattr(listing, "LINE_BYTES", 5000)
    results = list_runs(tmp_path)[0].results()
    assert [entry.result.id for entry in results.entries] == ["a", "b"]
    assert [fault[:6] for fault in results.faults] == ["Line 2", "Line 4"]


@pytest.mark.parametrize("name", ["summary.json", "results.jsonl"])
def test_what_is_not_a_file_is_not_waited_for(tmp_path: Path, name: str) -> None:
    run = keep(tmp_path, TOLD)
    (run / name).unlink()
    os.mkfifo(run / name)
    (found,) = list_runs(tmp_path)
    faults = [found.fault, *found.results().faults]
    assert any(f"{name} cannot be used (it is not a file)" in fault for fault in faults)


def test_an_empty_folder_is_a_run_without_cases(tmp_path: Path) -> None:
    (tmp_path / "baseline").mkdir()
    (run,) = list_runs(tmp_path)
    assert run.results().faults == ("results.jsonl is missing.",)
    assert not run.is_named_by_time
    assert abs(run.started - datetime.now(UTC)) < timedelta(days=1)


def test_what_is_no_folder_or_hidden_is_no_run(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("")
    (tmp_path / ".cache").mkdir()
    assert list_runs(tmp_path) == []


# --- one run ----------------------------------------------------------------------------------


def test_a_run_is_found_by_its_name(tmp_path: Path) -> None:
    keep(tmp_path, TOLD)
    assert find_run(tmp_path, NAME) == list_runs(tmp_path)[0]


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "a/b", "/etc", "none", ".hidden", "a\0b", f"{NAME}/", "x" * 999]
)
def test_a_name_that_leads_elsewhere_finds_nothing(tmp_path: Path, name: str) -> None:
    evals = tmp_path / "evals"
    keep(evals, TOLD)
    for folder in (tmp_path / "x", evals / ".hidden", evals / "a" / "b"):
        folder.mkdir(parents=True)
    with pytest.raises(RunError, match="no such run"):
        find_run(evals, name)


def test_two_runs_of_one_second_do_not_meet(tmp_path: Path) -> None:
    paths = [create_run_folder(tmp_path / "evals", STARTED) for _ in range(3)]
    assert [path.name for path in paths] == [NAME, f"{NAME}-2", f"{NAME}-3"]
    assert {run.started for run in list_runs(tmp_path / "evals")} == {STARTED}
