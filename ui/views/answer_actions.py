"""HTML below an answer: the model, the times, and buttons to copy, edit, undo and rate."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from rag.types import Answer
from ui.questions.exchange import Exchange
from ui.translation import to_translate, translate
from ui.views.citation_marks import escape_line
from ui.views.take_away import save_answer

STAGE_VERBS = {  # what a stage of an answer did, in words
    "rewrite": to_translate("rephrased"),
    "retrieve": to_translate("searched"),
    "load model": to_translate("loaded the model"),
    "select": to_translate("chose"),
    "judge": to_translate("judged"),
    "compose": to_translate("wrote"),
    "check": to_translate("checked"),
    "repair": to_translate("mended"),
    "compare": to_translate("compared"),
}
_LEAST_S = 0.005  # a stage that took less is not worth a word


def render_footer(exchange: Exchange, privacy: str) -> str:
    """What stands below an exchange; empty until it is over."""
    if not exchange.is_over:
        return '<div class="fn-answer-footer"></div>'
    facts = [*_facts(exchange.answer), *([escape_line(privacy)] if privacy else [])]
    line = f'<p class="fn-facts">{" · ".join(facts)}</p>' if facts else ""
    return f'<div class="fn-answer-footer">{line}{_actions(exchange)}{_note(exchange)}</div>'


def _facts(answer: Answer | None) -> Iterator[str]:
    if answer is None:
        return
    if answer.model:
        yield escape_line(answer.model)
    spent = {stage: s for stage, s in answer.timings.items() if s >= _LEAST_S}
    for stage, seconds in spent.items():
        yield f"{escape_line(translate(STAGE_VERBS.get(stage, stage)))} {_seconds(seconds)}"
    if len(spent) > 1:
        yield translate("{time} in all", time=_seconds(sum(answer.timings.values())))


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds < 0.1 else f"{seconds:.1f} s"


def _actions(exchange: Exchange) -> str:
    id = exchange.id
    says = bool(exchange.claims or exchange.answer)
    groups = [
        [*save_answer(id)] if says else [],
        [
            "" if exchange.state == "failed" else button("retry", id, translate("Retry")),
            button("edit", id, translate("Edit question")),
            button("remove", id, translate("Delete")),
        ],
        [button("why", id, translate("Why this answer"))],
        [
            _thumb(exchange, "up", translate("Helpful")),
            _thumb(exchange, "down", translate("Not helpful")),
        ]
        if says
        else [],
    ]
    spans = "".join(f'<span class="fn-group">{"".join(each)}</span>' for each in groups if each)
    return f'<div class="fn-actions">{spans}</div>'


def button(act: str, id: str, words: str, name: str = "fn-action") -> str:
    """A button that does `act` to the exchange `id`."""
    return (
        f'<button type="button" class="{name}" data-act="{act}" '
        f'data-exchange="{escape(id)}">{words}</button>'
    )


def _thumb(exchange: Exchange, thumb: str, words: str) -> str:
    pressed = "true" if exchange.thumb == thumb else "false"
    return (
        f'<button type="button" class="fn-action" data-act="thumb" data-thumb="{thumb}" '
        f'data-exchange="{escape(exchange.id)}" aria-pressed="{pressed}">{words}</button>'
    )


def _note(exchange: Exchange) -> str:
    """A line for a comment, once there is a thumb, and below it more to say (`feedback.js`)."""
    if exchange.thumb is None:
        return ""
    id = escape(exchange.id)
    save = button("note", exchange.id, translate("Save"))
    saved = translate("Your note is saved.") if exchange.note else ""
    return (
        f'<div class="fn-note"><label for="fn-note-{id}">'
        f"{translate('A word on why (optional)')}</label>"
        f'<input id="fn-note-{id}" type="text" maxlength="500" autocomplete="off" '
        f'value="{escape_line(exchange.note)}">{save}'
        f'<span class="fn-saved" role="status">{saved}</span>'
        f'<details class="fn-say-more" data-exchange="{id}">'
        f"<summary>{translate('Say what is right')}</summary></details></div>"
    )
