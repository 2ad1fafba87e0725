"""Feeds generated input to readers, units, chunks and checks: ``python -m eval.robustness.fuzz
--examples 1000``. `python -m ui.bench.fuzz` does the same and adds exports, `verify` and the bodies
of the APIs.

Hypothesis generates, and makes an input that fails as small as it can. What fails is any error but
a `FootnoteError`, and an input that takes over `HANGS_S` seconds of the processor. `--examples` is
for each target.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from eval.benchmarks.reading import known_files
from rag import check_claim
from rag.errors import FootnoteError
from rag.internals import chunk_document, parse_units, read_page
from rag.types import Document

HANGS_S = 20.0
URL = "https://a.example/a"
SIGNS = (
    "#*-|>`[](){}<>&;:\"'\\/=+~^_.,!?%$€ \n\t\r\x0c0123456789ab"
    "Zéßıİ日本\u00ad\u200b\u202e\ud800\U0001f600"
)
PIECES = (
    *("<p>", "</p>", "<table><tr><td>", "<div hidden>", "<!--", "&#x0;", "&amp;", "<br>"),
    *("# ", "- ", "1. ", "> ", "| a | b |\n|---|---|\n", "```\n", "[^1]", "[^1]: ", "![](x)"),
    *('{"id": "a", "text": "b"}\n', '{"text": [', '"', ",", ";", "\t", "{\\rtf1 ", "\\par "),
    *("From: a\n", "Content-Type: multipart/mixed; boundary=b\n\n", "--b\n", ".. note:: "),
    *("The weir is 3.5 m long.", "It rose by 5% in May 2019, he said.", "“No,” she said."),
    *("\n\n", "====\n", "\\u8364?", "<style>", "not "),
)

TEXT: st.SearchStrategy[str] = st.one_of(
    st.text(st.sampled_from(SIGNS), max_size=200),
    st.text(max_size=100),
    st.lists(st.sampled_from(PIECES), max_size=30).map("".join),
    st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=5)), max_size=20).map("".join),
)
TEXT_SUFFIXES = (".txt", ".md", ".html", ".csv", ".tsv", ".jsonl", ".rst", ".rtf", ".eml")


@dataclass(frozen=True, slots=True)
class Target:
    """A function that takes any input that `inputs` generates."""

    name: str
    inputs: st.SearchStrategy[Any]
    run: Callable[[Any], object]


@dataclass(slots=True)
class Outcome:
    """What came of a target: how many inputs, the slowest in seconds, the error of the smallest
    input that fails, "" where none does."""

    inputs: int = 0
    slowest_s: float = 0.0
    error: str = ""


def _reading(suffix: str) -> Target:
    inputs = TEXT.map(lambda text: text.encode("utf-8", "surrogatepass")) | st.binary(max_size=200)
    return Target(
        f"reading {suffix}", inputs, lambda data: read_page("https://a.example/a", suffix, data)
    )


def _damage() -> Target:
    """Files of other formats, damaged: a piece of one is overwritten, or it is cut short."""
    files = [(Path(file.name).suffix, file.data) for file in known_files()]

    def read(chosen: tuple[tuple[str, bytes], float, bytes, bool]) -> object:
        (suffix, data), place, piece, cuts = chosen
        at = int(place * len(data))
        damaged = data[:at] + piece + (b"" if cuts else data[at + len(piece) :])
        return read_page(URL, suffix, damaged)

    places = st.floats(0, 1)
    inputs = st.tuples(st.sampled_from(files), places, st.binary(max_size=40), st.booleans())
    return Target("reading damaged files", inputs, read)


def _divided(text: str) -> None:
    document = Document.of("a", "A title", "a", text)
    for unit in parse_units(document.text):
        assert unit.text(document.text)
    chunks = chunk_document(document)
    for chunk in chunks:
        assert document.text[chunk.span.start : chunk.span.end].strip()
    assert bool(chunks) == bool(document.text.strip())


def _checked(given: tuple[str, list[str], str]) -> None:
    claim, quotes, around = given
    verdict = check_claim(claim, quotes, around)
    assert 0 <= verdict.score <= 1
    assert quotes or verdict.support == "unsupported"


def targets() -> list[Target]:
    """Those of `rag`."""
    return [
        *map(_reading, TEXT_SUFFIXES),
        _damage(),
        Target("units and chunks", TEXT, _divided),
        Target("checks", st.tuples(TEXT, st.lists(TEXT, max_size=3), TEXT), _checked),
    ]


# --- running -----------------------------------------------------------------------------------


def fuzz(target: Target, examples: int, number: int) -> Outcome:
    """Try inputs on a target; `number` is the seed."""
    outcome = Outcome()

    @seed(number)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
        report_multiple_bugs=False,
    )
    @given(target.inputs)
    def attempt(value: Any) -> None:
        outcome.inputs += 1
        started = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, HANGS_S)
        try:
            with suppress(FootnoteError):
                target.run(value)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            outcome.slowest_s = max(outcome.slowest_s, time.process_time() - started)

    try:
        attempt()
    except Exception:
        outcome.error = traceback.format_exc()
    return outcome


def run(chosen: Sequence[Target]) -> None:
    """The command: a table of the targets, and the errors on standard error."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--examples", type=int, default=1000, help="inputs for each target")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="targets whose name has these words")
    given = parser.parse_args()
    signal.signal(signal.SIGPROF, _hangs)
    print("| target | inputs | fails | slowest, ms |\n|---|--:|--:|--:|", flush=True)
    outcomes = []
    for target in chosen:
        if given.only in target.name:
            outcomes.append(fuzz(target, given.examples, given.seed))
            print(_line(target.name, outcomes[-1]), flush=True)
            print(outcomes[-1].error, end="", file=sys.stderr)
    total = sum(each.inputs for each in outcomes)
    failed = [each for each in outcomes if each.error]
    print(f"| all | {total:,} | {len(failed)} | |")
    raise SystemExit(bool(failed))


def _line(name: str, outcome: Outcome) -> str:
    fails = "yes" if outcome.error else "no"
    return f"| {name} | {outcome.inputs:,} | {fails} | {outcome.slowest_s * 1000:,.0f} |"


def _hangs(*_: object) -> None:
    raise TimeoutError(f"over {HANGS_S:g} seconds")


if __name__ == "__main__":
    run(targets())
