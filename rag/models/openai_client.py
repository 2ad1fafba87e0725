"""Connection to an OpenAI-compatible server, and what its failures mean."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from rag.errors import (
    ModelAuthError,
    ModelError,
    ModelInterrupted,
    ModelRefused,
    ModelTimeout,
    ModelUnreachable,
    SettingsError,
    printable_line,
)
from rag.settings import is_loopback

if TYPE_CHECKING:
    from openai import APIError, AsyncOpenAI, OpenAI

CONNECT_TIMEOUT_S = 5.0
MAX_MESSAGE_CHARS = 200


class Remedies(NamedTuple):
    """What a person can do about an address, a key or a model name that does not work."""

    address: str
    key: str
    model: str


OPENAI_REMEDIES = Remedies(
    "Check the network, or set FOOTNOTE_MODEL=local.",
    "Check OPENAI_API_KEY.",
    "Check FOOTNOTE_MODEL.",
)
COMPATIBLE_REMEDIES = Remedies(
    "Check that the server runs, and FOOTNOTE_LLM_BASE_URL (it usually ends in /v1).",
    "Check FOOTNOTE_LLM_API_KEY.",
    "Check FOOTNOTE_MODEL, and FOOTNOTE_LLM_BASE_URL (it usually ends in /v1).",
)
LOCAL_REMEDIES = Remedies(
    *["Start the program again; the local model may need more free memory."] * 3
)
EMBEDDINGS_REMEDIES = Remedies(
    "Check that the server runs, and FOOTNOTE_EMBEDDING_BASE_URL (it usually ends in /v1).",
    "Check FOOTNOTE_EMBEDDING_API_KEY.",
    "Check FOOTNOTE_EMBEDDING_MODEL, and FOOTNOTE_EMBEDDING_BASE_URL.",
)


@dataclass(frozen=True)
class OpenAIServer:
    """A server that speaks OpenAI's protocol.

    `base_url` usually ends in ``/v1``; `api_key` may be empty; `timeout_s` is the longest silence
    before a request fails; `remedies` end the error messages; `retries` are the SDK's.
    """

    base_url: str
    api_key: str = field(repr=False)
    timeout_s: float
    remedies: Remedies
    retries: int = 1

    @cached_property
    def client(self) -> OpenAI:
        """The SDK's client. Redirects are not followed: they would carry texts elsewhere.

        Raises `SettingsError` when `base_url` is no HTTP URL, `ModelAuthError` when the key holds
        characters that no key has.
        """
        import httpx2
        from openai import OpenAI

        return OpenAI(**self._options, http_client=httpx2.Client(**self._transport))

    def request_client(self) -> AsyncOpenAI:
        """A client for one request, on a connection of its own: closing it ends that request and
        no other. Raises as `client` does."""
        import httpx2
        from openai import AsyncOpenAI

        return AsyncOpenAI(**self._options, http_client=httpx2.AsyncClient(**self._transport))

    @cached_property
    def _options(self) -> dict[str, Any]:
        key = self.api_key.strip()
        if not (key.isascii() and key.isprintable()):
            raise ModelAuthError("The key holds characters that no key has.", self.remedies.key)
        if not _is_http(self.base_url):
            raise SettingsError("The server's address is not a URL.", self.remedies.address)
        return {
            "base_url": self.base_url,
            "api_key": key or "none",  # the SDK insists on one; servers without keys ignore it
            "timeout": self._transport["timeout"],
            "max_retries": self.retries,
        }

    @cached_property
    def _transport(self) -> dict[str, Any]:
        import httpx2

        # A proxy that the environment names must not see what stays on this machine.
        trust_environment = not is_loopback(self.base_url)
        return {
            "timeout": httpx2.Timeout(
                self.timeout_s, connect=min(CONNECT_TIMEOUT_S, self.timeout_s)
            ),
            "follow_redirects": False,
            "trust_env": trust_environment,
            "verify": httpx2.create_ssl_context(trust_env=trust_environment),  # slow to make: once
        }

    @contextmanager
    def translate_errors(self, model: str) -> Iterator[None]:
        """Within this block, what the SDK raises becomes a `ModelError` that names a remedy.

        `model` is the name that a message about a missing model gives.
        """
        import httpx2
        from openai import APIError

        try:
            yield
        except APIError as error:
            # The chain is cut: the SDK's text may repeat the key.
            raise self._explain(error, model) from None
        except httpx2.HTTPError as error:  # broke off within the body of an error's reply
            raise ModelInterrupted("The reply broke off.", "Ask again.") from error
        except (ValueError, TypeError, AttributeError, LookupError) as error:
            raise self.protocol_error() from error

    def protocol_error(self) -> ModelRefused:
        """The error for a reply that does not follow OpenAI's protocol."""
        return ModelRefused(
            "The server's reply is not what an OpenAI-compatible server sends.",
            self.remedies.address,
        )

    def _explain(self, error: APIError, model: str) -> ModelError:
        from openai import APIConnectionError, APIStatusError

        if isinstance(error, APIConnectionError):
            return self._explain_connection(error)
        if isinstance(error, APIStatusError):
            return self._explain_status(error, model)
        return ModelRefused(f"The server gave up: {self.error_text(error)}", "Ask again.")

    def _explain_connection(self, error: APIError) -> ModelError:
        import httpx2
        from openai import APITimeoutError

        if isinstance(error.__cause__, httpx2.ConnectError | httpx2.ConnectTimeout):
            return ModelUnreachable(f"No server answers at {self._host}.", self.remedies.address)
        if isinstance(error, APITimeoutError):
            return ModelTimeout(
                f"The server was silent for {self.timeout_s:g} seconds.",
                "Ask again, or raise FOOTNOTE_TIMEOUT_S.",
            )
        return ModelInterrupted("The reply broke off.", "Ask again.")

    def _explain_status(self, error: APIError, model: str) -> ModelError:
        status: int = getattr(error, "status_code", 0)
        if status == 401:
            return ModelAuthError("The server refused the key.", self.remedies.key)
        text = self.error_text(error)
        if status == 403:
            return ModelAuthError(f"The server refused the key: {text}", self.remedies.key)
        if status == 404:
            problem = f"The server has no model {printable_line(model)!r} at this address."
            return ModelRefused(problem, self.remedies.model)
        return ModelRefused(f"The server answered {status}: {text}", self._remedy(status))

    def error_text(self, error: APIError) -> str:
        """The server's message in one line of at most 200 characters, without the key."""
        body = error.body
        message = body.get("message") if isinstance(body, dict) else body
        text = printable_line(message or error.message)
        if key := self.api_key.strip():
            text = text.replace(key, "(key)")
        return text if len(text) <= MAX_MESSAGE_CHARS else text[: MAX_MESSAGE_CHARS - 1] + "…"

    def _remedy(self, status: int) -> str:
        if status == 429:
            return "Wait a little and ask again, or check the account's limits."
        return "Ask again later." if status >= 500 else self.remedies.model

    @property
    def _host(self) -> str:
        return printable_line(urlsplit(self.base_url).netloc.rpartition("@")[2])


def replace_surrogates(text: str) -> str:
    """`text` with "?" in place of lone surrogates, which neither JSON nor a tokenizer accepts."""
    return text.encode("utf-8", "replace").decode()


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
