"""Which pictures does the report of a run show, and what do they say?

Pure. Under each stands in words what is plotted, and its numbers as a table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate

from eval.report import axes as plots_axes
from eval.report import plot_data
from eval.report.axes import Axes, Spot
from eval.report.html_text import count_of
from eval.report.plot_data import BINS, Deciding, Operating, Reliability
from eval.runs.results import CaseRecord
from eval.statistics.bootstrap import Interval

_SORTS = (  # of `report_curves.VERDICTS`: in words, and how they are drawn
    ("supported", "fn-plot-good"),
    ("partly supported", "fn-plot-fair"),
    ("not supported", "fn-plot-bad"),
    ("not checked", "fn-plot-open"),
)
MOST_POINTS = 12  # of a curve, in its table
_Plot = Callable[[Sequence[CaseRecord]], str]


def plates(entries: Sequence[CaseRecord]) -> str:
    """Every picture that the cases give numbers for."""
    drawn: tuple[_Plot, ...] = (ranks, scores, reliability, deciding)
    told = "".join(plot(entries) for plot in drawn)
    if not told:
        return ""
    return (
        '<section aria-labelledby="plots"><h2 id="plots">Plots</h2>'
        f'<div class="plates">{told}</div></section>'
    )


def _plate(title: str, picture: str, caption: str, head: Sequence[str], rows: _Rows) -> str:
    return (
        f'<figure class="plate"><h3>{title}</h3>{picture}<figcaption>{caption}</figcaption>'
        f"<details><summary>The numbers</summary>{_numbers(head, rows)}</details></figure>"
    )


_Rows = Iterable[Sequence[object]]


def _numbers(head: Sequence[str], rows: _Rows) -> str:
    """A table of the program's own words and numbers."""
    named = "".join(f'<th scope="col">{name}</th>' for name in head)
    body = "".join(
        f'<tr><th scope="row">{first}</th>{"".join(f"<td>{each}</td>" for each in rest)}</tr>'
        for first, *rest in rows
    )
    return f'<table class="numbers"><thead><tr>{named}</tr></thead><tbody>{body}</tbody></table>'


def _with(found: Interval | None) -> str:
    """``0.81 [0.74, 0.88]``."""
    if found is None:
        return "not defined"
    between = f" [{found.low:.2f}, {found.high:.2f}]" if found.low != found.high else ""
    return f"{found.mean:.2f}{between}"


# --- retrieval --------------------------------------------------------------------------------


def ranks(entries: Sequence[CaseRecord]) -> str:
    """At which rank each question's evidence was found first."""
    counts = plot_data.rank_columns(entries)
    if not (total := sum(counts)):
        return ""
    names = [*map(str, range(1, plot_data.RANKS + 1)), "later", "not found"]
    ticks = [*names[:-2], f"{plot_data.RANKS + 1}+", "none"]
    rows = [
        (name, f"{count:,}", f"{sofar / total:.1%}" if name != "not found" else "")
        for name, count, sofar in zip(names, counts, accumulate(counts), strict=True)
    ]
    words = "; ".join(f"rank {name}: {count}" for name, count, _ in rows if count != "0")
    picture = plots_axes.columns(
        [(count,) for count in counts], ("fn-plot-bar",), ticks,
        Axes("rank of the first gold evidence among the hits", "questions"),
        f"Questions by the rank of their first gold evidence. {words}.",
    )  # fmt: skip
    caption = (
        f"{count_of(total, 'question')} with gold evidence, by the rank of the first hit that"
        f" overlaps it. First in {counts[0] / total:.1%}; nowhere among the hits in {counts[-1]:,}."
    )
    head = ("Rank", "Questions", "Found so far")
    return _plate("Where the evidence was found", picture, caption, head, rows)


# --- scores of sentences ----------------------------------------------------------------------


def scores(entries: Sequence[CaseRecord]) -> str:
    """Sentences by score and verdict."""
    claims = list(plot_data.checked(entries))
    counts = plot_data.score_columns(claims)
    if not (total := sum(map(sum, counts))):
        return ""
    sums = [sum(column) for column in zip(*counts, strict=True)]
    met = [number for number, many in enumerate(sums) if many]
    words = "; ".join(f"{_SORTS[n][0]}: {sums[n]:,}" for n in met)
    picture = plots_axes.columns(
        counts, [name for _, name in _SORTS], _tenths(),
        Axes("score of the sentence", "sentences"),
        f"Sentences by score, in tenths, and verdict. {words}.",
    )  # fmt: skip
    keys = " ".join(
        f'<span class="key {_SORTS[n][1].replace("fn-plot", "key")}">{_SORTS[n][0]}'
        f" {sums[n]:,}</span>"
        for n in met
    )
    without = f" {len(claims) - total:,} have no score." if len(claims) > total else ""
    caption = (
        f"{count_of(total, 'sentence')} that the check scored, those it removed or repaired"
        f" included, by score and verdict.{without} {keys}"
    )
    rows = [(_edges(i), *(f"{parts[n]:,}" for n in met)) for i, parts in enumerate(counts)]
    head = ("Score", *(_SORTS[n][0] for n in met))
    return _plate("Scores of the sentences", picture, caption, head, rows)


