"""The settings in the page, without a browser: what they say of models, and the list of keys."""

from __future__ import annotations

import pytest

from rag.settings import load_settings
from ui.page_settings import CHOICES
from ui.settings_summary import ConfiguredModel, configured_models
from ui.views import settings_dialog
from ui.views.settings_dialog import SHORTCUTS, settings_button

SERVER = "http://models.example:8080/v1"
NASTY = "<script>alert(1)</script>"


def names(**settings: str) -> list[tuple[str, str, bool]]:
    found = configured_models(load_settings(**settings))
    return [(each.name, each.setting, each.is_used) for each in found]


def test_the_model_in_use_comes_first_and_is_named_once() -> None:
    first, *others = names(model="none")
    assert first == ("no language model", "FOOTNOTE_MODEL=none", True)
    assert [each[2] for each in others] == [False] * len(others)
    assert ("the embedded model", "FOOTNOTE_MODEL=local", False) in others


def test_a_server_that_is_set_up_is_told_with_its_host_and_no_secret() -> None:
    used, *others = configured_models(
        load_settings(llm_base_url=SERVER, model="big", api_key="sesame")
    )
    assert (used.name, used.place, used.is_used) == ("big", "models.example:8080", True)
    assert "sesame" not in repr([used, *others])
    assert any(each.setting == "FOOTNOTE_MODEL=none" for each in others)


def test_a_server_that_is_not_used_is_among_the_others() -> None:
    found = names(llm_base_url=SERVER, model="local")
    assert ("the first model that the server lists", "FOOTNOTE_MODEL=", False) in found


def test_each_setting_chooses_the_model_that_it_is_named_for() -> None:
    settings = load_settings(llm_base_url=SERVER, model="local")
    for each in configured_models(settings):
        chosen = settings.model_copy(update={"model": each.setting.partition("=")[2] or None})
        assert configured_models(chosen)[0].name == each.name


def test_without_the_embedded_model_it_is_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.settings_summary.find_spec", lambda _: None)
    assert all(name != "the embedded model" for name, _, _ in names(model="none"))
    assert names(model="local")[0][0] == "the embedded model"  # it is in use all the same


def test_names_from_outside_are_escaped() -> None:
    page = settings_button([ConfiguredModel(NASTY, NASTY, NASTY, False)], NASTY)
    assert "<script" not in page


def test_every_choice_has_words() -> None:
    page = settings_button([], "")
    for name, values in CHOICES.items():
        for value in values:
            assert f'value="{value}"' in page, (name, value)
    assert {name: tuple(words) for name, words in settings_dialog.WORDS.items()} == {
        name: values for name, values in CHOICES.items() if name != "language"
    }


def test_no_key_stands_for_two_things() -> None:
    keys = [key for key, _, _ in SHORTCUTS]
    assert len(keys) == len(set(keys))
