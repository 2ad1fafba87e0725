"""Changes of numbers, dates and units that make a sentence false.

One function for each kind of mutation; `mutations` says why what they give is false. They read
sentences with patterns of their own, not with those of the code that they test.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from eval.scorer.mutations.replacements import (
    DAYS,
    MONTHS,
    MutationContext,
    Replacement,
    Replacements,
)

# --- numbers and units ------------------------------------------------------------------------

_DIGITS = re.compile(
    r"(?<![\w.,/-])(?<![$€£]\s)(?P<n>\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?)(?![\w,./-]\w|\d|th\b|st\b|nd\b|rd\b)"
)
_SPELLED = "two three four five six seven eight nine ten eleven twelve twenty thirty fifty".split()
_BOUND = re.compile(
    r"(?i)\b(?:than|least|most|over|above|under|below|up to|nearly|almost|about|around|some|only"
    r"|roughly|approximately|to|between|and|or|from|estimated|as \w+ as)[\s$€£]*$"
)
_MONTH = rf"(?:{MONTHS.replace(' ', '|')})"
_OF_DATE = re.compile(
    rf"(?:\b{_MONTH}\.?|\b(?:No|Sept|Oct|Nov|Dec|Jan|Feb|Aug)\.|[a-z]\.|[:/])\s*$"
)


def change_number(text: str, context: MutationContext, chance: random.Random) -> Replacements:
    for match in _DIGITS.finditer(text):
        before, after = text[: match.start()], text[match.end() :]
        year = re.fullmatch(r"1[5-9]\d\d|20\d\d", match["n"])
        dated = year or _OF_DATE.search(before) or re.match(rf"\s(?:of )?{_MONTH}", after)
        named = re.search(r"[A-Z]\w*\s$", before)  # "Boeing 737"
        if not (dated or named or _BOUND.search(before)):
            yield Replacement(
                match.start(), match.end(), _other_number(match["n"], context, chance)
            )
    for match in re.finditer(rf"\b(?:{'|'.join(_SPELLED)})\b(?!-)", text):
        if not _BOUND.search(text[: match.start()]):
            new = chance.choice([word for word in _SPELLED if word not in text])
            yield Replacement(match.start(), match.end(), new)


def _other_number(number: str, context: MutationContext, chance: random.Random) -> str:
    value = float(number.replace(",", ""))
    whole = "." not in number
    near = [value + 1, value * 2, value * 10, value + 10, round(value * 0.4, 1), value - 1]
    other = [float(m["n"].replace(",", "")) for m in _DIGITS.finditer(context.around)]
    fits = [o for o in other if o != value and len(f"{o:g}") == len(f"{value:g}")]
    new = chance.choice(fits) if fits and chance.random() < 0.4 else chance.choice(near)
    if new <= 0 or (whole and int(new) == value) or new == value:
        new = value + 3
    return f"{int(new):,}" if whole and "," in number else f"{new:.0f}" if whole else f"{new:.1f}"


def change_date(text: str, context: MutationContext, chance: random.Random) -> Replacements:
    months = MONTHS.split()
    for match in re.finditer(rf"\b(?:{'|'.join(DAYS)})\b", text):
        if not re.search(r"[A-Z]\w*\s$", text[: match.start()]):  # "Black Friday"
            yield Replacement(*match.span(), chance.choice([d for d in DAYS if d not in text]))
    for match in re.finditer(
        rf"\b{_MONTH}(?=\s\d)|(?<=\b[iIoO]n )(?:early |late )?{_MONTH}\b", text
    ):
        start = match.end() - len(match[0].split()[-1])
        yield Replacement(start, match.end(), chance.choice([m for m in months if m not in text]))
    for match in re.finditer(r"(?<![\w$€£.,’'-])(?:1[89]|20)\d\d(?![\w,.]\d|[\w-])", text):
        if not re.match(r"\s(?:people|[a-z]+s)\b", text[match.end() :]):
            years = [int(match[0]) + by for by in (-10, -4, -2, -1, 1, 2, 5)]
            new = chance.choice([f"{year}" for year in years if f"{year}" not in text])
            yield Replacement(*match.span(), new)
    for match in re.finditer(rf"(?<=\b)({_MONTH}) (\d{{1,2}})\b(?![:%])", text):
        day = int(match[2])
        new = chance.choice([f"{d}" for d in range(1, 29) if d != day and f"{d}" not in text])
        yield Replacement(match.start(2), match.end(2), new)


_UNITS: tuple[tuple[str, Sequence[str]], ...] = (
    (r"(?<=\d)(?:%| percent\b| per cent\b)", (" dollars", " people", " million", " tons")),
    (r"[$](?=\d)", ("€", "£")),
    (r"[€£](?=\d)", ("$",)),
    (r"(?<=\d )million\b", ("billion", "thousand")),
    (r"(?<=\d )billion\b", ("million", "trillion")),
    (r"(?<=\d )(?:kilometers|kilometres|km)\b", ("miles", "metres")),
    (r"(?<=\d )miles\b", ("kilometers", "feet")),
    (r"(?<=\d )(?:feet|meters|metres)\b", ("inches", "miles")),
    (r"(?<=\d )(?:kg|kilograms|pounds)\b", ("tons", "grams")),
    (r"(?<=\d )(?:tons|tonnes)\b", ("kilograms",)),
    (r"(?<=\d )years\b", ("months", "decades")),
    (r"(?<=\d )months\b", ("years", "weeks")),
    (r"(?<=\d )weeks\b", ("months", "days")),
    (r"(?<=\d )days\b", ("weeks", "hours")),
    (r"(?<=\d )hours\b", ("minutes", "days")),
    (r"(?<=\d )minutes\b", ("hours", "seconds")),
)


def change_unit(text: str, context: MutationContext, chance: random.Random) -> Replacements:
    for pattern, others in _UNITS:
        for match in re.finditer(pattern, text):
            yield Replacement(*match.span(), chance.choice(others))
