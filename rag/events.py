"""What happens on the way to an answer, and while documents are indexed?

A question yields `Rewritten` (with history only), `Retrieved`, `Selected`, then `Token`,
`ModelCalled` and `Checked` as often as it takes, and at last `Finished`. `ModelCalled` comes after
each request to the model, also after the one that rewrites.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from rag.text.dates import TimeRange
from rag.types import Answer, Claim, Hit, Message, Passage, Usage

Purpose = Literal["rewrite", "judge", "extract", "answer", "repair"]


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A follow-up, made to stand alone."""

    question: str


@dataclass(frozen=True, slots=True)
class Retrieved:
    """The fused hits, and the two rankings that they were fused from; each best first.

    `duplicates` are chunks that were found as well but are no hits, because a hit of another
    document says the same, word for word.
    """

    hits: tuple[Hit, ...]
    dense: tuple[Hit, ...] = ()
    lexical: tuple[Hit, ...] = ()
    duplicates: tuple[Hit, ...] = ()
    days: TimeRange | None = None  # that the question speaks of


@dataclass(frozen=True, slots=True)
class Selected:
    """What the model is about to see, and the sentences that the budget cut off, best first and
    numbered on from there."""

    passages: tuple[Passage, ...]
    cut: tuple[Passage, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelCalled:
    """One request to the model and its whole reply, as it was written. `probability` is that of
    "yes", 0..1, where it was asked of a passage whether it states the answer, or yes or no."""

    purpose: Purpose
    messages: tuple[Message, ...]
    reply: str
    probability: float | None = None
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the model's reply as it was written, unchecked."""

    text: str


@dataclass(frozen=True, slots=True)
class Checked:
    """A sentence after checking: as it will stand in the answer, or removed from it."""

    claim: Claim
    action: Literal["kept", "repaired", "removed"]


@dataclass(frozen=True, slots=True)
class Finished:
    """The answer. Always the last event."""

    answer: Answer


Event = Rewritten | Retrieved | Selected | ModelCalled | Token | Checked | Finished


@dataclass(frozen=True, slots=True)
class Added:
    document_id: str
    chunks: int


@dataclass(frozen=True, slots=True)
class Updated:
    document_id: str
    chunks: int


@dataclass(frozen=True, slots=True)
class Skipped:
    """Unchanged since it was last indexed."""

    document_id: str


@dataclass(frozen=True, slots=True)
class Removed:
    document_id: str


@dataclass(frozen=True, slots=True)
class Failed:
    """One source that could not be indexed; `error` is one sentence with the remedy."""

    source: str
    error: str


IngestEvent = Added | Updated | Skipped | Removed | Failed
