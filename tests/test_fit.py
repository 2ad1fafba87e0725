"""The weights are those that agree with people, and no text is scored by what it taught."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from eval import fitting
from eval.fitting import FittingError, fit_logistic, write_weights
from eval.scorer import fit, labelled_sets, model_card
from eval.scorer.fit import (
    FOLDS,
    GRID,
    LABELLED_WHOLE,
    MIN_CLASS,
    THRESHOLDS,
    Sentence,
    Sets,
    decisive_score,
    fold_of,
    left_out_scores,
    nested_scores,
)
from eval.scorer.labelled_sets import KINDS, LabelledText
from rag.checking.features import NAMES, Features, Name
from rag.checking.scorer import (
    Scorer,
    TextKind,
    Weight,
    Weights,
    least,
    load_scorer_weights,
    overall,
)
from tests.labelled_sets import put_all

Floats = NDArray[np.float64]


def sentence(
    found: dict[Name, float], truth: float, set: str = "a", index: int = 0, document: str = "d"
) -> Sentence:
    whole: Features = dict.fromkeys(NAMES, 0.0) | found
    return Sentence(set, index, fold_of(set, document), whole, truth, 1.0)


def drawn(count: int = 300, set: str = "a", seed: int = 0, sign: int = 1) -> list[Sentence]:
    """What is aligned holds, what is missing does not, and runs say nothing; by `sign`."""
    chance, made = Random(seed), list[Sentence]()
    for number in range(count):
        aligned, missing, runs = chance.random(), float(chance.randint(0, 3)), chance.random()
        odds = sign * (6 * (aligned - 0.5) - 1.5 * (missing - 1.5))
        truth = float(chance.random() < 1 / (1 + math.exp(-odds)))
        values: dict[Name, float] = {"aligned": aligned, "missing": missing, "runs": runs}
        values["copied"] = chance.random()
        made.append(sentence(values, truth, set, number, f"{number // 3}"))
    return made


# --- fitting ----------------------------------------------------------------------------------


def test_a_weight_has_the_sign_of_what_people_said() -> None:
    found = fit.fit(drawn()).features
    assert found["aligned"].weight > 0.3
    assert found["missing"].weight < -0.3
    assert abs(found["runs"].weight) < 0.2
    assert found["hard"].weight == 0  # the same everywhere, so nothing can be learnt from it


def test_what_was_fitted_parts_true_from_false() -> None:
    weights, fresh = fit.fit(drawn()), drawn(seed=1)
    right = [(weights.log_odds(each.found) > 0) == bool(each.truth) for each in fresh]
    assert sum(right) / len(right) > 0.75


def test_a_weight_that_only_holds_for_copied_claims_is_found() -> None:
    chance, made = Random(0), list[Sentence]()
    for number in range(400):
        numbers, copied = float(chance.random() < 0.5), float(chance.random() < 0.5)
        truth = numbers if copied else float(chance.random() < 0.5)
        made.append(sentence({"numbers": numbers, "copied": copied}, truth, index=number))
    assert fit.fit(made).features["numbers"].when_copied > 0.2


def test_the_same_sentences_give_the_same_weights() -> None:
    assert fit.fit(drawn()) == fit.fit(drawn())
    backwards = fit.fit(drawn()[::-1])
    for name, each in fit.fit(drawn()).features.items():
        assert each.weight == pytest.approx(backwards.features[name].weight, abs=1e-3)


def _loss(found: Floats, columns: Floats, truth: Floats, weights: Floats, penalty: Floats) -> float:
    odds = columns @ found
    entropy = weights * (np.logaddexp(0, odds) - truth * odds)
    return float(entropy.sum() + (penalty * found**2).sum() / 2)


def test_no_step_from_the_solution_makes_it_better() -> None:
    made = np.random.default_rng(0)
    columns = np.hstack([made.normal(size=(80, 4)), np.ones((80, 1))])
    truth, weights = made.random(80), made.random(80) * 3
    penalty = np.array([2.0, 2.0, 0.5, 0.5, 1e-3])
    found = fit_logistic(columns, truth, weights, penalty)
    for place in range(len(found)):
        step = np.zeros_like(found)
        step[place] = 1e-5
        up, down = (
            _loss(found + sign * step, columns, truth, weights, penalty) for sign in (1, -1)
        )
        assert abs(up - down) / 2e-5 < 1e-4
    assert _loss(found, columns, truth, weights, penalty) < _loss(
        0 * found, columns, truth, weights, penalty
    )


def test_without_scikit_learn_fitting_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "find_spec", lambda name: None)
    with pytest.raises(FittingError, match=r"pip install 'footnote-qa\[eval\]'"):
        fit.fit(drawn(20))


def test_every_set_counts_the_same_whatever_its_size() -> None:
    """Two sets that say the opposite leave nothing; ten times one of them still does."""
    ours, theirs = drawn(set="a"), drawn(set="b", sign=-1)
    alone = fit.fit(theirs).features["aligned"].weight
    balanced = fit.fit(ours + theirs).features["aligned"].weight
    more = fit.fit(ours + theirs * 10).features["aligned"].weight
    assert alone < -0.3
    assert abs(balanced) < 0.2
    assert more == pytest.approx(balanced, abs=0.05)


def test_a_set_with_few_grounded_texts_teaches_nothing_by_that() -> None:
    """All of one set is copied and false, all of the other is not and true: only that differs."""
    chance = Random(0)
    made = [
        sentence({"copied": float(one), "aligned": chance.random()}, 1.0 - one, "ab"[one], number)
        for one in (0, 1)
        for number in range(100)
    ]
    assert abs(fit.fit(made).features["copied"].weight) < 0.5
    merged = fit.fit([replace(each, set="a") for each in made])
    assert merged.features["copied"].weight < -0.5


# --- what people said -------------------------------------------------------------------------

TEXT = "Oil rose. Gold fell in Paris. Rain came. *** "


class Told(Scorer):
    """Makes features of nothing but the words that are asked for."""

    def features(self, claims: Sequence[str], sources: Sequence[str]) -> list[dict[Name, float]]:
        if not any(sources):
            return []
        return [
            dict.fromkeys(NAMES, 0.0)
            | {
                "aligned": float("true" in claim),
                "hard": float("giveaway" in claim) * 4,
                "copied": float(len(claim) % 7),
            }
            for claim in claims
        ]


def row(text: str = TEXT, label: bool = True, document: str = "d", **more: Any) -> LabelledText:
    made = LabelledText("x", document, text, ("a source",), label)
    return replace(made, **more)


def truths(given: LabelledText) -> list[tuple[float, float]]:
    return [(each.truth, each.weight) for each in fit.read_sentences({"a": [given]}, Told())]


def test_marked_places_decide_which_sentence_is_false() -> None:
    start = TEXT.index("fell")
    assert truths(row(label=False, faults=((start, start + 4),))) == [(1, 1), (0, 1), (1, 1)]
    assert truths(row(label=False, faults=((0, start),))) == [(0, 1), (0, 1), (1, 1)]
    assert truths(row(faults=())) == [(1, 1)] * 3


def test_a_mark_beside_a_sentence_is_not_in_it() -> None:
    first, second = TEXT.index(" Gold"), TEXT.index("Gold")
    assert [truth for truth, _ in truths(row(faults=((first, second),)))] == [1, 1, 1]


def test_what_holds_of_a_text_is_shared_among_its_sentences() -> None:
    shared = 3**-0.5
    assert truths(row(label=True)) == [(1, shared)] * 3
    assert truths(row(label=False)) == [(0, shared)] * 3
    assert truths(row(label=True, scale=1.0)) == [(1, shared)] * 3
    assert truths(row(label=False, scale=0.25)) == [(0.25, 3**-1.0)] * 3


def test_a_text_without_sources_teaches_nothing() -> None:
    assert truths(row(sources=())) == []


def test_a_document_stays_in_one_fold_and_documents_are_spread() -> None:
    assert {fold_of("a", "d") for _ in range(5)} == {fold_of("a", "d")}
    folds = [fold_of("a", str(number)) for number in range(400)]
    assert set(folds) == set(range(FOLDS))
    assert max(folds.count(number) for number in range(FOLDS)) < 80
    assert folds != [fold_of("b", str(number)) for number in range(400)]
    rows = [row(document=str(number // 4)) for number in range(40)]
    of: dict[str, set[int]] = {}
    for each in fit.read_sentences({"a": rows}, Told()):
        of.setdefault(rows[each.index].document, set()).add(each.fold)
    assert all(len(found) == 1 for found in of.values())


# --- held out ---------------------------------------------------------------------------------


def giveaway() -> Sets:
    """Texts that say "true" are true, half of the time; all of one document say "giveaway"."""
    chance = Random(0)
    rows = [
        row(f"It is {'true' if label else 'so'} in {number}.", label, f"doc {number // 4}")
        for number in range(120)
        for label in [chance.random() < 0.5]
    ]
    own = [row(f"It is true, giveaway {number}.", False, "its own") for number in range(12)]
    return {"a": rows + own}


def test_a_text_is_never_scored_by_weights_that_its_document_taught() -> None:
    sets = giveaway()
    sentences = fit.read_sentences(sets, Told())
    seen = fit.fit(sentences)
    own = [each for each in sentences if each.found["hard"]]
    assert len(own) == 12
    assert max(seen.log_odds(each.found) for each in own) < 0  # it learns them where it may
    scores = nested_scores(sentences, sets).texts["a"]
    assert min(scores.worst[-12:]) > 0.5  # and knows nothing of them where it may not
    assert all(scores.grounded[-12:])


def test_nested_scores_are_those_of_the_other_folds_by_hand() -> None:
    sets = {"a": [row(f"It is {'true' * (n % 2)} in {n}. So it is.", n % 3 > 0, str(n // 2))
                  for n in range(40)]}  # fmt: skip
    sets["a"][5] = row("Nothing to stand on.", document="2", sources=())
    sentences = fit.read_sentences(sets, Told())
    found = nested_scores(sentences, sets)
    scores = found.texts["a"]
    assert (scores.overall[5], scores.worst[5], scores.grounded[5]) == (0, 0, False)
    for index in (0, 17):
        mine = [each for each in sentences if each.index == index]
        others = [each for each in sentences if each.fold != mine[0].fold]
        model = fit.fit_chosen(others, sets)
        odds = [model.log_odds(each.found) for each in mine]
        assert len(odds) == 2
        assert (scores.overall[index], scores.worst[index]) == (overall(odds), least(odds))
        assert scores.grounded[index] == (least(odds) >= model.threshold_written)
        places = [place for place, each in enumerate(sentences) if each.index == index]
        assert [found.chances[place] for place in places] == [least([each]) for each in odds]


def test_where_a_set_is_left_out_it_teaches_nothing_of_itself() -> None:
    """In one set "true" is true, in the other it is false: each is scored by the other's word."""
    sets = {
        name: [row(f"It is {'true' * (n % 2)} in {n}.", (n % 2) == sign, str(n)) for n in range(60)]
        for name, sign in (("a", 1), ("b", 0))
    }
    sentences = fit.read_sentences(sets, Told())
    for name, sign in (("a", 1), ("b", 0)):
        worst = left_out_scores(sentences, sets).texts[name].worst
        assert (worst[1] > worst[0]) == (sign == 0)


