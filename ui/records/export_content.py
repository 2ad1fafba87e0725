"""What an export holds, whatever its format: questions, sentences with the numbers of their
footnotes, what is to be said of them, and the footnotes.

Footnotes are numbered over the whole file: a span that is cited twice is one footnote. Nothing here
looks at the clock or at the library: the same exchanges always give the same content. All texts but
the quotes of footnotes are on one line, without control characters; none is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import PurePath

from rag.types import Citation, Claim, Span
from ui.labels import (
    NEAREST_SHOWN,
    SUGGESTED,
    SUPPORTED,
    doubt,
    is_reply,
    mark_of,
    remark,
    why_declined,
)
from ui.questions.exchange import Exchange
from ui.records.footnotes import Footnote
from ui.records.sentences import Block, Sentence, WrittenBlock
from ui.safe_text import count, one_line

TITLE = "Questions and answers"
BLANK = "(no words)"  # where a title or question would be empty
NEAREST = 200  # characters of a passage below a decline
LEGEND = (
    "Exported by Footnote. A sentence without a remark is supported by its footnotes. Each footnote"
    " is the exact text of its source, between the characters named."
)
CHECK = "footnote verify FILE"
_ADDRESS = re.compile(r"https?://[\w.~:/?#\[\]@!$&'()*+,=%-]+", re.ASCII)

_Key = tuple[Span, str, str]


@dataclass(frozen=True, slots=True)
class Note:
    """A footnote and the anchors of the sentences that cite it, in order."""

    footnote: Footnote
    anchors: dict[str, None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NamedList:
    """A list that is no answer, with its heading: rows of a name, which may be empty, and words."""

    heading: str
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Part:
    """One question with its answer. `question` is empty where it is the heading of the file."""

    question: str
    blocks: tuple[WrittenBlock, ...]
    reply: tuple[str, ...]  # to a message that asks nothing of the documents
    outcomes: tuple[str, ...]  # what became of the answer, where it is not simply its sentences
    lists: tuple[NamedList, ...]
    facts: str  # the model, the date, and what the question was made to be


@dataclass(frozen=True, slots=True)
class Content:
    """A whole file."""

    title: str
    parts: tuple[Part, ...]
    notes: tuple[Note, ...]
    blocks: tuple[Block, ...]  # what `footnote verify` compares the file with

    @property
    def facts(self) -> str:
        """How much there is."""
        return f"{count(len(self.parts), 'question')} · {count(len(self.notes), 'footnote')}"


def export_content(exchanges: Sequence[Exchange], title: str = "") -> Content:
    """The content of a file of `exchanges`. One exchange without a title has its question as the
    heading of the file."""
    notes = _numbered(exchanges)
    heading, own = one_line(title) or TITLE, True
    if not one_line(title) and len(exchanges) == 1:
        heading, own = one_line(exchanges[0].question) or BLANK, False
    parts = tuple(
        _part(exchange, place, notes, own=own) for place, exchange in enumerate(exchanges, 1)
    )
    blocks = [block for part in parts for block in _compared(part, heading)]
    return Content(heading, parts, tuple(notes.values()), tuple(blocks))


def is_link(source: str) -> bool:
    """Whether a source is an address that may be made a link."""
    return bool(_ADDRESS.fullmatch(source))


def shown_source(footnote: Footnote) -> str:
    """The source, unless the reference begins with it."""
    return "" if footnote.source == footnote.span.document_id else footnote.source


def _part(exchange: Exchange, place: int, notes: Mapping[_Key, Note], *, own: bool) -> Part:
    return Part(
        question=(one_line(exchange.question) or BLANK) if own else "",
        blocks=tuple(_blocks(exchange, place, notes)),
        reply=tuple(filter(None, map(one_line, _reply(exchange)))),
        outcomes=tuple(map(one_line, _outcomes(exchange))),
        lists=tuple(_lists(exchange)),
        facts=one_line(_facts(exchange)),
    )


def _compared(part: Part, heading: str) -> Iterator[Block]:
    """The blocks of a part in the order of the file: the question, the answer, the outcomes."""
    yield Block("question", (Sentence(part.question or heading),))
    for block in part.blocks:
        yield from block.shown()
    yield from (Block("outcome", (Sentence(text),)) for text in part.outcomes)


# --- footnotes -------------------------------------------------------------------------------


def _numbered(exchanges: Sequence[Exchange]) -> dict[_Key, Note]:
    """The footnotes in the order in which they are first cited, numbered from 1."""
    notes: dict[_Key, Note] = {}
    for place, exchange in enumerate(exchanges, 1):
        for number, claim in enumerate(exchange.claims, 1):
            for citation in claim.citations:
                key = _key(exchange, citation)
                if key not in notes:
                    notes[key] = Note(_footnote(len(notes) + 1, exchange, citation))
                notes[key].anchors[_anchor(place, number)] = None
    return notes


def _key(exchange: Exchange, citation: Citation) -> _Key:
    digest = exchange.digests.get(citation.span.document_id, "")
    return citation.span, citation.quote, digest


def _footnote(number: int, exchange: Exchange, citation: Citation) -> Footnote:
    span, quote, digest = _key(exchange, citation)
    for passage in exchange.evidence:
        if passage.span.document_id == span.document_id:
            source = _public(passage.source)
            return Footnote(number, quote, passage.title, source, span, digest)
    return Footnote(number, quote, "", "", span, digest)


def _public(source: str) -> str:
    """An address as it is; of a path only the file's name, because folders are private."""
    is_address = source.startswith(("http://", "https://"))
    return source if is_address else PurePath(source.replace("\\", "/")).name


