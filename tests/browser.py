"""The page in Debian's Chromium, driven by Playwright, for tests in a browser.

The whole application runs: real library, real vectors, real search, checking and citing. Only the
model's words are scripted. The fixtures are in `tests.chromium`.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import (
    BrowserContext,
    ConsoleMessage,
    Dialog,
    FilePayload,
    Locator,
    Page,
    ViewportSize,
)
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from rag.assistant import Assistant
from rag.models.provider import HostedProvider
from rag.store.documents import Library
from rag.store.vectors import VectorStore
from tests.asking import LARGE, Index, settings_for
from tests.fakes import ScriptedServer
from tests.serving import served
from ui.gate.sign_in import Access
from ui.records.history import History

SAID = "A 20% rate applies to fentanyl. [1]"
AT_FIRST = "In February Trump imposed an initial 10% tariff on Chinese goods. [1]"
PATIENCE_MS = 30_000  # until a test gives up
PHONE = ViewportSize(width=390, height=844)
DESKTOP = ViewportSize(width=1440, height=900)
QUIET = (  # what its maker has it ask all the same, nobody hears
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
# Gradio's page complains of itself: its streams have no `return`, a box wants the focus where a
# link has it, and it breaks off its own stream when the page is left. None of it is ours to mend,
# nor does anything fail.
EXPECTED = (
    "Method not implemented.",
    "Autofocus processing was blocked",
    "AbortError: signal is aborted without reason",
    "Unexpected error Connection errored out.",
)


def executable() -> str | None:
    """Where the browser is."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


class Model(ScriptedServer):
    """A model that says what the test that runs wants."""

    def __enter__(self) -> Model:
        super().__enter__()
        return self

    def says(self, *replies: Any) -> None:
        """From now on: one after the other, the last one again and again."""
        self.requests.clear()
        self.dropped.clear()
        self.replies = list(replies)

    def says_later(self, reply: Any) -> threading.Event:
        """From now on `reply`, once the event is set."""
        may_speak = threading.Event()

        def later(_: Any) -> Any:
            may_speak.wait(30)
            return reply

        self.says(later)
        return may_speak


@dataclass
class Site:
    """A running application."""

    url: str
    assistant: Assistant
    history: History
    folder: Path


@contextmanager
def site(seeds: Index, model: ScriptedServer, folder: Path, port: int = 0) -> Iterator[Site]:
    """The application, its data in `folder`; the seed articles are there from the start."""
    settings = settings_for(model, LARGE, data_dir=folder)
    library = Library.open(folder / "library.sqlite3")
    vectors = VectorStore.open(folder / "vectors", seeds.embedder.name)
    assistant = Assistant(settings, library, vectors, seeds.embedder, HostedProvider(settings))
    with running(assistant, port) as built:
        yield built


@contextmanager
def running(assistant: Assistant, port: int = 0) -> Iterator[Site]:
    """The application over `assistant`, which is closed with it."""
    from ui.web import server

    with assistant:
        assistant.ensure_seeds()
        web, runner, history = server.create_page(assistant, Access())
        with closing(history), closing(runner), served(web, port) as url:
            yield Site(url, assistant, history, assistant.settings.data_dir)


# --- what a person does -----------------------------------------------------------------------


