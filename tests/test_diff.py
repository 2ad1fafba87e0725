"""Two runs are compared case by case, and nothing falls silently out of the comparison."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from eval.compare.diff import Diff, compare_runs, diff_folders, show_diff, to_json
from eval.compare.loading import ComparedRun
from eval.compare.metric_changes import MetricChange
from eval.runs.listing import RESULTS, RunError
from tests.compared_runs import entry, kept, rescored, side


def run(name: str, count: int = 20, /, **scores: float | None) -> ComparedRun:
    return side(*(entry(f"case-{n}", **scores) for n in range(count)), name=name)


def with_scores(run: ComparedRun, numbers: range, **scores: float | None) -> ComparedRun:
    changed = {f"case-{n}": rescored(run.entries[f"case-{n}"], **scores) for n in numbers}
    return replace(run, entries=run.entries | changed)


def change(found: Diff, metric: str) -> MetricChange:
    return next(each for each in found.changes if each.metric == metric)


# --- what changed -----------------------------------------------------------------------------


def test_a_difference_is_that_of_the_pairs_with_its_interval() -> None:
    before = run("a", recall_at_5=1.0)
    found = change(
        compare_runs(before, with_scores(before, range(10), recall_at_5=0.0)), "recall_at_5"
    )
    assert (found.before, found.after, found.n) == (1.0, 0.5, 20)
    assert found.difference.mean == -0.5
    assert -0.8 < found.difference.low < -0.5 < found.difference.high < -0.2
    assert found.worse == tuple(f"case-{n}" for n in range(10))


@pytest.mark.parametrize(
    ("metric", "before", "after", "word"),
    [
        ("recall_at_5", 0.0, 1.0, "better"),
        ("recall_at_5", 1.0, 0.0, "worse"),
        ("recall_at_5", 1.0, 1.0, "no difference seen"),
        ("claims_unsupported", 0.0, 1.0, "worse"),
        ("claims_unsupported", 1.0, 0.0, "better"),
        ("seconds", 9.0, 1.0, "better"),
        ("answer_words", 9.0, 90.0, "only told"),
    ],
)
def test_a_change_is_told_in_a_plain_word(
    metric: str, before: float, after: float, word: str
) -> None:
    found = compare_runs(run("a", **{metric: before}), run("b", **{metric: after}))
    assert change(found, metric).word == word


def test_of_a_handful_of_cases_nothing_can_be_told() -> None:
    found = compare_runs(run("a", 5, recall_at_5=1.0), run("b", 5, recall_at_5=0.0))
    assert change(found, "recall_at_5").word == "too few to tell"


def test_a_metric_that_only_one_run_has_is_not_compared() -> None:
    assert not compare_runs(run("a", recall_at_5=1.0), run("b", mrr=1.0)).changes


def test_cases_scored_in_one_run_only_are_named() -> None:
    before = run("a", citation_recall=1.0)
    after = with_scores(before, range(3), citation_recall=None)
    there, back = compare_runs(before, after), compare_runs(after, before)
    assert change(there, "citation_recall").n == 17
    assert change(there, "citation_recall").only_before == ("case-0", "case-1", "case-2")
    assert change(back, "citation_recall").only_after == ("case-0", "case-1", "case-2")


def test_cases_of_one_run_only_are_named() -> None:
    before, after = run("a", 20, mrr=1.0), run("b", 22, mrr=1.0)
    del after.entries["case-3"]
    found = compare_runs(before, after)
    assert (found.pairs, found.only_before) == (19, ("case-3",))
    assert found.only_after == ("case-20", "case-21")


def test_errors_are_named_and_their_scores_compared() -> None:
    before = run("a", errors=0.0, mrr=1.0)
    after = replace(
        before, entries=before.entries | {"case-1": entry("case-1", "error", errors=1.0)}
    )
    found = compare_runs(before, after)
    assert (found.errors_before, found.errors_after) == ((), ("case-1",))
    assert change(found, "errors").after == 0.05
    assert change(found, "mrr").n == 19


def test_cases_that_flipped_come_with_both_answers() -> None:
    before = side(entry("x", "right", "20%. [1]"), entry("y", "wrong", "5%."), entry("z", "right"))
    after = side(entry("x", "wrong", "25%. [1]"), entry("y", "declined", ""), entry("z", "right"))
    x, y = compare_runs(before, after).flips
    assert (x.id, x.before, x.after) == ("x", "right", "wrong")
    assert (x.text_before, x.text_after, x.bad, x.good) == ("20%. [1]", "25%. [1]", True, False)
    assert (y.id, y.bad, y.good) == ("y", False, False)


def test_a_decline_that_is_right_is_a_flip_for_the_good() -> None:
    def unanswerable(outcome: str) -> ComparedRun:
        found = entry("x", outcome)  # type: ignore[arg-type]
        return side(replace(found, result=replace(found.result, answerable=False)))

    (flip,) = compare_runs(unanswerable("wrong"), unanswerable("declined")).flips
    assert flip.good
    assert not flip.bad


# --- what makes it doubtful -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"cases_digest": "f" * 16}, "other questions"),
        ({"corpus_digest": "f" * 16}, "other articles"),
        ({"model": "other"}, "another model: scripted and other"),
        ({"prompts_digest": "f" * 16}, "other prompts"),
        ({"settings": {"k": 5}}, "other settings: k 20 and 5"),
    ],
)
def test_other_conditions_are_a_warning(more: dict[str, Any], said: str) -> None:
    same = [entry("x", mrr=1.0)]
    (warning,) = compare_runs(side(*same), side(*same, **more)).warnings
    assert said in warning
    assert not compare_runs(side(*same), side(*same)).warnings


def test_a_run_without_scores_is_a_warning() -> None:
    (warning,) = compare_runs(run("old"), run("new", mrr=1.0)).warnings
    assert "old: it holds no scores" in warning


# --- on disk ----------------------------------------------------------------------------------


def test_runs_are_named_by_folder_or_by_file(tmp_path: Path) -> None:
    a = kept(tmp_path / "a", *run("a", mrr=1.0).entries.values())
    b = kept(tmp_path / "b", *run("b", mrr=0.5).entries.values())
    assert diff_folders(a, b) == diff_folders(a / RESULTS, b / RESULTS)
    assert (diff_folders(a, b).before, diff_folders(a, b).after, diff_folders(a, b).pairs) == (
        "a",
        "b",
        20,
    )
    assert not diff_folders(a, b).warnings


@pytest.mark.parametrize("place", ["none", "empty", "a/summary.json"])
def test_a_run_that_is_not_there_is_an_error(place: str, tmp_path: Path) -> None:
    a = kept(tmp_path / "a", entry("x"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(RunError, match="There is no run"):
        diff_folders(a, tmp_path / place)


def test_a_run_that_was_killed_or_damaged_is_compared_with_a_warning(tmp_path: Path) -> None:
    entries = list(run("a", mrr=1.0).entries.values())
    a = kept(tmp_path / "a", *entries)
    b = kept(tmp_path / "b", *entries[:9], finished=False)
    with (b / RESULTS).open("a") as results:
        results.write('{"id": "torn')
    found = diff_folders(a, b)
    assert found.pairs == 9
    assert len(found.only_before) == 11
    assert any("did not come to its end" in warning for warning in found.warnings)
    assert any(f"Line 10 of {RESULTS}" in warning for warning in found.warnings)


def test_a_case_that_stands_there_twice_is_a_warning(tmp_path: Path) -> None:
    a = kept(tmp_path / "a", entry("x", mrr=1.0), entry("x", mrr=0.0))
    assert any("twice: x" in warning for warning in diff_folders(a, a).warnings)


# --- in words ---------------------------------------------------------------------------------


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    scores = {
        "answer_right": 1.0, "recall_at_5": 1.0, "answer_words": 12.0, "seconds": 123.45,
        "seconds_load_model": 0.01, "prompt_tokens": 1234.0, "citation_precision": 1.0,
    }  # fmt: skip
    before = run("a", **scores)
    after = with_scores(before, range(9), recall_at_5=0.0, seconds=999.0, citation_precision=None)
    hostile = entry("case-0", "wrong", "red \x1b[31m [bold]text[/bold] \u202e [1]", **scores)
    after = replace(after, entries=after.entries | {"case-0": hostile})
    return (
        kept(tmp_path / "2026-11-22T06-15-03Z", *before.entries.values()),
        kept(tmp_path / "2026-11-22T07-15-03Z", *after.entries.values(), model="other"),
    )


def test_it_reads_in_eighty_columns(
    two: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert show_diff(*two) == 0
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 80
    assert "…" not in shown
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    worse, still = lines.index("Worse"), lines.index("No difference seen")
    recall = next(n for n, line in enumerate(lines) if line.startswith("evidence recall@5"))
    assert worse < recall < still
    assert "100.0% 60.0% -40.0 [" in lines[recall]
    assert "! The two runs had another model: scripted and other." in lines
    assert any(line.startswith("citation precision (ALCE)") and "(-8 +0)" in line for line in lines)
    assert "scored in the first run only, and in the second only" in " ".join(lines)


def test_what_a_model_said_does_not_act_on_the_terminal(
    two: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    show_diff(*two)
    shown = capsys.readouterr().out
    assert "Came out right before, and no longer: 1" in shown
    assert "[bold]text[/bold]" in shown
    assert not {"\x1b", "\u202e"} & set(shown)


def test_the_whole_comparison_is_there_as_json(
    two: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert show_diff(*two, as_json=True) == 0
    found = json.loads(capsys.readouterr().out)
    assert found == json.loads(json.dumps(to_json(diff_folders(*two))))
    assert found["schema"] == "footnote.diff/1"
    assert found["changes"]["recall_at_5"]["word"] == "worse"
    assert found["changes"]["recall_at_5"]["difference"]["n"] == 20
    assert found["flips"][0]["text_before"] == "It is 20%. [1]"


def test_two_runs_that_are_the_same_say_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a = kept(tmp_path / "a", *run("a", mrr=1.0).entries.values())
    show_diff(a, a)
    shown = capsys.readouterr().out
    assert "No case came out otherwise." in shown
    assert "Worse" not in shown
