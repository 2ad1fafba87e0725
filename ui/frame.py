"""What stands around the conversation: the name, the state of the model, notices?"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from ui.terminal import count, line

if TYPE_CHECKING:
    from ui.warming import Warm


def header() -> str:
    """The name of the page and what it is for."""
    return (
        '<header class="fn-header"><h1 class="fn-brand">Footnote</h1>'
        '<p class="fn-tagline">Answers you can check, sentence by sentence.</p></header>'
    )


def status(warm: Warm, model: str, privacy: str) -> str:
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
        f'<span aria-hidden="true">{mark}</span> {escape(line(text))}</p>'
    )


def notice(text: str) -> str:
    """A message that a person should see, above the box; nothing for an empty one."""
    if not text:
        return ""
    return f'<p class="fn-notice" role="alert">{escape(line(text))}</p>'


def editing(later: int) -> str:
    """Says that the next question replaces one, and how many follow that one."""
    more = f" and the {count(later, 'question')} after it" if later else ""
    return (
        '<p class="fn-notice" role="status">Asking replaces the earlier question'
        f"{more}. "
        '<button type="button" class="fn-link" data-act="keep">Keep it instead</button></p>'
    )


def shelf_head() -> str:
    """What stands above the list of conversations."""
    return (
        '<div class="fn-shelf-head"><h2 class="fn-shelf-title">Conversations</h2>'
        '<button type="button" class="fn-new" data-act="new">New</button></div>'
    )


def shelf_toggle() -> str:
    """Where the page is too narrow for the list: the buttons that show it and that begin anew."""
    return (
        '<div class="fn-shelf-toggle"><button type="button" class="fn-new" data-act="shelf">'
        'Conversations</button> <button type="button" class="fn-new" data-act="new">New'
        "</button></div>"
    )
