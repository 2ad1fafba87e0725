"""Two page servers over one folder, or one Postgres, behind HAProxy, while one after the other is
killed.

Programs ask over the Chat Completions API as in `ui.bench.api_load`. The proxy is that of
deploy/haproxy.cfg.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rag.errors import FootnoteError
from ui.bench.api_load import ProgramClient, ask_at_once
from ui.bench.browser import serve_page

CONFIGURATION = Path(__file__).parents[2] / "deploy" / "haproxy.cfg"
SETTLE_S = 12.0  # until HAProxy has looked at each server twice
NOWHERE = "127.0.0.1:9"  # no model server is behind the proxy


class NoProxy(FootnoteError):
    """HAProxy or its configuration is not here."""


@dataclass
class Server:
    """A page server that can be killed and started again at its port; 0 until it has one."""

    data: Path
    articles: Path
    model_url: str
    port: int = 0
    pid: int = 0
    _running: ExitStack = field(default_factory=ExitStack)

    def start(self) -> None:
        """Start, and wait until it answers."""
        self.port = self.port or _free_port()
        page = serve_page(
            self.data, self.articles, self.model_url, port=self.port, max_running=None
        )
        self.pid = self._running.enter_context(page).pid

    def kill(self) -> None:
        """End it at once, as the loss of a machine does."""
        os.kill(self.pid, signal.SIGKILL)
        self.stop()

    def stop(self) -> None:
        """End it in order, if it runs."""
        self._running.close()


@contextmanager
def behind_proxy(servers: Sequence[Server]) -> Iterator[str]:
    """The URL of HAProxy before two servers. Raises `NoProxy`."""
    found = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")
    if not (found and CONFIGURATION.exists()):
        raise NoProxy("HAProxy or deploy/haproxy.cfg is not here.", "Install it; use a checkout.")
    port = _free_port()
    addresses = {
        "LISTEN_PAGES": f"127.0.0.1:{port}",
        "LISTEN_MODELS": f"127.0.0.1:{_free_port()}",
        **{f"PAGE_{n}": f"127.0.0.1:{each.port}" for n, each in enumerate(servers, 1)},
        "MODEL_1": NOWHERE,
        "MODEL_2": NOWHERE,
    }
    variables = [f"{name}={value}" for name, value in addresses.items()]
    command = ["env", *variables, found, "-db", "-f", str(CONFIGURATION)]
    with subprocess.Popen(  # noqa: S603 (a program that was found, and a file of ours)
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as run:
        try:
            yield f"http://127.0.0.1:{port}/"
        finally:
            run.terminate()


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


def ask_while_servers_die(
    clients: Sequence[ProgramClient],
    servers: Sequence[Server],
    seconds: float,
    kill_every_s: float,
) -> int:
    """Have the clients ask for so many seconds; how often a server was killed. Each is started
    again at once, and the other is killed next. With `kill_every_s` 0 none is."""
    over, kills = threading.Event(), 0

    def kill_in_turn() -> None:
        nonlocal kills
        while kill_every_s and not over.wait(kill_every_s):
            server = servers[kills % len(servers)]
            kills += 1
            server.kill()
            server.start()

    with ExitStack() as running:
        for server in servers:
            running.callback(server.stop)
            server.start()
        url = running.enter_context(behind_proxy(servers))
        threading.Event().wait(SETTLE_S)
        killing = threading.Thread(target=kill_in_turn)
        killing.start()
        ask_at_once(clients, url, seconds)
        over.set()
        killing.join()
    return kills
