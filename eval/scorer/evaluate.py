"""Evaluates the scorer that ships, on public sets, changed sentences and corrupted answers.

What ``footnote eval scorer`` does: the card of `print_card`, with held-out scores by document
beside the shipped weights, and the counts of `mutations` under it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from eval.fitting import check_installed
from eval.scorer import corrupted_answers, fit, labelled_sets, model_card
from eval.scorer.labelled_sets import LabelledText
from eval.scorer.mutations import generate
from rag import check_claim
from rag.assistant import SEEDS
from rag.internals import FeatureName, Scorer

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
    scorer = CachingScorer()

    def held_out() -> model_card.HeldOutScores:
        scores = fit.held_out_scores(fit.read_sentences(sets, scorer), sets)
        return {
            name: each.worst if model_card.is_labelled_whole(name) else each.overall
            for name, each in scores.items()
        }

    return model_card.print_card(
        data,
        scorer,
        held_out=held_out,
        caught=caught,
        alarms=alarms,
        as_json=as_json,
        sources=sources,
    )


class CachingScorer(Scorer):
    """Makes the features of a text once: what was scored is fitted on without reading it again."""

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[tuple[tuple[str, ...], ...], list[dict[FeatureName, float]]] = {}

    def features(
        self, claims: Sequence[str], sources: Sequence[str]
    ) -> list[dict[FeatureName, float]]:
        key = (tuple(claims), tuple(sources))
        if key not in self._known:
            self._known[key] = super().features(claims, sources)
        return self._known[key]


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
