"""What lies in the source pane?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.types import Span
from ui.views import reader
from ui.web import opening

if TYPE_CHECKING:
    from rag import Library
    from ui.web.page import Page
    from ui.web.windows import Who


@dataclass(frozen=True)
class Reading:
    """Opens what a chip, a passage, a title or "Why this answer" points at."""

    library: Library
    page: Page

    def show(self, who: Who, data: Mapping[str, str]) -> str:
        """The HTML of the pane. Raises `NoSuchExchange`, `NoSuchDocument`."""
        act = data.get("act")
        if act == "source":
            start = _number(data, "start") if "start" in data else None
            return self._pane(opening.document(data.get("document", ""), self.library, start))
        exchange = self.page.exchange(who, data.get("exchange", ""))
        if act == "cite":
            claim, citation = _number(data, "claim"), _number(data, "citation")
            return self._pane(opening.exchange_citation(exchange, claim, citation, self.library))
        if act == "passage":
            number = _number(data, "passage")
            return self._pane(opening.exchange_passage(exchange, number, self.library))
        return self._why(who, exchange.id)

    def _pane(self, opened: opening.Opened) -> str:
        if opened.document is None:
            return reader.lost(opened.quote, note=opened.note)
        return reader.pane(
            opened.document, opened.current, opened.others, note=opened.note, page=opened.page
        )

    def _why(self, who: Who, exchange: str) -> str:
        from ui.asking import trace
        from ui.views import render_trace

        kept = self.page.history.trace(who.owner, exchange)
        if kept is None:
            return reader.lost("", note="How this answer came about was not kept.")
        return render_trace.trace(trace.from_json(kept), self._text)

    def _text(self, span: Span) -> str:
        return self.library.text(span)


def _number(data: Mapping[str, str], name: str) -> int:
    text = data.get(name, "")
    return int(text) if re.fullmatch("[0-9]{1,9}", text) else -1
