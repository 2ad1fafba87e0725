"""Prompt files for chat models, and their rendering to messages.

A prompt file is a conversation: ``## system``, ``## user`` and ``## assistant`` headings, each
followed by its text, in which ``$names`` are filled in. Everything before the first ``$name`` is
the same for every question, so servers can keep it cached.

A person may replace prompts by files of the same names in a folder of their own (`read_prompts`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Literal, cast

from rag.errors import SettingsError, printable_line
from rag.types import Message

_HEADING = re.compile(r"^## (system|user|assistant)\n", re.MULTILINE)

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class Prompts:
    """The prompt files, some of them `replaced`: texts by the name of the file."""

    replaced: tuple[tuple[str, str], ...] = ()

    def text(self, name: str) -> str:
        """The text of the prompt `name`, as it is written."""
        return dict(self.replaced).get(name) or prompt_text(name)

    def render(self, name: str, **values: str) -> list[Message]:
        """The messages of the prompt `name`, with `values` in place of its ``$names``.

        A ``$name`` inside a value stays as it is. Raises `KeyError` when a value is missing.
        """
        return [
            Message(role, Template(body.strip()).substitute(values))
            for role, body in _parts(self.text(name))
        ]

    def digest(self, *names: str) -> str:
        """16 hexadecimal digits that identify the wording of these prompts; of all without one."""
        texts = (self.text(name) for name in names or prompt_names())
        return sha256("\0".join(texts).encode()).hexdigest()[:16]


PACKAGED = Prompts()


def prompts_of(model: object) -> Prompts:
    """The prompts that a chat model is asked with: its own where it has `prompts`."""
    found = getattr(model, "prompts", PACKAGED)
    return found if isinstance(found, Prompts) else PACKAGED


def render_prompt(name: str, **values: str) -> list[Message]:
    """The messages of the packaged prompt `name`; see `Prompts.render`."""
    return PACKAGED.render(name, **values)


def prompt_names() -> list[str]:
    """The names of the packaged prompts, without ending, in order."""
    names = (file.name for file in files(__package__).iterdir())
    return sorted(name.removesuffix(".md") for name in names if name.endswith(".md"))


def prompt_text(name: str) -> str:
    """The text of the prompt file `name` (without its ending), as it is written."""
    return (files(__package__) / f"{name}.md").read_text(encoding="utf-8")


def prompts_digest(*names: str) -> str:
    """16 hexadecimal digits that identify the wording of the packaged prompts `names`."""
    return PACKAGED.digest(*names)


def _parts(text: str) -> list[tuple[Role, str]]:
    _, *parts = _HEADING.split(text)
    return [(cast(Role, role), body) for role, body in zip(parts[::2], parts[1::2], strict=True)]


# --- prompts of one's own ---------------------------------------------------------------------


def read_prompts(folder: Path | None) -> Prompts:
    """The prompts with those replaced that the folder has under the same name; None: the packaged
    ones. Raises `SettingsError` for a file that is no prompt of that name."""
    if folder is None:
        return PACKAGED
    try:
        texts = {path.name: path.read_text("utf-8-sig") for path in sorted(folder.glob("*.md"))}
    except (OSError, UnicodeError) as error:
        raise _error(f"A prompt in {folder} cannot be read ({error})") from error
    if not texts:
        raise _error(f"There is no prompt in the folder {folder}")
    for name, text in texts.items():
        if fault := _fault(name.removesuffix(".md"), text):
            raise _error(f"{name} {fault}")
    return Prompts(tuple((name.removesuffix(".md"), text) for name, text in texts.items()))


def _fault(name: str, text: str) -> str:
    """Why a text is no prompt of that name; "" where it is one."""
    if name not in prompt_names():
        return f"replaces no prompt: there are {', '.join(prompt_names())}"
    template, wanted = Template(text), Template(prompt_text(name)).get_identifiers()
    if not template.is_valid():
        return "has a $ that begins no name; write $$ for the sign"
    found = template.get_identifiers()
    if missing := [each for each in wanted if each not in found]:
        return f"does not have ${missing[0]}"
    if unknown := [each for each in found if each not in wanted]:
        return f"has ${unknown[0]}, which is never filled in"
    roles = [role for role, _ in _parts(text)]
    spoken = roles[1:] if roles[:1] == ["system"] else roles
    if spoken != ["user", "assistant"] * (len(spoken) // 2) + ["user"]:
        return "is no conversation: user and assistant take turns, and the user is the last"
    return ""


def _error(problem: str) -> SettingsError:
    return SettingsError(
        f"{printable_line(problem)}.",
        "FOOTNOTE_PROMPTS_DIR is a folder with copies of files of rag/prompts, changed.",
    )
