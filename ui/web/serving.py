"""How does the page start, run and end?"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from rag.errors import FootnoteError

if TYPE_CHECKING:
    from fastapi import FastAPI

    from rag.assistant import Assistant
    from ui.asking.desk import Desk
    from ui.gate.access import Access
    from ui.records.history import History

PORT = 7860
PORTS = 50  # tried one after the other, where none was asked for
LANES_HOSTED = 8  # questions that somebody's server answers at a time; the local model: one
CLOSING_S = 2  # for replies under way when the server ends


class PortTaken(FootnoteError):
    """The address that was asked for is in use, or not this machine's."""


def create(
    assistant: Assistant,
    access: Access,
    *,
    root_path: str = "",
    mcp: bool = False,
    at_once: int | None = None,
) -> tuple[FastAPI, Desk, History]:
    """The web application over an assistant; close the desk and the history when it ends.

    Its model answers `at_once` questions at a time: one where it is the local model, else
    `LANES_HOSTED`, unless told otherwise.
    """
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # read when gradio is first imported
    from ui.api.programs import Programs
    from ui.asking.desk import Desk
    from ui.asking.warming import Warming
    from ui.records.history import History
    from ui.web import app, server
    from ui.web.intake import Intake
    from ui.web.page import Page
    from ui.web.reading import Reading

    settings = assistant.settings
    history = History.open(settings.data_dir / "history.sqlite3")
    lanes = 1 if settings.provider == "local" else LANES_HOSTED
    desk = Desk(assistant, at_once or lanes)
    page = Page(assistant, desk, history)
    reading = Reading(assistant.library, page)
    intake = Intake(assistant, settings.data_dir / "articles")
    warming = Warming(assistant)
    warming.start()
    blocks = app.build(page, reading, intake, warming, access, Programs(assistant, desk))
    web = server.create(
        blocks,
        assistant=assistant,
        history=history,
        desk=desk,
        access=access,
        root_path=root_path,
        mcp=mcp,
        warming=warming,
        **app.mounting(),
    )
    return web, desk, history


def serve(
    assistant: Assistant,
    say: Callable[[str], None],
    *,
    host: str,
    port: int | None,
    auth_file: Path | None,
    root_path: str,
    mcp: bool,
    at_once: int | None = None,
) -> None:
    """Serve the page until it is interrupted; `at_once` as in `create`.

    Raises `PortTaken`, `SettingsError`.
    """
    import uvicorn

    from ui.gate.access import Access

    with closing(_listening(host, port)) as listening, _uploads_folder():
        access = Access.of(host, auth_file=auth_file, root_path=root_path)
        web, desk, history = create(
            assistant, access, root_path=root_path, mcp=mcp, at_once=at_once
        )
        config = uvicorn.Config(
            web,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=CLOSING_S,
            server_header=False,
            proxy_headers=bool(root_path),
        )
        say(_address(host, listening.getsockname()[1]))
        try:
            uvicorn.Server(config).run(sockets=[listening])
        finally:
            desk.close()
            history.close()


@contextmanager
def _uploads_folder() -> Iterator[None]:
    """A temporary folder for what Gradio writes, uploaded files above all; gone at the end.

    By default that is one folder for everybody on the machine, and it is never emptied.
    """
    with TemporaryDirectory(prefix="footnote-", ignore_cleanup_errors=True) as folder:
        os.environ.setdefault("GRADIO_TEMP_DIR", folder)  # read when gradio is first imported
        yield


def _listening(host: str, port: int | None) -> socket.socket:
    """A socket at `port`, or at the first free one from `PORT` on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for number in [port] if port is not None else range(PORT, PORT + PORTS):
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
    raise PortTaken(f"The ports from {PORT} on are all in use.", "Choose one with --port.")


def _address(host: str, port: int) -> str:
    name = f"[{host}]" if ":" in host else host
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else name  # noqa: S104
    return f"http://{shown}:{port}/"
