"""A scripted language model that follows its prompt.

`ReadingModel` reads its prompt, as a large model does, and answers a question with the sentence of
the passages that shares most words with it. It uses nothing but the prompt: where that says how to
decline, it declines when nothing fits; otherwise it answers with whatever is nearest. It is a
script of `ScriptedServer`, or, many times faster, a `ChatModel` of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

from rag.cancellation import Cancellation
from rag.text.sentences import split_sentences
from rag.text.tokens import content_stems
from rag.types import Delta, Message, Usage
from tests.fakes import Reply, Request

_PASSAGE = re.compile(r"\[(\d+)\] <passage from “[^”]*”[^>]*>\n(.*?)\n</passage>", re.DOTALL)
_DECLINE = re.compile(r"reply with exactly: (.+)")
_REWRITING = "Rewrite the last question"
MIN_SHARED = 0.6  # least share of the question's words in a sentence that answers it


@dataclass(frozen=True)
class ReadingModel:
    """The same prompt always has the same reply. `writes` makes the sentence that it read into the
    one that it writes. Its tokens are words."""

    writes: Callable[[str], str] = str
    name: str = "scripted"
    budget_tokens: int = 3000

    def __call__(self, request: Request) -> Reply:
        return Reply.of(self.reply([message["content"] for message in request["messages"]]))

    def warm(self) -> None:
        """Is there from the start."""

    def get(self) -> ReadingModel:
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
        prompt = [message.content for message in messages]
        reply = self.reply(prompt)
        yield Delta(reply)
        yield Delta("", usage=Usage(len(" ".join(prompt).split()), 0, len(reply.split())))

    def reply(self, messages: Sequence[str]) -> str:
        system, *_, last = messages
        if _REWRITING in system:
            return _rewritten(last)
        shown, _, question = last.rpartition("\n\nQuestion: ")
        return self._answer(shown, question, _DECLINE.search(system))

    def _answer(self, shown: str, question: str, decline: re.Match[str] | None) -> str:
        read = [
            (text[start:end], int(number))
            for number, text in _PASSAGE.findall(shown)
            for start, end in split_sentences(text)
        ]
        shares = [_shared(question, sentence) for sentence, _ in read]
        best = max(range(len(read)), key=lambda at: (shares[at], -at), default=None)
        if best is None or (shares[best] < MIN_SHARED and decline):
            return decline[1].strip() if decline else "It is 4,711."
        sentence, number = read[best]
        return f"{self.writes(sentence)} [{number}]"


def _shared(question: str, sentence: str) -> float:
    """The share of the question's words that stand in the sentence."""
    wanted = set(content_stems(question))
    return len(wanted & set(content_stems(sentence))) / len(wanted) if wanted else 0.0


def _rewritten(last: str) -> str:
    """The last question with the one before it; nothing is added."""
    before = re.findall(r"^Question: (.+)$", last, re.MULTILINE)
    question = last.rpartition("Last question: ")[2]
    return " ".join([question, *before[-1:]])


def inventing(sentence: str) -> str:
    """The sentence, each number in it replaced by another that is in no article."""
    return re.sub(
        r"\d+(?:[.,]\d+)*", lambda found: f"{int(found[0][0]) + 1}7{found[0][-1]}", sentence
    )
