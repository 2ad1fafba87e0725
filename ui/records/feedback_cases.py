"""Turns thumbs into a case file for the evals.

A thumb up says that an answer, or a decline, was right: it must stay so. A thumb down counts where
the better answer or the note with it is stated by the articles, or the right sentence was marked in
them. A reviewer may accept a case, edit it or drop it. What cannot be judged is left out, with the
reason.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from eval import expected_facts
from eval.cases import Tag
from rag import split_sentences
from rag.errors import FootnoteError
from rag.types import Answer, Citation, Claim, Span
from ui.questions.exchange import Exchange
from ui.records.feedback import NOTHING, Feedback, FeedbackStore
from ui.records.history import History
from ui.records.search_words import search_words
from ui.records.unique_quote import find_unique_quote
from ui.safe_text import count, one_line
from ui.translation import to_translate

if TYPE_CHECKING:
    from rag import Library

# Stands for a decline among the turns of a case.
DECLINED = "No passage of the articles was found that states it."
SLUG_WORDS = 7
SLUG_CHARS = 48

TextOf = Callable[[str], str]
_Quoted = tuple[Span, str]
_NO_FEEDBACK: Mapping[str, Feedback] = MappingProxyType({})


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


@dataclass(frozen=True, slots=True)
class ReviewedCase:
    """A thumb, what was said with it, and the case that it makes: a line of the file, or None and
    why there is none."""

    exchange: Exchange
    feedback: Feedback
    row: Mapping[str, Any] | None
    why_not: str = ""

    @property
    def expected(self) -> tuple[str, ...]:
        """The right answers that the case has; each of `all` by itself."""
        row = self.row or {}
        groups = [row["gold"]] if "gold" in row else row.get("all", [])
        return tuple(each for group in groups for each in group)


def cases_from_feedback(
    conversations: Iterable[Sequence[Exchange]],
    text_of: TextOf,
    given: Mapping[str, Feedback] = _NO_FEEDBACK,
    *,
    accepted_only: bool = False,
) -> CaseFile:
    """A case for each thumb that can be judged and was not dropped, in order; those that were
    accepted only, if so wanted. `conversations`, `text_of` and `given` as for `review_cases`.

    The file loads with `eval.cases.load` while the texts stay as they are.
    """
    rows: dict[str, Mapping[str, Any]] = {}
    left_out: list[str] = []
    for case in review_cases(conversations, text_of, given):
        decision = case.feedback.decision
        if decision == "dropped" or (accepted_only and decision != "accepted"):
            continue
        if case.row is None:
            question = one_line(case.exchange.question, 80)
            left_out.append(f"“{question}” was left out: {case.why_not}.")
        else:
            rows[case.row["id"]] = case.row
    written = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows.values()]
    return CaseFile("".join(written), len(written), tuple(left_out))


def lines_from_thumbs(data_dir: Path, library: Library) -> list[dict[str, Any]]:
    """The cases that the thumbs of everybody make in the history of `data_dir`, without those that
    were dropped, as lines of a file of cases. Raises `HistoryError`."""
    path = data_dir / "history.sqlite3"
    if not path.is_file():
        return []
    made = []
    with (
        History.open(path) as history,
        closing(FeedbackStore.open(data_dir / "feedback.sqlite3")) as store,
    ):
        for owner in history.owners_with_thumbs():
            made += cases_from_feedback(
                history.with_thumbs(owner),
                lambda id: library.document(id).text,
                store.of(owner),
            ).text.split("\n")
    return [json.loads(line) for line in made if line]


def review_cases(
    conversations: Iterable[Sequence[Exchange]],
    text_of: TextOf,
    given: Mapping[str, Feedback] = _NO_FEEDBACK,
) -> Iterator[ReviewedCase]:
    """Every thumb, in order; see `ui.records.history.History.with_thumbs`.

    Each conversation is whole and in order, for the turns before a follow-up. `text_of` gives the
    stored text of a document id, and raises a `FootnoteError` or `LookupError` where there is
    none. `given` is what was said besides, by the id of the exchange.
    """
    for conversation in conversations:
        for place, exchange in enumerate(conversation):
            if exchange.thumb:
                feedback = given.get(exchange.id, NOTHING)
                row = _row(exchange, feedback, conversation[:place], text_of)
                if isinstance(row, str):
                    yield ReviewedCase(exchange, feedback, None, row)
                else:
                    yield ReviewedCase(exchange, feedback, row)


def _row(
    exchange: Exchange, feedback: Feedback, before: Sequence[Exchange], text_of: TextOf
) -> dict[str, Any] | str:
    """One line of the file, or why there is none."""
    if not one_line(exchange.question):
        return to_translate("it has no question that can be shown")
    judgement = _judgement(exchange, feedback)
    if isinstance(judgement, str):
        return judgement
    pointing = [_evidence(span, quote, text_of) for span, quote in judgement.quoted]
    evidence = list(dict.fromkeys(each for each in pointing if each))
    if judgement.groups and not evidence:
        return to_translate("its sources are no longer there, or say it in several places")
    turns = _turns(before) if exchange.rewritten_as and not feedback.question else []
    stands_alone = exchange.rewritten_as or exchange.question
    asked = feedback.question or (exchange.question if turns else stands_alone)
    return {
        "id": _slug(exchange),
        "question": one_line(asked),
        **({"gold": judgement.groups[0]} if len(judgement.groups) == 1 else {}),
        **({"all": judgement.groups} if len(judgement.groups) > 1 else {}),
        "evidence": [{"document_id": id, "quote": quote} for id, quote in evidence],
        "history": turns,
        "tags": _tags(exchange, judgement, is_follow_up=bool(turns)),
        "answerable": bool(judgement.groups),
        "note": _note(exchange, feedback, pointing.count(None)),
    }


# --- what is right ---------------------------------------------------------------------------


def _judgement(exchange: Exchange, feedback: Feedback) -> _Judgement | str:
    """What the person says is right, or why they say nothing that can be checked. What a reviewer
    wrote comes before the sentence that was marked, that before a better answer or a note."""
    if feedback.expected:
        return _edited(exchange, feedback)
    if feedback.sentence:
        return _marked(exchange, feedback, *feedback.sentence)
    if exchange.thumb == "down":
        return _corrected(exchange, feedback.better)
    answer = exchange.answer
    if answer is None:
        return to_translate("its answer was never finished")
    if answer.status == "answered":
        return _liked(exchange.rewritten_as or exchange.question, answer)
    if exchange.document_ids:
        return to_translate("it was declined for some of the sources, and a case asks all of them")
    return _Judgement()


def _liked(question: str, answer: Answer) -> _Judgement | str:
    """The answer to a question is right: the facts in it, else its wording."""
    found = expected_facts.from_answer(question, answer)
    if found:
        groups, claim = found
        return _Judgement(groups, tuple((each.span, each.quote) for each in claim.citations))
    is_cited = any(claim.citations for claim in answer.claims)
    if is_cited:
        return to_translate("nothing in its answer can be looked for")
    return to_translate("its answer cites nothing")


def _edited(exchange: Exchange, feedback: Feedback) -> _Judgement | str:
    """One of the reviewer's answers is right, as the marked sentence says, else the cited ones."""
    cited = [(each.span, each.quote) for claim in exchange.claims for each in claim.citations]
    quoted = [feedback.sentence] if feedback.sentence else cited
    if not quoted:
        return to_translate("no sentence that says it was marked in a source")
    return _Judgement((feedback.expected,), tuple(quoted))


