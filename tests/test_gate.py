"""A run that is worse than the baseline beyond noise fails, in words that say by what."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.compare.baseline import BaselineError, make_baseline, read_baseline, write_baseline
from eval.compare.gate import GateResult, check_against_baseline, check_run, run_and_check
from eval.compare.loading import ComparedRun
from eval.metrics import METRICS
from eval.run import EXIT_INTERRUPTED, GOLDEN, run_golden, spread_cases
from eval.runs.listing import RESULTS, RunError, list_runs
from tests.asking import settings_for
from tests.compared_runs import entry, kept, rescored, side
from tests.fakes import ScriptedServer, Status

BASE = {"answer_right": 1.0, "recall_at_5": 1.0, "quotes_exact": 1.0, "dead_markers": 0.0}


def run(count: int = 20, /, **scores: float | None) -> ComparedRun:
    return side(*(entry(f"case-{n}", **(BASE | scores)) for n in range(count)))


def with_scores(run: ComparedRun, ids: list[str], **scores: float | None) -> ComparedRun:
    changed = {id: rescored(run.entries[id], **scores) for id in ids}
    return replace(run, entries=run.entries | changed)


def ids(*numbers: int) -> list[str]:
    return [f"case-{number}" for number in numbers]


def held(before: ComparedRun, after: ComparedRun) -> GateResult:
    return check_against_baseline(make_baseline(before), after)


def words(found: GateResult) -> str:
    return "\n".join(failure.text for failure in found.failures)


# --- by metric --------------------------------------------------------------------------------


def test_the_same_scores_pass() -> None:
    found = held(run(), run())
    assert found.failures == ()
    assert "Compared: 20 cases of 20, 4 metrics." in found.notes


def test_a_fall_beyond_noise_fails_and_says_from_what_to_what() -> None:
    found = held(run(), with_scores(run(), ids(*range(8)), recall_at_5=0.0))
    assert found.metrics == {"recall_at_5"}
    told = words(found)
    assert "evidence recall@5: 100.0% → 60.0%, -40.0 [" in told
    assert "n 20" in told
    assert "worst: case-0, case-1, case-2, case-3 and 4 more." in told


def test_the_worst_cases_come_first() -> None:
    after = with_scores(run(), ids(*range(8)), recall_at_5=0.5)
    after = with_scores(after, ids(7), recall_at_5=0.0)
    assert "worst: case-7, case-0" in words(held(run(), after))


def test_one_case_of_many_is_noise() -> None:
    found = held(run(), with_scores(run(), ids(3), recall_at_5=0.0))
    assert found.failures == ()
    assert any("evidence recall@5" in line and "no difference" in line for line in found.notes)


def test_as_many_better_as_worse_is_noise() -> None:
    before = with_scores(run(), ids(*range(6)), answer_right=0.0)
    after = with_scores(run(), ids(*range(6, 12)), answer_right=0.0)
    assert held(before, after).failures == ()


def test_cases_of_one_cluster_fall_together_and_count_once() -> None:
    """Eight cases fall, but they stand on one sentence of the article."""
    entries = [entry(f"case-{n}", "right", "", "one" if n < 8 else "", **BASE) for n in range(20)]
    before = side(*entries)
    after = with_scores(before, ids(*range(8)), recall_at_5=0.0)
    assert held(before, after).failures == ()


def test_too_few_clusters_cannot_fail() -> None:
    before = run(5)
    found = held(before, with_scores(before, ids(*range(5)), recall_at_5=0.0))
    assert found.failures == ()
    assert any("too few to tell" in line for line in found.notes)


def test_what_is_better_lower_fails_when_it_rises() -> None:
    before, after = run(claims_unsupported=0.0), run(claims_unsupported=0.5)
    assert held(before, after).metrics == {"claims_unsupported"}
    assert held(after, before).failures == ()


def test_an_invariant_fails_with_a_single_case() -> None:
    found = held(run(), with_scores(run(), ids(3), quotes_exact=0.0))
    assert found.metrics == {"quotes_exact"}
    assert "worse in 1 case, and none may be: case-3" in words(found)
    assert held(run(), with_scores(run(), ids(4), dead_markers=1.0)).metrics == {"dead_markers"}


def test_an_invariant_counts_where_the_baseline_had_no_score() -> None:
    before = with_scores(run(), ids(2), quotes_exact=None)
    before.entries["case-2"] = replace(
        before.entries["case-2"],
        result=replace(before.entries["case-2"].result, outcome="declined"),
    )
    assert held(before, run()).failures == ()
    assert held(before, with_scores(run(), ids(2), quotes_exact=0.0)).metrics == {"quotes_exact"}


def test_a_case_that_was_no_better_in_the_baseline_is_no_failure() -> None:
    before = with_scores(run(), ids(2), quotes_exact=0.0)
    assert held(before, before).failures == ()


def test_time_and_what_has_no_better_side_fail_nothing() -> None:
    before, after = run(seconds=1.0, answer_words=10.0), run(seconds=90.0, answer_words=500.0)
    assert held(before, after).failures == ()


def test_a_baseline_that_holds_seconds_all_the_same_fails_no_run_by_them() -> None:
    made = make_baseline(run())
    cases = {
        id: case.model_copy(update={"scores": case.scores | {"seconds": 1.0}})
        for id, case in made.cases.items()
    }
    slow = made.model_copy(update={"cases": cases})
    assert check_against_baseline(slow, run(seconds=90.0)).failures == ()


def test_every_deterministic_metric_with_a_better_side_can_fail() -> None:
    for name, metric in METRICS.items():
        best, worst = (1.0, 0.0) if metric.better == "higher" else (0.0, 1.0)
        found = held(run(**{name: best}), run(**{name: worst}))
        assert found.metrics == ({name} if metric.deterministic and metric.better else set())


# --- never on fewer cases ---------------------------------------------------------------------


def test_a_missing_case_is_a_failure_in_words() -> None:
    after = run()
    for id in ids(3, 4, 5):
        del after.entries[id]
    assert "The run lacks 3 cases of the baseline: case-3, case-4, case-5." in words(
        held(run(), after)
    )


def test_a_case_that_the_baseline_does_not_know_is_a_failure_too() -> None:
    assert "The baseline lacks 1 case of the run: case-19." in words(held(run(19), run(20)))


def test_an_errored_case_is_a_failure() -> None:
    after = run()
    after.entries["case-3"] = entry("case-3", "error", errors=1.0)
    assert words(held(run(), after)) == "1 case ended in an error: case-3."


def test_a_score_that_is_no_longer_there_is_a_failure() -> None:
    found = held(run(), with_scores(run(), ids(1), recall_at_5=None))
    assert found.metrics == {"recall_at_5"}
    assert "no longer scored in 1 case: case-1" in words(found)


def test_a_case_that_is_declined_now_is_rightly_without_citation_scores() -> None:
    before = run(citation_recall=1.0)
    after = with_scores(before, ids(1), citation_recall=None, quotes_exact=None, dead_markers=None)
    row = replace(after.entries["case-1"].result, outcome="declined")
    after.entries["case-1"] = replace(after.entries["case-1"], result=row)
    found = held(before, after)
    assert found.failures == ()


def test_a_metric_that_no_case_has_any_more_is_a_failure() -> None:
    before, after = run(citation_recall=1.0), run(citation_recall=None)
    for id, each in run().entries.items():
        after.entries[id] = replace(each, result=replace(each.result, outcome="declined"))
    assert "citation_recall" in held(before, after).metrics


@pytest.mark.parametrize("name", ["cases_digest", "corpus_digest"])
def test_other_questions_or_articles_are_a_failure(name: str) -> None:
    after = side(*run().entries.values(), **{name: "f" * 16})
    told = words(held(run(), after))
    assert f"({getattr(run().summary, name)} there, {'f' * 16} here)" in told


def test_another_model_or_prompt_is_told_and_fails_nothing() -> None:
    after = side(*run().entries.values(), model="other", prompts_digest="f" * 16)
    found = held(run(), after)
    assert found.failures == ()
    assert "Another model: scripted there, other here." in found.notes
    assert any(line.startswith("Another prompts") for line in found.notes)


def test_whatever_is_wrong_with_the_run_is_a_failure() -> None:
    after = replace(run(), faults=("Line 3 of results.jsonl is not a case (id: Field required).",))
    assert "Line 3 of results.jsonl" in words(held(run(), after))


@given(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=12, max_size=12))
def test_a_run_always_passes_against_itself(values: list[float]) -> None:
    entries = [entry(f"case-{n}", recall_at_5=v, quotes_exact=v) for n, v in enumerate(values)]
    assert held(side(*entries), side(*entries)).failures == ()


# --- the baseline -----------------------------------------------------------------------------


def test_a_baseline_is_written_and_read_and_holds_what_is_deterministic(tmp_path: Path) -> None:
    made = run(seconds=2.5, mrr=1 / 3)
    file = tmp_path / "baseline.json"
    write_baseline(kept(tmp_path / "a", *made.entries.values()), file)
    found = read_baseline(file)
    assert found.conditions.cases_digest == "c" * 16
    assert list(found.cases) == list(made.entries)
    assert found.cases["case-1"].scores["mrr"] == pytest.approx(1 / 3)
    assert "seconds" not in found.cases["case-1"].scores
    assert check_against_baseline(found, made).failures == ()
    assert not list(tmp_path.glob(".*"))


def test_a_baseline_is_a_file_that_people_can_compare(tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    write_baseline(kept(tmp_path / "a", *run().entries.values()), file)
    lines = file.read_text("utf-8").splitlines()
    assert sum('"case-' in line for line in lines) == 20
    assert json.loads("\n".join(lines))["schema"] == "footnote.baseline/1"
    assert str(tmp_path) not in file.read_text("utf-8")


def test_a_run_with_errors_or_without_an_end_is_no_baseline(tmp_path: Path) -> None:
    errors = kept(tmp_path / "a", entry("a", "error", errors=1.0), entry("b", **BASE))
    killed = kept(tmp_path / "b", entry("b", **BASE), finished=False)
    with pytest.raises(BaselineError, match="1 case ended in an error: a"):
        write_baseline(errors, tmp_path / "baseline.json")
    with pytest.raises(BaselineError, match="did not come to its end"):
        write_baseline(killed, tmp_path / "baseline.json")
    assert not (tmp_path / "baseline.json").exists()


def test_a_baseline_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    made = kept(tmp_path / "a", entry("b", **BASE))
    with pytest.raises(BaselineError, match="cannot be written"):
        write_baseline(made, tmp_path / "none" / "baseline.json")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Invalid JSON"),
        ("[]", "object"),
        ('{"schema": "footnote.baseline/9"}', "another version"),
        ('{"schema": "footnote.baseline/1", "cases": {}}', "conditions"),
    ],
)
def test_a_baseline_that_cannot_be_used_says_why(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    file.write_text(text)
    with pytest.raises(BaselineError, match=said):
        read_baseline(file)
    with pytest.raises(BaselineError, match="No such file"):
        read_baseline(tmp_path / "none.json")


@pytest.mark.parametrize("score", ["NaN", "Infinity", '"high"'])
def test_a_score_that_is_no_number_is_refused(score: str, tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    write_baseline(kept(tmp_path / "a", entry("b", recall_at_5=0.123)), file)
    file.write_text(file.read_text().replace("0.123", score))
    with pytest.raises(BaselineError, match="cannot be used"):
        read_baseline(file)


# --- the command ------------------------------------------------------------------------------


def test_the_exit_code_says_whether_it_passed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "baseline.json"
    good = kept(tmp_path / "a", *run().entries.values())
    write_baseline(good, file)
    assert check_run(file, good) == 0
    passed = capsys.readouterr().out
    assert "Compared: 20 cases of 20, 4 metrics." in passed
    assert "evidence recall@5" in passed
    bad = kept(tmp_path / "b", *with_scores(run(), ids(1), quotes_exact=0.0).entries.values())
    assert check_run(file, bad) == 1
    failed = [line for line in capsys.readouterr().out.splitlines() if line.startswith("FAIL")]
    assert len(failed) == 1
    assert "case-1" in failed[0]


def test_a_run_that_is_not_there_is_no_failure_of_the_gate(tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    write_baseline(kept(tmp_path / "a", entry("b", **BASE)), file)
    with pytest.raises(RunError, match="There is no run"):
        check_run(file, tmp_path / "none")


def test_a_run_of_which_lines_were_lost_does_not_pass(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, lossy = tmp_path / "baseline.json", tmp_path / "b"
    entries = list(run().entries.values())
    write_baseline(kept(tmp_path / "a", *entries), file)
    kept(lossy, *entries)
    lines = (lossy / RESULTS).read_text("utf-8").splitlines(keepends=True)
    (lossy / RESULTS).write_text("".join(lines[:-1]), "utf-8")
    assert check_run(file, lossy) == 1
    assert "Its summary speaks of 20 cases, its results hold 19." in capsys.readouterr().out


def test_a_run_that_was_killed_does_not_pass(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "baseline.json"
    entries = list(run().entries.values())
    write_baseline(kept(tmp_path / "a", *entries), file)
    assert check_run(file, kept(tmp_path / "b", *entries[:9], finished=False)) == 1
    told = capsys.readouterr().out
    assert "did not come to its end" in told
    assert "The run lacks 11 cases" in told


# --- asked now --------------------------------------------------------------------------------

SAID = "There is a 20% rate just for the fentanyl demands. [1]"


def test_the_questions_of_the_baseline_are_asked_now_and_held(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "baseline.json"
    with ScriptedServer([lambda request: SAID]) as server:
        settings = settings_for(server, 3000)
        assert run_golden(settings, None, tmp_path / "run", choose=spread_cases(2)) == 0
        write_baseline(tmp_path / "run", file)
        capsys.readouterr()
        assert run_and_check(file, settings) == 0
    assert "Compared: 2 cases of 2" in capsys.readouterr().out
    (now,) = list_runs(settings.data_dir / "evals")  # it is kept beside the others
    assert {each.result.id for each in now.results().entries} == set(read_baseline(file).cases)


@pytest.fixture
def baseline(tmp_path: Path) -> Path:
    """Of a run of one golden question."""
    first, *_ = GOLDEN.read_text("utf-8").splitlines()
    run = kept(tmp_path / "run", entry(json.loads(first)["id"], **BASE))
    write_baseline(run, tmp_path / "baseline.json")
    return tmp_path / "baseline.json"


def test_questions_that_end_in_an_error_now_do_not_pass(
    baseline: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ScriptedServer([lambda request: Status(400, "no more answers")]) as server:
        assert run_and_check(baseline, settings_for(server, 3000)) == 1
    assert "FAIL 1 case ended in an error" in capsys.readouterr().out


def test_a_run_that_somebody_stops_is_not_held(
    baseline: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("eval.run.record_answer", stopped)
    with ScriptedServer() as server:
        assert run_and_check(baseline, settings_for(server, 3000)) == EXIT_INTERRUPTED
    shown = capsys.readouterr()
    assert "Stopped: 0 of 1 cases are kept" in shown.err
    assert "FAIL" not in shown.out


def test_a_baseline_that_cannot_be_read_is_told_before_any_question(tmp_path: Path) -> None:
    with ScriptedServer() as server:
        settings = settings_for(server, 3000)
        with pytest.raises(BaselineError):
            run_and_check(tmp_path / "none.json", settings)
        assert server.requests == []
    assert not (settings.data_dir / "evals").exists()
