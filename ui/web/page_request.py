"""Applies a person's settings of the page to what they request.

The page itself gets its language, theme and text size before it is drawn; everything that is
rendered for a request is rendered in its language.
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeVar

from ui.gate.security_headers import inner_path
from ui.page_settings import PageSettings, using_settings
from ui.translation import script_texts

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

Step = TypeVar("Step")
# Exports are in English, so that `footnote verify` can read them, and so is a shared conversation,
# which is one; so is what programs ask for.
# What Gradio's events render is in the language that `ui.web.event_binding` sets.
_ENGLISH = re.compile(r"/(?:export|shared|v1|mcp|gradio_api)/.*")
_PAPER = {"light": "#fbfaf7", "dark": "#15171a"}  # --fn-paper, until the style sheets are there


def request_settings(request: Any) -> PageSettings:
    """The settings of whoever sent a request of Starlette's or Gradio's."""
    inner = getattr(request, "request", None) or request
    return PageSettings.of(inner.cookies, inner.headers.get("accept-language", ""))


def with_settings(settings: PageSettings, steps: Generator[Step, None, None]) -> Iterator[Step]:
    """The same steps, each computed with `settings` as the current ones.

    Gradio computes each in a context of its own, so that they do not last from one to the next.
    """
    try:
        while True:
            with using_settings(settings):
                try:
                    step = next(steps)
                except StopIteration:
                    return
            yield step
    finally:
        with using_settings(settings):
            steps.close()


class PersonalPage:
    """Wraps an ASGI application: the page and other rendered pages follow the settings of whoever
    requests them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = inner_path(scope) if scope["type"] == "http" else ""
        if not path or _ENGLISH.fullmatch(path):
            await self._app(scope, receive, send)
            return
        from starlette.requests import Request

        settings = request_settings(Request(scope))
        reply = _Reply(send, settings).send if path == "/" else send
        with using_settings(settings):
            await self._app(scope, receive, reply)


class _Reply:
    """Sends on the page; Gradio's template comes as one piece."""

    def __init__(self, send: Send, settings: PageSettings) -> None:
        self._send = send
        self._settings = settings
        self._start: Message | None = None

    async def send(self, message: Message) -> None:
        from starlette.datastructures import MutableHeaders

        if message["type"] == "http.response.start":
            self._start = message
            return
        if self._start:
            headers = MutableHeaders(scope=self._start)
            if headers.get("content-type", "").startswith("text/html"):
                body = personal_page(message["body"], self._settings)
                message = {**message, "body": body}
                headers["content-length"] = str(len(body))
            await self._send(self._start)
            self._start = None
        await self._send(message)


def personal_page(page: bytes, settings: PageSettings) -> bytes:
    """Gradio's page with a person's language, theme and text size in its first tags."""
    language, theme = settings.language, settings.theme
    chosen = {name: value for name, value in asdict(settings).items() if name != "language"}
    data = "".join(f' data-{name}="{value}"' for name, value in chosen.items())
    root = f'<html lang="{language}"{data}'
    texts = _json_for_script(dict(script_texts(language)))
    # A text's {placeholders} stand for `values`.
    script = (
        f"const texts = {texts}; window.footnoteSay = (english, values = {{}}) =>"
        r" (texts[english] ?? english).replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);"
    )
    # Gradio's own few words follow this property.
    script += f'Object.defineProperty(navigator, "language", {{ value: "{language}" }});'
    papers = [_PAPER.get(theme, _PAPER[each]) for each in ("light", "dark")]
    style = f":root {{ --bg: {papers[0]}; --bg-dark: {papers[1]} }}"
    mode = f' theme_mode="{theme}"' if theme != "system" else ""
    for old, new in (
        (rb'<html\s+lang="en"', root),
        (rb"<head>", f"<head><script>{{ {script} }}</script>"),
        (rb"</head>", f"<style>{style}</style></head>"),
        (rb"<gradio-app\b", f"<gradio-app{mode}"),
    ):
        page = re.sub(old, new.encode().replace(b"\\", rb"\\"), page, count=1)
    return page


def _json_for_script(value: Any) -> str:
    """JSON that cannot end the script that it stands in."""
    return json.dumps(value).replace("<", "\\u003c")
