"""What does the model say to a question and its passages?

A small model and a large one need different prompts. The small one reads a short running text,
answers in a sentence, and is asked in one token whether the text states the answer at all; the
large one reads numbered passages and declines by itself.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing

from rag.answering.model_requests import running_text
from rag.events import ModelCalled, Purpose, Token
from rag.prompts import render_prompt
from rag.text.dates import parse_day
from rag.types import Budgeted, ChatModel, Message, Passage, Usage

SMALL_BUDGET_TOKENS = 1000  # a model that does best with less than this is treated as small
NOT_STATED = "NOT STATED"


def is_small(model: Budgeted) -> bool:
    """True for a model that is asked about answerability apart."""
    return model.budget_tokens < SMALL_BUDGET_TOKENS


def compose(
    question: str,
    passages: Sequence[Passage],
    model: ChatModel,
    max_tokens: int,
    purpose: Purpose = "answer",
) -> Generator[Token | ModelCalled, None, str]:
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
    yield ModelCalled(purpose, tuple(messages), written, usage=usage)
    declined = NOT_STATED in written or written.strip().upper().startswith(NOT_STATED)
    return "" if declined else written.strip()


def messages_for(question: str, passages: Sequence[Passage], model: ChatModel) -> list[Message]:
    """The prompt for one answer."""
    if is_small(model):
        return render_prompt("answer_briefly", passages=running_text(passages), question=question)
    return render_prompt("answer", passages=_numbered(passages), question=question)


def _numbered(passages: Sequence[Passage]) -> str:
    """Passages between fences that their own text cannot close."""
    blocks = []
    for passage in passages:
        text = passage.text.replace("<", "‹")
        title = " ".join(passage.title.replace("<", "‹").split())
        day = parse_day(passage.published)
        dated = f", {day}" if day else ""
        blocks.append(f"[{passage.number}] <passage from “{title}”{dated}>\n{text}\n</passage>")
    return "\n\n".join(blocks)
