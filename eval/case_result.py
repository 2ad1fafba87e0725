"""The result of one case: its outcome, its answer and its scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Outcome = Literal["right", "wrong", "declined", "error"]


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One case and what came of it. `cited` is the share of the case's evidence spans that some
    citation overlaps; None where there is no evidence or no answer. `scores` are by metric, empty
    in a run of an earlier version; rows of one `cluster` stand or fall together."""

    id: str
    tags: tuple[str, ...]
    answerable: bool
    outcome: Outcome
    text: str
    reason: str | None
    exact_quotes: bool
    supports: tuple[str, ...]
    cited: float | None
    seconds: float
    scores: Mapping[str, float | None] = field(default_factory=dict)
    cluster: str = ""

    @property
    def is_expected(self) -> bool:
        """True when it came out as it should: right, or declined where there is no answer."""
        return self.outcome == ("right" if self.answerable else "declined")
