"""Numbers in a text with their units, in digits, words and fractions."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number in a text: `value` after scaling, `unit` "" where it has none.

    `unit` is "%", a currency sign, "fraction", or a measure such as "year" or "kilometre".
    """

    value: float
    unit: str
    start: int
    end: int
    text: str


_UNITS = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen"

_UNITS += " fifteen sixteen seventeen eighteen nineteen"

_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"

NUMBER_WORDS = {word: float(value) for value, word in enumerate(_UNITS.split())}

NUMBER_WORDS |= {word: 20.0 + 10 * rank for rank, word in enumerate(_TENS.split())}

NUMBER_WORDS |= {"dozen": 12.0}

_SCALES = {"hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}

_SCALES |= {"k": 1e3, "m": 1e6, "mn": 1e6, "bn": 1e9, "b": 1e9, "tn": 1e12}

_FRACTIONS = {"half": 1 / 2, "third": 1 / 3, "quarter": 1 / 4, "fifth": 1 / 5, "tenth": 1 / 10}

_MEASURES = {
    "percent": "%", "per cent": "%", "pct": "%", "percentage point": "point", "point": "point",
    "dollar": "$", "euro": "€", "pound": "£", "yuan": "¥", "yen": "¥", "kilometre": "kilometre",
    "kilometer": "kilometre", "km": "kilometre", "mile": "mile", "metre": "metre",
    "meter": "metre", "foot": "foot", "feet": "foot", "kilogram": "kilogram", "kg": "kilogram",
    "gram": "gram", "tonne": "ton", "ton": "ton", "litre": "litre", "liter": "litre",
    "second": "second", "minute": "minute", "hour": "hour", "day": "day", "week": "week",
    "month": "month", "year": "year", "decade": "decade", "degree": "degree", "acre": "acre",
    "hectare": "hectare", "barrel": "barrel",
}  # fmt: skip

_MEASURE = "|".join(re.escape(name) for name in sorted(_MEASURES, key=len, reverse=True))

AMOUNT_STEMS = frozenset(
    [*NUMBER_WORDS, *_SCALES, *_FRACTIONS, "twenti", "thirti", "percent", "cent"]
)

# Units without which a number says something else.
STRICT_UNITS = frozenset(["%", "$", "€", "£", "¥", "fraction", "point", "age"])

_SPELLED = "|".join([*NUMBER_WORDS, "hundred"])

_QUANTITY = re.compile(
    rf"""(?<![\w.,])(?P<currency>US\$|[$€£¥])?\s?
    (?:(?P<digits>\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?)(?:st|nd|rd|th)?
       |(?P<words>(?:{_SPELLED})(?:[-\s](?:{_SPELLED}))*)\b)
    (?:[\s-]?(?P<scale>thousand|million|billion|trillion|[kmb]n?|tn)\b)?
    (?:\s?(?P<sign>%)|[\s-]?(?P<measure>{_MEASURE})s?\b)?""",
    re.VERBOSE | re.IGNORECASE,
)

_FRACTION = re.compile(
    r"\b(?P<count>an?|one|two|three|four)?[-\s]?(?P<part>half|third|quarter|fifth|tenth)s?\b"
    r"(?=\s+(?:of|the|as)\b|,|\.|$)",
    re.IGNORECASE,
)


def find_quantities(text: str) -> list[Quantity]:
    """Every number with its unit, in order: digits, words ("two million") and fractions.

    A bare "one" is a pronoun more often than a number, and is left out.
    """
    found = [q for match in _QUANTITY.finditer(text) if (q := _quantity(match))]
    for match in _FRACTION.finditer(text):
        count = NUMBER_WORDS.get((match["count"] or "one").lower(), 1.0)
        value = count * _FRACTIONS[match["part"].lower()]
        found.append(Quantity(value, "fraction", match.start(), match.end(), match[0].strip()))
    return sorted(found, key=lambda quantity: quantity.start)


def unit_of_word(word: str) -> str:
    """The unit that a word names, as in `Quantity`; "" where it names none."""
    plain = word.lower()
    return _MEASURES.get(plain) or _MEASURES.get(plain.removesuffix("s"), "")


def _quantity(match: re.Match[str]) -> Quantity | None:
    words, currency, measure = match["words"], match["currency"], match["measure"]
    value = _spelled(words) if words else float(match["digits"].replace(",", ""))
    if match["scale"]:
        value *= _SCALES[match["scale"].lower()]
    if words and words.lower() == "one" and not (match["scale"] or measure or match["sign"]):
        return None
    unit = "%" if match["sign"] else _MEASURES.get((measure or "").lower(), "")
    if currency:
        unit = currency[-1]
    raw = match[0]
    start = match.start() + len(raw) - len(raw.lstrip())
    return Quantity(value, unit, start, match.end(), raw.strip())


def _spelled(words: str) -> float:
    total = 0.0
    for word in re.split(r"[-\s]", words.lower()):
        total = max(total, 1) * 100 if word == "hundred" else total + NUMBER_WORDS[word]
    return total


def same_amount(first: Quantity, second: Quantity) -> bool:
    """True when the two are the same amount. A unit that only one of them names is forgiven,
    except for `STRICT_UNITS`."""
    if abs(first.value - second.value) > 1e-9 * max(1.0, abs(first.value)):
        return False
    units = {first.unit, second.unit}
    return len(units) == 1 or ("" in units and not units & STRICT_UNITS)
