"""HTML of the list of conversations, by day, and of what can be undone in the open one.

Days are those of the server's time zone: on a person's own machine it is theirs.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING

from ui.translation import format_day, to_translate, translate, translate_count
from ui.views.citation_marks import escape_line

if TYPE_CHECKING:
    from ui.records.history import Conversation, Steps
    from ui.records.history_steps import StepKind

PAGE = 60  # conversations that are listed at first, and more at a time

_UNDO: dict[StepKind, str] = {
    "asked": to_translate("Undo question"),
    "replaced": to_translate("Undo replacement"),
    "deleted": to_translate("Undo delete"),
}
_REDO: dict[StepKind, str] = {
    "asked": to_translate("Redo question"),
    "replaced": to_translate("Redo replacement"),
    "deleted": to_translate("Redo delete"),
}


def render_list(
    conversations: Sequence[Conversation],
    current: str = "",
    *,
    busy: Collection[str] = (),
    version: int = 0,
    has_more: bool = False,
    today: date | None = None,
) -> str:
    """The conversations as given, below the day of their last change.

    `current` is the id of the open one, `busy` are those that wait for an answer, `version` is that
    of `History.versions`, and `has_more` says that there are older ones.
    """
    today = today or datetime.now().astimezone().date()
    groups = groupby(conversations, lambda each: _day(each.updated_at, today))
    body = "".join(
        f'<section class="fn-day"><h3 class="fn-day-name">{escape(day)}</h3><ul class="fn-list">'
        + "".join(_row(each, each.id == current, each.id in busy) for each in group)
        + "</ul></section>"
        for day, group in groups
    )
    none = f'<p class="fn-none">{translate("No conversations yet.")}</p>'
    more = (
        f'<button type="button" class="fn-new" data-act="more">{translate("Show more")}</button>'
        if has_more
        else ""
    )
    label = translate("Conversations")
    return (
        f'<nav class="fn-conversations" aria-label="{label}" data-version="{version}">'
        f"{body or none}{more}</nav>"
    )


def _day(updated_at: str, today: date) -> str:
    """``Today``, ``Yesterday``, ``Monday 23 November``, and the year where it is another."""
    try:
        day = datetime.fromisoformat(updated_at).astimezone().date()
    except ValueError:
        return translate("Earlier")
    if day >= today:
        return translate("Today")
    if day == today - timedelta(days=1):
        return translate("Yesterday")
    pattern = to_translate("EEEE d MMMM y")
    if day.year == today.year:
        pattern = to_translate("EEEE d MMMM")
    name = format_day(day, pattern)
    return name[:1].upper() + name[1:]


def _row(conversation: Conversation, is_current: bool, is_busy: bool) -> str:
    id, title = escape(conversation.id), escape_line(conversation.title, 80)
    current = ' aria-current="true"' if is_current else ""
    facts = translate_count(conversation.exchanges, "{n} question", "{n} questions")
    if is_busy:
        facts = f'<span class="fn-answering">{translate("Answering")}</span> · {facts}'
    return (
        f'<li class="fn-row" data-conversation="{id}" data-title="{escape(conversation.title)}">'
        f'<button type="button" class="fn-open" data-act="conversation" '
        f'data-conversation="{id}"{current}><span class="fn-row-title">{title}</span>'
        f'<span class="fn-row-facts">{facts}</span></button>'
        f'<button type="button" class="fn-tool" data-act="rename" data-conversation="{id}" '
        f'aria-label="{translate("Rename “{title}”", title=title)}" '
        f'title="{translate("Rename (F2)")}">✎</button>'
        f'<button type="button" class="fn-tool" data-act="delete" data-conversation="{id}" '
        f'aria-label="{translate("Delete “{title}”", title=title)}" '
        f'title="{translate("Delete (Del)")}">✕</button></li>'
    )


def render_steps(steps: Steps, version: int, save: str = "") -> str:
    """What stands below the open conversation: the step to undo, the one to redo, and `save`, HTML
    that saves it. `version` is that of the conversation."""
    undo = _step("undo", translate(_UNDO[steps.undo]), "↶") if steps.undo else ""
    redo = _step("redo", translate(_REDO[steps.redo]), "↷") if steps.redo else ""
    return (
        f'<div class="fn-steps" data-thread-version="{version}">'
        f'<span class="fn-step-buttons">{undo}{redo}</span>{save}</div>'
    )


def _step(act: str, words: str, sign: str) -> str:
    return (
        f'<button type="button" class="fn-action" data-act="{act}">'
        f'<span aria-hidden="true">{sign}</span> {words}</button>'
    )


def follow_mark(conversation: str) -> str:
    """Has the page follow the question that is being answered in `conversation`."""
    return f'<span hidden data-follow="{escape(conversation)}"></span>'


def undo_notice(text: str, act: str, conversation: str = "") -> str:
    """A message with a button that undoes what it says."""
    which = f' data-conversation="{escape(conversation)}"' if conversation else ""
    return (
        f'<p class="fn-notice" role="status">{escape(text)} '
        f'<button type="button" class="fn-link" data-act="{act}"{which}>'
        f"{translate('Undo')}</button></p>"
    )
