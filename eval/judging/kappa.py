"""Agreement of two readers, and how much of it is more than chance.

Pure. Chance is what Cohen (1960) takes it for: each reader gives its verdicts as often as it does,
but without looking. Intervals draw whole clusters anew, as in `intervals`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from eval.statistics.bootstrap import DRAWS, LEVEL, Interval, mean_interval

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

Verdict = Literal["supported", "partial", "unsupported"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)


@dataclass(frozen=True, slots=True)
class Agreement:
    """`table` counts pairs, a row for each verdict of the first reader and a column for each of
    the second, in the order in which the verdicts were given (`VERDICTS`).

    `share` (0..1) is that of the same verdict; None without pairs. `kappa` (-1..1) is None where
    chance alone would always agree. `interval` is that of kappa; None where more than one draw in
    twenty has no kappa, which happens when one verdict is nearly all there is.
    """

    table: tuple[tuple[int, ...], ...]
    share: Interval | None
    kappa: float | None
    interval: Interval | None

    @property
    def n(self) -> int:
        return sum(map(sum, self.table))


def measure_agreement(
    pairs: Sequence[tuple[str, str]],
    clusters: Sequence[str],
    *,
    verdicts: Sequence[str] = VERDICTS,
    draws: int = DRAWS,
    seed: int = 0,
) -> Agreement:
    """That of the `verdicts` in `pairs`, each from the cluster beside it. The same input gives the
    same intervals, whatever its order. Raises `ValueError` for lists of different lengths."""
    share = mean_interval([float(a == b) for a, b in pairs], clusters, draws=draws, seed=seed)
    each = _tables(pairs, clusters, verdicts)
    whole = each.sum(axis=0)
    kappa = float(_kappas(whole)) if _exists(whole) else None
    table = tuple(tuple(int(count) for count in row) for row in whole.tolist())
    return Agreement(table, share, kappa, _interval(kappa, each, len(pairs), draws, seed))


def _tables(
    pairs: Sequence[tuple[str, str]], clusters: Sequence[str], verdicts: Sequence[str]
) -> NDArray[float64]:
    """[clusters, verdicts, verdicts]: the table of each cluster, in the order of their names."""
    import numpy as np

    places = {name: place for place, name in enumerate(sorted(set(clusters)))}
    found = np.zeros((len(places), len(verdicts), len(verdicts)))
    for (first, second), cluster in zip(pairs, clusters, strict=True):
        found[places[cluster], verdicts.index(first), verdicts.index(second)] += 1
    return found


def _interval(
    kappa: float | None, each: NDArray[float64], n: int, draws: int, seed: int
) -> Interval | None:
    import numpy as np

    if kappa is None:
        return None
    clusters = len(each)
    picked = np.random.default_rng(seed).multinomial(clusters, [1 / clusters] * clusters, draws)
    found = _kappas(np.tensordot(picked, each, axes=1))
    known = found[~np.isnan(found)]
    if len(known) < LEVEL * draws:
        return None
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]).tolist()
    return Interval(kappa, min(low, kappa), max(high, kappa), n, clusters)


def _exists(table: NDArray[float64]) -> bool:
    import numpy as np

    return not bool(np.isnan(_kappas(table)))


def _kappas(tables: NDArray[float64]) -> NDArray[float64]:
    """Of each table [..., 3, 3]; NaN where it does not exist. All counts are whole, so that the
    comparison with 0 is exact."""
    import numpy as np

    n = tables.sum(axis=(-2, -1))
    same = np.trace(tables, axis1=-2, axis2=-1)
    by_chance = (tables.sum(axis=-1) * tables.sum(axis=-2)).sum(axis=-1)  # times n squared
    left = n * n - by_chance
    found: NDArray[float64] = np.divide(
        n * same - by_chance, left, out=np.full(np.shape(left), np.nan), where=left > 0
    )
    return found
