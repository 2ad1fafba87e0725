"""Gives the chat model that the settings name, hosted or local, and starts and stops it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from rag.cancellation import Cancellation
from rag.errors import ModelError
from rag.models import chat
from rag.prompts import PACKAGED, Prompts, read_prompts
from rag.settings import NO_MODEL, OPENAI_MODEL, Settings
from rag.types import ChatModel, Delta, Message

if TYPE_CHECKING:
    from rag.models.llama_server import LocalServer


class ModelProvider(Protocol):
    """Gives the chat model when it is first needed.

    `warm` starts it without waiting, `get` waits for it, `close` stops it. `budget_tokens`, how
    many tokens of passages serve it best, is known before it runs.
    """

    @property
    def name(self) -> str: ...
    @property
    def budget_tokens(self) -> int: ...
    def warm(self) -> None: ...
    def get(self) -> ChatModel: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class CancellableModel:
    """A chat model that is asked with `prompts` and whose requests `cancellation` ends; one for
    each question."""

    model: ChatModel
    cancellation: Cancellation | None
    prompts: Prompts = PACKAGED

    @property
    def name(self) -> str:
        return self.model.name

    @property
    def budget_tokens(self) -> int:
        return self.model.budget_tokens

    def stream(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        cancellation: Cancellation | None = None,
    ) -> Generator[Delta, None, None]:
        return self.model.stream(
            messages, max_tokens=max_tokens, cancellation=cancellation or self.cancellation
        )


ProgressCallback = Callable[[str, int, int], None]
"""Called with what is being done, the bytes done, and the bytes in all."""


class NoModel:
    """No chat model: for answers that are quoted."""

    name = NO_MODEL

    def __init__(self, settings: Settings) -> None:
        self.budget_tokens = chat.passage_budget(settings)

    def warm(self) -> None:
        """Nothing to start."""

    def get(self) -> ChatModel:
        """Always raises `ModelError`."""
        raise ModelError(
            "No language model is used.", "Unset FOOTNOTE_MODEL, or set it to a model's name."
        )

    def close(self) -> None:
        """Nothing to stop."""


class HostedProvider:
    """The chat model of a server, OpenAI's or a compatible one."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._chat: ChatModel | None = None

    @property
    def name(self) -> str:
        if self._chat:
            return self._chat.name
        default = OPENAI_MODEL if self._settings.provider == "openai" else "server's own"
        return self._settings.model or default

    @property
    def budget_tokens(self) -> int:
        return chat.passage_budget(self._settings)

    def warm(self) -> None:
        """Nothing to start."""

    def get(self) -> ChatModel:
        """The model; the first call may ask a compatible server for its name. Raises
        `ModelError`."""
        self._chat = self._chat or chat.hosted_chat(self._settings)
        return self._chat

    def close(self) -> None:
        """Nothing to stop."""


class LocalProvider:
    """The local model: joined and loaded in the background of the first question."""

    def __init__(self, settings: Settings, on_progress: ProgressCallback | None) -> None:
        self._settings = settings
        self._on_progress = on_progress
        self._start_lock = threading.Lock()
        self._chat_lock = threading.Lock()
        self._server: LocalServer | None = None
        self._chat: ChatModel | None = None
        self._is_closed = False

    @property
    def name(self) -> str:
        path = self._settings.model_path
        return path.stem if path else "qwen2.5-coder-1.5b-instruct"

    @property
    def budget_tokens(self) -> int:
        return chat.passage_budget(self._settings)

    def warm(self) -> None:
        """Start the server's process, which loads the model while the caller goes on.

        Does nothing where another thread is starting it. Raises `ModelError`, also after `close`.
        """
        if self._start_lock.acquire(blocking=False):
            try:
                self._start()
            finally:
                self._start_lock.release()

    def _start(self) -> LocalServer:
        from rag.models import gguf_files, llama_server

        self._raise_if_closed()
        if self._server and self._server.has_ended:  # it died: the next question gets a new one
            self._server.close()
            self._server, self._chat = None, None
        if self._server is None:
            path = gguf_files.model_file(self._settings, self._report_join)
            self._raise_if_closed()  # joining takes long enough for that
            self._server = llama_server.start_server(path, self._settings)
        return self._server

    def _report_join(self, done: int, total: int) -> None:
        if self._on_progress:
            self._on_progress("Joining the language model, once", done, total)

    def _raise_if_closed(self) -> None:
        if self._is_closed:
            raise ModelError("The local model is closed.", "Open it again with rag.open().")

    def get(self) -> ChatModel:
        """The model, loaded. Raises `ModelError`, also after `close`."""
        with self._start_lock:
            server = self._start()
        url = server.wait_until_loaded()
        with self._chat_lock:
            if self._chat is None:
                self._chat = chat.local_chat(url, server.api_key, self.name, self._settings)
            self._reset_to_prompt_prefix(server, self._chat)
        return self._chat

    def _reset_to_prompt_prefix(self, server: LocalServer, chat: ChatModel) -> None:
        """Fill the prompt cache with the start of the prompt and nothing else.

        What earlier requests left there would change probabilities in the third digit.
        """
        prompts = read_prompts(self._settings.prompts_dir)
        name = prompts.digest("judge")
        opening = prompts.text("judge").partition("## user")[2].strip().partition("\n")[0]
        # Asked for also before it is restored: llama.cpp keeps what was read last, which may be an
        # article, where another prompt follows (a tenth of a second), and loses it where a saved
        # one is put in its place (ten seconds).
        for _ in chat.stream([Message("user", opening)], max_tokens=1):
            pass
        if not server.restore_state(name):
            server.save_state(name)

    def close(self) -> None:
        """End the server's process, for good."""
        self._is_closed = True
        if self._server:
            self._server.close()
