"""The baseline: the scores of one run that later runs are compared with.

A baseline holds the deterministic scores of one run, a line a case, and what they were measured
on; a change of it can be read.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from eval.case_result import Outcome
from eval.compare.loading import ComparedRun, load_run
from eval.compare.metric_changes import CaseScores
from eval.metrics import METRICS
from eval.runs.summary import Summary, first_problem
from eval.text_format import count_of, list_ids, one_line
from rag.errors import FootnoteError

BASELINE = Path(__file__).parent / "baseline.json"
SCHEMA: Literal["footnote.baseline/1"] = "footnote.baseline/1"
BASELINE_BYTES = 20_000_000
_DIGITS = 8  # of a score: its rounding is far below what counts as a difference


class BaselineError(FootnoteError):
    """A baseline that cannot be made, written or read."""


_Score = Annotated[float, Field(allow_inf_nan=False)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class BaselineConditions(_Strict):
    """What the baseline was measured on; digests are 16 hexadecimal digits."""

    cases_digest: str
    corpus_digest: str
    prompts_digest: str
    model: str
    commit: str


class BaselineCase(_Strict):
    cluster: str
    outcome: Outcome
    scores: dict[str, _Score | None]


class Baseline(_Strict):
    """The deterministic scores of one run, by case."""

    schema_: Literal["footnote.baseline/1"] = Field(default=SCHEMA, alias="schema")
    conditions: BaselineConditions
    cases: dict[str, BaselineCase]

    @property
    def scored(self) -> dict[str, CaseScores]:
        return {id: CaseScores(c.cluster, c.outcome, c.scores) for id, c in self.cases.items()}


def make_baseline(run: ComparedRun) -> Baseline:
    """A baseline of `run`. Raises `BaselineError` for one that did not come to its end, and one
    with errors."""
    amiss = list(run.faults)
    if run.errors:
        amiss.append(f"{count_of(len(run.errors))} ended in an error: {list_ids(run.errors)}.")
    if run.summary is None or amiss:
        raise BaselineError(
            f"The run {one_line(run.name)} is no baseline: {one_line(' '.join(amiss))}",
            "Let a run come to its end without errors, and take that.",
        )
    names = [name for name, metric in METRICS.items() if metric.deterministic]
    return Baseline(
        conditions=_conditions(run.summary),
        cases={
            id: BaselineCase(
                cluster=case.cluster, outcome=case.outcome, scores=_rounded(case, names)
            )
            for id, case in run.cases.items()
        },
    )


def _conditions(summary: Summary) -> BaselineConditions:
    return BaselineConditions(
        **{name: getattr(summary, name) for name in BaselineConditions.model_fields}
    )


def _rounded(case: CaseScores, names: list[str]) -> dict[str, float | None]:
    scores = ((name, case.scores.get(name)) for name in names)
    return {name: None if score is None else round(score, _DIGITS) for name, score in scores}


def write_baseline(run: Path, file: Path = BASELINE) -> None:
    """Make `file` the baseline from the run in the folder `run`, a line a case, so that a change
    of it can be read. Raises `RunError`, `BaselineError`."""
    made = make_baseline(load_run(run)).model_dump(by_alias=True)
    cases = made.pop("cases")
    lines = (f"    {_json(id)}: {_json(cases[id])}" for id in cases)
    head = ",\n".join(f"  {_json(name)}: {_json(value)}" for name, value in made.items())
    text = f'{{\n{head},\n  "cases": {{\n' + ",\n".join(lines) + "\n  }\n}\n"
    part = file.with_name(f".{file.name}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(file)
    except OSError as error:
        reason = error.strerror or str(error)
        raise BaselineError(
            f"The baseline cannot be written to {one_line(str(file))} ({reason}).",
            "Choose a file in a folder that can be written to.",
        ) from error


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def read_baseline(file: Path) -> Baseline:
    """Raises `BaselineError` that says what is wrong with `file`."""
    try:
        if file.stat().st_size > BASELINE_BYTES:
            raise ValueError("it is too large")
        return Baseline.model_validate_json(file.read_bytes())
    except ValidationError as error:
        reason = first_problem(error)
    except OSError as error:
        reason = error.strerror or str(error)
    except ValueError as error:
        reason = str(error)
    raise BaselineError(
        f"The baseline {one_line(str(file))} cannot be used ({one_line(reason)}).",
        "Make it anew from a run that came to its end.",
    )
