"""Loads the models in the background while the page opens, and says how far that is.

Loading takes seconds to minutes.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, replace
from typing import Protocol

from rag.errors import FootnoteError
from rag.types import Embedder
from ui.translation import to_translate

LOADING = to_translate("Loading the language model…")
READY = to_translate("The model is ready.")
FAILED = to_translate("The model is not ready.")
RETRY_S = 10.0  # between attempts to load a model that failed


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """Whether the models are loaded. `text` says it in a few words; `error`, "" where there is
    none, is one sentence with the remedy. `embeds`: the embedder is loaded, if no other."""

    ready: bool
    text: str
    error: str = ""
    embeds: bool = False


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
        self._ended_s = 0.0  # when loading ended

    @property
    def status(self) -> ModelStatus:
        return self._status

    def start(self) -> None:
        """Begin, in a thread that does not keep the program alive; later calls do nothing."""
        with self._lock:
            if self._thread is None:
                self._begin()

    def _begin(self) -> None:
        self._thread = threading.Thread(target=self._run, name="model-loader", daemon=True)
        self._thread.start()

    def retry(self) -> None:
        """Begin again where loading failed, at the soonest `RETRY_S` seconds after it did: a server
        may have been started since. The error stays until it is loaded."""
        with self._lock:
            is_over = self._thread is not None and not self._thread.is_alive()
            if is_over and self._status.error and time.monotonic() - self._ended_s >= RETRY_S:
                self._begin()

    def wait(self, timeout_s: float | None = None) -> ModelStatus:
        """The status when loading is over, or after `timeout_s` seconds."""
        if self._thread:
            self._thread.join(timeout_s)
        return self._status

    def _run(self) -> None:
        try:
            self._assistant.model.warm()  # its process loads while the embedder does
            self._assistant.embedder.embed(["warm"])
            self._status = replace(self._status, embeds=True)
            self._assistant.load_model()
            self._status = ModelStatus(True, READY, embeds=True)
        except FootnoteError as error:
            self._fail(str(error))
        except BaseException as error:  # a thread has nobody above it to tell
            logging.getLogger(__name__).error("Warming up failed.", exc_info=error)
            name = type(error).__name__
            fault = f"Something went wrong that should not have ({name}). Please report it."
            self._fail(fault)
        finally:
            self._ended_s = time.monotonic()

    def _fail(self, error: str) -> None:
        self._status = replace(self._status, text=FAILED, error=error)