class Window:
    """The page, as a person uses it."""

    def __init__(self, page: Page, url: str, log: Log) -> None:
        self.page, self.url, self.log = page, url, log
        self.live = page.locator("#fn-live article")
        self.past = page.locator("#fn-past article")
        self.box = page.locator("#fn-question textarea")
        self.pane = page.locator("#fn-pane")
        self.notice = page.locator("#fn-notice")
        self.list = page.locator("#fn-conversations .fn-open")
        self.job = page.locator("#fn-jobs .fn-job").first
        self.sources = page.locator("#fn-rail-list .fn-source")

    def close(self) -> None:
        self.page.close()

    def open(self, path: str = "") -> Window:
        self.page.goto(f"{self.url}/{path}")
        return self.wait()

    def reload(self) -> Window:
        self.page.reload()
        return self.wait()

    def wait(self) -> Window:
        """Until the page knows what it shows."""
        self.page.locator("#fn-live article, #fn-live .fn-empty").first.wait_for()
        self.page.wait_for_function("!!window.footnoteTrigger")
        return self

    def put(self, question: str) -> None:
        """Write a question and press Enter."""
        self.box.fill(question)
        self.box.press("Enter")

    def ask(self, question: str) -> Locator:
        """Put a question and wait until its answer is over and kept."""
        before = self.shown
        self.put(question)
        return self.answered(before)

    def answered(self, before: str = "") -> Locator:
        """Wait until another exchange than `before` is over and kept."""
        self.page.wait_for_function(
            """(before) => {
                const last = document.querySelector("#fn-live [data-exchange-id]");
                const row = document.querySelector("#fn-conversations [aria-current]");
                const count = document.querySelectorAll(":is(#fn-past, #fn-live) article").length;
                return last && last.dataset.exchangeId !== before && !last.ariaBusy
                    && row && row.textContent.match(/(\\d+) questions?$/)?.[1] === String(count);
            }""",
            arg=before,
        )
        return self.live

    @property
    def shown(self) -> str:
        """The id of the last exchange on the page; "" where there is none."""
        found = self.page.locator("#fn-live [data-exchange-id]")
        return (found.first.get_attribute("data-exchange-id") or "") if found.count() else ""

    @property
    def address(self) -> str:
        """Of the open conversation: what stands after the host, once it does."""
        self.page.wait_for_url("**/?c=*")
        return f"?{urlsplit(self.page.url).query}"

    def chip(self, index: int = 0) -> Locator:
        """A footnote in the answer's text."""
        return self.live.locator(".fn-chip").nth(index)

    def light(self) -> None:
        """Press the first footnote until its source opens.

        A page whose server was away loads itself again, and may do so under a click.
        """
        for _ in range(PATIENCE_MS // 5_000):
            self.chip().click()
            with suppress(PlaywrightTimeout):
                return self.pane.locator(".fn-current").first.wait_for(timeout=5_000)
        raise AssertionError("A footnote was pressed again and again, and nothing opened.")

    def lit(self) -> str:
        """The text that is lit up in the source pane, once it is there."""
        self.pane.locator(".fn-current").first.wait_for()
        return "".join(self.pane.locator(".fn-current").all_text_contents())

    def do(self, act: str, within: str = "#fn-live") -> None:
        """Press a button of the last exchange."""
        self.page.locator(f"{within} [data-act={act}]").first.click()

    def tab(self, name: str) -> None:
        """Go to a tab: Ask or Evals."""
        self.page.get_by_role("tab", name=name, exact=True).click()

    def upload(self, *files: Path | FilePayload) -> None:
        """Add files to the sources."""
        self.page.locator("#fn-files input[type=file]").set_input_files(list(files))  # type: ignore[arg-type]

    def about(self, title: str) -> Locator:
        """A source of the rail, opened."""
        source = self.sources.filter(has_text=title).first
        source.locator("summary").click()
        source.locator(".fn-source-acts").wait_for()
        return source

    def is_in_view(self, inner: str, outer: str) -> bool:
        """True when the first element of `inner` lies within that of `outer` and of the window."""
        return bool(
            self.page.evaluate(
                "([inner, outer]) => { const [a, b] = [inner, outer].map("
                " (each) => document.querySelector(each).getBoundingClientRect());"
                " return a.height > 0 && a.top >= Math.max(0, b.top) - 1"
                " && a.bottom <= Math.min(innerHeight, b.bottom) + 1 }",
                [inner, outer],
            )
        )


# --- what the browser tells -------------------------------------------------------------------


@dataclass
class Log:
    """What happened in a browser besides what a person did."""

    requests: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)  # that nobody expected
    answers: list[str] = field(default_factory=list)  # to dialogs that are to come

    def follow(self, context: BrowserContext) -> None:
        context.on("request", lambda request: self.requests.append(request.url))
        context.on("console", self._said)
        context.on("weberror", lambda error: self.console.append(str(error.error)))
        context.on("dialog", self._asked)

    def clear(self) -> None:
        """Forget what happened so far."""
        for each in (self.requests, self.console, self.dialogs, self.answers):
            each.clear()

    def check(self) -> None:
        """Nothing went out, and nothing went wrong."""
        assert self.hosts <= {"127.0.0.1"}
        assert not self.console, self.console
        assert not self.dialogs
        assert not self.answers

    @property
    def hosts(self) -> set[str]:
        """Those that requests went to."""
        parts = map(urlsplit, self.requests)
        return {str(each.hostname) for each in parts if each.scheme not in ("data", "blob")}

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(EXPECTED):
            self.console.append(f"{message.type}: {message.text} ({message.location})")

    def _asked(self, dialog: Dialog) -> None:
        if self.answers:
            dialog.accept(self.answers.pop(0))
        else:
            self.dialogs.append(f"{dialog.type}: {dialog.message}")
            dialog.dismiss()


class Person:
    """Somebody with a browser of their own."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.context, self.url, self.log = context, url, Log()
        context.set_default_timeout(PATIENCE_MS)
        self.log.follow(context)

    def window(self, path: str = "") -> Window:
        """Another window of the same browser."""
        return Window(self.context.new_page(), self.url, self.log).open(path)


Visit = Callable[..., Person]
