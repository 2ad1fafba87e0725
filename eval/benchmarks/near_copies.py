"""Near copies with one thing changed: how many are found, and how often two texts that only look
alike raise an alarm.

Poisoned copies are made here of the articles in eval/cases/broad: one figure, date or name of a
unit is changed, or a "not" put in or taken out, and the unit is stored beside the truth with the
whole article copied, with its neighbours, or alone; once the truth is cited, and once the copy. No
alarm may come of the articles themselves, nor of the pairs that do not contradict in the shipped
sets. No language model.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, get_args

from eval.benchmarks.disagreement import (
    BLIND,
    CASES,
    FREER,
    read_disagreement_cases,
    store_articles,
)
from eval.benchmarks.result_tables import Line, Table, mean_line
from rag import Library
from rag.internals import (
    DATE_WORDS,
    Unit,
    chunk_document,
    find_names,
    find_near_copies,
    find_quantities,
    parse_units,
)
from rag.settings import Settings
from rag.types import Citation, Claim, Document, Span

NAME = "near-copies"
ARTICLES = CASES.parent / "broad" / "articles"
LOOK_ALIKES = CASES.with_name("look_alikes.jsonl")
COLUMN = "told"

Kind = Literal["number", "date", "name", "not"]
Extent = Literal["whole article", "with its neighbours", "alone"]

_INVENTED = ("Ostrava", "Quillan", "Vandermere", "Thackett", "Brunswold", "Ilmarsen")
_MONTHS = "January February March April June July August September October November".split()
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_MONTH = re.compile(rf"\b(?:{'|'.join(_MONTHS)})\b")
_DAY = re.compile(rf"\b(?:{'|'.join(_DAYS)})\b")
_YEAR = re.compile(r"\b(?:1[89]|20)\d\d\b")
_AUXILIARY = re.compile(r"\b(?:is|are|was|were|has|have|had|will|can|must|should|could)\b(?! not)")
_NOT = re.compile(r" not\b(?! only)")


@dataclass(frozen=True, slots=True)
class Poisoned:
    """A copy of a unit in which one thing is another."""

    kind: Kind
    article: Document
    unit: Unit
    text: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether a contradiction was told, and the seconds that it took."""

    cluster: str
    told: bool
    seconds: float


# --- poisoned copies --------------------------------------------------------------------------


