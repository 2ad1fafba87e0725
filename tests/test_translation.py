"""The words of the page in other languages: all of them, with their numbers and placeholders."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from string import Formatter

import pytest
from babel import Locale

from ui.page_settings import CHOICES, LANGUAGES, PageSettings, preferred_language, using_settings
from ui.translation import (
    FOLDER,
    SCRIPTS,
    catalogue,
    format_day,
    format_list,
    format_number,
    script_texts,
    translate,
    translate_count,
)

UI = Path(__file__).parents[1] / "ui"
OTHERS = [language for language in LANGUAGES if language != "en"]


def calls(name: str) -> Iterator[ast.Call]:
    """The calls of a function of `ui.translation` in the program."""
    for path in sorted(UI.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == name:
                yield node


def literals(call: ast.Call) -> list[str]:
    return [
        each.value
        for each in call.args
        if isinstance(each, ast.Constant) and isinstance(each.value, str)
    ]


def used_texts() -> set[str]:
    """Every text that the page may show in another language."""
    shown = {text for name in ("translate", "to_translate") for each in calls(name)
             for text in literals(each)}  # fmt: skip
    said = re.compile(r'\bsay\("([^"]+)"')
    scripts = [path.read_text(encoding="utf-8") for path in SCRIPTS.glob("*.js")]
    return shown | {text for script in scripts for text in said.findall(script)}


def counted_texts() -> dict[str, str]:
    """The texts with a number: what stands for one thing, and for several."""
    return {texts[0]: texts[1] for each in calls("translate_count") if (texts := literals(each))}


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_texts_to_translate_are_written_out() -> None:
    """What is put together at run time cannot be found in a catalogue."""
    for name in ("translate", "to_translate"):
        for call in calls(name):
            assert not isinstance(call.args[0], ast.JoinedStr | ast.BinOp), ast.unparse(call)
    for call in calls("translate_count"):
        assert len(literals(call)) == 2, ast.unparse(call)


def test_there_is_a_file_for_each_language() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(OTHERS)


@pytest.mark.parametrize("language", OTHERS)
def test_a_catalogue_has_every_text_and_no_other(language: str) -> None:
    texts = used_texts() | counted_texts().keys()
    assert len(texts) > 100
    assert texts - catalogue(language).keys() == set()
    assert catalogue(language).keys() - texts == set()


@pytest.mark.parametrize("language", OTHERS)
def test_translations_have_the_placeholders_of_the_english_text(language: str) -> None:
    for english, found in catalogue(language).items():
        for text in found.values() if isinstance(found, dict) else [found]:
            assert placeholders(text) == placeholders(english), english
            assert text.strip(), english


@pytest.mark.parametrize("language", OTHERS)
def test_a_text_with_a_number_has_every_plural_form(language: str) -> None:
    """ "many" of Spanish is for whole millions, and is written as "other"."""
    forms = {"other", *Locale(language).plural_form.tags} - {"many"}
    for english in counted_texts():
        found = catalogue(language)[english]
        assert isinstance(found, dict), english
        assert found.keys() == forms, english


@pytest.mark.parametrize(
    ("language", "one", "many"),
    [
        ("en", "Checked 1 sentence", "Checked 12,345 sentences"),
        ("de", "1 Satz geprüft", "12.345 Sätze geprüft"),
        ("es", "1 frase comprobada", "12.345 frases comprobadas"),
        ("zh", "已检查 1 个句子", "已检查 12,345 个句子"),
    ],
)
def test_numbers_and_plurals_follow_the_language(language: str, one: str, many: str) -> None:
    with using_settings(PageSettings(language=language)):
        texts = ("Checked {n} sentence", "Checked {n} sentences")
        assert [translate_count(n, *texts) for n in (1, 12_345)] == [one, many]
        assert many.find(format_number(12_345)) >= 0


@pytest.mark.parametrize("language", OTHERS)
def test_no_translation_is_markup(language: str) -> None:
    """Texts stand in HTML, and in attributes, as they are."""
    for found in catalogue(language).values():
        for text in found.values() if isinstance(found, dict) else [found]:
            assert not re.search('[<>&"]', text), text


@pytest.mark.parametrize("language", OTHERS)
def test_what_scripts_say_has_one_form(language: str) -> None:
    assert all(isinstance(catalogue(language)[text], str) for text in script_texts(language))


@pytest.mark.parametrize(
    ("language", "short", "long", "listed"),
    [
        ("en", "3 Nov 2025", "Monday 3 November 2025", "a, b and c"),
        ("de", "3. Nov. 2025", "Montag, 3. November 2025", "a, b und c"),
        ("es", "3 nov 2025", "lunes, 3 de noviembre de 2025", "a, b y c"),
        ("zh", "2025年11月3日", "2025年11月3日星期一", "a、b和c"),
    ],
)
def test_dates_and_lists_follow_the_language(
    language: str, short: str, long: str, listed: str
) -> None:
    with using_settings(PageSettings(language=language)):
        day = date(2025, 11, 3)
        assert [format_day(day, each) for each in ("d MMM y", "EEEE d MMMM y")] == [short, long]
        assert format_list(["a", "b", "c"]) == listed


def test_what_no_catalogue_has_stays_english() -> None:
    with using_settings(PageSettings(language="de")):
        assert translate("A lamp of {colour}", colour="brass") == "A lamp of brass"
        assert translate_count(2, "{n} lamp", "{n} lamps") == "2 lamps"


def test_values_are_not_read_as_placeholders() -> None:
    assert translate("{model} is ready.", model="{0.__class__}") == "{0.__class__} is ready."


def test_outside_of_a_request_the_language_is_english() -> None:
    with using_settings(PageSettings(language="es")):
        assert translate("New") == "Nueva"
    assert translate("New") == "New"


def test_scripts_get_the_texts_that_they_show() -> None:
    assert script_texts("de")["Copied"] == "Kopiert"
    assert not script_texts("en")


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("fr, es;q=0.5, zh;q=0.7", "zh"),
        ("fr-FR,fr", "en"),
        ("en;q=0.1, zh-CN;q=0", "en"),
        ("de;q=abc, ES", "es"),
        ("*" * 10_000, "en"),
    ],
)
def test_the_language_is_the_one_that_the_browser_likes_best(header: str, language: str) -> None:
    assert preferred_language(header) == language


def test_a_cookie_wins_and_a_strange_one_counts_as_none() -> None:
    settings = PageSettings.of(
        {"footnote_language": "zh", "footnote_theme": '"><script>', "footnote_text": "large"}, "de"
    )
    assert settings == PageSettings(language="zh", text="large")
    assert all(getattr(settings, name) in values for name, values in CHOICES.items())
