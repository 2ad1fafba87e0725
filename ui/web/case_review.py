"""The review of a file of cases in a browser: its pages, and the decisions that they send.

One server holds one file; all windows and reviewers share it, one decision after the other. A
decision is about the version of a case that was shown: where somebody else changed it meanwhile, it
is not taken, and the case of now is shown.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl, urlencode

from eval.cases import Decision
from eval.drafting.draft import KINDS, Kind
from eval.reviewing import marking
from eval.reviewing.agreement import ReviewerAgreement, compare_reviews
from eval.reviewing.finding import documents_near, find_again
from eval.reviewing.review_file import (
    Changes,
    DecidedMeanwhile,
    NotACase,
    OtherKind,
    ReviewedCase,
    ReviewFile,
    SourceChanged,
)
from rag.errors import FootnoteError, NoSuchDocument
from rag.types import Document, Span
from ui.gate.sign_in import user_name
from ui.safe_text import one_line
from ui.stylesheets import ASSETS
from ui.translation import to_translate, translate
from ui.views import case_review, case_review_list, case_review_page
from ui.views.case_review import OtherSource, ShownCase
from ui.views.case_review_page import Done, FileFacts
from ui.views.case_review_source import LitSource

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from rag.assistant import Assistant
    from ui.gate.sign_in import Access

    Fields = Mapping[str, str]
    Endpoint = Callable[[Request], Response]

# Nothing from elsewhere, no script but our own file, forms to this server only.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; img-src data:;"
    " base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",  # else browsers keep the origin of a form to themselves
}
PATH = "/review"
MAX_BODY_BYTES = 100_000
MAX_GOLD = 20
NEAREST = 4  # other sources that are offered
_LINE_END = re.compile(r"\r\n?")
_NO_BODY = "The page sent what cannot be read."

_PROBLEMS: Mapping[type[FootnoteError], str] = {
    DecidedMeanwhile: to_translate(
        "Somebody else changed this case since you saw it. Nothing was written; this is it now."
    ),
    SourceChanged: to_translate(
        "The source of this case changed. Mark what it says now, or drop the case."
    ),
    NotACase: to_translate(
        "A case needs a question, and one that the articles answer needs a key point. Nothing was"
        " written."
    ),
    OtherKind: to_translate(
        "What the articles answer cannot become unanswerable, or the other way round."
    ),
}
_MARKING: Mapping[marking.Fault, str] = {
    "elsewhere": to_translate(
        "The marked words are not at that place of the source: mark them again."
    ),
    "nothing": to_translate("Nothing is marked: mark a sentence of the source."),
    "too long": to_translate("What is marked is too long for a quote: mark a sentence or two."),
    "several": to_translate("These words stand in the source several times: mark a few more."),
}


@dataclass
class CaseReviewPages:
    """The endpoints over one open file. `reviewer` is who reviews where nobody signs in; `thumbs`
    gives the cases that thumbs make; `other` is a review of the same drafts to compare with."""

    file: ReviewFile
    assistant: Assistant
    access: Access
    reviewer: str
    thumbs: Callable[[], Iterable[dict[str, Any]]] = list
    other: Path | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def routes(self) -> Sequence[BaseRoute]:
        from starlette.routing import Route

        return [
            Route("/", _to_start),
            Route(PATH, _to_start),
            Route(f"{PATH}/", self._read(self.start)),
            Route(f"{PATH}/case", self._read(self.case)),
            Route(f"{PATH}/cases", self._read(self.cases)),
            Route(f"{PATH}/{case_review_page.SCRIPT}", _script),
            *(
                Route(f"{PATH}/{name}", self._write(endpoint), methods=["POST"])
                for name, endpoint in (
                    ("decide", self.decide),
                    ("mark", self.mark),
                    ("remove", self.remove),
                    ("undo", self.undo),
                    ("thumbs", self.add_thumbs),
                )
            ),
        ]

    # --- pages --------------------------------------------------------------------------------

    def start(self, request: Request, _: Fields) -> Response:
        """The first case that is open, and else the list."""
        return self._to_open(0)

    def case(self, request: Request, query: Fields) -> Response:
        """``?id=ID`` or ``?at=N``; `point` is the lit key point, `source` another source, and
        `near` looks in other sources."""
        place = self.file.place_of(query.get("id", ""))
        if place is None:
            place = _number(query.get("at", "")) or 0
        place = min(place, len(self.file.cases) - 1)
        return _html(case_review.render_case(self._shown(request, place, query)))

    def cases(self, request: Request, query: Fields) -> Response:
        """All cases, who decided what, and when."""
        known = {each.row.id for each in self.file.cases}
        for place in range(len(self.file.cases)):
            self.file.look_up(place)
        page = case_review_list.render_list(
            self._facts(request),
            self.file.cases,
            command=f"footnote eval --cases {self.file.path.name}",
            agreement=self._agreement(),
            from_thumbs=sum(row["id"] not in known for row in self.thumbs()),
            done=_done(query),
        )
        return _html(page)

    # --- decisions ----------------------------------------------------------------------------

    def decide(self, request: Request, form: Fields) -> Response:
        """Accept or drop a case, with what was changed of it, and go on to the next open one."""
        place = self._place(form)
        decision: Decision = "dropped" if form.get("decision") == "dropped" else "accepted"
        reviewer = self._who(request)
        try:
            self.file.expect(place, form.get("version", ""))
            changes = _changes(form) if decision == "accepted" else Changes()
            self.file.decide(
                place,
                decision,
                reviewer,
                question=changes.question,
                kind=changes.kind,
                gold=changes.gold,
            )
        except FootnoteError as error:
            return self._refused(request, place, form, error)
        return self._to_open(place + 1, self.file.cases[place].decision or "accepted")

    def mark(self, request: Request, form: Fields) -> Response:
        """Make the marked words a key point, in place of another or besides, and stay."""
        place = self._place(form)
        line, point = self.file.cases[place].line, _number(form.get("point", ""))
        try:
            document = self._document(form.get("source", ""))
            start, end = (_number(form.get(name, "")) or 0 for name in ("start", "end"))
            is_whole = form.get("sentences") == "1"
            words = _as_stored(form.get("words", ""), document.text[start:end])
            span = marking.marked_span(document, start, end, words, sentences=is_whole)
            quote = document.text[span.start : span.end]
            at = point if form.get("as") == "replace" else None
            marked = marking.with_point(line, document.id, quote, at)
            self._change(request, place, form, marked)
        except (FootnoteError, IndexError) as error:
            return self._refused(request, place, form, error)
        quotes = marking.quotes_of(self.file.cases[place].line)
        lit = next(
            (n for n, each in enumerate(quotes) if any(one["quote"] == quote for one in each)), 0
        )
        return self._to(place, done="marked", point=str(lit))

    def remove(self, request: Request, form: Fields) -> Response:
        """Remove a key point, and stay."""
        place = self._place(form)
        try:
            kept = marking.without_point(
                self.file.cases[place].line, _number(form.get("remove", "")) or 0
            )
            self._change(request, place, form, kept)
        except (FootnoteError, IndexError) as error:
            return self._refused(request, place, form, error)
        return self._to(place, done="removed")

    def undo(self, request: Request, form: Fields) -> Response:
        """Take back the last decision of who asks, and show its case."""
        place = self.file.undo(self._who(request))
        if place is None:
            here = self.file.place_of(form.get("id", "")) or 0
            words = translate("You have nothing left to take back.")
            return _html(case_review.render_case(self._shown(request, here, form, words)))
        return self._to(place, done="undone")

    def add_thumbs(self, request: Request, _: Fields) -> Response:
        """Put the cases from thumbs at the end of the file."""
        self.file.add(self.thumbs())
        return _to("cases", done="added")

    # --- parts --------------------------------------------------------------------------------

    def _read(self, endpoint: Callable[[Request, Fields], Response]) -> Endpoint:
        @wraps(endpoint)
        def reply(request: Request) -> Response:
            return self._answer(endpoint, request, request.query_params)

        return reply

    def _write(self, endpoint: Callable[[Request, Fields], Response]) -> Any:
        @wraps(endpoint)
        async def reply(request: Request) -> Response:
            from anyio import to_thread

            form = await _form(request)
            if form is None:
                return _html(case_review_page.render_problem(translate(_NO_BODY)), 400)
            return await to_thread.run_sync(self._answer, endpoint, request, form)

        return reply

    def _answer(
        self, endpoint: Callable[[Request, Fields], Response], request: Request, fields: Fields
    ) -> Response:
        """What the endpoint replies, alone with the file as it is now."""
        with self._lock:
            try:
                self.file.refresh()
                return endpoint(request, fields)
            except FootnoteError as error:
                return _html(case_review_page.render_problem(_problem(error)), 409)

    def _place(self, form: Fields) -> int:
        """The place of the case that a form is about. Raises `DecidedMeanwhile`."""
        place = self.file.place_of(form.get("id", ""))
        if place is None:
            raise DecidedMeanwhile("This case is no longer in the file.", "Go on with the others.")
        return place

    def _change(self, request: Request, place: int, form: Fields, line: dict[str, Any]) -> None:
        self.file.expect(place, form.get("version", ""))
        changes = _changes(form)
        kept = Changes(changes.question, changes.kind, changes.gold, line)
        self.file.change(place, self._who(request), kept)

    def _refused(self, request: Request, place: int, form: Fields, error: Exception) -> Response:
        """The case with what is wrong, and with what was typed."""
        words = _problem(error)
        is_old = isinstance(error, DecidedMeanwhile)
        fields = {name: form[name] for name in ("point", "source") if name in form}
        typed = {name: form[name] for name in ("question", "kind", "gold") if name in form}
        shown = self._shown(request, place, fields, words, {} if is_old else typed)
        return _html(case_review.render_case(shown), 409 if is_old else 400)

    def _to_open(self, start: int, done: Done | None = None) -> Response:
        place = self.file.next_open(start)
        return _to("cases", done=done) if place is None else self._to(place, done=done)

    def _to(self, place: int, *, done: Done | None = None, point: str | None = None) -> Response:
        return _to("case", id=self.file.cases[place].row.id, done=done, point=point)

    def _who(self, request: Request) -> str:
        return user_name(self.access.owner(request)) or self.reviewer

    def _facts(self, request: Request) -> FileFacts:
        file = self.file
        return FileFacts(file.path.name, self._who(request), len(file.cases), file.counts())

    def _agreement(self) -> ReviewerAgreement | str | None:
        if self.other is None:
            return None
        try:
            return compare_reviews(self.file.path, self.other)
        except FootnoteError as error:
            return str(error)

    # --- the source of a case -----------------------------------------------------------------

    def _shown(
        self,
        request: Request,
        place: int,
        query: Fields,
        problem: str = "",
        typed: dict[str, str] | None = None,
    ) -> ShownCase:
        reviewed = self.file.look_up(place)
        quotes = marking.quotes_of(reviewed.line)
        point = min(_number(query.get("point", "")) or 0, max(0, len(quotes) - 1))
        places = [[self._place_of(each) for each in point_quotes] for point_quotes in quotes]
        lost = {
            each["quote"]
            for one, found in zip(quotes, places, strict=True)
            for each, span in zip(one, found, strict=True)
            if span is None
        }
        again = self._again(quotes[point], places[point]) if quotes else None
        ids = list(dict.fromkeys(each["document_id"] for one in quotes for each in one))
        if again:
            ids = list(dict.fromkeys([again.document_id, *ids]))
        elif quotes:  # that of the lit key point comes first
            ids.sort(key=lambda id: id != quotes[point][0]["document_id"])
        near = self._near(reviewed) if "near" in query or not reviewed.row.answerable else []
        ids = list(dict.fromkeys([*ids, *(span.document_id for span in near)]))
        wanted = query.get("source", "")
        shown_id = wanted if self._found(wanted) else next((i for i in ids if self._found(i)), "")
        lit = [again] if again else places[point] if quotes else []
        source = self._lit(shown_id, lit, [*lit, *(span for one in places for span in one)], near)
        return ShownCase(
            self._facts(request),
            place,
            reviewed,
            source,
            tuple(
                OtherSource(id, found.title, id == shown_id)
                for id in ids
                if (found := self._found(id))
            ),
            point,
            frozenset(lost),
            again is not None and again.document_id == shown_id,
            _done(query) if not problem else None,
            problem,
            typed or {},
        )

    def _lit(
        self,
        id: str,
        lit: Sequence[Span | None],
        spans: Sequence[Span | None],
        near: Sequence[Span],
    ) -> LitSource | None:
        """The source `id` with the spans in it marked, the first of `lit` strongly."""
        document = self._found(id)
        if document is None:
            return None
        marks = tuple(dict.fromkeys(each for each in spans if each and each.document_id == id))
        current = next((each for each in lit if each and each.document_id == id), None)
        if not marks:
            marks = tuple(dict.fromkeys(each for each in near if each.document_id == id))[:1]
        return LitSource(document, marks, current, marking.sentences_of(document.text))

    def _again(
        self, quotes: Sequence[Mapping[str, str]], places: Sequence[Span | None]
    ) -> Span | None:
        """Where the first lost quote of a key point may stand now."""
        for quote, place in zip(quotes, places, strict=True):
            if place is None:
                near = documents_near(quote["quote"], quote["document_id"], self.assistant)
                return next((each.span for each in find_again(quote["quote"], near)), None)
        return None

    def _near(self, reviewed: ReviewedCase) -> list[Span]:
        hits = self.assistant.search(reviewed.row.question).hits
        return [hit.chunk.span for hit in hits][:NEAREST]

    def _place_of(self, quote: Mapping[str, str]) -> Span | None:
        """Where a quote stands in its document; None where it does not, or several times."""
        document = self._found(quote["document_id"])
        text = document.text if document else ""
        start = text.find(quote["quote"])
        if start < 0 or text.find(quote["quote"], start + 1) >= 0:
            return None
        return Span(quote["document_id"], start, start + len(quote["quote"]))

    def _found(self, id: str) -> Document | None:
        try:
            return self._document(id) if id else None
        except FootnoteError:
            return None

    def _document(self, id: str) -> Document:
        try:
            return self.assistant.library.document(id)
        except UnicodeEncodeError as error:  # a lone surrogate
            raise NoSuchDocument("There is no such source.", "Reload the page.") from error


# --- requests and replies ---------------------------------------------------------------------


def _changes(form: Fields) -> Changes:
    """What a form says of question, kind and right answers. Raises `NotACase`."""
    question = one_line(form.get("question", ""))
    if not question and "question" in form:
        raise NotACase("The case has no question.", "Write one, or drop the case.")
    kind = cast(Kind, form["kind"]) if form.get("kind") in KINDS else None
    gold = None
    if "gold" in form:
        gold = tuple(filter(None, map(one_line, form["gold"].splitlines())))[:MAX_GOLD]
    return Changes(question or None, kind, gold)


def _as_stored(words: str, stored: str) -> str:
    """Marked words as they are stored: forms send every line end as CR LF."""
    same = _LINE_END.sub("\n", words) == _LINE_END.sub("\n", stored)
    return stored if same else words


def _problem(error: Exception) -> str:
    """In the language of the page, where there are words for it."""
    if isinstance(error, marking.MarkingError):
        return translate(_MARKING[error.fault])
    if isinstance(error, IndexError):
        return translate(_PROBLEMS[DecidedMeanwhile])
    known = _PROBLEMS.get(cast(type[FootnoteError], type(error)))
    return translate(known) if known else str(error)


async def _form(request: Request) -> dict[str, str] | None:
    """The fields of a form, each once; None for what is none."""
    written = b""
    async for piece in request.stream():
        written += piece
        if len(written) > MAX_BODY_BYTES:
            return None
    try:
        pairs = parse_qsl(
            written.decode("ascii"), keep_blank_values=True, max_num_fields=50, errors="strict"
        )
    except ValueError:
        return None
    return dict(pairs)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _done(query: Fields) -> Done | None:
    done = query.get("done", "")
    return next((each for each in case_review_page.DONE if each == done), None)


def _to(page: str, **values: str | None) -> Response:
    from starlette.responses import RedirectResponse

    query = urlencode({name: value for name, value in values.items() if value})
    return RedirectResponse(f"{page}?{query}" if query else page, 303, HEADERS)


def _to_start(_: Request) -> Response:
    from starlette.responses import RedirectResponse

    return RedirectResponse(f"{PATH}/", 303, HEADERS)


def _script(_: Request) -> Response:
    from starlette.responses import Response

    script = (ASSETS / "case_review" / case_review_page.SCRIPT).read_bytes()
    # The address changes with the script; each page would wait for it otherwise.
    headers = HEADERS | {"Cache-Control": "private, max-age=86400, immutable"}
    return Response(script, headers=headers, media_type="text/javascript")


def _html(page: str, status: int = 200) -> Response:
    from starlette.responses import HTMLResponse

    return HTMLResponse(page.encode(errors="replace"), status, HEADERS)
