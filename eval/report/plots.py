"""The plots of a run's report, each with a caption and its numbers as a table.

Without matplotlib the captions and the numbers stand there alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

from eval.report import drawing, plot_data
from eval.report.drawing import (
    ACCENT,
    BAD,
    CARD,
    FAIR,
    GOOD,
    INK,
    SOFT,
    count_axis,
    draw,
    percent_axis,
)
from eval.report.html_text import capitalise
from eval.report.plot_data import BINS, Deciding, Operating, Reliability
from eval.runs.results import CaseRecord
from eval.statistics.aggregate import GROUPS, KINDS, LABELS, Statistic
from eval.statistics.bootstrap import Interval
from eval.statistics.formatting import format_interval, format_value
from eval.text_format import count_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MISSING = (
    "Plots are drawn where matplotlib is installed: pip install 'footnote-qa[eval]'. Their numbers"
    " stand here."
)
MAX_POINTS = 12  # of a curve, in its table
# How sentences of each of `plot_data.VERDICTS` are called, filled and outlined: without colours
# they still differ.
_VERDICTS = (
    ("supported", GOOD, GOOD),
    ("partly supported", f"{FAIR}66", FAIR),
    ("not supported", CARD, BAD),
    ("not checked", SOFT, SOFT),
)
_Rows = Iterable[Sequence[object]]


def plot_section(statistics: Mapping[str, Statistic], entries: Sequence[CaseRecord]) -> str:
    """Every plot that the cases give numbers for."""
    plots = "".join(
        [
            shares(statistics),
            ranks(entries),
            scores(entries),
            reliability(entries),
            deciding(entries),
        ]
    )
    if not plots:
        return ""
    missing = "" if drawing.is_available() else f'<p class="quiet note">{MISSING}</p>'
    return (
        f'<section aria-labelledby="plots"><h2 id="plots">Plots</h2>{missing}'
        f'<div class="plates">{plots}</div></section>'
    )


def _plate(title: str, plot: str, caption: str, head: Sequence[str], rows: _Rows) -> str:
    is_open = "" if plot else ' open="open"'
    return (
        f'<figure class="plate"><h3>{title}</h3>{plot}<figcaption>{caption}</figcaption>'
        f"<details{is_open}><summary>The numbers</summary>{_numbers(head, rows)}</details></figure>"
    )


def _numbers(head: Sequence[str], rows: _Rows) -> str:
    """A table of the program's own words and numbers."""
    names = "".join(f'<th scope="col">{name}</th>' for name in head)
    body = "".join(
        f'<tr><th scope="row">{first}</th>{"".join(f"<td>{each}</td>" for each in rest)}</tr>'
        for first, *rest in rows
    )
    return f'<table class="numbers"><thead><tr>{names}</tr></thead><tbody>{body}</tbody></table>'


def _with_interval(found: Interval | None) -> str:
    """``0.81 [0.74, 0.88]``."""
    if found is None:
        return "not defined"
    between = f" [{found.low:.2f}, {found.high:.2f}]" if found.low != found.high else ""
    return f"{found.mean:.2f}{between}"


# --- the figures ------------------------------------------------------------------------------


def shares(statistics: Mapping[str, Statistic]) -> str:
    """Every share with its interval."""
    known = {
        name: (each.value, each.value if each.low is None else each.low, each.high or each.value)
        for group in GROUPS.values()
        for name in group
        if KINDS[name] == "share" and (each := statistics[name]).value is not None
    }
    if len(known) < 2:  # nothing but errors
        return ""

    def paint(axes: Axes) -> None:
        values, lows, highs = zip(*known.values(), strict=True)
        axes.hlines(range(len(known)), lows, highs, color=ACCENT, linewidth=3)
        axes.plot(values, range(len(known)), "o", color=ACCENT)
        axes.set_yticks(range(len(known)), [LABELS[name] for name in known])
        axes.invert_yaxis()
        percent_axis(axes, "x")

    rows = [
        (capitalise(LABELS[name]), format_value(each), format_interval(each))
        for name in known
        for each in [statistics[name]]
    ]
    words = "; ".join(f"{label}: {value}" for label, value, _ in rows)
    plot = draw("shares", f"Shares. {words}.", paint, height=0.6 + 0.2 * len(known))
    caption = "A line is the 95 % interval of its share; there is none where all came out alike."
    return _plate("Shares and their intervals", plot, caption, ("Share", "Value", "95 %"), rows)