def read_articles(folder: Path = ARTICLES) -> list[Document]:
    """The articles, titled by their first line."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.iterdir())}
    return [
        Document.of(name, _title(text), name, text) for name, text in texts.items() if text.strip()
    ]


def _title(text: str) -> str:
    lines = (line.strip("# ") for line in text.splitlines())
    return next(each for each in lines if each and not re.match(r"---|\w+:", each))


def poison(article: Document, chance: random.Random) -> Iterator[Poisoned]:
    """At most one copy of each kind for each unit of an article."""
    for unit in parse_units(article.text):
        if unit.is_evidence:
            text = unit.text(article.text)
            for kind, change in _CHANGES.items():
                if changed := list(change(text, chance)):
                    yield Poisoned(kind, article, unit, chance.choice(changed))


def _numbers(text: str, chance: random.Random) -> Iterator[str]:
    years = {match.start() for match in _YEAR.finditer(text)}
    for each in find_quantities(text):
        digits = re.search(r"\d[\d,.]*\d|\d", text[each.start : each.end])
        if digits and each.start + digits.start() not in years and not _near_month(text, each.end):
            start = each.start + digits.start()
            yield text[:start] + _other_number(digits[0], chance) + text[start + len(digits[0]) :]


def _near_month(text: str, end: int) -> bool:
    return bool(re.match(rf"\s(?:{'|'.join(_MONTHS)})", text[end:]))


def _other_number(digits: str, chance: random.Random) -> str:
    """Another first digit, so that it is no rounding."""
    first = int(digits[0])
    return f"{chance.choice([each for each in range(1, 10) if abs(each - first) > 1])}{digits[1:]}"


def _dates(text: str, chance: random.Random) -> Iterator[str]:
    for pattern, choices in ((_MONTH, _MONTHS), (_DAY, _DAYS)):
        for match in pattern.finditer(text):
            other = chance.choice([each for each in choices if each not in text])
            yield text[: match.start()] + other + text[match.end() :]
    for match in _YEAR.finditer(text):
        other = str(int(match[0]) + chance.choice((-11, -4, 3, 7)))
        yield text[: match.start()] + other + text[match.end() :]


def _names(text: str, chance: random.Random) -> Iterator[str]:
    for name in find_names(text):
        plain = name.text.lower().removesuffix("s") not in DATE_WORDS
        inside = re.search(r"[a-z],? $", text[: name.start])
        if plain and inside and re.fullmatch(r"[A-Z][a-z]{2,}", name.text):
            yield text[: name.start] + chance.choice(_INVENTED) + text[name.end :]


def _nots(text: str, chance: random.Random) -> Iterator[str]:
    for match in _AUXILIARY.finditer(text):
        yield f"{text[: match.end()]} not{text[match.end() :]}"
    for match in _NOT.finditer(text):
        yield text[: match.start()] + text[match.end() :]


_CHANGES: Mapping[Kind, Callable[[str, random.Random], Iterator[str]]] = {
    "number": _numbers,
    "date": _dates,
    "name": _names,
    "not": _nots,
}


def copy_of(poisoned: Poisoned, extent: Extent) -> tuple[Document, Span]:
    """The document that holds the copy, and where."""
    text, unit = poisoned.article.text, poisoned.unit
    start, end, title = 0, len(text), poisoned.article.title
    if extent == "alone":
        start, end, title = unit.start, unit.end, "Notice"
    elif extent == "with its neighbours":
        units = [each for each in parse_units(text) if each.is_evidence]
        place = units.index(unit)
        start, end = units[max(0, place - 2)].start, units[min(len(units) - 1, place + 2)].end
        title = "Notice"
    before = text[start : unit.start]
    whole = before + poisoned.text + text[unit.end : end]
    document = Document.of("copy.txt", title, "copy.txt", whole)
    return document, Span(document.id, len(before), len(before) + len(poisoned.text))


def compare_copy(poisoned: Poisoned, extent: Extent, library: Library) -> list[Outcome]:
    """With the truth cited, and with the copy cited."""
    copy, span = copy_of(poisoned, extent)
    library.put(copy, chunk_document(copy))
    truth = Span(poisoned.article.id, poisoned.unit.start, poisoned.unit.end)
    try:
        return [_cite(each, library, poisoned.article.id) for each in (truth, span)]
    finally:
        library.remove(copy.id)


def _cite(span: Span, library: Library, cluster: str) -> Outcome:
    quote = library.text(span)
    claim = Claim(quote, (Citation(1, span, quote),))
    started = time.perf_counter()
    found = find_near_copies([claim], [], library)
    return Outcome(cluster, bool(found), time.perf_counter() - started)


# --- measuring --------------------------------------------------------------------------------


def measure(data: Path, settings: Settings, part: slice) -> list[Table]:
    """Recall by kind and extent, and false alarms; `data` is not needed. `part` is of the
    articles, and of each set."""
    articles = read_articles()
    with TemporaryDirectory() as folder, Library.open(Path(folder) / "library.sqlite3") as library:
        for article in articles:
            library.put(article, chunk_document(article))
        chance = random.Random(0)  # noqa: S311
        copies = [each for article in articles[part] for each in poison(article, chance)]
        told = {
            (extent, kind): [
                outcome
                for each in copies
                if each.kind == kind
                for outcome in compare_copy(each, extent, library)
            ]
            for extent in get_args(Extent)
            for kind in get_args(Kind)
        }
        alone = [_alarms(article, library) for article in articles[part]]
    lines = [_line(f"{extent}, {kind}", found) for (extent, kind), found in told.items() if found]
    return [
        Table("Copies with one thing changed: the share that is told", (COLUMN,), tuple(lines)),
        Table(
            "Texts that do not contradict: the share with a false alarm",
            (COLUMN,),
            (_line("units of the articles", [e for each in alone for e in each]), *_quiet(part)),
        ),
    ]


def _alarms(article: Document, library: Library) -> list[Outcome]:
    units = (each for each in parse_units(article.text) if each.is_evidence)
    return [_cite(Span(article.id, each.start, each.end), library, article.id) for each in units]


def _quiet(part: slice) -> Iterator[Line]:
    sets = (("set 1", CASES), ("set 2", FREER), ("blind sets", BLIND), ("look-alikes", LOOK_ALIKES))
    for name, path in sets:
        cases = [each for each in read_disagreement_cases(path) if not each.differs][part]
        with TemporaryDirectory() as folder, Library.open(Path(folder) / "l.sqlite3") as library:
            found = []
            for case in cases:
                claim, _ = store_articles(case, library)
                found.append(_cite(claim.citations[0].span, library, case.id))
        yield _line(name, found)


def _line(name: str, found: Sequence[Outcome]) -> Line:
    values = {COLUMN: [float(each.told) for each in found]}
    return mean_line(
        name, values, [each.cluster for each in found], [each.seconds for each in found]
    )
