"""Serves the page and drives it in a headless browser, for the benchmark and the pictures.

`serve_page` runs the whole page in a process of its own, `open_browser` a headless Chromium, and
`PageWindow` is one person's window: it asks as a person does, with the keyboard, and a script in it
records what is on screen after each frame.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.errors import FootnoteError
from rag.settings import LOCAL_MODEL
from ui.bench.page_probe import PROBE_SCRIPT, ObservedQuestion
from ui.bench.stand_in_model import NAME

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from playwright.async_api import Browser, Page

QUIET = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
START_S = 600  # for the page to answer: many sources may have to be indexed first
LONGEST_S = 180  # for one answer
BOX = "#fn-question textarea"


class NoBrowser(FootnoteError):
    """There is no Chromium, or nothing that drives it."""


class NoPage(FootnoteError):
    """The page's server ended before it answered."""


# --- the server -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ServedPage:
    """A page that answers at `url`; its server is process `pid`."""

    url: str
    pid: int

    def resident(self) -> int:
        """Bytes of memory that the server's process holds; the local model has one of its own."""
        status = Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii")
        return int(status.split()[1]) * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def serve_page(
    data: Path,
    articles: Path | None = None,
    model_url: str = "",
    model: str = LOCAL_MODEL,
    *,
    port: int = 0,
    max_running: int | None = 1,
) -> Iterator[ServedPage]:
    """The page over an index in `data`: the seeds, and the files in `articles`.

    `model` is "local" or "none"; with `model_url` that server stands in its place. It answers
    `max_running` questions at a time, as many as usual where that is None. Raises `NoPage`.
    """
    ours, theirs = multiprocessing.Pipe()
    spawning = multiprocessing.get_context("spawn")
    serving = (port, max_running)
    process = spawning.Process(
        target=_serve, args=(data, articles, model_url, model, serving, theirs)
    )
    process.start()
    theirs.close()
    try:
        yield ServedPage(_address(ours), process.pid or 0)
    finally:
        if process.is_alive() and process.pid:
            os.kill(process.pid, signal.SIGINT)  # as from the keyboard: the model ends with it
        process.join()


def _address(pipe: Connection) -> str:
    try:
        if pipe.poll(START_S):
            return str(pipe.recv())
    except EOFError:
        pass
    raise NoPage("The page did not start.", "Run `footnote ui` to see why.")


def _serve(
    data: Path,
    articles: Path | None,
    model_url: str,
    model: str,
    serving: tuple[int, int | None],
    pipe: Connection,
) -> None:
    """The process of a server; `serving` is its port and how many questions it answers at a
    time."""
    import rag
    from ui.web.allocator import bound_heaps
    from ui.web.server import serve

    bound_heaps()

    chosen: dict[str, Any] = (
        {"llm_base_url": model_url, "model": NAME} if model_url else {"model": model}
    )
    with rag.open(data_dir=data, **chosen) as assistant:
        assistant.ensure_seeds()
        if articles:
            list(assistant.index([articles]))
        with suppress(KeyboardInterrupt):
            serve(
                assistant, pipe.send, host="127.0.0.1", port=serving[0],
                auth_file=None, root_path="", mcp=False, max_running=serving[1],
            )  # fmt: skip


# --- the browser ------------------------------------------------------------------------------


@asynccontextmanager
async def open_browser() -> AsyncIterator[Browser]:
    """A headless Chromium. Raises `NoBrowser`."""
    path = shutil.which("chromium")
    if path is None:
        raise NoBrowser("There is no Chromium to look at the page with.", "Install Debian's "
                        "package chromium (apt-get install chromium).")  # fmt: skip
    try:
        from playwright.async_api import async_playwright
    except ImportError as error:
        raise NoBrowser(
            "The Python package playwright is not installed.", "Run `make test` or `make bench`."
        ) from error
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=[*QUIET])
        try:
            yield browser
        finally:
            await browser.close()


class PageWindow:
    """One person's window on the page. `faults` are errors that the browser noted."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.faults: list[str] = []
        self._questions = 0
        page.on("pageerror", lambda error: self.faults.append(str(error)))

    @classmethod
    async def open(cls, browser: Browser, url: str, **options: Any) -> PageWindow:
        """A window with cookies of its own; `options` are those of a browser's context."""
        given: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}} | options
        context = await browser.new_context(**given)
        await context.add_init_script(PROBE_SCRIPT)
        window = cls(await context.new_page())
        await window.page.goto(url)
        await window.page.wait_for_selector("#fn-live :is(.fn-empty, article)", timeout=60_000)
        return window

    async def ready(self) -> None:
        """Wait until the page says that its model is loaded."""
        await self.page.wait_for_selector(".fn-status-good", timeout=START_S * 1000)

    async def ask(self, question: str) -> ObservedQuestion:
        """Type a question, press Enter, and wait until the answer is there and kept."""
        await self.page.fill(BOX, question)
        before = await self.page.evaluate("fnProbe.begin()")
        await self.page.press(BOX, "Enter")
        await self._until("id => fnProbe.over(id)", before)
        self._questions += 1
        await self._until("n => fnProbe.kept() >= n", self._questions)
        return ObservedQuestion.of(await self.page.evaluate("fnProbe.told()"))

    async def new(self) -> None:
        """Begin another conversation."""
        await self.page.click('#fn-sidebar [data-act="new"]')
        await self.page.wait_for_selector("#fn-live .fn-empty")
        self._questions = 0

    async def reload(self, questions: int) -> None:
        """Load the page again; `questions` is how many its conversation has by now."""
        await self.page.reload()
        await self.page.wait_for_selector("#fn-live :is(.fn-empty, article)", timeout=60_000)
        await self.page.wait_for_function("!!window.footnoteTrigger")
        self._questions = questions

    async def texts(self, selector: str) -> list[str]:
        """The texts of what matches, also of what is folded away."""
        return await self.page.locator(selector).all_text_contents()

    async def memory_counts(self) -> Mapping[str, float]:
        """What the browser counts of the page once the garbage is gone: bytes of its scripts'
        values ("JSHeapUsedSize"), "Nodes" and more."""
        session = await self.page.context.new_cdp_session(self.page)
        try:
            await session.send("Performance.enable")
            await session.send("HeapProfiler.collectGarbage")
            metrics = (await session.send("Performance.getMetrics"))["metrics"]
        finally:
            await session.detach()
        return {each["name"]: each["value"] for each in metrics}

    async def close(self) -> None:
        """Close it; its cookies are forgotten."""
        await self.page.context.close()

    async def _until(self, test: str, argument: object) -> None:
        await self.page.wait_for_function(test, arg=argument, timeout=LONGEST_S * 1000, polling=50)
