"""HTML of the review of drafted cases: a case with its key points lit in their source, and the list
of all cases. Forms only; the script adds keys and marking with the mouse.

All text is escaped. What a person marks is sent as the characters between two offsets of the text
that `SourceText` shows character for character.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from html import escape
from typing import Literal
from urllib.parse import urlencode

from eval.drafting.draft import Kind
from eval.reviewing.agreement import ReviewerAgreement
from eval.reviewing.marking import quotes_of
from eval.reviewing.review_file import ReviewedCase, kinds_for
from rag.types import Document, Span
from ui.page_settings import current_settings
from ui.stylesheets import ASSETS, standalone_css
from ui.translation import (
    format_day,
    format_list,
    format_number,
    to_translate,
    translate,
    translate_count,
)
from ui.views.citation_marks import escape_line, shown_title
from ui.views.source_text import SourceText

MAX_SHOWN_CHARS = 60_000  # of a source, around what is lit
MAX_DIFFERING = 50  # cases named on which two reviewers differ
SCRIPT = "review.js"

Done = Literal["accepted", "edited", "dropped", "undone", "marked", "removed", "added"]
State = Literal["open", "accepted", "edited", "dropped", "changed"]
DONE: dict[Done, str] = {
    "accepted": to_translate("Accepted."),
    "edited": to_translate("Edited."),
    "dropped": to_translate("Dropped."),
    "undone": to_translate("Taken back."),
    "marked": to_translate("The marked words are a key point now."),
    "removed": to_translate("The key point is removed."),
    "added": to_translate("The cases from thumbs are at the end of the list."),
}
_STATES: dict[State, str] = {
    "open": to_translate("Not reviewed"),
    "accepted": to_translate("Accepted"),
    "edited": to_translate("Edited"),
    "dropped": to_translate("Dropped"),
    "changed": to_translate("Source changed"),
}
_KINDS: dict[Kind, str] = {
    "fact": to_translate("Fact"),
    "yes_no": to_translate("Yes or no"),
    "explanation": to_translate("Explanation"),
    "list": to_translate("List"),
    "statement": to_translate("Statement"),
    "comparison": to_translate("Comparison"),
    "summary": to_translate("Summary"),
    "keyword": to_translate("Keyword"),
    "unanswerable": to_translate("Not answered"),
}
_SHORTCUTS: tuple[tuple[str, str], ...] = (
    ("A", to_translate("accept, and go on")),
    ("D", to_translate("drop, and go on")),
    ("E", to_translate("edit the question; Ctrl+Enter saves, Esc leaves the field")),
    ("U", to_translate("take back the last decision")),
    ("N", to_translate("go on without a decision")),
    ("B", to_translate("case before")),
    ("J", to_translate("mark the next sentence of the source; with Shift also the next")),
    ("K", to_translate("mark the sentence before")),
    ("R", to_translate("put the marked words in place of the lit key point")),
    ("M", to_translate("add the marked words as a key point")),
    ("1 – 9", to_translate("show this key point")),
    ("L", to_translate("all cases")),
)


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What stands above each page of a review."""

    name: str
    reviewer: str
    total: int
    counts: Counter[str]


@dataclass(frozen=True, slots=True)
class LitSource:
    """A source with `marks` in it; `current` is the strong one. `lit` says where in it to begin."""

    document: Document
    marks: tuple[Span, ...] = ()
    current: Span | None = None
    units: Sequence[tuple[int, int]] = ()  # that keys go through


@dataclass(frozen=True, slots=True)
class OtherSource:
    """A source that can be shown in place of the one that is."""

    id: str
    title: str
    is_shown: bool


@dataclass(frozen=True, slots=True)
class ShownCase:
    """A case as it is shown. `point` is the place of the lit key point; `lost` are the quotes that
    their source no longer holds; `typed` what a person wrote and could not be kept."""

    facts: FileFacts
    place: int
    reviewed: ReviewedCase
    source: LitSource | None
    sources: tuple[OtherSource, ...] = ()
    point: int = 0
    lost: frozenset[str] = frozenset()
    done: Done | None = None
    problem: str = ""
    typed: dict[str, str] = field(default_factory=dict)


