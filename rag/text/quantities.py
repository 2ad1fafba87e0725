"""Numbers in a text with their units, in digits, words and fractions.

English is read by its own words; of other languages those for scales, measures and currencies are
known, and numerals in Chinese characters.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache

from rag.text.folding import THIN_SPACE, fold, fold_with_places
from rag.text.language import STOP_WORDS, language_of
from rag.text.number_words import NumberWords, number_words
from rag.text.spaceless import CHARACTERS, has_spaceless


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

_HAN_SCALES = "千万萬億亿兆"

_HAN_MEASURES = {
    "年": "year", "月": "month", "日": "day", "週": "week", "周": "week", "天": "day",
    "小时": "hour", "小時": "hour", "時間": "hour", "分钟": "minute", "分鐘": "minute",
    "分間": "minute", "秒": "second", "公里": "kilometre", "キロ": "kilometre", "千米": "kilometre",
    "米": "metre", "メートル": "metre", "吨": "ton", "噸": "ton", "トン": "ton", "公斤": "kilogram",
    "元": "¥", "円": "¥", "美元": "$", "ドル": "$", "欧元": "€", "歐元": "€", "ユーロ": "€",
}  # fmt: skip

_HAN_MEASURE = "|".join(sorted(_HAN_MEASURES, key=len, reverse=True))

# Separators of thousands that cannot be anything else between digits.
_SEPARATORS = f"'’{THIN_SPACE}"

# Groups with a plain space, which may also stand between two numbers: "rooms 12 300".
_SPACED = re.compile(
    r"(?<![\d.,])(?<!\d )(\d{1,3})((?: \d{3})+)(?![\d,]|\.\d| \d)(?=\s*([^\W\d_]+|[%$€£¥°])?)"
)
_WORD_BEFORE = re.compile(r"([^\W\d_]+)[ (]*$")


def _pattern_of(digits: str, scales: str, measures: str) -> re.Pattern[str]:
    return re.compile(
        rf"""(?<![^\W{CHARACTERS}])(?<![.,])(?P<currency>US\$|[$€£¥])?\s?
        (?:(?P<digits>{digits})(?:st|nd|rd|th)?
           |(?P<words>(?:{_SPELLED})(?:[-\s](?:{_SPELLED}))*)\b)
        (?:[\s-]?(?P<scale>(?:{scales})\b(?:\.(?=\s?(?:{measures})\b))?|[{_HAN_SCALES}]{{1,2}}))?
        (?:\s?(?P<sign>[%％€£¥])|[\s-]?(?:(?P<measure>{measures})s?\b|(?P<han>{_HAN_MEASURE})))?""",
        re.VERBOSE | re.IGNORECASE,
    )


_QUANTITY = _pattern_of(
    rf"\d{{1,3}}(?:[,{_SEPARATORS}]\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?",
    "thousand|million|billion|trillion|[kmb]n?|tn",
    _MEASURE,
)

_FRACTION = re.compile(
    r"\b(?P<count>an?|one|two|three|four)?[-\s]?(?P<part>half|third|quarter|fifth|tenth)s?\b"
    r"(?=\s+(?:of|the|as)\b|,|\.|$)",
    re.IGNORECASE,
)


def find_quantities(text: str, language: str | None = None) -> list[Quantity]:
    """Every number with its unit, in order: digits, words ("two million") and fractions.

    A bare "one" is a pronoun more often than a number, and is left out. `language` is that of the
    text; None where only the text can tell.
    """
    return list(_find_quantities(text, language or language_of(text)))


@lru_cache(maxsize=4_096)
def _find_quantities(text: str, language: str) -> tuple[Quantity, ...]:
    folded, places = fold_with_places(text)
    folded = _with_groups_marked(folded)
    words = None if language == "en" else number_words(language)
    pattern = _QUANTITY if words is None else _pattern_in(language)
    found = [q for match in pattern.finditer(folded) if (q := _quantity(match, words))]
    found += _fractions(folded)
    if has_spaceless(folded):
        found += _han_numbers(folded)
    found.sort(key=lambda quantity: quantity.start)
    return tuple(_at_its_place(quantity, text, places) for quantity in found)


def _at_its_place(quantity: Quantity, text: str, places: Sequence[int]) -> Quantity:
    start, end = places[quantity.start], places[quantity.end]
    return replace(quantity, start=start, end=end, text=text[start:end])


def without_separators(text: str, language: str = "en") -> str:
    """`text` folded, with its numbers without separators of thousands: "1 250" as "1250"; in
    another `language` than English also "1.250"."""
    marked = _with_groups_marked(fold(text))
    grouped = _GROUPED if language == "en" else _GROUPED_BY_DOTS_TOO
    return grouped.sub(lambda found: re.sub(r"\D", "", found[0]), marked)


_GROUPED = re.compile(rf"(?<![\d.,])\d{{1,3}}(?:[,{_SEPARATORS}]\d{{3}})+(?![\d,])")
_GROUPED_BY_DOTS_TOO = re.compile(
    rf"(?<![\d.,])\d{{1,3}}(?:[.,{_SEPARATORS}]\d{{3}})+(?!\d|[.,]\d{{3}})"
)


def _with_groups_marked(text: str) -> str:
    """`text` with thin spaces for the plain ones that separate thousands."""
    return _SPACED.sub(_marked, text) if " " in text else text


def _marked(match: re.Match[str]) -> str:
    """Where no word follows that is counted, and no function word stands before ("is 12 300."), it
    may be two numbers."""
    following = match[3]
    counts = following is not None and following.lower() not in STOP_WORDS
    before = _WORD_BEFORE.search(match.string[max(0, match.start() - 20) : match.start()])
    if counts or before is None or before[1].lower() in STOP_WORDS:
        return match[0].replace(" ", THIN_SPACE)
    return match[0]


@cache
def _pattern_in(language: str) -> re.Pattern[str]:
    """The pattern for another language than English. Three digits after a point or comma are
    thousands."""
    words = number_words(language)
    digits = rf"\d{{1,3}}(?:[.,{_SEPARATORS}]\d{{3}})+(?:[.,]\d+)?|\d+(?:[.,]\d+)?"
    return _pattern_of(
        digits, _alternatives(words.scales), _alternatives([*words.measures, *_MEASURES])
    )


def _alternatives(words: Iterable[str]) -> str:
    found = sorted({re.escape(word) for word in words}, key=lambda word: (-len(word), word))
    return "|".join(found).replace(r"\ ", r"\s")


def _fractions(text: str) -> Iterator[Quantity]:
    for match in _FRACTION.finditer(text):
        count = NUMBER_WORDS.get((match["count"] or "one").lower(), 1.0)
        value = count * _FRACTIONS[match["part"].lower()]
        start = match.end() - len(match[0].lstrip())
        yield Quantity(value, "fraction", start, match.end(), match[0].lstrip())


# Numerals in Chinese characters: two or more, or one with what it counts.
_HAN_DIGITS = "〇零一二三四五六七八九十百千万萬億亿兆两両"
_HAN_NUMBER = re.compile(
    rf"(?<![\d{_HAN_DIGITS}])(?P<number>[{_HAN_DIGITS}]{{2,}}|[{_HAN_DIGITS}](?={_HAN_MEASURE}))"
    rf"(?P<han>{_HAN_MEASURE})?"
)


def _han_numbers(text: str) -> Iterator[Quantity]:
    for match in _HAN_NUMBER.finditer(text):
        unit = _HAN_MEASURES.get(match["han"] or "", "")
        yield Quantity(_han_value(match["number"]), unit, match.start(), match.end(), match[0])


def _han_value(number: str) -> float:
    """Of digits in a row ("二〇二三"), or of digits with tens, hundreds and so on."""
    values = [2.0 if each in "两両" else unicodedata.numeric(each) for each in number]
    if max(values) < 10:
        return float("".join(f"{value:.0f}" for value in values))
    total = group = digit = 0.0  # what is done, below the next ten thousand, before the next ten
    for value in values:
        if value >= 10_000:
            total, group, digit = total + (group + digit or 1.0) * value, 0.0, 0.0
        elif value >= 10:
            group, digit = group + (digit or 1.0) * value, 0.0
        else:
            digit = value
    return total + group + digit


def unit_of_word(word: str) -> str:
    """The unit that a word names, as in `Quantity`; "" where it names none."""
    plain = word.lower()
    return _MEASURES.get(plain) or _MEASURES.get(plain.removesuffix("s"), "")


def _quantity(match: re.Match[str], words: NumberWords | None) -> Quantity | None:
    spelled, currency = match["words"], match["currency"]
    value = _spelled(spelled) if spelled else _in_digits(match["digits"], words)
    unit = _unit(match, words)
    if match["scale"]:
        value *= _scale(match["scale"].lower().rstrip("."), words)
    if spelled and spelled.lower() == "one" and not (match["scale"] or unit):
        return None
    start = match.end() - len(match[0].lstrip())
    whole = match[0].strip()
    return Quantity(value, currency[-1] if currency else unit, start, start + len(whole), whole)


def _in_digits(digits: str, words: NumberWords | None) -> float:
    """Three digits after a point or comma are thousands in other languages than English."""
    plain = re.sub(rf"[{_SEPARATORS}]", "", digits)
    if words is None:
        return float(plain.replace(",", ""))
    whole = re.sub(r"[.,](?=\d{3}(?!\d))", "", plain)
    return float(whole.replace(",", "."))


def _scale(word: str, words: NumberWords | None) -> float:
    if word[0] in _HAN_SCALES:
        return math.prod(unicodedata.numeric(character) for character in word)
    return words.scales[" ".join(word.split())] if words else _SCALES[word]


def _unit(match: re.Match[str], words: NumberWords | None) -> str:
    sign, measure = match["sign"], " ".join((match["measure"] or "").lower().split())
    if sign:
        return "%" if sign == "％" else str(sign)
    if match["han"]:
        return _HAN_MEASURES[match["han"]]
    own = words.measures.get(measure) or words.measures.get(f"{measure}s") if words else None
    return own or _MEASURES.get(measure, "")


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