# --- retrieval --------------------------------------------------------------------------------


def ranks(entries: Sequence[CaseRecord]) -> str:
    """At which rank each question's evidence was found first."""
    counts = plot_data.rank_columns(entries)
    if not (total := sum(counts)):
        return ""
    names = [*map(str, range(1, plot_data.RANKS + 1)), "later", "not found"]
    rows = [
        (name, f"{count:,}", f"{so_far / total:.1%}" if name != "not found" else "")
        for name, count, so_far in zip(names, counts, accumulate(counts), strict=True)
    ]

    def paint(axes: Axes) -> None:
        axes.bar([*names[:-2], f"{plot_data.RANKS + 1}+", "none"], counts, color=ACCENT)
        axes.set(xlabel="rank of the first gold evidence among the hits", ylabel="questions")
        count_axis(axes)

    words = "; ".join(f"rank {name}: {count}" for name, count, _ in rows if count != "0")
    plot = draw("ranks", f"Questions by the rank of their first gold evidence. {words}.", paint)
    caption = (
        f"{count_of(total, 'question')} with gold evidence, by the rank of the first hit that"
        f" overlaps it. First in {counts[0] / total:.1%}; nowhere among the hits in {counts[-1]:,}."
    )
    head = ("Rank", "Questions", "Found so far")
    return _plate("Where the evidence was found", plot, caption, head, rows)


# --- scores of sentences ----------------------------------------------------------------------


def scores(entries: Sequence[CaseRecord]) -> str:
    """Sentences by score and verdict."""
    claims = list(plot_data.checked(entries))
    columns = plot_data.score_columns(claims)
    if not (total := sum(map(sum, columns))):
        return ""
    by_verdict = list(zip(*columns, strict=True))  # for each verdict, the counts of the tenths
    sums = list(map(sum, by_verdict))
    present = [number for number, count in enumerate(sums) if count]

    def paint(axes: Axes) -> None:
        below = [0] * BINS
        for number in present:
            counts, (name, fill, edge) = by_verdict[number], _VERDICTS[number]
            places = [place for place, count in enumerate(counts) if count]
            axes.bar(
                [(place + 0.5) / BINS for place in places],
                [counts[place] for place in places],
                width=0.8 / BINS,
                bottom=[below[place] for place in places],
                color=fill,
                edgecolor=edge,
                label=f"{name} {sums[number]:,}",
            )
            below = [a + b for a, b in zip(below, counts, strict=True)]
        axes.set(xlabel="score of the sentence", ylabel="sentences", xlim=(0, 1))
        count_axis(axes)

    words = "; ".join(f"{_VERDICTS[n][0]}: {sums[n]:,}" for n in present)
    plot = draw("scores", f"Sentences by score, in tenths, and verdict. {words}.", paint)
    without = f" {len(claims) - total:,} have no score." if len(claims) > total else ""
    caption = (
        f"{count_of(total, 'sentence')} that the check scored, those it removed or repaired"
        f" included, by score and verdict ({words}).{without}"
    )
    rows = [(_edges(i), *(f"{parts[n]:,}" for n in present)) for i, parts in enumerate(columns)]
    head = ("Score", *(_VERDICTS[n][0] for n in present))
    return _plate("Scores of the sentences", plot, caption, head, rows)


def _edges(number: int) -> str:
    return f"{number / BINS:g} to {(number + 1) / BINS:g}"


def reliability(entries: Sequence[CaseRecord]) -> str:
    """Whether sentences of a high score stand in good answers."""
    found = plot_data.reliability(entries)
    if not found:
        return ""
    tenths = found.tenths

    def paint(axes: Axes) -> None:
        means = [each.good.mean for each in tenths]
        errors = [
            [each.good.mean - each.good.low for each in tenths],
            [each.good.high - each.good.mean for each in tenths],
        ]
        axes.plot([0, 1], [0, 1], "--", color=SOFT, linewidth=1)
        axes.errorbar(
            [each.score for each in tenths], means, yerr=errors, fmt="o-", color=ACCENT,
            elinewidth=3,
        )  # fmt: skip
        for each in tenths:
            axes.annotate(
                f"n {each.good.n:,}", (each.score, 1.0), (0, 5),
                xycoords=("data", "axes fraction"), textcoords="offset points",
                ha="center", color=SOFT,
            )  # fmt: skip
        axes.set(xlabel="score of the sentence", ylabel="in a good answer", xlim=(0, 1.02))
        percent_axis(axes, "y")

    words = "; ".join(
        f"{_edges(each.number)}: {each.good.mean:.1%} of {each.good.n}" for each in tenths
    )
    plot = draw(
        "reliability", f"Share of the sentences that stand in a good answer, by score. {words}.",
        paint,
    )  # fmt: skip
    rows = [
        (
            _edges(each.number), f"{each.good.n:,}", f"{each.score:.2f}",
            f"{each.good.mean:.1%}", _between(each.good),
        )
        for each in tenths
    ]  # fmt: skip
    head = ("Score", "n", "Mean", "Good", "95 % interval")
    title = "Does a high score mean a good answer?"
    return _plate(title, plot, _reliability_caption(found), head, rows)


