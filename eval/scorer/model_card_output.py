"""The model card as text for people and as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

from eval.scorer.calibration import Calibration
from eval.scorer.model_card import (
    HELD_OUT,
    IN_SAMPLE,
    KEPT_BACK,
    CardRow,
    CardSection,
    Count,
    ModelCard,
    OnProgress,
    Target,
    alarm_targets,
    calibration_targets,
    caught_targets,
    section_targets,
    speed_target,
    targets,
)
from eval.scorer.published_results import MEASURE_NAMES
from eval.scorer.text_scores import ScoringSpeed
from eval.statistics.agreement import MEASURES, Measure
from eval.statistics.bootstrap import Interval

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

SCHEMA = "footnote.scorer-card/1"
WIDTH = 80


@contextmanager
def progress() -> Iterator[OnProgress]:
    """A bar on standard error; gone when done, and not drawn where nobody looks."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("scoring"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as shown:
        task = shown.add_task("scoring", total=None)
        yield lambda done, of: shown.update(task, completed=done, total=of)


# --- for a program ----------------------------------------------------------------------------


def as_json(made: ModelCard) -> str:
    """One JSON object; shares and correlations as fractions, targets as they are told."""
    told = [asdict(target) | {"met": target.is_met} for target in targets(made)]
    return json.dumps({"schema": SCHEMA} | asdict(made) | {"targets": told}, indent=2)


# --- for a person -----------------------------------------------------------------------------


def as_text(made: ModelCard) -> str:
    """The card in lines of at most 80 characters."""
    from rich.console import Console

    console = Console(width=WIDTH, color_system=None, force_terminal=False)
    with console.capture() as captured:
        for part in _parts(made):
            console.print(part, markup=False, highlight=False)
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


def _parts(made: ModelCard) -> Iterator[RenderableType]:
    yield _preface(made)
    for section in made.sections:
        yield f"\n{section.board.title}"
        yield (
            f"{section.n:,} texts of {section.documents:,} documents, "
            f"{section.ungrounded:,} of them not grounded"
        )
        yield _agreement(section.rows)
        yield from _below(section)
    yield from _calibrated(made.calibration)
    yield "\nSpeed"
    yield _speed(made.speed)
    yield from _counted("Mutated claims caught", made.caught, caught_targets(made.caught))
    yield from _counted("Claims wrongly doubted", made.alarms, alarm_targets(made.alarms))
    told = targets(made)
    yield f"\n{sum(target.is_met for target in told)} of {len(told)} targets are met."


_HOW_TO_READ: Mapping[str, str] = {
    HELD_OUT: "In-sample rows were fitted on these very sets. The targets are held to the rows of "
    "nested folds: the document of a text neither taught a weight by which it is scored, nor chose "
    "a feature, a penalty, a chance or a cut. Where a set is left out, none of its documents did.",
    KEPT_BACK: "Nothing was fitted or chosen on these texts.",
    IN_SAMPLE: "There are no held-out scores: read these figures as too good.",
}


def _preface(made: ModelCard) -> str:
    named = {row.name for section in made.sections for row in section.rows}
    told = next(text for name, text in _HOW_TO_READ.items() if name in named)
    return (
        "The grounding scorer beside what people said\n"
        "In percent; in brackets the 95 % interval, documents drawn anew. A text is called "
        "ungrounded where one of its sentences scores below the cut; texts that are copied from "
        f"their sources have a cut of their own. {told} "
        "Containment's cut is the best for each set, found on the same texts."
    )


def _table(*headings: str, gap: int = 1) -> Table:
    """`gap` columns between two; the first is for labels. Long figures are broken, never cut."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, gap - 1, 0, 0))
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="right" if number else "left", no_wrap=number < 2)
    return table


_HEADINGS: Mapping[Measure, str] = {
    **MEASURE_NAMES,
    "balanced_accuracy": "bal. accuracy",
    "f1": "F1 ungrounded",
}


def _agreement(rows: Iterable[CardRow]) -> Table:
    table = _table("", "cut", *(_HEADINGS[measure] for measure in MEASURES))
    for row in rows:
        told = (_interval(row.figures[measure]) for measure in MEASURES)
        table.add_row(row.name, f"{row.threshold:.2f}", *told)
    return table


def _interval(found: Interval | None) -> str:
    if found is None:
        return "-"
    return f"{100 * found.mean:.1f} [{100 * found.low:.0f}, {100 * found.high:.0f}]"


def _below(section: CardSection) -> Iterator[str]:
    if found := section.gain:
        yield (
            f"{section.ours}, over containment: {MEASURE_NAMES[section.board.headline]} "
            f"{100 * found.mean:+.1f} [{100 * found.low:+.1f}, {100 * found.high:+.1f}]"
        )
    for target in section_targets(section):
        yield _target(target)
    for anchors in section.board.anchors:
        reached = ", ".join(f"{who} {value:.1f}" for who, value in anchors.reached.items())
        yield f"published: {MEASURE_NAMES[anchors.measure]} ({anchors.source}): {reached}"


def _target(target: Target) -> str:
    reached = "not measured" if target.reached is None else f"{target.reached:.1f}"
    return f"target: {target.what} {_bound(target)} ({reached})"


def _bound(target: Target) -> str:
    return f"{target.bound} {target.wanted:g}: {_met_or_missed(target)}"


def _met_or_missed(target: Target) -> str:
    return "met" if target.is_met else "missed"


def _calibrated(found: Sequence[Calibration]) -> Iterator[RenderableType]:
    if not found:
        return
    table = _table("sentences of", "n", "true", "mean error of their chance", gap=2)
    for each in found:
        table.add_row(each.name, f"{each.n:,}", f"{100 * each.true:.1f}", _interval(each.error))
    yield "\nCalibration, by nested folds"
    yield table
    bins = _table("chance", "n", "mean chance", "true", gap=2)
    for bin in found[0].bins:
        shares = (f"{100 * share:.1f}" for share in (bin.chance, bin.share))
        bins.add_row(f"from {bin.low:.1f}", f"{bin.n:,}", *shares)
    yield f"\nReliability, {found[0].name}"
    yield bins
    yield from map(_target, calibration_targets(found))


def _speed(found: ScoringSpeed) -> str:
    if found.ms_per_claim is None or found.ms_per_claim_p95 is None:
        return "Not measured: no two texts have the same sources."
    new = "-" if found.ms_new_sources is None else f"{found.ms_new_sources:,.0f} ms"
    return (
        f"{found.ms_per_claim:.1f} ms a claim once its sources were seen ({found.claims:,} claims; "
        f"95th percentile of texts {found.ms_per_claim_p95:.1f} ms); a text with new sources "
        f"{new}\n{_target(speed_target(found))}"
    )


def _counted(
    title: str, counts: Sequence[Count], wanted: Iterable[Target]
) -> Iterator[RenderableType]:
    if not counts:
        return
    by_kind = {target.what.partition(": ")[2]: target for target in wanted}
    table = _table("kind", "share", "of n", "target", gap=2)
    for kind, caught, n in counts:
        target = by_kind.get(kind)
        told = "" if target is None else _bound(target)
        table.add_row(kind, f"{100 * caught / n:.1f}" if n else "-", f"{caught:,} of {n:,}", told)
    yield f"\n{title}"
    yield table
