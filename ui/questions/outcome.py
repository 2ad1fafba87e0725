"""What became of a question that has ended, for those who count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from rag.types import Usage
from ui.questions.trace import ModelRequest

if TYPE_CHECKING:
    from ui.questions.exchange import Exchange
    from ui.questions.runner import ActiveQuestion

Outcome = Literal["answered", "declined", "failed", "cancelled"]
UNKNOWN = "unknown"  # the kind of a question that ended without an answer


def kind_of(active: ActiveQuestion) -> str:
    """The kind of answer that it wanted."""
    return active.kind or UNKNOWN


def outcome_of(exchange: Exchange) -> Outcome:
    """What became of a question that has ended."""
    if exchange.answer is None:
        return "cancelled" if exchange.state == "stopped" else "failed"
    return exchange.answer.status


def usage_of(active: ActiveQuestion) -> Usage:
    """The tokens of all requests to the model, also of a question that was stopped."""
    if answer := active.exchange.answer:
        return answer.usage
    requests = (step.usage for step in active.trace.steps if isinstance(step, ModelRequest))
    return sum(requests, Usage())
