"""HTML of the links and buttons that copy, save and share an answer or a conversation."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from urllib.parse import quote

from ui.records.export import FORMATS
from ui.translation import translate


def save_answer(exchange: str) -> Iterator[str]:
    """Below an answer: a button that copies it, and a link for each format."""
    url = f"export/exchange/{quote(exchange, safe='')}"
    yield (
        f'<button type="button" class="fn-action" data-act="copy" data-url="{url}.copy"'
        f' data-exchange="{escape(exchange)}">{translate("Copy with footnotes")}</button>'
    )
    for end, format in FORMATS.items():
        yield (
            f'<a class="fn-action" href="{url}.{end}" download '
            f'aria-label="{translate("Download as {format}", format=format.name)}">'
            f"{format.name}</a>"
        )
    yield (
        f'<a class="fn-action" href="{url}.print" target="_blank" data-act="print"'
        f' data-exchange="{escape(exchange)}" aria-label="{translate("Print, or save as PDF")}">'
        f"{translate('Print / PDF')}</a>"
    )


def save_conversation(conversation: str) -> str:
    """Links that save a conversation, and buttons that copy and share it."""
    id = quote(conversation, safe="")
    url = f"export/conversation/{id}"
    printing = translate("Print / PDF")
    links = [f'<a href="{url}.{end}" download>{format.name}</a>' for end, format in FORMATS.items()]
    links.append(f'<a href="{url}.print" target="_blank" data-act="print">{printing}</a>')
    copy = f'<button type="button" class="fn-link" data-act="copy" data-url="{url}.copy">'
    share = f'<button type="button" class="fn-link" data-act="share" data-url="share/{id}">'
    return (
        f'<p class="fn-save-links">{translate("Save this conversation:")} {" · ".join(links)} · '
        f"{copy}{translate('Copy')}</button> {share}{translate('Share…')}</button></p>"
    )
