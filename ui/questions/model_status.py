"""Is the model ready, and if not, why not?

Loading the models takes seconds to minutes; it is done in the background, while the page opens.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import Protocol

from rag.errors import FootnoteError
from rag.types import ChatModel, Embedder

LOADING = "Loading the language model…"
READY = "The model is ready."
FAILED = "The model is not ready."


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """How far it is. `text` says it in a few words; `error` is one sentence with the remedy."""

    ready: bool
    text: str
    error: str = ""


class Model(Protocol):
    def warm(self) -> None: ...
    def get(self) -> ChatModel: ...


class HasModels(Protocol):
    """What is warmed of `rag.assistant.Assistant`."""

    @property
    def embedder(self) -> Embedder: ...
    @property
    def model(self) -> Model: ...


class ModelLoader:
    """Loads an assistant's models, once, without holding anybody up."""

    def __init__(self, assistant: HasModels) -> None:
        self._assistant = assistant
        self._state = ModelStatus(False, LOADING)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @property
    def state(self) -> ModelStatus:
        return self._state

    def start(self) -> None:
        """Begin, in a thread that does not keep the program alive. Again, it does nothing."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="warming", daemon=True)
                self._thread.start()

    def wait(self, timeout_s: float | None = None) -> ModelStatus:
        """The state when it is done, or after so many seconds."""
        if self._thread:
            self._thread.join(timeout_s)
        return self._state

    def _run(self) -> None:
        try:
            self._assistant.model.warm()  # its process loads while the embedder does
            self._assistant.embedder.embed(["warm"])
            self._assistant.model.get()
            self._state = ModelStatus(True, READY)
        except FootnoteError as error:
            self._state = ModelStatus(False, FAILED, str(error))
        except BaseException as error:  # a thread has nobody above it to tell
            logging.getLogger(__name__).error("Warming up failed.", exc_info=error)
            name = type(error).__name__
            fault = f"Something went wrong that should not have ({name}). Please report it."
            self._state = ModelStatus(False, FAILED, fault)
