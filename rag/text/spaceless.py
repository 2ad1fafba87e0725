"""Scripts without spaces between words, or with endings that are written on: Chinese, Japanese,
Korean, Thai, Lao, Khmer, Burmese.

Without a dictionary of each, their words are compared by pairs of neighbouring characters, and the
full-text index holds single ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache

_HAN = r"\u3005\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_HIRAGANA = r"\u3041-\u3096\u309d\u309e"
_KATAKANA = r"\u30a1-\u30fa\u30fc-\u30fe"
_OTHERS = r"\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ec6\u1000-\u104f\u1780-\u17d3\uac00-\ud7a3"
CHARACTERS = f"{_HAN}{_HIRAGANA}{_KATAKANA}{_OTHERS}"  # for a class of a regular expression

_CHARACTER = re.compile(f"[{CHARACTERS}]")
RUN = re.compile(f"[{CHARACTERS}]+")
_NOT_HIRAGANA = re.compile(f"[^{_HIRAGANA}]+")
_LANGUAGES = ("zh", "ja", "ko", "th")
# Chinese particles: each stands between words, or asks.
_PARTICLES = re.compile("[的了吗呢吧么谁]")


def has_spaceless(text: str) -> bool:
    """True when a character of `text` belongs to such a script."""
    return not text.isascii() and bool(_CHARACTER.search(text))


@lru_cache(maxsize=16_384)
def pairs_of_run(run: str) -> tuple[str, ...]:
    """The pairs of neighbouring characters that carry the meaning of a run of such characters; a
    single character where it stands alone.

    Words that ask or join are left out, and so are the hiragana of a run with other characters:
    these are Japanese endings and particles.
    """
    pieces = _NOT_HIRAGANA.findall(run) or [run]
    words = [word for piece in pieces for word in _between_stop_words(piece)]
    return tuple(pair for word in words for pair in _pairs(word))


def _between_stop_words(piece: str) -> Iterator[str]:
    for part in _stop_words().split(piece):
        yield from filter(None, _PARTICLES.split(part))


def _pairs(word: str) -> Iterator[str]:
    if len(word) == 1:
        yield word
    yield from (word[at : at + 2] for at in range(len(word) - 1))


def spaced_out(text: str) -> str:
    """`text` with a space on both sides of each character of such a script."""
    return _CHARACTER.sub(r" \g<0> ", text) if has_spaceless(text) else text


@cache
def _stop_words() -> re.Pattern[str]:
    """Stop words of two characters or more of the languages that leave no spaces; the longest is
    found first."""
    import stopwordsiso

    words = {
        word
        for code in _LANGUAGES
        for word in stopwordsiso.stopwords(code)
        if len(word) > 1 and re.fullmatch(f"[{CHARACTERS}]+", word)
    }
    return re.compile("|".join(sorted(words, key=lambda word: (-len(word), word))))
