"""Names in a text: capitalised words, and the forms under which two of them are the same name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from rag.text.countries import country_of_people
from rag.text.dates import DATE_WORDS
from rag.text.folding import fold, fold_with_places, without_accents
from rag.text.language import STOP_WORDS, capitalises_nouns, language_of, stem_in
from rag.text.quantities import NUMBER_WORDS
from rag.text.sentences import split_sentences
from rag.text.tokens import content_keys, without_possessive

# Words of names by which nobody and nothing is told from another.
COMMON_NAME_WORDS = frozenset(
    "judge senator president mayor minister prime dr mr mrs ms professor governor king queen sir"
    " general captain chancellor secretary sen rep gov lord lady pope prince princess county city"
    " state river lake street university college school high united hospital court bank"
    " new north south east west port".split()
)
_UPPER = "".join(filter(str.isupper, map(chr, range(0x530))))  # Latin, Greek, Cyrillic
_CAPITALISED = re.compile(
    rf"\b(?:[{_UPPER}][\w’'\-]*[^\W_]|(?:[{_UPPER}]\.){{2,}}|[{_UPPER}](?=\s[{_UPPER}]))"
)
ORDINARY_CAPITALS = frozenset({"OK"})  # words that are no names, however they are written
LONGEST_CONTRACTION = 2  # letters behind the apostrophe: "'ve"
_FIRST_WORD = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class Name:
    """A capitalised word that stands for someone or something in particular; `text` is folded."""

    text: str
    start: int
    end: int


def find_names(text: str, *, starts: frozenset[int] = frozenset({0})) -> list[Name]:
    """Capitalised words, one `Name` each, months and weekdays among them.

    A word at one of `starts` (character offsets at which sentences begin) is capitalised for
    its place, so it counts only when it is an acronym or is capitalised elsewhere in the text.
    """
    folded, places = fold_with_places(text)
    found = [Name(m[0], places[m.start()], places[m.end()]) for m in _CAPITALISED.finditer(folded)]
    inner = {name.text for name in found if name.start not in starts}
    return [name for name in found if _is_name(name, name.start in starts, inner)]


def find_capitalised(text: str) -> list[Name]:
    """As `find_names`, the first word of the text among them, whatever it is."""
    return find_names(text, starts=frozenset())


def sentence_starts(text: str) -> frozenset[int]:
    """Where the first word of each sentence begins, after a list marker or an opening sign."""
    found = (_FIRST_WORD.search(text, start, end) for start, end in split_sentences(text))
    return frozenset(match.start() for match in found if match)


def capitals_tell_names(text: str, source: str) -> bool:
    """False of a text in capitals, of one whose nouns are capitalised by the language, and of one
    in Title Case.

    That has no word in small letters but function words, and has one of those in capitals ("Is"),
    or a word that `source` has in small letters only.
    """
    words = re.findall(r"[^\W\d_]+", text)
    if text.isupper() or capitalises_nouns(language_of(text)):
        return False
    if any(word.islower() and word not in STOP_WORDS for word in words[1:]):
        return True
    capitalised = [word for word in words[1:] if word.istitle()]
    in_source = set(re.findall(r"[^\W\d_]+", source))
    return not any(
        word.lower() in STOP_WORDS or (word.lower() in in_source and word not in in_source)
        for word in capitalised
    )


def _is_name(name: Name, at_start: bool, inner: set[str]) -> bool:
    word = without_possessive(name.text)
    plain = word.lower()
    if word in ORDINARY_CAPITALS:
        return False
    if word.isupper() and len(word.replace(".", "")) > 1:
        return True
    if plain in STOP_WORDS or plain in NUMBER_WORDS or _is_contraction(plain):
        return plain == "may" and not at_start
    return not at_start or name.text in inner or plain in DATE_WORDS


def _is_contraction(word: str) -> bool:
    """True for "i've" and "we'll"; of "o'brien" and "a'isha" more is a name."""
    first, _, rest = word.replace("’", "'").partition("'")
    return first in STOP_WORDS and 0 < len(rest) <= LONGEST_CONTRACTION


def name_runs(names: Sequence[Name]) -> list[list[Name]]:
    """Names that stand next to each other, as in "Treasury Secretary Scott Bessent"."""
    runs: list[list[Name]] = []
    for name in names:
        if runs and name.start - runs[-1][-1].end <= 1:
            runs[-1].append(name)
        else:
            runs.append([name])
    return runs


@lru_cache(maxsize=65_536)
def name_keys(name: str) -> frozenset[str]:
    """Forms under which a name is the same: "Chinese" and "China", "U.S." and "American"."""
    word = without_accents(without_possessive(fold(name).lower().replace(".", "")))
    if word in {"us", "usa", "america", "american", "americans", "washington"}:
        return frozenset({"us"})
    word = country_of_people(word)
    endings = ("ese", "ian", "ans", "an", "ish", "en", "i", "s", "a", "o", "y", "n")
    forms = {word[: -len(end)] for end in endings if word.endswith(end)}
    if word.isalpha() and not word.isascii():
        forms.add(stem_in("en", word))
    return frozenset({word, *(form for form in forms if len(form) >= 4)})


def shortest_key(name: str) -> str:
    """One key of a name, the same for most of its forms."""
    return min(name_keys(name), key=len)


def name_keys_in(text: str) -> set[str]:
    """The forms under which each word of `text` could be named."""
    words = re.findall(r"[^\W_]+(?:[.’'][^\W_]+)*\.?", fold(text))
    return {key for word in words for key in name_keys(word)}


def words_and_names(text: str) -> set[str]:
    """Stems of the words, the numbers and the keys of the names of a text."""
    names = (name.text for name in find_names(f". {text}"))
    return content_keys(text) | {key for name in names for key in name_keys(name)}
