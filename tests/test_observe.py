"""What was seen of a question: every step of it, also where it failed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import count

import pytest

from eval.cases import Case
from eval.recording import record_answer
from eval.run import case_result, entailment
from eval.runs import results
from rag.checking.scorer import Scorer
from rag.types import Turn
from tests.asking import FENTANYL, RATE, SMALL, STATED, WRONG, Index, script
from tests.fakes import ScriptedServer, Status

pytest_plugins = ["tests.seeds"]


@pytest.fixture
def case(seeds: Index) -> Case:
    return Case("rate", FENTANYL, True, ("20%",), evidence=(seeds.passage(RATE).span,))


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer([f"{STATED} [1]"]) as scripted:
        yield scripted


def test_every_step_to_an_answer_is_seen(seeds: Index, server: ScriptedServer, case: Case) -> None:
    assistant = seeds.assistant(server)
    seen = record_answer(case, assistant)
    assert seen.answer
    assert (seen.answer.text, seen.error, seen.inexact_citations) == (f"{STATED} [1]", "", ())
    assert seen.hits == assistant_hits(seeds, server)
    assert seen.passages == seen.answer.passages
    assert [(each.purpose, each.reply) for each in seen.model_calls] == [
        ("answer", f"{STATED} [1]")
    ]
    assert [(each.claim.text, each.action) for each in seen.checked] == [(STATED, "kept")]
    assert seen.rewritten is None


def assistant_hits(seeds: Index, server: ScriptedServer) -> object:
    events = list(seeds.assistant(server).stream(FENTANYL))
    return events[0].hits  # type: ignore[union-attr]


def test_failed_attempts_are_seen_too(seeds: Index, case: Case) -> None:
    with ScriptedServer(script(WRONG, f"{STATED}", knows="fentanyl demands")) as server:
        seen = record_answer(case, seeds.assistant(server, SMALL))
    purposes = [each.purpose for each in seen.model_calls]
    assert "judge" in purposes
    assert "answer" in purposes
    assert any(each.probability is not None for each in seen.model_calls)
    assert seen.checked
    assert seen.cut  # the budget of a small model is small


def test_a_follow_up_is_seen_as_it_was_rewritten(seeds: Index) -> None:
    alone = "Which rate did Scott Bessent name?"
    history = (Turn("Who met Wang Xiaohong?", "Scott Bessent met Wang Xiaohong."),)
    case = Case("follow-up", "which rate did he name?", True, ("fentanyl",), history=history)
    with ScriptedServer([alone, f"{STATED} [1]"]) as server:
        seen = record_answer(case, seeds.assistant(server))
    assert seen.rewritten == alone
    assert [each.purpose for each in seen.model_calls] == ["rewrite", "answer"]


def test_after_an_error_there_is_what_came_before_it(seeds: Index, case: Case) -> None:
    with ScriptedServer([Status(400, "no more answers")]) as server:
        seen = record_answer(case, seeds.assistant(server))
    assert seen.answer is None
    assert "no more answers" in seen.error
    assert seen.hits
    assert seen.passages


def test_a_quote_that_is_not_the_stored_text_is_named(
    seeds: Index, server: ScriptedServer, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    assistant = seeds.assistant(server)
    monkeypatch.setattr(assistant, "quote_holds", lambda citation: False)
    seen = record_answer(case, assistant)
    assert [citation.quote for citation in seen.inexact_citations] == [RATE]
    assert case_result(case, seen, "c", entailment(Scorer())).scores["quotes_exact"] == 0.0


def test_the_clock_runs_from_the_question_to_the_end(
    seeds: Index, server: ScriptedServer, case: Case
) -> None:
    ticks = count(10.0, 2.5)
    assert record_answer(case, seeds.assistant(server), lambda: next(ticks)).seconds == 2.5


def test_what_was_seen_reads_back_as_it_was_written(
    seeds: Index, server: ScriptedServer, case: Case
) -> None:
    seen = record_answer(case, seeds.assistant(server))
    row = case_result(case, seen, "c", entailment(Scorer()))
    entry = results.parse_line(results.format_line(row, case, [RATE], seen).encode())
    assert entry.recording == seen
    assert (entry.result, entry.spans) == (row, case.evidence)


def test_a_score_that_is_no_number_is_written_as_one(
    seeds: Index, server: ScriptedServer, case: Case
) -> None:
    seen = record_answer(case, seeds.assistant(server))
    odd = replace(seen, hits=tuple(replace(hit, score=float("nan")) for hit in seen.hits))
    line = results.format_line(case_result(case, odd, "c", entailment(Scorer())), case, [RATE], odd)
    assert "NaN" not in line
    assert results.parse_line(line.encode()).recording.hits[0].score == 0.0


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999", '"1"'])
def test_a_line_with_a_score_that_is_no_number_is_no_case(
    seeds: Index, server: ScriptedServer, case: Case, number: str
) -> None:
    seen = record_answer(case, seeds.assistant(server))
    line = json.loads(
        results.format_line(case_result(case, seen, "c", entailment(Scorer())), case, [RATE], seen)
    )
    line["recording"]["hits"][0]["score"] = "here"
    with pytest.raises(ValueError, match=r"recording\.hits"):
        results.parse_line(json.dumps(line).replace('"here"', number).encode())
