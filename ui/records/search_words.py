"""The words of a text that a search of the history compares."""

from __future__ import annotations

import re
import unicodedata

# Where writing puts no spaces between words, each character is a word of its own.
_UNSPACED = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")


def search_words(text: str) -> list[str]:
    """The words and numbers of any text in order, without case, accents and compatibility forms:
    "Café ＡＢ" gives "cafe" and "ab"."""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return _WORD.findall("".join(c for c in folded if unicodedata.category(c) != "Mn"))


def to_search_text(text: str) -> str:
    """The words of `text` with a space before each: " tari" stands in it where a word begins so."""
    return "".join(f" {word}" for word in search_words(text))
