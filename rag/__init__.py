"""Footnote answers questions about articles and ties every sentence to its source.

In a program:

    import rag

    with rag.open() as assistant:
        for event in assistant.index([Path("articles")]):
            print(event)
        print(assistant.ask("what tariff rate applies to fentanyl?").text)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rag.assistant import Assistant
    from rag.cancellation import Cancellation
    from rag.errors import FootnoteError
    from rag.settings import Settings
    from rag.types import Answer, Citation, Claim, Document, Passage, Span, Turn
else:

    def __getattr__(name: str) -> object:
        """The public names, loaded when they are first used: their libraries are heavy."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_HOMES[name]), name)


__all__ = [
    "Answer",
    "Assistant",
    "Cancellation",
    "Citation",
    "Claim",
    "Document",
    "FootnoteError",
    "Passage",
    "Settings",
    "Span",
    "Turn",
    "open",
]

_HOMES = {
    "Assistant": "rag.assistant",
    "FootnoteError": "rag.errors",
    "Settings": "rag.settings",
    "Stop": "rag.cancellation",
    **dict.fromkeys(
        ("Answer", "Citation", "Claim", "Document", "Passage", "Span", "Turn"), "rag.types"
    ),
}


def open(**settings: Any) -> Assistant:
    """An assistant over the library in the data directory; close it, or use it in a ``with``.

    `settings` are fields of `Settings`, and win over the environment. Raises `SettingsError`,
    `LibraryError`.
    """
    from rag.build import build
    from rag.settings import load_settings

    return build(load_settings(**settings))
