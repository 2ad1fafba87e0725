"""Fits the weights of `eval.benchmarks.multiple_choice`.

``python -m eval.benchmarks.multiple_choice_fit --data DIR`` fits ``multiple_choice.json`` on the
RealTimeQA weeks before the window that is reported. Each question counts as it is, and once more
without each of its choices and with "none of the above", which is right where the right choice was
left out: as much in all as where it was not.

Conditional logit (McFadden 1974) with an L2 penalty.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from eval.benchmarks import realtimeqa
from eval.benchmarks.indexing import open_index
from eval.benchmarks.multiple_choice import NAMES, WEIGHTS, ChoiceModel, Features, choice_features
from eval.fitting import FREE, Decision, fit_conditional_logit, shorten, standardise, write_weights
from rag.internals import Weight
from rag.settings import Settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PENALTY = 1.0  # beside two hundred weighted decisions
_COUNT = 100.0  # what the questions count for as they are, and without a choice


@dataclass(frozen=True, slots=True)
class SolvedQuestion:
    """A question's features by choice, and its right choice."""

    found: Sequence[Features]
    right: int


def fit(questions: Sequence[SolvedQuestion]) -> ChoiceModel:
    """The weights for these questions. Raises `ValueError` where there is none."""
    import numpy as np

    values = np.array([[each[name] for name in NAMES] for q in questions for each in q.found])
    if not len(values):
        raise ValueError("no question to fit on")
    _, means, spreads = standardise(values)
    penalty = np.array([PENALTY] * len(NAMES) + [FREE])
    decisions = [d for each in questions for d in _decisions(each, means, spreads, len(questions))]
    worths = fit_conditional_logit(decisions, penalty)
    return ChoiceModel(
        none=round(float(worths[-1]), 4),
        features={
            name: Weight(mean=shorten(mean), spread=shorten(spread), weight=shorten(worth))
            for name, mean, spread, worth in zip(NAMES, means, spreads, worths, strict=False)
        },
    )


def _decisions(
    question: SolvedQuestion, means: NDArray[np.float64], spreads: NDArray[np.float64], count: int
) -> Iterator[Decision]:
    import numpy as np

    values = np.array([[each[name] for name in NAMES] for each in question.found])
    rows = np.hstack([(values - means) / spreads, np.zeros((len(values), 1))])
    none = np.array([[0.0] * len(NAMES) + [1.0]])
    yield Decision(rows, question.right, _COUNT / count)
    for left_out in range(len(rows)):
        rest = np.vstack([np.delete(rows, left_out, 0), none])
        if left_out == question.right:
            yield Decision(rest, len(rest) - 1, _COUNT / 2 / count)
        else:
            weight = _COUNT / 2 / count / (len(rows) - 1)
            yield Decision(rest, question.right - (left_out < question.right), weight)


# --- the command ------------------------------------------------------------------------------


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="Where the index is kept.")
    parser.add_argument("--out", type=Path, default=WEIGHTS, metavar="FILE")
    given = parser.parse_args()
    settings = Settings() if given.data_dir is None else Settings(data_dir=given.data_dir)
    quiz = realtimeqa.read(given.data)
    earlier = [each for each in quiz.questions if each.week < realtimeqa.WINDOW[0]]
    with open_index(realtimeqa.NAME, quiz.articles, settings) as assistant:
        solved = [
            SolvedQuestion(
                choice_features(assistant, each.text, each.choices, each.asked_on), each.right
            )
            for each in earlier
        ]
    about = (
        f"fitted by python -m eval.benchmarks.multiple_choice_fit on {len(solved)} questions of the"
        f" weeks before {realtimeqa.WINDOW[0]}"
    )
    write_weights(fit(solved).model_copy(update={"about": about}), given.out)
    print(f"{given.out.name}: {about}.")
    print(f"How well it chooses: footnote eval bench {realtimeqa.NAME}-choices --data DIR")


if __name__ == "__main__":
    main()
