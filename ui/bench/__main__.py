"""Measures how fast and how steady the page is: ``python -m ui.bench``.

A real browser asks a real server. Where the language model must not be the limit, a stand-in
answers at a fixed pace in its place. Each line is a figure, its sample size, and its limit.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from rag.errors import FootnoteError
from ui.bench.api_load import ProgramClient, ask_at_once, client_lines
from ui.bench.browser import PageWindow, ServedPage, open_browser, serve_page
from ui.bench.figures import print_figure, print_percentiles, print_times
from ui.bench.large_index import lengthen_conversation, source_questions, write_sources
from ui.bench.load import WORD_S, notes_of, run_load, write
from ui.bench.page_load import load_lines, load_page
from ui.bench.page_probe import ObservedQuestion
from ui.bench.servers import Server, ask_while_servers_die
from ui.bench.soak import run_soak
from ui.bench.stand_in_model import NAME, StandInModel
from ui.bench.tasks import run_tasks

if TYPE_CHECKING:
    from rag.assistant import Assistant

QUESTIONS = (
    "what tariff rate applies to fentanyl?",
    "Who is Wang Xiaohong?",
    "How many Americans could the seized fentanyl kill?",
    "What fears has the fall in shipping prompted?",
    "How high have President Trump's tariffs gone on some goods?",
)
UNCOUNTED = "Who chaired the meeting?"  # asked first, while caches fill
EVIDENCE_S = 0.5
USEFUL_S = 1.0  # from Enter to the first text that a person can use
SHIFT = 0.05  # cumulative layout shift
ROUNDS = 20  # questions for a 95th percentile
UPDATES = 10  # a second, as `ui.questions.runner` throttles them
BLOCK_S = 0.1  # a page that is held up for longer feels so
LONG_SENTENCES, LONG_WORD_S = 60, 0.025  # a long answer: about forty words a second
KILL_EVERY_S = 20.0
EARLY = 10  # questions after which memory is first looked at


def main() -> int:
    """Run the sections that were chosen and print one line for each figure; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="section", help=", ".join(SECTIONS))
    parser.add_argument("--seconds", type=float, default=120, help="of load and long ones (120)")
    parser.add_argument("--people", type=int, default=8, help="who ask at once (8)")
    parser.add_argument("--clients", type=int, default=64, help="of the API, at once (64)")
    parser.add_argument("--questions", type=int, default=200, help="of a conversation (200)")
    parser.add_argument("--sources", type=int, default=2000, help="of the large index (2000)")
    parser.add_argument("--times", type=int, default=5, help="that the page is opened (5)")
    parser.add_argument("--model", choices=("local", "none"), default="local", help="of the tasks")
    options = parser.parse_args()
    if unknown := set(options.sections) - SECTIONS.keys():
        parser.error(f"there is no section {', '.join(sorted(unknown))}")
    if options.people < 1 or options.questions <= EARLY:
        parser.error(f"somebody must ask, and more than {EARLY} questions")
    try:
        for name in options.sections or [each for each in SECTIONS if each not in LONG]:
            loads = ", ".join(f"{each:.1f}" for each in os.getloadavg()[:2])
            print(f"\n{name}: load average {loads}, {os.cpu_count()} cores", flush=True)
            asyncio.run(SECTIONS[name](options))
    except FootnoteError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


# --- the page opens ---------------------------------------------------------------------------


async def _opening(options: argparse.Namespace) -> None:
    """The page on loopback, and over a slower network; for the first time, and again."""
    async with open_browser() as browser:
        with (
            tempfile.TemporaryDirectory() as folder,
            serve_page(Path(folder), model="none") as page,
        ):
            window = await PageWindow.open(browser, page.url)  # the server's own first time
            await window.close()
            for network, slow in (("loopback", False), ("10 Mbit/s, 40 ms", True)):
                loads = await load_page(browser, page.url, options.times, slow=slow)
                for when, found in zip(("first visit", "again"), loads, strict=True):
                    print_figure(f"{network}, {when}:", "")
                    for name, figure in load_lines(found):
                        print_figure(f"  {name}", figure)


# --- from Enter to the screen -----------------------------------------------------------------


async def _latency(_: argparse.Namespace) -> None:
    """The local model: each question in a conversation of its own."""
    async with open_browser() as browser:
        with tempfile.TemporaryDirectory() as folder:
            with serve_page(Path(folder)) as page:
                window = await PageWindow.open(browser, page.url)
                await window.ready()
                await window.ask(UNCOUNTED)
                observed = [await _anew(window, question) for question in QUESTIONS]
            bare = _bare(Path(folder))
    print_percentiles("Enter to useful text", [each.useful_s for each in observed], USEFUL_S)
    shown = [each.evidence_s for each in observed]
    print_times("Enter to evidence on screen", shown, EVIDENCE_S)
    print_times("bare retrieval", [retrieved for retrieved, _ in bare])
    print_times("bare retrieval and selection", [selected for _, selected in bare])
    print_times("Enter to the first word on screen", [each.word_s for each in observed])
    print_times("Enter to the whole answer", [each.over_s for each in observed])
    _print_shift("layout shift while an answer comes", observed)


