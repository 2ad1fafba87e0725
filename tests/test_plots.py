"""The plots of a report say what was counted, and stand on the page alone."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest

from eval.report import drawing
from eval.report.drawing import ACCENT, draw
from tests.run_folders import failed, right
from tests.test_report import body, deciders, entry, having, hits, page_of, page_with, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def columns(axes: Axes) -> None:
    axes.bar(["one", "cost $5 & $6"], [3, 1], color=ACCENT, label="a <kind>")
    axes.set_xlabel("across")


def drawn(name: str = "plot") -> Element:
    return ElementTree.fromstring(draw(name, 'In words: "3" & 1', columns))


def test_a_drawing_holds_its_words_as_text() -> None:
    texts = {(each.text or "").strip() for each in drawn().iter("text")}
    assert {"one", "cost $5 & $6", "a <kind>", "across"} <= texts
    assert (drawn().get("role"), drawn().get("aria-label")) == ("img", 'In words: "3" & 1')


def test_a_drawing_has_the_colours_of_the_page() -> None:
    values = [value for each in drawn().iter() for value in each.attrib.values()]
    assert any("var(--accent)" in value for value in values)
    assert not [value for value in values if re.search(r"#[0-9a-f]{6}|font-family", value)]


def test_a_drawing_asks_for_nothing_and_runs_nothing() -> None:
    for element in drawn().iter():
        assert element.tag in {"svg", "g", "defs", "path", "use", "text", "clipPath", "rect"}
        assert not [name for name in element.attrib if name.startswith("on")]
        assert (element.get("href") or "#").startswith("#")


def test_what_a_drawing_refers_to_is_its_own() -> None:
    one, other = draw("one", "label", columns), draw("other", "label", columns)
    ids = [set(re.findall(r'\bid="([^"]+)"', each)) for each in (one, other)]
    assert not ids[0] & ids[1]
    for drawing_, own in zip((one, other), ids, strict=True):
        assert set(re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', drawing_)) <= {
            pair for id in own for pair in ((id, ""), ("", id))
        }


def test_the_same_numbers_give_the_same_drawing() -> None:
    assert draw("plot", "label", columns) == draw("plot", "label", columns)


def test_drawing_keeps_its_files_in_the_cache_folder(tmp_path: Path) -> None:
    code = "from tests.test_plots import drawn; drawn()"
    places = {"HOME": str(tmp_path / "home"), "FOOTNOTE_CACHE_DIR": str(tmp_path / "cache")}
    kept = {name: each for name, each in os.environ.items() if not name.startswith(("XDG_", "MPL"))}
    root = Path(__file__).parents[1]
    subprocess.run([sys.executable, "-c", code], cwd=root, env=kept | places, check=True)
    assert list((tmp_path / "cache").rglob("fontlist*"))
    assert not (tmp_path / "home").exists()


# --- on the page ------------------------------------------------------------------------------

PLOTS = {
    "Shares and their intervals",
    "Where the evidence was found",
    "Scores of the sentences",
    "Does a high score mean a good answer?",
    "Could it tell when to answer?",
}


def plates(page: str) -> dict[str, Element]:
    """The plots of a page by their titles."""
    section = next(e for e in body(page).iter("section") if e.get("aria-labelledby") == "plots")
    return {words(next(each.iter("h3"))): each for each in having(section, "plate")}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    return page_with(
        tmp_path_factory.mktemp("runs"), [*deciders(), entry("x", [0.95], hits=hits(100))]
    )


def test_every_plot_says_its_numbers_in_words_and_in_a_table(page: str) -> None:
    found = plates(page)
    assert set(found) == PLOTS
    for each in found.values():
        (picture,) = each.iter("svg")
        assert picture.get("role") == "img"
        assert len(picture.get("aria-label") or "") > 40
        assert len(list(each.iter("tr"))) > 1
    evidence = words(found["Where the evidence was found"])
    assert "4 questions with gold evidence" in evidence
    assert "nowhere among the hits in 3" in evidence
    decide = words(found["Could it tell when to answer?"])
    assert "3 questions, 2 of them answerable (66.7%); 2 others have no such number" in decide
    assert "0.7 50.0% 50.0% 2" in decide
    assert "as the run decided 100.0% 100.0% 2" in decide
    score = words(found["Does a high score mean a good answer?"])
    assert "0.9 to 1 1 0.95 100.0%" in score


def test_no_id_stands_twice_on_a_page_with_plots(page: str) -> None:
    ids = [each.get("id") for each in body(page).iter() if each.get("id")]
    assert len(ids) == len(set(ids))


def test_without_matplotlib_the_page_says_how_to_get_plots_and_has_all_numbers(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing, "is_available", lambda: False)
    without = page_with(tmp_path / "b", [*deciders(), entry("x", [0.95], hits=hits(100))])
    assert "pip install 'footnote-qa[eval]'" in words(body(without))
    assert "<svg" not in without
    for title, plate in plates(without).items():
        assert next(plate.iter("details")).get("open") is not None
        tables = [words(next(each.iter("table"))) for each in (plate, plates(page)[title])]
        assert tables[0] == tables[1]


def test_the_time_of_a_question_is_told_in_words_too(tmp_path: Path) -> None:
    timed = [right(str(number), seconds=number / 2) for number in range(1, 10)]
    section = next(
        each
        for each in body(page_of(tmp_path, timed)).iter("section")
        if each.get("aria-labelledby") == "time"
    )
    assert "median 2.5 s, 95th percentile 4.5 s, slowest 4.5 s" in words(section)
    assert "median 2.5 s" in (next(section.iter("svg")).get("aria-label") or "")


def test_a_run_of_nothing_but_errors_has_no_plots(tmp_path: Path) -> None:
    assert "#plots" not in page_of(tmp_path, [failed("a"), failed("b")])
