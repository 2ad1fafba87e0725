"""Runs a benchmark by name, for the command line."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from eval.benchmarks import (
    clapnq,
    clapnq_long,
    disagreement,
    disagreement_answers,
    index_speed,
    index_workers,
    near_copies,
    peers,
    postgres,
    ragtruth,
    reading,
    realtimeqa,
    realtimeqa_choices,
    realtimeqa_open,
    result_tables,
    scale,
    scifact,
    wice,
)
from eval.benchmarks.dataset_files import EvalDataError
from eval.benchmarks.result_tables import Table
from rag.settings import Settings

Measure = Callable[[Path, Settings, slice], list[Table]]

RETRIEVAL: Mapping[str, Measure] = {
    scifact.NAME: scifact.retrieval,
    realtimeqa.NAME: realtimeqa.retrieval,
    realtimeqa_choices.NAME: realtimeqa_choices.measure,
    clapnq.NAME: clapnq.retrieval,
    clapnq_long.NAME: clapnq_long.baselines,
    wice.NAME: wice.retrieval,
    disagreement.NAME: disagreement.measure,
    near_copies.NAME: near_copies.measure,
    reading.NAME: reading.measure,
    index_speed.NAME: index_speed.measure,
    postgres.NAME: postgres.measure,
    index_workers.NAME: index_workers.measure,
    scale.NAME: scale.measure,
    peers.NAME: peers.measure,
}
ANSWERS: Mapping[str, Measure] = {
    clapnq.GIVEN: clapnq.given,
    clapnq.POOLED: clapnq.pooled,
    clapnq_long.NAME: clapnq_long.answers,
    disagreement.NAME: disagreement_answers.answers,
    ragtruth.NAME: ragtruth.answers,
    realtimeqa.NAME: realtimeqa_open.answers,
}
NAMES = tuple({**RETRIEVAL, **ANSWERS})


def run_benchmark(
    name: str,
    data: Path,
    settings: Settings,
    *,
    answers: bool = False,
    skip: int = 0,
    limit: int | None = None,
    as_json: bool = False,
) -> int:
    """Measure what needs no model on the data set `name` (one of `NAMES`) in the folder `data`, or
    with `answers` what a model answers, on the first `limit` of its questions after the first
    `skip`; print the tables on standard output, as one JSON document if `as_json`.

    Returns the exit code, 1 where a question ended in an error. Raises `EvalDataError` for a name,
    a limit or a file that cannot be used, `FootnoteError`.
    """
    measure = _measure(name, ANSWERS if answers else RETRIEVAL)
    if limit is not None and limit < 1:
        raise EvalDataError(f"{limit} questions are none.", "Give a limit of at least 1.")
    found = measure(data, settings, slice(skip, limit and skip + limit))
    if not any(any(line.figures.values()) for table in found for line in table.lines):
        raise EvalDataError(f"No question is left after the first {skip}.", "Skip fewer.")
    print(_json(name, found) if as_json else "\n\n".join(map(result_tables.format_table, found)))
    return 1 if any(table.errors for table in found) else 0


def _measure(name: str, known: Mapping[str, Measure]) -> Measure:
    if name not in known:
        lacking = "answers" if known is ANSWERS else "retrieval of its own; ask with --answers"
        problem = f"{name} has no {lacking}" if name in NAMES else f"There is no data set {name!r}"
        raise EvalDataError(f"{problem}.", f"Choose one of {', '.join(known)}.")
    return known[name]


def _json(name: str, found: Sequence[Table]) -> str:
    document = {
        "benchmark": name,
        "tables": [result_tables.table_to_json(table) for table in found],
    }
    return json.dumps(document, ensure_ascii=False, indent=2)
