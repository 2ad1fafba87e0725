"""HTML of a question with its answer.

The parts of an exchange stand in the same order in every state, so that a page that patches its
nodes one by one keeps them: the question, one line on the progress, the answer, the evidence, the
actions. Sentences and their footnotes are in `ui.views.citation_marks`, what stands below an answer
in `ui.views.answer_actions`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import groupby
from types import MappingProxyType
from urllib.parse import quote as urlquote

from rag.types import Answer, Claim, Passage
from ui.labels import (
    CLOSEST,
    NEAREST_SHOWN,
    SUGGESTED,
    SUPPORTED,
    WORST_FIRST,
    answers_label,
    is_reply,
    mark_of,
    why_declined,
)
from ui.page_settings import current_settings
from ui.questions.exchange import Exchange
from ui.translation import to_translate, translate, translate_count
from ui.views.answer_actions import button, render_footer
from ui.views.citation_marks import (
    CitationLinks,
    escape_line,
    render_footnotes,
    render_sentence,
    short_source,
)
from ui.views.source_rail import render_questions

_SAME: Mapping[str, str] = MappingProxyType({})
_NONE: Mapping[str, Mapping[str, str]] = MappingProxyType({})
_SHOWN = 240  # characters of a passage


def render_thread(
    exchanges: Sequence[Exchange],
    *,
    states: Mapping[str, Mapping[str, str]] = _NONE,
    privacy: str = "",
) -> str:
    """Exchanges in order; `states` by the id of the exchange, as for `render_exchange`."""
    return "".join(
        render_exchange(each, states=states.get(each.id, _SAME), privacy=privacy)
        for each in exchanges
    )


def render_exchange(
    exchange: Exchange, *, states: Mapping[str, str] = _SAME, privacy: str = ""
) -> str:
    """One question and its answer so far, as an article whose heading is an `h3`.

    `states` gives for "CLAIM.CITATION" (both from 0) its state since the answer: same, moved,
    changed or gone. `privacy` is one sentence.
    """
    passages = {passage.number: passage for passage in exchange.evidence}
    links = CitationLinks(exchange.id, passages, states)
    busy = "" if exchange.is_over else ' aria-busy="true"'
    return (
        f'<article class="fn-exchange" id="fn-exchange-{escape(exchange.id)}"'
        f' data-exchange-id="{escape(exchange.id)}"'
        f' aria-label="{escape_line(exchange.question)}"{busy}>'
        f"{_question(exchange)}{_stage(exchange, states)}{_answer(exchange, links)}"
        f"{_evidence(exchange)}{render_footer(exchange, privacy)}</article>"
    )


# --- the question, and its progress --------------------------------------------------------------


def _question(exchange: Exchange) -> str:
    notes = []
    if exchange.rewritten_as:
        notes.append(translate("Asked as: {question}", question=escape_line(exchange.rewritten_as)))
    if sources := len(exchange.document_ids):
        notes.append(
            translate_count(sources, "Asked of {n} source only", "Asked of {n} sources only")
        )
    asides = "".join(f'<p class="fn-aside">{note}</p>' for note in notes)
    return f'<header><h3 class="fn-question">{escape_line(exchange.question)}</h3>{asides}</header>'


def _stage(exchange: Exchange, states: Mapping[str, str]) -> str:
    """One line that is always there: the progress, and at last whether the answer answers and how
    well it is supported."""
    if not exchange.is_over:
        return (
            '<p class="fn-stage fn-busy" role="status">'
            f'<span class="fn-pulse" aria-hidden="true"></span>{_progress(exchange)}</p>'
        )
    grade, verdict = _verdict(exchange)
    lost = sum(state in ("changed", "gone") for state in states.values())
    if lost:
        grade = "fair" if grade == "good" else grade
        since = translate_count(
            lost,
            "Since then, {n} citation lost the source as it was.",
            "Since then, {n} citations lost the source as it was.",
        )
        verdict += f" {since}"
    return f'<p class="fn-stage">{_answers(exchange.answer)}' + (
        f'<span class="fn-{grade}">{verdict}</span></p>' if verdict else "</p>"
    )


def _answers(answer: Answer | None) -> str:
    """Whether the answer answers its question, where that is not plain."""
    if answer is None or answer.status == "declined" or is_reply(answer):
        return ""
    sign, words = answers_label(answer)
    if not words:
        return ""
    return f'<span class="fn-answers"><span aria-hidden="true">{sign}</span> {escape(words)}</span>'


def _progress(exchange: Exchange) -> str:
    match exchange.state:
        case "waiting" if exchange.ahead:
            return translate_count(
                exchange.ahead, "{n} question ahead of yours", "{n} questions ahead of yours"
            )
        case "waiting":
            return translate("Yours is next")
        case "searching":
            return translate("Searching the articles")
        case "reading":
            passages = len(exchange.evidence)
            return translate_count(passages, "Reading {n} passage", "Reading {n} passages")
    return translate("Writing, and checking each sentence")


def _verdict(exchange: Exchange) -> tuple[str, str]:
    """The colour and the words for how an exchange ended."""
    if exchange.state == "failed":
        broke_off, failed = translate("The answer broke off."), translate("Something went wrong.")
        return "bad", f"✗ {broke_off if exchange.claims else failed}"
    if exchange.state == "stopped":
        rest = "" if exchange.claims else f" {translate('Nothing had been checked yet.')}"
        return "soft", f"■ {translate('Stopped.')}{rest}"
    if exchange.answer and exchange.answer.status == "declined":
        return "soft", f"○ {translate('Not answered.')}"
    if not exchange.claims:  # a reply to a message that asks nothing of the documents
        return "soft", ""
    return _support(exchange.claims)


def _support(claims: Sequence[Claim]) -> tuple[str, str]:
    """The colour and the words for how well all the claims are supported."""
    own = [claim for claim in claims if claim.origin != "compared"]
    tally = Counter(map(mark_of, own))
    if not tally:
        return "fair", f"≠ {translate('Sources differ.')}"
    differ = f" {translate('But sources differ.')}" if len(own) < len(claims) else ""
    worst = next(mark for mark in WORST_FIRST if tally[mark])
    grade = "fair" if differ and worst == SUPPORTED else worst.grade
    if len(tally) == 1 and worst in _ALL_ALIKE:
        one, several = map(translate, _ALL_ALIKE[worst])
        return grade, f"{worst.sign} {one if len(own) == 1 else several}{differ}"
    sentences = translate_count(len(own), "{n} sentence", "{n} sentences")
    parts = [f"{tally[each]} {each.words}" for each in reversed(WORST_FIRST) if tally[each]]
    return grade, f"{worst.sign} {sentences}: {', '.join(parts)}.{differ}"


_ALL_ALIKE = {  # what is said of one sentence, and of several, that all have the same mark
    CLOSEST: (
        to_translate("The closest passage is quoted."),
        to_translate("The closest passages are quoted."),
    ),
    SUPPORTED: (
        to_translate("The answer is supported by its source."),
        to_translate("Every sentence is supported by its source."),
    ),
}


# --- the answer ------------------------------------------------------------------------------


def _answer(exchange: Exchange, links: CitationLinks) -> str:
    """The sentences and points so far; text is only added at the end."""
    text = "".join(_blocks(exchange, links))
    notes = render_footnotes(links, exchange.claims)
    ends = (_reply(exchange), _declined(exchange), _failed(exchange), _removed(exchange))
    end = "".join((*ends, _suggestions(exchange)))
    return f'<div class="fn-answer">{text}{end}{notes}</div>'


def _blocks(exchange: Exchange, links: CitationLinks) -> Iterator[str]:
    """Running text as paragraphs, points as lists below their headings, and what is being
    written."""
    blocks = groupby(enumerate(exchange.claims), key=lambda pair: pair[1].group)
    running = ""
    for group, numbered in blocks:
        sentences = [render_sentence(links, number, claim) for number, claim in numbered]
        if group is None:
            running += "".join(sentences)
            continue
        if running:
            yield f'<p class="fn-prose">{running}</p>'
            running = ""
        heading = f'<h4 class="fn-points-heading">{escape_line(group)}</h4>' if group else ""
        points = "".join(f"<li>{sentence}</li>" for sentence in sentences)
        yield f'{heading}<ul class="fn-prose fn-points">{points}</ul>'
    if running or exchange.draft:
        yield f'<p class="fn-prose">{running}{_draft(exchange.draft)}</p>'


def _draft(draft: str) -> str:
    text, checking = escape_line(draft), translate("being checked")
    if not text:
        return ""
    return f'<span class="fn-draft">{text}</span> <span class="fn-checking">{checking}</span>'


def _reply(exchange: Exchange) -> str:
    """What is said to a message that asks nothing of the documents."""
    if exchange.answer is None or not is_reply(exchange.answer):
        return ""
    lines = filter(str.strip, exchange.answer.text.splitlines())
    return "".join(f'<p class="fn-prose fn-reply">{escape_line(line)}</p>' for line in lines)


def _suggestions(exchange: Exchange) -> str:
    if exchange.answer is None or not exchange.answer.suggestions:
        return ""
    questions = render_questions(exchange.answer.suggestions)
    return f'<div class="fn-suggestions"><p class="fn-label">{SUGGESTED}</p>{questions}</div>'


def _declined(exchange: Exchange) -> str:
    answer = exchange.answer
    if answer is None or answer.status != "declined":
        return ""
    why = why_declined(answer)
    question = exchange.rewritten_as or exchange.question
    where = translate("Searched all sources for “{question}”.", question=escape_line(question))
    if sources := len(exchange.document_ids):
        where = translate_count(
            sources,
            "Searched the {n} source that you chose for “{question}”.",
            "Searched the {n} sources that you chose for “{question}”.",
            question=escape_line(question),
        )
    near = f" {translate('What comes nearest is below.')}" if exchange.evidence else ""
    return (
        f'<div class="fn-declined"><p class="fn-prose">{why[:1].upper()}{why[1:]}</p>'
        f"<p>{where}{near}</p></div>"
    )


def _failed(exchange: Exchange) -> str:
    if exchange.state != "failed":
        return ""
    retry = button("retry", exchange.id, translate("Retry"), "fn-main")
    return f'<div class="fn-error"><p>{escape_line(exchange.error)}</p>{retry}</div>'


def _removed(exchange: Exchange) -> str:
    is_declined = exchange.answer is not None and exchange.answer.status == "declined"
    if not exchange.removed or is_declined:
        return ""
    says = translate_count(
        exchange.removed,
        "Left out: {n} sentence that the articles do not support.",
        "Left out: {n} sentences that the articles do not support.",
    )
    return f'<p class="fn-removed">{says}</p>'


# --- the evidence ----------------------------------------------------------------------------


def _evidence(exchange: Exchange) -> str:
    """The passages: open until an answer stands, then folded below it."""
    if not exchange.evidence:
        return '<div class="fn-evidence"></div>'
    answer = exchange.answer
    declined = answer is not None and answer.status == "declined"
    stands = exchange.is_over and bool(exchange.claims)
    if declined:
        title = translate("Nearest passages")
    elif stands:
        title = translate_count(len(exchange.evidence), "{n} passage read", "{n} passages read")
    else:
        title = translate("What the articles say")
    cited = {each.number for claim in exchange.claims for each in claim.citations}
    shown = exchange.evidence[:NEAREST_SHOWN] if declined else exchange.evidence
    cards = "".join(_passage(exchange.id, each, each.number in cited) for each in shown)
    fold = "" if stands and current_settings().evidence != "open" else " open"
    return (
        f'<details class="fn-evidence"{fold}><summary>{title}</summary>'
        f'<ol class="fn-passages">{cards}</ol></details>'
    )


def _passage(exchange_id: str, passage: Passage, is_cited: bool) -> str:
    href = f"source?exchange={urlquote(exchange_id, safe='')}&passage={passage.number}#fn-current"
    cited = f' <span class="fn-tag">{translate("cited")}</span>' if is_cited else ""
    return (
        f'<li class="fn-passage"><span class="fn-number">{passage.number}</span>'
        f'<a class="fn-title" data-act="passage" data-exchange="{escape(exchange_id)}" '
        f'data-passage="{passage.number}" href="{escape(href)}">'
        f"{escape_line(passage.title, 120)}</a>"
        f'<p class="fn-origin">{escape_line(short_source(passage.source), 60)}{cited}</p>'
        f'<p class="fn-extract">{escape_line(passage.text, _SHOWN)}</p></li>'
    )
