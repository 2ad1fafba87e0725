"""Events on the way to an answer, and while documents are indexed.

A question yields `Rewritten` (where it was changed), `Retrieved`, `Selected`, then any number of
`Token`, `ModelCalled` and `Checked`, and at last `Finished`. `ModelCalled` follows each request to
the model, also the one that rewrites.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from rag.text.dates import TimeRange
from rag.types import Answer, Claim, Hit, Message, Passage, Usage

Purpose = Literal["rewrite", "judge", "extract", "answer", "repair"]


@dataclass(frozen=True, slots=True)
class Rewritten:
    """The question as it is searched for: a follow-up made to stand alone, spelling corrected."""

    question: str


@dataclass(frozen=True, slots=True)
class Retrieved:
    """The fused hits, and the two rankings that they were fused from; each best first.

    `duplicates` are chunks that were left out of the hits because a hit of another document says
    the same, word for word. `days` is the time range of the question.
    """

    hits: tuple[Hit, ...]
    dense: tuple[Hit, ...] = ()
    lexical: tuple[Hit, ...] = ()
    duplicates: tuple[Hit, ...] = ()
    days: TimeRange | None = None


@dataclass(frozen=True, slots=True)
class Selected:
    """The passages for the model; and in `cut` those that exceed its budget, best first, numbered
    on from there."""

    passages: tuple[Passage, ...]
    cut: tuple[Passage, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelCalled:
    """One request to the model and its whole reply, unchecked.

    `probability` is that of "yes", 0..1, for a yes/no request; else None.
    """

    purpose: Purpose
    messages: tuple[Message, ...]
    reply: str
    probability: float | None = None
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the model's reply, unchecked."""

    text: str


@dataclass(frozen=True, slots=True)
class Checked:
    """A sentence after checking: as it will be in the answer, or removed from it."""

    claim: Claim
    action: Literal["kept", "repaired", "removed"]


@dataclass(frozen=True, slots=True)
class Finished:
    """The answer. Always the last event. `kind` is the kind of answer that the question wants, of
    `rag.query.question_kind.KINDS`; "" where it was not found out."""

    answer: Answer
    kind: str = ""


Event = Rewritten | Retrieved | Selected | ModelCalled | Token | Checked | Finished


@dataclass(frozen=True, slots=True)
class Added:
    """A new document was indexed, in so many chunks."""

    document_id: str
    chunks: int


@dataclass(frozen=True, slots=True)
class Updated:
    """A changed document was indexed again, in so many chunks."""

    document_id: str
    chunks: int


@dataclass(frozen=True, slots=True)
class Skipped:
    """The document is unchanged since it was last indexed."""

    document_id: str


@dataclass(frozen=True, slots=True)
class Moved:
    """The document is unchanged; its file is now at `source`. It keeps its id."""

    document_id: str
    source: str


@dataclass(frozen=True, slots=True)
class Removed:
    """The document is no longer in the index."""

    document_id: str


@dataclass(frozen=True, slots=True)
class Failed:
    """The source (a path or URL) could not be indexed; `error` says why, with the remedy."""

    source: str
    error: str


@dataclass(frozen=True, slots=True)
class Warned:
    """The source was read, but `warning` says what a reader of it should know; with the remedy."""

    source: str
    warning: str


@dataclass(frozen=True, slots=True)
class PassedOver:
    """Files in the folders that are of other kinds: their ending, or "no ending", and how many; the
    most first."""

    endings: tuple[tuple[str, int], ...]


IngestEvent = Added | Updated | Moved | Skipped | Removed | Failed | Warned | PassedOver
