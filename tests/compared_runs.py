"""What stands in for runs that are compared?

Sides and folders of runs with the scores that a test gives them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from eval.case_result import CaseResult, Outcome
from eval.compare.loading import ComparedRun
from eval.runs import summary as summaries
from eval.runs.listing import RESULTS, SUMMARY
from eval.runs.results import CaseRecord
from eval.runs.summary import Summary
from eval.statistics.aggregate import STATISTIC_NAMES, Statistic

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def entry(
    id: str,
    outcome: Outcome = "right",
    text: str = "It is 20%. [1]",
    cluster: str = "",
    /,
    **scores: float | None,
) -> CaseRecord:
    """An answerable case with these scores, by itself in its cluster."""
    row = CaseResult(id, (), True, outcome, text, None, True, (), None, 1.0, scores, cluster or id)
    return CaseRecord(row, f"what of {id}?")


def rescored(found: CaseRecord, **scores: float | None) -> CaseRecord:
    """The entry with some of its scores changed."""
    return replace(found, result=replace(found.result, scores={**found.result.scores, **scores}))


def summary(cases: int, **more: Any) -> Summary:
    """Of a run that came to its end."""
    facts: dict[str, Any] = {
        "started": NOON,
        "finished": NOON,
        "model": "scripted",
        "commit": "0123456789ab",
        "cases": cases,
        "cases_file": "seeds.jsonl",
        "cases_digest": "c" * 16,
        "documents": 2,
        "corpus_digest": "d" * 16,
        "prompts_digest": "e" * 16,
        "settings": {"k": 20},
        "figures": {name: Statistic(None, 0) for name in STATISTIC_NAMES},
        "tags": {},
    }
    return Summary(**(facts | more))


def side(*entries: CaseRecord, name: str = "run", **more: Any) -> ComparedRun:
    """A run that came to its end; `more` is said in its summary."""
    return ComparedRun(
        name, {each.result.id: each for each in entries}, summary(len(entries), **more)
    )


def kept(folder: Path, *entries: CaseRecord, finished: bool = True, **more: Any) -> Path:
    """The folder of a run that holds these entries."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps(_line(each)) + "\n" for each in entries)
    (folder / RESULTS).write_text("".join(lines), "utf-8")
    if finished:
        summaries.write_summary(summary(len(entries), **more), folder / SUMMARY)
    return folder


def _line(found: CaseRecord) -> Mapping[str, object]:
    return asdict(found.result) | {"question": found.question}
