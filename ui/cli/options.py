"""What the commands share: their options, the assistant that they open, and how they print JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rag.assistant import Assistant
    from rag.settings import Settings
    from ui.shell.screen import Screen

Docs = Annotated[
    list[str] | None, typer.Option("--doc", metavar="ID", help="Only this document (repeatable).")
]
Model = Annotated[
    str | None, typer.Option(metavar="NAME", help='Chat model; "local" is the embedded one.')
]
BaseUrl = Annotated[str | None, typer.Option(metavar="URL", help="OpenAI-compatible chat server.")]
K = Annotated[int | None, typer.Option(help="Chunks taken from each search.")]
Budget = Annotated[int | None, typer.Option(help="Tokens of passages shown to the model.")]
MaxTokens = Annotated[int | None, typer.Option(help="Longest reply, in tokens.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def command_settings(ctx: typer.Context, **chosen: Any) -> Settings:
    """The settings in force; the options of the command win."""
    from rag.settings import load_settings

    return load_settings(data_dir=ctx.obj, **chosen)


@contextmanager
def open_assistant(settings: Settings, *, seeds: bool = True) -> Iterator[tuple[Assistant, Screen]]:
    """The assistant, with the seed articles where nothing was ever indexed, and the screen."""
    from ui.shell.screen import Screen

    with Screen() as screen:
        screen.show_activity("Starting")
        with build_assistant(settings, screen.show_progress) as assistant:
            if seeds:
                assistant.ensure_seeds()
            screen.clear_activity()
            yield assistant, screen


def build_assistant(settings: Settings, on_progress: Callable[[str, int, int], None]) -> Assistant:
    """The assistant of a command; tests replace this function."""
    import rag

    return rag.open(settings, on_progress=on_progress)


def privacy_note(settings: Settings) -> str:
    """Which model is used, and whether text leaves this machine."""
    from ui.settings_summary import model_name, privacy_sentence

    model = (
        "No language model is asked: passages are quoted."
        if settings.provider == "none"
        else f"Asking {model_name(settings)}."
    )
    return f"{model} {privacy_sentence(settings)}"


def print_json(document: object) -> None:
    """UTF-8 whatever the locale, as the standard of JSON wants it."""
    from ui.safe_text import json_safe

    text = json_safe(json.dumps(document, ensure_ascii=False, indent=2))
    typer.echo(f"{text}\n".encode(), nl=False)
