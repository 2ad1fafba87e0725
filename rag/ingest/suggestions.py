"""Questions that a document answers, made from its units when it is indexed.

A question is made only where a unit has the form of its answer: somebody's statement, a reason or a
date given for something named, a definition, a list under a plural heading. No model is asked; the
words of a question are those of the unit, put in the order of a question.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from rag.store.documents import SuggestedQuestion
from rag.text.dates import DATE_WORDS, MONTHS
from rag.text.language import STOP_WORDS
from rag.text.names import find_names
from rag.text.tokens import content_keys, without_possessive
from rag.text.units import Unit, parse_units
from rag.types import Document, Span

MAX_QUESTIONS = 6  # of one document
MAX_CHARS = 40_000  # of one document that are read: a book has its questions in its beginning
MAX_SENTENCE_CHARS = 400
MAX_TITLE_CHARS = 80
MAX_QUESTION_CHARS = 110
MIN_WORDS = 3  # of a question, that carry meaning
MIN_HEADING_WORDS = 2  # the same of a heading

_AUXILIARY = "is|are|was|were|will|would|can|could|has|have|must|should"
_OPEN_WORD = re.compile(  # what stands for something that the question does not name
    r"\b(?:i|me|my|we|us|our|you|your|he|him|his|she|her|it|its|they|them|their|this|that|these"
    r"|those|there|here|such|one|ones|other|others|another|both|same|which|who|whom|whose|what"
    r"|also|however|therefore|too|then|later|today|yesterday|tomorrow|now|ago)\b",
    re.IGNORECASE,
)
_READERS_WORDS = frozenset("i me my what who which there".split())
_ADDRESSED_WORDS = frozenset("you your".split())
"""In a heading, of whoever answers: in a talk somebody else than in a list of questions."""
_STATEMENT = re.compile(
    rf"^(?P<subject>[A-Z][^,;:.?!“”\"()]{{2,60}}?) (?P<auxiliary>{_AUXILIARY})"
    r" (?P<rest>[^;:?!“”\"()]+)$"
)
_REASON = re.compile(r",? because .+$")
_MONTH = f"(?:{MONTHS.title().replace(' ', '|')})"
_DAY = rf"(?:\d{{1,2}} {_MONTH}|{_MONTH}(?: \d{{1,2}},?)?)(?: [12]\d{{3}})?|[12]\d{{3}}"
_DATE = re.compile(rf",? (?:(?P<since>since)|in|on) (?:early |late )?(?:{_DAY})(?:,.*)?$")
_DEFINED = re.compile(
    r"^(?P<subject>(?:The )?[A-Z][^,;:.?!“”\"()]{1,40}?)(?: \([^)]*\))? (?P<verb>is|are|was|were) "
    r"(?:an?|the) "
)
_NAME = r"(?:[A-Z][\w’'-]+ ){1,6}[A-Z][\w’'-]+"
_SAYS = "said|says|added|adds|argued|argues|explained|explains|warned|warns"
_SPEAKER = re.compile(
    r"(?<![\w-])(?<!\bof )(?<!\bto )(?<!\bin )(?<!\bfor )(?<!\bwith )"
    rf"(?P<before>(?:[Tt]he )?{_NAME})"
    rf"(?: of [\w’' -]{{3,40}}?)?(?:, [^,.;:“”\"]{{3,60}},)? (?:{_SAYS}|told|announced)\b"
    rf"|[,”\"] (?:{_SAYS}) (?:(?:the|its|his|her|their)(?: [a-z]+){{1,3}}, )?"
    rf"(?P<after>{_NAME})(?=[,.;]|$)"
)
_INDEFINITE = re.compile(rf" (?:{_AUXILIARY}) an? ")
_CLAUSE = re.compile(
    r"\b(?:and|but|or|since|when|after|before|until|while|that|which|as|if|than|because)\b", re.I
)
_PERSON = re.compile(r"\b(?:he|she|his|her)\b", re.IGNORECASE)
_THING = re.compile(r"\b(?:it|its)\b", re.IGNORECASE)
_PLURAL_HEADING = re.compile(r"(?:The )?([A-Z]?[a-z]+[^sui\W]s)")
_PLAIN_WORD = re.compile(r"(?<![\w-])\w+")
_INSIDE_WORD = re.compile(r"(?<=[a-z,;] )\w+")
_MARKUP = re.compile(r"[\[\]<>|*_`]")
_CELL = re.compile(r"[A-Z][a-z]+(?: [a-z]+){0,2}")
_TITLE_NAME = re.compile(r"[A-Z][\w’'-]+(?: (?:of |the )?[A-Z][\w’'-]+){0,3}")


def suggest(document: Document, most: int = MAX_QUESTIONS) -> list[SuggestedQuestion]:
    """At most `most` questions that the document answers, each with the unit that it was
    made from: those of different kinds first. Linear in the text."""
    text = document.text[:MAX_CHARS]
    units = [
        unit
        for unit in parse_units(text)
        if unit.end - unit.start <= MAX_SENTENCE_CHARS
        and not MAX_CHARS == unit.end < len(document.text)
    ]
    forms = WordForms.of(text)
    kinds = [
        _reasons_and_dates(document, units, forms),
        _statements(document, units),
        _definition(document, units, forms),
        _headings(document, units),
        _table_values(document, units),
    ]
    found: dict[str, SuggestedQuestion] = {}
    for question in _in_turn(kinds):
        found.setdefault(question.text, question)
    return list(islice(found.values(), most))


def _in_turn(kinds: Iterable[Iterator[SuggestedQuestion]]) -> Iterator[SuggestedQuestion]:
    """The first of each, then the second of each, …"""
    waiting = list(kinds)
    while waiting:
        for each in list(waiting):
            question = next(each, None)
            if question is None:
                waiting.remove(each)
            else:
                yield question


def title_question(title: str) -> str:
    """A question that any document answers: what it is about."""
    return f"What is “{short_title(title)}” about?"


def short_title(title: str) -> str:
    """A title in one line, cut after a word."""
    line = " ".join(re.sub(r"[“”\"]", "", title).split())
    if len(line) <= MAX_TITLE_CHARS:
        return line
    return f"{line[:MAX_TITLE_CHARS].rsplit(' ', 1)[0].rstrip(' ,;:…')}…"


def _made(document: Document, unit: Unit, text: str) -> SuggestedQuestion:
    return SuggestedQuestion(" ".join(text.split()), Span(document.id, unit.start, unit.end))


def _reasons_and_dates(
    document: Document, units: Iterable[Unit], forms: WordForms
) -> Iterator[SuggestedQuestion]:
    """ "The pool was closed in 1998" as "When was the pool closed?"."""
    for unit in units:
        if unit.role != "sentence":
            continue
        sentence = " ".join(unit.text(document.text).split()).rstrip(".")
        found = _STATEMENT.match(sentence)
        question = _inverted(found, forms) if found else ""
        if question and stands_alone(question, document.title):
            yield _made(document, unit, question)


def _inverted(found: re.Match[str], forms: WordForms) -> str:
    """The question that a statement answers with a reason or a date; "" where it gives none."""
    rest = found["rest"]
    if reason := _REASON.search(rest):
        word, asked = "Why", rest[: reason.start()]
    elif date := _DATE.search(rest):
        word, asked = "Since when" if date["since"] else "When", rest[: date.start()]
    else:
        return ""
    if "," in asked or not asked.strip() or re.search(_DAY, asked) or _CLAUSE.search(asked):
        return ""
    subject = forms.inside_sentence(found["subject"])
    return f"{word} {found['auxiliary']} {subject} {asked}?" if subject else ""


@dataclass(frozen=True, slots=True)
class WordForms:
    """How words are written within the sentences of a text; made once for all its sentences."""

    plain: frozenset[str]  # as they stand, but for what follows a hyphen
    inside: frozenset[str]  # after a small letter, a comma or a semicolon

    @classmethod
    def of(cls, text: str) -> WordForms:
        """Linear in the text."""
        return cls(frozenset(_PLAIN_WORD.findall(text)), frozenset(_INSIDE_WORD.findall(text)))

    def inside_sentence(self, subject: str) -> str:
        """A subject without the capital that it has for its place, "the pool", "Lake Vane"; ""
        where the text does not tell whether it has it for that."""
        first, _, rest = subject.partition(" ")
        lowered = first[0].lower() + first[1:]
        if lowered in STOP_WORDS:
            return f"{lowered} {rest}"
        if rest[:1].isupper() or _leading_word(first) in self.inside:
            return subject
        return f"{lowered} {rest}".strip() if _leading_word(lowered) in self.plain else ""


def _leading_word(token: str) -> str:
    found = _PLAIN_WORD.match(token)
    return found[0] if found else token


def stands_alone(question: str, title: str) -> bool:
    """True where the question names what it is about, or it is in the title."""
    asked = question.partition(" ")[2]
    if len(question) > MAX_QUESTION_CHARS or _OPEN_WORD.search(asked):
        return False
    names = [name for name in find_names(question) if name.text.lower() not in DATE_WORDS]
    keys = content_keys(question)
    in_title = keys & content_keys(title) and not _INDEFINITE.search(question)
    return len(keys) >= MIN_WORDS and bool(names or in_title)


def _statements(document: Document, units: Iterable[Unit]) -> Iterator[SuggestedQuestion]:
    """ "What did NAME say?", once for each person or company that says something."""
    seen = set[str]()
    for unit in units:
        if not unit.is_evidence:
            continue
        for found in _SPEAKER.finditer(" ".join(unit.text(document.text).split())):
            name = re.sub("^The ", "the ", found["before"] or found["after"])
            first, key = name.split(" ")[0], name.rsplit(" ", 1)[-1]
            is_name = first == "the" or first.lower() not in STOP_WORDS
            if is_name and key == without_possessive(key) and key not in seen:
                seen.add(key)
                yield _made(document, unit, f"What did {name} say?")


def _definition(
    document: Document, units: Iterable[Unit], forms: WordForms
) -> Iterator[SuggestedQuestion]:
    """ "What is Lake X?" of an article about Lake X that begins with "Lake X is a …"."""
    first = next((unit for unit in units if unit.is_evidence), None)
    found = _DEFINED.match(first.text(document.text)) if first else None
    if first is None or found is None:
        return
    subject = forms.inside_sentence(found["subject"])
    if subject and content_keys(subject) == content_keys(document.title):
        persons, things = (len(each.findall(document.text)) for each in (_PERSON, _THING))
        word = "Who" if persons > things and not subject.startswith("the ") else "What"
        yield _made(document, first, f"{word} {found['verb']} {subject}?")


def _headings(document: Document, units: Iterable[Unit]) -> Iterator[SuggestedQuestion]:
    """A heading that is a question, and "What are the fees in “TITLE”?" of a list or table under
    the heading "Fees"."""
    seen = set[str]()
    for unit in units:
        heading = unit.headings[-1] if unit.headings else ""
        if heading in seen or not unit.is_evidence:
            continue
        seen.add(heading)
        plural = _PLURAL_HEADING.fullmatch(heading)
        if heading.endswith("?") and _is_clear(heading):
            yield _made(document, unit, heading)
        elif plural and unit.role in ("item", "row"):
            text = f"What are the {plural[1].lower()} in “{short_title(document.title)}”?"
            yield _made(document, unit, text)


def _is_clear(heading: str) -> bool:
    """True for a heading that a reader may ask as it is."""
    if len(heading) > MAX_QUESTION_CHARS or _MARKUP.search(heading):
        return False
    open_words = {found.lower() for found in _OPEN_WORD.findall(heading)}
    if "i" in open_words:
        open_words -= _ADDRESSED_WORDS
    return len(content_keys(heading)) >= MIN_HEADING_WORDS and open_words <= _READERS_WORDS


def _table_values(document: Document, units: Iterable[Unit]) -> Iterator[SuggestedQuestion]:
    """ "What is the greatest depth of Lake Vane?" of a table of two columns about what the title
    names."""
    title = " ".join(document.title.split())
    if not _TITLE_NAME.fullmatch(title):
        return
    for unit in units:
        cells = [cell.strip() for cell in unit.text(document.text).strip(" |\n").split("|")]
        if unit.role == "row" and len(cells) == 2 and all(cells) and _CELL.fullmatch(cells[0]):
            yield _made(document, unit, f"What is the {cells[0].lower()} of {title}?")
