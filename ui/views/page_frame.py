"""What stands around the conversation: the header, the model's status, notices, links to save."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from ui.safe_text import one_line
from ui.translation import translate, translate_count
from ui.views.take_away import save_conversation

if TYPE_CHECKING:
    from ui.questions.model_status import ModelStatus


def page_header() -> str:
    """The name of the page and what it is for."""
    tagline = translate("Answers you can check, sentence by sentence.")
    return (
        '<header class="fn-header"><h1 class="fn-brand">Footnote</h1>'
        f'<p class="fn-tagline">{tagline}</p></header>'
    )


def model_status(warm: ModelStatus, model: str, privacy: str) -> str:
    """Which model answers ("" where there is none), whether it is ready, and whether text leaves
    the machine."""
    if warm.error:
        state, text = "bad", translate(warm.error)
    elif warm.ready:
        ready = translate("No language model is asked: passages are quoted.")
        ready = translate("{model} is ready.", model=model) if model else ready
        state, text = "good", f"{ready} {privacy}"
    else:
        state, text = "fair", f"{translate(warm.text)} {privacy}"
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
    says = translate("Asking replaces the earlier question.")
    if later:
        says = translate_count(
            later,
            "Asking replaces the earlier question and the {n} question after it.",
            "Asking replaces the earlier question and the {n} questions after it.",
        )
    return (
        f'<p class="fn-notice" role="status">{says} <button type="button" class="fn-link" '
        f'data-act="keep">{translate("Keep it instead")}</button></p>'
    )


def show_earlier_button(hidden: int) -> str:
    """Stands before the exchanges of a long conversation when not all of them are shown."""
    if not hidden:
        return ""
    words = translate_count(hidden, "Show {n} earlier question", "Show {n} earlier questions")
    return (
        '<p class="fn-earlier"><button type="button" class="fn-new" data-act="earlier">'
        f"{words}</button></p>"
    )


def conversations_header() -> str:
    """What stands above the list of conversations."""
    return (
        f'<div class="fn-sidebar-head"><h2 class="fn-sidebar-title">{translate("Conversations")}'
        '</h2><button type="button" class="fn-new" data-act="new">'
        f"{translate('New')}</button></div>"
    )


def conversation_header() -> str:
    """What stands above the conversation: on a narrow page, buttons that show the list and that
    begin a new conversation; and the element that announces an answer to screen readers."""
    return (
        f'<h2 class="fn-hidden">{translate("Conversation")}</h2>'
        '<p class="fn-hidden" role="status" id="fn-announcement"></p>'
        '<button type="button" class="fn-new fn-pane-show" data-act="show-source">'
        f"{translate('Source')}</button>"
        '<div class="fn-sidebar-toggle"><button type="button" class="fn-new" data-act="sidebar">'
        f'{translate("Conversations")}</button> <button type="button" class="fn-new" '
        f'data-rail="open">{translate("Sources")}</button> <button type="button" class="fn-new" '
        f'data-act="new">{translate("New")}</button></div>'
    )


def no_match() -> str:
    """The list of conversations when a search finds none."""
    return f'<p class="fn-none">{translate("No conversation holds these words.")}</p>'


def save_links(conversation: str) -> str:
    """Links that save the open conversation, with its footnotes, and a button that shares it."""
    return save_conversation(conversation) if conversation else ""
