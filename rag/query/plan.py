"""What is wanted of one question: the value that every later stage reads."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from rag.query.question_kind import AnswerKind
from rag.query.requested_length import RequestedLength


@dataclass(frozen=True, slots=True)
class QueryPlan:
    """A question as it will be answered."""

    question: str
    """As it was typed, in one line."""
    standalone: str
    """With slips of typing corrected, and made to be understood without the conversation."""
    sub_questions: tuple[str, ...]
    """The questions that it joins; itself where it asks one thing."""
    context: str = ""
    """What was asked and answered before, where the question has no meaning of its own: units are
    ranked with it."""
    phrase: str = ""
    """What the last question is asked of anew, as in "and in winter?"; "" where it is not."""
    about: tuple[str, ...] = ()
    """The documents that the conversation is about, which come sooner."""
    kind: AnswerKind = "fact"
    """The kind of answer that is wanted."""
    document_ids: Collection[str] | None = None
    """The documents to answer from; None for all."""
    length: RequestedLength | None = None
    """Of the answer, where the question says it; it is left out of `standalone` then."""
    asked_on: date | None = None
    """The day that "this week" is counted from; None for that of the newest document."""

    @property
    def with_context(self) -> str:
        """The question behind what was asked and answered before."""
        return f"{self.context} {self.standalone}".strip()

    @property
    def readings(self) -> frozenset[str]:
        """The question by itself and behind what was asked before: a follow-up of few words is like
        its answer in one of the two."""
        return frozenset([self.standalone, self.with_context])
