"""The pages and files that the server gives besides the page itself.

Sources that open in a tab of their own, exports, and reports of eval runs. What belongs to somebody
is found under its owner only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, wraps
from typing import TYPE_CHECKING
from urllib.parse import quote

from rag.errors import FootnoteError, SourceError
from rag.types import Document, Span
from ui.gate.security_headers import STRICT_POLICY
from ui.records.export import FORMATS
from ui.records.export_content import export_content
from ui.records.rich_copy import rich_copy
from ui.safe_text import one_line
from ui.translation import translate
from ui.web import source_link, source_pages

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from rag import PageImages
    from rag.assistant import Assistant
    from ui.gate.sign_in import Access
    from ui.questions.exchange import Exchange
    from ui.records.feedback import FeedbackStore
    from ui.records.history import History
    from ui.web.source_link import LinkedSource

    Endpoint = Callable[[Request], Response]

PRIVATE = {"Content-Security-Policy": STRICT_POLICY, "Cache-Control": "no-store"}
NAME_CHARS = 60  # of the name of an exported file
UNSAVED = ("copy", "print")  # endings of exports that the page shows or takes, and nobody saves


class NotFound(SourceError):
    """A link that is malformed."""


@dataclass(frozen=True)
class Routes:
    """The endpoints, over one assistant and one history."""

    assistant: Assistant
    history: History
    access: Access
    feedback: FeedbackStore | None = None

    def all(self) -> Sequence[BaseRoute]:
        from starlette.routing import Route

        return [
            Route("/changes", self.changes),
            Route("/source", _with_error_page(self.source)),
            Route("/export/exchange/{name}", _with_error_page(self.exchange)),
            Route("/export/conversation/{name}", _with_error_page(self.conversation)),
            Route("/export/cases.jsonl", _with_error_page(self.cases)),
            Route("/evals/{name}", _with_error_page(self.report)),
        ]

    def changes(self, request: Request) -> Response:
        """``?c=ID``: how often the owner's list of conversations, and the conversation ID, have
        changed; the page asks every few seconds, to follow what happens in another window."""
        from starlette.responses import JSONResponse

        conversation = request.query_params.get("c", "")
        of_list, of_thread = self.history.versions(self.access.owner(request), conversation)
        found = {"list": of_list, "thread": of_thread}
        return JSONResponse(found, headers={"Cache-Control": "no-store"})

    def source(self, request: Request) -> Response:
        """``?document=ID[&start=N[&end=N]]``, ``?exchange=ID&claim=N&citation=N`` or
        ``?exchange=ID&passage=N``; and ``&view=page[&page=N]`` for a page of a PDF, ``&at=N`` for
        another part of a long text."""
        from ui.views import source_highlights

        opened = self._opened(request)
        if opened.document is None:
            quoted = Document.of("", translate("A source that is gone"), "", opened.quote)
            whole = Span("", 0, len(opened.quote))
            gone = source_highlights.ShownSource(
                quoted, whole, note=opened.note, steps=opened.steps
            )
            return _html(source_highlights.render_page(gone), 200 if opened.quote else 404)
        wanted = source_pages.Wanted.of(request.query_params)
        shown = source_pages.shown_source(opened.document, opened, wanted, self._pages)
        return _html(source_highlights.render_page(shown))

    @cached_property
    def _pages(self) -> PageImages:
        from rag import PageImages

        return PageImages(self.assistant.library)

    def _opened(self, request: Request) -> LinkedSource:
        query, library = request.query_params, self.assistant.library
        if "document" in query:
            start, end = _number(request, "start"), _number(request, "end")
            return source_link.open_document(query["document"], library, start, end)
        owner = self.access.owner(request)
        exchange = self.history.find(owner, query.get("exchange", ""))
        if "passage" in query:
            return source_link.open_passage(exchange, _wanted(request, "passage"), library)
        claim, citation = _wanted(request, "claim"), _wanted(request, "citation")
        return source_link.open_citation(exchange, claim, citation, library)

    def exchange(self, request: Request) -> Response:
        """``ID.md``, or another ending of `FORMATS` or `UNSAVED`: one question and its answer, with
        footnotes."""
        id, kind = _named(request)
        exchange = self.history.find(self.access.owner(request), id)
        return _exported([exchange], "", kind, exchange.question)

    def conversation(self, request: Request) -> Response:
        """``ID.md``, or another ending, as of `exchange`: a whole conversation, with footnotes."""
        id, kind = _named(request)
        owner = self.access.owner(request)
        exchanges = self.history.exchanges(owner, id)
        title = next((c.title for c in self.history.conversations(owner) if c.id == id), "")
        return _exported(exchanges, title, kind, title)

    def cases(self, request: Request) -> Response:
        """The eval cases that somebody's thumbs make; with ``?accepted=1`` the accepted ones."""
        from starlette.responses import Response

        from ui.records import feedback_cases

        library, owner = self.assistant.library, self.access.owner(request)
        made = feedback_cases.cases_from_feedback(
            self.history.with_thumbs(owner),
            lambda id: library.document(id).text,
            self.feedback.of(owner) if self.feedback else {},
            accepted_only="accepted" in request.query_params,
        )
        headers = {**PRIVATE, "Content-Disposition": content_disposition("cases", "jsonl")}
        return Response(made.text.encode(), headers=headers, media_type="application/jsonl")

    def report(self, request: Request) -> Response:
        """The report of an eval run."""
        from eval.report.page import render_report
        from eval.runs import listing

        folder = self.assistant.settings.data_dir / "evals"
        return _html(render_report(listing.find_run(folder, request.path_params["name"])))


