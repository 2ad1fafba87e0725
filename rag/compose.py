"""What does the model say to a question and its passages?

A small model and a large one need different prompts. The small one reads a short running text,
answers in a sentence, and is asked in one token whether the text states the answer at all; the
large one reads numbered passages and declines by itself.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from math import exp

from rag import dates, prompts, terms
from rag.events import Consulted, Purpose, Token
from rag.types import Budgeted, ChatModel, Message, Passage, Turn, Usage

SMALL_BUDGET_TOKENS = 1000  # a model that does best with less than this is treated as small
NOT_STATED = "NOT STATED"
REWRITE_TOKENS = 60
EXTRACT_TOKENS = 16


def is_small(model: Budgeted) -> bool:
    """True for a model that is asked about answerability apart."""
    return model.budget_tokens < SMALL_BUDGET_TOKENS


def stated(question: str, passages: Sequence[Passage], model: ChatModel) -> Consulted:
    """Ask whether the passages state the answer. Its `probability` is read from those of "yes"
    and "no"; 0 or 1 where the server does not give them."""
    messages = prompts.render("judge", passages=_running(passages), question=question)
    consulted, alternatives = _asked("judge", messages, model, max_tokens=1)
    return replace(consulted, probability=_share_of_yes(consulted.reply, alternatives) or 0.0)


def extract(question: str, passages: Sequence[Passage], model: ChatModel) -> Consulted:
    """Ask for the few words of the passages that answer; what comes may be words of its own."""
    return _extracted(question, passages, model)[0]


def affirmed(question: str, passages: Sequence[Passage], model: ChatModel) -> Consulted:
    """Ask a question of yes or no. Its `probability` is that of "yes", None where the reply is
    neither."""
    consulted, alternatives = _extracted(question, passages, model)
    return replace(consulted, probability=_share_of_yes(consulted.reply, alternatives))


def _extracted(
    question: str, passages: Sequence[Passage], model: ChatModel
) -> tuple[Consulted, Mapping[str, float]]:
    messages = prompts.render("extract", passages=_running(passages), question=question)
    return _asked("extract", messages, model, EXTRACT_TOKENS)


def _asked(
    purpose: Purpose, messages: Sequence[Message], model: ChatModel, max_tokens: int
) -> tuple[Consulted, Mapping[str, float]]:
    """One request, waited for, and the alternatives to its reply's first token."""
    deltas = list(model.stream(messages, max_tokens=max_tokens))
    reply = "".join(delta.text for delta in deltas)
    usage = sum((delta.usage for delta in deltas if delta.usage), Usage())
    alternatives = next((delta.alternatives for delta in deltas if delta.alternatives), {})
    return Consulted(purpose, tuple(messages), reply, usage=usage), alternatives


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


def compose(
    question: str,
    passages: Sequence[Passage],
    model: ChatModel,
    max_tokens: int,
    purpose: Purpose = "answer",
) -> Generator[Token | Consulted, None, str]:
    """Yield the reply as it is written, then the whole request; return the reply's text, empty
    where the model declined. Closing it ends the request."""
    messages = messages_for(question, passages, model)
    written, held, usage = "", "", Usage()
    with closing(model.stream(messages, max_tokens=max_tokens)) as deltas:
        for delta in deltas:
            usage = delta.usage or usage
            written += delta.text
            held += delta.text
            # What may still turn out to be a decline is not shown as an answer.
            opening = written.lstrip()[: len(NOT_STATED)].upper()
            if held and not NOT_STATED.startswith(opening):
                yield Token(held)
                held = ""
    yield Consulted(purpose, tuple(messages), written, usage=usage)
    declined = NOT_STATED in written or written.strip().upper().startswith(NOT_STATED)
    return "" if declined else written.strip()


def messages_for(question: str, passages: Sequence[Passage], model: ChatModel) -> list[Message]:
    """The prompt for one answer."""
    if is_small(model):
        return prompts.render("answer_briefly", passages=_running(passages), question=question)
    return prompts.render("answer", passages=_numbered(passages), question=question)


def _running(passages: Sequence[Passage]) -> str:
    return " ".join(" ".join(passage.text.split()) for passage in passages)


def _numbered(passages: Sequence[Passage]) -> str:
    """Passages between fences that their own text cannot close."""
    blocks = []
    for passage in passages:
        text = passage.text.replace("<", "‹")
        title = " ".join(passage.title.replace("<", "‹").split())
        day = dates.day(passage.published)
        dated = f", {day}" if day else ""
        blocks.append(f"[{passage.number}] <passage from “{title}”{dated}>\n{text}\n</passage>")
    return "\n\n".join(blocks)


def rewrite(question: str, history: Sequence[Turn], model: ChatModel) -> tuple[str, Consulted]:
    """A follow-up as a question that stands alone, and what the model was asked for it;
    `question` itself where the model's proposal brings in words that nobody said."""
    turns = [f"Question: {t.question}\nAnswer: {_unmarked(t.answer)}" for t in history[-2:]]
    messages = prompts.render("rewrite", history="\n".join(turns), question=question)
    consulted, _ = _asked("rewrite", messages, model, REWRITE_TOKENS)
    proposal = consulted.reply.strip().partition("\n")[0].strip()
    invented = terms.told(proposal) - terms.told(" ".join([question, *turns]))
    return (proposal if proposal and not invented else question), consulted


def _unmarked(answer: str) -> str:
    return re.sub(r"\s*\[\d+\]", "", answer)
