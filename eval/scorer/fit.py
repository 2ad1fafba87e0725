"""Fits the weights of the grounding scorer on public sets that people labelled.

``python -m eval.scorer.fit --data DIR`` fits ``rag/checking/scorer.json``. Every set counts the
same, whatever its size, and has an intercept of its own while fitting: sets differ in how much of
them is grounded, which is nothing to learn from. Logistic regression with an L2 penalty, then
log-odds made chances by Platt's method (1999) on held-out sentences that were judged themselves,
then a threshold for each kind of text. Features, penalty, chances and
thresholds are chosen in folds of the sentences that are given (`fit_chosen`), so that whoever holds
out others measures these choices, too.
"""

from __future__ import annotations

import argparse
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from eval.fitting import FREE, fit_logistic, shorten, standardise, write_weights
from eval.scorer import labelled_sets
from eval.scorer.cached_features import CachingScorer
from eval.scorer.labelled_sets import LabelledText, kind_of
from eval.statistics.agreement import auroc, balanced_accuracy, spearman
from rag import split_sentences
from rag.internals import (
    FEATURE_NAMES,
    SCORER_FILE,
    FeatureName,
    Features,
    Scorer,
    ScorerModel,
    ScorerWeight,
    TextKind,
    lowest_score,
    overall_score,
)
from rag.settings import load_settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FOLDS = 10
INNER_FOLDS = 5  # of what is not held out
SET_WEIGHT = 400.0  # sentences that each set counts for
LABELLED_WHOLE = ("ragtruth_qa_dev", "wice_dev", "frank_valid")
"""Sets in which a label says that all of a text is grounded."""
THRESHOLDS: Mapping[TextKind, str] = {
    "written": "threshold_written",
    "copied": "threshold_copied",
    "whole": "threshold_whole",
}
GRID = tuple(number / 100 for number in range(5, 100))  # of thresholds
MIN_CLASS = 10  # texts of a kind, grounded and not, for a set to have a say in its threshold

Sets = Mapping[str, Sequence[LabelledText]]


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a labelled text, with what people said of it or of the whole text: `truth`
    is 0..1, and `weight` says how much of that is about this sentence. It is `judged` where they
    said it of this sentence by itself."""

    set: str
    index: int  # of its text in the set
    fold: int
    found: Features
    truth: float
    weight: float
    judged: bool = False


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is chosen in folds: the penalty, beside some 2,000 weighted sentences, and the features
    that are left out."""

    penalty: float
    without: frozenset[FeatureName] = frozenset()


RECIPES: tuple[Recipe, ...] = (
    Recipe(30.0),
    Recipe(100.0),
    Recipe(30.0, frozenset({"soft"})),
    Recipe(30.0, frozenset({"meta"})),
)


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
        judged = row.faults is not None or (len(spans) == 1 and truth in (0, 1))
        yield Sentence(name, index, fold_of(name, row.document), each, truth, weight, judged)


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


