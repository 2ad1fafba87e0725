"""Many programs ask over the Chat Completions API at once, for minutes.

Each has notes that nobody else asks about, as in `ui.bench.load`, and each answer is looked at for
the marker of its own note and for those of others.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from eval.statistics.aggregate import quantile
from ui.bench.load import MARKER, count_faults, marker, question

TIMEOUT_S = 300.0


@dataclass
class ProgramClient:
    """A program that asks about its notes in turn, and what came of it; faults as sentences."""

    notes: Sequence[int]
    waits: list[float] = field(default_factory=list)  # seconds to the whole answer
    refused: int = 0  # told that too many wait already
    errors: list[str] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)  # held the marker of another note
    missing: list[str] = field(default_factory=list)  # did not hold that of its own

    def work(self, url: str, until: float) -> None:
        """Ask until `until`, on the monotonic clock; the last answer is waited for."""
        from openai import APIStatusError, OpenAI, OpenAIError

        with OpenAI(
            base_url=f"{url}v1", api_key="none", timeout=TIMEOUT_S, max_retries=0
        ) as client:
            asked = 0
            while time.monotonic() < until:
                note = self.notes[asked % len(self.notes)]
                asked += 1
                started = time.perf_counter()
                try:
                    text = _asked(client, question(note))
                except APIStatusError as error:
                    if error.status_code == 503 and "waiting already" in str(error):
                        self.refused += 1
                        time.sleep(1.0)
                    else:
                        self.errors.append(f"note {note}: {error}"[:300])
                except OpenAIError as error:
                    self.errors.append(f"note {note}: {type(error).__name__}: {error}"[:300])
                else:
                    self.note(note, text, time.perf_counter() - started)

    def note(self, note: int, text: str, seconds: float) -> None:
        """Write down an answer to the question about `note`."""
        self.waits.append(seconds)
        found = set(MARKER.findall(text))
        if found - {marker(note)}:
            self.strange.append(f"note {note}: {text[:200]}")
        if marker(note) not in found:
            self.missing.append(f"note {note}: {text[:200]}")


def _asked(client: Any, text: str) -> str:
    reply = client.chat.completions.create(
        model="footnote", messages=[{"role": "user", "content": text}]
    )
    return str(reply.choices[0].message.content)


def ask_at_once(clients: Sequence[ProgramClient], url: str, seconds: float) -> None:
    """All of them ask the server at `url` for so many seconds, each in a thread of its own."""
    until = time.monotonic() + seconds
    threads = [threading.Thread(target=each.work, args=(url, until)) for each in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def client_lines(clients: Sequence[ProgramClient]) -> Iterator[tuple[str, str]]:
    """What came of them, as the lines to print."""
    waits = [wait for each in clients for wait in each.waits]
    n = len(waits)
    yield "answers to programs", f"{n}, for {len(clients)} programs"
    yield "told to ask again later", str(sum(each.refused for each in clients))
    for name, kind in (
        ("errors", "errors"),
        ("answers of another program", "strange"),
        ("answers without their own seal", "missing"),
    ):
        yield name, count_faults([text for each in clients for text in getattr(each, kind)], n)
    if waits:
        p95 = quantile(waits, 0.95) or 0.0
        yield "wait for an answer", f"{median(waits):.1f} s median, {p95:.1f} s p95"
