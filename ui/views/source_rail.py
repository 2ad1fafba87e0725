"""HTML of the rail of sources: each with its kind, date and state, a box that tells whether
questions are asked of it, and what it is about.

Pure but for `state_of`, which checks whether files still exist. Titles, names and texts of
documents are untrusted: they are cleaned and escaped here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from pathlib import PurePath
from typing import Literal
from urllib.parse import quote

from rag import FILE_SUFFIXES, MAX_FILE_BYTES, DocumentOverview, Point, is_source_gone, is_url
from ui.translation import (
    format_day,
    format_number,
    to_translate,
    translate,
    translate_count,
)
from ui.views.citation_marks import escape_line

State = Literal["indexed", "file is gone", "web page"]

ADDRESS_LABEL = to_translate("Address of a public web page")
_SHAPES: dict[State, tuple[str, str, str]] = {  # shape, grade of its colour, words
    "indexed": ("●", "good", to_translate("indexed")),
    "file is gone": ("○", "fair", to_translate("file is gone")),
    "web page": ("◆", "web", to_translate("web page")),
}
_POINT_CHARS = 320


@dataclass(frozen=True, slots=True)
class Source:
    """A document as the rail shows it, without its text."""

    id: str
    title: str
    source: str  # a path or a URL
    published: str | None
    state: State


def state_of(source: str) -> State:
    """Whether the file of a document is still there. `source` is a path, ``path#record``, or a
    URL."""
    if is_url(source):
        return "web page"
    return "file is gone" if is_source_gone(source) else "indexed"


def kind_of(source: str) -> str:
    """``PDF`` for a path to such a file, ``Web page`` for a URL."""
    if is_url(source):
        return translate("Web page")
    suffixes = (PurePath(part).suffix.lower() for part in reversed(source.split("#")))
    known = next((suffix for suffix in suffixes if suffix in FILE_SUFFIXES), ".text")
    return known[1:].upper() if known != ".text" else translate("Text")


# --- the frame ----------------------------------------------------------------------------------


def render_frame() -> str:
    """The rail without its sources, which the browser's script fetches."""
    formats = ", ".join(suffix[1:] for suffix in FILE_SUFFIXES)
    megabytes = MAX_FILE_BYTES // 1_000_000
    limits = translate("Formats, up to {megabytes} MB a file", megabytes=megabytes)
    search = translate("Search sources by title, file or topic")
    return (
        '<section class="fn-rail" aria-labelledby="fn-rail-title" '
        f'data-most-bytes="{MAX_FILE_BYTES}">'
        '<div class="fn-rail-head"><h2 class="fn-sidebar-title" id="fn-rail-title">'
        f"{translate('Sources')}</h2>"
        '<button type="button" class="fn-new" data-rail="add" aria-expanded="false" '
        f'aria-controls="fn-rail-add">{translate("Add")}</button>'
        '<button type="button" class="fn-rail-close" data-rail="close" '
        f'aria-label="{translate("Close the sources")}">✕</button></div>'
        '<form class="fn-rail-add" id="fn-rail-add" hidden>'
        '<button type="button" class="fn-rail-choose" id="fn-rail-choose" data-rail="choose">'
        f"{translate('Choose files')}</button>"
        f"<p>{translate('or drop them anywhere on the page, or paste them.')}</p>"
        f'<label>{translate(ADDRESS_LABEL)}<input type="text" inputmode="url" name="address" '
        'placeholder="https://…" autocomplete="off"></label>'
        f'<button type="submit" class="fn-source-act">{translate("Add the page")}</button>'
        f"<details><summary>{limits}</summary><p>{formats}</p>"
        "</details></form>"
        '<p class="fn-rail-note" id="fn-rail-note" role="alert" hidden></p>'
        '<p class="fn-hidden" role="status" id="fn-rail-said"></p>'
        '<div id="fn-jobs"></div>'
        '<div class="fn-rail-tools">'
        '<label class="fn-rail-all"><input type="checkbox" id="fn-rail-all" checked> '
        f'<span id="fn-rail-count">{translate("All sources")}</span></label>'
        f'<input type="search" id="fn-rail-search" placeholder="{translate("Search sources")}" '
        f'aria-label="{search}"></div>'
        '<div id="fn-rail-list" tabindex="-1"></div></section>'
    )


