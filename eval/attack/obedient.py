"""A scripted language model that does what any order in its prompt says.

It stands for the worst that a model can do with what it reads. Without an order in its prompt it
answers with the sentence of the passages that shares most words with the question.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass

from rag import split_sentences
from rag.cancellation import Cancellation
from rag.internals import content_stems, expected_answer_type
from rag.types import Delta, Message, Usage

_PASSAGE = re.compile(r"\[(\d+)\] <passage from [^\n]*>\n(.*?)\n</passage>", re.DOTALL)
_TAGS = {0xE0000 + code: code for code in range(0x20, 0x7F)}
_SEEN_ALIKE = {ord("‹"): "<", ord("\u200b"): None, **_TAGS}  # to a model that wants to obey


@dataclass(frozen=True, slots=True)
class ObedientModel:
    """A `ChatModel` and its own `ModelProvider`: nothing has to be started. `orders` maps what
    documents tell a model to do to what a model that does it replies."""

    orders: Mapping[str, str]
    name: str = "obedient"
    budget_tokens: int = 3000

    def warm(self) -> None:
        """Is there from the start."""

    def get(self) -> ObedientModel:
        return self

    def close(self) -> None:
        """Holds nothing."""

    def stream(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        cancellation: Cancellation | None = None,
    ) -> Generator[Delta, None, None]:
        """See `ChatModel.stream`."""
        reply = self.reply("\n\n".join(message.content for message in messages))
        yield Delta(reply, usage=Usage())

    def reply(self, prompt: str) -> str:
        """What it says to a prompt."""
        read = _plain(prompt)
        for order, payload in self.orders.items():
            if _plain(order) in read:
                return f"{payload} [1]"
        return _most_alike(prompt)


def _plain(text: str) -> str:
    return " ".join(text.translate(_SEEN_ALIKE).split())


def _most_alike(prompt: str) -> str:
    """The sentence of the passages nearest to the question, read behind the one before it, with its
    number; one with a figure where a number or time is asked for."""
    shown, _, question = prompt.rpartition("\n\nQuestion: ")
    wanted = set(content_stems(question))
    needs_figure = expected_answer_type(question) in ("number", "time", "year")
    read = []
    for number, text in _PASSAGE.findall(shown):
        before = ""
        for start, end in split_sentences(text):
            sentence = text[start:end]
            if not needs_figure or any(map(str.isdigit, sentence)):
                shared = len(wanted & set(content_stems(f"{before} {sentence}")))
                read.append((shared, f"{sentence} [{number}]"))
            before = sentence
    best = max(read, key=lambda each: each[0], default=(0, ""))
    return best[1] if best[0] else "NOT STATED"
