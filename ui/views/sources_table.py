"""HTML of the list of sources, and of the outcome of indexing.

Pure but for `list_sources`, which checks whether files still exist. Titles, names and errors are
untrusted: they are cleaned and escaped here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from rag import Library, is_source_gone, is_url
from rag.events import Added, Failed, IngestEvent, Moved, Removed, Skipped, Updated, Warned
from ui.safe_text import count, one_line
from ui.views.citation_marks import escape_line

State = Literal["indexed", "file is gone", "web page"]

_SHAPES: dict[State, tuple[str, str]] = {  # shape, grade of its colour
    "indexed": ("●", "good"),
    "file is gone": ("○", "fair"),
    "web page": ("◆", "web"),
}
_DONE: dict[type[IngestEvent], str] = {
    Added: "added",
    Updated: "updated",
    Moved: "moved",
    Removed: "removed",
    Skipped: "unchanged",
    Warned: "with a warning",
    Failed: "failed",
}
_NAMED = 5  # changed documents that the outcome of a run names


@dataclass(frozen=True, slots=True)
class Source:
    """A document as the list shows it, without its text."""

    id: str
    title: str
    source: str  # a path or a URL
    published: str | None
    characters: int
    chunks: int
    state: State


def list_sources(library: Library) -> list[Source]:
    """Every document of the library, sorted by id."""
    return [
        Source(
            each.id,
            each.title,
            each.source,
            each.published,
            each.characters,
            each.chunks,
            _state(each.source),
        )
        for each in library.summaries()
    ]


def render_table(sources: Sequence[Source]) -> str:
    """The list as HTML: a row for each source, a card where there is no room for rows."""
    if not sources:
        return (
            '<div class="fn-sources-none"><p class="fn-sources-lede">Nothing to read yet.</p>'
            "<p>Drop in files or give the address of an article; then ask.</p></div>"
        )
    documents, chunks = count(len(sources), "source"), sum(each.chunks for each in sources)
    rows = "".join(map(_row, sources))
    return (
        f'<p class="fn-sources-sum">{documents}, {count(chunks, "passage")}</p>'
        f'<ul class="fn-sources">{rows}</ul>'
    )


def render_outcome(events: Iterable[IngestEvent]) -> str:
    """What a run of indexing did, as HTML: how many of each, what changed, each failure."""
    events = tuple(events)
    tally = Counter(map(type, events))
    done = [f"{tally[kind]:,} {word}" for kind, word in _DONE.items() if tally[kind]]
    lines = [_changed(kind, events) for kind in (Added, Updated, Moved, Removed) if tally[kind]]
    lines += [_fault(event) for event in events if isinstance(event, Failed | Warned)]
    listed = "".join(f"<li>{each}</li>" for each in lines)
    summary = ", ".join(done) or "Nothing to do"
    grade, mark = ("fair", "▲") if tally[Failed] or tally[Warned] else ("good", "●")
    return (
        f'<div class="fn-outcome fn-outcome-{grade}" role="status">'
        f'<p><span aria-hidden="true">{mark}</span> <b>{summary}.</b></p>'
        f'<ul class="fn-outcome-list">{listed}</ul></div>'
    )


def _state(source: str) -> State:
    if is_url(source):
        return "web page"
    return "file is gone" if is_source_gone(source) else "indexed"


def _row(source: Source) -> str:
    id = escape(source.id, quote=True)
    href = f"source?document={quote(source.id, safe='', errors='replace')}"
    gone = source.state == "file is gone"
    note = (
        '<p class="fn-source-note">Its text is kept and still answers questions.</p>'
        if gone
        else ""
    )
    return (
        '<li class="fn-source">'
        f'<div class="fn-source-what"><a class="fn-source-title" data-act="source" '
        f'data-document="{id}" href="{href}">{escape_line(source.title, 160)}</a>'
        f'<p class="fn-source-where">{escape_line(source.id, 120)}</p>{note}</div>'
        f'<p class="fn-source-date">{_date(source.published)}</p>'
        f'<p class="fn-source-size">{count(source.characters, "character")}</p>'
        f'<p class="fn-source-state">{_shape(source.state)}</p>'
        f'<div class="fn-source-acts">{_buttons(source)}</div></li>'
    )


def _buttons(source: Source) -> str:
    refresh = _button("refresh-source", "Refresh", source) if source.state == "web page" else ""
    return refresh + _button("remove-source", "Remove", source)


def _button(act: str, word: str, source: Source) -> str:
    label = f"{word} {escape_line(source.title, 160)}"
    id = escape(source.id, quote=True)
    return (
        f'<button type="button" class="fn-source-act" data-act="{act}" data-document="{id}"'
        f' aria-label="{label}">{word}</button>'
    )


def _shape(state: State) -> str:
    shape, grade = _SHAPES[state]
    mark = f'<span class="fn-source-{grade}" aria-hidden="true">{shape}</span>'
    return f"{mark} {state[0].upper()}{state[1:]}"


def _date(published: str | None) -> str:
    try:
        day = date.fromisoformat(published or "")
    except ValueError:
        return '<span class="fn-source-undated">No date</span>'
    return f'<time datetime="{day.isoformat()}">{day.day} {day:%b %Y}</time>'


def _changed(kind: type[Added | Updated | Moved | Removed], events: Sequence[IngestEvent]) -> str:
    """The documents that were added, updated or removed, the first few by name."""
    ids = [event.document_id for event in events if isinstance(event, kind)]
    named = ", ".join(escape_line(id, 80) for id in ids[:_NAMED])
    more = f" and {len(ids) - _NAMED:,} more" if len(ids) > _NAMED else ""
    return f"{_DONE[kind].capitalize()}: {named}{more}"


def _fault(event: Failed | Warned) -> str:
    """What is wrong, after the name of what it is about where it does not say that itself."""
    name = event.source if is_url(event.source) else Path(event.source).name
    error = one_line(event.error if isinstance(event, Failed) else event.warning)
    about = "" if one_line(name) in error else f"<b>{escape_line(name, 120)}</b>: "
    return about + escape(error, quote=True)
