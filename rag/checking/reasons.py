"""What a check says against a claim."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """In words for people; `hard` where the source does not say this, and not where it says it with
    a reserve (see `rag.checking.rules`)."""

    text: str
    hard: bool
