"""A replacement in a sentence, and what a document offers for one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Replacement(NamedTuple):
    """`text[start:end]` becomes `new`."""

    start: int
    end: int
    new: str


@dataclass(frozen=True, slots=True)
class MutationContext:
    """What the sentence's document and another one offer to put in its places."""

    named: Sequence[str]  # names of the same document
    elsewhere: Sequence[str]  # names of another
    speakers: Sequence[str]
    around: str  # the whole document


Replacements = Iterator[Replacement]

MONTHS = "January February March April May June July August September October November December"

DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