def _marked(exchange: Exchange, feedback: Feedback, span: Span, quote: str) -> _Judgement | str:
    """The better answer or the note where the marked sentence states it, else what the sentence
    itself says to the question."""
    for words in filter(None, map(one_line, (feedback.better, exchange.note))):
        if groups := expected_facts.from_note(words, quote):
            return _Judgement(groups, ((span, quote),))
    if feedback.better:
        return to_translate("the marked sentence does not state the better answer")
    question = exchange.rewritten_as or exchange.question
    claim = Claim(quote, (Citation(1, span, quote),), "supported")
    answer = Answer(question, quote, (claim,), (), "answered", None, "")
    return _liked(question, answer)


def _corrected(exchange: Exchange, better: str) -> _Judgement | str:
    """The better answer, else the note, is right, where a sentence that was cited or shown states
    it."""
    note = one_line(better) or one_line(exchange.note)
    if not note:
        return to_translate("a thumb down without a note does not say what is right")
    if expected_facts.is_complaint(note):
        return to_translate("its note says that the answer is wrong, but not what is right")
    asked = set(search_words(exchange.rewritten_as or exchange.question))
    found = [
        (groups, (span, quote))
        for span, quote in _sentences(exchange)
        if (groups := expected_facts.from_note(note, quote))
    ]
    if not found:
        return to_translate("no passage that it was answered from states its note")
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


def _note(exchange: Exchange, feedback: Feedback, lost: int) -> str:
    """For who reads the file."""
    parts = [f"From a thumb {exchange.thumb} of {one_line(exchange.asked_at) or 'an unknown day'}."]
    if exchange.note:
        parts.append(f"It said: {one_line(exchange.note)}")
    if feedback.expected or feedback.question:
        parts.append("A reviewer edited it.")
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
