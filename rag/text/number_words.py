"""How languages write numbers: the words for millions, for measures and for currencies. From the
data of CLDR, by way of Babel."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

# The units of CLDR, by those of `rag.text.quantities`.
_UNITS = {
    "metre": "length-meter", "kilometre": "length-kilometer", "mile": "length-mile",
    "foot": "length-foot", "kilogram": "mass-kilogram", "gram": "mass-gram",
    "ton": "mass-tonne", "litre": "volume-liter", "second": "duration-second",
    "minute": "duration-minute", "hour": "duration-hour", "day": "duration-day",
    "week": "duration-week", "month": "duration-month", "year": "duration-year",
    "decade": "duration-decade", "acre": "area-acre", "hectare": "area-hectare",
    "%": "concentr-percent",
}  # fmt: skip
_CURRENCIES = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY"}
_COUNTS = (1, 2, 5)  # the plurals of most languages
_LETTERS = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True, slots=True)
class NumberWords:
    """The words in lower case: `scales` by what they multiply, `measures` by the unit."""

    scales: Mapping[str, float]
    measures: Mapping[str, str]


@cache
def number_words(language: str) -> NumberWords:
    """Those of a language by its code of ISO 639-1."""
    from babel import Locale

    measures = {word: unit for word, unit in _measures(language) if word}
    return NumberWords(dict(_scales(Locale.parse(language))), measures)


def _scales(locale: object) -> Iterator[tuple[str, float]]:
    """From patterns such as "00 Millionen" for 10,000,000."""
    for plurals in getattr(locale, "compact_decimal_formats").values():  # noqa: B009
        for patterns in plurals.values():
            for power, pattern in patterns.items():
                text = getattr(pattern, "pattern", str(pattern))
                zeros = text.count("0")
                word = " ".join(_LETTERS.findall(text)).lower()
                if zeros and word:
                    yield word, float(power) / 10 ** (zeros - 1)


def _measures(language: str) -> Iterator[tuple[str, str]]:
    from babel.numbers import get_currency_name
    from babel.units import format_unit

    for count in _COUNTS:
        for unit, name in _UNITS.items():
            for length in ("long", "short"):
                text = format_unit(count, name, length, locale=language)
                yield " ".join(_LETTERS.findall(text)).lower(), unit
        for sign, code in _CURRENCIES.items():
            words = _LETTERS.findall(get_currency_name(code, count, language))
            yield " ".join(words).lower(), sign
