"""Finds the encoding of a text, and decodes it."""

from __future__ import annotations

import re
from contextlib import suppress

from rag.ingest.raw_source import CONTROL, NEWLINE, RawSource, source_error

_REFUSED_CHARSET = re.compile(r"idna|puny|unicode|raw|utf.?7", re.IGNORECASE)  # slow, or escapes


def decode(raw: RawSource, charset: str = "") -> str:
    """The text of UTF-8, of UTF-16 with a byte-order mark, or of the `charset` that it declares."""
    text = "\0"
    has_utf16_mark = raw.data[:2] in (b"\xff\xfe", b"\xfe\xff")
    declared = [name for name in (charset, raw.charset) if not _REFUSED_CHARSET.search(name)]
    for encoding in ("utf-16",) if has_utf16_mark else ("utf-8-sig", *declared, "cp1252"):
        with suppress(UnicodeError, LookupError):
            text = raw.data.decode(encoding)
            break
    if "\0" in text or len(CONTROL.findall(text, 0, 65_536)) * 20 > min(len(text), 65_536):
        raise source_error(
            raw.name, "is not text, whatever its name says", "Save it as UTF-8 text."
        )
    return NEWLINE.sub("\n", text)
