"""The words of the page in the language that a person has chosen.

The English text in the code is the key; `translations/LANGUAGE.json` holds the others. Outside of a
request from the page, in the terminal and in files, the language is English.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path

from ui.page_settings import current_settings

FOLDER = Path(__file__).parent / "translations"
SCRIPTS = Path(__file__).parent / "assets"
_SAID_BY_SCRIPT = re.compile(r'\bsay\("([^"]+)"')
_DAY_FIELDS = {"EEEE": "%A", "MMMM": "%B", "MMM": "%b", "y": "%Y"}

Plurals = dict[str, str]
"""A text for each plural form of a language (CLDR: one, few, many, other…)."""


def translate(english: str, **values: object) -> str:
    """`english` in the current language, its ``{placeholders}`` filled with `values`.

    What has no translation stays English. `values` are put in as they are: escape them before, or
    the result after.
    """
    found = catalogue(current_settings().language).get(english, english)
    text = found if isinstance(found, str) else english
    return text.format(**values) if values else text


def translate_count(number: int, one: str, other: str, **values: object) -> str:
    """The text for `number` things, which stands for ``{n}``: `one` or `other` in English, and the
    plural form that the language has for it elsewhere."""
    language = current_settings().language
    found = catalogue(language).get(one)
    if not isinstance(found, dict):
        found = {"one": one, "other": other}
    text = found.get(_plural_form(language, number)) or found["other"]
    return text.format(n=format_number(number), **values)


def to_translate(english: str) -> str:
    """Marks a text that is translated where it is shown; it stays as it is."""
    return english


def format_number(number: int) -> str:
    """A whole number with the thousands of the current language set apart."""
    language = current_settings().language
    if language == "en":
        return f"{number:,}"
    from babel.numbers import format_decimal

    return str(format_decimal(number, locale=language))


def format_day(day: date, pattern: str) -> str:
    """A date in the current language. `pattern` has fields of CLDR (``d MMM y``) and is translated
    as texts are."""
    language = current_settings().language
    if language != "en":
        from babel.dates import format_date

        return str(format_date(day, translate(pattern), locale=language))
    fields = {field: day.strftime(code) for field, code in _DAY_FIELDS.items()} | {
        "d": str(day.day)
    }
    return re.sub("|".join(fields), lambda found: fields[found[0]], pattern)


def format_list(parts: Sequence[str]) -> str:
    """``a, b and c`` in the current language."""
    language = current_settings().language
    if language == "en":
        return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))
    from babel.lists import format_list as joined

    return str(joined(list(parts), locale=language))


@cache
def catalogue(language: str) -> Mapping[str, str | Plurals]:
    """English texts and what they are in `language`; nothing for English itself."""
    if language == "en":
        return {}
    found = json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    return dict(found)


@cache
def script_texts(language: str) -> Mapping[str, str]:
    """The part of the catalogue that the page's scripts use, for the browser."""
    scripts = (path.read_text(encoding="utf-8") for path in SCRIPTS.glob("*.js"))
    said = {text for script in scripts for text in _SAID_BY_SCRIPT.findall(script)}
    known = catalogue(language)
    return {text: str(known[text]) for text in sorted(said) if text in known}


def _plural_form(language: str, number: int) -> str:
    if language == "en":
        return "one" if number == 1 else "other"
    return str(_plural_rule(language)(number))


@cache
def _plural_rule(language: str):  # type: ignore[no-untyped-def]
    from babel import Locale

    return Locale(language).plural_form
