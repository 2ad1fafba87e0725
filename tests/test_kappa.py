"""Agreement beyond chance, by hand and at its edges."""

from __future__ import annotations

import random

import pytest
from sklearn.metrics import cohen_kappa_score

from eval.judging.kappa import VERDICTS, Verdict, measure_agreement

Pair = tuple[Verdict, Verdict]


def pairs(*table: tuple[int, int, int]) -> list[Pair]:
    """As many pairs as the table says."""
    return [
        (first, second)
        for first, counts in zip(VERDICTS, table, strict=True)
        for second, count in zip(VERDICTS, counts, strict=True)
        for _ in range(count)
    ]


def clusters_of(found: list[Pair]) -> list[str]:
    return [f"c{n}" for n in range(len(found))]


def test_kappa_is_as_worked_out_by_hand() -> None:
    given = pairs((4, 1, 0), (1, 1, 0), (0, 1, 2))
    found = measure_agreement(given, clusters_of(given))
    assert found.table == ((4, 1, 0), (1, 1, 0), (0, 1, 2))
    assert found.n == 10
    assert found.share is not None
    assert found.share.mean == 0.7
    assert found.kappa == pytest.approx(33 / 63)
    assert found.interval is not None
    assert found.interval.low < 33 / 63 < found.interval.high
    assert (found.interval.n, found.interval.clusters) == (10, 10)


def test_kappa_is_0_for_what_chance_gives_and_below_for_less() -> None:
    given = pairs((4, 4, 0), (4, 4, 0), (0, 0, 0))
    assert measure_agreement(given, clusters_of(given)).kappa == 0
    given = pairs((0, 5, 0), (5, 0, 0), (0, 0, 0))
    assert measure_agreement(given, clusters_of(given)).kappa == -1


def test_full_agreement_is_1() -> None:
    given = pairs((3, 0, 0), (0, 3, 0), (0, 0, 3))
    found = measure_agreement(given, clusters_of(given))
    assert found.kappa == 1
    assert found.share is not None
    assert found.share.mean == 1


def test_one_verdict_alone_has_no_kappa() -> None:
    given = pairs((7, 0, 0), (0, 0, 0), (0, 0, 0))
    found = measure_agreement(given, clusters_of(given))
    assert (found.kappa, found.interval) == (None, None)
    assert found.share is not None
    assert found.share.mean == 1


def test_a_kappa_that_many_draws_do_not_have_gets_no_interval() -> None:
    given = pairs((20, 0, 0), (0, 1, 0), (0, 0, 0))
    found = measure_agreement(given, clusters_of(given))
    assert (found.kappa, found.interval) == (1, None)


def test_no_pairs_are_no_agreement() -> None:
    found = measure_agreement([], [])
    assert (found.n, found.share, found.kappa, found.interval) == (0, None, None, None)


def test_claims_of_one_cluster_are_drawn_together() -> None:
    given = pairs((30, 5, 0), (5, 20, 0), (0, 5, 15))
    whole = measure_agreement(given * 2, [f"c{n}" for n in range(len(given))] * 2)
    alone = measure_agreement(given * 2, [f"c{n}" for n in range(2 * len(given))])
    assert whole.kappa == alone.kappa
    assert whole.interval is not None
    assert alone.interval is not None
    assert whole.interval.clusters == 80
    widths = [each.high - each.low for each in (whole.interval, alone.interval)]
    assert widths[0] > 1.25 * widths[1]


def test_the_order_of_the_claims_changes_nothing() -> None:
    given = pairs((6, 2, 0), (1, 3, 1), (0, 1, 4))
    clusters = [f"c{n % 7}" for n in range(len(given))]
    both = list(zip(given, clusters, strict=True))
    random.Random(1).shuffle(both)
    mixed = measure_agreement([pair for pair, _ in both], [cluster for _, cluster in both])
    assert mixed == measure_agreement(given, clusters)


@pytest.mark.parametrize("seed", range(20))
def test_kappa_is_that_of_scikit_learn(seed: int) -> None:
    chance = random.Random(seed)
    given = [(chance.choice(VERDICTS), chance.choice(VERDICTS)) for _ in range(30)]
    expected = cohen_kappa_score(*zip(*given, strict=True))
    assert measure_agreement(given, clusters_of(given), draws=10).kappa == pytest.approx(expected)


def test_lists_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError):
        measure_agreement([("partial", "partial")], [])
