"""The tab of past eval runs: their trend, and the list that leads to their reports."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote

import pytest

from eval.runs.listing import list_runs
from tests.html_tree import Element, parse
from tests.run_folders import NAME, STARTED, Told, declined, failed, keep, right
from ui.views.eval_runs import MAX_ROWS, render_tab
from ui.views.trend_line import draw_trend


def html(folder: Path) -> Element:
    return parse(render_tab(list_runs(folder)))


def words(element: Element) -> str:
    """Its text, with a space between any two elements."""
    parts = (each if isinstance(each, str) else words(each) for each in element.inside)
    return " ".join(" ".join(parts).split())


def told(good: int, *, seconds: float = 2.0) -> list[Told]:
    """Ten answerable cases of which `good` are right, and one that is rightly declined."""
    known = [right(f"r{number}", seconds=seconds) for number in range(good)]
    known += [declined(f"d{number}", answerable=True) for number in range(10 - good)]
    return [*known, declined("soy", answerable=False)]


def test_without_a_run_it_says_how_to_make_one(tmp_path: Path) -> None:
    root = html(tmp_path / "none")
    assert "footnote eval" in words(root)
    assert not root.all(tag="table")


def test_the_trend_shows_the_last_value_and_how_it_moved(tmp_path: Path) -> None:
    for day, good in enumerate((4, 8, 7)):
        keep(tmp_path, told(good, seconds=6.0 - day), STARTED + timedelta(days=day))
    right_share, declines, supported, seconds = map(
        words, html(tmp_path).all(cls="fn-evals-multiple")
    )
    assert "Answerable: right 70.0% ▼ 10.0 points worse" in right_share
    assert "Unanswerable: declined 100.0% as in the run before" in declines
    assert "Sentences supported 100.0%" in supported
    assert "Median time a question 4.0 s ▼ 1.0 s faster" in seconds


def test_every_value_of_a_trend_is_told_in_words(tmp_path: Path) -> None:
    for day, good in enumerate((4, 8, 7)):
        keep(tmp_path, told(good), STARTED + timedelta(days=day))
    picture = html(tmp_path).all(cls="fn-plot-trend")[0]
    assert picture.attrs.get("role") == "img"
    assert picture.attrs.get("aria-label") == "Answerable: right, run by run: 40.0%, 80.0%, 70.0%."


def test_a_trend_is_broken_where_a_value_is_missing() -> None:
    picture = parse(draw_trend([0.1, 0.2, None, 0.4, 0.5], 0, 1, 'a "b" <c>'))
    (path,) = picture.all(tag="path")
    assert re.findall("[ML]", path.attrs["d"]) == ["M", "L", "M", "L"]
    assert len(picture.all(tag="circle")) == 4


@pytest.mark.parametrize("values", [[], [None], [0.5], [0.0, 0.0]])
def test_a_trend_of_hardly_anything_is_a_picture(values: list[float | None]) -> None:
    picture = parse(draw_trend(values, 0.0, 0.0, "a label"))
    assert len(picture.all(tag="circle")) == sum(value is not None for value in values)


def test_only_runs_of_the_same_questions_and_articles_are_set_side_by_side(tmp_path: Path) -> None:
    keep(tmp_path, told(4), STARTED)
    keep(tmp_path, told(8), STARTED + timedelta(days=1))
    keep(tmp_path, told(10), STARTED + timedelta(days=2), cases_digest="f" * 16)
    keep(tmp_path, told(9), STARTED + timedelta(days=3), corpus_digest="f" * 16)
    root = html(tmp_path)
    (trend,) = root.all(cls="fn-evals-trend")
    assert "11 questions of seeds.jsonl 2 runs, 22 Nov 2026 to 23 Nov 2026" in words(trend)
    assert "80.0%" in words(trend)
    assert len(root.all(cls="fn-evals-open")) == 4


def test_a_single_run_shows_its_figures_and_asks_for_a_second(tmp_path: Path) -> None:
    keep(tmp_path, told(8))
    (trend,) = html(tmp_path).all(cls="fn-evals-trend")
    assert "one run; the trend needs a second" in words(trend)
    assert "80.0% nothing to compare with" in words(trend)


def test_a_figure_that_was_not_counted_is_no_zero(tmp_path: Path) -> None:
    keep(tmp_path, [failed("a")])
    keep(tmp_path, [failed("a")], STARTED + timedelta(days=1))
    root = html(tmp_path)
    assert "Unanswerable: declined n/a nothing to compare with" in words(root)
    assert not re.search(r"\bnan\b", words(root), re.IGNORECASE)


def test_each_run_is_a_link_that_opens_its_report(tmp_path: Path) -> None:
    keep(tmp_path, told(8))
    keep(tmp_path, told(9), STARTED + timedelta(days=1))
    newest, oldest = html(tmp_path).all(cls="fn-evals-open")
    assert newest.text == "23 Nov 2026, 06:15"
    assert oldest.attrs.get("data-act") == "run"
    assert oldest.attrs.get("data-run") == NAME
    assert oldest.attrs.get("href") == f"evals/{NAME}"
    assert (oldest.attrs.get("target"), oldest.attrs.get("rel")) == ("_blank", "noopener")


def test_a_row_has_a_name_for_each_of_its_values(tmp_path: Path) -> None:
    keep(tmp_path, told(8))
    root = html(tmp_path)
    heads = [words(head) for head in root.all(tag="th")]
    _, row = root.all(tag="tr")
    cells = row.all(tag="td")
    labels = [cell.attrs.get("data-label") for cell in cells]
    assert labels == [None, *heads[1:]]
    values = dict(zip(heads, map(words, cells), strict=True))
    assert (values["Questions"], values["Answerable: right"]) == ("11", "80.0%")


def test_headings_go_down_one_step_at_a_time(tmp_path: Path) -> None:
    keep(tmp_path, told(8))
    levels = re.findall(r"<h(\d)", render_tab(list_runs(tmp_path)))
    assert levels == ["2", "3", "3"]


# --- runs that are not whole ------------------------------------------------------------------


def test_a_run_that_was_killed_is_listed_and_is_no_part_of_the_trend(tmp_path: Path) -> None:
    keep(tmp_path, told(8)[:5], None)
    root = html(tmp_path)
    assert not root.all(cls="fn-evals-trend")
    assert "Unfinished: the questions so far." in words(root)
    assert "100.0%" in words(root)


def test_a_broken_run_is_listed_with_what_is_wrong(tmp_path: Path) -> None:
    run = keep(tmp_path, told(8))
    (run / "summary.json").write_text('{"schema": "footnote.eval/9"}')
    (tmp_path / "empty").mkdir()
    faults = [words(fault) for fault in html(tmp_path).all(cls="fn-evals-fault")]
    assert "Unfinished. results.jsonl is missing." in faults
    assert "summary.json cannot be used (it is of another version: footnote.eval/9)." in faults


def test_a_summary_of_no_cases_does_no_harm(tmp_path: Path) -> None:
    keep(tmp_path, [])
    keep(tmp_path, [], STARTED + timedelta(days=1))
    root = html(tmp_path)
    assert not root.all(cls="fn-evals-trend")
    assert len(root.all(cls="fn-evals-open")) == 2


@pytest.mark.parametrize(
    "name",
    [
        "<img src=x onerror=alert(1)>",
        'a"b&c',
        "%2e%2e",
        "a#b?c",
        "\u202egnp.exe",
        "javascript:alert(1)",
        "line\nbreak",
        "Läufe",
    ],
)
def test_a_name_of_any_text_is_only_text(tmp_path: Path, name: str) -> None:
    os.rename(keep(tmp_path, told(8)), tmp_path / name)
    root = html(tmp_path)
    assert {each.tag for each in root.walk()} <= {
        "section", "h2", "h3", "p", "code", "small", "div", "figure", "figcaption", "span", "svg",
        "line", "path", "circle", "table", "thead", "tbody", "tr", "th", "td", "a",
    }  # fmt: skip
    (link,) = root.all(cls="fn-evals-open")
    address = link.attrs.get("href") or ""
    assert re.fullmatch(r"evals/[\w.%~-]+", address)
    assert unquote(address.removeprefix("evals/")) == name
    assert "\u202e" not in words(root)


def test_a_name_that_is_not_text_has_no_link(tmp_path: Path) -> None:
    os.rename(bytes(keep(tmp_path, told(8))), os.path.join(bytes(tmp_path), b"\xff\xfe"))
    shown = render_tab(list_runs(tmp_path))
    assert "22 Nov 2026" in shown
    assert "href" not in shown
    assert shown.encode()


def test_a_model_of_any_name_is_only_text(tmp_path: Path) -> None:
    keep(tmp_path, told(8), model="<b onclick=x>\x1b[31m\u202e", cases_file="<i>.jsonl")
    root = html(tmp_path)
    assert "<b onclick=x>" in words(root)
    assert "<i>.jsonl" in words(root)


def test_of_very_many_runs_the_newest_are_shown(tmp_path: Path) -> None:
    keep(tmp_path, told(8))
    (run,) = list_runs(tmp_path)
    many = [replace(run, name=f"run-{number}") for number in range(MAX_ROWS + 7)]
    root = parse(render_tab(many))
    assert len(root.all(cls="fn-evals-open")) == MAX_ROWS
    assert "7 older runs are kept and not shown." in words(root)