def _reliability_caption(found: Reliability) -> str:
    total = sum(each.good.n for each in found.tenths)
    return (
        f"{count_of(total, 'sentence')} of the answers as given, in tenths of the score. Up: the"
        " share of them whose answer is right and cites gold evidence; an answer where there is"
        " none to give is not. Across: their mean score. Upright lines are 95 % intervals, n how"
        " many sentences; on the broken line both agree. A sentence can be well supported in an"
        f" answer that misses the question. Mean distance from that line {found.gap:.2f}; AUROC"
        f" {_with_interval(found.auroc)}."
    )


def _between(found: Interval) -> str:
    return f"[{found.low:.1%}, {found.high:.1%}]" if found.low != found.high else ""


# --- answering and declining ------------------------------------------------------------------

_SIGNALS = {
    "probability": ("the model’s highest probability of “yes, this passage states it”", "“yes”"),
    "score": ("the score of the best passage", "score"),
}


def deciding(entries: Sequence[CaseRecord]) -> str:
    """How well one number could decide whether to answer."""
    found = plot_data.deciding(entries)
    if not found:
        return ""
    base = found.answerable / found.n

    def paint(axes: Axes) -> None:
        first, points = found.points[0], found.points
        axes.step(
            [0.0, *(each.recall for each in points)],
            [first.precision, *(each.precision for each in points)],
            color=ACCENT, linewidth=2,
        )  # fmt: skip
        axes.axhline(
            base, linestyle="--", color=SOFT, linewidth=1, label=f"to answer all ({base:.1%})"
        )
        if found.run:
            axes.plot(
                found.run.recall, found.run.precision, "o", color=CARD, markeredgecolor=INK,
                markeredgewidth=2, label="what the run decided",
            )  # fmt: skip
        axes.set(
            xlabel="answerable questions that are answered", ylabel="answered that are answerable"
        )
        percent_axis(axes, "x")
        percent_axis(axes, "y")

    words = "; ".join(
        f"recall {each.recall:.1%}, precision {each.precision:.1%}" for each in _some(found.points)
    )
    auroc = _with_interval(found.auroc)
    plot = draw("deciding", f"Precision by recall of answering. {words}. AUROC {auroc}.", paint)
    rows = [_operating_row(each) for each in _some(found.points)]
    rows += [("as the run decided", *_operating_row(found.run)[1:])] if found.run else []
    head = ("Answer from", "Recall", "Precision", "Answered")
    title = "Could it tell when to answer?"
    return _plate(title, plot, _deciding_caption(found, base), head, rows)


def _deciding_caption(found: Deciding, base: float) -> str:
    signal, short = _SIGNALS[found.signal]
    without = f"; {found.without:,} others have no such number" if found.without else ""
    return (
        f"If {signal} alone decided: across, the share of the answerable questions that are"
        f" answered; up, the share of the answered that are answerable, as the least {short}"
        f" to answer from falls. {count_of(found.n, 'question')}, {found.answerable:,} of them"
        f" answerable ({base:.1%}){without}. AUROC {_with_interval(found.auroc)}; average"
        f" precision {found.average_precision:.2f}."
    )


def _operating_row(each: Operating) -> tuple[str, ...]:
    least = "" if each.least is None else f"{each.least:.3g}"
    return least, f"{each.recall:.1%}", f"{each.precision:.1%}", f"{each.answered:,}"


def _some(points: Sequence[Operating]) -> list[Operating]:
    """At most `MAX_POINTS`, evenly taken, the first and the last among them."""
    if len(points) <= MAX_POINTS:
        return list(points)
    last = len(points) - 1
    return [points[round(last * i / (MAX_POINTS - 1))] for i in range(MAX_POINTS)]
