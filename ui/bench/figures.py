"""Prints the figures of the benchmark, one a line: what it is, the figure, its limit."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from eval.statistics.aggregate import quantile


def print_figure(name: str, figure: str) -> None:
    """One line, at once."""
    print(f"{name:42} {figure}", flush=True)


def print_times(name: str, times: Sequence[float], limit_s: float | None = None) -> None:
    """Median and worst of `times` in seconds; `limit_s` is the longest that they should be."""
    limit = f" (limit {limit_s:g} s)" if limit_s else ""
    figure = f"{median(times):.2f} s median, {max(times):.2f} s worst, n={len(times)}"
    print_figure(name, figure + limit)


def print_percentiles(name: str, times: Sequence[float], limit_s: float | None = None) -> None:
    """Median and 95th percentile of `times` in seconds; the limit is that of the latter."""
    limit = f" (limit {limit_s:g} s at p95)" if limit_s else ""
    p95 = quantile(times, 0.95) or 0.0
    print_figure(name, f"{median(times):.2f} s p50, {p95:.2f} s p95, n={len(times)}{limit}")
