"""What stands for kept runs in tests of the listing, the report and the tab?

`keep` writes a run as `eval.run` does, of cases that are made up here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from eval.case_result import CaseResult
from eval.cases import Case
from eval.metrics import METRICS, score_case
from eval.recording import Recording
from eval.runs import results, summary
from eval.runs.listing import NAME_FORMAT, RESULTS, SUMMARY
from eval.runs.summary import Summary
from eval.statistics.aggregate import run_statistics, statistics_by_tag
from rag.types import Answer, Citation, Claim, Passage, Span, Turn, Usage

STARTED = datetime(2026, 11, 22, 6, 15, 3, tzinfo=UTC)
NAME = "2026-11-22T06-15-03Z"
QUOTE = "A 20% rate applies to fentanyl."
Told = tuple[CaseResult, Case, Answer | None]


def right(id: str = "rate", text: str = QUOTE, *, seconds: float = 2.0, **more: Any) -> Told:
    """A case that was answered right, by a sentence that quotes its evidence."""
    case = Case(id, f"What of {id}?", True, ("20%",), tags=("number",), **more)
    span = Span("a.txt", 10, 10 + len(text))
    passage = Passage(1, span, text, "The title", "a.txt", 1.0)
    claim = Claim(text, (Citation(1, span, text),), "supported", (), "model", 0.9)
    timings = {"retrieve": 0.02, "answer": seconds * 0.9}
    answer = Answer(
        case.question, f"{text} [1]", (claim,), (passage,), "answered", None, "quoter",
        Usage(800, 0, 20), timings,
    )  # fmt: skip
    row = CaseResult(
        id, case.tags, True, "right", answer.text, None, True, ("supported",), 1.0, seconds
    )  # fmt: skip
    return _scored(row, case, answer)


def declined(id: str, *, answerable: bool, seconds: float = 1.0) -> Told:
    gold, tags = (("20%",), ("date",)) if answerable else ((), ("near-miss",))
    case = Case(id, f"What of {id}?", answerable, gold, tags=tags)  # type: ignore[arg-type]
    answer = Answer(case.question, "", (), (), "declined", "not stated", "quoter")
    row = CaseResult(
        id, case.tags, answerable, "declined", "", "not stated", True, (), None, seconds
    )
    return _scored(row, case, answer)


def failed(id: str, message: str = "The model broke off. Ask again.") -> Told:
    case = Case(id, f"What of {id}?", True, ("20%",), tags=("number",))
    row = CaseResult(id, case.tags, True, "error", message, None, True, (), None, 3.0)
    return _scored(row, case, None)


def _scored(row: CaseResult, case: Case, answer: Answer | None) -> Told:
    observed = Recording(answer=answer, seconds=row.seconds)
    found = score_case(case, observed, lambda claim, quotes: True)
    return replace(row, scores=found, cluster=f"case {case.id}"), case, answer


def follow_up(id: str, before: str) -> Told:
    return right(id, history=(Turn(before, "So it is."),))


def keep(
    folder: Path, told: Sequence[Told], started: datetime | None = STARTED, **changes: Any
) -> Path:
    """A run in `folder`; with `started` None one that was killed. `changes` go to its summary."""
    path = folder / (started or STARTED).strftime(NAME_FORMAT)
    path.mkdir(parents=True)
    lines = [
        results.format_line(row, case, [QUOTE], Recording(answer=answer))
        for row, case, answer in told
    ]
    (path / RESULTS).write_text("".join(lines), encoding="utf-8")
    if started:
        summary.write_summary(
            _summary([row for row, _, _ in told], started, **changes), path / SUMMARY
        )
    return path


def _summary(rows: Sequence[CaseResult], started: datetime, **changes: Any) -> Summary:
    facts: dict[str, Any] = {
        "model": "quoter",
        "commit": "0123456789ab",
        "cases_file": "seeds.jsonl",
        "cases_digest": "1" * 16,
        "documents": 2,
        "corpus_digest": "2" * 16,
        "prompts_digest": "3" * 16,
        "settings": {"provider": "local", "k": 20, "temperature": None},
        "started": started,
        "finished": started + timedelta(seconds=75),
        "cases": len(rows),
        "figures": run_statistics(rows),
        "tags": statistics_by_tag(rows),
    }
    return Summary(**facts | changes)


# --- what a run left on disk --------------------------------------------------------------------


def lines(folder: Path) -> list[Any]:
    text = (folder / "results.jsonl").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def steady() -> list[str]:
    return [name for name, metric in METRICS.items() if metric.deterministic]


def timeless(folder: Path) -> list[Any]:
    """What two runs of the same must have in common: the deterministic scores of each case, and
    every step but for the times."""
    kept = lines(folder)
    for line in kept:
        del line["seconds"], line["recording"]["seconds"]
        line["scores"] = {name: line["scores"][name] for name in steady()}
        if line["answer"]:
            del line["answer"]["timings_s"]
    return kept