# --- a case -----------------------------------------------------------------------------------


def render_case(shown: ShownCase) -> str:
    """The page of a case."""
    title = translate(
        "Case {at} of {n}",
        at=format_number(shown.place + 1),
        n=format_number(shown.facts.total),
    )
    row = shown.reviewed.row
    inner = (
        f'<main class="fn-review-main"><section class="fn-review-case" aria-labelledby="fn-at">'
        f'<form id="fn-review" method="post" action="decide">{_hidden(shown)}'
        f'<div class="fn-review-top"><h1 id="fn-at">{title}</h1>{_state(shown.reviewed)}</div>'
        f"{_message(shown.done, shown.problem)}{_changed(shown.reviewed)}"
        f"{_question(shown)}{_kind(shown)}{_points(shown)}{_gold(shown)}"
        f"{_note(row.note)}{_buttons(shown)}</form>{_shortcuts()}</section>"
        f"{_source(shown)}</main>"
    )
    return _page(f"{title}: {row.question}", shown.facts, inner)


def _hidden(shown: ShownCase) -> str:
    source = shown.source.document.id if shown.source else ""
    values = {
        "id": shown.reviewed.row.id,
        "version": shown.reviewed.version,
        "source": source,
        "point": str(shown.point),
        "start": "",
        "end": "",
        "words": "",
    }
    return "".join(
        f'<input type="hidden" name="{name}" value="{escape(value)}">'
        for name, value in values.items()
    )


def _state(reviewed: ReviewedCase) -> str:
    state: State = reviewed.decision or "open"
    who = ""
    if reviewed.row.review:
        who = f' <span class="fn-review-who">{_who(reviewed)}</span>'
    return f'<p class="fn-review-state">{_tag(state)}{who}</p>'


def _tag(state: State) -> str:
    return f'<span class="fn-state fn-state-{state}">{translate(_STATES[state])}</span>'


def _who(reviewed: ReviewedCase) -> str:
    review = reviewed.row.review
    if review is None:
        return ""
    day = format_day(review.at.date(), "d MMM y")
    return translate("{name}, {day}", name=escape_line(review.reviewer, 60), day=day)


def _message(done: Done | None, problem: str) -> str:
    if problem:
        return f'<p class="fn-review-problem" role="alert">{escape_line(problem)}</p>'
    words = translate(DONE[done]) if done else ""
    return f'<p class="fn-review-done" role="status">{words}</p>'


def _changed(reviewed: ReviewedCase) -> str:
    if not reviewed.changed:
        return ""
    words = translate("The source changed: {how}.", how=escape_line(reviewed.changed, 300))
    todo = translate("Mark what it says now, or drop the case.")
    return f'<p class="fn-review-changed" role="note"><b>{words}</b> {todo}</p>'


def _question(shown: ShownCase) -> str:
    row = shown.reviewed.row
    was = row.review.was if row.review and row.review.was else ""
    words = translate("It was: {question}", question=escape_line(was))
    before = f'<p class="fn-review-was">{words}</p>' if was else ""
    text = escape(shown.typed.get("question", row.question))
    return (
        f'<label for="fn-question">{translate("Question")}</label>'
        f'<textarea id="fn-question" name="question" rows="2" maxlength="2000" required'
        f' data-key="e" aria-keyshortcuts="E">{text}</textarea>{before}'
    )


def _kind(shown: ShownCase) -> str:
    chosen = shown.typed.get("kind", shown.reviewed.kind or "")
    kinds = kinds_for(shown.reviewed)
    options = [] if chosen in kinds else ["<option selected></option>"]
    options += [
        f'<option value="{kind}"{" selected" if kind == chosen else ""}>'
        f"{translate(_KINDS[kind])}</option>"
        for kind in kinds
    ]
    return (
        f'<label for="fn-kind">{translate("Kind")}</label>'
        f'<select id="fn-kind" name="kind">{"".join(options)}</select>'
    )


