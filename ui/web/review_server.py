"""Serves the review of a file of cases to browsers (`footnote eval review FILE --page`).

It listens on this machine only. Without a file of users, only who opens the printed address is let
in, because the address has a key; with one, whoever signs in reviews under that name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eval.reviewing.review_file import open_review
from ui.gate.link_key import QUERY, LinkKey, new_key
from ui.web import server
from ui.web.case_review import PATH, CaseReviewPages

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from rag.assistant import Assistant

HOST = "127.0.0.1"
_STATES = ("accepted", "edited", "dropped", "open")


def create_review_app(pages: CaseReviewPages, key: str | None) -> Starlette:
    """The application over an open file of cases; `key` is that of the address, None where people
    sign in."""
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.middleware.gzip import GZipMiddleware

    from ui.gate.request_guard import RequestGuard
    from ui.gate.request_limits import RequestLimits
    from ui.gate.security_headers import SecurityHeaders
    from ui.web.page_request import PersonalPage

    middleware = [  # the first one is the outermost
        Middleware(GZipMiddleware, minimum_size=10_000, compresslevel=5),
        Middleware(SecurityHeaders),
        Middleware(RequestLimits),
        Middleware(RequestGuard, access=pages.access),
        *([Middleware(LinkKey, key=key)] if key else []),
        Middleware(PersonalPage),
    ]
    return Starlette(routes=pages.routes(), middleware=middleware)


def serve_review(  # noqa: PLR0913
    file: Path,
    assistant: Assistant,
    reviewer: str,
    say: Callable[[str], None],
    *,
    port: int | None = None,
    auth_file: Path | None = None,
    added: Iterable[dict[str, Any]] = (),
    thumbs: Callable[[], Iterable[dict[str, Any]]] = list,
    other: Path | None = None,
) -> None:
    """Serve the review of `file` until it is interrupted; `reviewer`, `thumbs` and `other` as in
    `CaseReviewPages`, `added` are cases that are put into the file at once.

    Raises `CaseError`, `ReviewError`, `PortTaken`, `SettingsError`.
    """
    import uvicorn

    from ui.gate.sign_in import Access

    access = Access.of(HOST, auth_file)
    key = None if access.users else new_key()
    with (
        open_review(file, lambda id: assistant.library.document(id).text) as opened,
        server.ending_in_order(),
        closing(server.listening_socket(HOST, port)) as listening,
    ):
        opened.add(added)
        pages = CaseReviewPages(opened, assistant, access, reviewer, thumbs, other)
        config = uvicorn.Config(
            create_review_app(pages, key),
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=server.SHUTDOWN_TIMEOUT_S,
            server_header=False,
        )
        address = server.address_of(HOST, listening.getsockname()[1])
        say(f"{address.rstrip('/')}{PATH}/" + (f"?{QUERY}={key}" if key else ""))
        try:
            uvicorn.Server(config).run(sockets=[listening])
        finally:
            counts = opened.counts()
            states = [f"{counts[state]} {state}" for state in _STATES if counts[state]]
            say(f"{file.name}: {', '.join(states)}.")
