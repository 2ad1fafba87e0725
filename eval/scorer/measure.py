"""How good is the scorer that ships, on public sets, changed sentences and corrupted answers?

What ``footnote eval scorer`` does: the card of `card`, with held-out scores by document beside the
shipped weights, and the counts of `mutations` under it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from eval.scorer import card, corruptions, fit, labelled, mutations
from eval.scorer.labelled import Labelled
from rag import check_claim
from rag.assistant import SEEDS
from rag.internals import FeatureName, Scorer

DOCUMENTS = 15  # of each set, whose sentences are changed
PER_KIND = 100  # changed sentences of each kind


def measure(
    data: Path,
    *,
    as_json: bool = False,
    sources: Sequence[labelled.Source] = labelled.SOURCES,
) -> int:
    """Print the card of the scorer on the sets below `data`; returns 0 once it is measured.

    Raises `LabelledError`, and `ModelFileError` where the scorer's files are missing.
    """
    sets = {source.name: labelled.read(source, data) for source in sources}
    print("Changed sentences and corrupted answers …", file=sys.stderr, flush=True)
    caught, alarms = counts(list(_documents(sets.values())))
    scorer = Remembering()

    def held_out() -> card.HeldOut:
        scores = fit.held_out(fit.read(sets, scorer), sets)
        return {
            name: each.worst if card.labelled_whole(name) else each.overall
            for name, each in scores.items()
        }

    return card.card(
        data,
        scorer,
        held_out=held_out,
        caught=caught,
        alarms=alarms,
        as_json=as_json,
        sources=sources,
    )


class Remembering(Scorer):
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


def counts(documents: Sequence[str]) -> tuple[list[card.Count], list[card.Count]]:
    """How many changed sentences were not called supported, by kind; and how many true ones. The
    rules alone decide that."""
    changed = mutations.sample(mutations.mutate(documents), PER_KIND, seed=0)
    true = mutations.sample(mutations.untouched(documents), PER_KIND, seed=0)
    caught = mutations.catch_rates(check_claim, changed)
    alarms = mutations.false_alarms(check_claim, true)
    for kind, rate in corruptions.detection_rates(check_claim).items():
        held = alarms if kind == corruptions.RIGHT else caught
        held[f"answer: {kind}"] = rate
    return (
        [(kind, rate.caught, rate.n) for kind, rate in caught.items()],
        [(kind, rate.caught, rate.n) for kind, rate in alarms.items()],
    )


def _documents(sets: Iterable[Sequence[Labelled]]) -> Iterator[str]:
    """The seed articles, and sources from all over each set."""
    yield from (file.read_text(encoding="utf-8") for file in sorted(SEEDS.glob("*.txt")))
    for rows in sets:
        texts = list(dict.fromkeys(source for row in rows for source in row.sources))
        yield from texts[:: max(1, len(texts) // DOCUMENTS)]
