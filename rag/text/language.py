"""Which language is a text in, and what depends on it: stop words and stems.

A language is named by its code of ISO 639-1. It is found by the stop words in the text and by its
script, not by a network: where these say nothing, it is English.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import cache, lru_cache

from rag.text.folding import fold, without_accents
from rag.text.spaceless import CHARACTERS

STOP_WORDS = frozenset(
    """a about above after again against all also although am an and any approximately are
    aren't as at be because been before being below between both but by can cannot could did
    do does doing down during each either else ever every few for from further had has have
    having he her here hers him his how however i if in into is it its itself just least
    less let like many may me might more most much must my neither no nor not now of off
    often on once one only or other our out over own per quite rather roughly s said same
    say says shall she should since so some still such t than that the their them then there
    these they this those though through thus to too under until up upon us very was we were
    what when where whether which while who whom whose why will with within without would
    yes yet you your""".split()
)

# The languages with a stemmer, the more common first: of two that are as likely, the first is
# taken. Nepali, Serbian, Sesotho and Yiddish have one, too, but no stop words that tell them.
_STEMMERS = {
    "en": "english", "de": "german", "es": "spanish", "fr": "french", "it": "italian",
    "pt": "portuguese", "nl": "dutch", "ru": "russian", "pl": "polish", "sv": "swedish",
    "da": "danish", "no": "norwegian", "fi": "finnish", "cs": "czech", "hu": "hungarian",
    "ro": "romanian", "tr": "turkish", "ca": "catalan", "el": "greek", "ar": "arabic",
    "fa": "persian", "hi": "hindi", "hy": "armenian", "id": "indonesian",
    "lt": "lithuanian", "et": "estonian", "eu": "basque", "ga": "irish", "eo": "esperanto",
    "ta": "tamil",
}  # fmt: skip
_OF_SCRIPT = {
    "CYRILLIC": "ru", "GREEK": "el", "ARABIC": "ar", "DEVANAGARI": "hi", "ARMENIAN": "hy",
    "TAMIL": "ta",
}  # fmt: skip
_WORD = re.compile(rf"[^\W\d_{CHARACTERS}]+")
_MAX_WORDS = 100  # of a text that tell its language
# Of these no other language has one: a text with one need not be looked at further.
_ENGLISH_ALONE = frozenset(
    "the that with this which what how who when where does did has have were from they".split()
)
_NOUNS_IN_CAPITALS = frozenset(["de"])


@lru_cache(maxsize=4_096)
def language_of(text: str) -> str:
    """The language of `text`: the one with the most of its stop words, if these are more than the
    English ones, and two, or one beside a letter that English does not have. Of a word in another
    script, the most common language of that script."""
    words = [without_accents(word) for word in _WORD.findall(fold(text).lower())[:_MAX_WORDS]]
    if text.isascii() and not _ENGLISH_ALONE.isdisjoint(words):
        return "en"
    by_word = _languages_by_stop_word()
    counts = Counter(code for word in words for code in by_word.get(word, ()))
    is_plain = not any(letter.isalpha() for letter in text if not letter.isascii())
    best = max(_STEMMERS, key=lambda code: counts[code])
    if counts[best] > max(counts["en"], is_plain) and any(
        len(word) > 1 and best in by_word.get(word, ()) for word in words
    ):  # single letters alone are units and initials
        return best
    return _OF_SCRIPT.get(_script(words[0]), "en") if words else "en"


def is_stop_word(word: str, language: str) -> bool:
    """True for a lower-case word without a meaning of its own."""
    if language == "en":
        return word in STOP_WORDS
    return language in _languages_by_stop_word().get(without_accents(word), ())


def capitalises_nouns(language: str) -> bool:
    """True where a capital letter does not tell a name from another noun."""
    return language in _NOUNS_IN_CAPITALS


@lru_cache(maxsize=65_536)
def stem_in(language: str, word: str) -> str:
    """The Snowball stem of one lower-case word; one in another script than English is stemmed by
    that."""
    import snowballstemmer

    if language == "en" and not word.isascii():
        language = _OF_SCRIPT.get(_script(word), "en")
    stemmed: str = snowballstemmer.stemmer(_STEMMERS[language]).stemWord(word)
    return stemmed


def _script(word: str) -> str:
    return unicodedata.name(word[:1] or " ", "?").partition(" ")[0]


@cache
def _languages_by_stop_word() -> dict[str, tuple[str, ...]]:
    """For each stop word, in lower case and without accents, the languages that have it."""
    import stopwordsiso

    found: dict[str, list[str]] = {word: ["en"] for word in STOP_WORDS}
    for code in sorted(filter(stopwordsiso.has_lang, _STEMMERS.keys() - {"en"})):
        for word in {without_accents(word) for word in stopwordsiso.stopwords(code)}:
            found.setdefault(word, []).append(code)
    return {word: tuple(codes) for word, codes in found.items()}
