"""Keys and lines from a terminal, or from a file in its place."""

from __future__ import annotations

import sys
from collections.abc import Callable

ReadKey = Callable[[], str]
"""The next key; "" at the end of the input."""
ReadLine = Callable[[str], str]
"""A line that is asked for with these words."""


def read_key() -> str:
    """A key of the terminal; where standard input is none, the next character of it."""
    if not sys.stdin.isatty():
        return sys.stdin.read(1)
    import typer

    try:
        return typer.getchar()
    except (EOFError, KeyboardInterrupt):
        return ""


def read_line(words: str) -> str:
    """A line of standard input."""
    print(words, end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().rstrip("\n")