def fit(sentences: Sequence[Sentence], recipe: Recipe = RECIPES[0]) -> ScorerModel:
    """The weights for these sentences, before chances and thresholds (0.5) are made of them."""
    import numpy as np

    names = [name for name in FEATURE_NAMES if name not in recipe.without]
    values = np.array([[each.found[name] for name in FEATURE_NAMES] for each in sentences])
    unit, means, spreads = standardise(values)
    used = unit[:, [FEATURE_NAMES.index(name) for name in names]]
    copied = unit[:, [FEATURE_NAMES.index("copied")]]
    sets = sorted({each.set for each in sentences})
    own = np.array([[float(each.set == name) for name in sets] for each in sentences])
    columns = np.hstack([used, used * copied, own])
    penalty = np.array([recipe.penalty] * 2 * len(names) + [FREE] * len(sets))
    truth = np.array([each.truth for each in sentences])
    found = fit_logistic(columns, truth, _balanced(sentences), penalty)
    first = dict(zip(names, found, strict=False))
    second = dict(zip(names, found[len(names) :], strict=False))
    return ScorerModel(
        intercept=float(found[2 * len(names) :].mean()),
        threshold=0.5,
        features={
            name: ScorerWeight(
                mean=shorten(means[place]),
                spread=shorten(spreads[place]),
                weight=shorten(first.get(name, 0.0)),
                when_copied=shorten(second.get(name, 0.0)),
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


# --- choosing ---------------------------------------------------------------------------------


def fit_chosen(sentences: Sequence[Sentence], sets: Sets) -> ScorerModel:
    """The weights by the best of `RECIPES`, their log-odds made chances, and the thresholds: all of
    it chosen by held-out folds of these sentences."""
    odds = {recipe: _held_out_odds(sentences, recipe) for recipe in RECIPES}
    best = max(RECIPES, key=lambda recipe: _worth(sentences, odds[recipe], sets))
    slope, intercept = fit_chances(sentences, odds[best])
    scaled = [slope * each + intercept for each in odds[best]]
    texts = _texts(sentences, scaled)
    thresholds = {field: best_threshold(texts, sets, kind) for kind, field in THRESHOLDS.items()}
    thresholds["threshold"] = best_sentence_threshold(sentences, scaled, sets)
    return scale(fit(sentences, best), slope, intercept).model_copy(update=thresholds)


def _held_out_odds(sentences: Sequence[Sentence], recipe: Recipe) -> list[float]:
    """Of each sentence, by weights that were fitted without its document."""
    odds = [0.0] * len(sentences)
    for number in sorted({each.fold % INNER_FOLDS for each in sentences}):
        model = fit([each for each in sentences if each.fold % INNER_FOLDS != number], recipe)
        for place, each in enumerate(sentences):
            if each.fold % INNER_FOLDS == number:
                odds[place] = model.log_odds(each.found)
    return odds


def _texts(
    sentences: Sequence[Sentence], odds: Sequence[float]
) -> dict[str, dict[int, list[float]]]:
    """The log-odds of the sentences of each text, by set and index."""
    found: dict[str, dict[int, list[float]]] = {}
    for each, value in zip(sentences, odds, strict=True):
        found.setdefault(each.set, {}).setdefault(each.index, []).append(value)
    return found


def _worth(sentences: Sequence[Sentence], odds: Sequence[float], sets: Sets) -> float:
    """How well the texts of the sets are ranked, in the mean: AUROC of the worst sentence where
    labels are of the whole text, else the rank correlation with the people's scale."""

    def ranked(name: str, texts: Mapping[int, list[float]]) -> float:
        rows = [sets[name][index] for index in texts]
        if name in LABELLED_WHOLE:
            found = auroc([lowest_score(each) for each in texts.values()], [r.label for r in rows])
        else:
            scales = [row.scale or 0.0 for row in rows]
            found = spearman([overall_score(each) for each in texts.values()], scales)
        return found or 0.0

    return sum(ranked(name, texts) for name, texts in _texts(sentences, odds).items())


def fit_chances(sentences: Sequence[Sentence], odds: Sequence[float]) -> tuple[float, float]:
    """The slope and the intercept that make held-out log-odds those of what is true (Platt 1999),
    on the sentences that people judged by themselves; each set counts the same."""
    import numpy as np

    judged = [place for place, each in enumerate(sentences) if each.judged]
    if not judged:
        return 1.0, 0.0
    chosen = [sentences[place] for place in judged]
    columns = np.array([[odds[place], 1.0] for place in judged])
    truth = np.array([each.truth for each in chosen])
    slope, intercept = fit_logistic(columns, truth, _balanced(chosen), np.full(2, FREE))
    return float(slope), float(intercept)


def scale(model: ScorerModel, slope: float, intercept: float) -> ScorerModel:
    """The same weights, with `slope` times the log-odds plus `intercept`."""
    features = {
        name: each.model_copy(
            update={
                "weight": shorten(each.weight * slope),
                "when_copied": shorten(each.when_copied * slope),
            }
        )
        for name, each in model.features.items()
    }
    moved = model.intercept * slope + intercept
    return model.model_copy(update={"intercept": moved, "features": features})


def best_threshold(
    texts: Mapping[str, Mapping[int, Sequence[float]]], sets: Sets, kind: TextKind
) -> float:
    """The one score that parts grounded texts of a kind from others best, by the mean of the sets'
    balanced accuracies. The log-odds of sentences are given by set and index of the text."""
    groups: dict[tuple[str, str], list[int]] = {}
    for name, found in texts.items():
        for place in found:
            groups.setdefault((name, sets[name][place].subset), []).append(place)
    parted = list[tuple[list[float], list[bool]]]()
    for (name, subset), places in groups.items():
        labels = [sets[name][place].label for place in places]
        enough = min(labels.count(True), labels.count(False)) >= MIN_CLASS
        if kind_of(name, subset) == kind and enough:
            parted.append(([decisive_score(texts[name][n], kind) for n in places], labels))

    return _best_cut(parted)


def best_sentence_threshold(
    sentences: Sequence[Sentence], odds: Sequence[float], sets: Sets
) -> float:
    """The same for sentences by themselves, on those that people judged so in written texts."""
    groups: dict[str, tuple[list[float], list[bool]]] = {}
    for each, value in zip(sentences, odds, strict=True):
        subset = sets[each.set][each.index].subset
        if each.judged and kind_of(each.set, subset) == "written":
            scores, labels = groups.setdefault(each.set, ([], []))
            scores.append(lowest_score([value]))
            labels.append(each.truth == 1)
    return _best_cut(list(groups.values()))


def _best_cut(parted: Sequence[tuple[Sequence[float], Sequence[bool]]]) -> float:
    """The threshold of `GRID` with the best mean of balanced accuracies; the middle of several."""

    def worth(candidate: float) -> float:
        return sum(balanced_accuracy(scores, labels, candidate) or 0 for scores, labels in parted)

    worths = [worth(candidate) for candidate in GRID]
    best = [c for c, each in zip(GRID, worths, strict=True) if each > max(worths) - 1e-9]
    return best[len(best) // 2]


def decisive_score(odds: Sequence[float], kind: TextKind) -> float:
    """By which a text of sentences of these log-odds is called grounded or not."""
    return overall_score(odds) if kind == "whole" else lowest_score(odds)


# --- held out ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TextScores:
    """Of every text of a set, in order: on the whole, of its worst sentence, and whether it is
    called grounded."""

    overall: list[float]
    worst: list[float]
    grounded: list[bool]


@dataclass(frozen=True, slots=True)
class HeldOut:
    """The scores of texts by set, and the chances of the sentences in their order."""

    texts: dict[str, TextScores]
    chances: list[float]


def nested_scores(sentences: Sequence[Sentence], sets: Sets) -> HeldOut:
    """The scores of every text by a model for which its document neither gave weights nor chose
    anything."""
    groups = [{place for place, e in enumerate(sentences) if e.fold == n} for n in range(FOLDS)]
    return _scores_without(sentences, sets, groups)


def left_out_scores(sentences: Sequence[Sentence], sets: Sets) -> HeldOut:
    """The scores of every text by a model that knows nothing of its set."""
    groups = [{place for place, e in enumerate(sentences) if e.set == name} for name in sets]
    return _scores_without(sentences, sets, groups)


def _scores_without(
    sentences: Sequence[Sentence], sets: Sets, groups: Sequence[Collection[int]]
) -> HeldOut:
    """Each group is scored by what is fitted and chosen on the others."""
    chances = [0.0] * len(sentences)
    odds: dict[tuple[str, int], list[float]] = {}
    grounded: dict[tuple[str, int], bool] = {}
    for group in groups:
        rest = [each for place, each in enumerate(sentences) if place not in group]
        model = fit_chosen(rest, sets)
        for place in sorted(group):
            key = (sentences[place].set, sentences[place].index)
            odds.setdefault(key, []).append(model.log_odds(sentences[place].found))
            chances[place] = lowest_score(odds[key][-1:])
            kind = kind_of(key[0], sets[key[0]][key[1]].subset)
            grounded[key] = decisive_score(odds[key], kind) >= model.threshold_of(kind)
    texts = {name: _scores(name, len(rows), odds, grounded) for name, rows in sets.items()}
    return HeldOut(texts, chances)


def _scores(
    name: str,
    n: int,
    odds: Mapping[tuple[str, int], list[float]],
    grounded: Mapping[tuple[str, int], bool],
) -> TextScores:
    texts = [odds.get((name, place), []) for place in range(n)]
    return TextScores(
        overall=[overall_score(each) for each in texts],
        worst=[lowest_score(each) for each in texts],
        grounded=[grounded.get((name, place), False) for place in range(n)],
    )


# --- the command ------------------------------------------------------------------------------


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--out", type=Path, default=SCORER_FILE, metavar="FILE")
    given = parser.parse_args()
    sets = labelled_sets.read_all_sets(given.data)
    scorer = CachingScorer(load_settings().cache_dir, empty_model())
    sentences = read_sentences(sets, scorer)
    about = f"fitted by python -m eval.scorer.fit on {len(sentences):,} sentences"
    fitted = fit_chosen(sentences, sets)
    chosen = {"about": about, "intercept": round(fitted.intercept, 4)}
    write_weights(fitted.model_copy(update=chosen), given.out)
    names = ("threshold", *THRESHOLDS.values())
    thresholds = ", ".join(f"{name} {getattr(fitted, name)}" for name in names)
    print(f"{given.out.name}: {about}, {thresholds}.")
    print("How well it agrees with people: footnote eval scorer --data DIR")


def empty_model() -> ScorerModel:
    """Weights that say nothing, for a scorer that only makes features."""
    return ScorerModel(intercept=0, threshold=0.5, features={})


if __name__ == "__main__":
    main()
