"""Starts, runs and ends the server of the page."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import FootnoteError, SettingsError
from ui.web.connections import impatient_protocol
from ui.web.uploads_folder import uploads_folder

if TYPE_CHECKING:
    from fastapi import FastAPI

    from rag.assistant import Assistant
    from ui.gate.sign_in import Access, Readers
    from ui.questions.model_status import ModelLoader
    from ui.questions.prometheus_metrics import Metrics
    from ui.questions.runner import QuestionRunner
    from ui.records.history import History

DEFAULT_PORT = 7860
MAX_PORTS_TRIED = 50  # tried one after the other, where no port was chosen
HOSTED_SLOTS = 8  # questions that a hosted model answers at a time; the local model answers one
MAX_CONNECTIONS = 800  # below the files that a process may have open
GRADIO_SETTINGS = {  # read when gradio is first imported, and when the page is built
    "GRADIO_ANALYTICS_ENABLED": "False",
    # Else it keeps 10,000 events, and makes a table of all of them at the end of each.
    "GRADIO_ANALYTICS_MAX_EVENTS": "100",
    "GRADIO_ANALYTICS_CACHE_FREQUENCY": str(10**9),
}
SHUTDOWN_TIMEOUT_S = 2  # for replies under way when the server ends


def refuse_workers(workers: int) -> None:
    """Raises `SettingsError` where more than one process is to listen at the same port. A stream of
    the page, an upload and a running question live in the process that began them, and the system
    gives each connection to any process that listens."""
    if workers > 1:
        raise SettingsError(
            "Several processes cannot serve the page at one port.",
            "Start several servers, each with its own --port, behind a proxy that keeps a browser"
            " with its server: see docs/deployment.md.",
        )


class PortTaken(FootnoteError):
    """The chosen address is in use, or is not one of this machine."""


def create_page(
    assistant: Assistant,
    access: Access,
    *,
    root_path: str = "",
    mcp: bool = False,
    max_running: int | None = None,
    metrics: bool = False,
) -> tuple[FastAPI, QuestionRunner, History]:
    """The web application over an assistant; close the runner and the history when it ends.

    Its model answers `max_running` questions at a time; by default one where it is the local model,
    else `HOSTED_SLOTS`. `metrics`: they are kept, and shown at ``/metrics``.
    """
    for name, value in GRADIO_SETTINGS.items():
        os.environ.setdefault(name, value)
    from ui.api.functions import ApiFunctions
    from ui.questions.model_status import ModelLoader
    from ui.questions.runner import QuestionRunner
    from ui.records.feedback import FeedbackStore
    from ui.records.history import History
    from ui.web import fastapi_app, gradio_page
    from ui.web.indexing_jobs import IndexingJobs
    from ui.web.page_actions import PageActions
    from ui.web.rail_routes import RailRoutes
    from ui.web.source_pane import SourcePane

    settings = assistant.settings
    history = History.from_settings(settings)
    slots = 1 if settings.provider == "local" else HOSTED_SLOTS
    runner = QuestionRunner(assistant, max_running or slots)
    feedback = FeedbackStore.from_settings(settings)
    page = PageActions(assistant, runner, history, feedback=feedback)
    pane = SourcePane(assistant.library, page)
    indexing = IndexingJobs(assistant, settings.data_dir / "articles")
    indexing.take_up()
    loader = ModelLoader(assistant)
    loader.start()
    kept = _metrics(assistant, runner, loader) if metrics else None
    blocks = gradio_page.build_blocks(
        page, pane, indexing, loader, access, ApiFunctions(assistant, runner)
    )
    web = fastapi_app.create_app(
        blocks,
        assistant=assistant,
        history=history,
        runner=runner,
        access=access,
        root_path=root_path,
        mcp=mcp,
        loader=loader,
        feedback=feedback,
        metrics=kept,
        **gradio_page.mount_options(),
    )
    web.router.routes[:0] = RailRoutes(assistant, indexing).all()
    return web, runner, history


def _metrics(assistant: Assistant, runner: QuestionRunner, loader: ModelLoader) -> Metrics:
    from ui.questions.prometheus_metrics import Metrics

    metrics = Metrics(version("footnote-qa"))
    runner.on_end(metrics.count_question)
    metrics.watch_questions(runner, loader)
    metrics.watch_jobs(assistant.jobs.store.jobs)
    return metrics


def serve(  # noqa: PLR0913
    assistant: Assistant,
    say: Callable[[str], None],
    *,
    host: str,
    port: int | None,
    auth_file: Path | None,
    root_path: str,
    mcp: bool,
    max_running: int | None = None,
    readers: Readers = "users",
    metrics: bool = False,
) -> None:
    """Serve the page until it is interrupted; `max_running` and `metrics` as in `create_page`,
    `readers` as in `Access`.

    Raises `PortTaken`, `SettingsError`.
    """
    import uvicorn

    from ui.gate.sign_in import Access
    from ui.questions.open_telemetry import question_tracing

    with (
        ending_in_order(),
        closing(listening_socket(host, port)) as listening,
        uploads_folder(),
        question_tracing(assistant.settings, version("footnote-qa")) as tracings,
    ):
        access = Access.of(host, auth_file, root_path, readers)
        web, runner, history = create_page(
            assistant,
            access,
            root_path=root_path,
            mcp=mcp,
            max_running=max_running,
            metrics=metrics,
        )
        for tracing in tracings:
            runner.on_end(tracing.send)
        config = uvicorn.Config(
            web,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=SHUTDOWN_TIMEOUT_S,
            server_header=False,
            http=impatient_protocol(),
            limit_concurrency=MAX_CONNECTIONS,
            proxy_headers=bool(root_path),
        )
        logging.getLogger("uvicorn.error").addFilter(_is_no_end_of_a_stream)
        say(address_of(host, listening.getsockname()[1]))
        try:
            uvicorn.Server(config).run(sockets=[listening])
        finally:
            runner.close()
            history.close()


@contextmanager
def ending_in_order() -> Iterator[None]:
    """Within this block, SIGTERM ends the program as its own end would, with exit code 0."""

    def end(*_: object) -> None:
        raise SystemExit(0)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _is_no_end_of_a_stream(record: logging.LogRecord) -> bool:
    """False for what uvicorn logs when it ends replies under way, as it should at its own end."""
    kind = record.exc_info[0] if record.exc_info else None
    is_cancelled = kind is not None and issubclass(kind, asyncio.CancelledError)
    return not is_cancelled and not record.getMessage().startswith("Cancel ")


def listening_socket(host: str, port: int | None) -> socket.socket:
    """A socket at `port`, or at the first free one from `DEFAULT_PORT` on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for number in (
        [port] if port is not None else range(DEFAULT_PORT, DEFAULT_PORT + MAX_PORTS_TRIED)
    ):
        listening = socket.socket(family, socket.SOCK_STREAM)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((host, number))
            listening.listen(128)
        except OSError as error:
            listening.close()
            if port is not None or error.errno != errno.EADDRINUSE:
                raise PortTaken(
                    f"{host}:{number} cannot be used ({error.strerror}).",
                    "Choose another with --host and --port.",
                ) from error
        else:
            return listening
    raise PortTaken(f"The ports from {DEFAULT_PORT} on are all in use.", "Choose one with --port.")


def address_of(host: str, port: int) -> str:
    name = f"[{host}]" if ":" in host else host
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else name  # noqa: S104
    return f"http://{shown}:{port}/"
