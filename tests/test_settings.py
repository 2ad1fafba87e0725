"""Settings: where they come from, which win, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rag.errors import SettingsError
from rag.settings import Settings, load_settings

HERE, ELSEWHERE = "http://127.0.0.1:8080/v1", "https://models.example/v1"


def environment(monkeypatch: pytest.MonkeyPatch, **values: str) -> Settings:
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return load_settings()


# --- where they come from ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "field", "expected"),
    [
        ("FOOTNOTE_DATA_DIR", "/srv/footnote", "data_dir", Path("/srv/footnote")),
        ("FOOTNOTE_CACHE_DIR", "/srv/cache", "cache_dir", Path("/srv/cache")),
        ("FOOTNOTE_MODEL", "some-model", "model", "some-model"),
        ("FOOTNOTE_MODEL_PATH", "/m.gguf", "model_path", Path("/m.gguf")),
        ("FOOTNOTE_LLM_BASE_URL", HERE, "llm_base_url", HERE),
        ("FOOTNOTE_TEMPERATURE", "0.5", "temperature", 0.5),
        ("FOOTNOTE_TIMEOUT_S", "7", "timeout_s", 7.0),
        ("FOOTNOTE_THREADS", "3", "threads", 3),
        ("FOOTNOTE_EMBEDDING_MODEL", "e", "embedding_model", "e"),
        ("FOOTNOTE_EMBEDDING_BASE_URL", HERE, "embedding_base_url", HERE),
        ("FOOTNOTE_K", "9", "k", 9),
        ("FOOTNOTE_BUDGET_TOKENS", "400", "budget_tokens", 400),
        ("FOOTNOTE_MAX_TOKENS", "99", "max_tokens", 99),
        ("FOOTNOTE_MAX_QUESTION_CHARS", "80", "max_question_chars", 80),
        ("FOOTNOTE_PROMPTS_DIR", "/srv/prompts", "prompts_dir", Path("/srv/prompts")),
        ("FOOTNOTE_FREE_CONFLICTS", "true", "free_conflicts", True),
    ],
)
def test_a_setting_is_read_from_its_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, field: str, expected: object
) -> None:
    assert getattr(environment(monkeypatch, **{name: value}), field) == expected


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"FOOTNOTE_LLM_API_KEY": "own"}, "own"),
        ({"OPENAI_API_KEY": "found"}, "found"),
        ({"FOOTNOTE_LLM_API_KEY": "own", "OPENAI_API_KEY": "found"}, "own"),
        ({"FOOTNOTE_LLM_BASE_URL": ELSEWHERE, "FOOTNOTE_LLM_API_KEY": "own"}, "own"),
        ({"FOOTNOTE_LLM_BASE_URL": ELSEWHERE, "OPENAI_API_KEY": "found"}, ""),
        ({}, ""),
    ],
)
def test_a_chat_server_is_given_its_own_key_and_never_openais(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], key: str
) -> None:
    assert environment(monkeypatch, **values).chat_key == key


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"FOOTNOTE_EMBEDDING_API_KEY": "own", "OPENAI_API_KEY": "found"}, "own"),
        ({"OPENAI_API_KEY": "found"}, "found"),
        ({"FOOTNOTE_EMBEDDING_BASE_URL": ELSEWHERE, "OPENAI_API_KEY": "found"}, ""),
        ({"FOOTNOTE_EMBEDDING_BASE_URL": ELSEWHERE, "FOOTNOTE_LLM_API_KEY": "chat's"}, ""),
        ({"FOOTNOTE_LLM_API_KEY": "chat's"}, ""),
    ],
)
def test_an_embeddings_server_is_given_no_other_servers_key(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], key: str
) -> None:
    assert environment(monkeypatch, **values).embedding_key == key


def test_what_is_given_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTNOTE_K", "9")
    assert load_settings(k=5).k == 5
    assert load_settings(k=None).k == 9


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = environment(
        monkeypatch, FOOTNOTE_MODEL="", FOOTNOTE_K="", OPENAI_API_KEY="", FOOTNOTE_LLM_BASE_URL=""
    )
    assert (settings.provider, settings.k) == ("local", 20)


def test_other_variables_of_that_name_do_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    assert environment(monkeypatch, FOOTNOTE_NO_SUCH_SETTING="1").provider == "local"


# --- who answers ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "provider"),
    [
        ({}, "local"),
        ({"api_key": "k"}, "openai"),
        ({"openai_api_key": "k"}, "openai"),
        ({"openai_api_key": "k", "llm_base_url": HERE}, "compatible"),
        ({"openai_api_key": "k", "model": "local"}, "local"),
        ({"model": "some-model", "api_key": "k"}, "openai"),
        ({"llm_base_url": HERE}, "compatible"),
        ({"llm_base_url": HERE, "api_key": "k"}, "compatible"),
        ({"model_path": "/m.gguf"}, "local"),
        ({"model_path": "/m.gguf", "llm_base_url": HERE, "api_key": "k"}, "local"),
        ({"model": "local"}, "local"),
        ({"model": "local", "llm_base_url": HERE, "api_key": "k"}, "local"),
    ],
)
def test_an_explicit_choice_wins_over_a_key_in_the_environment(
    given: dict[str, Any], provider: str
) -> None:
    assert load_settings(**given).provider == provider


@pytest.mark.parametrize(
    "url",
    [
        HERE,
        "http://localhost:11434/v1",
        "http://LOCALHOST/v1",
        "http://[::1]:8080/v1",
        "http://127.8.9.1/v1",
        "http://user:secret@127.0.0.1/v1",
    ],
)
def test_text_stays_here_with_a_server_on_loopback(url: str) -> None:
    assert not load_settings(llm_base_url=url).sends_text_out
    assert not load_settings(embedding_model="e", embedding_base_url=url).sends_text_out


@pytest.mark.parametrize(
    "url",
    [
        ELSEWHERE,
        "http://192.168.0.7:8080/v1",
        "http://localhost.models.example/v1",
        "http://127.0.0.1.models.example/v1",
        "http://127.0.0.1@models.example/v1",
        "http://[2001:db8::1]/v1",
        "http://0.0.0.0/v1",
    ],
)
def test_text_leaves_with_a_server_elsewhere(url: str) -> None:
    assert load_settings(llm_base_url=url).sends_text_out
    assert load_settings(embedding_model="e", embedding_base_url=url).sends_text_out


@pytest.mark.parametrize(
    ("given", "sends"),
    [
        ({}, False),
        ({"api_key": "k"}, True),
        ({"model": "local", "llm_base_url": ELSEWHERE}, False),
        ({"model_path": "/m.gguf", "api_key": "k"}, False),
        ({"embedding_base_url": ELSEWHERE}, False),  # nothing asks it
        ({"embedding_model": "e"}, True),  # at OpenAI
        ({"llm_base_url": HERE, "embedding_model": "e"}, True),
    ],
)
def test_text_leaves_only_with_what_is_used(given: dict[str, Any], sends: bool) -> None:
    assert load_settings(**given).sends_text_out == sends


# --- values that cannot be --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("k", 0), ("k", 201), ("k", "many"), ("budget_tokens", 49), ("max_tokens", 15),
        ("max_question_chars", 0), ("timeout_s", 0), ("temperature", -0.1), ("temperature", 2.1),
        ("threads", 0),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_names_its_setting(name: str, value: object) -> None:
    with pytest.raises(SettingsError, match=name) as caught:
        load_settings(**{name: value})
    assert "FOOTNOTE_" in caught.value.remedy


def test_every_setting_at_fault_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match=r"k: .*threads: |threads: .*k: "):
        environment(monkeypatch, FOOTNOTE_K="many", FOOTNOTE_THREADS="none")


def test_a_name_that_is_no_setting_is_refused_with_those_that_are() -> None:
    with pytest.raises(SettingsError, match="no setting modle") as caught:
        load_settings(modle="some-model", data_dir="/srv/footnote")
    assert all(name in caught.value.remedy for name in Settings.model_fields)


def test_settings_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_settings().k = 3  # type: ignore[misc]


def test_keys_are_not_shown() -> None:
    settings = load_settings(api_key="sk-1", openai_api_key="sk-2", embedding_api_key="sk-3")
    for shown in (repr(settings), str(settings), settings.model_dump_json()):
        assert "sk-" not in shown


def test_every_setting_is_described() -> None:
    assert all(field.description for field in Settings.model_fields.values())
