"""Whose words or deeds each unit of a text gives: as its structure says, or because it goes on.

A dialogue labels its turns with the speaker; a quotation has a name beside it; a sentence that
reports begins with whom it reports of, or says so before "that" or behind "according to"."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

from rag.text.dates import DATE_WORDS
from rag.text.names import find_capitalised, find_names, name_runs, sentence_starts
from rag.text.reporting import SPEECH_VERBS
from rag.text.sentences import is_question, needs_context
from rag.text.tokens import content_stems
from rag.text.units import Unit, parse_units

MAX_SUBJECT_CHARS = 60
"""From the beginning of a sentence, in which its subject is named."""
MIN_QUESTIONS = 3
"""Paragraphs that ask, for a text to be an interview."""

_QUOTED = re.compile(r"[“«„\"][^”»\"]*[”»\"]?")
_CLOSING = re.compile(r"[”»\"]")
_QUOTE_MARKS = re.compile(r"[“”«»„\"]")
_OPENING = frozenset('“«„"')
_VERB = rf"(?<![\w-])(?:{SPEECH_VERBS}|(?P<attributed>[Aa]ccording to)|[a-z]{{4,}}(?= that\b))\b"
_HAS_VERB = re.compile(_VERB)
# The words around a verb of speech, outside quotation marks, as far as the clause may reach.
_REPORTING = re.compile(
    rf"(?P<before>(?:[^\s;]+ ){{0,20}}?){_VERB}(?P<after>(?: [^\s.;:]+){{0,6}})"
)
_PRONOUN = re.compile(r"\b(?:he|she|they|we|I)$", re.IGNORECASE)
_BOLD = re.compile(r"\*\*[^*]+\*\*")
_LABEL = re.compile(r"\W{0,3}(?P<label>[^\W\d_][^*:|\n]{1,40}):(?!\d)")


@dataclass(frozen=True, slots=True)
class Speech:
    """Whose words a unit has, or whom it tells of."""

    speaker: str
    """The words that name them, such as "Union leader Per Lund"."""
    goes_on: bool
    """True where the unit begins within or with a quotation and leaves its speaker to the unit
    before."""
    has_words: bool
    """True of what they say: quoted, reported, or in a turn of theirs; False of what is told of
    them."""


@lru_cache(maxsize=64)
def speeches(text: str) -> dict[Unit, Speech]:
    """What each unit has of somebody's words or deeds; units that tell of nobody are left out. One
    that goes on with a quotation, or says "she said", has the speaker of the unit before, or
    whoever that names."""
    units = parse_units(text)
    own_turns = turns(text)
    known = {name.text for name in find_names(text, starts=sentence_starts(text))}
    found: dict[Unit, Speech] = {}
    speaker, is_open = "", False
    for unit in units:
        if unit in own_turns:
            found[unit] = Speech(own_turns[unit], goes_on=False, has_words=True)
            continue
        own = unit.text(text)
        outside = _outside_quotations(own, is_open)
        quotes = is_open or own.startswith(tuple(_OPENING))
        reporting = _find_reporting(outside)
        named = _subject(outside, reporting, known) if unit.is_evidence else ""
        if named:
            speaker = f"{unit.leans_on} {named}" if needs_context(outside) else named
        reports = reporting is not None
        if speaker and unit.is_evidence and (named or quotes or reports or needs_context(outside)):
            has_words = reports or is_open or len(outside) < len(own)
            found[unit] = Speech(speaker, quotes and not named, has_words)
        elif names := find_names(f". {outside}"):
            speaker = " ".join(name.text for name in names)
        is_open = _is_open_after(own, is_open)
    return found


@lru_cache(maxsize=64)
def turns(text: str) -> dict[Unit, str]:
    """The speaker of each unit of a dialogue, by its labels; or, where paragraphs are questions and
    the next ones answer, whoever the title names."""
    paragraphs: dict[int, list[Unit]] = {}
    for unit in parse_units(text):
        paragraphs.setdefault(unit.paragraph, []).append(unit)
    labels = {number: label_of(own[0].text(text)) for number, own in paragraphs.items()}
    counts = Counter(label.split()[-1] for label in labels.values() if label)
    speakers = {word for word, count in counts.items() if count > 1}
    forms = {
        _form(label, paragraphs[number][0].text(text))
        for number, label in labels.items()
        if label and label.split()[-1] in speakers
    }
    whole = {number: text[own[0].start : own[-1].end] for number, own in paragraphs.items()}
    asks = {number for number, asked in whole.items() if is_question(asked)}
    is_labelled, is_interview = len(speakers) > 1, len(asks) >= MIN_QUESTIONS
    found: dict[Unit, str] = {}
    speaker = ""
    for number, own in paragraphs.items():
        label = labels[number]
        if is_labelled and label and _form(label, own[0].text(text)) in forms:
            speaker = label
            found |= dict.fromkeys(own, speaker)
        elif is_interview and (number in asks or _BOLD.fullmatch(whole[number])):
            speaker = "" if is_labelled else next(iter(own[0].headings), "")
        elif own[0].role == "heading":
            speaker = ""
        elif speaker:
            found |= dict.fromkeys(own, speaker)
    return found


def label_of(paragraph: str) -> str:
    """What stands before a colon with which a paragraph begins, capitalised, or ""."""
    found = _LABEL.match(paragraph)
    label = found["label"] if found else ""
    return label if label[:1].isupper() and content_stems(label) else ""


def _form(label: str, paragraph: str) -> tuple[bool, bool]:
    """How a label is written, as a dialogue writes all of them: whoever speaks once has one too."""
    return label.isupper(), paragraph.startswith("**")


def _outside_quotations(text: str, is_open: bool) -> str:
    """What stands outside quotation marks, where one was open before the text or not."""
    if is_open:
        closing = _CLOSING.search(text)
        text = text[closing.end() :] if closing else ""
    return _QUOTED.sub(" ", text).strip()


def _find_reporting(outside: str) -> re.Match[str] | None:
    """The first clause that reports; most sentences have none, which is seen much sooner."""
    return _REPORTING.search(outside) if _HAS_VERB.search(outside) else None


def _subject(outside: str, reporting: re.Match[str] | None, known: Collection[str]) -> str:
    """The words of a sentence, quotations aside, that name who speaks or acts in it; "" where a
    pronoun does. A word that begins it is a name where it is one of those `known`."""
    if reporting:
        before = "" if reporting["attributed"] else reporting["before"].strip()
        words = before if re.search(r"\w", before) else reporting["after"]
        return words if content_stems(words) and not _PRONOUN.search(words) else ""
    names = [
        name
        for name in find_capitalised(outside)
        if name.text.lower() not in DATE_WORDS and (name.start or name.text in known)
    ]
    runs = name_runs(names)
    if not runs or runs[0][0].start > MAX_SUBJECT_CHARS:
        return ""
    ends = [runs[0][-1].end]
    for run in runs[1:]:
        start, end = run[0].start, run[-1].end
        apposed = outside[:start].endswith(", ") and outside[end : end + 1] == ","
        if start <= MAX_SUBJECT_CHARS and (apposed or outside[ends[-1] : start] == " of "):
            ends.append(end)
    return outside[: ends[-1]]


def _is_open_after(text: str, is_open: bool) -> bool:
    """Whether a quotation is open after a text, before which it was or was not."""
    for mark in _QUOTE_MARKS.findall(text):
        is_open = not is_open if mark == '"' else mark in _OPENING
    return is_open
