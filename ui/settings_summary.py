"""The settings in force for people: each value, the model, and whether text leaves this machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from rag.settings import LOCAL_MODEL, NO_MODEL, OPENAI_MODEL, OPENAI_URL, Settings, host_of
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


# What leaves this machine because of a setting that has a value, and to which of the outside hosts;
# all other settings send nothing out.
_SENT = {
    "database_url": ("database", "all documents, questions, answers and conversations, as text"),
    "llm_base_url": ("chat", "questions and the passages chosen for them, as text"),
    "api_key": ("chat", "the key itself, to the chat server"),
    "openai_api_key": ("", "the key itself, to OpenAI"),
    "model": ("chat", "the name, to the chat server"),
    "temperature": ("chat", "the number, to the chat server"),
    "max_tokens": ("chat", "the number, to the chat server"),
    "embedding_model": ("embedding", "all documents and questions, as text"),
    "embedding_base_url": ("embedding", "all documents and questions, as text"),
    "embedding_api_key": ("embedding", "the key itself, to the embeddings server"),
    "ray_address": (
        "cluster",
        "all documents, as files, and the key of the embeddings server, if there is one",
    ),
    "otel_endpoint": ("traces", "times, counts and outcomes of questions"),
    "otel_text": ("traces", "questions and answers, as text"),
}
NOTHING_LEAVES = "nothing"


def what_leaves(settings: Settings) -> Iterator[tuple[str, str]]:
    """For each setting, the name of its variable and what leaves this machine because of it, to
    which host."""
    hosts = settings.outside_hosts._asdict() | {"": _host_of_openai_key(settings)}
    variables = [name for name, _ in setting_values(settings)]
    for field, variable in zip(type(settings).model_fields, variables, strict=True):
        value = getattr(settings, field)
        server, sent = _SENT.get(field, ("", ""))
        is_sent = bool(sent and hosts[server]) and value is not None and value is not False
        yield variable, f"{hosts[server]}: {sent}" if is_sent else NOTHING_LEAVES


def _host_of_openai_key(settings: Settings) -> str:
    key = settings.openai_api_key.get_secret_value() if settings.openai_api_key else ""
    chats = settings.provider == "openai" and settings.chat_key == key
    embeds = settings.embedding_model is not None and not settings.embedding_base_url
    is_sent = bool(key) and (chats or (embeds and settings.embedding_key == key))
    return host_of(OPENAI_URL) if is_sent else ""


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
    url = settings.llm_base_url if settings.provider == "compatible" else OPENAI_URL
    return host_of(url or "") or UNSET


def text_hosts(settings: Settings) -> list[str]:
    """The hosts other than this machine to which questions or documents are sent."""
    chat, embedding, database, cluster, traces = settings.outside_hosts
    cluster = f"Ray {cluster}" if cluster else ""
    hosts = (chat, embedding, database, cluster, traces if settings.otel_text else "")
    return list(dict.fromkeys(filter(None, hosts)))


def privacy_sentence(settings: Settings) -> str:
    """One sentence that says whether text leaves this machine, and to which hosts."""
    if not settings.sends_text_out:
        return translate("Text stays on this machine.")
    hosts = ", ".join(text_hosts(settings))
    return translate("Text leaves this machine: it is sent to {hosts}.", hosts=hosts)


def index_place(settings: Settings) -> str:
    """Where the index is: the address of a database without a password, or a folder."""
    if settings.database_url:
        return _public_url(settings.database_url.get_secret_value())
    return str(settings.data_dir)


def _shown(value: Any, *, is_url: bool) -> str:
    if value is None:
        return UNSET
    if isinstance(value, SecretStr) and is_url:  # one with a password
        return _public_url(value.get_secret_value())
    if isinstance(value, SecretStr):
        return HIDDEN if value.get_secret_value() else UNSET
    return _public_url(str(value)) if is_url else str(value)


def _public_url(url: str) -> str:
    """`url` without what may be secret in it: a user's name, a password, a query."""
    if "://" not in url:
        return host_of(url) or UNSET
    parts = urlsplit(url)
    return f"{parts.scheme}://{host_of(url)}{parts.path}"
