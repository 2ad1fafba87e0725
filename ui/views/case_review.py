"""HTML of the review of a drafted case, with its key points lit in their source. Forms only; the
script adds keys and marking with the mouse.

All text is escaped. What a person marks is sent as the characters between two offsets of the text
that `SourceText` shows character for character.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from urllib.parse import urlencode

from eval.reviewing.finding import states_its_answer
from eval.reviewing.marking import quotes_of
from eval.reviewing.review_file import ReviewedCase, kinds_for
from ui.page_settings import current_settings
from ui.translation import (
    format_list,
    format_number,
    to_translate,
    translate,
    translate_count,
)
from ui.views.case_review_page import (
    KIND_NAMES,
    Done,
    FileFacts,
    State,
    key_hint,
    key_link,
    message,
    page,
    reviewed_by,
    state_tag,
)
from ui.views.case_review_source import LitSource, lit_text
from ui.views.citation_marks import escape_line, shown_title

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
class OtherSource:
    """A source that can be shown in place of the one that is."""

    id: str
    title: str
    is_shown: bool


@dataclass(frozen=True, slots=True)
class ShownCase:
    """A case as it is shown. `point` is the place of the lit key point; `lost` are the quotes that
    their source no longer holds; `is_found` where what may stand in place of the lit one is lit;
    `typed` what a person wrote and could not be kept."""

    facts: FileFacts
    place: int
    reviewed: ReviewedCase
    source: LitSource | None
    sources: tuple[OtherSource, ...] = ()
    point: int = 0
    lost: frozenset[str] = frozenset()
    is_found: bool = False
    done: Done | None = None
    problem: str = ""
    typed: dict[str, str] = field(default_factory=dict)


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
        f"{message(shown.done, shown.problem)}{_changed(shown)}"
        f"{_question(shown)}{_kind(shown)}{_points(shown)}{_gold(shown)}"
        f"{_note(row.note)}{_buttons(shown)}</form>{_shortcuts()}</section>"
        f"{_source(shown)}</main>"
    )
    return page(f"{title}: {row.question}", shown.facts, inner)


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
        who = f' <span class="fn-review-who">{reviewed_by(reviewed)}</span>'
    return f'<p class="fn-review-state">{state_tag(state)}{who}</p>'


def _changed(shown: ShownCase) -> str:
    changed = shown.reviewed.changed
    if not changed:
        return ""
    words = translate("The source changed: {how}.", how=escape_line(changed, 300))
    if shown.is_found:
        found = translate("What may have taken its place is lit: J marks it, R takes it.")
        return f'<p class="fn-review-changed" role="note"><b>{words}</b> {found}</p>'
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
        f"{translate(KIND_NAMES[kind])}</option>"
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
    more += f" {state_tag('changed')}" if lost else ""
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
    missing = ""
    if not shown.reviewed.changed and not states_its_answer(row):
        words = translate("None of these stands in the evidence. Change them or the key points.")
        missing = f'<p class="fn-review-changed" role="note" id="fn-gold-missing">{words}</p>'
    described = ' aria-describedby="fn-gold-missing"' if missing else ""
    rows = min(4, len(row.gold) + 1)
    return (
        f'<label for="fn-gold">{translate("Right answers, one a line")}</label>'
        f'<textarea id="fn-gold" name="gold" rows="{rows}"{described}>{text}</textarea>{missing}'
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
        f"{key_link('B', translate('Back'), f'case?at={max(0, at - 1)}')}"
        f"{key_link('N', translate('Skip'), f'case?at={(at + 1) % total}')}</div>"
    )


def _button(key: str, words: str, name: str, value: str, look: str = "", action: str = "") -> str:
    where = f' formaction="{action}" formnovalidate' if action else ""
    where = " formnovalidate" if value == "dropped" else where
    return (
        f'<button class="fn-decide {look}" name="{name}" value="{value}"{where}'
        f' data-key="{key.lower()}" aria-keyshortcuts="{key}">{words} {key_hint(key)}</button>'
    )


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
        f"</h2>{others}</header>{lit_text(shown.source)}"
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


def _mark_bar(shown: ShownCase) -> str:
    points = quotes_of(shown.reviewed.line)
    replace = ""
    if shown.point < len(points):
        words = translate("In place of key point {n}", n=format_number(shown.point + 1))
        replace = (
            '<button form="fn-review" formaction="mark" formnovalidate name="as" value="replace"'
            ' class="fn-decide" data-key="r" aria-keyshortcuts="R">'
            f"{words} {key_hint('R')}</button>"
        )
    add = translate("Add as a key point")
    return (
        '<div class="fn-mark-bar" id="fn-mark-bar" role="region"'
        f' aria-label="{translate("Marked words")}" hidden>'
        '<p class="fn-marked" id="fn-marked" role="status"></p>'
        '<div class="fn-review-buttons">'
        f"{replace}"
        '<button form="fn-review" formaction="mark" formnovalidate name="as" value="add"'
        f' class="fn-decide" data-key="m" aria-keyshortcuts="M">{add} {key_hint("M")}</button>'
        '<label class="fn-whole"><input form="fn-review" type="checkbox" name="sentences" value="1"'
        f" checked> {translate('Whole sentences')}</label></div></div>"
    )