async def _anew(window: PageWindow, question: str) -> ObservedQuestion:
    await window.new()
    return await window.ask(question)


def _bare(data: Path) -> list[tuple[float, float]]:
    """Seconds to the hits, which the page shows first, and to the passages that the local model
    is given; without a page or a model."""
    import rag
    from rag.settings import LOCAL_MODEL

    with rag.open(data_dir=data, model=LOCAL_MODEL) as local:
        budget = local.model.budget_tokens
    nowhere = "http://127.0.0.1:9/v1"  # it is not asked
    with rag.open(
        data_dir=data, model=NAME, llm_base_url=nowhere, budget_tokens=budget
    ) as assistant:
        _searched(assistant, UNCOUNTED)
        return [_searched(assistant, question) for question in QUESTIONS]


def _searched(assistant: Assistant, question: str) -> tuple[float, float]:
    from rag.events import Retrieved, Selected

    times = {}
    started = time.perf_counter()
    with closing(cast(Any, assistant.stream(question))) as events:
        for event in events:
            times[type(event)] = time.perf_counter() - started
            if isinstance(event, Selected):
                break
    return times[Retrieved], times[Selected]


# --- a long conversation, and many sources ----------------------------------------------------


async def _scale(options: argparse.Namespace) -> None:
    """The stand-in answers at once, so that what is measured is the page and the search."""
    async with open_browser() as browser:
        with tempfile.TemporaryDirectory() as folder, StandInModel(0.002) as model:
            with serve_page(Path(folder), model_url=model.url) as page:
                window = await PageWindow.open(browser, page.url)
                await window.ready()
                await window.ask(UNCOUNTED)
                await lengthen_conversation(window, Path(folder), options.questions)
                long = [await window.ask(_numbered(n)) for n in range(ROUNDS)]
            articles = Path(folder) / "articles"
            write_sources(articles, options.sources)
            with serve_page(Path(folder) / "many", articles, model.url) as page:
                loads, _ = await load_page(browser, page.url, options.times)
                window = await PageWindow.open(browser, page.url)
                await window.ready()
                await window.ask(UNCOUNTED)
                asked = source_questions(ROUNDS, options.sources)
                many = [await _anew(window, question) for question in asked]
    for name, observed in (
        (f"after {options.questions} questions", long),
        (f"with {options.sources} sources", many),
    ):
        useful = [each.useful_s for each in observed]
        print_percentiles(f"{name}: Enter to useful text", useful, USEFUL_S)
        print_percentiles(f"{name}: Enter to the end", [each.over_s for each in observed])
        _print_blocks(f"{name}: longest task", observed)
        _print_shift(f"{name}: layout shift", observed)
    for line, figure in load_lines(loads):
        print_figure(f"with {options.sources} sources: {line}", figure)


# --- while an answer is written ---------------------------------------------------------------


async def _stream(_: argparse.Namespace) -> None:
    """One long answer of the stand-in."""
    async with open_browser() as browser:
        with (
            tempfile.TemporaryDirectory() as folder,
            StandInModel(LONG_WORD_S, LONG_SENTENCES) as model,
            serve_page(Path(folder), model_url=model.url) as page,
        ):
            window = await PageWindow.open(browser, page.url)
            await window.ready()
            observed = await window.ask(QUESTIONS[0])
    writing_s = observed.over_s - observed.word_s
    letters = max(frame.letters for frame in observed.frames)
    print_figure(
        "a long answer", f"{letters:,} characters, written and checked in {writing_s:.1f} s"
    )
    print_figure(
        "page updates while streaming",
        f"{observed.updates_per_s:.1f} a second, n={len(observed.frames)} (limit {UPDATES})",
    )
    print_figure(
        "changes of nodes for each update", f"{observed.changes / len(observed.frames):.1f}"
    )
    _print_blocks("longest main-thread block", [observed])
    print_figure("latest beat of the page's clock", f"{observed.lag:.3f} s (limit {BLOCK_S} s)")


# --- after many questions ---------------------------------------------------------------------


