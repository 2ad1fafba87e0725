"""Makes the pictures of the README: ``python docs/pictures.py``.

Every picture is of the real page in Chromium, over the seed articles, with the local model. That
takes a few minutes. Nothing of this machine is in them: the index lies in a temporary folder.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.errors import FootnoteError
from ui.bench.browser import PageWindow, open_browser, serve_page

if TYPE_CHECKING:
    from playwright.async_api import Browser

IMAGES = Path(__file__).parent / "images"
MAX_BYTES = 250_000
COLOURS = 256  # a page has few more, most of them at the edges of letters

RATE = "What tariff rate applies to fentanyl?"
CHAIR = "Who is Wang Xiaohong?"
FEARS = "What fears has the fall in shipping prompted?"
NOWHERE = "What tariff rate applies to Canadian goods?"
CASES = ("fentanyl-rate", "highest-tariff", "canada-rate", "wang-age")
RUNS = 2

DESK = {"viewport": {"width": 1360, "height": 860}, "device_scale_factor": 1.5}
PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "has_touch": True}


@dataclass(frozen=True)
class Studio:
    """A browser, the page, and the cookie of the person whose conversations are shown."""

    browser: Browser
    url: str
    cookies: Any

    async def window(self, conversation: str, **options: Any) -> PageWindow:
        """A window on one of the person's conversations."""
        query = f"?c={conversation}" if conversation else ""
        window = await PageWindow.open(
            self.browser, self.url + query, storage_state=self.cookies, **options
        )
        await window.ready()
        return window


def main() -> int:
    """Make the pictures that were chosen, by default all; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=sorted(PICTURES), action="append")
    parser.add_argument("--out", type=Path, default=IMAGES, help="a folder for the pictures")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    try:
        asyncio.run(_pictures(options.only or list(PICTURES), options.out))
    except FootnoteError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


async def _pictures(names: list[str], out: Path) -> None:
    async with open_browser() as browser:  # first: without one there is nothing to do
        with tempfile.TemporaryDirectory() as folder:
            data = Path(folder)
            if "evals" in names:
                _runs(data)
            with serve_page(data) as page:
                cookies, conversations = await _conversations(browser, page.url)
                studio = Studio(browser, page.url, cookies)
                for name in names:
                    picture = await PICTURES[name](studio, conversations)
                    print(f"{name}.png: {write(picture, out / f'{name}.png') / 1000:.0f} kB")


def _runs(data: Path) -> None:
    """Real runs of a few of the golden questions, which the evals tab shows."""
    from eval.run import GOLDEN, run_golden
    from rag.settings import LOCAL_MODEL, load_settings

    lines = GOLDEN.read_text(encoding="utf-8").splitlines()
    cases = data / "a-few.jsonl"
    chosen = [line for line in lines if any(f'"id": "{id}"' in line for id in CASES)]
    cases.write_text("\n".join(chosen) + "\n", encoding="utf-8")
    for _ in range(RUNS):
        run_golden(load_settings(data_dir=data, model=LOCAL_MODEL), cases, None, None)


async def _conversations(browser: Browser, url: str) -> tuple[Any, dict[str, str]]:
    """Ask what the pictures show; the cookies, and the conversation of each question."""
    window = await PageWindow.open(browser, url)
    await window.ready()
    found = {}
    for question in (FEARS, CHAIR, NOWHERE, RATE):
        await window.new()
        await window.ask(question)
        found[question] = window.page.url.rpartition("c=")[2]
    cookies = await window.page.context.storage_state()
    await window.close()
    return cookies, found


# --- the pictures -----------------------------------------------------------------------------

Conversations = dict[str, str]


async def _lit(window: PageWindow, link: str) -> None:
    """Open what the first of such links points at, and wait until it is lit up."""
    await window.page.click(link)
    await window.page.wait_for_selector("#fn-pane .fn-current")
    await window.page.mouse.move(2, 2)
    await window.page.wait_for_timeout(600)


async def _taken(window: PageWindow) -> bytes:
    picture = await window.page.screenshot(animations="disabled")
    await window.close()
    return picture


async def _desktop(studio: Studio, conversations: Conversations) -> bytes:
    window = await studio.window(conversations[RATE], **DESK)
    await _lit(window, "#fn-live .fn-chip")
    return await _taken(window)


async def _dark(studio: Studio, conversations: Conversations) -> bytes:
    window = await studio.window(conversations[RATE], **DESK, color_scheme="dark")
    await _lit(window, "#fn-live .fn-chip")
    return await _taken(window)


async def _phone(studio: Studio, conversations: Conversations) -> bytes:
    window = await studio.window(conversations[CHAIR], **PHONE)
    return await _taken(window)


async def _source(studio: Studio, conversations: Conversations) -> bytes:
    window = await studio.window(conversations[CHAIR], **PHONE)
    await _lit(window, "#fn-live .fn-chip")
    return await _taken(window)


async def _decline(studio: Studio, conversations: Conversations) -> bytes:
    window = await studio.window(conversations[NOWHERE], **DESK)
    await _lit(window, "#fn-live .fn-title")
    return await _taken(window)


async def _tab(studio: Studio, name: str, shown: str) -> bytes:
    window = await studio.window("", **DESK)
    await window.page.get_by_role("tab", name=name).click()
    await window.page.wait_for_selector(shown)
    await window.page.wait_for_timeout(600)
    return await _taken(window)


async def _evals(studio: Studio, _: Conversations) -> bytes:
    return await _tab(studio, "Evals", "#fn-evals table")


async def _sources(studio: Studio, _: Conversations) -> bytes:
    window = await studio.window("", **DESK)
    await window.page.locator("#fn-rail-list summary").first.click()
    await window.page.wait_for_selector("#fn-rail-list .fn-point")
    return await _taken(window)


PICTURES: dict[str, Callable[[Studio, Conversations], Awaitable[bytes]]] = {
    "desktop": _desktop,
    "dark": _dark,
    "phone": _phone,
    "source": _source,
    "decline": _decline,
    "sources": _sources,
    "evals": _evals,
}


def write(picture: bytes, file: Path) -> int:
    """Write a screenshot with few colours; its size in bytes. Raises `FootnoteError` where it is
    too large for a README."""
    from PIL import Image

    image = Image.open(io.BytesIO(picture)).convert("RGB")
    # This method keeps the rare colours too, such as that of a small mark.
    few = image.quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    few.save(file, optimize=True)
    size = file.stat().st_size
    if size > MAX_BYTES:
        raise FootnoteError(f"{file.name} has {size:,} bytes.", "Make the window smaller.")
    return size


if __name__ == "__main__":
    sys.exit(main())
