"""Prints what `footnote doctor` found."""

from __future__ import annotations

from collections.abc import Iterable

from rich.text import Text

from rag import Finding
from ui.safe_text import count, one_line
from ui.shell.screen import Screen
from ui.shell.terminal_rows import Row

SIGNS = {"fine": ("✓", "green"), "mended": ("+", "yellow"), "problem": ("✗", "red")}
PART_CELLS = 17  # wide, the longest name of a part and a space


def print_findings(findings: Iterable[Finding], screen: Screen) -> list[Finding]:
    """Print a line for each finding as it is made, and a summary; returns the findings."""
    found: list[Finding] = []
    for each in findings:
        found.append(each)
        sign, style = SIGNS[each.state]
        lead = Text(f"{sign} ", style).append(each.part.ljust(PART_CELLS), "bold")
        screen.output(Row(Text(one_line(each.text)), lead))
    screen.output(Row(Text(_summary(found))))
    return found


def _summary(found: list[Finding]) -> str:
    mended = sum(each.state == "mended" for each in found)
    problems = sum(each.state == "problem" for each in found)
    if problems:
        return f"{count(problems, 'problem')} left, {mended:,} mended."
    return f"All is well; {mended:,} mended." if mended else "All is well."
