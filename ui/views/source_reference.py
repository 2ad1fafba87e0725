"""Links to a place in a source: for the pane of the page, and for pages that stand alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from ui.views.source_text import CURRENT


@dataclass(frozen=True)
class SourceReference:
    """What of a source is opened: a citation (exchange, claim, citation), a passage (exchange,
    passage) or a document (document, and perhaps start and end), by the names of the parameters
    of ``/source``."""

    values: Mapping[str, str]

    @classmethod
    def of(cls, **values: str | int) -> SourceReference:
        return cls({name: str(value) for name, value in values.items()})

    @property
    def act(self) -> str:
        """What the script of the page sends."""
        if "document" in self.values:
            return "source"
        return "passage" if "passage" in self.values else "cite"

    def data(self, **more: str | int) -> str:
        """The attributes of a button or link that opens it in the pane. `more` are `at`, an offset
        in the text to show; `view`, "text" or "page"; `page`, a number."""
        values = {"act": self.act, **self.values, **more}
        return " ".join(f'data-{name}="{escape(str(value))}"' for name, value in values.items())

    def href(self, **more: str | int) -> str:
        """The address of the page that stands alone, from the root of the site."""
        parts = [f"{name}={quote(str(value), safe='')}" for name, value in self.values.items()]
        parts += [f"{name}={quote(str(value), safe='')}" for name, value in more.items()]
        return escape(f"source?{'&'.join(parts)}" + ("" if "at" in more else f"#{CURRENT}"))

    def attributes(self, **more: str | int) -> str:
        """The attributes of a link that works in both."""
        return f'{self.data(**more)} href="{self.href(**more)}"'


@dataclass(frozen=True)
class Steps:
    """The footnotes of an answer in order, each once, and which of them is open: its number from
    0, None where it is none of them."""

    footnotes: tuple[SourceReference, ...] = ()
    at: int | None = None

    def next_to(self, by: int) -> SourceReference:
        """The footnote before (-1) or after (1) the open one; after the last comes the first."""
        at = self.at if self.at is not None else (-1 if by > 0 else 0)
        return self.footnotes[(at + by) % len(self.footnotes)]


NO_STEPS = Steps()
