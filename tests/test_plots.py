"""Pictures: what is drawn is what was counted, and words say the same."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.report import axes as plots_axes
from eval.report import svg as plots
from eval.report.axes import Axes, Spot
from tests.run_folders import right
from tests.test_report import body, having, page_of, words

AXES = Axes("across <b>", "up & down")
LEFT, TOP, RIGHT, BOTTOM = plots_axes.LEFT, plots_axes.TOP, plots_axes.RIGHT, plots_axes.BOTTOM


def number(element: Element, name: str) -> float:
    return float(element.get(name) or "nan")


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=60))
def test_a_histogram_counts_every_value_once(values: list[float]) -> None:
    found = plots.bins(values)
    assert sum(found.counts) == len(values)
    assert len(found.counts) <= 17
    ElementTree.fromstring(plots.histogram(found, "told", values[:2]))


def test_a_value_far_beyond_the_others_does_not_flatten_them() -> None:
    found = plots.bins([1.0, 1.5, 2.0, 2.5] * 10 + [120.0])
    assert found.is_open
    assert found.counts[-1] == 1
    assert found.width <= 0.5
    assert found.edges(len(found.counts) - 1).startswith("over ")


def test_bins_of_nothing_are_empty() -> None:
    assert plots.bins([]).counts == ()


def test_the_time_of_a_question_is_told_in_words_too(tmp_path: Path) -> None:
    told = [right(str(number), seconds=number / 2) for number in range(1, 10)]
    page = page_of(tmp_path, told)
    (picture,) = having(body(page), "fn-plot-histogram")
    assert picture.get("role") == "img"
    label = picture.get("aria-label") or ""
    counts = [int(count) for count in re.findall(r"(\d+) questions? (?:\d|over)", label)]
    assert sum(counts) == 9
    assert "median 2.5 s" in words(body(page))


@pytest.mark.parametrize("share", [None, -1.0, 0.0, 0.5, 1.0, 7.0])
def test_a_bar_stays_within_its_line(share: float | None) -> None:
    rest, bar = ElementTree.fromstring(plots.bar(share))
    assert 0 <= float(bar.get("width") or "") <= float(rest.get("width") or "")


def test_a_trend_is_broken_where_a_value_is_missing() -> None:
    picture = ElementTree.fromstring(plots.trend([0.1, 0.2, None, 0.4, 0.5], 0, 1, 'a "b" <c>'))
    (path,) = having(picture, "fn-plot-line")
    assert re.findall("[ML]", path.get("d") or "") == ["M", "L", "M", "L"]
    assert len(having(picture, "fn-plot-dot")) == 4
    assert picture.get("aria-label") == 'a "b" <c>'


@pytest.mark.parametrize("values", [[], [None], [0.5], [0.0, 0.0]])
def test_a_trend_of_hardly_anything_is_a_picture(values: list[float | None]) -> None:
    picture = ElementTree.fromstring(plots.trend(values, 0.0, 0.0, "told"))
    assert len(having(picture, "fn-plot-dot")) == sum(value is not None for value in values)


# --- lines of a table -------------------------------------------------------------------------


def test_an_estimate_stands_at_its_value_within_its_interval() -> None:
    rest, bar, band, rule = ElementTree.fromstring(plots.estimate(0.5, 0.4, 0.75))
    assert number(rest, "width") == 100
    assert number(bar, "width") == 50
    assert (number(band, "x"), number(band, "width")) == (40, 35)
    assert (number(rule, "x1"), number(rule, "x2")) == (50, 50)


@pytest.mark.parametrize("ends", [(-3.0, -4.0, 9.0), (7.0, 0.5, 8.0), (0.0, 0.0, 0.0)])
def test_an_estimate_stays_within_its_line(ends: tuple[float, float, float]) -> None:
    _, bar, band, rule = ElementTree.fromstring(plots.estimate(*ends))
    assert 0 <= number(bar, "width") <= 100
    assert 0 <= number(band, "x") <= number(band, "x") + number(band, "width") <= 100
    assert 0 <= number(rule, "x1") <= 100


def test_a_spread_goes_to_the_middle_and_thinly_on_to_the_most() -> None:
    _, band, bar, rule = ElementTree.fromstring(plots.spread(0.25, 0.75))
    assert (number(bar, "width"), number(band, "width"), number(rule, "x1")) == (25, 75, 75)
    assert number(band, "height") < number(bar, "height")


# --- with axes --------------------------------------------------------------------------------


def test_the_parts_of_a_column_stand_upon_each_other_to_scale() -> None:
    drawn = plots_axes.columns([(1, 3), (0, 0), (0, 4)], ("one", "two"), ["a", "b", "c"], AXES, "t")
    picture = ElementTree.fromstring(drawn)
    rects = [(each.get("class"), each) for each in picture.iter("rect")]
    assert [name for name, _ in rects] == ["one", "two", "two"]  # none of height 0
    tall = BOTTOM - TOP  # stands for 4
    (low, high, last) = (each for _, each in rects)
    assert number(low, "height") == pytest.approx(tall / 4)
    assert number(low, "y") + number(low, "height") == pytest.approx(BOTTOM)
    assert number(high, "height") == pytest.approx(tall * 3 / 4)
    assert number(high, "y") == pytest.approx(TOP)
    assert number(high, "x") == number(low, "x") < number(last, "x")
    assert number(last, "height") == pytest.approx(tall)
    told = [each.text for each in picture.iter("text")]
    assert told == ["0", "1", "2", "3", "4", "a", "b", "c", "across <b>", "up & down"]
    assert (picture.get("role"), picture.get("aria-label")) == ("img", "t")


def test_one_tick_more_than_columns_stands_between_them() -> None:
    drawn = plots_axes.columns([(1,), (1,)], ("one",), ["0", "1/2", "1"], AXES, "t")
    ticks = list(ElementTree.fromstring(drawn).iter("text"))[5:8]
    assert [number(each, "x") for each in ticks] == [LEFT, (LEFT + RIGHT) / 2, RIGHT]


def test_columns_of_nothing_are_a_picture() -> None:
    assert not list(ElementTree.fromstring(plots_axes.columns([], (), [], AXES, "t")).iter("rect"))


@given(st.integers(0, 10**9))
def test_an_axis_ends_at_four_whole_steps_that_are_enough(most: int) -> None:
    end = plots_axes.nice(most)
    assert end >= max(most, 4)
    assert end % 4 == 0
    assert end <= max(4, 2 * most)


def test_points_of_a_calibration_stand_where_their_shares_say() -> None:
    spots = [Spot(0.25, 0.0, 0.0, 0.5), Spot(0.75, 1.0)]
    notes = [(0.25, "12"), (0.75, "3")]
    picture = ElementTree.fromstring(plots_axes.calibration(spots, notes, AXES, "t"))
    first, second = picture.iter("circle")
    assert number(first, "cx") == pytest.approx(LEFT + (RIGHT - LEFT) / 4, abs=0.05)
    assert (number(first, "cy"), number(second, "cy")) == (BOTTOM, TOP)
    (whisker,) = having(picture, "fn-plot-whisker")  # the other has no interval
    ends = re.findall(r"[\d.]+", whisker.get("d") or "")
    assert [float(each) for each in ends[1::2]] == [BOTTOM, (TOP + BOTTOM) / 2]
    assert {"12", "3", "0.25", "75%"} <= {each.text for each in picture.iter("text")}
    assert len(list(picture.iter("polyline"))) == 1


def test_one_point_is_joined_with_none() -> None:
    drawn = plots_axes.calibration([Spot(0.5, 0.5, 0.4, 0.6)], [], AXES, "t")
    assert not list(ElementTree.fromstring(drawn).iter("polyline"))


def test_a_tradeoff_goes_by_steps_past_its_level_and_its_ring() -> None:
    steps = [Spot(0.5, 1.0), Spot(1.0, 0.5)]
    drawn = plots_axes.tradeoff(steps, 0.5, Spot(1.0, 0.5), AXES, "t")
    picture = ElementTree.fromstring(drawn)
    (line,) = having(picture, "fn-plot-line")
    middle, half = (LEFT + RIGHT) / 2, (TOP + BOTTOM) / 2
    assert line.get("d") == (f"M{LEFT}.0 {TOP}.0V{TOP}.0H{middle:.1f}V{half:.1f}H{RIGHT}.0")
    (ring,) = having(picture, "fn-plot-ring")
    assert (number(ring, "cx"), number(ring, "cy")) == (RIGHT, half)
    without = ElementTree.fromstring(plots_axes.tradeoff([], 0.5, None, AXES, "t"))
    assert not having(without, "fn-plot-ring")
