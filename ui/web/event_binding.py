"""Binds Gradio events to handlers: passes parts of the page by name, shows errors as notices."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import gradio as gr

from rag.errors import FootnoteError
from ui.gate.sign_in import Access
from ui.page_settings import using_settings
from ui.views import page_frame
from ui.web.browser_windows import BrowserWindow
from ui.web.conversation_parts import Parts
from ui.web.page_request import request_settings, with_settings

ElementData = Mapping[str, str]
"""The data attributes of the element that was acted on."""
PartNames = tuple[str, ...]
Handler = Callable[..., Any]


class EventBinding:
    """Binds handlers to events. `parts` are Gradio's components by name."""

    def __init__(self, parts: Mapping[str, Any], access: Access) -> None:
        self.parts = parts
        self.access = access

    def bind(
        self, event: Any, handler: Handler, inputs: PartNames, outputs: PartNames, **options: Any
    ) -> Any:
        """Change `outputs` once: `handler(window, data, *inputs)` returns them by name."""

        def run(event_data: gr.EventData, request: gr.Request, *values: Any) -> Any:
            with _errors_as_notices() as shown, using_settings(request_settings(request)):
                shown.parts = handler(self.window(request), _data(event_data), *values) or {}
            return self.values(shown.parts, outputs)

        return self._listen(event, run, inputs, outputs, queue=False, **options)

    def bind_stream(
        self, event: Any, handler: Handler, inputs: PartNames, outputs: PartNames
    ) -> Any:
        """Change `outputs` repeatedly: `handler(window, data, *inputs)` yields them by name."""

        def run(event_data: gr.EventData, request: gr.Request, *values: Any) -> Iterator[Any]:
            with _errors_as_notices() as shown:
                settings = request_settings(request)
                with using_settings(settings):
                    steps = handler(self.window(request), _data(event_data), *values)
                for parts in with_settings(settings, steps):
                    yield self.values(parts, outputs)
            # Also where there is no error: without any value, Gradio empties the parts.
            yield self.values(shown.parts, outputs)

        # Otherwise Gradio drops an event while the last one is handled; `handler` decides that.
        return self._listen(event, run, inputs, outputs, trigger_mode="multiple")

    def window(self, request: gr.Request) -> BrowserWindow:
        """The window that sent a request. Raises `UnknownOwner`."""
        return BrowserWindow(self.access.owner(request), request.session_hash or "")

    def values(self, parts: Parts, outputs: PartNames) -> Any:
        """The values of `outputs` for Gradio; parts that do not change are skipped."""
        values = [parts.get(name, gr.skip()) for name in outputs]
        return values[0] if len(values) == 1 else values or None

    def _listen(
        self, event: Any, run: Any, inputs: PartNames, outputs: PartNames, **options: Any
    ) -> Any:
        return event(
            run,
            [self.parts[name] for name in inputs],
            [self.parts[name] for name in outputs],
            show_progress="hidden",
            api_visibility="private",
            **options,
        )


@dataclass
class _Shown:
    parts: Parts = field(default_factory=dict)


@contextmanager
def _errors_as_notices() -> Iterator[_Shown]:
    """An error becomes a notice in the page."""
    shown = _Shown()
    try:
        yield shown
    except FootnoteError as error:
        shown.parts = {"notice": page_frame.notice(str(error))}


def _data(event: gr.EventData) -> dict[str, str]:
    """The data attributes of the element that was acted on, as strings."""
    data = event._data if isinstance(event._data, dict) else {}
    return {str(name): str(value)[:2000] for name, value in data.items()}
