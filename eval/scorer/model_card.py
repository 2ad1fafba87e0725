"""The model card of the grounding scorer: how far it agrees with people, set by set.

The card sets scores beside what people said, on public sets. Each set has our row, rows of
held-out scores where they are given, and the row of containment, which has no parameters: a scorer
that does not beat it there has not earned its place. Our thresholds are the same for all sets.
Containment's is the best for each, found on the very texts that it is measured on, and flatters
it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from eval.scorer import labelled_sets, text_scores
from eval.scorer.calibration import Calibration
from eval.scorer.containment_baseline import Containment
from eval.scorer.labelled_sets import LabelledText, kind_of
from eval.scorer.published_results import (
    CARD_SETS,
    FALSE_ALARM_KINDS,
    MAX_CALIBRATION_ERROR,
    MAX_FALSE_ALARMS,
    MAX_MS_PER_CLAIM,
    MEASURE_NAMES,
    MIN_CAUGHT,
    CardSet,
)
from eval.scorer.text_scores import CardError, Clock, Scorer, ScoringSpeed
from eval.statistics.agreement import (
    HumanLabels,
    Measure,
    ScoredTexts,
    agreement_gain,
    agreement_with_people,
    best_threshold,
)
from eval.statistics.bootstrap import Interval

HELD_OUT, SET_LEFT_OUT = "ours, nested folds", "ours, set left out"
IN_SAMPLE, KEPT_BACK, CONTAINMENT = "ours, in-sample", "ours, kept back", "containment"

TIMED = 20  # texts of each set

Count = tuple[str, int, int]  # kind; how many were caught, or alarmed; n


@dataclass(frozen=True, slots=True)
class JudgedTexts:
    """Of every text of a labelled set, in the file's order: its score, and whether it is called
    grounded."""

    scores: Sequence[float]
    grounded: Sequence[bool]


HeldOutScores = Mapping[str, Mapping[str, JudgedTexts]]  # by the name of the row, then of the set
LazyHeldOutScores = Callable[[], tuple[HeldOutScores, Sequence[Calibration]]]
"""Gives them, and how well calibrated they are, once the scorer has scored every text."""
OnProgress = Callable[[int, int], None]  # texts done, of how many


@dataclass(frozen=True, slots=True)
class CardRow:
    """One way to score the texts of a set, and how it agrees with people there (0..1, Spearman
    -1..1; None where the set cannot say)."""

    name: str
    threshold: float
    figures: Mapping[Measure, Interval | None]


@dataclass(frozen=True, slots=True)
class CardSection:
    """One set of the card: `n` texts of so many documents. `ours` names the row that the targets
    are held to: the held-out one where there is one. `gain` is how much more of the headline
    measure that row has than containment, paired."""

    board: CardSet
    n: int
    documents: int
    ungrounded: int
    rows: tuple[CardRow, ...]
    ours: str
    gain: Interval | None


@dataclass(frozen=True, slots=True)
class ModelCard:
    """`caught` counts, by kind, the mutations that were not called supported; `alarms` the true
    claims that were not."""

    sections: tuple[CardSection, ...]
    speed: ScoringSpeed
    calibration: tuple[Calibration, ...] = ()
    caught: tuple[Count, ...] = ()
    alarms: tuple[Count, ...] = ()


def print_card(  # noqa: PLR0913
    data: Path,
    scorer: Scorer,
    *,
    held_out: HeldOutScores | LazyHeldOutScores | None = None,
    caught: Sequence[Count] = (),
    alarms: Sequence[Count] = (),
    as_json: bool = False,
    sources: Sequence[labelled_sets.LabelledSet] = labelled_sets.LABELLED_SETS,
    row: str = IN_SAMPLE,
    timed: Scorer | None = None,
) -> int:
    """Measure `scorer` on the sets below `data` and print the card. Returns 0: it was measured,
    whether its targets are met or not.

    `held_out` has cross-validated scores by row and set (see `LABELLED_SETS`); the targets are held
    to its first row. `row` names that of `scorer`; `timed` is one that keeps nothing, for
    the times. Raises `LabelledError` and `CardError`.
    """
    from eval.scorer import model_card_output

    with model_card_output.progress() as on_progress:
        made = measure_card(
            data,
            scorer,
            held_out or {},
            sources=sources,
            on_progress=on_progress,
            row=row,
            timed=timed,
        )
    made = replace(made, caught=tuple(caught), alarms=tuple(alarms))
    print(model_card_output.as_json(made) if as_json else model_card_output.as_text(made))
    return 0


def measure_card(
    data: Path,
    scorer: Scorer,
    held_out: HeldOutScores | LazyHeldOutScores,
    *,
    sources: Sequence[labelled_sets.LabelledSet] = labelled_sets.LABELLED_SETS,
    clock: Clock = time.perf_counter,
    on_progress: OnProgress = lambda done, of: None,
    row: str = IN_SAMPLE,
    timed: Scorer | None = None,
) -> ModelCard:
    """The card without its counts. Everything is read before anything is scored. Times are those of
    `timed` on the first `TIMED` texts of each set, or of `scorer` on all."""
    sets = {source.name: labelled_sets.read_set(source, data) for source in sources}
    if not callable(held_out):
        _check(held_out, sets)
    total, given = sum(map(len, sets.values())), list[text_scores.TextScore]()
    scores = {name: [0.0] * len(rows) for name, rows in sets.items()}
    for name, rows in sets.items():
        for each in text_scores.score_texts(
            name, rows, scorer, clock, worst=is_labelled_whole(name)
        ):
            scores[name][each.index] = each.score
            given.append(each)
            on_progress(len(given), total)
    calibration: Sequence[Calibration] = ()
    if callable(held_out):
        held_out, calibration = held_out()
        _check(held_out, sets)
    sections = list[CardSection]()
    for name, rows in sets.items():
        ours = {title: each[name] for title, each in held_out.items() if name in each}
        called = [
            scorer.is_grounded(each.text, each.sources, kind_of(name, each.subset)) for each in rows
        ]
        ours[row] = JudgedTexts(scores[name], called)
        sections += [
            _section(board, rows, ours, scorer.weights.threshold_of(kind_of(name, board.subset)))
            for board in _boards(name)
        ]
    if timed:
        given = [
            each
            for name, rows in sets.items()
            for each in text_scores.score_texts(name, rows[:TIMED], timed, clock)
        ]
    return ModelCard(tuple(sections), text_scores.scoring_speed(given), tuple(calibration))


def is_labelled_whole(name: str) -> bool:
    """True for a set whose labels say whether all of a text is grounded: one bad sentence is
    enough, so a text scores what its worst sentence does."""
    return any(board.worst for board in _boards(name))


def _boards(name: str) -> list[CardSet]:
    return [board for board in CARD_SETS if board.labelled == name]


def _check(held_out: HeldOutScores, sets: Mapping[str, Sequence[LabelledText]]) -> None:
    for name, judged in (pair for each in held_out.values() for pair in each.items()):
        rows, scores = sets.get(name, ()), judged.scores
        if not len(scores) == len(judged.grounded) == len(rows):
            raise CardError(
                f"There are {len(scores):,} held-out scores for the {len(rows):,} texts of {name}.",
                "Fit the scorer anew on these sets, so that its held-out scores belong to them.",
            )
        for row, score in zip(rows, scores, strict=True):
            text_scores.check_score(name, row.id, score)


# --- one set ----------------------------------------------------------------------------------


def _section(
    board: CardSet,
    rows: Sequence[LabelledText],
    ours: Mapping[str, JudgedTexts],
    threshold: float,
) -> CardSection:
    places = [place for place, row in enumerate(rows) if row.subset == board.subset]
    texts = [rows[place] for place in places]
    people = _people(texts)
    plain = [Containment(board.worst).score_text(row.text, row.sources) for row in texts]
    theirs = ScoredTexts(plain, best_threshold(plain, people.labels))
    rivals = {
        name: ScoredTexts(
            [each.scores[place] for place in places],
            threshold,
            [each.grounded[place] for place in places],
        )
        for name, each in ours.items()
    }
    headline_row = next(iter(rivals))
    return CardSection(
        board,
        n=len(texts),
        documents=len(set(people.documents)),
        ungrounded=sum(not label for label in people.labels),
        rows=tuple(
            CardRow(name, scored.threshold, agreement_with_people(scored, people))
            for name, scored in (rivals | {CONTAINMENT: theirs}).items()
        ),
        ours=headline_row,
        gain=agreement_gain(board.headline, rivals[headline_row], theirs, people),
    )


def _people(texts: Sequence[LabelledText]) -> HumanLabels:
    scales = [row.scale for row in texts if row.scale is not None]
    return HumanLabels(
        labels=[row.label for row in texts],
        documents=[row.document for row in texts],
        scales=scales if len(scales) == len(texts) else None,
    )


# --- targets ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Target:
    """So much of something is wanted, in percent (or milliseconds, for "ms a claim"); `reached` is
    None where it was not measured."""

    what: str
    bound: Literal["at least", "at most", "more than"]
    wanted: float
    reached: float | None

    @property
    def is_met(self) -> bool:
        if self.reached is None:
            return False
        if self.bound == "more than":
            return self.reached > self.wanted
        return (
            self.reached <= self.wanted if self.bound == "at most" else self.reached >= self.wanted
        )


def targets(made: ModelCard) -> tuple[Target, ...]:
    """What the scorer is to reach, by set, then its speed, then the counts."""
    found = [target for section in made.sections for target in section_targets(section)]
    found += calibration_targets(made.calibration)
    found.append(speed_target(made.speed))
    return (*found, *caught_targets(made.caught), *alarm_targets(made.alarms))


def section_targets(section: CardSection) -> Iterator[Target]:
    """The headline's target, where there is one, and that it is more than containment's."""
    name, headline = section.board.name, section.board.headline
    figures = next(row.figures for row in section.rows if row.name == section.ours)
    if section.board.target is not None:
        reached = _percent(figures[headline])
        yield Target(
            f"{name}: {MEASURE_NAMES[headline]}", "at least", section.board.target, reached
        )
    yield Target(f"{name}: gain over containment", "more than", 0, _percent(section.gain))
    ours, theirs = (_balanced(section, row) for row in (section.ours, CONTAINMENT))
    if theirs is not None:
        yield Target(f"{name}: balanced accuracy", "at least", round(theirs, 1), ours)


def _balanced(section: CardSection, name: str) -> float | None:
    figures = next(row.figures for row in section.rows if row.name == name)
    return _percent(figures["balanced_accuracy"])


def _percent(found: Interval | None) -> float | None:
    return None if found is None else 100 * found.mean


def calibration_targets(found: Sequence[Calibration]) -> Iterator[Target]:
    """That of all sets together."""
    for each in found[:1]:
        reached = _percent(each.error)
        yield Target("calibration error", "at most", MAX_CALIBRATION_ERROR, reached)


def speed_target(speed: ScoringSpeed) -> Target:
    return Target("ms a claim", "at most", MAX_MS_PER_CLAIM, speed.ms_per_claim)


def caught_targets(caught: Sequence[Count]) -> Iterator[Target]:
    for kind, n, of in caught:
        if kind in MIN_CAUGHT:
            reached = 100 * n / of if of else None
            yield Target(f"caught: {kind}", "at least", MIN_CAUGHT[kind], reached)


def alarm_targets(alarms: Sequence[Count]) -> Iterator[Target]:
    for kind, n, of in alarms:
        if kind in FALSE_ALARM_KINDS:
            reached = 100 * n / of if of else None
            yield Target(f"false alarms: {kind}", "at most", MAX_FALSE_ALARMS, reached)
