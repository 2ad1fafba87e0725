"""The shapes of the JSON that other programs send and receive.

The answer document is that of `rag.serialization`; its types are spelled out here for the schemas
that Gradio's API and the Model Context Protocol publish.
"""

from typing import Literal

from typing_extensions import TypedDict

from rag.serialization import markdown_pieces
from rag.types import Answer, Answers, DeclineReason, Origin, Status, Support
from ui.labels import SUGGESTED, doubt, is_reply, why_declined
from ui.safe_text import one_line

Place = Literal["same", "moved", "changed", "gone"]


class PastTurn(TypedDict):
    """An earlier question of the conversation and its answer."""

    question: str
    answer: str


class Cited(TypedDict):
    """A quote and where it should stand: the half-open interval of characters [start, end)."""

    document_id: str
    start: int
    end: int
    quote: str


class CitationDocument(Cited):
    number: int
    title: str
    source: str


class ClaimDocument(TypedDict):
    """One sentence. `support` is how far its quotes say it, and not whether it answers the
    question. With the origin "closest" it is a passage quoted where no answer could be written,
    with "compared" it says that sources differ. `group` is null in running text; of a point it is
    the heading of its list, "" where that has none."""

    text: str
    support: Support
    reasons: list[str]
    origin: Origin
    score: float | None
    group: str | None
    citations: list[CitationDocument]


class PassageDocument(TypedDict):
    number: int
    title: str
    source: str
    document_id: str
    start: int
    end: int
    text: str
    score: float


class UsageDocument(TypedDict):
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int


class AnswerDocument(TypedDict):
    """`rag.serialization.answer_to_json` makes it. `answers` is whether the claims answer the
    question. `chance` is that, 0 to 1, of the passages answering it; null where it was not
    estimated. `short` is the few words that answer, where the model was asked for them. `missing`
    are the parts of the question that have no answer, where others have.
    `suggestions` are questions that the documents answer, where this one was declined or asks
    nothing of them."""

    schema: str
    question: str
    status: Status
    reason: DeclineReason | None
    answers: Answers
    text: str
    claims: list[ClaimDocument]
    passages: list[PassageDocument]
    model: str
    usage: UsageDocument
    timings_s: dict[str, float]
    dropped_markers: int
    chance: float | None
    short: str | None
    missing: list[str]
    suggestions: list[str]


class PlacedQuote(Cited):
    """A quote, and where it stands now; its old place where `state` is "changed" or "gone"."""

    state: Place


class CheckDocument(TypedDict):
    """`score` is the share of the claim's words that the quotes carry, 0 to 1."""

    support: Support
    reasons: list[str]
    score: float
    citations: list[PlacedQuote]


class FootnoteDocument(Cited):
    """One footnote of an export. `start` and `end` are as it was written; `start_now` and
    `end_now` where its quote stands today, null where it does not. `altered` names what was
    changed in the file itself."""

    number: int
    title: str
    source: str
    state: Literal["same", "moved", "changed", "gone", "altered"]
    start_now: int | None
    end_now: int | None
    altered: list[str]


def answer_text(answer: Answer) -> str:
    """The answer as Markdown with its ``[n]`` markers, and whether it answers the question, where
    that is not plain; a decline says why there is none. Suggested questions follow as a list."""
    if answer.status == "declined":
        return f"No answer: {why_declined(answer)}{text_after_claims(answer)}"
    text = answer.text if is_reply(answer) else "".join(markdown_pieces(answer.claims))
    return text + text_after_claims(answer)


def text_after_claims(answer: Answer) -> str:
    """What `answer_text` adds to the claims."""
    said = doubt(answer)
    parts = [f"*{said}*"] if said else []
    if answer.suggestions:
        questions = "\n".join(f"- {one_line(each)}" for each in answer.suggestions)
        parts.append(f"{SUGGESTED}:\n\n{questions}")
    return "".join(f"\n\n{part}" for part in parts)
