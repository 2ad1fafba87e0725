"""The summary of a finished run: its statistics, and the conditions that they hold for.

`summary.json` is written last and at once, so a run that was killed has none. It names no path of
this machine and no secret.
"""

from __future__ import annotations

import math
import os
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator

from eval.metrics import Kind
from eval.statistics.aggregate import KINDS, STATISTIC_NAMES, Statistic
from eval.statistics.clusters import ClusterUnit

SCHEMA: Literal["footnote.eval/2"] = "footnote.eval/2"
RENAMED = {  # since footnote.eval/1; what else it held was counted in another way
    "answered_right": "answer_right",
    "answerable_declined": "declined_falsely",
    "unanswerable_declined": "declined_rightly",
}

_Count = Annotated[int, Field(ge=0, lt=2**53)]


class Summary(BaseModel):
    """A run that came to its end. Digests are 16 hexadecimal digits; the figures of two runs
    compare where `cases_digest` and `corpus_digest` agree."""

    # Unknown fields are passed over: a later program may add some.
    model_config = ConfigDict(frozen=True, populate_by_name=True)

    schema_: Literal["footnote.eval/1", "footnote.eval/2"] = Field(default=SCHEMA, alias="schema")
    started: AwareDatetime
    finished: AwareDatetime
    model: str
    commit: str  # of the checkout, with "+changes" where files differ from it; or the version
    cases: _Count
    cases_file: str  # its name, without a folder
    cases_digest: str
    documents: _Count
    corpus_digest: str
    prompts_digest: str
    settings: dict[str, str | int | float | None]  # those that can change an answer
    figures: dict[str, Statistic]  # every one of `eval.statistics.aggregate.STATISTIC_NAMES`
    tags: dict[str, Statistic]  # as they should be
    cluster_unit: ClusterUnit | None = None  # of the intervals; None in an older run
    resumed: _Count = 0  # how often it broke off and was gone on with

    @field_validator("figures")
    @classmethod
    def _usable(cls, found: dict[str, Statistic]) -> dict[str, Statistic]:
        found = {RENAMED.get(name, name): figure for name, figure in found.items()}
        for name in STATISTIC_NAMES:
            _check(name, found.get(name), KINDS[name])
        return {name: found.get(name, Statistic(None, 0)) for name in STATISTIC_NAMES}

    @field_validator("tags")
    @classmethod
    def _shares(cls, found: dict[str, Statistic]) -> dict[str, Statistic]:
        for name, figure in found.items():
            _check(name, figure, "share")
        return found

    @property
    def duration(self) -> timedelta:
        return self.finished - self.started


def _check(name: str, figure: Statistic | None, kind: Kind) -> None:
    if figure is None:
        return
    most = 1.0 if kind == "share" else math.inf
    value, good = figure.value or 0.0, figure.good or 0
    ends = [end for end in (figure.low, figure.high) if end is not None]
    usable = all(math.isfinite(each) and 0 <= each <= most for each in (value, *ends))
    if not (usable and 0 <= good <= figure.n < 2**53 and ends == sorted(ends)):
        raise ValueError(f"{name} is {figure.value}, {figure.good} of {figure.n}")


# --- on disk ----------------------------------------------------------------------------------


def write_summary(summary: Summary, file: Path) -> None:
    """Write `file` whole or not at all. Raises `OSError`."""
    part = file.with_name(f".{file.name}.part")
    with part.open("w", encoding="utf-8", errors="replace") as written:
        written.write(f"{summary.model_dump_json(by_alias=True, indent=2)}\n")
        written.flush()
        os.fsync(written.fileno())
    part.replace(file)


def parse_summary(data: bytes) -> Summary:
    """The summary that `data` states. Raises `ValueError` that says what is wrong."""
    try:
        return Summary.model_validate_json(data)
    except ValidationError as error:
        raise ValueError(first_problem(error)) from error


def first_problem(error: ValidationError) -> str:
    """What is wrong first, as ``cases: Field required``."""
    first = error.errors(include_url=False, include_context=False)[0]
    if first["loc"] == ("schema",) and first["type"] == "literal_error":
        return f"it is of another version: {first['input']!s:.40}"
    where = ".".join(map(str, first["loc"]))
    return f"{where[:80]}: {first['msg']}" if where else first["msg"]
