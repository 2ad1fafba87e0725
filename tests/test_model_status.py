"""The models are loaded in the background, and what comes of it is said in words."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import pytest

from rag.errors import ModelFileError
from rag.models.provider import HostedProvider
from rag.types import ChatModel
from tests.asking import LARGE, settings_for
from tests.fakes import ScriptedServer
from ui.questions.model_status import ModelLoader

GUARD_S = 10.0


class Models:
    """An assistant's models; `get` does what it is told."""

    def __init__(self, get: Callable[[], ChatModel]) -> None:
        self.get = get
        self.embedder = self.model = self
        self.calls: list[str] = []
        self.name, self.dimensions = "counting", 1

    def warm(self) -> None:
        self.calls.append("warm")

    def load_model(self) -> None:
        self.get()

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        self.calls += [f"embed {len(texts)}"]
        assert all(texts)
        return [[1.0] for _ in texts]


def test_it_is_ready_once_the_model_is_there() -> None:
    go = threading.Event()
    with ScriptedServer() as server:
        model = HostedProvider(settings_for(server, LARGE))

        def get() -> ChatModel:
            assert go.wait(GUARD_S)
            return model.get()

        models = Models(get)
        loader = ModelLoader(models)
        loader.start()
        assert (loader.status.ready, loader.status.text) == (False, "Loading the language model…")
        go.set()
        state = loader.wait(GUARD_S)
    assert (state.ready, state.text, state.error) == (True, "The model is ready.", "")
    assert models.calls == ["warm", "embed 1"]


def test_starting_again_does_nothing() -> None:
    with ScriptedServer() as server:
        models = Models(HostedProvider(settings_for(server, LARGE)).get)
        loader = ModelLoader(models)
        loader.start()
        loader.start()
        loader.wait(GUARD_S)
        loader.start()
        assert loader.wait(GUARD_S).ready
    assert models.calls == ["warm", "embed 1"]


def test_what_is_wrong_with_the_model_is_said_with_its_remedy() -> None:
    def get() -> ChatModel:
        raise ModelFileError("The weights are truncated.", "Delete the file and start again.")

    loader = ModelLoader(Models(get))
    loader.start()
    state = loader.wait(GUARD_S)
    assert not state.ready
    assert state.error == "The weights are truncated. Delete the file and start again."
    assert "ready" in state.text


def test_a_fault_that_nobody_foresaw_reaches_the_page_and_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def get() -> ChatModel:
        raise ZeroDivisionError("secret detail")

    loader = ModelLoader(Models(get))
    loader.start()
    state = loader.wait(GUARD_S)
    assert "(ZeroDivisionError). Please report it." in state.error
    assert "secret detail" not in state.error
    assert "secret detail" in caplog.text


def test_it_keeps_no_program_alive() -> None:
    go = threading.Event()

    def get() -> ChatModel:
        go.wait(GUARD_S)
        raise ModelFileError("a", "b")

    loader = ModelLoader(Models(get))
    loader.start()
    (thread,) = [each for each in threading.enumerate() if each.name == "model-loader"]
    assert thread.daemon
    go.set()
    loader.wait(GUARD_S)
