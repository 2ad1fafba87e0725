"""The settings: one frozen model, read from the environment.

They come from `FOOTNOTE_*` variables and `OPENAI_API_KEY`; nothing else in the program reads the
environment.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from platformdirs import user_cache_path, user_data_path
from pydantic import AliasChoices, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from rag.errors import SettingsError

Provider = Literal["local", "openai", "compatible", "none"]

OPENAI_MODEL = "gpt-6-luna"
OPENAI_URL = "https://api.openai.com/v1"
LOCAL_MODEL = "local"
NO_MODEL = "none"


class Settings(BaseSettings):
    """The settings of one assistant. Every field has a default that works offline."""

    model_config = SettingsConfigDict(
        env_prefix="FOOTNOTE_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    data_dir: Path = Field(
        default_factory=lambda: user_data_path("footnote", appauthor=False),
        description="The index: SQLite and Chroma.",
    )
    cache_dir: Path = Field(
        default_factory=lambda: user_cache_path("footnote", appauthor=False),
        description="The joined model file and its prompt cache; safe to delete.",
    )

    model: str | None = Field(
        default=None,
        description=(
            'Chat model name; "local" forces the embedded one, "none" quotes passages without one.'
        ),
    )
    model_path: Path | None = Field(default=None, description="A GGUF file of your own.")
    llm_base_url: str | None = Field(
        default=None, description="An OpenAI-compatible server, such as http://127.0.0.1:8080/v1."
    )
    api_key: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices("FOOTNOTE_LLM_API_KEY", "api_key"),
        description="Key of the chat server.",
    )
    openai_api_key: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices("OPENAI_API_KEY", "openai_api_key"),
        description="Key of OpenAI; no other server is ever sent it.",
    )
    temperature: float | None = Field(
        default=None, ge=0, le=2, description="Sent only when set: some models refuse it."
    )
    timeout_s: float = Field(default=120, gt=0, description="Longest silence of a chat server.")
    threads: int | None = Field(default=None, ge=1, description="Threads of the local model.")

    embedding_model: str | None = Field(
        default=None, description="Embedding model name on a server; unset: the embedded MiniLM."
    )
    embedding_base_url: str | None = Field(
        default=None, description="OpenAI-compatible embeddings server; unset: OpenAI."
    )
    embedding_api_key: SecretStr | None = Field(
        default=None, description="Key of the embeddings server; unset: OpenAI's, for OpenAI."
    )

    k: int = Field(default=20, ge=1, le=200, description="Chunks taken from each search.")
    budget_tokens: int | None = Field(
        default=None, ge=50, description="Tokens of passages shown to the model; unset: by model."
    )
    max_tokens: int = Field(default=256, ge=16, description="Longest reply, in tokens.")
    max_question_chars: int = Field(default=2000, ge=1, description="Longest question.")
    free_conflicts: bool = Field(
        default=False,
        description="Also look for sources that contradict an answer in other words: many alarms"
        " are false.",
    )

    prompts_dir: Path | None = Field(
        default=None,
        description="A folder with prompts of your own, in place of those of the same name.",
    )

    @property
    def library_path(self) -> Path:
        """The file that holds documents, chunks and the full-text index."""
        return self.data_dir / "library.sqlite3"

    @property
    def lock_path(self) -> Path:
        """The file that whoever changes the index locks."""
        return self.data_dir / "index.lock"

    @property
    def provider(self) -> Provider:
        """Who runs the chat model. An explicit choice wins over a key in the environment."""
        if self.model == NO_MODEL:
            return "none"
        if self.model == LOCAL_MODEL or self.model_path:
            return "local"
        if self.llm_base_url:
            return "compatible"
        return "openai" if self.api_key or self.openai_api_key else "local"

    @property
    def chat_key(self) -> str:
        """The key for the chat server. A key is sent only to the server that it is for."""
        keys = [self.api_key] if self.llm_base_url else [self.api_key, self.openai_api_key]
        return _first_key(keys)

    @property
    def embedding_key(self) -> str:
        """The key for the embeddings server."""
        keys = [self.embedding_api_key]
        return _first_key(keys if self.embedding_base_url else [*keys, self.openai_api_key])

    @property
    def sends_text_out(self) -> bool:
        """True when questions or documents go to a host other than this machine."""
        chat = self.provider == "openai" or not is_loopback(self.llm_base_url)
        if self.provider in ("local", "none"):
            chat = False
        embeds = self.embedding_model is not None and not is_loopback(self.embedding_base_url)
        return chat or embeds


def _first_key(keys: list[SecretStr | None]) -> str:
    return next((key.get_secret_value() for key in keys if key), "")


def is_loopback(url: str | None) -> bool:
    """True when the host of `url` is this machine; False for None and for what is no URL."""
    from ipaddress import ip_address
    from urllib.parse import urlsplit

    try:
        host = urlsplit(url or "").hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def load_settings(**overrides: Any) -> Settings:
    """The settings of the environment; `overrides` are fields of `Settings`, and those that are not
    None win.

    Raises `SettingsError`, which names each setting at fault.
    """
    if unknown := sorted(overrides.keys() - Settings.model_fields.keys()):
        raise SettingsError(
            f"There is no setting {', '.join(unknown)}.",
            f"The settings are {', '.join(Settings.model_fields)}.",
        )
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()
        )
        raise SettingsError(
            f"A setting has no usable value ({faults}).",
            "Correct the FOOTNOTE_ variable or the option of that name.",
        ) from error
