"""The whole application on a free port of loopback, for tests of the server.

`site` puts it together over an assistant that answers by quoting; `served` runs an application
under uvicorn.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from fastapi import FastAPI

from rag.assistant import Assistant
from rag.cancellation import Cancellation
from rag.events import Checked, Event
from rag.settings import Settings
from rag.types import Turn
from tests.assistants import QuotingAssistant
from ui.gate.sign_in import Access
from ui.questions.runner import QuestionRunner
from ui.records.history import History


class Quoter(QuotingAssistant):
    """Answers by quoting from the seed articles. A question that begins with "endless" goes on
    after its first sentence until it is stopped."""

    def __init__(self, settings: Settings, fault: BaseException | None = None) -> None:
        super().__init__(settings, fault)
        self.stopped: list[str] = []  # questions
        self.ensure_seeds()

    def __enter__(self) -> Quoter:
        return self

    def stream(
        self,
        question: str,
        history: Sequence[Turn] = (),
        document_ids: Collection[str] | None = None,
        cancellation: Cancellation | None = None,
    ) -> Iterator[Event]:
        for event in super().stream(question, history, document_ids):
            yield event
            if cancellation and question.startswith("endless") and isinstance(event, Checked):
                self._go_on(question, cancellation)

    def _go_on(self, question: str, cancellation: Cancellation) -> None:
        told = threading.Event()
        with cancellation.on_cancel(told.set):
            told.wait()
        self.stopped.append(question)
        cancellation.raise_if_cancelled()


@dataclass
class Site:
    """An application and what it stands on."""

    app: FastAPI
    assistant: Quoter
    runner: QuestionRunner
    history: History


@contextmanager
def site(
    settings: Settings,
    access: Access | None = None,
    assistant: Quoter | None = None,
    **options: Any,
) -> Iterator[Site]:
    """The application over `assistant`, which is closed with it; `options` go to
    `ui.web.fastapi_app.create_app`. Gradio's page offers `who`, which tells the owner, `name`,
    which tells where an uploaded file lies, and the programs."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    import gradio
    from gradio.events import api

    from ui.api.functions import ApiFunctions
    from ui.web import fastapi_app

    access = access or Access()
    assistant = assistant or Quoter(settings)
    held = cast(Assistant, assistant)
    with assistant, History.from_settings(settings) as history:
        runner = QuestionRunner(assistant, 2)
        with gradio.Blocks(analytics_enabled=False, title="Footnote") as blocks:
            api(_whoami(access), api_name="who")
            file, path = gradio.File(), gradio.Textbox()
            file.upload(str, file, path, api_name="name")
            for name, function in ApiFunctions(held, runner).by_name().items():
                api(function, api_name=name)
        app = fastapi_app.create_app(
            blocks, assistant=held, history=history, runner=runner, access=access, **options
        )
        try:
            yield Site(app, assistant, runner, history)
        finally:
            runner.close()


def _whoami(access: Access) -> Callable[..., str]:
    import gradio

    def who(request: Any) -> str:
        return access.owner(request)

    who.__annotations__["request"] = gradio.Request  # imported late, as everything of Gradio
    return who


@contextmanager
def served(app: Any, port: int = 0, **options: Any) -> Iterator[str]:
    """The base URL of `app`, such as ``http://127.0.0.1:41234``; `port` 0: one that is free.
    `options` go to `uvicorn.Config`."""
    import uvicorn

    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
        options = {"log_level": "error", "timeout_graceful_shutdown": 2, **options}
        config = uvicorn.Config(app, **options)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            while not server.started and thread.is_alive():
                thread.join(0.02)
            assert server.started, "the server did not start"
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
