"""Turns every error of a command into one line on standard error and an exit code.

Never a traceback, unless ``--debug`` asks for it.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import typer
from typer.core import TyperGroup

from rag.errors import FootnoteError

EXIT_UNEXPECTED = 70  # EX_SOFTWARE of sysexits.h
EXIT_INTERRUPTED = 130  # as a shell counts a process that SIGINT ended
EXIT_PIPE_CLOSED = 141  # the same for SIGPIPE


class ErrorHandlingGroup(TyperGroup):
    """A group of commands whose errors become one line and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        _replace_unencodable(sys.stdin, sys.stdout, sys.stderr)
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()  # a closed pipe should show here, not at the interpreter's exit
        except (typer.Exit, typer.Abort, typer.TyperException):
            raise
        except (Exception, KeyboardInterrupt) as error:
            raise typer.Exit(_exit_code(error, debug=ctx.params["debug"])) from None
        return result


def _exit_code(error: BaseException, *, debug: bool) -> int:
    """Print the error; returns the exit code."""
    if isinstance(error, BrokenPipeError):  # the reader has seen enough
        _discard_output()
        return EXIT_PIPE_CLOSED
    if debug:
        import traceback

        traceback.print_exception(error)
    if isinstance(error, KeyboardInterrupt):
        return EXIT_INTERRUPTED
    if isinstance(error, FootnoteError):
        _print_error(str(error))
        return error.exit_code
    _print_error(
        f"Something went wrong that should not have ({type(error).__name__})."
        " Please report it, with what `footnote --debug` prints before the same command."
    )
    return EXIT_UNEXPECTED


def _print_error(message: str) -> None:
    from ui.shell.screen import Screen
    from ui.shell.terminal_rows import error_row

    Screen().message(error_row(message))


def _discard_output() -> None:
    """Send what is still buffered nowhere, or Python complains of it at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _replace_unencodable(*streams: Any) -> None:
    """Let no character that a stream cannot encode or decode end the program."""
    for stream in streams:
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
