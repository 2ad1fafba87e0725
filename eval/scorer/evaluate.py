"""Evaluates the scorer that ships, on public sets, changed sentences and corrupted answers.

What ``footnote eval scorer`` does: the card of `print_card`, with scores of nested folds and of
each set left out beside the shipped weights, how well chances are calibrated, and the counts of
`mutations` under it. Features are kept in the cache folder of the settings, so that a second run
takes minutes less.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from eval.fitting import check_installed
from eval.scorer import corrupted_answers, fit, labelled_sets, model_card
from eval.scorer.cached_features import CachingScorer
from eval.scorer.calibration import Calibration, measure_calibration
from eval.scorer.labelled_sets import LabelledText
from eval.scorer.model_card import HeldOutScores, JudgedTexts
from eval.scorer.mutations import generate
from rag import check_claim
from rag.assistant import SEEDS
from rag.internals import Scorer
from rag.settings import load_settings

DOCUMENTS = 15  # of each set, whose sentences are changed
PER_KIND = 100  # changed sentences of each kind


def evaluate_scorer(
    data: Path,
    *,
    as_json: bool = False,
    sources: Sequence[labelled_sets.LabelledSet] = labelled_sets.LABELLED_SETS,
) -> int:
    """Print the card of the scorer on the sets below `data`; returns 0 once it is measured.

    Raises `LabelledError`, `FittingError`, and `ModelFileError` where the scorer's files are
    missing.
    """
    check_installed()
    sets = {source.name: labelled_sets.read_set(source, data) for source in sources}
    print("Changed sentences and corrupted answers …", file=sys.stderr, flush=True)
    caught, alarms = count_caught(list(_documents(sets.values())))
    scorer = CachingScorer(load_settings().cache_dir)
    return model_card.print_card(
        data,
        scorer,
        held_out=lambda: held_out_rows(sets, scorer),
        timed=Scorer(),
        caught=caught,
        alarms=alarms,
        as_json=as_json,
        sources=sources,
    )


def evaluate_kept_back(data: Path, *, as_json: bool = False) -> int:
    """Print the card of the scorer that ships on the parts of the sets below `data`, which must not
    be those that it was fitted on; nothing is fitted. Returns and raises as `evaluate_scorer`."""
    return model_card.print_card(
        data,
        CachingScorer(load_settings().cache_dir),
        as_json=as_json,
        sources=labelled_sets.sets_kept_back(data),
        row=model_card.KEPT_BACK,
        timed=Scorer(),
    )


def held_out_rows(sets: fit.Sets, scorer: Scorer) -> tuple[HeldOutScores, list[Calibration]]:
    """The scores of nested folds and of each set by a model that knows nothing of it, and the
    calibration of the former."""
    sentences = fit.read_sentences(sets, scorer)
    nested, left_out = fit.nested_scores(sentences, sets), fit.left_out_scores(sentences, sets)
    rows = {model_card.HELD_OUT: nested, model_card.SET_LEFT_OUT: left_out}
    return (
        {
            row: {name: _judged(name, each.texts[name]) for name in sets}
            for row, each in rows.items()
        },
        measure_calibration(sentences, nested.chances, sets),
    )


def _judged(name: str, texts: fit.TextScores) -> JudgedTexts:
    whole = model_card.is_labelled_whole(name)
    return JudgedTexts(texts.worst if whole else texts.overall, texts.grounded)


def count_caught(documents: Sequence[str]) -> tuple[list[model_card.Count], list[model_card.Count]]:
    """How many changed sentences were not called supported, by kind; and how many true ones. The
    rules alone decide that."""
    changed = generate.sample(generate.mutate(documents), PER_KIND, seed=0)
    true = generate.sample(generate.true_claims(documents), PER_KIND, seed=0)
    caught = generate.catch_rates(check_claim, changed)
    alarms = generate.false_alarms(check_claim, true)
    for kind, rate in corrupted_answers.detection_rates(check_claim).items():
        counts = alarms if kind == corrupted_answers.RIGHT else caught
        counts[f"answer: {kind}"] = rate
    return (
        [(kind, rate.caught, rate.n) for kind, rate in caught.items()],
        [(kind, rate.caught, rate.n) for kind, rate in alarms.items()],
    )


def _documents(sets: Iterable[Sequence[LabelledText]]) -> Iterator[str]:
    """The seed articles, and sources from all over each set."""
    yield from (file.read_text(encoding="utf-8") for file in sorted(SEEDS.glob("*.txt")))
    for rows in sets:
        texts = list(dict.fromkeys(source for row in rows for source in row.sources))
        yield from texts[:: max(1, len(texts) // DOCUMENTS)]
