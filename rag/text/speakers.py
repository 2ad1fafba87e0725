"""Whose words or deeds each unit of a text gives: as its structure says, or because it goes on.

A dialogue labels its turns with the speaker; a quotation has a name beside it; a sentence that
reports begins with whom it reports of, or says so before "that" or behind "according to"."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile

from rag.text.dates import DATE_WORDS
from rag.text.language import STOP_WORDS
from rag.text.names import find_capitalised, find_names, name_runs, sentence_starts
from rag.text.reporting import SPEECH_VERBS, is_attributed
from rag.text.sentences import is_question, needs_context
from rag.text.tokens import content_stems, without_possessive
from rag.text.units import Unit, parse_units

MAX_SUBJECT_CHARS = 60
"""From the beginning of a sentence, in which its subject is named."""
MIN_QUESTIONS = 3
"""Paragraphs that ask, for a text to be an interview."""

_QUOTED = re.compile(r"[“«„\"][^”»\"]*[”»\"]?")
_CLOSING = re.compile(r"[”»\"]")
_QUOTE_MARKS = re.compile(r"[“”«»„\"]")
_OPENING = frozenset('“«„"')
_SAID = rf"(?P<said>{SPEECH_VERBS})|(?P<attributed>[Aa]ccording to)"
_VERB = rf"(?<![\w-])(?:{_SAID}|[a-z]{{4,}}(?= that\b))\b"
_HAS_VERB = re.compile(_VERB)
# The words around a verb of speech, outside quotation marks, as far as the clause may reach.
_REPORTING = re.compile(
    rf"(?P<before>(?:[^\s;]+ ){{0,20}}?){_VERB}(?=(?P<after>(?: [^\s.;:]+){{0,6}}))"
)
_PRONOUN = re.compile(r"\b(?:he|she|they|we|I)$", re.IGNORECASE)
# Before "sign that" and "fact that", which report nothing.
_NOUN_FOLLOWS = re.compile(
    r"\b(?:an?|the|this|its|his|her|their|no|any)(?: [\w-]+)? $", re.IGNORECASE
)
_POSSESSIVE = re.compile(r"(?:['’]s|s['’])$")
_PASSIVE = re.compile(r"\b(?:am|is|are|was|were|been|being) $")
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
    names = find_names(text, starts=sentence_starts(text))
    known = {without_possessive(name.text) for name in names}
    found: dict[Unit, Speech] = {}
    speaker, is_open = "", False
    for unit in units:
        if unit in own_turns:
            found[unit] = Speech(own_turns[unit], goes_on=False, has_words=True)
            continue
        own = unit.text(text)
        outside = _outside_quotations(own, is_open)
        quotes = is_open or own.startswith(tuple(_OPENING))
        reporting = next(_reports(outside), None)
        named = _subject(outside, reporting, known) if unit.is_evidence else ""
        if named:
            speaker = f"{_leaned_on(unit)} {named}" if needs_context(outside) else named
        reports = reporting is not None
        if speaker and unit.is_evidence and (named or quotes or reports or needs_context(outside)):
            has_words = reports or is_open or is_attributed(own)
            found[unit] = Speech(speaker, quotes and not named, has_words)
        elif names := find_names(f". {outside}"):
            speaker = " ".join(name.text for name in names)
        is_open = _is_open_after(own, is_open)
    return _with_gaps_closed(units, found)


def _with_gaps_closed(units: Sequence[Unit], found: Mapping[Unit, Speech]) -> dict[Unit, Speech]:
    """The speeches with those units that stand between two of the same speaker in one paragraph:
    what is said there needs no "she said"."""
    closed = dict(found)
    for before, unit, after in zip(units, units[1:], units[2:], strict=False):
        if unit in found or before not in found or after not in found:
            continue
        speaker, paragraph = found[before].speaker, unit.paragraph
        if speaker == found[after].speaker and before.paragraph == paragraph == after.paragraph:
            closed[unit] = Speech(speaker, goes_on=True, has_words=False)
    return closed


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


def reporters(sentence: str) -> list[str]:
    """The words that name who speaks, one for each clause of a sentence with a verb of speech; ""
    where a pronoun does, or where nobody knows who tells ("she was told")."""
    outside = _outside_quotations(sentence, is_open=False)
    return [
        "" if _PASSIVE.search(each["before"]) else _reporter(each)
        for each in _reports(outside)
        if each["said"] or each["attributed"]
    ]


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


def _reports(outside: str) -> Iterator[re.Match[str]]:
    """The clauses that report; most sentences have none, which is seen much sooner."""
    for found in _REPORTING.finditer(outside) if _HAS_VERB.search(outside) else ():
        if found["said"] or found["attributed"] or not _NOUN_FOLLOWS.search(found["before"]):
            yield found


def _subject(outside: str, reporting: re.Match[str] | None, known: Collection[str]) -> str:
    """The words of a sentence, quotations aside, that name who speaks or acts in it; "" where a
    pronoun does. A word that begins it is a name where it is one of those `known`."""
    if reporting:
        return _reporter(reporting)
    names = [
        name
        for name in find_capitalised(outside)
        if name.text.lower() not in DATE_WORDS
        and (name.start or without_possessive(name.text) in known)
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
    return outside[: ends[-1]] + _possessed(outside, ends[-1])


def _possessed(outside: str, end: int) -> str:
    """What belongs to a name that ends there: " commerce ministry" behind "China’s"."""
    if not _POSSESSIVE.search(outside, 0, end):
        return ""
    found = re.match(r"(?: [^\W\d_]+){1,3}", outside[end:])
    words = found[0].split() if found else []
    own = takewhile(lambda word: word.islower() and word not in STOP_WORDS, words)
    return "".join(f" {word}" for word in own)


def _leaned_on(unit: Unit) -> str:
    """The words of the sentence that a unit leans on which name who speaks or acts in it."""
    outside = _outside_quotations(unit.leans_on, is_open=False)
    reporting = next(_reports(outside), None)
    return _reporter(reporting) if reporting else outside[:MAX_SUBJECT_CHARS]


def _reporter(reporting: re.Match[str]) -> str:
    """What stands before the verb, after the last comma where that does not end an apposition
    ("Lee, the mayor, said"); else what stands after it."""
    before = "" if reporting["attributed"] else reporting["before"].strip()
    last = before.rpartition(", ")[2]
    before = before if last.endswith(",") else last
    words = before if re.search(r"\w", before) else reporting["after"]
    return words if content_stems(words) and not _PRONOUN.search(words) else ""


def _is_open_after(text: str, is_open: bool) -> bool:
    """Whether a quotation is open after a text, before which it was or was not."""
    for mark in _QUOTE_MARKS.findall(text):
        is_open = not is_open if mark == '"' else mark in _OPENING
    return is_open
