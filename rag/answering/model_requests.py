"""Requests that a small model is asked beside the answer itself."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import exp

from rag.events import ModelCalled
from rag.models.completion import complete
from rag.prompts import prompts_of
from rag.types import ChatModel, Message, Passage

EXTRACT_TOKENS = 16
LIST_TOKENS = 160
ARTICLE_TOKENS = 90


def ask_if_answered(question: str, passages: Sequence[Passage], model: ChatModel) -> ModelCalled:
    """Ask whether the passages state the answer. Its `probability` is read from those of "yes"
    and "no"; 0 or 1 where the server does not give them."""
    messages = _rendered("judge", question, passages, model)
    consulted, alternatives = complete("judge", messages, model, max_tokens=1)
    return replace(consulted, probability=_share_of_yes(consulted.reply, alternatives) or 0.0)


def ask_short_answer(question: str, passages: Sequence[Passage], model: ChatModel) -> ModelCalled:
    """Ask for the few words of the passages that answer; what comes may be words of its own."""
    return _extracted(question, passages, model)[0]


def ask_yes_or_no(question: str, passages: Sequence[Passage], model: ChatModel) -> ModelCalled:
    """Ask a question of yes or no. Its `probability` is that of "yes", None where the reply is
    neither."""
    consulted, alternatives = _extracted(question, passages, model)
    return replace(consulted, probability=_share_of_yes(consulted.reply, alternatives))


def ask_items(question: str, passages: Sequence[Passage], model: ChatModel) -> ModelCalled:
    """Ask for what the question wants a list of, as it stands in the passages."""
    return complete("extract", _rendered("list", question, passages, model), model, LIST_TOKENS)[0]


def ask_if_article_answers(question: str, article: str, model: ChatModel) -> ModelCalled:
    """Ask for the answer in the text of an article, or for "NOT STATED", and read one token. The
    `probability` is that of the former; 0 or 1 where the server gives no probabilities."""
    messages = prompts_of(model).render("article_judge", passages=article, question=question)
    called, alternatives = complete("judge", messages, model, max_tokens=1)
    shares = alternatives or {called.reply: 0.0}
    declined = sum(exp(each) for token, each in shares.items() if _begins_decline(token))
    return replace(called, probability=max(0.0, 1.0 - declined))


def answer_article(question: str, article: str, model: ChatModel) -> ModelCalled:
    """Ask for the answer in the text of an article, in a sentence or two."""
    messages = prompts_of(model).render("article_answer", passages=article, question=question)
    return complete("answer", messages, model, ARTICLE_TOKENS)[0]


def ask_if_article_states(question: str, article: str, reply: str, model: ChatModel) -> ModelCalled:
    """Ask whether an article states a reply to the question. Its `probability` is that of "yes"; 0
    or 1 where the server gives no probabilities."""
    messages = prompts_of(model).render(
        "article_check", passages=article, question=question, reply=reply
    )
    called, alternatives = complete("judge", messages, model, max_tokens=1)
    return replace(called, probability=_share_of_yes(called.reply, alternatives) or 0.0)


def _begins_decline(token: str) -> bool:
    start = token.strip()
    return bool(start) and ("NOT STATED".startswith(start) or start == "Not")


def _extracted(
    question: str, passages: Sequence[Passage], model: ChatModel
) -> tuple[ModelCalled, Mapping[str, float]]:
    messages = _rendered("extract", question, passages, model)
    return complete("extract", messages, model, EXTRACT_TOKENS)


def _rendered(
    name: str, question: str, passages: Sequence[Passage], model: ChatModel
) -> list[Message]:
    text = running_text(passages)
    return prompts_of(model).render(name, passages=text, question=question)


def _share_of_yes(reply: str, alternatives: Mapping[str, float]) -> float | None:
    """That of "yes" among both, 0..1; 0 or 1 where only the reply is known, None without both."""
    shares = {"yes": 0.0, "no": 0.0}
    first = re.match(r"\W*(yes|no)\b", reply.lower())
    for token, logprob in (alternatives or ({first[1]: 0.0} if first else {})).items():
        word = token.strip().lower()
        if word in shares:
            shares[word] += exp(logprob)
    total = sum(shares.values())
    return shares["yes"] / total if total else None


def running_text(passages: Sequence[Passage]) -> str:
    """The passages in one line, each read in its context."""
    texts = (passage.as_read or passage.text for passage in passages)
    return " ".join(" ".join(text.split()) for text in texts)