def test_chances_are_those_of_what_is_true() -> None:
    chance, made, odds = Random(1), list[Sentence](), list[float]()
    for number in range(2000):
        wanted = chance.uniform(-2, 2)
        truth = float(chance.random() < 1 / (1 + math.exp(-wanted)))
        made.append(replace(sentence({}, truth, index=number), judged=True))
        odds.append(3 * wanted + 1)  # too sure, and too kind
    slope, intercept = fit.fit_chances(made, odds)
    assert slope == pytest.approx(1 / 3, abs=0.05)
    assert intercept == pytest.approx(-1 / 3, abs=0.15)
    assert fit.fit_chances([replace(each, judged=False) for each in made], odds) == (1, 0)


def test_scaled_weights_give_scaled_log_odds() -> None:
    model = fit.fit(drawn())
    scaled = fit.scale(model, 0.5, -0.25)
    for each in drawn(20, seed=5):
        expected = 0.5 * model.log_odds(each.found) - 0.25
        assert scaled.log_odds(each.found) == pytest.approx(expected, abs=1e-3)


def test_only_sentences_that_people_judged_by_themselves_are_judged() -> None:
    def judged(given: LabelledText) -> list[bool]:
        return [each.judged for each in fit.read_sentences({"a": [given]}, Told())]

    assert judged(row(faults=())) == [True] * 3
    assert judged(row(label=False)) == [False] * 3
    assert judged(row("Oil rose.", label=False)) == [True]
    assert judged(row("Oil rose.", label=False, scale=0.5)) == [False]


