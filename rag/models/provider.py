"""Which model answers, and how is it stopped in the middle of a question?"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from rag.cancellation import Cancellation
from rag.models import chat
from rag.prompts import prompt_text, prompts_digest
from rag.settings import OPENAI_MODEL, Settings
from rag.types import ChatModel, Delta, Message

if TYPE_CHECKING:
    from rag.models.llama_server import LocalServer


class ModelProvider(Protocol):
    """Gives the chat model when it is first needed; `warm` starts it without waiting. Its budget
    is known before it is there."""

    @property
    def name(self) -> str: ...
    @property
    def budget_tokens(self) -> int: ...
    def warm(self) -> None: ...
    def get(self) -> ChatModel: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class CancellableModel:
    """A chat model for one question, which `cancellation` ends."""

    model: ChatModel
    cancellation: Cancellation

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
"""Called with what is being done, how much of it is done, and how much there is."""


class HostedProvider:
    """A chat model on somebody's server."""

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
        """The model; a compatible server may be asked for its name. Raises `ModelError`."""
        self._chat = self._chat or chat.hosted_chat(self._settings)
        return self._chat

    def close(self) -> None:
        """Nothing to stop."""


class LocalProvider:
    """The local model: joined, started and loaded in the background of the first question."""

    def __init__(self, settings: Settings, on_progress: ProgressCallback | None) -> None:
        self._settings = settings
        self._on_progress = on_progress
        self._starting = threading.Lock()
        self._settling = threading.Lock()
        self._server: LocalServer | None = None
        self._chat: ChatModel | None = None

    @property
    def name(self) -> str:
        path = self._settings.model_path
        return path.stem if path else "qwen2.5-coder-1.5b-instruct"

    @property
    def budget_tokens(self) -> int:
        return chat.passage_budget(self._settings)

    def warm(self) -> None:
        """Start the server's process; it loads while the caller goes on. Where another thread is
        starting it, that is left to it. Raises `ModelError`."""
        if self._starting.acquire(blocking=False):
            try:
                self._start()
            finally:
                self._starting.release()

    def _start(self) -> LocalServer:
        from rag.models import gguf_files, llama_server

        if self._server and self._server.is_over:  # it died: the next question has another
            self._server.close()
            self._server, self._chat = None, None
        if self._server is None:
            path = gguf_files.model_file(self._settings, self._joining)
            self._server = llama_server.start_server(path, self._settings)
        return self._server

    def _joining(self, done: int, total: int) -> None:
        if self._on_progress:
            self._on_progress("Joining the language model, once", done, total)

    def get(self) -> ChatModel:
        """The model, loaded. Raises `ModelFileError`, `ModelTimeout`."""
        with self._starting:
            server = self._start()
        url = server.wait()
        with self._settling:
            if self._chat is None:
                self._chat = chat.local_chat(url, server.api_key, self.name, self._settings)
            self._settle(server, self._chat)
        return self._chat

    def _settle(self, server: LocalServer, chat: ChatModel) -> None:
        """Have the model know the start of the prompt and nothing else, so that what it was asked
        before cannot move a probability in the third digit."""
        name = prompts_digest("judge")
        if not server.restore(name):
            opening = prompt_text("judge").partition("## user")[2].strip().partition("\n")[0]
            for _ in chat.stream([Message("user", opening)], max_tokens=1):
                pass
            server.save(name)

    def close(self) -> None:
        """End the server's process."""
        if self._server:
            self._server.close()