def _points(shown: ShownCase) -> str:
    row, points = shown.reviewed.row, quotes_of(shown.reviewed.line)
    if not row.answerable:
        words = translate("The articles should not answer it. If one does, drop the case.")
        return f'<p class="fn-review-none">{words}</p>'
    items = "".join(_point(shown, place, quotes) for place, quotes in enumerate(points))
    return (
        f'<h2 id="fn-points">{translate("Key points")}</h2>'
        f'<ol class="fn-points" aria-labelledby="fn-points">{items}</ol>'
    )


def _point(shown: ShownCase, place: int, quotes: Sequence[dict[str, str]]) -> str:
    is_lit = place == shown.point
    row, number = shown.reviewed.row, format_number(place + 1)
    is_optional = bool(row.points) and row.points[place].optional
    more = f' <span class="fn-tag">{translate("optional")}</span>' if is_optional else ""
    lost = any(each["quote"] in shown.lost for each in quotes)
    more += f" {_tag('changed')}" if lost else ""
    first = quotes[0]
    also = len(quotes) - 1
    if also:
        words = translate_count(also, "and {n} other place", "and {n} other places")
        more += f' <span class="fn-review-also">{words}</span>'
    address = f"case?{urlencode({'id': row.id, 'point': place})}"
    key = f' data-key="{place + 1}" aria-keyshortcuts="{place + 1}"' if place < 9 else ""
    current = ' aria-current="true"' if is_lit else ""
    remove = translate("Remove key point {n}", n=number)
    button = (
        f'<button class="fn-quiet" formaction="remove" name="remove" value="{place}"'
        f' aria-label="{remove}"><span aria-hidden="true">✕</span></button>'
    )
    return (
        f'<li class="{"fn-lit" if is_lit else ""}"><a href="{escape(address)}"{key}{current}>'
        f"{escape_line(first['quote'], 400)}</a>{more}{button}</li>"
    )


def _gold(shown: ShownCase) -> str:
    row = shown.reviewed.row
    if row.all:
        groups = format_list(
            [f" {translate('or')} ".join(escape_line(each) for each in group) for group in row.all]
        )
        return f'<p class="fn-review-gold">{translate("Right answer")}: {groups}</p>'
    if not row.gold and "gold" not in shown.typed:
        return ""
    text = escape(shown.typed.get("gold", "\n".join(row.gold)))
    return (
        f'<label for="fn-gold">{translate("Right answers, one a line")}</label>'
        f'<textarea id="fn-gold" name="gold" rows="{min(4, len(row.gold) + 1)}">{text}</textarea>'
    )


def _note(note: str | None) -> str:
    return f'<p class="fn-review-note">{escape_line(note, 400)}</p>' if note else ""


def _buttons(shown: ShownCase) -> str:
    at, total = shown.place, shown.facts.total
    return (
        '<div class="fn-review-buttons">'
        f"{_button('A', translate('Accept'), 'decision', 'accepted', 'fn-good')}"
        f"{_button('D', translate('Drop'), 'decision', 'dropped', 'fn-bad')}"
        f"{_button('U', translate('Undo'), 'undo', '1', '', 'undo')}"
        f"{_link('B', translate('Back'), f'case?at={max(0, at - 1)}')}"
        f"{_link('N', translate('Skip'), f'case?at={(at + 1) % total}')}</div>"
    )


def _button(key: str, words: str, name: str, value: str, look: str = "", action: str = "") -> str:
    where = f' formaction="{action}" formnovalidate' if action else ""
    where = " formnovalidate" if value == "dropped" else where
    return (
        f'<button class="fn-decide {look}" name="{name}" value="{value}"{where}'
        f' data-key="{key.lower()}" aria-keyshortcuts="{key}">{words} {_kbd(key)}</button>'
    )


def _link(key: str, words: str, address: str) -> str:
    return (
        f'<a class="fn-decide" href="{address}" data-key="{key.lower()}"'
        f' aria-keyshortcuts="{key}">{words} {_kbd(key)}</a>'
    )


