"""Plain English sentences, and the questions that they answer in their own words.

A sentence is read only where it has the plainest form: a subject, a verb and the rest, without
quotation, brackets or a second clause. What is asked for is taken out of the rest, or is the
subject; the other words stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, takewhile

from eval.drafting.verbs import past_base, present_base
from rag.internals import (
    STOP_WORDS,
    WordForms,
    find_dates,
    find_quantities,
)

MAX_CHARS = 160  # of a sentence
MAX_SUBJECT_WORDS = 7
MAX_NOUN_WORDS = 3  # that say what is counted
_AUXILIARIES = frozenset(
    "is are was were will would can could has have had must should may might".split()
)
_SECOND_CLAUSE = re.compile(
    r"[;:?!“”\"()\[\]—–|*]|\b(?:who|whom|whose|which|that|if|although|though|while|until|unless"
    r"|where|when|whether|as|but|or|so|than|not|never|no|nobody|nothing|there)\b",
    re.IGNORECASE,
)
_DETERMINERS = frozenset(
    "the a an all both each every few many most one several some two three four five six seven"
    " eight nine ten".split()
)
_JOINED = re.compile(r",|\band\b")
_HAVING = {"has": "does", "have": "do", "had": "did"}
_PRONOUN = re.compile(r"\b(?:i|we|you|he|she|it|they|them|this|these|those)\b", re.IGNORECASE)
_REASON = re.compile(r",? because (?P<reason>.+)$")
_BEFORE_DATE = re.compile(r",? (?P<word>in|on|since) (?:early |late |the )?$")
_COUNTED = re.compile(r" (?P<noun>[a-z][a-z-]+(?: [a-z][a-z-]+)*)")
_SHARE = re.compile(r" (?P<noun>of (?:the |its |all )?[^,]+)$")
_LINKED = re.compile(r"\b(?:of|to|in|from|with|between|at|on|the|an?|every|last|next|first) $")
_FRONTED = re.compile(r"(?:^| )(?P<word>for|by|within|after|over) (?:about |some |nearly )?$")
_MEASURED = re.compile(r" (?P<adjective>long|high|tall|deep|wide|thick|old|heavy)\b")
_OPENS_WITH_DATE = re.compile(r"^(?:In|On) (?P<date>[^,]{4,20}?),? (?=[a-zA-Z])")


_CURRENCIES = frozenset("$€£¥")
_COUNTABLE = frozenset(
    ["", "year", "month", "week", "day", "hour", "minute", "kilometre", "mile", "metre", "foot"]
)
_SCALES = frozenset("hundred thousand million billion trillion".split())


@dataclass(frozen=True, slots=True)
class Clause:
    """``The pool | was | closed in 1998``; of "The pool closed", `auxiliary` is "did" and the rest
    begins with "close"."""

    subject: str  # as inside a sentence: "the pool"
    auxiliary: str
    rest: str
    said: str  # the verb and the rest as they stand: "closed in 1998"


@dataclass(frozen=True, slots=True)
class Question:
    """What a sentence answers. `gold` is the short answer, `asks` what is asked for."""

    text: str
    gold: str
    asks: str  # "when", "why", "how many", "who"


def read_clause(sentence: str, forms: WordForms) -> Clause | None:
    """The plain clause that a sentence of a text with `forms` is; None where it is not so plain."""
    sentence = " ".join(sentence.split()).rstrip(".")
    plain = _REASON.sub("", sentence)
    head, comma, remark = plain.partition(", ")
    is_open = comma and re.match(r"(?:and|or|but)\b", remark)
    if len(sentence) > MAX_CHARS or _SECOND_CLAUSE.search(head) or is_open:
        return None
    words = (sentence if head == plain else head).split(" ")
    first = words[0].lower()
    if first in STOP_WORDS and first not in _DETERMINERS:
        return None
    if first not in _DETERMINERS and _stands_before_name(words, forms):
        return None
    for place, word in enumerate(words[1 : MAX_SUBJECT_WORDS + 1], start=1):
        if _JOINED.search(" ".join(words[:place])):
            return None
        if found := _with_verb(words, place, word, forms):
            return found
    return None


def _stands_before_name(words: list[str], forms: WordForms) -> bool:
    """True of "Even Ada Lorne": the first word is none of the name, for it is in small letters
    elsewhere."""
    return words[0].lower() in forms.plain and len(words) > 1 and words[1][:1].isupper()


def _with_verb(words: list[str], place: int, word: str, forms: WordForms) -> Clause | None:
    subject, rest = " ".join(words[:place]), " ".join(words[place + 1 :])
    starts_with_article = words[0] in ("The", "A", "An")
    if starts_with_article and place == 1:
        return None
    inside = forms.inside_sentence(subject)
    if words[place - 1] == "to" or not inside or _PRONOUN.search(inside):
        return None
    if not rest and word in _AUXILIARIES:
        return None
    said = f"{word} {rest}".strip()
    if word in _HAVING and not _is_participle(words[place + 1]):
        return Clause(inside, _HAVING[word], f"have {rest}", said)
    if word in _AUXILIARIES:
        return Clause(inside, word, rest, said)
    is_bare = place == 1 and inside.islower() and not inside.endswith("s")
    if is_bare or not _AUXILIARIES.isdisjoint(words[place + 1 :]):
        return None
    if base := past_base(word):
        return Clause(inside, "did", f"{base} {rest}".strip(), said)
    is_named = place > 1 and words[place - 1][0].isupper()
    if is_named and (base := present_base(word)):
        return Clause(inside, "does", f"{base} {rest}".strip(), said)
    return None


def _is_participle(word: str) -> bool:
    return word == "been" or word.endswith("en") or bool(past_base(word))


def questions_of(sentence: str, forms: WordForms) -> Iterator[Question]:
    """What a sentence of a text with `forms` answers, in its words: when, why, how many, who."""
    sentence = " ".join(sentence.split())
    opening = _opening_date(sentence)
    clause = read_clause(opening[1] if opening else sentence, forms)
    if clause is None:
        return
    if opening and not _JOINED.search(clause.rest) and not find_dates(clause.rest):
        yield _asked("When", clause, clause.rest, opening[0], "when")
        return
    yield from _why(clause)
    yield from _when(clause)
    yield from _how_many(clause)
    yield from _who(clause)


def _opening_date(sentence: str) -> tuple[str, str] | None:
    """The date that a sentence begins with, and the sentence behind it."""
    found = _OPENS_WITH_DATE.match(sentence)
    if not found or [each.text for each in find_dates(found["date"])] != [found["date"]]:
        return None
    behind = sentence[found.end() :]
    return found["date"], behind[0].upper() + behind[1:]


def _asked(word: str, clause: Clause, rest: str, gold: str, asks: str) -> Question:
    asked = f"{word} {clause.auxiliary} {clause.subject} {rest.strip(' ,')}"
    return Question(f"{' '.join(asked.split())}?", gold, asks)


def _why(clause: Clause) -> Iterator[Question]:
    if found := _REASON.search(clause.rest):
        rest = clause.rest[: found.start()]
        if not _JOINED.search(rest):
            yield _asked("Why", clause, rest, "", "why")


def _when(clause: Clause) -> Iterator[Question]:
    """Of a rest that ends in a date, or has nothing but a remark behind it."""
    dates = find_dates(clause.rest)
    if not dates or _REASON.search(clause.rest):
        return
    start, end = dates[0].place
    before = _BEFORE_DATE.search(clause.rest[:start])
    behind = clause.rest[end:]
    perfect = clause.auxiliary in ("has", "have") and before and before["word"] != "since"
    if not before or perfect or (behind and not behind.startswith(",")) or len(dates) > 1:
        return
    rest = clause.rest[: before.start()]
    if rest and not _JOINED.search(rest):
        word = "Since when" if before["word"] == "since" else "When"
        yield _asked(word, clause, rest, dates[0].text, "when")


def _how_many(clause: Clause) -> Iterator[Question]:
    """Of the one number of a clause, in its rest."""
    rest = clause.rest.partition(",")[0]
    found = find_quantities(rest)
    if len(found) != 1 or find_quantities(clause.subject) or _JOINED.search(rest):
        return
    number = found[0]
    if any(
        number.start < date.place[1] and date.place[0] < number.end for date in find_dates(rest)
    ):
        return
    before, behind = rest[: number.start], rest[number.end :]
    if measured := _MEASURED.match(behind):
        before = _without_hedge(before)
        if before.strip() in ("", "be"):
            tail = before + behind[measured.end() :]
            yield _asked(f"How {measured['adjective']}", clause, tail, number.text, "how many")
    elif number.unit in _CURRENCIES:
        yield _asked("How much", clause, _without_hedge(before) + behind, number.text, "how many")
    elif number.unit == "%" and (part := _SHARE.match(behind)):
        asked = f"What percentage {part['noun']}"
        yield _asked(asked, clause, _without_hedge(before), number.text, "how many")
    elif number.unit in _COUNTABLE:
        yield from _counted(clause, before, number.text, behind)


def _counted(clause: Clause, before: str, number: str, behind: str) -> Iterator[Question]:
    """ "for 14 months from May" as "For how many months … from May?"."""
    amount, _, measure = number.rpartition(" ")
    if not measure.isalpha() or not amount or measure in _SCALES:  # the next word is counted
        amount, measure = number, _counted_noun(behind)
        behind = behind[len(measure) + 1 :]
    fronted = _FRONTED.search(before)
    word = f"{fronted['word'].capitalize()} how many" if fronted else "How many"
    before = before[: fronted.start()] if fronted else _without_hedge(before)
    if not measure or _LINKED.search(before):
        return
    yield _asked(f"{word} {measure}", clause, f"{before} {behind}", amount, "how many")


def _counted_noun(behind: str) -> str:
    """ "permanent jobs" of " permanent jobs in the town": words that carry meaning, a few."""
    found = _COUNTED.match(behind)
    words = takewhile(lambda word: word not in STOP_WORDS, found["noun"].split() if found else ())
    return " ".join(islice(words, MAX_NOUN_WORDS))


def _without_hedge(before: str) -> str:
    return re.sub(r"(?:about|some|around|nearly|almost|only|over|up to|at least) $", "", before)


def _who(clause: Clause) -> Iterator[Question]:
    """Of a subject that is the name of one person, in two words or three, or a number of things."""
    number = next((each for each in find_quantities(clause.subject) if each.start == 0), None)
    if number and number.unit == "" and not find_dates(clause.subject):
        noun = clause.subject[number.end :].strip()
        if re.fullmatch(r"[a-z-]+(?: of the [a-z]+)?", noun):
            yield Question(f"How many {noun} {clause.said}?", number.text, "how many")


def yes_or_no(sentence: str, forms: WordForms) -> str:
    """ "The pool closed in 1998" as "Did the pool close in 1998?"; "" where it is not so plain."""
    clause = read_clause(sentence, forms)
    if clause is None or _REASON.search(clause.rest) or _JOINED.search(clause.rest):
        return ""
    auxiliary = clause.auxiliary.capitalize()
    return f"{auxiliary} {clause.subject} {clause.rest}?"


def has_pronoun(question: str) -> bool:
    """True where a question leaves open whom or what it is about."""
    return bool(_PRONOUN.search(question))
