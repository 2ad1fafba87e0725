"""Rewrites a follow-up so that it can be understood without the conversation."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.events import ModelCalled
from rag.models.completion import complete
from rag.prompts import render_prompt
from rag.text.tokens import content_keys
from rag.types import ChatModel, Turn

REWRITE_TOKENS = 60


def rewrite(question: str, history: Sequence[Turn], model: ChatModel) -> tuple[str, ModelCalled]:
    """A follow-up as a question that stands alone, and what the model was asked for it;
    `question` itself where the model's proposal brings in words that nobody said."""
    turns = [f"Question: {t.question}\nAnswer: {_unmarked(t.answer)}" for t in history[-2:]]
    messages = render_prompt("rewrite", history="\n".join(turns), question=question)
    consulted, _ = complete("rewrite", messages, model, REWRITE_TOKENS)
    proposal = consulted.reply.strip().partition("\n")[0].strip()
    invented = content_keys(proposal) - content_keys(" ".join([question, *turns]))
    return (proposal if proposal and not invented else question), consulted


def _unmarked(answer: str) -> str:
    return re.sub(r"\s*\[\d+\]", "", answer)
