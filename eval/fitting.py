"""Fits logistic models, by scikit-learn and scipy, and writes their weights to files.

Needs the extra `eval`; nothing else that `footnote eval` does without fitting needs it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import FootnoteError
from rag.internals import FrozenModel

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FREE = 1e-3
"""The penalty on an intercept: next to none, so that it can take any value."""
TOLERANCE = 1e-8  # of the gradient, at which fitting ends


class FittingError(FootnoteError):
    """Models cannot be fitted with what is installed."""


def check_installed() -> None:
    """Raises `FittingError` without scikit-learn."""
    if find_spec("sklearn") is None:
        raise FittingError(
            "Fitting needs scikit-learn, which is not installed.",
            "Install the extra: pip install 'footnote-qa[eval]'.",
        )


def standardise(values: Floats) -> tuple[Floats, Floats, Floats]:
    """The columns of `values` with mean 0 and spread 1, the means, and the spreads."""
    means, spreads = values.mean(0), values.std(0) + 1e-9
    return (values - means) / spreads, means, spreads


def fit_logistic(columns: Floats, truth: Floats, weights: Floats, penalty: Floats) -> Floats:
    """The coefficients of a logistic regression on `columns` (rows, coefficients).

    They minimise the cross-entropy of `truth` (rows,), chances 0..1, each row counted by `weights`
    (rows,), plus ``penalty / 2`` times their squares, a penalty for each. Raises `FittingError`.
    """
    check_installed()
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    scale = np.sqrt(penalty)  # scikit-learn has one penalty for all, so the columns differ instead
    model = LogisticRegression(
        C=1.0, fit_intercept=False, solver="newton-cholesky", tol=TOLERANCE, max_iter=200
    )
    # A chance is two rows, one true and one false.
    model.fit(
        np.vstack([columns, columns]) / scale,
        np.repeat([1, 0], len(truth)),
        sample_weight=np.concatenate([weights * truth, weights * (1 - truth)]),
    )
    found: Floats = model.coef_[0] / scale
    return found


@dataclass(frozen=True, slots=True)
class Decision:
    """A choice among alternatives, a row of features each, of which the one at `right` is right;
    it counts as `weight` decisions."""

    rows: Floats
    right: int
    weight: float


def fit_conditional_logit(decisions: Sequence[Decision], penalty: Floats) -> Floats:
    """The coefficients of a conditional logit (McFadden 1974): an alternative is chosen with odds
    of e to the power of its features times them.

    They minimise the weighted cross-entropy plus ``penalty / 2`` times their squares. Raises
    `FittingError`.
    """
    check_installed()
    import numpy as np
    from scipy.optimize import minimize
    from scipy.special import log_softmax

    def loss(coefficients: Floats) -> tuple[float, Floats]:
        """The loss and its gradient."""
        total, slope = float(penalty @ coefficients**2) / 2, penalty * coefficients
        for each in decisions:
            logs = log_softmax(each.rows @ coefficients)
            total -= each.weight * logs[each.right]
            slope = slope + each.weight * (np.exp(logs) @ each.rows - each.rows[each.right])
        return total, slope

    start = np.zeros(len(penalty))
    found: Floats = minimize(loss, start, jac=True, method="BFGS", options={"gtol": TOLERANCE}).x
    return found


def shorten(value: float, digits: int = 5) -> float:
    """`value` with that many significant digits, for a file that people read."""
    return float(f"{value:.{digits}g}")


def write_weights(model: FrozenModel, file: Path) -> None:
    """Write a model with `features` to `file` as JSON, a line for each feature. Raises
    `OSError`."""
    plain = model.model_dump()
    lines = ",\n".join(
        f"    {json.dumps(name)}: {json.dumps(each)}"
        for name, each in plain.pop("features").items()
    )
    head = "".join(f"  {json.dumps(name)}: {json.dumps(value)},\n" for name, value in plain.items())
    file.write_text(f'{{\n{head}  "features": {{\n{lines}\n  }}\n}}\n', encoding="utf-8")
