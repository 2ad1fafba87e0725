"""The page of a comparison holds all it needs, and nothing that an answer says can act on it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

import ui.cli
from eval.compare import command
from eval.compare.page import MAX_ANSWER_CHARS, render_comparison
from eval.compare.several import Comparison, compare_settings
from tests.compared_runs import entry
from tests.html_tree import parse
from tests.test_compare_settings import cases, run_of

BAD = '"><script>alert(1)</script><img src=http://evil.example/x onerror=y>'


@pytest.fixture
def found() -> Comparison:
    """B wins lists and loses facts; c is as a."""
    a = run_of("a", cases(8, 7, facts_right=True, lists_right=False))
    b = run_of("b", cases(8, 7, facts_right=False, lists_right=True))
    return compare_settings([a, b, replace(a, name="c")])


def words(page: str) -> str:
    return " ".join(re.sub("<[^>]*>", " ", page.partition("<body>")[2]).split())


def test_it_says_who_wins_where_with_differences_and_intervals(found: Comparison) -> None:
    said = words(render_comparison(found))
    assert "Of 15 cases came out as they should: a 53%, b 47%, c 53%." in said
    assert "No difference between them is beyond noise." in said
    assert re.search(r"Fact 8 100% 0% 100% -100\.0 \[-100\.0, -100\.0\] \+0\.0 .* a?", said)
    assert re.search(r"List 7 0% 100% 0% \+100\.0 \[\+100\.0, \+100\.0\] .*? b ", said)


def test_answers_stand_side_by_side_with_what_came_of_each(found: Comparison) -> None:
    page = render_comparison(found)
    said = words(page)
    assert "Right before, and no longer: 8" in said
    assert "Right now: 7" in said
    assert "a: right It is 20%. [1] b: wrong It is 20%. [1]" in said
    assert "No case came out otherwise." in said  # c
    assert page.count('class="example"') == 15


def test_it_holds_all_it_needs(found: Comparison) -> None:
    page = render_comparison(found)
    assert "default-src 'none'" in page
    assert not re.search(r"<script|<link|<img|@import|url\(|https?:", page)
    parse(page)  # every element is closed


def test_text_of_answers_settings_and_names_is_no_markup() -> None:
    a, b = run_of("a", {"fact-1": True}), run_of(BAD, {"fact-1": False}, model=BAD)
    made = entry("fact-1", "wrong", BAD)
    result = replace(made.result, tags=("fact",), text=BAD + "x" * 2 * MAX_ANSWER_CHARS)
    b = replace(b, entries={"fact-1": replace(made, question=BAD, result=result)})
    page = render_comparison(compare_settings([a, b]))
    assert "<script" not in page
    assert "<img" not in page
    assert "x" * (MAX_ANSWER_CHARS + 1) not in page


def test_runs_without_a_common_case_have_a_page_too() -> None:
    runs = [run_of("a", {"fact-1": True}), run_of("b", {"fact-2": True})]
    assert "The runs have no case in common." in words(render_comparison(compare_settings(runs)))


def test_the_command_writes_it(
    found: Comparison, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = {run.name: run for run in found.runs}
    monkeypatch.setattr(command, "check_cases", lambda given, cases: None)
    monkeypatch.setattr(command, "run_settings", lambda given, cases, out: runs[given.name])
    files = [tmp_path / f"{name}.toml" for name in "ab"]
    for file in files:
        file.write_text("k = 3", "utf-8")
    page = tmp_path / "page.html"
    said = ["eval", "compare", *map(str, files), "--cases", "own.jsonl", "--page", str(page)]
    result = CliRunner().invoke(ui.cli.app, said)
    assert result.exit_code == 0, result.output
    assert "a · b" in page.read_text("utf-8")
