"""Bootstrap intervals of means.

Pure. Cases that stand or fall together (questions about one document) are one cluster, and whole
clusters are drawn anew with replacement: the percentile bootstrap of Efron and Tibshirani (1993),
with clusters as its units. Values that are all alike, or one cluster alone, give an interval
without width; `clusters` says how little that means.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy import float64
    from numpy.random import Generator
    from numpy.typing import NDArray

DRAWS = 2000
LEVEL = 0.95
_AT_ONCE = 2_000_000  # drawn clusters held in memory


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with its 95 % bootstrap interval; `n` values from `clusters` clusters were scored."""

    mean: float
    low: float
    high: float
    n: int
    clusters: int


def mean_interval(
    values: Sequence[float], clusters: Sequence[str], *, draws: int = DRAWS, seed: int = 0
) -> Interval | None:
    """The mean of `values`, each from the cluster beside it; None where there is no value.

    The same values and clusters give the same interval, whatever their order. Raises `ValueError`
    for lists of different lengths and for values that are not finite.
    """
    return balanced_interval([(values, clusters)], draws=draws, seed=seed)


def paired_interval(
    before: Sequence[float],
    after: Sequence[float],
    clusters: Sequence[str],
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> Interval | None:
    """The mean of `after` - `before`, case by case. Raises `ValueError` as `mean_interval`."""
    changes = [new - old for old, new in zip(before, after, strict=True)]
    return mean_interval(changes, clusters, draws=draws, seed=seed)


def balanced_interval(
    parts: Sequence[tuple[Sequence[float], Sequence[str]]], *, draws: int = DRAWS, seed: int = 0
) -> Interval | None:
    """The mean of the means of `parts` (values and clusters), each drawn for itself; None where a
    part has no value. Raises `ValueError` as `mean_interval`."""
    import numpy as np

    for values, clusters in parts:
        _check(values, clusters)
    if not parts or not all(values for values, _ in parts):
        return None
    rng = np.random.default_rng(seed)
    drawn = [_means(values, clusters, draws, rng) for values, clusters in parts]
    mean = math.fsum(math.fsum(values) / len(values) for values, _ in parts) / len(parts)
    edges = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    low, high = np.quantile(np.mean(drawn, axis=0), edges).tolist()
    return Interval(
        mean,
        min(low, mean),  # a last digit may differ where all values are alike
        max(high, mean),
        sum(len(values) for values, _ in parts),
        sum(len(set(clusters)) for _, clusters in parts),
    )


def _means(
    values: Sequence[float], clusters: Sequence[str], draws: int, rng: Generator
) -> NDArray[float64]:
    """The mean of each draw: of all values of as many clusters as there are."""
    import numpy as np

    members: dict[str, list[float]] = {}
    for value, cluster in zip(values, clusters, strict=True):
        members.setdefault(cluster, []).append(value)
    ordered = [members[cluster] for cluster in sorted(members)]
    sums = np.array([math.fsum(group) for group in ordered])
    sizes = np.array([len(group) for group in ordered])
    found, at_once = [], max(1, _AT_ONCE // len(ordered))
    for start in range(0, draws, at_once):
        shape = (min(at_once, draws - start), len(ordered))
        picked = rng.integers(0, len(ordered), size=shape)
        found.append(sums[picked].sum(axis=1) / sizes[picked].sum(axis=1))
    return np.concatenate(found)


def _check(values: Sequence[float], clusters: Sequence[str]) -> None:
    if len(values) != len(clusters):
        raise ValueError(f"{len(values)} values and {len(clusters)} clusters")
    if not all(map(math.isfinite, values)):
        raise ValueError("a value is not finite")
