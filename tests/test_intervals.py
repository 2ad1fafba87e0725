"""Intervals are as wide as their clusters allow, and the same each time."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.statistics import bootstrap
from eval.statistics.bootstrap import balanced_interval, mean_interval, paired_interval

SCORED = st.lists(
    st.tuples(st.floats(0, 1), st.sampled_from("abcdef")), min_size=1, max_size=30
).map(lambda pairs: ([value for value, _ in pairs], [cluster for _, cluster in pairs]))


def flags(number: int, good: int) -> list[float]:
    return [1.0] * good + [0.0] * (number - good)


def names(number: int) -> list[str]:
    return [f"c{each:04}" for each in range(number)]


def test_nothing_has_no_interval() -> None:
    assert mean_interval([], []) is None
    assert paired_interval([], [], []) is None
    assert balanced_interval([([1.0], ["a"]), ([], [])]) is None
    assert balanced_interval([]) is None


def test_single_cases_give_the_width_that_theory_gives() -> None:
    found = mean_interval(flags(400, 120), names(400))
    assert found
    half = 1.96 * math.sqrt(0.3 * 0.7 / 400)
    assert found.mean == 0.3
    assert (found.n, found.clusters) == (400, 400)
    assert found.low == pytest.approx(0.3 - half, abs=half / 10)
    assert found.high == pytest.approx(0.3 + half, abs=half / 10)


def test_asking_the_same_ten_times_over_makes_nothing_surer() -> None:
    values, clusters = flags(40, 12), names(40)
    once, often = mean_interval(values, clusters), mean_interval(values * 10, clusters * 10)
    alone = mean_interval(values * 10, names(400))
    assert once
    assert often
    assert alone
    assert (often.low, often.high) == pytest.approx((once.low, once.high))
    assert (often.n, often.clusters) == (400, 40)
    assert alone.high - alone.low < 0.4 * (often.high - often.low)


def test_clusters_of_different_size_weigh_by_their_cases() -> None:
    found = mean_interval([1.0, 1.0, 1.0, 0.0], ["a", "a", "a", "b"])
    assert found
    assert (found.mean, found.low, found.high, found.clusters) == (0.75, 0.0, 1.0, 2)
    large, small = names(100)[:50], names(100)[50:]
    many = mean_interval([1.0] * 450 + [0.0] * 50, large * 9 + small)
    assert many
    assert many.mean == 0.9
    assert many.low > 0.8  # and not about 0.5, the share of large clusters


def test_one_cluster_has_no_width() -> None:
    found = mean_interval([1.0, 0.0], ["a", "a"])
    assert found
    assert (found.low, found.mean, found.high, found.clusters) == (0.5, 0.5, 0.5, 1)


@given(SCORED)
def test_the_mean_lies_in_its_interval_and_the_interval_among_the_values(
    scored: tuple[list[float], list[str]],
) -> None:
    values, clusters = scored
    found = mean_interval(values, clusters, draws=50)
    assert found
    assert found.low <= found.mean <= found.high
    assert min(values) - 1e-9 <= found.low
    assert found.high <= max(values) + 1e-9
    assert (found.n, found.clusters) == (len(values), len(set(clusters)))


@given(SCORED, st.randoms())
def test_the_order_of_the_cases_changes_nothing(
    scored: tuple[list[float], list[str]], chance: random.Random
) -> None:
    pairs = list(zip(*scored, strict=True))
    chance.shuffle(pairs)
    shuffled = [value for value, _ in pairs], [cluster for _, cluster in pairs]
    assert mean_interval(*shuffled, draws=50) == mean_interval(*scored, draws=50)


def test_the_seed_decides_the_draws() -> None:
    values, clusters = flags(40, 12), names(40)
    assert mean_interval(values, clusters) == mean_interval(values, clusters)
    drawn = {mean_interval(values, clusters, seed=seed, draws=30) for seed in range(8)}
    assert len(drawn) > 1


def test_a_paired_interval_is_that_of_the_changes() -> None:
    before, after = flags(100, 50), flags(100, 60)
    found = paired_interval(before, after, names(100))
    assert found
    assert found.mean == pytest.approx(0.1)
    assert 0 < found.low < 0.1 < found.high
    one = mean_interval(before, names(100))
    assert one
    # Much of what differs between cases is the same before and after.
    assert found.high - found.low < one.high - one.low


def test_a_mean_of_means_weighs_its_parts_alike() -> None:
    found = balanced_interval([(flags(90, 90), names(90)), (flags(10, 5), names(10))])
    assert found
    assert found.mean == 0.75
    assert (found.n, found.clusters) == (100, 100)
    alone = mean_interval(flags(10, 5), names(10))
    assert alone
    assert found.high - found.low == pytest.approx((alone.high - alone.low) / 2, rel=0.2)


def test_many_clusters_are_drawn_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "_AT_ONCE", 70)
    found = mean_interval(flags(40, 12), names(40), draws=101)
    assert found
    assert 0.1 < found.low < 0.3 < found.high < 0.5


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_value_that_is_no_number_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="not finite"):
        mean_interval([0.5, value], ["a", "b"])


def test_lists_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="2 values and 1 clusters"):
        mean_interval([0.5, 0.5], ["a"])
    with pytest.raises(ValueError, match=r"shorter|longer"):
        paired_interval([0.5, 0.5], [0.5], ["a", "a"])
