"""What a model has written, kept in a file until the drafts are.

A start that broke off, by a crash or a signal, is gone on with by the same command: a prompt whose
reply is there is not sent again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from rag.types import Message


@dataclass(slots=True)
class KeptReplies:
    """Replies by model and prompt, in `file`, a line each. A file that cannot be read or written
    keeps nothing: it is there to save time."""

    file: Path
    _known: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, out: Path) -> KeptReplies:
        """Those of the drafts that are to be written to `out`, in a hidden file beside it."""
        kept = cls(out.with_name(f".{out.name}.replies"))
        with suppress(OSError, UnicodeError):
            for line in kept.file.read_text(encoding="utf-8").split("\n"):
                kept._read(line)
        return kept

    def get(self, model: str, prompt: Sequence[Message]) -> str | None:
        """The reply to a prompt; None where there is none."""
        return self._known.get(_key(model, prompt))

    def add(self, model: str, prompt: Sequence[Message], reply: str) -> None:
        """Keep a reply, on disk at once."""
        key = _key(model, prompt)
        self._known[key] = reply
        with suppress(OSError), self.file.open("a", encoding="utf-8", errors="replace") as written:
            written.write(
                "\n" + json.dumps({"prompt": key, "reply": reply})
            )  # the last may be torn

    def remove(self) -> None:
        """Remove the file."""
        with suppress(OSError):
            self.file.unlink(missing_ok=True)

    def _read(self, line: str) -> None:
        """A line that a crash cut short is left out."""
        with suppress(ValueError, TypeError, KeyError):
            row = json.loads(line)
            if isinstance(row["reply"], str):
                self._known[str(row["prompt"])] = row["reply"]


def _key(model: str, prompt: Sequence[Message]) -> str:
    told = json.dumps([model, *([each.role, each.content] for each in prompt)])
    return sha256(told.encode()).hexdigest()
