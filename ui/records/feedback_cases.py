"""Turns thumbs into a case file for the evals.

A thumb up says that an answer, or a decline, was right: it must stay so. A thumb down counts where
its note gives the right answer and the articles state it. What cannot be judged is left out, with
the reason.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from eval import expected_facts
from eval.cases import Tag
from rag import split_sentences
from rag.errors import FootnoteError
from rag.types import Answer, Citation, Span
from ui.questions.exchange import Exchange
from ui.records.search_words import search_words
from ui.records.unique_quote import find_unique_quote
from ui.safe_text import count, one_line

DECLINED = "The articles do not state it."  # stands for a decline among the turns of a case
SLUG_WORDS = 7
SLUG_CHARS = 48

TextOf = Callable[[str], str]
_Quoted = tuple[Span, str]


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A file for `footnote eval`: JSON lines, empty where no thumb made a case."""

    text: str
    cases: int
    left_out: tuple[str, ...]  # for each other thumb its question and why, in a sentence


@dataclass(frozen=True, slots=True)
class _Judgement:
    """What is right; without groups, declining is."""

    groups: expected_facts.Groups = ()
    quoted: tuple[_Quoted, ...] = ()


def cases_from_feedback(conversations: Iterable[Sequence[Exchange]], text_of: TextOf) -> CaseFile:
    """A case for each thumb that can be judged, in order; see
    `ui.records.history.History.with_thumbs`.

    Each conversation is whole and in order, for the turns before a follow-up. `text_of` gives the
    stored text of a document id, and raises a `FootnoteError` or `LookupError` where there is
    none. The file loads with `eval.cases.load` while those texts stay as they are.
    """
    rows: dict[str, dict[str, Any]] = {}
    left_out: list[str] = []
    for conversation in conversations:
        for place, exchange in enumerate(conversation):
            if exchange.thumb:
                row = _row(exchange, conversation[:place], text_of)
                if isinstance(row, str):
                    left_out.append(f"“{one_line(exchange.question, 80)}” was left out: {row}.")
                else:
                    rows[row["id"]] = row
    written = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows.values()]
    return CaseFile("".join(written), len(written), tuple(left_out))


def _row(exchange: Exchange, before: Sequence[Exchange], text_of: TextOf) -> dict[str, Any] | str:
    """One line of the file, or why there is none."""
    if not one_line(exchange.question):
        return "it has no question that can be shown"
    judgement = _judgement(exchange)
    if isinstance(judgement, str):
        return judgement
    pointing = [_evidence(span, quote, text_of) for span, quote in judgement.quoted]
    evidence = list(dict.fromkeys(each for each in pointing if each))
    if judgement.groups and not evidence:
        return "its sources are no longer there, or say it in several places"
    turns = _turns(before) if exchange.rewritten_as else []
    asked = exchange.question if turns else exchange.rewritten_as or exchange.question
    return {
        "id": _slug(exchange),
        "question": one_line(asked),
        **({"gold": judgement.groups[0]} if len(judgement.groups) == 1 else {}),
        **({"all": judgement.groups} if len(judgement.groups) > 1 else {}),
        "evidence": [{"document_id": id, "quote": quote} for id, quote in evidence],
        "history": turns,
        "tags": _tags(exchange, judgement, is_follow_up=bool(turns)),
        "answerable": bool(judgement.groups),
        "note": _note(exchange, pointing.count(None)),
    }


# --- what is right ---------------------------------------------------------------------------


def _judgement(exchange: Exchange) -> _Judgement | str:
    """What the thumb says is right, or why it says nothing that can be checked."""
    if exchange.thumb == "down":
        return _corrected(exchange)
    answer = exchange.answer
    if answer is None:
        return "its answer was never finished"
    if answer.status == "answered":
        return _liked(exchange.rewritten_as or exchange.question, answer)
    if exchange.document_ids:
        return "it was declined for some of the sources, and a case asks all of them"
    return _Judgement()


def _liked(question: str, answer: Answer) -> _Judgement | str:
    """The answer to a question is right: the facts in it, else its wording."""
    found = expected_facts.from_answer(question, answer)
    if found:
        groups, claim = found
        return _Judgement(groups, tuple((each.span, each.quote) for each in claim.citations))
    is_cited = any(claim.citations for claim in answer.claims)
    return "nothing in its answer can be looked for" if is_cited else "its answer cites nothing"


def _corrected(exchange: Exchange) -> _Judgement | str:
    """The note is right, where a sentence that was cited or shown states it."""
    note = one_line(exchange.note)
    if not note:
        return "a thumb down without a note does not say what is right"
    if expected_facts.is_complaint(note):
        return "its note says that the answer is wrong, but not what is right"
    asked = set(search_words(exchange.rewritten_as or exchange.question))
    found = [
        (groups, (span, quote))
        for span, quote in _sentences(exchange)
        if (groups := expected_facts.from_note(note, quote))
    ]
    if not found:
        return "no passage that it was answered from states its note"
    groups, quoted = max(found, key=lambda each: len(asked & set(search_words(each[1][1]))))
    return _Judgement(groups, (quoted,))


def _sentences(exchange: Exchange) -> Iterable[_Quoted]:
    """The cited sentences, then all of the passages."""
    citations: Iterable[Citation] = (c for claim in exchange.claims for c in claim.citations)
    yield from ((citation.span, citation.quote) for citation in citations)
    for passage in exchange.evidence:
        at, id = passage.span.start, passage.span.document_id
        for start, end in split_sentences(passage.text):
            yield Span(id, at + start, at + end), passage.text[start:end]


# --- the line --------------------------------------------------------------------------------


def _evidence(span: Span, quote: str, text_of: TextOf) -> tuple[str, str] | None:
    """The document of a quote and the words that point at it; none where no words do."""
    try:
        pointing = find_unique_quote(text_of(span.document_id), span, quote)
    except (FootnoteError, LookupError, OSError):
        return None
    return None if pointing is None else (span.document_id, pointing)


def _turns(before: Sequence[Exchange]) -> list[dict[str, str]]:
    """The turns before a follow-up, as far as they came to an end."""
    return [
        {"question": one_line(past.question), "answer": one_line(past.answer.text) or DECLINED}
        for past in before
        if past.answer and one_line(past.question)
    ]


def _tags(exchange: Exchange, judgement: _Judgement, *, is_follow_up: bool) -> list[Tag]:
    if not judgement.groups:
        found: list[Tag] = ["unanswerable"]
    else:
        found = expected_facts.tags(exchange.rewritten_as or exchange.question)
    return [*found, "follow-up"] if is_follow_up else found


def _note(exchange: Exchange, lost: int) -> str:
    """For who reviews the file."""
    parts = [f"From a thumb {exchange.thumb} of {one_line(exchange.asked_at) or 'an unknown day'}."]
    if exchange.note:
        parts.append(f"It said: {one_line(exchange.note)}")
    if exchange.document_ids:
        parts.append(f"It was asked of {count(len(exchange.document_ids), 'source')} only.")
    if lost > 0:
        parts.append(f"{count(lost, 'citation')} left out: nothing points at it alone.")
    return " ".join(parts)


def _slug(exchange: Exchange) -> str:
    """The same for the same exchange each time: the question's first words and the exchange."""
    spoken = [word for word in search_words(exchange.question) if re.fullmatch("[a-z0-9]+", word)]
    short = "-".join(spoken[:SLUG_WORDS])[:SLUG_CHARS].strip("-")
    id = "-".join(re.findall("[a-z0-9]+", exchange.id.lower()))
    return "-".join(part for part in (short, id) if part) or "case"
