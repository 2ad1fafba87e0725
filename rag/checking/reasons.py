"""What a check says against a claim."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """What speaks against a claim; see `rules`."""

    text: str
    hard: bool
