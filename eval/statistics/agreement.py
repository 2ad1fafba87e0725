"""Agreement of scores with the labels of people.

Pure. A text is called grounded where its score reaches the threshold. Every figure is a function
of how often each text counts: once each for the figure itself, and as often as its document was
drawn for each draw of the bootstrap. Whole documents are drawn, with replacement, because texts
about one document are not independent. A figure that does not exist (one class only, scores that
are all the same) is None, never 0 and never NaN.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from eval.statistics.bootstrap import Interval

Measure = Literal["auroc", "balanced_accuracy", "f1", "spearman"]
MEASURES: tuple[Measure, ...] = get_args(Measure)
DRAWS = 1000
BINS = 10  # of the calibration error, of equal width

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class HumanLabels:
    """What people said of `n` texts: True for grounded; a scale (higher is more grounded) or
    none; and the document each text belongs to."""

    labels: Sequence[bool]
    documents: Sequence[str]
    scales: Sequence[float] | None = None


@dataclass(frozen=True, slots=True)
class ScoredTexts:
    """One score for each text, and the threshold from which on a text is called grounded; or, where
    more than that decides, which texts are `called` so."""

    scores: Sequence[float]
    threshold: float
    called: Sequence[bool] | None = None


# --- one figure -------------------------------------------------------------------------------


def auroc(scores: Sequence[float], labels: Sequence[bool]) -> float | None:
    """The chance, 0..1, that a grounded text scores above an ungrounded one; a tie is half."""
    return _one(_auroc(np.asarray(scores, float), np.asarray(labels, bool), _once(len(scores))))


def balanced_accuracy(
    scores: Sequence[float], labels: Sequence[bool], threshold: float
) -> float | None:
    """Mean of the shares of grounded and of ungrounded texts that are called so, 0..1."""
    called, truth = np.asarray(scores, float) >= threshold, np.asarray(labels, bool)
    return _one(_balanced_accuracy(called, truth, _once(len(scores))))


def f1(scores: Sequence[float], labels: Sequence[bool], threshold: float) -> float | None:
    """F1, 0..1, of finding the UNgrounded texts (as RAGTruth counts); None where there is none."""
    called, truth = np.asarray(scores, float) >= threshold, np.asarray(labels, bool)
    return _one(_f1(called, truth, _once(len(scores))))


def spearman(one: Sequence[float], other: Sequence[float]) -> float | None:
    """Rank correlation, -1..1; ties share their average rank."""
    return _one(_spearman(np.asarray(one, float), np.asarray(other, float), _once(len(one))))


def calibration_error(chances: Sequence[float], truths: Sequence[float]) -> float | None:
    """The expected calibration error, 0..1: the distance between the mean chance and the share of
    what is true in each of `BINS` bins, weighted by what is in them (Naeini et al. 2015). With few
    texts it is above 0 by chance alone."""
    values, truth = np.asarray(chances, float), np.asarray(truths, float)
    return _one(_calibration_error(values, truth, _once(len(values))))


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Of the `n` chances from `low` on and below the next bin: their mean, and the share of what is
    true."""

    low: float
    n: int
    chance: float
    share: float


def reliability(
    chances: Sequence[float], truths: Sequence[float], weights: Sequence[float] | None = None
) -> list[ReliabilityBin]:
    """The bins of the calibration error that hold anything, from the lowest chance up."""
    values, truth = np.asarray(chances, float), np.asarray(truths, float)
    counted = np.ones(len(values)) if weights is None else np.asarray(weights, float)
    places = _bins(values)
    found = []
    for place in np.unique(places).tolist():
        own = places == place
        chance, share = (
            float(np.average(each[own], weights=counted[own])) for each in (values, truth)
        )
        found.append(ReliabilityBin(place / BINS, int(own.sum()), chance, share))
    return found


