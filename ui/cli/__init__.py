"""The `footnote` command: its subcommands, their options, and how errors end them."""

from ui.cli.commands import app

__all__ = ["app"]
