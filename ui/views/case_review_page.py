"""What the pages of the review of drafted cases have in common: their frame, messages and keys.

All text is escaped.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Literal

from eval.drafting.draft import Kind
from eval.reviewing.review_file import ReviewedCase
from ui.page_settings import current_settings
from ui.stylesheets import ASSETS, standalone_css
from ui.translation import (
    format_day,
    format_number,
    to_translate,
    translate,
    translate_count,
)
from ui.views.citation_marks import escape_line

SCRIPT = "review.js"

Done = Literal["accepted", "edited", "dropped", "undone", "marked", "removed", "added"]
State = Literal["open", "accepted", "edited", "dropped", "changed"]
DONE: dict[Done, str] = {
    "accepted": to_translate("Accepted."),
    "edited": to_translate("Edited."),
    "dropped": to_translate("Dropped."),
    "undone": to_translate("Taken back."),
    "marked": to_translate("The marked words are a key point now."),
    "removed": to_translate("The key point is removed."),
    "added": to_translate("The cases from thumbs are at the end of the list."),
}
_STATES: dict[State, str] = {
    "open": to_translate("Not reviewed"),
    "accepted": to_translate("Accepted"),
    "edited": to_translate("Edited"),
    "dropped": to_translate("Dropped"),
    "changed": to_translate("Source changed"),
}
KIND_NAMES: dict[Kind, str] = {
    "fact": to_translate("Fact"),
    "yes_no": to_translate("Yes or no"),
    "explanation": to_translate("Explanation"),
    "list": to_translate("List"),
    "statement": to_translate("Statement"),
    "comparison": to_translate("Comparison"),
    "summary": to_translate("Summary"),
    "keyword": to_translate("Keyword"),
    "unanswerable": to_translate("Not answered"),
}


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What stands above each page of a review."""

    name: str
    reviewer: str
    total: int
    counts: Counter[str]


def page(title: str, facts: FileFacts, inner: str) -> str:
    settings = current_settings()
    decided = facts.total - facts.counts["open"]
    progress = translate(
        "{done} of {n} decided", done=format_number(decided), n=format_number(facts.total)
    )
    reviewer = translate("Reviewer: {name}", name=escape_line(facts.reviewer, 60))
    states = (
        translate_count(facts.counts["accepted"], "{n} accepted", "{n} accepted"),
        translate_count(facts.counts["edited"], "{n} edited", "{n} edited"),
        translate_count(facts.counts["dropped"], "{n} dropped", "{n} dropped"),
    )
    return (
        f'<!doctype html>\n<html lang="{settings.language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape_line(title, 200)} · Footnote</title>"
        f"<style>{standalone_css('source', 'source_text', 'case_review/review')}</style>"
        f'<script src="{SCRIPT}?{_script_version()}" defer></script></head>'
        '<body class="fn-case-review"><header class="fn-review-head">'
        f'<p class="fn-review-file"><b>Footnote</b> · {escape_line(facts.name, 80)}</p>'
        f'<p class="fn-review-progress"><progress max="{facts.total}" value="{decided}"'
        f' aria-label="{translate("Decided")}"></progress> {progress}'
        f'<span class="fn-review-counts"> · {" · ".join(states)}</span></p>'
        f'<p class="fn-review-you">{reviewer}'
        f" {key_link('L', translate('All cases'), 'cases')}</p></header>{inner}</body></html>\n"
    )


@cache
def _script_version() -> str:
    script = (ASSETS / "case_review" / SCRIPT).read_bytes()
    return sha256(script).hexdigest()[:12]


def render_problem(words: str) -> str:
    """A page that says what is wrong and nothing else."""
    return (
        f'<!doctype html>\n<html lang="{current_settings().language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Footnote</title>"
        f"<style>{standalone_css('source', 'case_review/review')}</style></head>"
        f'<body class="fn-case-review"><main class="fn-review-list-page"><h1>Footnote</h1>'
        f'<p class="fn-review-problem" role="alert">{escape_line(words)}</p>'
        f'<p><a href="./">{translate("Go on with the review")}</a></p></main></body></html>\n'
    )


def message(done: Done | None, problem: str) -> str:
    if problem:
        return f'<p class="fn-review-problem" role="alert">{escape_line(problem)}</p>'
    words = translate(DONE[done]) if done else ""
    return f'<p class="fn-review-done" role="status">{words}</p>'


def state_tag(state: State) -> str:
    return f'<span class="fn-state fn-state-{state}">{translate(_STATES[state])}</span>'


def reviewed_by(reviewed: ReviewedCase) -> str:
    review = reviewed.row.review
    if review is None:
        return ""
    day = format_day(review.at.date(), "d MMM y")
    return translate("{name}, {day}", name=escape_line(review.reviewer, 60), day=day)


def key_link(key: str, words: str, address: str) -> str:
    return (
        f'<a class="fn-decide" href="{address}" data-key="{key.lower()}"'
        f' aria-keyshortcuts="{key}">{words} {key_hint(key)}</a>'
    )


def key_hint(key: str) -> str:
    return f'<kbd aria-hidden="true">{key}</kbd>'