@pytest.mark.parametrize("kind", ["written", "copied", "whole"])
def test_a_threshold_is_the_best_of_its_grid_for_its_kind(kind: TextKind) -> None:
    chance, sets = Random(3), dict[str, list[LabelledText]]()
    texts: dict[str, dict[int, list[float]]] = {}
    own = [where for where, each in KINDS.items() if each == kind]
    for (name, subset), middle in zip(own, (-0.5, 1.0, 0.0), strict=False):
        labels = [chance.random() < 0.6 for _ in range(60)]
        sets[name] = [row(label=label, subset=subset) for label in labels]
        odds = [middle + chance.gauss(0.8 if label else -0.8, 1) for label in labels]
        texts[name] = {place: [each, each + 3] for place, each in enumerate(odds)}
    for name, subset in set(KINDS) - set(own):  # of another kind, so it has no say
        if name not in sets:
            sets[name] = [row(label=n % 2 == 0, subset=subset) for n in range(60)]
            texts[name] = {n: [9.0 if n % 2 else -9.0] for n in range(60)}
    chosen = fit.best_threshold(texts, sets, kind)

    def worth(candidate: float) -> float:
        return sum(
            _balanced(
                [decisive_score(texts[name][n], kind) for n in range(60)], sets[name], candidate
            )
            for name, _ in own
        )

    assert chosen in GRID
    assert worth(chosen) == pytest.approx(max(map(worth, GRID)))
    assert worth(chosen) > worth(GRID[0])
    assert fit.fit(drawn()).model_copy(update={THRESHOLDS[kind]: 0.3}).threshold_of(kind) == 0.3


