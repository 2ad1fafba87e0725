"""What must a run not fall behind?

A baseline holds the deterministic scores of one run, a line a case, and what they were measured
on; a change of it can be read.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from eval.compare.changes import Scored, counted, named, plain
from eval.compare.sides import Side, side
from eval.figures import Outcome
from eval.kept.summary import Summary, fault
from eval.metrics import METRICS
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


class Conditions(_Strict):
    """What the baseline was measured on; digests are 16 hexadecimal digits."""

    cases_digest: str
    corpus_digest: str
    prompts_digest: str
    model: str
    commit: str


class Case(_Strict):
    cluster: str
    outcome: Outcome
    scores: dict[str, _Score | None]


class Baseline(_Strict):
    """The deterministic scores of one run, by case."""

    schema_: Literal["footnote.baseline/1"] = Field(default=SCHEMA, alias="schema")
    conditions: Conditions
    cases: dict[str, Case]

    @property
    def scored(self) -> dict[str, Scored]:
        return {id: Scored(c.cluster, c.outcome, c.scores) for id, c in self.cases.items()}


def baseline_of(run: Side) -> Baseline:
    """A baseline of `run`. Raises `BaselineError` for one that did not come to its end, and one
    with errors."""
    amiss = list(run.faults)
    if run.errors:
        amiss.append(f"{counted(len(run.errors))} ended in an error: {named(run.errors)}.")
    if run.summary is None or amiss:
        raise BaselineError(
            f"The run {plain(run.name)} is no baseline: {plain(' '.join(amiss))}",
            "Let a run come to its end without errors, and take that.",
        )
    names = [name for name, metric in METRICS.items() if metric.deterministic]
    return Baseline(
        conditions=_conditions(run.summary),
        cases={
            id: Case(cluster=case.cluster, outcome=case.outcome, scores=_rounded(case, names))
            for id, case in run.cases.items()
        },
    )


def _conditions(summary: Summary) -> Conditions:
    return Conditions(**{name: getattr(summary, name) for name in Conditions.model_fields})


def _rounded(case: Scored, names: list[str]) -> dict[str, float | None]:
    scores = ((name, case.scores.get(name)) for name in names)
    return {name: None if score is None else round(score, _DIGITS) for name, score in scores}


def write_baseline(run: Path, file: Path = BASELINE) -> None:
    """Make `file` the baseline from the run in the folder `run`, a line a case, so that a change
    of it can be read. Raises `RunError`, `BaselineError`."""
    made = baseline_of(side(run)).model_dump(by_alias=True)
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
            f"The baseline cannot be written to {plain(str(file))} ({reason}).",
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
        reason = fault(error)
    except OSError as error:
        reason = error.strerror or str(error)
    except ValueError as error:
        reason = str(error)
    raise BaselineError(
        f"The baseline {plain(str(file))} cannot be used ({plain(reason)}).",
        "Make it anew from a run that came to its end.",
    )
