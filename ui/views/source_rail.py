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
from ui.safe_text import count
from ui.views.citation_marks import escape_line

State = Literal["indexed", "file is gone", "web page"]

ADDRESS_LABEL = "Address of a public web page"
_SHAPES: dict[State, tuple[str, str]] = {  # shape, grade of its colour
    "indexed": ("●", "good"),
    "file is gone": ("○", "fair"),
    "web page": ("◆", "web"),
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
        return "Web page"
    suffixes = (PurePath(part).suffix.lower() for part in reversed(source.split("#")))
    known = next((suffix for suffix in suffixes if suffix in FILE_SUFFIXES), ".text")
    return known[1:].upper() if known != ".text" else "Text"


# --- the frame ----------------------------------------------------------------------------------


def render_frame() -> str:
    """The rail without its sources, which the browser's script fetches."""
    formats = ", ".join(suffix[1:] for suffix in FILE_SUFFIXES)
    megabytes = MAX_FILE_BYTES // 1_000_000
    return (
        '<section class="fn-rail" aria-labelledby="fn-rail-title" '
        f'data-most-bytes="{MAX_FILE_BYTES}">'
        '<div class="fn-rail-head"><h2 class="fn-sidebar-title" id="fn-rail-title">Sources</h2>'
        '<button type="button" class="fn-new" data-rail="add" aria-expanded="false" '
        'aria-controls="fn-rail-add">Add</button>'
        '<button type="button" class="fn-rail-close" data-rail="close" '
        'aria-label="Close the sources">✕</button></div>'
        '<form class="fn-rail-add" id="fn-rail-add" hidden>'
        '<button type="button" class="fn-rail-choose" id="fn-rail-choose" data-rail="choose">'
        "Choose files</button>"
        "<p>or drop them anywhere on the page, or paste them.</p>"
        f'<label>{ADDRESS_LABEL}<input type="text" inputmode="url" name="address" '
        'placeholder="https://…" autocomplete="off"></label>'
        '<button type="submit" class="fn-source-act">Add the page</button>'
        f"<details><summary>Formats, up to {megabytes} MB a file</summary><p>{formats}</p>"
        "</details></form>"
        '<p class="fn-rail-note" id="fn-rail-note" role="alert" hidden></p>'
        '<p class="fn-hidden" role="status" id="fn-rail-said"></p>'
        '<div id="fn-jobs"></div>'
        '<div class="fn-rail-tools">'
        '<label class="fn-rail-all"><input type="checkbox" id="fn-rail-all" checked> '
        '<span id="fn-rail-count">All sources</span></label>'
        '<input type="search" id="fn-rail-search" placeholder="Search sources" '
        'aria-label="Search sources by title, file or topic"></div>'
        '<div id="fn-rail-list" tabindex="-1"></div></section>'
    )


def render_limit() -> str:
    """What stands below the question box: of which sources a question is asked."""
    return (
        '<div class="fn-limit"><button type="button" class="fn-limit-open" data-rail="open" '
        'id="fn-limit-open">All sources</button>'
        '<button type="button" class="fn-link" data-rail="all" id="fn-limit-all" hidden>'
        "Ask all</button>"
        '<button type="button" class="fn-link" data-rail="add">Add sources</button>'
        '<span class="fn-limit-jobs" id="fn-limit-jobs"></span></div>'
        '<p class="fn-offer" id="fn-offer" role="status" hidden>This is an address. '
        '<button type="button" class="fn-link" data-rail="offer">Add the page as a source</button>'
        " (Enter does it, too.)</p>"
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
            '<p class="fn-sources-lede">Nothing to read yet.</p>'
            "<p>Add files or the address of an article; then ask.</p></div></div>"
        )
    if not found:
        rows = '<p class="fn-none">No source matches.</p>'
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
        f'data-documents="{ids}">Ask only {_these(len(matching))}</button></p>'
    )


def _these(number: int) -> str:
    return "this one" if number == 1 else f"these {number:,}"


def _more(shown: int, found: int, step: int) -> str:
    left = found - shown
    if left <= 0:
        return ""
    return (
        f'<button type="button" class="fn-new fn-rail-more" data-rail="more" data-from="{shown}">'
        f"Show {min(left, step):,} of {left:,} more</button>"
    )


def _row(source: Source) -> str:
    id, title = escape(source.id, quote=True), escape_line(source.title, 160)
    href = f"source?document={quote(source.id, safe='', errors='replace')}"
    return (
        f'<li class="fn-source"><input type="checkbox" class="fn-source-tick" data-rail="tick" '
        f'data-document="{id}" checked aria-label="Ask {title}">'
        f'<div class="fn-source-what"><a class="fn-source-title" data-act="source" '
        f'data-document="{id}" href="{href}" title="{escape_line(source.id, 200)}">{title}</a>'
        f'<details class="fn-source-more" data-document="{id}"><summary>'
        f'<span class="fn-source-facts">{kind_of(source.source)} · {_date(source.published)}'
        f' · {_shape(source.state)}</span> <span class="fn-source-open">About</span>'
        f'<span class="fn-hidden"> {title}</span></summary>'
        '<div class="fn-about" aria-live="polite"></div></details></div></li>'
    )


def _shape(state: State) -> str:
    shape, grade = _SHAPES[state]
    mark = f'<span class="fn-source-{grade}" aria-hidden="true">{shape}</span>'
    return f"{mark} {state}"


def _date(published: str | None) -> str:
    try:
        day = date.fromisoformat(published or "")
    except ValueError:
        return "no date"
    return f'<time datetime="{day.isoformat()}">{day.day} {day:%b %Y}</time>'


# --- what a source is about ---------------------------------------------------------------------


def render_about(source: Source, characters: int, overview: DocumentOverview) -> str:
    """What one source is about, and what can be done with it."""
    gone = source.state == "file is gone"
    note = "<p>Its file is gone. Its text is kept and still answers questions.</p>" if gone else ""
    points = "".join(f"<li>{render_point(point)}</li>" for point in overview.points)
    return (
        f"{note}{_labelled('Summary', points and f'<ul>{points}</ul>')}"
        f"{_labelled('Topics', render_topics([(each, 0) for each in overview.topics]))}"
        f"{_labelled('Questions it answers', render_questions(overview.questions))}"
        f'<p class="fn-source-where">{escape_line(source.id, 160)}, '
        f"{count(characters, 'character')}</p>"
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
        f"{f' <span>{number:,}</span>' if number else ''}</button></li>"
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
        f'aria-label="Ask only {title}">Ask only this</button>'
    )
    acts = [("refresh-source", "Refresh")] if source.state == "web page" else []
    acts.append(("remove-source", "Remove"))
    return only + "".join(
        f'<button type="button" class="fn-source-act" data-act="{act}" data-document="{id}"'
        f' aria-label="{word} {title}">{word}</button>'
        for act, word in acts
    )
