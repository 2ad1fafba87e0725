"""Records what a window showed of a question, and when.

`PROBE_SCRIPT` records what stood in the newest exchange each time that a changed frame was painted;
`ObservedQuestion` reads these records.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ui.bench.page_load import layout_shift

LAG_MS = 20  # between two beats of the clock that shows how long the page is held up

PROBE_SCRIPT = (
    """(() => {
  const probe = { frames: [], changes: 0, tasks: [], shifts: [], lag: 0, asked: 0 };
  const newest = () => document.querySelector("#fn-live [data-exchange-id]");
  const length = (place, all) =>
    [...place.querySelectorAll(all)].reduce((sum, each) => sum + each.textContent.length, 0);
  const id = () => newest()?.dataset.exchangeId ?? "";
  window.fnProbe = {
    begin: () => {
      Object.assign(probe, { frames: [], changes: 0, tasks: [], shifts: [], lag: 0 });
      return id();
    },
    over: (before) => id() !== "" && id() !== before && !newest().hasAttribute("aria-busy"),
    kept: () => {
      const facts = document.querySelector("#fn-conversations [aria-current] .fn-row-facts");
      return Number(/(\\d+) question/.exec(facts?.textContent ?? "")?.[1] ?? 0);
    },
    told: () => ({ ...probe, text: newest()?.querySelector(".fn-answer")?.innerText ?? "",
                   failed: newest()?.querySelector(".fn-error")?.innerText ?? "" }),
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter") probe.asked = event.timeStamp;
  }, true);
  const look = () => {
    const place = newest();
    if (place) probe.frames.push({
      at: (performance.now() - probe.asked) / 1000,
      id: place.dataset.exchangeId,
      stage: place.querySelector(".fn-stage")?.textContent ?? "",
      passages: place.querySelectorAll(".fn-passage").length,
      letters: length(place, ".fn-claim-text, .fn-draft"),
      busy: place.hasAttribute("aria-busy"),
    });
  };
  let due = false;
  new MutationObserver((records) => {
    const live = document.getElementById("fn-live");
    if (!live || !records.some((each) => live.contains(each.target))) return;
    probe.changes += 1;
    if (due) return;
    due = true;
    requestAnimationFrame(() => setTimeout(() => { due = false; look(); }));
  }).observe(document, { childList: true, subtree: true, characterData: true, attributes: true });
  new PerformanceObserver((list) => {
    for (const each of list.getEntries()) probe.tasks.push(each.duration / 1000);
  }).observe({ type: "longtask" });
  new PerformanceObserver((list) => {
    for (const each of list.getEntries()) {
      if (!each.hadRecentInput) probe.shifts.push([each.startTime / 1000, each.value]);
    }
  }).observe({ type: "layout-shift" });
  let last = performance.now();
  setInterval(() => {
    const now = performance.now();
    probe.lag = Math.max(probe.lag, (now - last - BEAT) / 1000);
    last = now;
  }, BEAT);
})();"""
).replace("BEAT", str(LAG_MS))


@dataclass(frozen=True, slots=True)
class Frame:
    """What stood on screen of one exchange, `at` seconds after Enter."""

    at: float
    id: str
    stage: str  # the line on how far it is
    passages: int
    letters: int  # of the answer: what is checked, and the draft
    busy: bool


@dataclass(frozen=True, slots=True)
class ObservedQuestion:
    """One question as its window showed it. `tasks` are the seconds of each time that the page's
    thread was held for 50 ms or more, `lag` is the longest that its clock was late."""

    frames: tuple[Frame, ...]
    changes: int  # times that the page's nodes changed
    tasks: tuple[float, ...]
    lag: float
    shift: float  # cumulative layout shift while the answer came
    text: str  # of the answer
    failed: str  # what it says in place of one

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> ObservedQuestion:
        """From what the script says; frames of the exchange before are left out."""
        frames = [Frame(**frame) for frame in record["frames"]]
        last = frames[-1].id if frames else ""
        frames = [frame for frame in frames if frame.id == last]
        return cls(
            tuple(frames),
            int(record["changes"]),
            tuple(record["tasks"]),
            float(record["lag"]),
            layout_shift(record["shifts"]),
            str(record["text"]),
            str(record["failed"]),
        )

    @property
    def evidence_s(self) -> float:
        """From Enter to the first passage on screen; infinite where there was none."""
        return _first(frame.at for frame in self.frames if frame.passages)

    @property
    def word_s(self) -> float:
        """From Enter to the first word of the answer on screen."""
        return _first(frame.at for frame in self.frames if frame.letters)

    @property
    def useful_s(self) -> float:
        """From Enter to the first text on screen that a person can use: a passage, or a word of
        the answer."""
        return min(self.evidence_s, self.word_s)

    @property
    def over_s(self) -> float:
        """From Enter to the whole answer, checked."""
        return _first(frame.at for frame in self.frames if not frame.busy)

    @property
    def updates_per_s(self) -> float:
        """Painted changes a second, from the first word to the end."""
        shown = [frame.at for frame in self.frames if frame.letters]
        return (len(shown) - 1) / (shown[-1] - shown[0]) if len(shown) > 1 else 0.0

    @property
    def longest_block_s(self) -> float:
        """The longest time that the page's thread was held; 0 where it never was for 50 ms."""
        return max(self.tasks, default=0.0)

    @property
    def waited(self) -> bool:
        """True when somebody else's question was answered first, and the person was told so."""
        return any(_is_waiting(frame.stage) for frame in self.frames)

    def disorder(self) -> list[str]:
        """What came in an order in which it should not; nothing where all is well."""
        wrong = []
        if not self.evidence_s <= self.word_s <= self.over_s:
            wrong.append("evidence, words and end came in another order")
        if any(frame.busy for frame in self._after(self.over_s)):
            wrong.append("it went on after its end")
        if any(_is_waiting(frame.stage) for frame in self._after(self.word_s)):
            wrong.append("it was in line when it had begun to write")
        places = [ahead(frame.stage) for frame in self.frames if _is_waiting(frame.stage)]
        if places != sorted(places, reverse=True):
            seen = ", ".join(map(str, places))
            wrong.append(f"its place in line went back: {seen}")
        return wrong

    def _after(self, at: float) -> list[Frame]:
        return [frame for frame in self.frames if frame.at > at]


def ahead(stage: str) -> int:
    """How many questions stand before this one, by the words on screen."""
    found: Sequence[str] = re.findall(r"^(\d+) question", stage)
    return int(found[0]) if found else 0


def _is_waiting(stage: str) -> bool:
    return "ahead of yours" in stage or "is next" in stage


def _first(times: Any) -> float:
    return float(next(iter(times), float("inf")))
