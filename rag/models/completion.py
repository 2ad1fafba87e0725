"""One request to a chat model, waited for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rag.events import ModelCalled, Purpose
from rag.types import ChatModel, Message, Usage


def complete(
    purpose: Purpose, messages: Sequence[Message], model: ChatModel, max_tokens: int
) -> tuple[ModelCalled, Mapping[str, float]]:
    """One request, waited for, and the alternatives to its reply's first token."""
    deltas = list(model.stream(messages, max_tokens=max_tokens))
    reply = "".join(delta.text for delta in deltas)
    usage = sum((delta.usage for delta in deltas if delta.usage), Usage())
    alternatives = next((delta.alternatives for delta in deltas if delta.alternatives), {})
    return ModelCalled(purpose, tuple(messages), reply, usage=usage), alternatives