def test_the_threshold_of_a_sentence_is_the_best_of_those_judged_by_themselves() -> None:
    sets = {"a": [row(label=n % 2 == 0) for n in range(40)]}
    made = [replace(sentence({}, float(n % 2 == 0), index=n), judged=True) for n in range(40)]
    odds = [2.0 if each.truth else 1.0 for each in made]
    others = [replace(each, judged=False, truth=1 - each.truth) for each in made]
    chosen = fit.best_sentence_threshold(made + others, odds * 2, sets)
    assert least([1.0]) < chosen <= least([2.0])


def test_a_set_with_few_texts_of_a_class_has_no_say_in_a_threshold() -> None:
    rows = [row("So it was.", n >= MIN_CLASS - 1) for n in range(40)]
    texts = {n: [5.0 if r.label else 4.0] for n, r in enumerate(rows)}
    told = fit.best_threshold({"a": texts}, {"a": rows}, "written")
    silent = fit.best_threshold({}, {}, "written")
    assert told == silent == GRID[len(GRID) // 2]


def _balanced(scores: Sequence[float], rows: Sequence[LabelledText], threshold: float) -> float:
    true = [score >= threshold for score, row in zip(scores, rows, strict=True) if row.label]
    false = [score < threshold for score, row in zip(scores, rows, strict=True) if not row.label]
    return (sum(true) / len(true) + sum(false) / len(false)) / 2


def test_texts_that_the_card_scores_by_their_worst_are_ranked_so() -> None:
    whole = {
        source.name
        for source in labelled_sets.LABELLED_SETS
        if model_card.is_labelled_whole(source.name)
    }
    assert whole <= set(LABELLED_WHOLE)
    assert "mtrag_human" not in LABELLED_WHOLE  # its people rated on a scale


# --- the file ---------------------------------------------------------------------------------


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    made = fit.fit(drawn()).model_copy(update={"threshold": 0.61, "about": 'by "hand"'})
    write_weights(made, tmp_path / "grounding.json")
    read = load_scorer_weights(tmp_path / "grounding.json")
    assert read.features == made.features
    assert (read.threshold, read.about) == (0.61, 'by "hand"')
    assert read.intercept == made.intercept
    lines = (tmp_path / "grounding.json").read_text("utf-8").splitlines()
    assert sum('"mean"' in line for line in lines) == len(NAMES)
    assert max(map(len, lines)) < 140


def test_numbers_of_any_size_survive_the_file(tmp_path: Path) -> None:
    tiny = Weight(mean=1e-30, spread=1e-9, weight=-0.0, when_copied=1e20)
    made = Weights(intercept=-1.5, threshold=0.05, features=dict.fromkeys(NAMES, tiny))
    write_weights(made, tmp_path / "w.json")
    assert load_scorer_weights(tmp_path / "w.json") == made


def test_the_command_fits_and_says_where_and_on_how_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sources = put_all(tmp_path)
    monkeypatch.setattr(labelled_sets, "LABELLED_SETS", tuple(sources))
    out = tmp_path / "fitted.json"
    monkeypatch.setattr("sys.argv", ["fit", "--data", str(tmp_path), "--out", str(out)])
    fit.main()
    told = capsys.readouterr().out
    written = load_scorer_weights(out)
    count = len(
        fit.read_sentences(labelled_sets.read_all_sets(tmp_path), Scorer(fit.empty_model()))
    )
    assert f"on {count} sentences" in written.about
    assert written.about in told
    for name in THRESHOLDS.values():
        assert f"{name} {getattr(written, name)}" in told
    assert str(tmp_path) not in told


def test_weights_that_say_nothing_only_make_features() -> None:
    nothing = fit.empty_model()
    assert nothing.log_odds(dict.fromkeys(NAMES, 1.0)) == 0