def render_limit() -> str:
    """What stands below the question box: of which sources a question is asked."""
    return (
        '<div class="fn-limit"><button type="button" class="fn-limit-open" data-rail="open" '
        f'id="fn-limit-open">{translate("All sources")}</button>'
        '<button type="button" class="fn-link" data-rail="all" id="fn-limit-all" hidden>'
        f"{translate('Ask all')}</button>"
        f'<button type="button" class="fn-link" data-rail="add">{translate("Add sources")}</button>'
        '<span class="fn-limit-jobs" id="fn-limit-jobs"></span></div>'
        '<p class="fn-offer" id="fn-offer" role="status" hidden>'
        f"{translate('This is an address.')} "
        '<button type="button" class="fn-link" data-rail="offer">'
        f"{translate('Add the page as a source')}</button>"
        f" {translate('(Enter does it, too.)')}</p>"
    )


# --- the list -----------------------------------------------------------------------------------


def render_page(
    sources: Sequence[Source], *, total: int, found: int, before: int, matching: Sequence[str]
) -> str:
    """A part of the list as HTML: `sources`, behind `before` others, of the `found` ones that match
    a search among `total`. `matching` are the ids of what a search found, where these are few."""
    if not total:
        return (
            '<div class="fn-source-page" data-total="0"><div class="fn-sources-none">'
            f'<p class="fn-sources-lede">{translate("Nothing to read yet.")}</p>'
            f"<p>{translate('Add files or the address of an article; then ask.')}</p></div></div>"
        )
    if not found:
        rows = f'<p class="fn-none">{translate("No source matches.")}</p>'
    else:
        rows = f'<ul class="fn-sources">{"".join(map(_row, sources))}</ul>'
    return (
        f'<div class="fn-source-page" data-total="{total}" data-found="{found}">'
        f"{_only_these(matching)}{rows}{_more(before + len(sources), found, len(sources))}</div>"
    )


def _only_these(matching: Sequence[str]) -> str:
    if not matching:
        return ""
    ids = escape(json.dumps(list(matching)), quote=True)
    return (
        '<p class="fn-rail-only"><button type="button" class="fn-source-act" data-rail="only" '
        f'data-documents="{ids}">{_ask_only(len(matching))}</button></p>'
    )


def _ask_only(number: int) -> str:
    if number == 1:
        return translate("Ask only this one")
    return translate("Ask only these {n}", n=format_number(number))


def _more(shown: int, found: int, step: int) -> str:
    left = found - shown
    if left <= 0:
        return ""
    words = translate(
        "Show {n} of {left} more", n=format_number(min(left, step)), left=format_number(left)
    )
    return (
        f'<button type="button" class="fn-new fn-rail-more" data-rail="more" data-from="{shown}">'
        f"{words}</button>"
    )


def _row(source: Source) -> str:
    id, title = escape(source.id, quote=True), escape_line(source.title, 160)
    href = f"source?document={quote(source.id, safe='', errors='replace')}"
    asks = translate("Ask {title}", title=title)
    return (
        f'<li class="fn-source"><input type="checkbox" class="fn-source-tick" data-rail="tick" '
        f'data-document="{id}" checked aria-label="{asks}">'
        f'<div class="fn-source-what"><a class="fn-source-title" data-act="source" '
        f'data-document="{id}" href="{href}" title="{escape_line(source.id, 200)}">{title}</a>'
        f'<details class="fn-source-more" data-document="{id}"><summary>'
        f'<span class="fn-source-facts">{kind_of(source.source)} · {_date(source.published)}'
        f' · {_shape(source.state)}</span> <span class="fn-source-open">'
        f"{translate('About')}</span>"
        f'<span class="fn-hidden"> {title}</span></summary>'
        '<div class="fn-about" aria-live="polite"></div></details></div></li>'
    )


