"""What stands around the conversation: the header, the model's status, notices, links to save."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from ui.safe_text import count, one_line
from ui.views.take_away import save_conversation

if TYPE_CHECKING:
    from ui.questions.model_status import ModelStatus


def page_header() -> str:
    """The name of the page and what it is for."""
    return (
        '<header class="fn-header"><h1 class="fn-brand">Footnote</h1>'
        '<p class="fn-tagline">Answers you can check, sentence by sentence.</p></header>'
    )


def model_status(warm: ModelStatus, model: str, privacy: str) -> str:
    """Which model answers, whether it is ready, and whether text leaves the machine."""
    if warm.error:
        state, text = "bad", warm.error
    elif warm.ready:
        state, text = "good", f"{model} is ready. {privacy}"
    else:
        state, text = "fair", f"{warm.text} {privacy}"
    mark = {"bad": "✗", "good": "●", "fair": "◌"}[state]
    return (
        f'<p class="fn-status fn-status-{state}" role="status">'
        f'<span aria-hidden="true">{mark}</span> {escape(one_line(text))}</p>'
    )


def notice(text: str) -> str:
    """A message above the question box; nothing for an empty one."""
    if not text:
        return ""
    return f'<p class="fn-notice" role="alert">{escape(one_line(text))}</p>'


def said(text: str) -> str:
    """A message that something was done."""
    return f'<p class="fn-notice fn-said" role="status">{escape(one_line(text))}</p>'


def replacing_notice(later: int) -> str:
    """Says that the next question replaces an earlier one and the `later` ones after it."""
    more = f" and the {count(later, 'question')} after it" if later else ""
    return (
        '<p class="fn-notice" role="status">Asking replaces the earlier question'
        f"{more}. "
        '<button type="button" class="fn-link" data-act="keep">Keep it instead</button></p>'
    )


def show_earlier_button(hidden: int) -> str:
    """Stands before the exchanges of a long conversation when not all of them are shown."""
    if not hidden:
        return ""
    return (
        '<p class="fn-earlier"><button type="button" class="fn-new" data-act="earlier">'
        f"Show {count(hidden, 'earlier question')}</button></p>"
    )


def conversations_header() -> str:
    """What stands above the list of conversations."""
    return (
        '<div class="fn-sidebar-head"><h2 class="fn-sidebar-title">Conversations</h2>'
        '<button type="button" class="fn-new" data-act="new">New</button></div>'
    )


def conversation_header() -> str:
    """What stands above the conversation: on a narrow page, buttons that show the list and that
    begin a new conversation; and the element that announces an answer to screen readers."""
    return (
        '<h2 class="fn-hidden">Conversation</h2>'
        '<p class="fn-hidden" role="status" id="fn-announcement"></p>'
        '<button type="button" class="fn-new fn-pane-show" data-act="show-source">Source</button>'
        '<div class="fn-sidebar-toggle"><button type="button" class="fn-new" data-act="sidebar">'
        'Conversations</button> <button type="button" class="fn-new" data-rail="open">Sources'
        '</button> <button type="button" class="fn-new" data-act="new">New</button></div>'
    )


def no_match() -> str:
    """The list of conversations when a search finds none."""
    return '<p class="fn-none">No conversation holds these words.</p>'


def save_links(conversation: str) -> str:
    """Links that save the open conversation, with its footnotes, and a button that shares it."""
    return save_conversation(conversation) if conversation else ""
