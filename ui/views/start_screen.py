"""HTML of the first screen: what the articles are about, and questions that they answer; and of the
questions below the last answer."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from urllib.parse import quote

from rag import LibraryOverview
from ui.translation import format_number, to_translate, translate, translate_count
from ui.views.citation_marks import escape_line
from ui.views.source_rail import render_point, render_questions, render_topics

RELATED = to_translate("Related questions")


def render_start(overview: LibraryOverview) -> str:
    """What the page does, what the articles are about, and questions to begin with."""
    lede = translate(
        "Ask the articles. Each sentence of the answer has a footnote to the very words that it "
        "rests on."
    )
    return (
        f'<section class="fn-empty" id="fn-start" aria-label="{translate("How to begin")}">'
        f'<p class="fn-lede">{lede}</p>{_about(overview)}{_questions(overview.questions)}</section>'
    )


def render_related(questions: Sequence[str]) -> str:
    """Questions to ask after an answer; nothing where there are none."""
    if not questions:
        return ""
    related = translate(RELATED)
    return (
        f'<aside class="fn-related" aria-label="{related}"><p class="fn-label">{related}</p>'
        f"{render_questions(questions)}</aside>"
    )


def render_error(text: str) -> str:
    """One sentence on what could not be shown."""
    return f'<p class="fn-none">{escape_line(text)}</p>'


def _about(overview: LibraryOverview) -> str:
    if not overview.documents:
        none = translate(
            "Nothing to read yet. Drop files here, paste them, or write the address of an article."
        )
        return (
            f'<p class="fn-start-none">{none} <button type="button" class="fn-link" '
            f'data-rail="add">{translate("Add sources")}</button></p>'
        )
    lines = "".join(
        f'<li><a class="fn-start-title" data-act="source" data-document="{escape(each.id)}" '
        f'href="source?document={quote(each.id, safe="", errors="replace")}">'
        f"{escape_line(each.title, 120)}</a>"
        f"{f'<p>{render_point(each.point)}</p>' if each.point else ''}</li>"
        for each in overview.listed
    )
    topics = render_topics(overview.topics)
    number = overview.documents
    if not (lines or topics):
        articles = translate_count(number, "{n} article", "{n} articles")
        return f'<p class="fn-label">{articles}</p>'
    what = translate("What this article is about")
    if number > 1:
        what = translate("What these {n} articles are about", n=format_number(number))
    return (
        f'<p class="fn-label">{what}</p>'
        + (f'<ul class="fn-start-list">{lines}</ul>' if lines else "")
        + topics
    )


def _questions(questions: Sequence[str]) -> str:
    if not questions:
        return ""
    label = translate("Questions to begin with")
    return f'<p class="fn-label">{label}</p>{render_questions(questions)}'
