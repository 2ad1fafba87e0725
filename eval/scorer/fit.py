"""Fits the weights of the grounding scorer on public sets that people labelled.

``python -m eval.scorer.fit --data DIR`` fits ``rag/checking/scorer.json``. Every set counts the
same, whatever its size, and has an intercept of its own while fitting: sets differ in how much of
them is grounded, which is nothing to learn from. Logistic regression with an L2 penalty.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from eval.fitting import FREE, fit_logistic, shorten, standardise, write_weights
from eval.scorer import labelled_sets
from eval.scorer.labelled_sets import LabelledText
from eval.statistics.agreement import balanced_accuracy
from rag import split_sentences
from rag.internals import (
    FEATURE_NAMES,
    SCORER_FILE,
    Features,
    Scorer,
    ScorerModel,
    ScorerWeight,
    lowest_score,
    overall_score,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FOLDS = 10
PENALTY = 30.0  # beside some 2,000 weighted sentences
SET_WEIGHT = 400.0  # sentences that each set counts for
LABELLED_WHOLE = ("ragtruth_qa_dev", "wice_dev", "frank_valid")
"""Sets in which a label says that all of a text is grounded."""

Sets = Mapping[str, Sequence[LabelledText]]


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a labelled text, with what people said of it or of the whole text: `truth`
    is 0..1, and `weight` says how much of that is about this sentence."""

    set: str
    index: int  # of its text in the set
    fold: int
    found: Features
    truth: float
    weight: float


def read_sentences(sets: Sets, scorer: Scorer) -> list[Sentence]:
    """Every sentence of every text that has sources, with its features."""
    return [
        sentence
        for name, rows in sets.items()
        for index, row in enumerate(rows)
        for sentence in _sentences(name, index, row, scorer)
    ]


def _sentences(name: str, index: int, row: LabelledText, scorer: Scorer) -> Iterator[Sentence]:
    spans = [
        span for span in split_sentences(row.text) if any(map(str.isalnum, row.text[slice(*span)]))
    ]
    found = scorer.features([row.text[start:end] for start, end in spans], row.sources)
    for span, each in zip(spans, found, strict=False):
        truth, weight = _truth(row, span, len(spans))
        yield Sentence(name, index, fold_of(name, row.document), each, truth, weight)


def _truth(row: LabelledText, span: tuple[int, int], sentences: int) -> tuple[float, float]:
    """Where people marked places, those decide. Else what holds of the whole text is shared among
    its sentences, less so where it holds of all of them."""
    if row.faults is not None:
        start, end = span
        return float(not any(a < end and start < b for a, b in row.faults)), 1.0
    truth = float(row.label) if row.scale is None else row.scale
    return truth, sentences ** (-0.5 if truth in (0, 1) else -1.0)


def fold_of(name: str, document: str) -> int:
    """The fold, 0..9, in which a document is held out, with all the texts that share it."""
    from hashlib import sha256

    return sha256(f"{name}\0{document}".encode()).digest()[0] % FOLDS


# --- fitting ----------------------------------------------------------------------------------


def fit(sentences: Sequence[Sentence]) -> ScorerModel:
    """The weights for these sentences, their threshold aside (0.5)."""
    import numpy as np

    values = np.array([[each.found[name] for name in FEATURE_NAMES] for each in sentences])
    unit, means, spreads = standardise(values)
    copied = unit[:, [FEATURE_NAMES.index("copied")]]
    names = sorted({each.set for each in sentences})
    sets = np.array([[float(each.set == name) for name in names] for each in sentences])
    columns = np.hstack([unit, unit * copied, sets])
    penalty = np.array([PENALTY] * 2 * len(FEATURE_NAMES) + [FREE] * len(names))
    truth = np.array([each.truth for each in sentences])
    found = fit_logistic(columns, truth, _balanced(sentences), penalty)
    first, second = found[: len(FEATURE_NAMES)], found[len(FEATURE_NAMES) : 2 * len(FEATURE_NAMES)]
    return ScorerModel(
        intercept=float(found[2 * len(FEATURE_NAMES) :].mean()),
        threshold=0.5,
        features={
            name: ScorerWeight(
                mean=shorten(means[place]),
                spread=shorten(spreads[place]),
                weight=shorten(first[place]),
                when_copied=shorten(second[place]),
            )
            for place, name in enumerate(FEATURE_NAMES)
        },
    )


def _balanced(sentences: Sequence[Sentence]) -> NDArray[np.float64]:
    """The weights of the sentences, each set's adding up to the same."""
    import numpy as np

    totals: dict[str, float] = {}
    for each in sentences:
        totals[each.set] = totals.get(each.set, 0.0) + each.weight
    return np.array([each.weight * SET_WEIGHT / totals[each.set] for each in sentences])


# --- held out ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TextScores:
    """Of every text of a set, in order: on the whole, and of its worst sentence."""

    overall: list[float]
    worst: list[float]


def held_out_scores(sentences: Sequence[Sentence], sets: Sets) -> dict[str, TextScores]:
    """The scores of every text by weights that were fitted without its document."""
    odds: dict[tuple[str, int], list[float]] = {}
    for number in range(FOLDS):
        weights = fit([each for each in sentences if each.fold != number])
        for each in sentences:
            if each.fold == number:
                odds.setdefault((each.set, each.index), []).append(weights.log_odds(each.found))
    found = {name: [odds.get((name, n), []) for n in range(len(sets[name]))] for name in sets}
    return {
        name: TextScores(
            [overall_score(each) for each in texts], [lowest_score(each) for each in texts]
        )
        for name, texts in found.items()
    }


def best_threshold(scores: Mapping[str, TextScores], sets: Sets) -> float:
    """The one score that parts grounded texts from others best: on the worst sentences of the sets
    whose texts are labelled whole, by the mean of their balanced accuracies."""
    parted = [name for name in scores if name in LABELLED_WHOLE]

    def worth(candidate: float) -> float:
        found = (
            balanced_accuracy(scores[name].worst, [row.label for row in sets[name]], candidate)
            for name in parted
        )
        return sum(each or 0.0 for each in found)

    return max((number / 100 for number in range(5, 96)), key=worth)


# --- the command ------------------------------------------------------------------------------


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--out", type=Path, default=SCORER_FILE, metavar="FILE")
    given = parser.parse_args()
    sets = labelled_sets.read_all_sets(given.data)
    sentences = read_sentences(sets, Scorer(empty_model()))
    scores = held_out_scores(sentences, sets)
    about = f"fitted by python -m eval.scorer.fit on {len(sentences):,} sentences"
    fitted, threshold = fit(sentences), best_threshold(scores, sets)
    chosen = {"threshold": threshold, "about": about, "intercept": round(fitted.intercept, 4)}
    write_weights(fitted.model_copy(update=chosen), given.out)
    print(f"{given.out.name}: {about}, threshold {threshold}.")
    print("How well it agrees with people: footnote eval scorer --data DIR")


def empty_model() -> ScorerModel:
    """Weights that say nothing, for a scorer that only makes features."""
    return ScorerModel(intercept=0, threshold=0.5, features={})


if __name__ == "__main__":
    main()
