"""Agreement with people, against its definitions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from eval.statistics.agreement import (
    MEASURES,
    HumanLabels,
    Measure,
    ScoredTexts,
    agreement_gain,
    agreement_with_people,
    auroc,
    auroc_interval,
    balanced_accuracy,
    best_threshold,
    calibration_error,
    calibration_interval,
    f1,
    reliability,
    spearman,
)

TEXTS = st.lists(
    st.tuples(st.integers(0, 6).map(lambda n: n / 6), st.booleans(), st.integers(0, 4)),
    min_size=2,
    max_size=25,
)


def pairs_won(scores: Sequence[float], labels: Sequence[bool]) -> float:
    """AUROC by its definition."""
    good = [score for score, label in zip(scores, labels, strict=True) if label]
    bad = [score for score, label in zip(scores, labels, strict=True) if not label]
    return fmean((g > b) + (g == b) / 2 for g in good for b in bad)


def ranks(values: Sequence[float]) -> list[float]:
    return [
        1 + sum(other < value for other in values) + (values.count(value) - 1) / 2
        for value in values
    ]


@given(TEXTS)
def test_auroc_is_the_share_of_pairs_in_order(texts: list[tuple[float, bool, int]]) -> None:
    scores, labels = [text[0] for text in texts], [text[1] for text in texts]
    assume(len(set(labels)) == 2)
    assert auroc(scores, labels) == pytest.approx(pairs_won(scores, labels))


@given(TEXTS)
def test_spearman_is_the_correlation_of_average_ranks(
    texts: list[tuple[float, bool, int]],
) -> None:
    one, other = [text[0] for text in texts], [float(text[2]) for text in texts]
    assume(len(set(one)) > 1)
    assume(len(set(other)) > 1)
    wanted = np.corrcoef(ranks(one), ranks(other))[0, 1]
    assert spearman(one, other) == pytest.approx(wanted, abs=1e-9)


def test_figures_by_hand() -> None:
    scores, labels = [0.9, 0.8, 0.4, 0.3, 0.2], [True, True, True, False, False]
    assert auroc(scores, labels) == 1
    assert balanced_accuracy(scores, labels, 0.5) == pytest.approx((2 / 3 + 1) / 2)
    assert f1(scores, labels, 0.5) == pytest.approx(2 * 2 / (3 + 2))  # 3 called ungrounded, 2 are
    assert auroc([0.5, 0.5], [True, False]) == 0.5
    assert spearman([1, 2, 3], [30, 20, 10]) == pytest.approx(-1)


def test_a_score_at_the_threshold_is_called_grounded() -> None:
    assert balanced_accuracy([0.5, 0.4], [True, False], 0.5) == 1


def test_f1_is_that_of_the_ungrounded() -> None:
    """Calling everything grounded finds none of them, however many are grounded."""
    assert f1([1, 1, 1, 1], [True, True, True, False], 0.5) == 0


def test_what_does_not_exist_has_no_figure() -> None:
    assert auroc([0.1, 0.2], [True, True]) is None
    assert balanced_accuracy([0.1, 0.2], [False, False], 0.5) is None
    assert f1([0.1, 0.2], [True, True], 0.15) is None
    assert spearman([0.5, 0.5], [1, 2]) is None
    assert auroc([], []) is None
    assert spearman([], []) is None


@given(TEXTS)
def test_no_threshold_is_better_than_the_best(texts: list[tuple[float, bool, int]]) -> None:
    scores, labels = [text[0] for text in texts], [text[1] for text in texts]
    assume(len(set(labels)) == 2)
    found = balanced_accuracy(scores, labels, best_threshold(scores, labels))
    others = [balanced_accuracy(scores, labels, n / 12) for n in range(14)]
    assert found is not None
    assert all(other is not None and other <= found + 1e-12 for other in others)


def test_a_best_threshold_needs_both_kinds() -> None:
    with pytest.raises(ValueError, match="both"):
        best_threshold([0.1, 0.2], [True, True])


# --- intervals --------------------------------------------------------------------------------


def by_definition(
    measure: Measure, scores: list[float], labels: list[bool], scales: list[float]
) -> float:
    called = [score >= 0.5 for score in scores]
    pairs = list(zip(called, labels, strict=True))
    found, there = pairs.count((False, False)), labels.count(False)
    if measure == "auroc":
        return pairs_won(scores, labels)
    if measure == "balanced_accuracy":
        return (pairs.count((True, True)) / labels.count(True) + found / there) / 2
    if measure == "f1":
        precision, recall = found / called.count(False), found / there
        return 2 * precision * recall / (precision + recall)
    return float(np.corrcoef(ranks(scores), ranks(scales))[0, 1])


def many(n: int = 120, documents: int = 30) -> tuple[ScoredTexts, HumanLabels]:
    rng = np.random.default_rng(5)
    labels = rng.random(n) < 0.6
    scores = np.clip(0.5 + 0.2 * (labels - 0.5) + 0.2 * rng.standard_normal(n), 0, 1)
    scales = labels * 2 + rng.integers(0, 3, n)
    names = [f"document {place % documents}" for place in range(n)]
    people = HumanLabels(
        [bool(label) for label in labels], names, [float(scale) for scale in scales]
    )
    return ScoredTexts([float(score) for score in scores], 0.5), people


def test_every_measure_comes_with_its_interval() -> None:
    scored, people = many()
    assert people.scales is not None
    found = agreement_with_people(scored, people)
    wanted = {
        "auroc": auroc(scored.scores, people.labels),
        "balanced_accuracy": balanced_accuracy(scored.scores, people.labels, 0.5),
        "f1": f1(scored.scores, people.labels, 0.5),
        "spearman": spearman(scored.scores, people.scales),
    }
    assert set(found) == set(MEASURES)
    for measure, interval in found.items():
        assert interval is not None
        assert interval.mean == wanted[measure]
        assert interval.low < interval.mean < interval.high
        assert (interval.n, interval.clusters) == (120, 30)


@pytest.mark.parametrize("measure", MEASURES)
def test_the_interval_is_that_of_resampled_documents(measure: Measure) -> None:
    """Against drawing documents one by one and measuring the texts that are then there."""
    scored, people = many(60, 20)
    assert people.scales is not None
    texts = list(zip(people.documents, scored.scores, people.labels, people.scales, strict=True))
    found = agreement_with_people(scored, people, draws=2000)[measure]
    rng, figures = np.random.default_rng(11), []
    for _ in range(600):
        drawn = [f"document {number}" for number in rng.integers(0, 20, 20)]
        there = [text[1:] for name in drawn for text in texts if text[0] == name]
        figures.append(by_definition(measure, *map(list, zip(*there, strict=True))))
    low, high = np.percentile(figures, [2.5, 97.5])
    assert found is not None
    assert found.low == pytest.approx(low, abs=0.035)
    assert found.high == pytest.approx(high, abs=0.035)


def test_texts_of_one_document_count_as_one_piece_of_evidence() -> None:
    """The same texts are less certain where they come from few documents."""
    scored, people = many(120, 30)
    labels, scores = list(people.labels[:30]) * 4, list(scored.scores[:30]) * 4
    names = [f"{place % 30}" for place in range(120)]
    together = agreement_with_people(ScoredTexts(scores, 0.5), HumanLabels(labels, names))["auroc"]
    alone = agreement_with_people(
        ScoredTexts(scores, 0.5), HumanLabels(labels, [str(n) for n in range(120)])
    )["auroc"]
    assert together is not None
    assert alone is not None
    assert together.high - together.low > 1.5 * (alone.high - alone.low)


def test_the_same_texts_give_the_same_intervals() -> None:
    scored, people = many()
    assert agreement_with_people(scored, people) == agreement_with_people(scored, people)
    assert agreement_with_people(scored, people, seed=1) != agreement_with_people(scored, people)


def test_without_a_scale_there_is_no_rank_correlation() -> None:
    scored, people = many()
    found = agreement_with_people(scored, HumanLabels(people.labels, people.documents))
    assert found["spearman"] is None
    assert found["auroc"] is not None


def test_draws_of_one_kind_only_are_left_out() -> None:
    found = agreement_with_people(
        ScoredTexts([0.9, 0.1], 0.5), HumanLabels([True, False], ["a", "b"])
    )["auroc"]
    assert found is not None
    assert (found.mean, found.low, found.high) == (1, 1, 1)


def test_the_interval_of_an_auroc_alone_is_that_among_the_measures() -> None:
    scored, people = many()
    alone = auroc_interval(scored.scores, people.labels, people.documents)
    assert alone == agreement_with_people(scored, people)["auroc"]
    assert auroc_interval([1.0, 2.0], [True, True], ["a", "b"]) is None


def test_a_gain_over_itself_is_none_at_all() -> None:
    scored, people = many()
    for measure in MEASURES:
        found = agreement_gain(measure, scored, scored, people)
        assert found is not None
        assert (found.mean, found.low, found.high) == (0, 0, 0)


def test_a_gain_is_paired() -> None:
    """A scorer a little better on every document is surely better, though both vary widely."""
    scored, people = many()
    lifted = [
        score + 0.1 * label for score, label in zip(scored.scores, people.labels, strict=True)
    ]
    better = ScoredTexts(lifted, 0.5)
    found = agreement_gain("auroc", better, scored, people)
    alone, ours = (
        agreement_with_people(scored, people)["auroc"],
        agreement_with_people(better, people)["auroc"],
    )
    assert found is not None
    assert alone is not None
    assert ours is not None
    assert found.mean == pytest.approx(ours.mean - alone.mean)
    assert found.low > 0
    assert found.high - found.low < (alone.high - alone.low)


def test_lists_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="one length"):
        agreement_with_people(ScoredTexts([0.1], 0.5), HumanLabels([True, False], ["a", "b"]))
    with pytest.raises(ValueError, match="one length"):
        agreement_with_people(
            ScoredTexts([0.1, 0.2], 0.5), HumanLabels([True, False], ["a", "b"], [1.0])
        )


def test_a_score_that_is_not_a_number_is_refused() -> None:
    with pytest.raises(ValueError, match="not a number"):
        agreement_with_people(
            ScoredTexts([0.1, math.nan], 0.5), HumanLabels([True, False], ["a", "b"])
        )


def test_nothing_has_no_figures() -> None:
    assert set(agreement_with_people(ScoredTexts([], 0.5), HumanLabels([], [])).values()) == {None}


# --- calibration ------------------------------------------------------------------------------


def test_the_calibration_error_is_worked_out_by_hand() -> None:
    chances, truths = [0.95, 0.9, 0.15, 0.12], [1.0, 0.0, 0.0, 0.0]
    assert calibration_error(chances, truths) == pytest.approx((2 * 0.425 + 2 * 0.135) / 4)
    upper, lower = reliability(chances, truths)[::-1]
    assert (upper.low, upper.n, upper.share) == (0.9, 2, 0.5)
    assert upper.chance == pytest.approx(0.925)
    assert (lower.n, lower.share) == (2, 0.0)
    assert calibration_error([1.0, 0.0], [1, 0]) == 0
    assert calibration_error([1.0, 0.0], [0, 1]) == 1
    assert calibration_error([], []) is None


def test_a_set_counts_in_the_calibration_by_its_weight() -> None:
    chances, truths, documents = [0.9, 0.9, 0.9, 0.5], [1.0, 1.0, 1.0, 0.0], list("abcd")
    found = calibration_interval(chances, truths, documents, [1, 1, 1, 3])
    assert found is not None
    assert found.mean == pytest.approx((3 * 0.1 + 3 * 0.5) / 6)
    assert found.low <= found.mean <= found.high
    (first, second) = reliability([0.91, 0.99], [1.0, 0.0], [3, 1]), reliability([0.91], [1.0])
    assert first[0].share == 0.75
    assert first[0].chance == pytest.approx(0.93)
    assert second[0].n == 1


def test_what_is_called_grounded_may_be_given() -> None:
    people = HumanLabels([True, False], ["a", "b"])
    given = agreement_with_people(ScoredTexts([0.1, 0.9], 0.5, [True, False]), people)
    by_threshold = agreement_with_people(ScoredTexts([0.1, 0.9], 0.5), people)
    for found, wanted in ((given, 1), (by_threshold, 0)):
        figure = found["balanced_accuracy"]
        assert figure is not None
        assert figure.mean == wanted
    with pytest.raises(ValueError, match="one length"):
        agreement_with_people(ScoredTexts([0.1, 0.9], 0.5, [True]), people)