def _shape(state: State) -> str:
    shape, grade, words = _SHAPES[state]
    mark = f'<span class="fn-source-{grade}" aria-hidden="true">{shape}</span>'
    return f"{mark} {translate(words)}"


def _date(published: str | None) -> str:
    try:
        day = date.fromisoformat(published or "")
    except ValueError:
        return translate("no date")
    return f'<time datetime="{day.isoformat()}">{format_day(day, to_translate("d MMM y"))}</time>'


# --- what a source is about ---------------------------------------------------------------------


def render_about(source: Source, characters: int, overview: DocumentOverview) -> str:
    """What one source is about, and what can be done with it."""
    gone = source.state == "file is gone"
    kept = translate("Its file is gone. Its text is kept and still answers questions.")
    note = f"<p>{kept}</p>" if gone else ""
    questions = render_questions(overview.questions)
    points = "".join(f"<li>{render_point(point)}</li>" for point in overview.points)
    return (
        f"{note}{_labelled(translate('Summary'), points and f'<ul>{points}</ul>')}"
        f"{_labelled(translate('Topics'), render_topics([(each, 0) for each in overview.topics]))}"
        f"{_labelled(translate('Questions it answers'), questions)}"
        f'<p class="fn-source-where">{escape_line(source.id, 160)}, '
        f"{translate_count(characters, '{n} character', '{n} characters')}</p>"
        f'<div class="fn-source-acts">{_buttons(source)}</div>'
    )


def render_point(point: Point) -> str:
    """A sentence of a source as a link to its place there."""
    span = point.span
    id = quote(span.document_id, safe="", errors="replace")
    href = f"source?document={id}&start={span.start}&end={span.end}#fn-current"
    return (
        f'<a class="fn-point" data-act="source" data-document="{escape(span.document_id)}" '
        f'data-start="{span.start}" data-end="{span.end}" href="{escape(href)}">'
        f"{escape_line(point.text, _POINT_CHARS)}</a>"
    )


def render_topics(topics: Sequence[tuple[str, int]]) -> str:
    """Topics as buttons that search the sources for them; each with how many have it, unless 0."""
    buttons = "".join(
        f'<li><button type="button" class="fn-topic" data-rail="topic" '
        f'data-topic="{escape_line(text)}">{escape_line(text, 60)}'
        f"{f' <span>{format_number(number)}</span>' if number else ''}</button></li>"
        for text, number in topics
    )
    return f'<ul class="fn-topics">{buttons}</ul>' if buttons else ""


def render_questions(questions: Sequence[str]) -> str:
    """Questions as a list; clicking one asks it."""
    buttons = "".join(
        f'<li><button type="button" class="fn-example" data-act="example" '
        f'data-question="{escape_line(each)}">{escape_line(each)}</button></li>'
        for each in questions
    )
    return f'<ul class="fn-examples">{buttons}</ul>' if buttons else ""


def _labelled(label: str, inside: str) -> str:
    return f'<p class="fn-label">{label}</p>{inside}' if inside else ""


def _buttons(source: Source) -> str:
    id = escape(source.id, quote=True)
    ids = escape(json.dumps([source.id]), quote=True)
    title = escape_line(source.title, 160)
    only = (
        f'<button type="button" class="fn-source-act" data-rail="only" data-documents="{ids}" '
        f'aria-label="{translate("Ask only {title}", title=title)}">'
        f"{translate('Ask only this')}</button>"
    )
    acts = [("remove-source", translate("Remove"), translate("Remove {title}", title=title))]
    if source.state == "web page":
        refreshes = translate("Refresh {title}", title=title)
        acts.insert(0, ("refresh-source", translate("Refresh"), refreshes))
    return only + "".join(
        f'<button type="button" class="fn-source-act" data-act="{act}" data-document="{id}"'
        f' aria-label="{label}">{word}</button>'
        for act, word, label in acts
    )
