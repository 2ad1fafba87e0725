"""What is said to ``footnote eval`` reaches the module that does the work."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import ui.cli
from eval.runs.listing import RunError
from rag.settings import Settings
from tests.run_folders import NAME, STARTED, keep, right

Given = list[tuple[Any, ...]]
Invoke = Callable[..., Result]
StandIn = Callable[..., Given]
CODE = 7


@pytest.fixture
def footnote() -> Invoke:
    return lambda *arguments: CliRunner().invoke(ui.cli.app, ["eval", *arguments])


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """Puts a module in the place of one, whose functions only say what they were given."""

    def put(name: str, *functions: str, **constants: object) -> Given:
        given: Given = []
        module = types.ModuleType(name)

        def answers(function: str) -> Callable[..., int]:
            def answer(*arguments: object, **named: object) -> int:
                given.append((function, *arguments, named) if named else (function, *arguments))
                return CODE

            return answer

        for function in functions:
            setattr(module, function, answers(function))
        for constant, value in constants.items():
            setattr(module, constant, value)
        monkeypatch.setitem(sys.modules, name, module)
        return given

    return put


@pytest.fixture
def golden(stand_in: StandIn) -> Given:
    def first(count: int) -> tuple[str, int]:
        return "first", count

    def spread(count: int) -> tuple[str, int]:
        return "spread", count

    return stand_in("eval.run", "run_golden", first_cases=first, spread_cases=spread)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """The folder of two runs, of which the newer is `NAME` plus a day."""
    folder = tmp_path / "data" / "evals"
    for days in (0, 1):
        keep(folder, [right()], STARTED + timedelta(days=days))
    return folder


NEWER = NAME.replace("22T", "23T")


# --- the golden questions ---------------------------------------------------------------------


def test_alone_it_asks_the_golden_questions(
    footnote: Invoke, golden: Given, tmp_path: Path
) -> None:
    assert footnote().exit_code == CODE
    ((_, settings, cases, out, resume, choose),) = golden
    assert settings.data_dir == tmp_path / "data"
    assert (cases, out, resume, choose) == (None, None, None, list)


def test_what_is_chosen_is_handed_on(footnote: Invoke, golden: Given) -> None:
    assert footnote("--cases", "mine.jsonl", "--limit", "3", "--out", "there").exit_code == CODE
    assert footnote("--sample", "4").exit_code == CODE
    assert golden[0][2:] == (Path("mine.jsonl"), Path("there"), None, ("first", 3))
    assert golden[1][2:] == (None, None, None, ("spread", 4))


@pytest.mark.parametrize(
    ("said", "resumed"),
    [("last", "last"), (NAME, NAME), ("elsewhere/run", Path("elsewhere/run"))],
)
def test_a_run_is_gone_on_with_by_its_name_or_folder(
    said: str, resumed: object, footnote: Invoke, golden: Given, kept: Path
) -> None:
    assert footnote("--resume", said).exit_code == CODE
    assert golden[0][4] == (kept / NAME if resumed == NAME else resumed)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--limit", "3", "--sample", "3"],
        ["--limit", "0"],
        ["--sample", "0"],
        ["--nonsense"],
        ["nonsense"],
        ["scorer"],
        ["bench"],
        ["bench", "scifact"],
        ["broad", "--limit", "3", "--sample", "3"],
        ["diff"],
        ["diff", "last"],
        ["gate", "--write"],
        ["draft", "--n", "0"],
        ["draft", "--unanswerable", "2"],
        ["review"],
        ["compare", "a.toml", "--cases", "c.jsonl"],
        ["compare", "a.toml", "b.toml"],
        ["export", "c.jsonl"],
        ["import", "c.jsonl", "--out", "d.jsonl", "--format", "nonsense"],
    ],
)
def test_what_makes_no_sense_is_a_usage_error_and_nothing_is_done(
    arguments: list[str], footnote: Invoke, golden: Given, stand_in: StandIn, kept: Path
) -> None:
    others = [
        stand_in("eval.compare.gate", "check_run", "run_and_check"),
        stand_in("eval.compare.baseline", "write_baseline", BASELINE=Path("ours.json")),
        stand_in("eval.compare.diff", "show_diff"),
        stand_in("eval.scorer.evaluate", "evaluate_scorer"),
        stand_in("eval.benchmarks.run", "run_benchmark"),
        stand_in("eval.broad.run", "run_broad"),
    ]
    result = footnote(*arguments)
    assert result.exit_code == 2
    assert "Usage" in result.stderr
    assert golden == []
    assert not any(others)


# --- the commands -----------------------------------------------------------------------------


def test_parts_that_were_kept_back_are_measured(footnote: Invoke, stand_in: StandIn) -> None:
    given = stand_in("eval.scorer.evaluate", "evaluate_kept_back")
    assert footnote("scorer", "--data", "sets", "--kept-back").exit_code == CODE
    assert given == [("evaluate_kept_back", Path("sets"), {"as_json": False})]


def test_the_scorer_is_measured(footnote: Invoke, golden: Given, stand_in: StandIn) -> None:
    given = stand_in("eval.scorer.evaluate", "evaluate_scorer")
    assert footnote("scorer", "--data", "sets").exit_code == CODE
    assert footnote("scorer", "--data", "sets", "--json").exit_code == CODE
    assert given == [
        ("evaluate_scorer", Path("sets"), {"as_json": False}),
        ("evaluate_scorer", Path("sets"), {"as_json": True}),
    ]
    assert golden == []  # the golden questions are not asked as well


def test_a_benchmark_is_named_and_chosen(
    footnote: Invoke, golden: Given, stand_in: StandIn
) -> None:
    given = stand_in("eval.benchmarks.run", "run_benchmark")
    assert footnote("bench", "scifact", "--data", "sets").exit_code == CODE
    more = ["--answers", "--skip", "4", "--limit", "9", "--json"]
    assert footnote("bench", "clapnq-given", "--data", "sets", *more).exit_code == CODE
    plain, whole = given
    assert plain[:3] == ("run_benchmark", "scifact", Path("sets"))
    assert isinstance(plain[3], Settings)
    assert plain[4] == {"answers": False, "skip": 0, "limit": None, "as_json": False}
    chosen = {"answers": True, "skip": 4, "limit": 9, "as_json": True}
    assert (whole[1], whole[4]) == ("clapnq-given", chosen)
    assert golden == []


def test_the_broad_set_is_asked(footnote: Invoke, golden: Given, stand_in: StandIn) -> None:
    given = stand_in("eval.broad.run", "run_broad")
    assert footnote("broad").exit_code == CODE
    assert footnote("broad", "--sample", "9", "--out", "rows.jsonl", "--json").exit_code == CODE
    nothing = {
        "limit": None, "sample": None, "out": None, "as_json": False, "set_name": "broad",
    }  # fmt: skip
    assert [each[2] for each in given] == [
        nothing,
        nothing | {"sample": 9, "out": Path("rows.jsonl"), "as_json": True},
    ]
    assert golden == []


def test_two_runs_are_looked_up_and_compared(
    footnote: Invoke, golden: Given, stand_in: StandIn, kept: Path
) -> None:
    given = stand_in("eval.compare.diff", "show_diff")
    assert footnote("diff", NAME, "last").exit_code == CODE
    assert footnote("diff", "other/run", str(kept / NAME), "--json").exit_code == CODE
    assert given == [
        ("show_diff", kept / NAME, kept / NEWER, False),
        ("show_diff", Path("other/run"), kept / NAME, True),
    ]
    assert golden == []


def test_a_name_that_no_run_has_is_a_folder(
    footnote: Invoke, stand_in: StandIn, kept: Path
) -> None:
    given = stand_in("eval.compare.diff", "show_diff")
    footnote("diff", "nonsense", f"../evals/{NAME}")
    assert given == [("show_diff", Path("nonsense"), Path(f"../evals/{NAME}"), False)]


def test_the_last_of_no_runs_is_told(footnote: Invoke, stand_in: StandIn) -> None:
    given = stand_in("eval.judging.judge_run", "judge_run")
    result = footnote("judge")
    assert result.exit_code == RunError.exit_code
    assert "No run was kept yet. Make one: footnote eval." in result.stderr
    assert given == []


def test_a_run_is_held_to_the_baseline(
    footnote: Invoke, golden: Given, stand_in: StandIn, kept: Path
) -> None:
    given = stand_in("eval.compare.gate", "check_run", "run_and_check")
    stand_in("eval.compare.baseline", "write_baseline", BASELINE=Path("ours.json"))
    assert footnote("gate", "last").exit_code == CODE
    assert footnote("gate", NAME, "--baseline", "mine.json").exit_code == CODE
    assert footnote("gate").exit_code == CODE
    assert given[:2] == [
        ("check_run", Path("ours.json"), kept / NEWER),
        ("check_run", Path("mine.json"), kept / NAME),
    ]
    (function, file, settings) = given[2]
    assert (function, file) == ("run_and_check", Path("ours.json"))
    assert settings.data_dir == kept.parent
    assert golden == []


def test_a_baseline_is_made_of_a_run_and_nothing_is_held(
    footnote: Invoke, stand_in: StandIn, kept: Path
) -> None:
    held = stand_in("eval.compare.gate", "check_run", "run_and_check")
    written = stand_in("eval.compare.baseline", "write_baseline", BASELINE=Path("ours.json"))
    assert footnote("gate", NAME, "--write").exit_code == 0
    assert footnote("gate", "last", "--write", "--baseline", "mine.json").exit_code == 0
    assert written == [
        ("write_baseline", kept / NAME, Path("ours.json")),
        ("write_baseline", kept / NEWER, Path("mine.json")),
    ]
    assert held == []


def test_a_second_opinion_is_asked_of_the_last_run_or_of_another(
    footnote: Invoke, golden: Given, stand_in: StandIn, kept: Path
) -> None:
    given = stand_in("eval.judging.judge_run", "judge_run")
    assert footnote("judge").exit_code == CODE
    assert footnote("judge", NAME).exit_code == CODE
    assert [each[1] for each in given] == [kept / NEWER, kept / NAME]
    assert all(isinstance(each[2], Settings) for each in given)
    assert golden == []


def test_the_data_directory_is_where_runs_are_looked_up(
    stand_in: StandIn, kept: Path, tmp_path: Path
) -> None:
    given = stand_in("eval.judging.judge_run", "judge_run")
    elsewhere = keep(tmp_path / "other" / "evals", [right()])
    said = ["--data-dir", str(tmp_path / "other"), "eval", "judge"]
    assert CliRunner().invoke(ui.cli.app, said).exit_code == CODE
    assert given[0][1] == elsewhere


def test_drafts_are_made_of_the_persons_own_index(
    footnote: Invoke, golden: Given, stand_in: StandIn, tmp_path: Path
) -> None:
    given = stand_in("eval.drafting.run", "draft_cases")
    assert footnote("draft").exit_code == CODE
    chosen = ["--n", "7", "--out", "mine.jsonl", "--unanswerable", "0.5", "--seed", "3"]
    assert footnote("draft", *chosen, "--words", "model").exit_code == CODE
    (plain, whole) = given
    assert plain[1].data_dir == tmp_path / "data"
    assert plain[2:] == (
        50, Path("cases.jsonl"), {"unanswerable": 0.2, "seed": 0, "words": "auto"},
    )  # fmt: skip
    assert whole[2:] == (
        7, Path("mine.jsonl"), {"unanswerable": 0.5, "seed": 3, "words": "model"},
    )  # fmt: skip
    assert golden == []


@pytest.mark.parametrize(
    "command",
    ["scorer", "bench", "diff", "gate", "judge", "draft", "review", "compare", "export", "import"],
)
def test_each_command_says_what_it_is_for(command: str, footnote: Invoke) -> None:
    assert f" {command} " in footnote("--help").stdout
    assert footnote(command, "--help").exit_code == 0
