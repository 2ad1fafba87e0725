"""A run of the golden questions: every case is a row, whatever happens, and the run is kept."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from eval.cases import Case, CaseError
from eval.metrics import METRICS
from eval.run import first_cases, run_and_store, run_cases, run_golden
from eval.runs import writing
from eval.runs.conditions import base_name, current_commit, current_conditions
from eval.runs.listing import RunError, list_runs
from eval.statistics.aggregate import STATISTIC_NAMES
from rag.build import build
from rag.types import Turn
from tests.asking import FENTANYL, RATE, STATED, Index, prompt, settings_for
from tests.fakes import ScriptedServer, Status
from tests.run_folders import lines

pytest_plugins = ["tests.seeds", "tests.four_cases"]


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_each_case_becomes_a_row_and_an_error_is_one(
    seeds: Index, server: ScriptedServer, cases: list[Case]
) -> None:
    rows = run_cases(cases, seeds.assistant(server))
    assert [(row.id, row.outcome) for row in rows] == [
        ("rate", "right"),
        ("soy", "declined"),
        ("duties", "wrong"),
        ("error", "error"),
    ]
    right, declined, _, error = rows
    assert (right.text, right.cited, right.supports) == (f"{STATED} [1]", 1.0, ("supported",))
    assert right.exact_quotes
    assert (declined.text, declined.reason, declined.cited) == ("", "not stated", None)
    assert "no more answers" in error.text


def test_every_row_is_a_line_of_the_results_with_its_whole_answer(
    seeds: Index, server: ScriptedServer, cases: list[Case], tmp_path: Path
) -> None:
    out = tmp_path / "reports" / "today"
    assert run_and_store(seeds.assistant(server), cases, "cases.jsonl", out) == 1
    written = lines(out)
    assert [line["id"] for line in written] == [case.id for case in cases]
    assert written[0]["question"] == FENTANYL
    assert written[0]["answer"]["claims"][0]["citations"][0]["quote"] == RATE
    assert written[3]["answer"] is None
    run_and_store(seeds.assistant(server), cases[:1], "cases.jsonl", out)
    assert len(lines(out)) == 1


def test_a_line_holds_its_scores_and_all_that_was_seen_on_the_way(
    seeds: Index, server: ScriptedServer, cases: list[Case], tmp_path: Path
) -> None:
    assistant = seeds.assistant(server)
    run_and_store(assistant, cases, "cases.jsonl", tmp_path / "run")
    told, _, _, error = lines(tmp_path / "run")
    assert tuple(told["scores"]) == tuple(METRICS)
    assert told["scores"]["answer_right"] == told["scores"]["citation_recall"] == 1.0
    assert told["scores"]["recall_at_10"] == told["scores"]["evidence_selected"] == 1.0
    (asked,) = told["recording"]["model_calls"]
    assert (asked["purpose"], asked["reply"]) == ("answer", f"{STATED} [1]")
    assert FENTANYL in asked["messages"][-1]["content"]
    assert [each["action"] for each in told["recording"]["checked"]] == ["kept"]
    assert "no more answers" in error["recording"]["error"]
    assert error["recording"]["hits"]  # what came before the error is there to see
    assert {name: score for name, score in error["scores"].items() if score is not None} == {
        "errors": 1.0
    }
    (kept,) = list_runs(tmp_path)
    (entry, *_) = kept.results().entries
    chunk = entry.recording.hits[0].chunk
    assert assistant.library.chunks_by_id([chunk.id]) == {chunk.id: chunk}
    assert (entry.spans, entry.recording.answer) == (cases[0].evidence, entry.answer)


def test_a_defect_is_a_row_and_the_others_are_still_asked(
    seeds: Index, server: ScriptedServer, cases: list[Case], monkeypatch: pytest.MonkeyPatch
) -> None:
    assistant = seeds.assistant(server)
    stream = assistant.stream

    def broken(question: str, *more: Any) -> Any:
        if "soy" in question:
            raise KeyError("a defect")
        return stream(question, *more)

    monkeypatch.setattr(assistant, "stream", broken)
    rows = run_cases(cases[:2], assistant)
    assert [row.outcome for row in rows] == ["right", "error"]
    assert rows[1].text == "KeyError: 'a defect'"


def test_progress_goes_to_standard_error_and_says_what_was_missed(
    seeds: Index, server: ScriptedServer, cases: list[Case], capsys: pytest.CaptureFixture[str]
) -> None:
    run_cases(cases, seeds.assistant(server))
    shown = capsys.readouterr()
    assert shown.out == ""
    told = shown.err.splitlines()
    assert [("MISS" in line) for line in told] == [False, False, True, True]
    assert FENTANYL in told[0]
    assert told[3].startswith("  4/4 MISS error")


def test_on_a_terminal_progress_is_a_bar_that_counts_what_came_out_right(
    seeds: Index, server: ScriptedServer, cases: list[Case], monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    run_cases(cases, seeds.assistant(server))
    shown = screen.getvalue()
    assert "case 4 of 4" in shown
    assert "2 as they should be" in shown
    assert "MISS error" in shown
    assert "ok  right" not in shown


def test_a_cases_history_is_part_of_the_question(seeds: Index, server: ScriptedServer) -> None:
    history = (Turn("what rate applies to fentanyl?", STATED),)
    case = Case("follow-up", "and for what?", True, ("fentanyl",), history=history)
    run_cases([case], seeds.assistant(server))
    assert "what rate applies to fentanyl?" in prompt(server.requests[0])


def test_a_line_says_what_was_expected_and_where_it_stands(
    seeds: Index, server: ScriptedServer, cases: list[Case], tmp_path: Path
) -> None:
    run_and_store(seeds.assistant(server), cases[:2], "cases.jsonl", tmp_path)
    known, unknown = lines(tmp_path)
    assert (known["gold"], known["evidence"]) == ([["20%"]], [RATE])
    assert (unknown["gold"], unknown["evidence"]) == ([], [])


def test_what_a_model_says_does_not_act_on_the_terminal(
    seeds: Index, cases: list[Case], capsys: pytest.CaptureFixture[str]
) -> None:
    with ScriptedServer([Status(400, "red \x1b[31m \u202e text")]) as server:
        run_cases(cases[:1], seeds.assistant(server))
    shown = capsys.readouterr().err
    assert "red" in shown
    assert not {"\x1b", "\u202e"} & set(shown)


# --- keeping a run ----------------------------------------------------------------------------


def test_the_golden_questions_are_asked_of_the_seed_articles(
    server: ScriptedServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = settings_for(server, 3000)
    assert run_golden(settings, None, tmp_path / "out", choose=first_cases(1)) == 0
    assert "1 of 1" in capsys.readouterr().out
    assert not settings.data_dir.exists()  # the person's own index is left alone
    (line,) = (tmp_path / "out" / "results.jsonl").read_text("utf-8").splitlines()
    assert json.loads(line)["outcome"] == "right"


def test_every_run_is_kept_with_its_figures_and_a_report(
    server: ScriptedServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = settings_for(server, 3000)
    assert run_golden(settings, None, None, choose=first_cases(2)) == 0
    assert run_golden(settings, None, None, choose=first_cases(1)) == 0
    newer, older = list_runs(settings.data_dir / "evals")
    assert older.summary
    assert newer.summary
    assert (older.summary.cases, newer.summary.cases) == (2, 1)
    assert older.summary.figures == older.results().figures()
    assert tuple(older.summary.figures) == STATISTIC_NAMES
    assert (older.folder / "report.html").read_text("utf-8").startswith("<!doctype html>")
    assert str(older.folder / "report.html") in capsys.readouterr().err


def test_a_summary_says_what_was_measured_and_names_no_path_and_no_secret(
    server: ScriptedServer, tmp_path: Path
) -> None:
    settings = settings_for(server, 3000, model="/home/me/models/small.gguf", api_key="sk-one")
    run_golden(settings, None, tmp_path / "out", choose=first_cases(1))
    written = (tmp_path / "out" / "summary.json").read_text("utf-8")
    summary = json.loads(written)
    assert (summary["schema"], summary["cluster_unit"]) == ("footnote.eval/2", "evidence")
    assert (summary["model"], summary["cases_file"]) == ("small.gguf", "seeds.jsonl")
    assert summary["documents"] == 2
    assert summary["settings"]["budget_tokens"] == 3000
    begun = (tmp_path / "out" / "run.json").read_text("utf-8")
    for hidden in ("/home", "sk-one", "127.0.0.1", str(tmp_path), str(settings.data_dir)):
        assert hidden not in written
        assert hidden not in begun
    names = ["report.html", "results.jsonl", "run.json", "summary.json"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == names


def test_a_run_in_the_place_of_another_leaves_nothing_of_it(
    server: ScriptedServer, seeds: Index, cases: list[Case], tmp_path: Path
) -> None:
    assistant = seeds.assistant(server)
    run_and_store(assistant, cases, "cases.jsonl", tmp_path)
    with writing.start_run(tmp_path, current_conditions(assistant, cases, "other.jsonl"), 1):
        names = sorted(path.name for path in tmp_path.iterdir())
        assert names == ["results.jsonl", "run.json", "run.lock"]
        assert lines(tmp_path) == []


def test_a_run_that_cannot_be_kept_says_so_before_any_question(
    server: ScriptedServer, tmp_path: Path
) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(RunError, match=r"cannot be kept.*--out"):
        run_golden(settings_for(server, 3000), None, tmp_path / "taken", choose=first_cases(1))
    with pytest.raises(RunError, match="cannot be kept"):
        run_golden(
            settings_for(server, 3000, data_dir=tmp_path / "taken"),
            None,
            None,
            choose=first_cases(1),
        )
    assert not server.requests


def test_a_disk_that_fills_up_is_told_plainly(
    seeds: Index,
    server: ScriptedServer,
    cases: list[Case],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full")
    assistant = seeds.assistant(server)
    with writing.start_run(tmp_path, current_conditions(assistant, cases, "a.jsonl"), 4) as kept:
        monkeypatch.setattr(writing, "RESULTS", "/dev/full")
        with pytest.raises(RunError, match="No space left"):
            run_cases(cases[:1], assistant, kept)


# --- whose cases ------------------------------------------------------------------------------


def own_cases(folder: Path) -> Path:
    file = folder / "cases.jsonl"
    line = {
        "id": "own",
        "question": "what rate applies to fentanyl?",
        "answerable": True,
        "gold": ["20%"],
        "evidence": [{"document_id": "own.txt", "quote": STATED}],
        "tags": ["number"],
    }
    file.write_text(json.dumps(line))
    return file


def test_a_persons_own_cases_are_asked_of_their_own_index(
    server: ScriptedServer, tmp_path: Path
) -> None:
    settings = settings_for(server, 3000)
    article = tmp_path / "own.txt"
    article.write_text(f"A report of my own.\n\n{STATED} It was set in March.")
    with build(settings) as assistant:
        list(assistant.index([article]))
    assert run_golden(settings, own_cases(tmp_path), None) == 0
    (kept,) = list_runs(settings.data_dir / "evals")
    (entry,) = kept.results().entries
    assert (entry.result.outcome, entry.evidence) == ("right", (STATED,))
    assert kept.summary
    assert (kept.summary.documents, kept.summary.cases_file) == (1, "cases.jsonl")


def test_cases_that_the_index_does_not_know_leave_no_run_behind(
    server: ScriptedServer, tmp_path: Path
) -> None:
    settings = settings_for(server, 3000)
    with pytest.raises(CaseError, match=r"no document .own\.txt"):
        run_golden(settings, own_cases(tmp_path), None)
    assert not list_runs(settings.data_dir / "evals")


def test_a_run_with_errors_does_not_succeed(server: ScriptedServer, tmp_path: Path) -> None:
    file = tmp_path / "cases.jsonl"
    line = {"id": "a", "question": "how is shipping?", "answerable": False, "tags": ["unrelated"]}
    file.write_text(json.dumps(line))
    assert run_golden(settings_for(server, 3000), file, None) == 1


# --- what it was measured on ------------------------------------------------------------------


def test_conditions_tell_apart_what_was_asked_and_of_what(
    seeds: Index, server: ScriptedServer, cases: list[Case], tmp_path: Path
) -> None:
    assistant = seeds.assistant(server)
    whole, again = (current_conditions(assistant, cases, "a.jsonl") for _ in range(2))
    fewer = current_conditions(assistant, cases[:2], "a.jsonl")
    assert whole == again
    assert fewer.cases_digest != whole.cases_digest
    assert fewer.corpus_digest == whole.corpus_digest
    assert {len(whole.cases_digest), len(whole.corpus_digest), len(whole.prompts_digest)} == {16}


@pytest.mark.skipif(not shutil.which("git"), reason="there is no git")
def test_the_commit_is_that_of_the_checkout_and_says_if_files_were_changed(tmp_path: Path) -> None:
    def git(*command: str) -> str:
        who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        ran = subprocess.run(
            ["git", "-C", str(tmp_path), *who, *command],
            check=True,
            capture_output=True,
            text=True,
        )
        return ran.stdout.strip()

    assert "." in current_commit(tmp_path)  # no checkout: the package's version
    git("init", "-q")
    assert "." in current_commit(tmp_path)  # nothing was ever committed
    (tmp_path / "a").write_text("1")
    git("add", "a")
    git("commit", "-q", "-m", "a")
    head = git("rev-parse", "HEAD")
    assert len(current_commit(tmp_path)) == 12
    assert head.startswith(current_commit(tmp_path))
    (tmp_path / "a").write_text("2")
    assert current_commit(tmp_path) == f"{head[:12]}+changes"


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("gpt-6-luna", "gpt-6-luna"),
        ("org/model-7b", "org/model-7b"),
        ("/srv/models/a.gguf", "a.gguf"),
        ("C:\\models\\a.gguf", "a.gguf"),
    ],
)
def test_a_models_name_is_without_the_folder_that_it_lies_in(model: str, name: str) -> None:
    assert base_name(model) == name
