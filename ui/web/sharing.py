"""Sharing a conversation by a link: endpoints for its owner, and the page that the link opens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from ui.gate.security_headers import STRICT_POLICY
from ui.gate.sign_in import SHARED
from ui.records.share_links import NoSuchLink, ShareLink
from ui.stylesheets import standalone_css
from ui.translation import translate, translate_count
from ui.web.json_replies import NotOffered, with_json

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from ui.gate.sign_in import Access
    from ui.records.history import History
    from ui.records.share_links import ShareLinks

_HEADERS = {
    "Content-Security-Policy": STRICT_POLICY,
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
}


@dataclass(frozen=True)
class Sharing:
    """The endpoints, over the conversations of all owners."""

    history: History
    links: ShareLinks
    access: Access

    def routes(self) -> Sequence[BaseRoute]:
        from starlette.routing import Route

        one = "/share/{conversation}"
        return [
            Route("/share", with_json(self.offer)),
            Route(one, with_json(self.state), methods=["GET"]),
            Route(one, with_json(self.share), methods=["POST"]),
            Route(one, with_json(self.withdraw), methods=["DELETE"]),
            Route(f"{SHARED}{{token}}", self.page),
        ]

    def offer(self, request: Request, _: Mapping[str, Any]) -> dict[str, Any]:
        """Whether conversations can be shared here, and who could read them."""
        return {"offered": self.access.shares, "readers": self._readers()}

    def state(self, request: Request, _: Mapping[str, Any]) -> dict[str, Any]:
        """The link to a conversation of the one who asks, where there is one."""
        owner, conversation = self._named(request)
        return self._document(self.links.of(owner, conversation), owner, conversation)

    def share(self, request: Request, _: Mapping[str, Any]) -> dict[str, Any]:
        """Make the link, or renew it: it then shows the questions of now."""
        owner, conversation = self._named(request)
        return self._document(self.links.share(owner, conversation), owner, conversation)

    def withdraw(self, request: Request, _: Mapping[str, Any]) -> dict[str, Any]:
        """End the link."""
        owner, conversation = self._named(request)
        self.links.withdraw(owner, conversation)
        return self._document(None, owner, conversation)

    def page(self, request: Request) -> Response:
        """What a link opens: the questions and answers, to read."""
        from starlette.responses import HTMLResponse

        from ui.records.export_content import export_content
        from ui.records.export_html import write_html

        try:
            if not self.access.shares:
                raise NoSuchLink
            shared = self.links.read(request.path_params["token"])
        except NoSuchLink as error:
            return HTMLResponse(_gone(error), 404, _HEADERS)
        notice = f"Shared on {shared.shared_on}, to read only."
        page = write_html(export_content(shared.exchanges, shared.title), notice)
        return HTMLResponse(page.encode(errors="replace"), headers=_HEADERS)

    def _named(self, request: Request) -> tuple[str, str]:
        if not self.access.shares:
            raise NotOffered(
                "Conversations cannot be shared here: only this machine reaches the page, or"
                " sharing is switched off.",
                "Start it with --host or --root-path, and without --share-links nobody.",
            )
        return self.access.owner(request), request.path_params["conversation"]

    def _document(self, link: ShareLink | None, owner: str, conversation: str) -> dict[str, Any]:
        """The state of a link for the page. Raises `NoSuchConversation`."""
        total = len(self.history.exchanges(owner, conversation))
        shown = len(link.exchange_ids) if link else 0
        return {
            "path": f"{SHARED[1:]}{link.token}" if link else None,
            "shows": translate_count(shown, "{n} question", "{n} questions"),
            "later": max(0, total - shown) if link else 0,
            "total": translate_count(total, "{n} question", "{n} questions"),
            "readers": self._readers(),
        }

    def _readers(self) -> str:
        """Who may open a link, in one sentence."""
        if self.access.readers == "anyone":
            return translate("Anyone who has the link can read it, without signing in.")
        if self.access.users:
            return translate("Only people who can sign in here can read it.")
        return translate("Anyone who reaches this server and has the link can read it.")


def _gone(error: NoSuchLink) -> str:
    words = escape(f"{error.problem} {error.remedy}")
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(error.problem)}</title><style>{standalone_css('export')}</style></head>"
        f'<body class="fn-export"><main><h1>Not found</h1><p class="fn-notice">{words}</p></main>'
        "</body></html>"
    )
