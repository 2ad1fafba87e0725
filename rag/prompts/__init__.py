"""Prompt files for chat models, and their rendering to messages.

A prompt file is a conversation: ``## system``, ``## user`` and ``## assistant`` headings, each
followed by its text, in which ``$names`` are filled in. Everything before the first ``$name`` is
the same for every question, so servers can keep it cached.
"""

from __future__ import annotations

import re
from hashlib import sha256
from importlib.resources import files
from string import Template
from typing import Literal, cast

from rag.types import Message

_HEADING = re.compile(r"^## (system|user|assistant)\n", re.MULTILINE)

Role = Literal["system", "user", "assistant"]


def render_prompt(name: str, **values: str) -> list[Message]:
    """The messages of the prompt file `name`, with `values` in place of its ``$names``.

    A ``$name`` inside a value stays as it is. Raises `KeyError` when a value is missing.
    """
    _, *parts = _HEADING.split(prompt_text(name))
    pairs = zip(parts[::2], parts[1::2], strict=True)
    return [
        Message(cast(Role, role), Template(body.strip()).substitute(values)) for role, body in pairs
    ]


def prompt_text(name: str) -> str:
    """The text of the prompt file `name` (without its ending), as it is written."""
    return (files(__package__) / f"{name}.md").read_text(encoding="utf-8")


def prompts_digest(*names: str) -> str:
    """16 hexadecimal digits that identify the wording of the prompt files `names`."""
    return sha256("\0".join(prompt_text(name) for name in names).encode()).hexdigest()[:16]
