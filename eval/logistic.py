"""Which weights make a logistic model fit best?

Regression with an L2 penalty, by Newton's method: deterministic, no library needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

STEPS = 40
TOLERANCE = 1e-8


def newton(
    columns: NDArray[np.float64],
    truth: NDArray[np.float64],
    weights: NDArray[np.float64],
    penalty: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The minimum over the coefficients of the cross-entropy of `truth` (rows,), 0..1, given
    `columns` (rows, coefficients), rows counted by `weights` (rows,), with ``penalty / 2`` times
    the squares, a penalty for each coefficient."""
    import numpy as np

    found = np.zeros(columns.shape[1])
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-(columns @ found)))
        slope = columns.T @ (weights * (chance - truth)) + penalty * found
        curve = (columns.T * (weights * chance * (1 - chance))) @ columns + np.diag(penalty)
        step = np.linalg.solve(curve, slope)
        found = found - step
        if float(abs(step).max()) < TOLERANCE:
            break
    return found