def _with_error_page(endpoint: Endpoint) -> Endpoint:
    """The endpoint, with its errors as pages that say what happened and what to do."""

    @wraps(endpoint)
    def reply(request: Request) -> Response:
        try:
            return endpoint(request)
        except FootnoteError as error:
            from ui.views import source_highlights

            empty = Document.of("", error.problem, "", "")
            shown = source_highlights.ShownSource(empty, note=error.remedy)
            return _html(source_highlights.render_page(shown), 404)

    return reply


def _html(page: str, status: int = 200) -> Response:
    from starlette.responses import HTMLResponse

    return HTMLResponse(page.encode(errors="replace"), status, PRIVATE)


def _exported(exchanges: Sequence[Exchange], title: str, kind: str, name: str) -> Response:
    from starlette.responses import JSONResponse, Response

    from ui.records import export

    if kind == "copy":
        copied = rich_copy(export_content(exchanges, title))
        return JSONResponse({"html": copied.html, "text": copied.text}, headers=PRIVATE)
    if kind == "print":
        return _html(export.export_html(exchanges, title))
    data = export.export(kind, exchanges, title)
    headers = {**PRIVATE, "Content-Disposition": content_disposition(name, kind)}
    return Response(data, headers=headers, media_type=FORMATS[kind].media_type)


def content_disposition(name: str, kind: str) -> str:
    """A Content-Disposition under which a browser keeps a file: as it is named, with whatever
    cannot be part of a file's name left out, and for old browsers in ASCII (RFC 6266)."""
    words = re.sub(r'[\\/:*?"<>|%\x00-\x1f]+', " ", one_line(name))
    full = " ".join(words.split())[:NAME_CHARS].strip(" .") or "footnote"
    plain = re.sub(r"[^A-Za-z0-9]+", "-", full).strip("-") or "footnote"
    encoded = quote(f"{full}.{kind}", safe="")
    return f"attachment; filename=\"{plain}.{kind}\"; filename*=UTF-8''{encoded}"


def _named(request: Request) -> tuple[str, str]:
    id, _, kind = request.path_params["name"].rpartition(".")
    if kind not in FORMATS and kind not in UNSAVED:
        endings = ", ".join(f".{each}" for each in FORMATS)
        raise NotFound("There is no such file.", f"End its name in one of {endings}.")
    return id, kind


def _number(request: Request, name: str) -> int | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise NotFound("This link is broken.", f"Its {name} is not a number.")
    return int(text)


def _wanted(request: Request, name: str) -> int:
    number = _number(request, name)
    if number is None:
        raise NotFound("This link is broken.", f"It does not name a {name}.")
    return number
