"""The source pane of the page: a cited place, a passage, a document, or the trace of an answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from rag.types import Span
from ui.translation import translate
from ui.views import source_highlights
from ui.web import source_link, source_pages

if TYPE_CHECKING:
    from rag import Library, PageImages
    from ui.web.browser_windows import BrowserWindow
    from ui.web.page_actions import PageActions


@dataclass(frozen=True)
class SourcePane:
    """Shows what a footnote, a passage, a title or the button "Why this answer" refers to."""

    library: Library
    page: PageActions

    def show(self, window: BrowserWindow, data: Mapping[str, str]) -> str:
        """The HTML of the pane. Raises `NoSuchExchange`, `NoSuchDocument`."""
        act = data.get("act")
        if act == "source":
            return self._pane(self._document(data), data)
        exchange = self.page.exchange(window, data.get("exchange", ""))
        if act == "cite":
            claim, citation = _number(data, "claim"), _number(data, "citation")
            opened = source_link.open_citation(exchange, claim, citation, self.library)
            return self._pane(opened, data)
        if act == "passage":
            number = _number(data, "passage")
            return self._pane(source_link.open_passage(exchange, number, self.library), data)
        return self._why(window, exchange.id)

    @cached_property
    def _pages(self) -> PageImages:
        from rag import PageImages

        return PageImages(self.library)

    def _document(self, data: Mapping[str, str]) -> source_link.LinkedSource:
        start, end = (_number(data, name) if name in data else None for name in ("start", "end"))
        return source_link.open_document(data.get("document", ""), self.library, start, end)

    def _pane(self, opened: source_link.LinkedSource, data: Mapping[str, str]) -> str:
        if opened.document is None:
            return source_highlights.render_missing(
                opened.quote, note=opened.note, steps=opened.steps
            )
        wanted = source_pages.Wanted.of(data)
        shown = source_pages.shown_source(opened.document, opened, wanted, self._pages)
        return source_highlights.render_pane(shown)

    def _why(self, window: BrowserWindow, exchange: str) -> str:
        from ui.questions import trace
        from ui.views import answer_trace

        stored = self.page.history.trace(window.owner, exchange)
        if stored is None:
            return source_highlights.render_missing(
                "", note=translate("How this answer came about was not kept.")
            )
        return answer_trace.render_trace(trace.trace_from_json(stored), self._text)

    def _text(self, span: Span) -> str:
        return self.library.text(span)


def _number(data: Mapping[str, str], name: str) -> int:
    text = data.get(name, "")
    return int(text) if re.fullmatch("[0-9]{1,9}", text) else -1
