"""Asks a language model whether quotes support a claim, each only once.

Each is asked of once: what was said is kept in a file, found again by the sha256 of all that it
depends on. Claims and quotes are data from anywhere: they stand between fences that they cannot
close. What the model replies is validated, and a failure is never kept.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from eval.judging.kappa import Verdict
from eval.runs.listing import RunError
from eval.text_format import one_line
from rag.errors import ModelError, ModelRefused
from rag.internals import OpenAIChat
from rag.types import Message

MAX_FAILURES_IN_A_ROW = 5  # failures in a row, after which no more is asked
REASON_CHARS = 500


class Opinion(BaseModel):
    """A verdict on a claim. The reason comes first: a model that gives it decides better."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    reason: str
    verdict: Verdict


class ModelJudge:
    """Asks `chat` for opinions. `identity` identifies it: whatever may change its opinion."""

    def __init__(
        self,
        chat: OpenAIChat,
        identity: Sequence[object],
        cache: OpinionCache,
        *,
        max_tokens: int,
    ) -> None:
        self._chat = chat
        self._asked_of = [*identity, prompt_digest()]
        self._cache = cache
        self._max_tokens = max_tokens
        self._failures = 0  # in a row

    def known(self, claim: str, quotes: Sequence[str]) -> Opinion | None:
        """What was said before of this claim with these quotes."""
        return self._cache.get(self._key(claim, quotes))

    def ask(self, claim: str, quotes: Sequence[str]) -> Opinion:
        """One request. Raises a `ModelError` where it fails, and at once after
        `MAX_FAILURES_IN_A_ROW` failures in a row; `SettingsError` for a server that has no address;
        `RunError` where the opinion cannot be kept."""
        if self._failures >= MAX_FAILURES_IN_A_ROW:
            raise ModelRefused(
                f"Not asked: {MAX_FAILURES_IN_A_ROW} requests in a row had failed.", "Ask again."
            )
        try:
            reply = self._chat.structured(
                judge_messages(claim, quotes), Opinion, max_tokens=self._max_tokens
            )
        except ModelError:
            self._failures += 1
            raise
        self._failures = 0
        opinion = reply.model_copy(update={"reason": one_line(reply.reason, REASON_CHARS)})
        self._cache.add(self._key(claim, quotes), opinion)
        return opinion

    def _key(self, claim: str, quotes: Sequence[str]) -> str:
        return _digest([*self._asked_of, claim, list(quotes)])


class OpinionCache:
    """Opinions by key, in `file`: a JSON line each. A line that is none is passed over, which
    costs a request. Raises `RunError` where the file cannot be read."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known: dict[str, Opinion] = {}
        try:
            data = file.read_bytes()
        except FileNotFoundError:
            data = b""
        except OSError as error:
            raise _unusable(file, error) from error
        self._is_torn = not data.endswith(b"\n") and bool(data)
        for line in data.split(b"\n"):
            self._read(line)

    def _read(self, line: bytes) -> None:
        try:
            cached = _Kept.model_validate_json(line)
        except ValidationError:
            return
        self._known[cached.key] = Opinion(reason=cached.reason, verdict=cached.verdict)

    def get(self, key: str) -> Opinion | None:
        return self._known.get(key)

    def add(self, key: str, opinion: Opinion) -> None:
        """Raises `RunError`."""
        cached = _Kept(key=key, reason=opinion.reason, verdict=opinion.verdict)
        line = f"{cached.model_dump_json()}\n"
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("a", encoding="utf-8") as written:
                written.write(f"\n{line}" if self._is_torn else line)
        except OSError as error:
            raise _unusable(self._file, error) from error
        self._is_torn = False
        self._known[key] = opinion


class _Kept(Opinion):
    key: str


def _unusable(file: Path, error: OSError) -> RunError:
    return RunError(
        f"The judge's opinions cannot be kept in {file} ({error.strerror or error}).",
        "Make room, or choose another folder with --data-dir.",
    )


# --- what is asked ----------------------------------------------------------------------------


def judge_messages(claim: str, quotes: Sequence[str]) -> list[Message]:
    """The prompt for one claim, the same for each but for its last message."""
    blocks = [_fenced("claim", claim), *(_fenced("quote", quote) for quote in quotes)]
    if not quotes:
        blocks.append("There are no quotes.")
    return [Message("system", _rules()), Message("user", "\n\n".join(blocks))]


def _fenced(name: str, text: str) -> str:
    """`text` between fences that it cannot close."""
    return f"<{name}>\n{text.replace('<', '‹')}\n</{name}>"


def _rules() -> str:
    return (files(__package__) / "judge.md").read_text(encoding="utf-8").strip()


def prompt_digest() -> str:
    """Identifies the wording of what is asked and the form of the reply: 16 hexadecimal digits."""
    contents = [message.content for message in judge_messages("", [""])]
    return _digest([*contents, Opinion.model_json_schema()])[:16]


def _digest(value: object) -> str:
    """Of JSON text in ASCII: lone surrogates have a digest too."""
    return sha256(json.dumps(value).encode()).hexdigest()
