"""Measures how the page opens, as Lighthouse does: paint, usable, transfer, layout shift, tasks.

`LOAD_SCRIPT` records what a window's browser notes of a load; `PageLoad` reads it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

# The network of Lighthouse's desktop preset (lighthouse/core/config/constants.js, desktopDense4G).
RTT_MS, THROUGHPUT_KBIT = 40, 10 * 1024
# The largest of its windows of shifts counts: gaps below 1 s, 5 s at most (web.dev/articles/cls).
SHIFT_GAP_S, SHIFT_WINDOW_S = 1.0, 5.0
BLOCKING_S = 0.05  # what a task takes beyond it blocks whoever types or clicks
SETTLE_MS = 1500  # after the page can be used, until nothing moves

LOAD_SCRIPT = """(() => {
  const load = { shifts: [], tasks: [], largest: 0, usable: 0 };
  window.fnLoad = load;
  const watch = (type, note) =>
    new PerformanceObserver((list) => list.getEntries().forEach(note))
      .observe({ type, buffered: true });
  watch("layout-shift", (each) => {
    if (!each.hadRecentInput) load.shifts.push([each.startTime / 1000, each.value]);
  });
  watch("longtask", (each) => load.tasks.push(each.duration / 1000));
  watch("largest-contentful-paint", (each) => (load.largest = each.startTime / 1000));
  const look = () => {
    const isThere = document.querySelector("#fn-live :is(.fn-empty, article)")
      && document.querySelector("#fn-question textarea") && window.footnoteTrigger;
    if (isThere) load.usable = performance.now() / 1000;
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
  const sent = (kind) => performance.getEntriesByType(kind);
  load.told = () => {
    const replies = [...sent("navigation"), ...sent("resource")];
    return {
      ...load,
      first: performance.getEntriesByName("first-contentful-paint")[0].startTime / 1000,
      bytes: replies.reduce((sum, each) => sum + each.transferSize, 0),
      requests: replies.length,
    };
  };
})();"""


@dataclass(frozen=True, slots=True)
class PageLoad:
    """One load of the page; times in seconds after the address was entered."""

    first_paint_s: float  # first contentful paint
    largest_paint_s: float  # largest contentful paint
    usable_s: float  # until a question can be asked and the first screen stands
    transferred: int  # bytes over the network, headers included
    requests: int
    shift: float  # cumulative layout shift
    longest_task_s: float  # 0 where none took 50 ms
    blocking_s: float  # total blocking time

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> PageLoad:
        """From what the script says."""
        tasks = [float(each) for each in told["tasks"]]
        return cls(
            float(told["first"]),
            float(told["largest"]),
            float(told["usable"]),
            int(told["bytes"]),
            int(told["requests"]),
            layout_shift(told["shifts"]),
            max(tasks, default=0.0),
            sum(each - BLOCKING_S for each in tasks),
        )


def layout_shift(shifts: Sequence[Sequence[float]]) -> float:
    """Cumulative layout shift of ``(second, value)`` pairs in order: the largest window of them."""
    windows: list[list[Sequence[float]]] = []
    for shift in shifts:
        window = windows[-1] if windows else []
        near = window and shift[0] - window[-1][0] < SHIFT_GAP_S
        if near and shift[0] - window[0][0] < SHIFT_WINDOW_S:
            window.append(shift)
        else:
            windows.append([shift])
    return max((sum(value for _, value in each) for each in windows), default=0.0)


async def load_page(
    browser: Browser, url: str, times: int, *, slow: bool = False
) -> tuple[list[PageLoad], list[PageLoad]]:
    """The page opened by `times` browsers that never saw it, and by the same ones once more.

    With `slow` the network is that of Lighthouse's desktop preset.
    """
    new: list[PageLoad] = []
    again: list[PageLoad] = []
    for _ in range(times):
        context = await browser.new_context(viewport={"width": 1350, "height": 940})
        await context.add_init_script(LOAD_SCRIPT)
        page = await context.new_page()
        if slow:
            await _slow_down(page)
        for found in (new, again):
            await page.goto(url)
            await page.wait_for_function("() => window.fnLoad?.usable > 0", timeout=120_000)
            await page.wait_for_timeout(SETTLE_MS)
            found.append(PageLoad.of(await page.evaluate("fnLoad.told()")))
        await context.close()
    return new, again


async def _slow_down(page: Page) -> None:
    session = await page.context.new_cdp_session(page)
    await session.send("Network.enable")
    bytes_per_s = THROUGHPUT_KBIT * 1024 / 8
    await session.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": RTT_MS,
            "downloadThroughput": bytes_per_s,
            "uploadThroughput": bytes_per_s,
        },
    )


def load_lines(loads: Sequence[PageLoad]) -> Iterator[tuple[str, str]]:
    """The figures of some loads, each as its median and its worst."""
    yield "first contentful paint", _times([each.first_paint_s for each in loads])
    yield "largest contentful paint", _times([each.largest_paint_s for each in loads])
    yield "usable", _times([each.usable_s for each in loads])
    size, requests = loads[0].transferred / 1000, loads[0].requests
    yield "transfer", f"{size:,.0f} kB in {requests} requests"
    shifts = [each.shift for each in loads]
    yield "cumulative layout shift", f"{max(shifts):.3f} worst (limit 0.05)"
    yield "longest task", _times([each.longest_task_s for each in loads])
    yield "total blocking time", _times([each.blocking_s for each in loads])


def _times(times: Sequence[float]) -> str:
    return f"{median(times):.2f} s median, {max(times):.2f} s worst, n={len(times)}"