def _kbd(key: str) -> str:
    return f'<kbd aria-hidden="true">{key}</kbd>'


def _shortcuts() -> str:
    rows = "".join(
        f"<div><dt><kbd>{key}</kbd></dt><dd>{translate(words)}</dd></div>"
        for key, words in _SHORTCUTS
    )
    checked = "" if current_settings().shortcuts == "off" else " checked"
    return (
        f'<details class="fn-review-keys" open><summary>{translate("Keys")}</summary>'
        f"<dl>{rows}</dl><p><label><input type=checkbox data-shortcuts{checked}>"
        f" {translate('Keys are on')}</label></p></details>"
    )


# --- its source -------------------------------------------------------------------------------


def _source(shown: ShownCase) -> str:
    label = translate("Source")
    if shown.source is None:
        words = translate("Its source is gone.")
        if not shown.reviewed.row.answerable:
            words = translate("Nothing in the articles is near to it.")
        return (
            f'<section class="fn-reader fn-review-source" aria-label="{label}">'
            f'<p class="fn-hint">{words}</p></section>'
        )
    document, others = shown.source.document, _others(shown)
    text = escape_line(shown_title(document.title, document.source))
    return (
        f'<section class="fn-reader fn-review-source" aria-labelledby="fn-source-title">'
        f'<header class="fn-reader-head"><h2 class="fn-reader-title" id="fn-source-title">{text}'
        f"</h2>{others}</header>{_text(shown.source)}"
        f"{_mark_bar(shown) if shown.reviewed.row.answerable else ''}</section>"
    )


def _others(shown: ShownCase) -> str:
    """Ways to the other sources of the case, and to a search for more of them."""
    id = shown.reviewed.row.id
    listed = shown.sources if len(shown.sources) > 1 else ()
    links = "".join(
        f'<li><a href="{escape("case?" + urlencode({"id": id, "source": each.id}))}"'
        f"{_current(each.is_shown)}>{escape_line(each.title, 80)}</a></li>"
        for each in listed
    )
    more = ""
    if shown.reviewed.row.answerable:
        address = escape("case?" + urlencode({"id": id, "near": 1}))
        more = f'<li><a href="{address}">{translate("Look in other sources")}</a></li>'
    if not links and not more:
        return ""
    label = translate("Sources of the case")
    return f'<nav class="fn-review-sources" aria-label="{label}"><ul>{links}{more}</ul></nav>'


def _current(is_current: bool) -> str:
    return ' aria-current="true"' if is_current else ""


def _text(source: LitSource) -> str:
    """The text, or the part around what is lit. `data-from` is where it begins, in characters;
    `data-units` has the sentences in it, in the code units that browsers count."""
    document = source.document
    start, end = _window(source)
    inside = [each for each in source.marks if start <= each.start and each.end <= end]
    current = source.current if source.current in inside else None
    text = SourceText(document, start, end, sorted(inside), current)
    places = _CodeUnits(document.text, start, end)
    units = " ".join(
        f"{places(first)}-{places(last)}"
        for first, last in source.units
        if start <= first and last <= end
    )
    part = ""
    if end - start < len(document.text):
        words = translate(
            "This is a long text: characters {start} to {end} of {length} are shown.",
            start=format_number(start + 1),
            end=format_number(end),
            length=format_number(len(document.text)),
        )
        part = f'<p class="fn-part">{words}</p>'
    return (
        f'{part}<div class="{text.classes}" id="fn-source-text" role="group" tabindex="0"'
        f' aria-label="{translate("Text of the source")}" data-from="{start}"'
        f' data-units="{units}">{text.html()}</div>'
    )


