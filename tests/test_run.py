"""A run of the golden questions: every case is a row, whatever happens, and the run is kept."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from eval import run as running
from eval.cases import Case, CaseError
from eval.conditions import base_name, commit, conditions
from eval.figures import NAMES, Row, figures, table
from eval.run import run, run_golden
from eval.runs import RunError, runs
from rag.build import build
from rag.types import Turn
from tests.asking import FENTANYL, RATE, STATED, Index, prompt, settings_for
from tests.fakes import Request, Scripted, ScriptedServer, Status

pytest_plugins = ["tests.seeds"]


def reply(request: Request) -> Scripted:
    """Right about the rate, wrong about the official, nothing about soy, and no answer at all
    to a question about shipping."""
    question = prompt(request).rpartition("Question:")[2]
    if "shipping" in question:
        return Status(400, "no more answers")
    if "soy" in question:
        return "NOT STATED"
    return f"{STATED} [1]"


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer([reply]) as scripted:
        yield scripted


@pytest.fixture
def cases(seeds: Index) -> list[Case]:
    evidence = (seeds.passage(RATE).span,)
    return [
        Case("rate", FENTANYL, True, ("20%",), evidence=evidence, tags=("number",)),
        Case("soy", "what tariff rate applies to soy?", False, tags=("near-miss",)),
        Case("duties", "what rate are the reciprocal duties?", True, ("125%",), tags=("number",)),
        Case("error", "how much has shipping fallen?", True, ("50%",), tags=("number",)),
    ]


def test_each_case_becomes_a_row_and_an_error_is_one(
    seeds: Index, server: ScriptedServer, cases: list[Case]
) -> None:
    rows = run(cases, seeds.assistant(server), None)
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
    rows = run(cases, seeds.assistant(server), out)
    lines = (out / "results.jsonl").read_text("utf-8").splitlines()
    written = [json.loads(line) for line in lines]
    assert [line["id"] for line in written] == [row.id for row in rows]
    assert written[0]["question"] == FENTANYL
    assert written[0]["answer"]["claims"][0]["citations"][0]["quote"] == RATE
    assert written[3]["answer"] is None
    run(cases[:1], seeds.assistant(server), out)
    assert len((out / "results.jsonl").read_text("utf-8").splitlines()) == 1


def test_progress_goes_to_standard_error_and_says_what_was_missed(
    seeds: Index, server: ScriptedServer, cases: list[Case], capsys: pytest.CaptureFixture[str]
) -> None:
    run(cases, seeds.assistant(server), None)
    shown = capsys.readouterr()
    assert shown.out == ""
    lines = shown.err.splitlines()
    assert [("MISS" in line) for line in lines] == [False, False, True, True]
    assert FENTANYL in lines[0]


def test_a_cases_history_is_part_of_the_question(seeds: Index, server: ScriptedServer) -> None:
    history = (Turn("what rate applies to fentanyl?", STATED),)
    case = Case("follow-up", "and for what?", True, ("fentanyl",), history=history)
    run([case], seeds.assistant(server), None)
    assert STATED in prompt(server.requests[0])


def test_a_line_says_what_was_expected_and_where_it_stands(
    seeds: Index, server: ScriptedServer, cases: list[Case], tmp_path: Path
) -> None:
    run(cases[:2], seeds.assistant(server), tmp_path)
    known, unknown = map(json.loads, (tmp_path / "results.jsonl").read_text("utf-8").splitlines())
    assert (known["gold"], known["evidence"]) == ([["20%"]], [RATE])
    assert (unknown["gold"], unknown["evidence"]) == ([], [])


def test_what_a_model_says_does_not_act_on_the_terminal(
    seeds: Index, cases: list[Case], capsys: pytest.CaptureFixture[str]
) -> None:
    with ScriptedServer([Status(400, "red \x1b[31m \u202e text")]) as server:
        run(cases[:1], seeds.assistant(server), None)
    shown = capsys.readouterr().err
    assert "red" in shown
    assert not {"\x1b", "\u202e"} & set(shown)


# --- keeping a run ----------------------------------------------------------------------------


def test_the_golden_questions_are_asked_of_the_seed_articles(
    server: ScriptedServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = settings_for(server, 3000)
    assert run_golden(settings, None, 1, tmp_path / "out") == 0
    assert "1 of 1" in capsys.readouterr().out
    assert not settings.data_dir.exists()  # the person's own index is left alone
    (line,) = (tmp_path / "out" / "results.jsonl").read_text("utf-8").splitlines()
    assert json.loads(line)["outcome"] == "right"


def test_every_run_is_kept_with_its_figures_and_a_report(
    server: ScriptedServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = settings_for(server, 3000)
    assert run_golden(settings, None, 2, None) == 0
    assert run_golden(settings, None, 1, None) == 0
    second, first = runs(settings.data_dir / "evals")
    assert first.summary
    assert second.summary
    assert (first.summary.cases, second.summary.cases) == (2, 1)
    assert first.summary.figures == first.results().figures()
    assert tuple(first.summary.figures) == NAMES
    assert (first.folder / "report.html").read_text("utf-8").startswith("<!doctype html>")
    assert str(first.folder / "report.html") in capsys.readouterr().err


def test_a_summary_says_what_was_measured_and_names_no_path_and_no_secret(
    server: ScriptedServer, tmp_path: Path
) -> None:
    settings = settings_for(server, 3000, model="/home/me/models/small.gguf", api_key="sk-one")
    run_golden(settings, None, 1, tmp_path / "out")
    written = (tmp_path / "out" / "summary.json").read_text("utf-8")
    summary = json.loads(written)
    assert summary["schema"] == "footnote.eval/1"
    assert (summary["model"], summary["cases_file"]) == ("small.gguf", "seeds.jsonl")
    assert summary["documents"] == 2
    assert summary["settings"]["budget_tokens"] == 3000
    for hidden in ("/home", "sk-one", "127.0.0.1", str(tmp_path), str(settings.data_dir)):
        assert hidden not in written
    assert not list((tmp_path / "out").glob(".*"))


def test_a_run_in_the_place_of_another_leaves_nothing_of_it(
    server: ScriptedServer, seeds: Index, cases: list[Case], tmp_path: Path
) -> None:
    run_golden(settings_for(server, 3000), None, 1, tmp_path)
    run(cases[:1], seeds.assistant(server), tmp_path)
    assert [path.name for path in tmp_path.glob("*.*")] == ["results.jsonl"]


def test_a_run_that_cannot_be_kept_says_so_before_any_question(
    server: ScriptedServer, tmp_path: Path
) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(RunError, match=r"cannot be kept.*--out"):
        run_golden(settings_for(server, 3000), None, 1, tmp_path / "taken")
    with pytest.raises(RunError, match="cannot be kept"):
        run_golden(settings_for(server, 3000, data_dir=tmp_path / "taken"), None, 1, None)
    assert not server.requests


def test_a_disk_that_fills_up_is_told_plainly(
    seeds: Index, server: ScriptedServer, cases: list[Case], monkeypatch: pytest.MonkeyPatch
) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("there is no /dev/full")
    monkeypatch.setattr(running, "_prepare", lambda folder: None)
    monkeypatch.setattr(running, "RESULTS", "full")
    with pytest.raises(RunError, match="No space left"):
        run(cases[:1], seeds.assistant(server), Path("/dev"))


def test_a_run_that_is_killed_keeps_what_it_has_and_no_summary(
    seeds: Index, cases: list[Case], tmp_path: Path
) -> None:
    with ScriptedServer([f"{STATED} [1]"]) as server:
        assistant = seeds.assistant(server)
        ask = assistant.ask
        asked: list[str] = []

        def stopping(question: str, *more: object) -> object:
            if asked:
                raise KeyboardInterrupt
            asked.append(question)
            return ask(question)

        assistant.ask = stopping  # type: ignore[method-assign, assignment]
        with pytest.raises(KeyboardInterrupt):
            run(cases, assistant, tmp_path / "2026-11-22T06-15-03Z")
    (kept,) = runs(tmp_path)
    assert (kept.summary, kept.fault) == (None, "")
    assert [entry.row.id for entry in kept.results().entries] == ["rate"]


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
    assert run_golden(settings, own_cases(tmp_path), None, None) == 0
    (kept,) = runs(settings.data_dir / "evals")
    (entry,) = kept.results().entries
    assert (entry.row.outcome, entry.evidence) == ("right", (STATED,))
    assert kept.summary
    assert (kept.summary.documents, kept.summary.cases_file) == (1, "cases.jsonl")


def test_cases_that_the_index_does_not_know_leave_no_run_behind(
    server: ScriptedServer, tmp_path: Path
) -> None:
    settings = settings_for(server, 3000)
    with pytest.raises(CaseError, match=r"no document .own\.txt"):
        run_golden(settings, own_cases(tmp_path), None, None)
    assert not runs(settings.data_dir / "evals")


def test_a_run_with_errors_does_not_succeed(server: ScriptedServer, tmp_path: Path) -> None:
    file = tmp_path / "cases.jsonl"
    line = {"id": "a", "question": "how is shipping?", "answerable": False, "tags": ["unrelated"]}
    file.write_text(json.dumps(line))
    assert run_golden(settings_for(server, 3000), file, None, None) == 1


# --- what it was measured on ------------------------------------------------------------------


def test_conditions_tell_apart_what_was_asked_and_of_what(
    seeds: Index, server: ScriptedServer, cases: list[Case], tmp_path: Path
) -> None:
    assistant = seeds.assistant(server)
    whole, again = (conditions(assistant, cases, "a.jsonl") for _ in range(2))
    fewer = conditions(assistant, cases[:2], "a.jsonl")
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

    assert "." in commit(tmp_path)  # no checkout: the package's version
    git("init", "-q")
    assert "." in commit(tmp_path)  # nothing was ever committed
    (tmp_path / "a").write_text("1")
    git("add", "a")
    git("commit", "-q", "-m", "a")
    head = git("rev-parse", "HEAD")
    assert len(commit(tmp_path)) == 12
    assert head.startswith(commit(tmp_path))
    (tmp_path / "a").write_text("2")
    assert commit(tmp_path) == f"{head[:12]}+changes"


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


# --- the table --------------------------------------------------------------------------------


def row(outcome: str, *, answerable: bool = True, seconds: float = 1.0) -> Row:
    answered = outcome in ("right", "wrong")
    supports = ("supported", "partial") if answered else ()
    cited = 1.0 if outcome == "right" else None
    return Row(
        "id", ("number",), answerable, outcome, "", None, outcome == "right", supports, cited,  # type: ignore[arg-type]
        seconds,
    )  # fmt: skip


def shares(rows: list[Row]) -> dict[str, str]:
    """The part of each line that says "n of m"."""
    lines = [line for line in table(rows).splitlines() if " of " in line]
    return {line[:38].strip(): " ".join(line[38:].split()[1:]) for line in lines}


def test_the_table_counts_every_case() -> None:
    rows = [row("right"), row("wrong"), row("declined"), row("error")]
    rows += [row("declined", answerable=False), row("right", answerable=False)]
    told = shares(rows)
    assert told["answerable: right"] == "1 of 4"
    assert told["answerable: declined"] == "1 of 4"
    assert told["unanswerable: declined"] == "1 of 2"
    assert told["errors"] == "1 of 6"
    assert told["answers with every quote exact"] == "2 of 3"
    assert told["right answers citing gold evidence"] == "1 of 1"
    assert told["sentences supported"] == "3 of 6"
    assert told["number: as it should be"] == "2 of 6"


def test_a_share_of_nothing_is_not_a_number() -> None:
    assert "n/a" in table([])
    assert shares([])["errors"] == "0 of 0"


def test_the_table_says_how_long_a_question_took() -> None:
    told = table([row("right", seconds=second) for second in (1.0, 2.0, 9.0)])
    assert "2.0  9.0" in told


def test_the_table_and_the_figures_count_the_same() -> None:
    rows = [row("right"), row("wrong"), row("declined"), row("declined", answerable=False)]
    told, counted = shares(rows), figures(rows)
    right, declined = counted["answered_right"], counted["unanswerable_declined"]
    assert told["answerable: right"] == f"{right.good} of {right.n}" == "1 of 3"
    assert told["unanswerable: declined"] == f"{declined.good} of {declined.n}" == "1 of 1"
    assert right.value == pytest.approx(1 / 3)


def test_a_figure_of_nothing_has_no_value() -> None:
    assert {figure.value for name, figure in figures([]).items()} == {None}
