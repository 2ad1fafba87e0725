"""What does the model say to a question and its passages?

A small model and a large one need different prompts. The small one reads a short running text,
answers in a sentence, and is asked in one token whether the text states the answer at all; the
large one reads numbered passages and declines by itself. Both give the same `Reply`.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from math import exp

from rag import prompts, terms
from rag.events import Token
from rag.types import ChatModel, Delta, Message, Passage, Turn, Usage

SMALL_BUDGET_TOKENS = 1000  # a model that does best with less than this is treated as small
NOT_STATED = "NOT STATED"
REWRITE_TOKENS = 60


@dataclass(frozen=True, slots=True)
class Reply:
    """The model's text (empty where it declined), and the tokens that it took."""

    text: str
    usage: Usage


def is_small(model: ChatModel) -> bool:
    """True for a model that is asked about answerability apart."""
    return model.budget_tokens < SMALL_BUDGET_TOKENS


def stated(question: str, passages: Sequence[Passage], model: ChatModel) -> float:
    """How likely the model holds that the passages state the answer, 0..1.

    Read from the probabilities of "yes" and "no"; 0 or 1 where the server does not give them.
    """
    messages = prompts.render("judge", passages=_running(passages), question=question)
    said = ""
    with closing(model.stream(messages, max_tokens=1)) as deltas:
        for delta in deltas:
            if delta.alternatives:
                return _share_of_yes(delta)
            said += delta.text
    return float(said.strip().lower().startswith("yes"))


def _share_of_yes(delta: Delta) -> float:
    shares = {"yes": 0.0, "no": 0.0}
    for token, logprob in delta.alternatives.items():
        word = token.strip().lower()
        if word in shares:
            shares[word] += exp(logprob)
    return shares["yes"] / (sum(shares.values()) or 1.0)


def compose(
    question: str, passages: Sequence[Passage], model: ChatModel, max_tokens: int
) -> Generator[Token, None, Reply]:
    """Yield the reply as it is written; return it whole. Closing it ends the request."""
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
    declined = NOT_STATED in written or written.strip().upper().startswith(NOT_STATED)
    return Reply("" if declined else written.strip(), usage)


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
        blocks.append(f"[{passage.number}] <passage from “{title}”>\n{text}\n</passage>")
    return "\n\n".join(blocks)


def rewrite(question: str, history: Sequence[Turn], model: ChatModel) -> str:
    """A follow-up as a question that stands alone; `question` itself where the model's proposal
    brings in words that nobody said."""
    turns = [f"Question: {t.question}\nAnswer: {_unmarked(t.answer)}" for t in history[-2:]]
    messages = prompts.render("rewrite", history="\n".join(turns), question=question)
    proposal = _first_line(model.stream(messages, max_tokens=REWRITE_TOKENS))
    invented = _stated(proposal) - _stated(" ".join([question, *turns]))
    return proposal if proposal and not invented else question


def _stated(text: str) -> set[str]:
    return {*terms.content(text), *(f"{q.value:g}" for q in terms.quantities(text))}


def _unmarked(answer: str) -> str:
    return re.sub(r"\s*\[\d+\]", "", answer)


def _first_line(deltas: Iterator[Delta]) -> str:
    written = "".join(delta.text for delta in deltas)
    return written.strip().partition("\n")[0].strip()
