"""Untrusted text made safe to print: without control characters, on one line, cut to a length."""

from __future__ import annotations

import re

_ESCAPE = re.compile(  # whole sequences first: CSI, OSC and other strings, then two-byte ones
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]*[0-~]"
)

_UNSAFE = re.compile(  # controls but tab and newline, bidi controls, separators, surrogates
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


def strip_controls(text: str) -> str:
    """Untrusted text without escape sequences and characters that act on a terminal."""
    return _UNSAFE.sub("", _ESCAPE.sub("", text))


def one_line(text: str, most: int | None = None) -> str:
    """Untrusted text on one line, cut to `most` characters, between words where possible."""
    text = " ".join(strip_controls(text).split())
    if most is None or len(text) <= most:
        return text
    words, _, _ = text[:most].rpartition(" ")
    return f"{words or text[: most - 1]}…"


def json_safe(document: str) -> str:
    """JSON whose strings cannot act on a terminal; it means the same."""
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", document)


def count(number: int, noun: str) -> str:
    """``1 chunk``, ``2 chunks``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
