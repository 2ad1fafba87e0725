"""Makes untrusted text safe for the report.

Pure. All text that models, documents and files bring passes `escape_text`.
"""

from __future__ import annotations

import re
from html import escape

from rag.types import Span

_UNSAFE = re.compile(  # controls but tab and newline, bidi controls, separators, surrogates
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


def escape_text(text: object) -> str:
    """Untrusted text, ready to stand between tags or in a quoted attribute."""
    return escape(_UNSAFE.sub("", str(text)), quote=True)


def format_span(span: Span) -> str:
    """``a.txt:10–41``, ready to stand between tags."""
    return f"{escape_text(span.document_id)}:{span.start}–{span.end}"


def capitalise(text: str) -> str:
    """``Evidence recall@5``: only its first letter is changed."""
    return f"{text[:1].upper()}{text[1:]}"
