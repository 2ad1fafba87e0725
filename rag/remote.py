"""How is an OpenAI-compatible server reached, and what do its failures mean?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import ip_address
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from rag.errors import (
    ModelAuthError,
    ModelError,
    ModelInterrupted,
    ModelRefused,
    ModelTimeout,
    ModelUnreachable,
    SettingsError,
)

if TYPE_CHECKING:
    from openai import APIError, OpenAI

OPENAI_URL = "https://api.openai.com/v1"

CONNECT_S = 5.0
SAID_CHARS = 200


@dataclass(frozen=True)
class Server:
    """A server that speaks OpenAI's protocol at `base_url` (which usually ends in /v1).

    `timeout_s` is the longest silence. `role` says which settings a remedy names.
    """

    base_url: str
    api_key: str = field(repr=False)
    timeout_s: float
    retries: int = 1
    role: Literal["chat", "embeddings", "embedded"] = "chat"

    @cached_property
    def client(self) -> OpenAI:
        """The SDK's client. Redirects are not followed: they would carry texts elsewhere.

        Raises `SettingsError` for an address that is none, `ModelAuthError` for such a key.
        """
        import httpx2
        from openai import OpenAI

        key = self.api_key.strip()
        if not (key.isascii() and key.isprintable()):
            raise ModelAuthError("The key holds characters that no key has.", self._check_key)
        if not _is_http(self.base_url):
            raise SettingsError("The server's address is not a URL.", self._check_address)
        timeout = httpx2.Timeout(self.timeout_s, connect=min(CONNECT_S, self.timeout_s))
        # A proxy that the environment names must not see what stays on this machine.
        http = httpx2.Client(
            timeout=timeout, follow_redirects=False, trust_env=not _is_loopback(self.base_url)
        )
        return OpenAI(
            base_url=self.base_url,
            api_key=key or "none",  # the SDK insists on one; servers without keys ignore it
            timeout=timeout,
            max_retries=self.retries,
            http_client=http,
        )

    @contextmanager
    def explained(self, model: str) -> Iterator[None]:
        """Raise a `ModelError` with a remedy in place of what the SDK raises."""
        from openai import APIError

        try:
            yield
        except APIError as error:
            # The chain is cut: the SDK's text may repeat the key.
            raise self._explain(error, model) from None
        except (ValueError, TypeError, AttributeError, LookupError) as error:
            raise self.nonsense() from error

    def nonsense(self) -> ModelRefused:
        """The error for a reply that is not what OpenAI's protocol says."""
        return ModelRefused(
            "The server's reply is not what an OpenAI-compatible server sends.",
            self._check_address,
        )

    def _explain(self, error: APIError, model: str) -> ModelError:
        from openai import APIConnectionError, APIStatusError

        if isinstance(error, APIConnectionError):
            return self._explain_connection(error)
        if isinstance(error, APIStatusError):
            return self._explain_status(error, model)
        return ModelRefused(f"The server gave up: {self.said(error)}", "Ask again.")

    def _explain_connection(self, error: APIError) -> ModelError:
        import httpx2
        from openai import APITimeoutError

        unmet = httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.UnsupportedProtocol
        if isinstance(error.__cause__, unmet):
            return ModelUnreachable(f"No server answers at {self._host}.", self._check_address)
        if isinstance(error, APITimeoutError):
            return ModelTimeout(
                f"The server was silent for {self.timeout_s:g} seconds.",
                "Ask again, or raise FOOTNOTE_TIMEOUT_S.",
            )
        return ModelInterrupted("The reply broke off.", "Ask again.")

    def _explain_status(self, error: APIError, model: str) -> ModelError:
        status: int = getattr(error, "status_code", 0)
        if status == 401:
            return ModelAuthError("The server refused the key.", self._check_key)
        said = self.said(error)
        if status == 403:
            return ModelAuthError(f"The server refused the key: {said}", self._check_key)
        if status == 404:
            problem = f"The server has no model {printable(model)!r} at this address."
            return ModelRefused(problem, self._check_model)
        return ModelRefused(f"The server answered {status}: {said}", self._remedy(status))

    def said(self, error: APIError) -> str:
        """The server's own words, one line of at most 200 characters, without the key."""
        body = error.body
        words = body.get("message") if isinstance(body, dict) else body
        text = printable(str(words or error.message))
        if key := self.api_key.strip():
            text = text.replace(key, "(key)")
        return text if len(text) <= SAID_CHARS else text[: SAID_CHARS - 1] + "…"

    def _remedy(self, status: int) -> str:
        if status == 429:
            return "Wait a little and ask again, or check the account's limits."
        return "Ask again later." if status >= 500 else self._check_model

    @property
    def _host(self) -> str:
        return printable(urlsplit(self.base_url).netloc.rpartition("@")[2])

    @property
    def _check_address(self) -> str:
        if self.role == "embedded":
            return "Start the program again; the local model may need more free memory."
        name = "LLM" if self.role == "chat" else "EMBEDDING"
        return f"Check FOOTNOTE_{name}_BASE_URL (it usually ends in /v1) and that the server runs."

    @property
    def _check_key(self) -> str:
        if self.role == "embeddings":
            return "Check FOOTNOTE_EMBEDDING_API_KEY."
        return "Check FOOTNOTE_LLM_API_KEY or OPENAI_API_KEY."

    @property
    def _check_model(self) -> str:
        name = "EMBEDDING_MODEL" if self.role == "embeddings" else "MODEL"
        return f"Check FOOTNOTE_{name} against the models that the server offers."


def printable(text: str) -> str:
    """One line without control or formatting characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
