"""Loads the models in the background while the page opens, and says how far that is.

Loading takes seconds to minutes.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import Protocol

from rag.errors import FootnoteError
from rag.types import Embedder
from ui.translation import to_translate

LOADING = to_translate("Loading the language model…")
READY = to_translate("The model is ready.")
FAILED = to_translate("The model is not ready.")


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """Whether the models are loaded. `text` says it in a few words; `error`, "" where there is
    none, is one sentence with the remedy."""

    ready: bool
    text: str
    error: str = ""


class Model(Protocol):
    """A chat model that `warm` begins to load."""

    def warm(self) -> None: ...


class HasModels(Protocol):
    """The part of `rag.Assistant` that is loaded; `load_model` waits for its chat model."""

    @property
    def embedder(self) -> Embedder: ...
    @property
    def model(self) -> Model: ...
    def load_model(self) -> None: ...


class ModelLoader:
    """Loads an assistant's models, once, without holding anybody up."""

    def __init__(self, assistant: HasModels) -> None:
        self._assistant = assistant
        self._status = ModelStatus(False, LOADING)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @property
    def status(self) -> ModelStatus:
        return self._status

    def start(self) -> None:
        """Begin, in a thread that does not keep the program alive; later calls do nothing."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="model-loader", daemon=True)
                self._thread.start()

    def wait(self, timeout_s: float | None = None) -> ModelStatus:
        """The status when loading is over, or after `timeout_s` seconds."""
        if self._thread:
            self._thread.join(timeout_s)
        return self._status

    def _run(self) -> None:
        try:
            self._assistant.model.warm()  # its process loads while the embedder does
            self._assistant.embedder.embed(["warm"])
            self._assistant.load_model()
            self._status = ModelStatus(True, READY)
        except FootnoteError as error:
            self._status = ModelStatus(False, FAILED, str(error))
        except BaseException as error:  # a thread has nobody above it to tell
            logging.getLogger(__name__).error("Warming up failed.", exc_info=error)
            name = type(error).__name__
            fault = f"Something went wrong that should not have ({name}). Please report it."
            self._status = ModelStatus(False, FAILED, fault)
