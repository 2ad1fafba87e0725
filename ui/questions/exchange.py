"""A question and its answer as they are shown, from the question to the checked answer.

`Exchange` is all that the page shows of a question; `after_event` moves it on by one event. The
page, the history and the exports read the same value, so a reloaded conversation looks as before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from rag.events import Checked, Event, Finished, ModelCalled, Retrieved, Rewritten, Selected, Token
from rag.types import Answer, Claim, Hit, Passage

State = Literal[
    "waiting",  # in the queue for the model
    "searching",
    "reading",  # the model reads passages
    "writing",
    "done",
    "stopped",  # by the person
    "failed",
]
Thumb = Literal["up", "down"]
MAX_FIRST_HITS = 5  # hits shown before the passages are selected


@dataclass(frozen=True, slots=True)
class Exchange:
    """One question and its answer so far. `id` is 16 hexadecimal digits."""

    id: str
    question: str
    state: State = "searching"
    ahead: int = 0  # questions before this one in the queue, while it waits
    rewritten_as: str | None = None  # the question as it was searched for, where that differs
    evidence: tuple[Passage, ...] = ()  # the best hits at first, then what the model reads
    draft: str = ""  # text that the model wrote since a sentence was last checked
    claims: tuple[Claim, ...] = ()  # checked sentences, so far
    removed: int = 0  # sentences that were left out because they do not check
    answer: Answer | None = None  # when done
    error: str = ""  # when failed: what happened and the remedy
    digests: Mapping[str, str] = field(default_factory=dict)  # document id to digest, when done
    asked_at: str = ""  # ISO 8601, UTC, to the second
    document_ids: tuple[str, ...] = ()  # the question was limited to these; empty: all
    thumb: Thumb | None = None
    note: str = ""  # the comment with the thumb

    @property
    def is_over(self) -> bool:
        return self.state in ("done", "stopped", "failed")


def after_event(
    exchange: Exchange, event: Event, passage_of: Callable[[int, Hit], Passage | None]
) -> Exchange:
    """The exchange after `event`. `passage_of` makes a passage of a number and a hit, None where
    its document is gone."""
    match event:
        case Rewritten(question):
            return replace(
                exchange, rewritten_as=question if question != exchange.question else None
            )
        case Retrieved(hits):
            shown = [passage_of(number, hit) for number, hit in enumerate(hits[:MAX_FIRST_HITS], 1)]
            return replace(exchange, evidence=tuple(each for each in shown if each))
        case Selected(passages):
            return replace(exchange, state="reading", evidence=passages)
        case ModelCalled("judge"):  # before the next attempt: nothing of the last one was kept
            return replace(exchange, state="reading", draft="")
        case ModelCalled():
            return exchange
        case Token(text):
            return replace(exchange, state="writing", draft=exchange.draft + text)
        case Checked(claim, action):
            if action == "removed":
                return _without(exchange, claim)
            return replace(exchange, state="reading", draft="", claims=(*exchange.claims, claim))
        case Finished(answer):
            return replace(
                exchange,
                state="done",
                draft="",
                claims=answer.claims,
                evidence=answer.passages,
                answer=answer,
            )


def _without(exchange: Exchange, claim: Claim) -> Exchange:
    """The exchange where `claim` was left out, or withdrawn after it was shown."""
    rest = tuple(each for each in exchange.claims if each != claim)
    left_out = exchange.removed + (len(rest) == len(exchange.claims))
    return replace(exchange, state="reading", draft="", claims=rest, removed=left_out)
