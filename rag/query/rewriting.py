"""Asks a large model which of several readings of a follow-up is meant."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.events import ModelCalled
from rag.models.completion import complete
from rag.prompts import prompts_of
from rag.query.follow_ups import has_open_pronoun
from rag.text.tokens import content_keys
from rag.types import ChatModel, Turn

REWRITE_TOKENS = 60


def rewrite(question: str, history: Sequence[Turn], model: ChatModel) -> tuple[str, ModelCalled]:
    """A follow-up as the model makes it stand alone, and what it was asked for it; `question`
    itself where the proposal brings in words that nobody said or leaves a pronoun open."""
    turns = [f"Question: {t.question}\nAnswer: {_unmarked(t.answer)}" for t in history[-2:]]
    prompts = prompts_of(model)
    messages = prompts.render("rewrite", history="\n".join(turns), question=question)
    consulted, _ = complete("rewrite", messages, model, REWRITE_TOKENS)
    proposal = consulted.reply.strip().partition("\n")[0].strip()
    invented = content_keys(proposal) - content_keys(" ".join([question, *turns]))
    is_taken = proposal and not invented and not has_open_pronoun(proposal)
    return (proposal if is_taken else question), consulted


def _unmarked(answer: str) -> str:
    return re.sub(r"\s*\[\d+\]", "", answer)
