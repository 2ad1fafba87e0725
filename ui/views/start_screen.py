"""HTML of the first screen: what the articles are about, and questions that they answer; and of the
questions below the last answer."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from urllib.parse import quote

from rag import LibraryOverview
from ui.safe_text import count
from ui.views.citation_marks import escape_line
from ui.views.source_rail import render_point, render_questions, render_topics

RELATED = "Related questions"


def render_start(overview: LibraryOverview) -> str:
    """What the page does, what the articles are about, and questions to begin with."""
    return (
        '<section class="fn-empty" id="fn-start" aria-label="How to begin"><p class="fn-lede">'
        "Ask the articles. Each sentence of the answer has a footnote to the very words that it "
        f"rests on.</p>{_about(overview)}{_questions(overview.questions)}</section>"
    )


def render_related(questions: Sequence[str]) -> str:
    """Questions to ask after an answer; nothing where there are none."""
    if not questions:
        return ""
    return (
        f'<aside class="fn-related" aria-label="{RELATED}"><p class="fn-label">{RELATED}</p>'
        f"{render_questions(questions)}</aside>"
    )


def render_error(text: str) -> str:
    """One sentence on what could not be shown."""
    return f'<p class="fn-none">{escape_line(text)}</p>'


def _about(overview: LibraryOverview) -> str:
    if not overview.documents:
        return (
            '<p class="fn-start-none">Nothing to read yet. Drop files here, paste them, or write '
            'the address of an article. <button type="button" class="fn-link" data-rail="add">'
            "Add sources</button></p>"
        )
    lines = "".join(
        f'<li><a class="fn-start-title" data-act="source" data-document="{escape(each.id)}" '
        f'href="source?document={quote(each.id, safe="", errors="replace")}">'
        f"{escape_line(each.title, 120)}</a>"
        f"{f'<p>{render_point(each.point)}</p>' if each.point else ''}</li>"
        for each in overview.listed
    )
    topics = render_topics(overview.topics)
    articles = count(overview.documents, "article")
    what = "this article is" if overview.documents == 1 else f"these {articles} are"
    if not (lines or topics):
        return f'<p class="fn-label">{articles}</p>'
    return (
        f'<p class="fn-label">What {what} about</p>'
        + (f'<ul class="fn-start-list">{lines}</ul>' if lines else "")
        + topics
    )


def _questions(questions: Sequence[str]) -> str:
    if not questions:
        return ""
    return f'<p class="fn-label">Questions to begin with</p>{render_questions(questions)}'
