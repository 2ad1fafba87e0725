"""Who speaks in each unit of a text: as its own words say, or because a quotation goes on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from rag.text.names import find_names
from rag.text.reporting import SPEECH_VERBS
from rag.text.tokens import content_stems
from rag.text.units import Unit, parse_units

_QUOTED = re.compile(r"[“«„\"][^”»\"]*[”»\"]?|^[^“«„\"]*[”»]")
_QUOTE_MARKS = re.compile(r"[“”«»„\"]")
_OPENING = frozenset('“«„"')
# The words around a verb of speech, outside quotation marks, as far as the clause may reach.
_REPORTING = re.compile(
    rf"(?P<before>(?:\S+ ){{0,20}}?)(?<![\w-])(?:{SPEECH_VERBS}|called|warn(?:ed|s)|dismissed"
    r"|insist(?:ed|s)|(?P<attributed>according to)|promis(?:ed|es)|claim(?:ed|s)|complain(?:ed|s)"
    r"|blam(?:ed|es)|prais(?:ed|es))\b"
    r"(?P<after>(?: [^\s.;:]+){0,6})"
)


@dataclass(frozen=True, slots=True)
class Speech:
    """What a unit has of somebody's words."""

    speaker: str
    """The words before the verb of speech, or behind it, such as "Union leader Per Lund"."""
    goes_on: bool
    """True where the unit begins within or with a quotation and leaves its speaker to the unit
    before."""


@lru_cache(maxsize=64)
def speeches(text: str) -> dict[Unit, Speech]:
    """What each unit has of somebody's words; units that report nothing are left out. One that goes
    on with a quotation, or says "she said", has the speaker of the unit before, or whoever that
    names."""
    found: dict[Unit, Speech] = {}
    speaker, is_open = "", False
    for unit in parse_units(text):
        own = unit.text(text)
        outside = _QUOTED.sub(" “” ", own)
        reporting = _REPORTING.search(outside)
        words = _subject(reporting) if reporting else ""
        is_named = bool(content_stems(words))
        quoted = is_open or own.startswith(tuple(_OPENING))
        if is_named:
            speaker = words
        if speaker and (reporting or quoted):
            found[unit] = Speech(speaker, quoted and not is_named)
        elif names := find_names(f". {outside}"):
            speaker = " ".join(name.text for name in names)
        is_open = _is_open_after(own, is_open)
    return found


def _subject(reporting: re.Match[str]) -> str:
    """The words that may name the speaker: those before the verb, or, where there are none and
    after "according to", those behind it."""
    before = "" if reporting["attributed"] else reporting["before"]
    return before if re.search(r"\w", before) else reporting["after"]


def _is_open_after(text: str, is_open: bool) -> bool:
    """Whether a quotation is open after a text, before which it was or was not."""
    for mark in _QUOTE_MARKS.findall(text):
        is_open = not is_open if mark == '"' else mark in _OPENING
    return is_open