async def _memory(options: argparse.Namespace) -> None:
    """One conversation of many questions with the stand-in, which answers at once."""
    async with open_browser() as browser:
        with (
            tempfile.TemporaryDirectory() as folder,
            StandInModel(0.002) as model,
            serve_page(Path(folder), model_url=model.url) as page,
        ):
            window = await PageWindow.open(browser, page.url)
            await window.ready()
            first = [await window.ask(_numbered(n)) for n in range(EARLY)]
            before = await _memory_counts(window, page)
            many = [await window.ask(_numbered(n)) for n in range(EARLY, options.questions)]
            after = await _memory_counts(window, page)
    last = many[-EARLY:]
    n = options.questions
    for name, early in before.items():
        more = f"{after[name]:,.1f} after {n} questions, {early:,.1f} after {EARLY}"
        print_figure(name, f"{more} ({(after[name] - early) / (n - EARLY):+.3f} a question)")
    for when, observed in (("first", first), ("last", last)):
        print_times(
            f"{when} {EARLY}: Enter to evidence", [a.evidence_s for a in observed], EVIDENCE_S
        )
        print_times(f"{when} {EARLY}: Enter to the end", [a.over_s for a in observed])
        _print_blocks(f"{when} {EARLY}: longest block", observed)


def _numbered(n: int) -> str:
    return QUESTIONS[n % len(QUESTIONS)]


async def _memory_counts(window: PageWindow, page: ServedPage) -> dict[str, float]:
    counts = await window.memory_counts()
    return {
        "memory of the server, MiB": page.resident() / 2**20,
        "memory of the page's script, MiB": counts["JSHeapUsedSize"] / 2**20,
        "nodes of the page, thousands": counts["Nodes"] / 1000,
    }


# --- many at once -----------------------------------------------------------------------------


async def _load(options: argparse.Namespace) -> None:
    tally = await run_load(options.people, options.seconds)
    for name, figure in tally.lines():
        print_figure(name, figure)


async def _api(options: argparse.Namespace) -> None:
    """The stand-in answers one program at a time."""
    clients = [ProgramClient(notes_of(number)) for number in range(options.clients)]
    with tempfile.TemporaryDirectory() as folder, StandInModel(WORD_S / 10) as model:
        articles = Path(folder) / "notes"
        write(articles, [note for each in clients for note in each.notes])
        with serve_page(Path(folder) / "data", articles, model.url) as page:
            await asyncio.to_thread(ask_at_once, clients, page.url, options.seconds)
    for name, figure in client_lines(clients):
        print_figure(name, figure)


async def _servers(options: argparse.Namespace) -> None:
    """Two servers behind HAProxy: as they are, and while one is killed every 20 seconds."""
    for name, kill_every_s in (("two servers", 0.0), ("one killed at a time", KILL_EVERY_S)):
        clients = [ProgramClient(notes_of(number)) for number in range(options.clients)]
        with tempfile.TemporaryDirectory() as folder, StandInModel(0.002) as model:
            articles = Path(folder) / "notes"
            write(articles, [note for each in clients for note in each.notes])
            data = Path(folder) / "data"
            pair = [Server(data, articles, model.url) for _ in range(2)]
            kills = await asyncio.to_thread(
                ask_while_servers_die, clients, pair, options.seconds, kill_every_s
            )
        answers = sum(len(each.waits) for each in clients)
        print_figure(f"{name}: killed", f"{kills} times in {options.seconds:g} s")
        print_figure(f"{name}: answers", f"{answers / options.seconds:.1f} a second")
        for line, figure in client_lines(clients):
            print_figure(f"{name}: {line}", figure)


async def _soak(options: argparse.Namespace) -> None:
    for name, figure in (await run_soak(options.seconds)).lines():
        print_figure(name, figure)


# --- as a person would do it ------------------------------------------------------------------


async def _tasks(options: argparse.Namespace) -> None:
    for name, figure in await run_tasks(options.model):
        print_figure(name, figure)


# --- printing ---------------------------------------------------------------------------------


def _print_blocks(name: str, observed: Sequence[ObservedQuestion]) -> None:
    longest = max(each.longest_block_s for each in observed)
    blocks = sum(len(each.tasks) for each in observed)
    figure = f"{longest:.3f} s" if blocks else "under 0.05 s"
    print_figure(name, f"{figure}, n={blocks} of 0.05 s or more (limit {BLOCK_S} s)")


def _print_shift(name: str, observed: Sequence[ObservedQuestion]) -> None:
    print_figure(name, f"{max(each.shift for each in observed):.3f} worst (limit {SHIFT})")


SECTIONS = {
    "opening": _opening,
    "latency": _latency,
    "scale": _scale,
    "stream": _stream,
    "memory": _memory,
    "load": _load,
    "api": _api,
    "servers": _servers,
    "soak": _soak,
    "tasks": _tasks,
}
LONG = {"api", "servers", "soak"}  # run where they are named


if __name__ == "__main__":
    sys.exit(main())