def _window(source: LitSource) -> tuple[int, int]:
    length = len(source.document.text)
    lit = source.current or (source.marks[0] if source.marks else None)
    middle = (lit.start + lit.end) // 2 if lit else 0
    start = max(0, min(middle - MAX_SHOWN_CHARS // 2, length - MAX_SHOWN_CHARS))
    return start, min(length, start + MAX_SHOWN_CHARS)


class _CodeUnits:
    """Offsets of `text` from `start` on, in UTF-16 code units; asked for in any order."""

    def __init__(self, text: str, start: int, end: int) -> None:
        self._wide = [at for at in range(start, end) if ord(text[at]) > 0xFFFF]
        self._start = start

    def __call__(self, at: int) -> int:
        return at - self._start + bisect_left(self._wide, at)


def _mark_bar(shown: ShownCase) -> str:
    points = quotes_of(shown.reviewed.line)
    replace = ""
    if shown.point < len(points):
        words = translate("In place of key point {n}", n=format_number(shown.point + 1))
        replace = (
            '<button form="fn-review" formaction="mark" formnovalidate name="as" value="replace"'
            f' class="fn-decide" data-key="r" aria-keyshortcuts="R">{words} {_kbd("R")}</button>'
        )
    add = translate("Add as a key point")
    return (
        '<div class="fn-mark-bar" id="fn-mark-bar" role="region"'
        f' aria-label="{translate("Marked words")}" hidden>'
        '<p class="fn-marked" id="fn-marked" role="status"></p>'
        '<div class="fn-review-buttons">'
        f"{replace}"
        '<button form="fn-review" formaction="mark" formnovalidate name="as" value="add"'
        f' class="fn-decide" data-key="m" aria-keyshortcuts="M">{add} {_kbd("M")}</button>'
        '<label class="fn-whole"><input form="fn-review" type="checkbox" name="sentences" value="1"'
        f" checked> {translate('Whole sentences')}</label></div></div>"
    )


# --- all cases --------------------------------------------------------------------------------


def render_list(
    facts: FileFacts,
    cases: Sequence[ReviewedCase],
    *,
    command: str = "",
    agreement: ReviewerAgreement | str | None = None,
    from_thumbs: int = 0,
    done: Done | None = None,
    problem: str = "",
) -> str:
    """The page of all cases. `agreement` is that with another review, or why there is none;
    `from_thumbs` how many cases from thumbs are not in the list; `command` runs the cases."""
    title = translate("All cases")
    changed = sum(bool(each.changed) for each in cases)
    warns = ""
    if changed:
        words = translate_count(
            changed,
            "The source of {n} case changed: mark what it says now, or drop it.",
            "The sources of {n} cases changed: mark what they say now, or drop them.",
        )
        warns = f'<p class="fn-review-changed" role="note">{words}</p>'
    heads = "".join(
        f'<th scope="col">{words}</th>'
        for words in (
            translate("Question"),
            translate("Kind"),
            translate("State"),
            translate("Reviewer"),
        )
    )
    rows = "".join(_row(place, each) for place, each in enumerate(cases))
    inner = (
        f'<main class="fn-review-list-page"><h1>{title}</h1>{_message(done, problem)}'
        f"{_finished(facts, command)}{warns}{_thumbs(from_thumbs)}{_agreement(agreement)}"
        f'<div class="fn-table" role="group" aria-label="{title}" tabindex="0">'
        f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div></main>"
    )
    return _page(title, facts, inner)


def _row(place: int, each: ReviewedCase) -> str:
    kind = translate(_KINDS[each.kind]) if each.kind else ""
    tags = _tag(each.decision or "open") + (f" {_tag('changed')}" if each.changed else "")
    look = ' class="fn-row-changed"' if each.changed else ""
    return (
        f'<tr{look}><td><a href="case?at={place}">{escape_line(each.row.question, 200)}</a></td>'
        f"<td>{kind}</td><td>{tags}</td><td>{_who(each)}</td></tr>"
    )


def _finished(facts: FileFacts, command: str) -> str:
    if facts.counts["open"] or not command:
        return ""
    words = translate("Every case is decided. To ask the cases:")
    return f'<p class="fn-review-finished">{words} <code>{escape_line(command)}</code></p>'


def _thumbs(number: int) -> str:
    if not number:
        return ""
    words = translate_count(number, "Add {n} case from thumbs", "Add {n} cases from thumbs")
    return f'<form method="post" action="thumbs"><button class="fn-decide">{words}</button></form>'


def _agreement(found: ReviewerAgreement | str | None) -> str:
    if found is None:
        return ""
    title = f"<h2>{translate('Agreement')}</h2>"
    if isinstance(found, str):
        return f'<section class="fn-agreement">{title}<p>{escape_line(found)}</p></section>'
    lines = "".join(f"<p>{line}</p>" for line in _agreement_lines(found) if line)
    return f'<section class="fn-agreement">{title}{lines}</section>'


def _agreement_lines(found: ReviewerAgreement) -> Iterator[str]:
    names = format_list([f"<b>{escape_line(each, 60)}</b>" for each in found.reviewers])
    both = translate_count(found.agreement.n, "{n} case", "{n} cases")
    yield translate("{names} both decided {cases}.", names=names, cases=both)
    kappa, ends = found.agreement.kappa, found.agreement.interval
    if found.agreement.share:
        yield translate(
            "The same decision: {share} %.", share=f"{found.agreement.share.mean:.0%}"[:-1]
        )
    if kappa is None:
        yield translate("Cohen’s kappa: none, because by chance alone they would always agree.")
    else:
        interval = f" [{ends.low:.2f}, {ends.high:.2f}]" if ends else ""
        yield translate("Cohen’s kappa: {value}.", value=f"{kappa:.2f}{interval}")
    links = format_list(
        [
            f'<a href="{escape("case?" + urlencode({"id": id}))}">{escape_line(id)}</a>'
            for id in found.differing[:MAX_DIFFERING]
        ]
    )
    yield translate("They differ on: {cases}.", cases=links) if links else ""
    only = len(found.only_one)
    yield (
        translate_count(
            only,
            "{n} case was decided by one of them only.",
            "{n} cases were decided by one of them only.",
        )
        if only
        else ""
    )


# --- around -----------------------------------------------------------------------------------


def _page(title: str, facts: FileFacts, inner: str) -> str:
    settings = current_settings()
    decided = facts.total - facts.counts["open"]
    progress = translate(
        "{done} of {n} decided", done=format_number(decided), n=format_number(facts.total)
    )
    reviewer = translate("Reviewer: {name}", name=escape_line(facts.reviewer, 60))
    states = (
        translate_count(facts.counts["accepted"], "{n} accepted", "{n} accepted"),
        translate_count(facts.counts["edited"], "{n} edited", "{n} edited"),
        translate_count(facts.counts["dropped"], "{n} dropped", "{n} dropped"),
    )
    return (
        f'<!doctype html>\n<html lang="{settings.language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape_line(title, 200)} · Footnote</title>"
        f"<style>{standalone_css('source', 'source_text', 'case_review/review')}</style>"
        f'<script src="{SCRIPT}?{_script_version()}" defer></script></head>'
        '<body class="fn-case-review"><header class="fn-review-head">'
        f'<p class="fn-review-file"><b>Footnote</b> · {escape_line(facts.name, 80)}</p>'
        f'<p class="fn-review-progress"><progress max="{facts.total}" value="{decided}"'
        f' aria-label="{translate("Decided")}"></progress> {progress}'
        f'<span class="fn-review-counts"> · {" · ".join(states)}</span></p>'
        f'<p class="fn-review-you">{reviewer}'
        f" {_link('L', translate('All cases'), 'cases')}</p></header>{inner}</body></html>\n"
    )


@cache
def _script_version() -> str:
    script = (ASSETS / "case_review" / SCRIPT).read_bytes()
    return sha256(script).hexdigest()[:12]


def render_problem(words: str) -> str:
    """A page that says what is wrong and nothing else."""
    return (
        f'<!doctype html>\n<html lang="{current_settings().language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Footnote</title>"
        f"<style>{standalone_css('source', 'case_review/review')}</style></head>"
        f'<body class="fn-case-review"><main class="fn-review-list-page"><h1>Footnote</h1>'
        f'<p class="fn-review-problem" role="alert">{escape_line(words)}</p>'
        f'<p><a href="./">{translate("Go on with the review")}</a></p></main></body></html>\n'
    )
