"""The settings in force for people: each value, the model, and whether text leaves this machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from rag.settings import LOCAL_MODEL, NO_MODEL, OPENAI_MODEL, OPENAI_URL, Settings
from ui.translation import translate

HIDDEN = "set (hidden)"
UNSET = "unset"


@dataclass(frozen=True, slots=True)
class ConfiguredModel:
    """A chat model that the settings know; it is used where Footnote is started with `setting`."""

    name: str
    place: str  # "on this machine", a host, or "" where there is no model
    setting: str
    is_used: bool


def setting_values(settings: Settings) -> Iterator[tuple[str, str]]:
    """The name of each setting's variable and its value; no secret is among them."""
    prefix = settings.model_config.get("env_prefix", "")
    for name, field in type(settings).model_fields.items():
        alias = field.validation_alias
        choices = getattr(alias, "choices", None)
        variable = str(choices[0]) if choices else f"{prefix}{name}".upper()
        yield variable, _shown(getattr(settings, name), is_url=name.endswith(("_url", "_endpoint")))


# What leaves this machine because of a setting that has a value; all others send nothing out.
_SENT = {
    "llm_base_url": "questions and the passages chosen for them, as text",
    "api_key": "the key itself, to the chat server",
    "openai_api_key": "the key itself, to OpenAI",
    "model": "the name, to the chat server",
    "temperature": "the number, to the chat server",
    "max_tokens": "the number, to the chat server",
    "embedding_model": "all documents and questions, as text",
    "embedding_base_url": "all documents and questions, as text",
    "embedding_api_key": "the key itself, to the embeddings server",
    "otel_endpoint": "times, counts and outcomes of questions",
    "otel_text": "questions and answers, as text",
}
NOTHING_LEAVES = "nothing"


def what_leaves(settings: Settings) -> Iterator[tuple[str, str]]:
    """For each setting, the name of its variable and what leaves this machine because of it, to
    which host."""
    plain = settings.model_copy(update={"otel_text": False})
    chat = _host_of(plain, embedding_model=None)
    embedding = _host_of(plain, model=LOCAL_MODEL)
    tracing = _host_of(settings, model=LOCAL_MODEL, embedding_model=None, otel_text=True)
    variables = [name for name, _ in setting_values(settings)]
    for field, variable in zip(type(settings).model_fields, variables, strict=True):
        to = embedding if field.startswith("embedding") else chat
        if field == "openai_api_key":
            to = _host_of_openai_key(settings)
        if field.startswith("otel"):
            to = tracing
        value = getattr(settings, field)
        is_used = field in _SENT and value is not None and value is not False
        yield variable, f"{to}: {_SENT[field]}" if is_used and to else NOTHING_LEAVES


def _host_of(settings: Settings, **changes: Any) -> str:
    """The host elsewhere that gets text under the changed settings; "" where none does."""
    return next(iter(outside_hosts(settings.model_copy(update=changes))), "")


def _host_of_openai_key(settings: Settings) -> str:
    key = settings.openai_api_key.get_secret_value() if settings.openai_api_key else ""
    chats = settings.provider == "openai" and settings.chat_key == key
    embeds = settings.embedding_model is not None and not settings.embedding_base_url
    is_sent = bool(key) and (chats or (embeds and settings.embedding_key == key))
    return host(OPENAI_URL) if is_sent else ""


def model_name(settings: Settings) -> str:
    """The chat model in use, as far as that is known before the first request."""
    if settings.provider == "none":
        return translate("no language model")
    if settings.provider == "local":
        return str(settings.model_path or translate("the embedded model"))
    if settings.provider == "openai":
        return settings.model or OPENAI_MODEL
    return settings.model or translate("the first model that the server lists")


def configured_models(settings: Settings) -> list[ConfiguredModel]:
    """The chat model in use, and those that another FOOTNOTE_MODEL alone would choose."""
    found: dict[str, ConfiguredModel] = {}
    for model in dict.fromkeys((settings.model, LOCAL_MODEL, NO_MODEL, None)):
        other = settings.model_copy(update={"model": model})
        is_used = model == settings.model
        is_missing = other.provider == "local" and find_spec("xllamacpp") is None
        if is_used or not is_missing:
            setting = f"FOOTNOTE_MODEL={model or ''}"
            made = ConfiguredModel(model_name(other), _place(other), setting, is_used)
            found.setdefault(other.provider, made)
    return list(found.values())


def _place(settings: Settings) -> str:
    if settings.provider == "none":
        return ""
    if settings.provider == "local":
        return translate("on this machine")
    return host((settings.llm_base_url or "") if settings.provider == "compatible" else OPENAI_URL)


def outside_hosts(settings: Settings) -> list[str]:
    """The hosts other than this machine to which questions or documents are sent."""
    chat = settings.model_copy(update={"embedding_model": None, "otel_text": False})
    embeddings = settings.model_copy(update={"model": LOCAL_MODEL, "otel_text": False})
    found = []
    if chat.sends_text_out:
        url = settings.llm_base_url if settings.provider == "compatible" else OPENAI_URL
        found.append(host(url or ""))
    if embeddings.sends_text_out:
        found.append(host(settings.embedding_base_url or OPENAI_URL))
    if settings.traces_text_out:
        found.append(host(settings.otel_endpoint or ""))
    return list(dict.fromkeys(found))


def privacy_sentence(settings: Settings) -> str:
    """One sentence that says whether text leaves this machine, and to which hosts."""
    if not settings.sends_text_out:
        return translate("Text stays on this machine.")
    hosts = ", ".join(outside_hosts(settings))
    return translate("Text leaves this machine: it is sent to {hosts}.", hosts=hosts)


def host(url: str) -> str:
    """Host and port of `url`, without a user's name or password."""
    parts = urlsplit(url if "//" in url else f"//{url}")
    return parts.netloc.rpartition("@")[2] or UNSET


def _shown(value: Any, *, is_url: bool) -> str:
    if value is None:
        return UNSET
    if isinstance(value, SecretStr):
        return HIDDEN if value.get_secret_value() else UNSET
    return _public_url(str(value)) if is_url else str(value)


def _public_url(url: str) -> str:
    """`url` without what may be secret in it: a user's name, a password, a query."""
    parts = urlsplit(url)
    return (
        f"{parts.scheme}://{host(url)}{parts.path}" if parts.scheme and parts.netloc else host(url)
    )
