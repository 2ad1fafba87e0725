"""How are the parts put together from the settings?

Everything that differs between a local and a hosted model is decided here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from rag import embeddings, models, prompts
from rag.assistant import Assistant
from rag.library import Library
from rag.settings import OPENAI_MODEL, Settings
from rag.types import ChatModel, Message
from rag.vectors import Vectors

if TYPE_CHECKING:
    from rag.local import LocalServer

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""


def build(settings: Settings, on_progress: Progress | None = None) -> Assistant:
    """An assistant over the library in `settings.data_dir`. Its model starts when first needed.

    `on_progress` hears of the one long step, joining the local model. Raises `LibraryError`.
    """
    library = Library.open(settings.library_path)
    embedder = embeddings.build(settings)
    vectors = Vectors.open(settings.data_dir / "vectors", embedder.name)
    model = (
        EmbeddedModel(settings, on_progress)
        if settings.provider == "local"
        else HostedModel(settings)
    )
    return Assistant(settings, library, vectors, embedder, model)


class HostedModel:
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
        return models.budget_tokens(self._settings)

    def warm(self) -> None:
        """Nothing to start."""

    def get(self) -> ChatModel:
        """The model; a compatible server may be asked for its name. Raises `ModelError`."""
        self._chat = self._chat or models.hosted(self._settings)
        return self._chat

    def close(self) -> None:
        """Nothing to stop."""


class EmbeddedModel:
    """The local model: joined, started and loaded in the background of the first question."""

    def __init__(self, settings: Settings, on_progress: Progress | None) -> None:
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
        return models.budget_tokens(self._settings)

    def warm(self) -> None:
        """Start the server's process; it loads while the caller goes on. Where another thread is
        starting it, that is left to it. Raises `ModelError`."""
        if self._starting.acquire(blocking=False):
            try:
                self._start()
            finally:
                self._starting.release()

    def _start(self) -> LocalServer:
        from rag import local, weights

        if self._server and self._server.is_over:  # it died: the next question has another
            self._server.close()
            self._server, self._chat = None, None
        if self._server is None:
            path = weights.weights(self._settings, self._joining)
            self._server = local.start(path, self._settings)
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
                self._chat = models.embedded(url, server.api_key, self.name, self._settings)
            self._settle(server, self._chat)
        return self._chat

    def _settle(self, server: LocalServer, chat: ChatModel) -> None:
        """Have the model know the start of the prompt and nothing else, so that what it was asked
        before cannot move a probability in the third digit."""
        name = prompts.digest("judge")
        if not server.restore(name):
            opening = prompts.text("judge").partition("## user")[2].strip().partition("\n")[0]
            for _ in chat.stream([Message("user", opening)], max_tokens=1):
                pass
            server.save(name)

    def close(self) -> None:
        """End the server's process."""
        if self._server:
            self._server.close()
