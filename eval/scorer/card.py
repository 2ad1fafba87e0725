"""How far can the grounding scorer be trusted?

The card sets scores beside what people said, on public sets. Each set has our row, a row of
held-out scores where they are given, and the row of containment, which has no parameters: a scorer
that does not beat it there has not earned its place. Our threshold is one, frozen, for all sets.
Containment's is the best for each, found on the very texts that it is measured on, and flatters
it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from eval.agreement import Measure, People, Scored, agreement, best_threshold, gain
from eval.intervals import Interval
from eval.scorer import labelled, scoring
from eval.scorer.containment import Containment
from eval.scorer.labelled import Labelled
from eval.scorer.published import (
    BOARDS,
    FALSE_ALARM_KINDS,
    LABELS,
    LEAST_CAUGHT,
    MOST_FALSE_ALARMS,
    MOST_MS_PER_CLAIM,
    Board,
)
from eval.scorer.scoring import CardError, Clock, Scorer, Speed

HELD_OUT, IN_SAMPLE, CONTAINMENT = "ours, held out", "ours, in-sample", "containment"

Count = tuple[str, int, int]  # kind; how many were caught, or alarmed; n
HeldOut = Mapping[str, Sequence[float]]  # scores of a labelled set's texts, in the file's order
Later = Callable[[], HeldOut]  # gives them once the scorer has scored every text
Seen = Callable[[int, int], None]  # texts done, of how many


@dataclass(frozen=True, slots=True)
class Row:
    """One way to score the texts of a set, and how it agrees with people there (0..1, Spearman
    -1..1; None where the set cannot say)."""

    name: str
    threshold: float
    figures: Mapping[Measure, Interval | None]


@dataclass(frozen=True, slots=True)
class Section:
    """One set of the card: `n` texts of so many documents. `ours` names the row that the targets
    are held to: the held-out one where there is one. `gain` is how much more of the headline
    measure that row has than containment, paired."""

    board: Board
    n: int
    documents: int
    ungrounded: int
    rows: tuple[Row, ...]
    ours: str
    gain: Interval | None


@dataclass(frozen=True, slots=True)
class Card:
    """`caught` counts, by kind, the mutations that were not called supported; `alarms` the true
    claims that were not."""

    sections: tuple[Section, ...]
    speed: Speed
    caught: tuple[Count, ...] = ()
    alarms: tuple[Count, ...] = ()


def card(
    data: Path,
    scorer: Scorer,
    *,
    held_out: HeldOut | Later | None = None,
    caught: Sequence[Count] = (),
    alarms: Sequence[Count] = (),
    as_json: bool = False,
    sources: Sequence[labelled.Source] = labelled.SOURCES,
) -> int:
    """Measure `scorer` on the sets below `data` and print the card. Returns 0: it was measured,
    whether its targets are met or not.

    `held_out` maps sets (see `labelled.SOURCES`) to cross-validated scores. Raises `LabelledError`
    and `CardError`.
    """
    from eval.scorer import card_table

    with card_table.progress() as seen:
        made = measured(data, scorer, held_out or {}, sources=sources, seen=seen)
    made = replace(made, caught=tuple(caught), alarms=tuple(alarms))
    print(card_table.as_json(made) if as_json else card_table.as_text(made))
    return 0


def measured(
    data: Path,
    scorer: Scorer,
    held_out: HeldOut | Later,
    *,
    sources: Sequence[labelled.Source] = labelled.SOURCES,
    clock: Clock = time.perf_counter,
    seen: Seen = lambda done, of: None,
) -> Card:
    """The card without its counts. Everything is read before anything is scored."""
    sets = {source.name: labelled.read(source, data) for source in sources}
    if not callable(held_out):
        _check(held_out, sets)
    total, given = sum(map(len, sets.values())), list[scoring.Given]()
    scores = {name: [0.0] * len(rows) for name, rows in sets.items()}
    for name, rows in sets.items():
        for each in scoring.scored(name, rows, scorer, clock, worst=labelled_whole(name)):
            scores[name][each.index] = each.score
            given.append(each)
            seen(len(given), total)
    if callable(held_out):
        held_out = held_out()
        _check(held_out, sets)
    sections = list[Section]()
    for name, rows in sets.items():
        ours = {IN_SAMPLE: scores[name]}
        ours |= {HELD_OUT: list(held_out[name])} if name in held_out else {}
        sections += [_section(board, rows, ours, scorer.threshold) for board in _boards(name)]
    return Card(tuple(sections), scoring.speed(given))


def labelled_whole(name: str) -> bool:
    """True for a set whose labels say whether all of a text is grounded: one bad sentence is
    enough, so a text scores what its worst sentence does."""
    return any(board.worst for board in _boards(name))


def _boards(name: str) -> list[Board]:
    return [board for board in BOARDS if board.labelled == name]


def _check(held_out: HeldOut, sets: Mapping[str, Sequence[Labelled]]) -> None:
    for name, scores in held_out.items():
        rows = sets.get(name, ())
        if len(scores) != len(rows):
            raise CardError(
                f"There are {len(scores):,} held-out scores for the {len(rows):,} texts of {name}.",
                "Fit the scorer anew on these sets, so that its held-out scores belong to them.",
            )
        for row, score in zip(rows, scores, strict=True):
            scoring.check(name, row.id, score)


# --- one set ----------------------------------------------------------------------------------


def _section(board: Board, rows: Sequence[Labelled], ours: HeldOut, threshold: float) -> Section:
    places = [place for place, row in enumerate(rows) if row.subset == board.subset]
    texts = [rows[place] for place in places]
    people = _people(texts)
    plain = [Containment(board.worst).score_text(row.text, row.sources) for row in texts]
    theirs = Scored(plain, best_threshold(plain, people.labels))
    rivals = {
        name: Scored([ours[name][place] for place in places], threshold)
        for name in (HELD_OUT, IN_SAMPLE)
        if name in ours
    }
    held_to = next(iter(rivals))
    return Section(
        board,
        n=len(texts),
        documents=len(set(people.documents)),
        ungrounded=sum(not label for label in people.labels),
        rows=tuple(
            Row(name, scored.threshold, agreement(scored, people))
            for name, scored in (rivals | {CONTAINMENT: theirs}).items()
        ),
        ours=held_to,
        gain=gain(board.headline, rivals[held_to], theirs, people),
    )


def _people(texts: Sequence[Labelled]) -> People:
    scales = [row.scale for row in texts if row.scale is not None]
    return People(
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
    def met(self) -> bool:
        if self.reached is None:
            return False
        if self.bound == "more than":
            return self.reached > self.wanted
        return (
            self.reached <= self.wanted if self.bound == "at most" else self.reached >= self.wanted
        )


def targets(made: Card) -> tuple[Target, ...]:
    """What the scorer is to reach, by set, then its speed, then the counts."""
    found = [target for section in made.sections for target in section_targets(section)]
    found.append(speed_target(made.speed))
    return (*found, *caught_targets(made.caught), *alarm_targets(made.alarms))


def section_targets(section: Section) -> Iterator[Target]:
    """The headline's target, where there is one, and that it is more than containment's."""
    name, headline = section.board.name, section.board.headline
    figures = next(row.figures for row in section.rows if row.name == section.ours)
    if section.board.target is not None:
        reached = _percent(figures[headline])
        yield Target(f"{name}: {LABELS[headline]}", "at least", section.board.target, reached)
    yield Target(f"{name}: gain over containment", "more than", 0, _percent(section.gain))


def _percent(found: Interval | None) -> float | None:
    return None if found is None else 100 * found.mean


def speed_target(speed: Speed) -> Target:
    return Target("ms a claim", "at most", MOST_MS_PER_CLAIM, speed.ms_per_claim)


def caught_targets(caught: Sequence[Count]) -> Iterator[Target]:
    for kind, n, of in caught:
        if kind in LEAST_CAUGHT:
            reached = 100 * n / of if of else None
            yield Target(f"caught: {kind}", "at least", LEAST_CAUGHT[kind], reached)


def alarm_targets(alarms: Sequence[Count]) -> Iterator[Target]:
    for kind, n, of in alarms:
        if kind in FALSE_ALARM_KINDS:
            reached = 100 * n / of if of else None
            yield Target(f"false alarms: {kind}", "at most", MOST_FALSE_ALARMS, reached)