def best_threshold(scores: Sequence[float], labels: Sequence[bool]) -> float:
    """The threshold with the highest balanced accuracy on these very texts, so an in-sample one;
    the lowest of several. Raises `ValueError` where only one class is there."""
    values, truth = np.asarray(scores, float), np.asarray(labels, bool)
    if truth.all() or not truth.any():
        raise ValueError("both grounded and ungrounded texts are needed")
    levels = np.unique(values)
    called = values >= levels[:, None]
    balanced = called[:, truth].mean(axis=1) - called[:, ~truth].mean(axis=1)
    return float(levels[int(np.argmax(balanced))])


# --- with intervals ---------------------------------------------------------------------------


def agreement_with_people(
    scored: ScoredTexts, people: HumanLabels, *, draws: int = DRAWS, seed: int = 0
) -> Mapping[Measure, Interval | None]:
    """Every measure with its 95 % interval. The same input gives the same intervals."""
    _check(scored, people)
    once, drawn = _once(len(people.labels)), _drawn(people.documents, draws, seed)
    return {
        measure: _interval(
            _figures(measure, scored, people, once),
            _figures(measure, scored, people, drawn),
            people,
        )
        for measure in MEASURES
    }


def auroc_interval(
    scores: Sequence[float],
    labels: Sequence[bool],
    clusters: Sequence[str],
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> Interval | None:
    """`auroc` with its 95 % interval, whole `clusters` drawn; None where it does not exist."""
    scored, people = ScoredTexts(scores, 0.0), HumanLabels(labels, clusters)
    _check(scored, people)
    once, drawn = _once(len(labels)), _drawn(clusters, draws, seed)
    value, each = (_figures("auroc", scored, people, weights) for weights in (once, drawn))
    return _interval(value, each, people)


def calibration_interval(
    chances: Sequence[float],
    truths: Sequence[float],
    documents: Sequence[str],
    weights: Sequence[float] | None = None,
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> Interval | None:
    """`calibration_error` with its 95 % interval, whole `documents` drawn; None without a value."""
    values, truth = np.asarray(chances, float), np.asarray(truths, float)
    each = _once(len(values)) if weights is None else np.asarray(weights, float)[None]
    drawn = _drawn(documents, draws, seed) * each
    figure, others = (_calibration_error(values, truth, counted) for counted in (each, drawn))
    return _interval(figure, others, HumanLabels([True] * len(values), documents))


def agreement_gain(
    measure: Measure,
    ours: ScoredTexts,
    theirs: ScoredTexts,
    people: HumanLabels,
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> Interval | None:
    """How much more `ours` agrees than `theirs`, paired: both are scored on the same draws."""
    _check(ours, people)
    _check(theirs, people)
    once, drawn = _once(len(people.labels)), _drawn(people.documents, draws, seed)
    figure, each = (
        _figures(measure, ours, people, weights) - _figures(measure, theirs, people, weights)
        for weights in (once, drawn)
    )
    return _interval(figure, each, people)


def _check(scored: ScoredTexts, people: HumanLabels) -> None:
    lengths = {len(scored.scores), len(people.labels), len(people.documents)}
    lengths |= {len(scored.called)} if scored.called is not None else set()
    if len(lengths | ({len(people.scales)} if people.scales is not None else set())) > 1:
        raise ValueError("scores, labels, scales and documents must be of one length")
    if not np.isfinite(np.asarray(scored.scores, float)).all():
        raise ValueError("a score is not a number")


def _figures(measure: Measure, scored: ScoredTexts, people: HumanLabels, weights: Floats) -> Floats:
    """The measure for each row of `weights` [draws, texts]; NaN where it does not exist."""
    scores, labels = np.asarray(scored.scores, float), np.asarray(people.labels, bool)
    if measure == "auroc":
        return _auroc(scores, labels, weights)
    if measure == "balanced_accuracy":
        return _balanced_accuracy(_called(scored), labels, weights)
    if measure == "f1":
        return _f1(_called(scored), labels, weights)
    if people.scales is None:
        return np.full(len(weights), np.nan)
    return _spearman(scores, np.asarray(people.scales, float), weights)


def _called(scored: ScoredTexts) -> Bools:
    if scored.called is not None:
        return np.asarray(scored.called, bool)
    called: Bools = np.asarray(scored.scores, float) >= scored.threshold
    return called


def _interval(figure: Floats, draws: Floats, people: HumanLabels) -> Interval | None:
    """A draw in which the figure does not exist is left out."""
    draws, value = draws[~np.isnan(draws)], _one(figure)
    if value is None or not len(draws):
        return None
    low, high = (float(bound) for bound in np.percentile(draws, [2.5, 97.5]))
    return Interval(value, low, high, n=len(people.labels), clusters=len(set(people.documents)))


def _drawn(documents: Sequence[str], draws: int, seed: int) -> Floats:
    """[draws, texts]: how often each text counts when as many documents are drawn as there are."""
    names, index = np.unique(np.asarray(documents, str), return_inverse=True)
    if not len(names):
        return np.zeros((draws, 0))
    each = np.full(len(names), 1 / len(names))
    counts = np.random.default_rng(seed).multinomial(len(names), each, size=draws)
    return counts[:, index].astype(float)


def _once(n: int) -> Floats:
    return np.ones((1, n))


def _one(figures: Floats) -> float | None:
    return None if np.isnan(figures[0]) else float(figures[0])


# --- over weights [draws, texts] --------------------------------------------------------------


def _auroc(scores: Floats, labels: Bools, weights: Floats) -> Floats:
    good, bad = _by_level(scores, weights * labels), _by_level(scores, weights * ~labels)
    below = np.cumsum(bad, axis=1) - bad / 2
    return _divided((good * below).sum(axis=1), good.sum(axis=1) * bad.sum(axis=1))


def _balanced_accuracy(called: Bools, labels: Bools, weights: Floats) -> Floats:
    good = _divided(weights @ (called & labels), weights @ labels)
    bad = _divided(weights @ (~called & ~labels), weights @ ~labels)
    return (good + bad) / 2


def _f1(called: Bools, labels: Bools, weights: Floats) -> Floats:
    found, there = weights @ (~called & ~labels), weights @ ~labels
    return _divided(np.where(there > 0, 2 * found, np.nan), weights @ ~called + there)


def _calibration_error(chances: Floats, truths: Floats, weights: Floats) -> Floats:
    gaps = _bins(chances)[:, None] == np.arange(BINS)
    return _divided(np.abs((weights * (chances - truths)) @ gaps).sum(axis=1), weights.sum(axis=1))


def _bins(chances: Floats) -> NDArray[np.int64]:
    found: NDArray[np.int64] = np.minimum((chances * BINS).astype(np.int64), BINS - 1)
    return found


def _spearman(one: Floats, other: Floats, weights: Floats) -> Floats:
    """Pearson's correlation of the ranks, each text counted as often as its weight says."""
    first, second = _ranks(one, weights), _ranks(other, weights)
    total = weights.sum(axis=1)
    first -= _divided((weights * first).sum(axis=1), total)[:, None]
    second -= _divided((weights * second).sum(axis=1), total)[:, None]
    spread = (weights * first**2).sum(axis=1) * (weights * second**2).sum(axis=1)
    return _divided((weights * first * second).sum(axis=1), np.sqrt(spread))


def _ranks(values: Floats, weights: Floats) -> Floats:
    """[draws, texts]: the average rank of each text's value among all that were drawn."""
    each = _by_level(values, weights)
    ranks: Floats = np.cumsum(each, axis=1) - (each - 1) / 2
    found: Floats = ranks[:, np.unique(values, return_inverse=True)[1]]
    return found


def _by_level(values: Floats, weights: Floats) -> Floats:
    """[draws, levels]: the weight of each distinct value, from the lowest up."""
    order = np.argsort(values, kind="stable")
    _, starts = np.unique(values[order], return_index=True)
    found: Floats = np.add.reduceat(weights[:, order], starts, axis=1) if len(values) else weights
    return found


def _divided(above: Floats, below: Floats) -> Floats:
    """NaN where there is nothing to divide by."""
    found: Floats = np.divide(above, below, out=np.full(len(below), np.nan), where=below > 0)
    return found
