"""The values that flow through Footnote, and the protocols of its models.

Everything that points at a source is a `Span`: a document id and a half-open interval of
characters (Unicode code points) of that document's stored text. Always
``library.text(span) == quote``.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from rag.cancellation import Cancellation

Support = Literal["supported", "partial", "unsupported", "unchecked"]
"""How well the citations of a claim support it."""

Origin = Literal["model", "matched", "compared", "closest"]
"""What chose the citations of a claim: the model's markers, a match of the text, a comparison with
other sources, or that the passage is the closest one, quoted where no answer could be written."""

FoundBy = Literal["dense", "lexical", "fused"]
"""The search that found a hit: by vectors, by words, or both, fused."""

Answers = Literal["yes", "partly", "unsure", "no"]
"""Whether an answer answers its question."""

Status = Literal["answered", "declined"]

DeclineReason = Literal["nothing retrieved", "not stated", "nothing survived checking"]


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open interval ``[start, end)`` of characters of one document's stored text."""

    document_id: str
    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"not a span: [{self.start}, {self.end})")

    def __len__(self) -> int:
        return self.end - self.start

    def overlaps(self, other: Span) -> bool:
        """True when the two share at least one character of one document."""
        same = self.document_id == other.document_id
        return same and self.start < other.end and other.start < self.end

    def contains(self, other: Span) -> bool:
        """True when every character of `other` lies in this span."""
        same = self.document_id == other.document_id
        return same and self.start <= other.start and other.end <= self.end


@dataclass(frozen=True, slots=True)
class Document:
    """One source text, made by `Document.of`. `id` is stable: a relative path or a URL."""

    id: str
    title: str
    source: str  # where a person finds it: a path or a URL
    published: str | None  # ISO 8601 date, where the source has one
    text: str
    digest: str  # sha256 of title and text, hexadecimal

    @classmethod
    def of(
        cls, id: str, title: str, source: str, text: str, published: str | None = None
    ) -> Document:
        """A document, with its digest. Lone surrogates become U+FFFD: they cannot be stored."""
        title, text = _storable(title), _storable(text)
        digest = hashlib.sha256(f"{title}\0{text}".encode()).hexdigest()
        return cls(_storable(id), title, _storable(source), published, text, digest)


def _storable(text: str) -> str:
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Chunk:
    """An indexed span of a document. `id` depends on the content and is never reused."""

    id: str
    span: Span

    @classmethod
    def of(cls, document: Document, start: int, end: int) -> Chunk:
        """The chunk of one version of `document` at ``[start, end)``."""
        name = f"{document.id}\0{document.digest}\0{start}\0{end}"
        digest = hashlib.sha256(name.encode()).hexdigest()
        return cls(digest[:32], Span(document.id, start, end))


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk with a score (higher is better; scales differ by `found_by`)."""

    chunk: Chunk
    score: float
    found_by: FoundBy


@dataclass(frozen=True, slots=True)
class Passage:
    """A numbered piece of a source that an answer rests on; ``library.text(span) == text``."""

    number: int  # from 1, as in the marker [1]
    span: Span
    text: str
    title: str
    source: str
    score: float
    published: str | None = None  # ISO 8601 date
    as_read: str = field(default="", repr=False, compare=False)
    """The text as a language model reads it, with the headings and the sentence or list
    introduction that it leans on; "" where that is the text alone."""


@dataclass(frozen=True, slots=True)
class Citation:
    """The narrowest part of a source that supports a claim; ``quote == library.text(span)``."""

    number: int  # of the passage it lies in
    span: Span
    quote: str


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence of the answer, without markers, and how well its citations support it."""

    text: str
    citations: tuple[Citation, ...] = ()
    support: Support = "unchecked"
    reasons: tuple[str, ...] = ()  # what did not match, in words for people
    origin: Origin = "matched"
    score: float | None = None  # the probability, 0..1, that the quotes say it
    group: str | None = None
    """Of a point in a list, the heading of the list, or "" where that has none; None for a sentence
    of running text. Points that follow each other under one heading are one list."""

    def marked(self) -> str:
        """The sentence with its markers, as Markdown: ``A 20% rate applies. [1][3]``. What would be
        a picture, a link or HTML stands as text."""
        numbers = dict.fromkeys(citation.number for citation in self.citations)
        marks = "".join(f"[{number}]" for number in numbers)
        text = _ACTIVE.sub(r"\\\g<0>", self.text)
        return f"{text} {marks}" if marks else text


# What begins a link, a picture or HTML in Markdown, or makes a link of an address.
_ACTIVE = re.compile(r"\[(?=[^\]\n]{0,500}\][(\[])|<(?=[A-Za-z/!?])|(?<=\w):(?=//)")


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the model's server counted them; zero where it sent no count."""

    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.cached_tokens + other.cached_tokens,
            self.completion_tokens + other.completion_tokens,
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a question, its claims and the passages that it rests on."""

    question: str
    text: str
    claims: tuple[Claim, ...]
    passages: tuple[Passage, ...]
    status: Status
    reason: DeclineReason | None
    model: str
    usage: Usage = Usage()
    timings: Mapping[str, float] = field(default_factory=dict)  # seconds by stage
    dropped_markers: int = 0  # markers of the model that name no passage
    chance: float | None = None
    """The probability, 0..1, that the passages answer the question; None where it was not
    estimated, as for a large model. It is the best over the passages that the model judged; for a
    question in parts, the lowest of the parts' bests."""
    short: str | None = None
    """The few words that answer, most of them words of a passage; None for a large model and for a
    yes/no question."""
    answers: Answers = "unsure"
    """Whether the claims answer the question; what is shown of each claim's support says nothing
    about that. "no" where it was declined."""
    missing: tuple[str, ...] = ()
    """The parts of the question that the documents do not answer, where they answer others."""
    suggestions: tuple[str, ...] = ()
    """Questions that the documents answer, where this one was declined or asks nothing of them."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A past question and the text of its answer."""

    question: str
    answer: str
    cited: tuple[Span, ...] = ()
    """What the answer cited, where that is known."""

    @classmethod
    def of(cls, question: str, answer: Answer) -> Turn:
        """The turn that `answer` ends."""
        spans = (citation.span for claim in answer.claims for citation in claim.citations)
        return cls(question, answer.text, tuple(dict.fromkeys(spans)))


@dataclass(frozen=True, slots=True)
class Message:
    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of a streamed reply.

    `alternatives` maps the likeliest tokens at its first position to natural-log probabilities;
    empty where the server sends none. `usage` comes with the last piece, where the server sends it.
    """

    text: str
    alternatives: Mapping[str, float] = field(default_factory=dict)
    usage: Usage | None = None


class ChatModel(Protocol):
    """A language model that replies to a list of messages."""

    @property
    def name(self) -> str: ...

    @property
    def budget_tokens(self) -> int:
        """How many tokens of passages serve this model best."""
        ...

    def stream(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        cancellation: Cancellation | None = None,
    ) -> Generator[Delta, None, None]:
        """Yield the reply of at most `max_tokens` tokens as it is written.

        Closing the iterator ends the model's request; so does `cancellation`, wherever it waits.
        Raises a `ModelError` that names the remedy, and `Cancelled`.
        """
        ...


class Embedder(Protocol):
    """Turns texts into L2-normalised vectors."""

    @property
    def name(self) -> str:
        """Identifies model and dimensions; stored with the index."""
        ...

    @property
    def dimensions(self) -> int: ...

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector of `dimensions` floats for each text, in order."""
        ...
