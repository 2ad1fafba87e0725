"""How does a handler get its parts by name, and where do its errors go?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import gradio as gr

from rag.errors import FootnoteError
from ui.gate.access import Access
from ui.views import frame
from ui.web.page import Parts
from ui.web.windows import Who

Data = Mapping[str, str]
"""What the element that was acted on says of itself: its data attributes."""
Names = tuple[str, ...]
Handle = Callable[..., Any]


class Wiring:
    """Gives handlers their parts by name, and shows their errors in the page."""

    def __init__(self, parts: Mapping[str, Any], access: Access) -> None:
        self.parts = parts
        self.access = access

    def on(self, event: Any, handle: Handle, given: Names, changed: Names, **options: Any) -> Any:
        """Change parts at once: `handle(who, data, *given)` gives them."""

        def run(evt: gr.EventData, request: gr.Request, *values: Any) -> Any:
            with _told() as told:
                told.parts = handle(self._who(request), _data(evt), *values) or {}
            return self.values(told.parts, changed)

        return self._listen(event, run, given, changed, queue=False, **options)

    def follow(self, event: Any, handle: Handle, given: Names, changed: Names) -> Any:
        """Change parts again and again: `handle(who, data, *given)` yields them."""

        def run(evt: gr.EventData, request: gr.Request, *values: Any) -> Iterator[Any]:
            with _told() as told:
                for parts in handle(self._who(request), _data(evt), *values):
                    yield self.values(parts, changed)
            # Also where there is nothing to say: of no value at all, Gradio makes empty parts.
            yield self.values(told.parts, changed)

        # Else Gradio drops what is begun before the last one has ended; `handle` decides that.
        return self._listen(event, run, given, changed, trigger_mode="multiple")

    def _who(self, request: gr.Request) -> Who:
        return Who(self.access.owner(request), request.session_hash or "")

    def values(self, parts: Parts, changed: Names) -> Any:
        """What Gradio is given for the parts named; those that do not change are passed over."""
        values = [parts.get(name, gr.skip()) for name in changed]
        return values[0] if len(values) == 1 else values or None

    def _listen(self, event: Any, run: Any, given: Names, changed: Names, **options: Any) -> Any:
        return event(
            run,
            [self.parts[name] for name in given],
            [self.parts[name] for name in changed],
            show_progress="hidden",
            api_visibility="private",
            **options,
        )


@dataclass
class _Told:
    parts: Parts = field(default_factory=dict)


@contextmanager
def _told() -> Iterator[_Told]:
    """An error becomes a notice in the page."""
    told = _Told()
    try:
        yield told
    except FootnoteError as error:
        told.parts = {"notice": frame.notice(str(error))}


def _data(event: gr.EventData) -> dict[str, str]:
    """What the element that was acted on says of itself: its data attributes, as strings."""
    data = event._data if isinstance(event._data, dict) else {}
    return {str(name): str(value)[:2000] for name, value in data.items()}
