"""How is a prompt file turned into messages?

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
    """The messages of the prompt file `name`; values are inserted as they are, never re-read.

    Raises `KeyError` when a name of the file is not given.
    """
    _, *parts = _HEADING.split(prompt_text(name))
    pairs = zip(parts[::2], parts[1::2], strict=True)
    return [
        Message(cast(Role, role), Template(body.strip()).substitute(values)) for role, body in pairs
    ]


def prompt_text(name: str) -> str:
    """The prompt file as it is written."""
    return (files(__package__) / f"{name}.md").read_text(encoding="utf-8")


def prompts_digest(*names: str) -> str:
    """Identifies the wording of some prompt files, 16 hexadecimal digits."""
    return sha256("\0".join(prompt_text(name) for name in names).encode()).hexdigest()[:16]
