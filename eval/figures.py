"""What do the rows of a run come to?

Pure. A figure of nothing has no value: it is neither 0 nor a number that is not one. The table in
the terminal, `summary.json`, the report and the page all show these figures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar, get_args

T = TypeVar("T")
Outcome = Literal["right", "wrong", "declined", "error"]
Name = Literal[
    "answered_right",
    "answerable_declined",
    "unanswerable_declined",
    "errors",
    "quotes_exact",
    "evidence_cited",
    "sentences_supported",
    "sentences_partial",
    "seconds_p50",
    "seconds_p95",
]
NAMES: tuple[Name, ...] = get_args(Name)
SHARES = NAMES[:8]  # the others are seconds

LABELS: dict[Name, str] = {
    "answered_right": "answerable: right",
    "answerable_declined": "answerable: declined",
    "unanswerable_declined": "unanswerable: declined",
    "errors": "errors",
    "quotes_exact": "answers with every quote exact",
    "evidence_cited": "right answers citing gold evidence",
    "sentences_supported": "sentences supported",
    "sentences_partial": "sentences partly supported",
    "seconds_p50": "seconds a question, median",
    "seconds_p95": "seconds a question, 95th percentile",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One case and what came of it. `cited` is the share of the case's evidence spans that some
    citation overlaps; None where there is no evidence or no answer."""

    id: str
    tags: tuple[str, ...]
    answerable: bool
    outcome: Outcome
    text: str
    reason: str | None
    exact_quotes: bool
    supports: tuple[str, ...]
    cited: float | None
    seconds: float

    @property
    def expected(self) -> bool:
        """True when it came out as it should: right, or declined where there is no answer."""
        return self.outcome == ("right" if self.answerable else "declined")


@dataclass(frozen=True, slots=True)
class Figure:
    """`good` of `n` and their share 0..1 as `value`; or seconds over `n` questions, without
    `good`. `value` is None where `n` is 0."""

    value: float | None
    n: int
    good: int | None = None


def figures(rows: Sequence[Row]) -> dict[Name, Figure]:
    """Every figure of a run, in the order of `NAMES`."""
    yes = [row for row in rows if row.answerable]
    no = [row for row in rows if not row.answerable]
    right = [row for row in yes if row.outcome == "right"]
    answered = [row for row in rows if row.outcome in ("right", "wrong")]
    supports = [support for row in rows for support in row.supports]
    seconds = [row.seconds for row in rows]
    return {
        "answered_right": share(yes, lambda row: row.outcome == "right"),
        "answerable_declined": share(yes, lambda row: row.outcome == "declined"),
        "unanswerable_declined": share(no, lambda row: row.outcome == "declined"),
        "errors": share(rows, lambda row: row.outcome == "error"),
        "quotes_exact": share(answered, lambda row: row.exact_quotes),
        "evidence_cited": share(right, lambda row: bool(row.cited)),
        "sentences_supported": share(supports, lambda support: support == "supported"),
        "sentences_partial": share(supports, lambda support: support == "partial"),
        "seconds_p50": Figure(quantile(seconds, 0.5), len(seconds)),
        "seconds_p95": Figure(quantile(seconds, 0.95), len(seconds)),
    }


def by_tag(rows: Sequence[Row]) -> dict[str, Figure]:
    """For each tag, in order, the share of its cases that came out as they should."""
    tags = sorted({tag for row in rows for tag in row.tags})
    return {
        tag: share([row for row in rows if tag in row.tags], lambda row: row.expected)
        for tag in tags
    }


def share(items: Iterable[T], is_good: Callable[[T], bool]) -> Figure:
    flags = [is_good(item) for item in items]
    return Figure(sum(flags) / len(flags) if flags else None, len(flags), sum(flags))


def quantile(values: Iterable[float], fraction: float) -> float | None:
    """The value of which `fraction` (0..1) of all are smaller, one that was measured."""
    ranked = sorted(values)
    return ranked[min(int(len(ranked) * fraction), len(ranked) - 1)] if ranked else None


# --- in words ---------------------------------------------------------------------------------


def value(figure: Figure) -> str:
    """``85.0%``, ``4.2 s``, ``0.04 s``, or ``n/a`` where nothing was counted."""
    if figure.value is None:
        return "n/a"
    if figure.good is not None:
        return f"{figure.value:.1%}"
    return f"{figure.value:.{1 if figure.value >= 1 else 2}f} s"


def table(rows: Sequence[Row]) -> str:
    """What a person wants to know of a run, as text."""
    told = figures(rows)
    lines = [_line(LABELS[name], told[name]) for name in SHARES]
    p50, p95 = told["seconds_p50"].value, told["seconds_p95"].value
    if p50 is not None and p95 is not None:
        lines.append(f"{'seconds a question, p50 and p95':38} {p50:.1f}  {p95:.1f}")
    lines += [_line(f"  {tag}: as it should be", figure) for tag, figure in by_tag(rows).items()]
    return "\n".join(lines)


def _line(label: str, figure: Figure) -> str:
    return f"{label:38} {value(figure):>6}  {figure.good} of {figure.n}"