def _tenths() -> list[str]:
    return [f"{number / BINS:g}" for number in range(BINS + 1)]


def _edges(number: int) -> str:
    return f"{number / BINS:g} to {(number + 1) / BINS:g}"


def reliability(entries: Sequence[CaseRecord]) -> str:
    """Whether sentences of a high score stand in good answers."""
    found = plot_data.reliability(entries)
    if not found:
        return ""
    spots = [Spot(each.score, each.good.mean, *_ends(each.good)) for each in found.tenths]
    notes = [((each.number + 0.5) / BINS, f"{each.good.n:,}") for each in found.tenths]
    words = "; ".join(
        f"{_edges(each.number)}: {each.good.mean:.1%} of {each.good.n}" for each in found.tenths
    )
    picture = plots_axes.calibration(
        spots,
        [(-0.06, "n"), *notes],
        Axes("score of the sentence", "in a good answer"),
        f"Share of the sentences that stand in a good answer, by score. {words}.",
    )  # fmt: skip
    rows = [
        (
            _edges(each.number), f"{each.good.n:,}", f"{each.score:.2f}",
            f"{each.good.mean:.1%}", _between(each.good),
        )
        for each in found.tenths
    ]  # fmt: skip
    head = ("Score", "n", "Mean", "Good", "95 % interval")
    return _plate("Does a high score mean a good answer?", picture, _relied(found), head, rows)


def _relied(found: Reliability) -> str:
    total = sum(each.good.n for each in found.tenths)
    return (
        f"{count_of(total, 'sentence')} of the answers as given, in tenths of the score. Up: the"
        " share of them whose answer is right and cites gold evidence; an answer where there is"
        " none to give is not. Across: their mean score. Bands are 95 % intervals, n how many"
        " sentences; on the broken line both agree. A sentence can be well supported in an answer"
        f" that misses the question. Mean distance from that line {found.gap:.2f}; AUROC"
        f" {_with(found.auroc)}."
    )


def _ends(found: Interval) -> tuple[float, float] | tuple[None, None]:
    return (found.low, found.high) if found.low != found.high else (None, None)


def _between(found: Interval) -> str:
    return f"[{found.low:.1%}, {found.high:.1%}]" if found.low != found.high else ""


# --- answering and declining ------------------------------------------------------------------

_SIGNALS = {
    "probability": ("the model’s highest probability of “yes, this passage states it”", "a “yes”"),
    "score": ("the score of the best passage", "a score"),
}


def deciding(entries: Sequence[CaseRecord]) -> str:
    """How well one number could decide whether to answer."""
    found = plot_data.deciding(entries)
    if not found:
        return ""
    base = found.answerable / found.n
    words = "; ".join(
        f"recall {each.recall:.1%}, precision {each.precision:.1%}" for each in _some(found.points)
    )
    picture = plots_axes.tradeoff(
        [Spot(each.recall, each.precision) for each in found.points],
        base,
        Spot(found.run.recall, found.run.precision) if found.run else None,
        Axes("answerable questions that are answered", "answered that are answerable"),
        f"Precision by recall of answering. {words}. AUROC {_with(found.auroc)}.",
    )
    rows = [_operated(each) for each in _some(found.points)]
    rows += [("as the run decided", *_operated(found.run)[1:])] if found.run else []
    head = ("Answer from", "Recall", "Precision", "Answered")
    return _plate("Could it tell when to answer?", picture, _decides(found, base), head, rows)


def _decides(found: Deciding, base: float) -> str:
    signal, short = _SIGNALS[found.signal]
    without = f"; {found.without:,} others have no such number" if found.without else ""
    run = ' <span class="key key-ring">what the run decided</span>' if found.run else ""
    return (
        f"If {signal} alone decided: across, the share of the answerable questions that are"
        f" answered; up, the share of the answered that are answerable, as the least {short[2:]}"
        f" to answer from falls. {count_of(found.n, 'question')}, {found.answerable:,} of them"
        f" answerable{without}. AUROC {_with(found.auroc)}; average precision"
        f" {found.precision:.2f}. "
        f'<span class="key key-level">to answer all ({base:.1%})</span>{run}'
    )


def _operated(each: Operating) -> tuple[str, ...]:
    least = "" if each.least is None else f"{each.least:.3g}"
    return least, f"{each.recall:.1%}", f"{each.precision:.1%}", f"{each.answered:,}"


def _some(points: Sequence[Operating]) -> list[Operating]:
    """At most `MOST_POINTS`, evenly taken, the first and the last among them."""
    if len(points) <= MOST_POINTS:
        return list(points)
    last = len(points) - 1
    return [points[round(last * i / (MOST_POINTS - 1))] for i in range(MOST_POINTS)]