# --- an answer -------------------------------------------------------------------------------


def _blocks(exchange: Exchange, place: int, notes: Mapping[_Key, Note]) -> Iterator[WrittenBlock]:
    """Running text as paragraphs, and points as lists below their headings."""
    numbered = groupby(enumerate(exchange.claims, 1), key=lambda pair: pair[1].group)
    for group, claims in numbered:
        sentences = [_sentence(exchange, claim, place, number, notes) for number, claim in claims]
        heading = one_line(group) if group else ""
        yield WrittenBlock(tuple(sentences), is_list=group is not None, heading=heading)


def _sentence(
    exchange: Exchange, claim: Claim, place: int, number: int, notes: Mapping[_Key, Note]
) -> Sentence:
    cited = {notes[_key(exchange, citation)].footnote.number for citation in claim.citations}
    mark = mark_of(claim)
    return Sentence(
        one_line(claim.text),
        tuple(sorted(cited)),
        "" if mark == SUPPORTED else one_line(f"{mark.sign} {remark(claim)}"),
        grade=mark.grade,
        anchor=_anchor(place, number),
    )


def _anchor(place: int, number: int) -> str:
    return f"sentence-{place}-{number}"


def _outcomes(exchange: Exchange) -> Iterator[str]:
    if exchange.state == "failed":
        yield f"The answer failed. {exchange.error}".strip()
    elif exchange.state == "stopped":
        yield "Stopped before the answer was complete."
    elif not exchange.is_over:
        yield "The answer was not complete when this was exported."
    elif exchange.answer and exchange.answer.status == "declined":
        yield f"No answer: {why_declined(exchange.answer)}"
        return
    elif exchange.answer and (said := doubt(exchange.answer)):
        yield said
    if exchange.removed:
        sentences = count(exchange.removed, "sentence")
        yield f"Left out: {sentences} that the articles do not support."


def _reply(exchange: Exchange) -> list[str]:
    answer = exchange.answer
    return answer.text.splitlines() if answer and is_reply(answer) else []


def _lists(exchange: Exchange) -> Iterator[NamedList]:
    """What stands below a decline or a reply: the nearest passages, and questions that could be
    asked."""
    answer = exchange.answer
    if answer and answer.status == "declined" and answer.passages:
        texts = [
            (one_line(each.title), f"“{one_line(each.text, NEAREST)}”")
            for each in answer.passages[:NEAREST_SHOWN]
        ]
        yield NamedList("Nearest passages", tuple(texts))
    if answer and answer.suggestions:
        yield NamedList(SUGGESTED, tuple(("", one_line(each)) for each in answer.suggestions))


def _facts(exchange: Exchange) -> str:
    facts = [f"Asked {exchange.asked_at[:16].replace('T', ' ')} UTC"] if exchange.asked_at else []
    if exchange.answer:
        facts.append(f"answered by {exchange.answer.model}")
    if exchange.rewritten_as:
        facts.append(f"understood as “{exchange.rewritten_as}”")
    if exchange.document_ids:
        facts.append(f"only of {', '.join(exchange.document_ids)}")
    return " · ".join(facts)
