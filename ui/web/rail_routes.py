"""What the rail of sources and the first screen fetch from the server, as pieces of HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from rag import DocumentSummary
from rag.errors import FootnoteError
from ui.views import source_rail, start_screen
from ui.views.source_rail import Source

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from rag.assistant import Assistant
    from ui.web.indexing_jobs import IndexingJobs

PAGE_ROWS = 50  # sources that are sent at once
MAX_MATCHING = 500  # ids that are sent of what a search finds
MAX_WORDS = 200  # characters of a search that are looked at


@dataclass(frozen=True)
class RailRoutes:
    """The endpoints, over one assistant and its jobs. They only read."""

    assistant: Assistant
    indexing: IndexingJobs

    def all(self) -> Sequence[BaseRoute]:
        from starlette.routing import Route

        return [
            Route("/rail/sources", self.sources),
            Route("/rail/about", self.about),
            Route("/rail/jobs", self.jobs),
            Route("/rail/start", self.start),
        ]

    def sources(self, request: Request) -> Response:
        """``?words=…&topic=…&from=N&known=1``: a part of the list, and with `known` all ids."""
        query, library = request.query_params, self.assistant.library
        summaries = {each.id: each for each in library.summaries()}
        recent = [summaries[id] for id in library.recent_ids(len(summaries)) if id in summaries]
        words, topic = query.get("words", "")[:MAX_WORDS], query.get("topic", "")[:MAX_WORDS]
        found = self._matching(recent, words, topic)
        start = int(query["from"]) if query.get("from", "").isdecimal() else 0
        shown = found[start : start + PAGE_ROWS]
        is_search = bool(words.strip() or topic) and len(found) <= MAX_MATCHING
        html = source_rail.render_page(
            [_source(each) for each in shown],
            total=len(recent),
            found=len(found),
            before=start,
            matching=[each.id for each in found] if is_search and not start else (),
        )
        known = list(summaries) if "known" in query else None
        return _json({"html": html, "total": len(recent), "known": known})

    def _matching(
        self, sources: Sequence[DocumentSummary], words: str, topic: str
    ) -> list[DocumentSummary]:
        """The sources with this topic whose title, name or topics have all these words."""
        overviews = self.assistant.library.overviews
        if topic:
            ids = overviews.documents_with_topic(topic)
            sources = [each for each in sources if each.id in ids]
        wanted = words.casefold().split()
        with_topic = [overviews.documents_with_topic_like(word) for word in wanted]
        return [
            each
            for each in sources
            if all(
                word in f"{each.title} {each.id}".casefold() or each.id in ids
                for word, ids in zip(wanted, with_topic, strict=True)
            )
        ]

    def about(self, request: Request) -> Response:
        """``?document=ID``: what one source is about."""
        id = request.query_params.get("document", "")
        try:
            document = self.assistant.library.document(id)
            overview = self.assistant.overviews.of_document(id)
        except (FootnoteError, UnicodeEncodeError) as error:
            return _json({"html": start_screen.render_error(str(error))})
        state = source_rail.state_of(document.source)
        source = Source(id, document.title, document.source, document.published, state)
        return _json({"html": source_rail.render_about(source, len(document.text), overview)})

    def jobs(self, _: Request) -> Response:
        """The jobs; whether any is under way; and a state that changes with the library."""
        html, is_active, line = self.indexing.render()
        digests = sorted(self.assistant.library.digests().items())
        state = sha256(repr(digests).encode("utf-8", "replace")).hexdigest()[:16]
        return _json({"html": html, "active": is_active, "line": line, "library": state})

    def start(self, _: Request) -> Response:
        """The first screen, with a sentence on each of a few documents."""
        self.assistant.overviews.complete()
        overview = self.assistant.overviews.of_library()
        return _json({"html": start_screen.render_start(overview)})


def _source(each: DocumentSummary) -> Source:
    return Source(
        each.id, each.title, each.source, each.published, source_rail.state_of(each.source)
    )


def _json(content: object) -> Response:
    from starlette.responses import JSONResponse

    return JSONResponse(content, headers={"Cache-Control": "no-store"})
