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

from eval.compare.sides import Side
from eval.figures import NAMES, Figure, Outcome, Row
from eval.kept import summary as summaries
from eval.kept.entries import Entry
from eval.kept.runs import RESULTS, SUMMARY
from eval.kept.summary import Summary

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def entry(
    id: str,
    outcome: Outcome = "right",
    text: str = "It is 20%. [1]",
    cluster: str = "",
    /,
    **scores: float | None,
) -> Entry:
    """An answerable case with these scores, by itself in its cluster."""
    row = Row(id, (), True, outcome, text, None, True, (), None, 1.0, scores, cluster or id)
    return Entry(row, f"what of {id}?")


def rescored(found: Entry, **scores: float | None) -> Entry:
    """The entry with some of its scores changed."""
    return replace(found, row=replace(found.row, scores={**found.row.scores, **scores}))


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
        "figures": {name: Figure(None, 0) for name in NAMES},
        "tags": {},
    }
    return Summary(**(facts | more))


def side(*entries: Entry, name: str = "run", **more: Any) -> Side:
    """A run that came to its end; `more` is said in its summary."""
    return Side(name, {each.row.id: each for each in entries}, summary(len(entries), **more))


def kept(folder: Path, *entries: Entry, finished: bool = True, **more: Any) -> Path:
    """The folder of a run that holds these entries."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps(_line(each)) + "\n" for each in entries)
    (folder / RESULTS).write_text("".join(lines), "utf-8")
    if finished:
        summaries.write(summary(len(entries), **more), folder / SUMMARY)
    return folder


def _line(found: Entry) -> Mapping[str, object]:
    return asdict(found.row) | {"question": found.question}
