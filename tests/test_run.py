"""A run of the golden questions: every case is a row, whatever happens."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from eval.cases import Case
from eval.run import Row, run, run_golden, table
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


def test_the_golden_questions_are_asked_of_the_seed_articles(
    server: ScriptedServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = settings_for(server, 3000)
    assert run_golden(settings, None, 1, tmp_path) == 0
    assert "1 of 1" in capsys.readouterr().out
    assert not settings.data_dir.exists()  # the person's own index is left alone
    (line,) = (tmp_path / "results.jsonl").read_text("utf-8").splitlines()
    assert json.loads(line)["outcome"] == "right"


def test_a_run_with_errors_does_not_succeed(server: ScriptedServer, tmp_path: Path) -> None:
    file = tmp_path / "cases.jsonl"
    line = {"id": "a", "question": "how is shipping?", "answerable": False, "tags": ["unrelated"]}
    file.write_text(json.dumps(line))
    assert run_golden(settings_for(server, 3000), file, None, None) == 1


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
