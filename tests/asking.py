"""What do the tests of asking ask, and whom?

Assistants over an index of the seed articles (`tests.seeds` makes it) whose model is a
`ScriptedServer`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from typing import Any

from rag.answering.model_requests import EXTRACT_TOKENS
from rag.assistant import Assistant
from rag.models import chat as chat_models
from rag.models.chat import OpenAIChat
from rag.models.provider import HostedProvider
from rag.settings import Settings, load_settings
from rag.store.documents import Library
from rag.store.vectors import VectorStore
from rag.text.sentences import split_sentences
from rag.types import Embedder, Passage, Span
from tests.fakes import Reply, Request, Script, Scripted, ScriptedServer

NEWS, REPORT = "000_63f6faf5f870be30.txt", "004_dbb65014ece9d4c0.txt"
FENTANYL = "what tariff rate applies to fentanyl?"
RATE = (
    "That was later hiked to 125% for reciprocal duties and a 20% rate just for the fentanyl"
    " demands."
)
STATED = "There is a 20% rate just for the fentanyl demands."
WRONG = "There is a 125% rate just for the fentanyl demands."
SMALL, LARGE = 220, 3000  # tokens of passages


class Remembering:
    """An embedder that reads no text twice: the tests ask the same articles again and again."""

    def __init__(self, embedder: Embedder) -> None:
        self.name, self.dimensions = embedder.name, embedder.dimensions
        self._embedder = embedder
        self._known: dict[str, list[float]] = {}

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        self._known |= dict(zip(new, self._embedder.embed(new) if new else [], strict=True))
        return [self._known[text] for text in texts]


@dataclass(frozen=True)
class Index:
    """An index to read from; tests that write make their own."""

    library: Library
    vectors: VectorStore
    embedder: Embedder

    def assistant(self, server: ScriptedServer, budget: int = LARGE, **more: Any) -> Assistant:
        """Whose model is `server`, which counts as small or large by its budget."""
        settings = settings_for(server, budget, **more)
        model = HostedProvider(settings)
        return Assistant(settings, self.library, self.vectors, self.embedder, model)

    def passage(self, quote: str, number: int = 1, document_id: str = NEWS) -> Passage:
        """The passage that holds just these characters of a seed article."""
        document = self.library.document(document_id)
        start = document.text.index(quote)
        span = Span(document.id, start, start + len(quote))
        return Passage(number, span, quote, document.title, document.source, 1.0)


def settings_for(server: ScriptedServer, budget: int, **more: Any) -> Settings:
    chosen = {"llm_base_url": server.base_url, "model": "scripted", "budget_tokens": budget}
    return load_settings(**(chosen | more))


def chat(server: ScriptedServer, budget: int = LARGE) -> OpenAIChat:
    """The scripted server as a `ChatModel`."""
    return chat_models.hosted_chat(settings_for(server, budget))


def prompt(request: Request) -> str:
    """All that a request's messages say."""
    return "\n".join(message["content"] for message in request["messages"])


def asks_yes_or_no(request: Request) -> bool:
    return bool(request["max_tokens"] == 1)


def asks_for_words(request: Request) -> bool:
    return bool(request["max_tokens"] == EXTRACT_TOKENS)


def reads_article(request: Request) -> bool:
    return "\n\nArticle: " in prompt(request)


def confirms_reply(request: Request) -> bool:
    return "\nProposed answer: " in prompt(request)


def shown(request: Request) -> str:
    """The text that a small model is asked about."""
    return prompt(request).rpartition("\n\nQuestion:")[0].partition("\n\nText: ")[2]


def script(*writes: Scripted, knows: str, extracts: str = "", p_yes: float = 0.98) -> list[Script]:
    """Says yes, with this probability, to a text in which `knows` stands, and no to others, gives
    `extracts`, or else the last sentence of the text, where it is asked for few words, and writes
    one after the other of `writes`, the last one again and again. Only small models are asked for
    yes or no and for few words. No article as a whole answers."""
    left = list(writes)

    def reply(request: Request) -> Scripted:
        if asks_for_words(request):
            text = shown(request)
            *_, last = split_sentences(text)
            return extracts or text[slice(*last)]
        if asks_yes_or_no(request) and reads_article(request):
            return "NOT"
        if not asks_yes_or_no(request):
            return left.pop(0) if len(left) > 1 else left[0]
        likely = (
            {"yes": log(p_yes), "no": log(1 - p_yes)}
            if knows in shown(request)
            else {"no": -0.02, "yes": -4.0}
        )
        return Reply([next(iter(likely))], alternatives=likely)

    return [reply]
