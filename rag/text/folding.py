"""Folds what readers do not tell apart, so that texts can be compared.

Invisible characters (soft hyphens, zero-width spaces), ligatures, wide letters and digits, and the
kinds of space: `fold`. Accents: `without_accents`. Letters of other scripts that stand in for Latin
ones: `without_look_alikes`. The stored text stays as it is;
`fold_with_places` tells where each folded character stands in it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence

# What a character is a variant of, by the tag of its decomposition in Unicode: not superscripts
# and fractions, which say something else.
_VARIANTS = tuple(
    f"<{tag}>" for tag in "compat wide narrow font noBreak initial medial final isolated".split()
)
THIN_SPACE = "\u2009"
_BETWEEN_THOUSANDS = re.compile(r"(?<=\d)[\u00a0\u2007\u2009\u202f](?=\d{3}(?!\d))")
_MARKS = r"\u0300-\u036f\u0610-\u061a\u064b-\u065f\u0670"  # accents; Arabic vowels
_IS_MARK = re.compile(rf"[{_MARKS}\u0640]")
# A character with what combines with it, invisible characters between them.
_CLUSTER = re.compile(rf"(?s).(?:[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]*[{_MARKS}\u3099\u309a])*")
# Letters that Unicode does not take for a letter with an accent.
_LETTERS = {
    "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "ł": "l", "ı": "i", "þ": "th",
}  # fmt: skip


# Cyrillic and Greek letters that look like Latin ones (the confusables of Unicode's UTS #39).
_LOOK_ALIKES = str.maketrans(
    "аеорсхуіјѕһԁԛԝАВЕКМНОРСТХУІЈЅαονιρυκχΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
    "aeopcxyijshdqwABEKMHOPCTXYIJSaovipukxABEZHIKMNOPTYX",
)
_MIXED = re.compile(r"[A-Za-z][\u0370-\u052f]|[\u0370-\u052f][A-Za-z]")


class _Table(dict[int, str]):
    """For `str.translate`: what each character becomes, computed once."""

    def __init__(self, convert: Callable[[str], str]) -> None:
        super().__init__()
        self._convert = convert

    def __missing__(self, code: int) -> str:
        self[code] = converted = self._convert(chr(code))
        return converted


def _folded(character: str) -> str:
    if unicodedata.category(character) == "Cf":
        return ""
    is_read = character.isalnum() or character.isspace()
    if (
        is_read
        and character != THIN_SPACE
        and unicodedata.decomposition(character).startswith(_VARIANTS)
    ):
        return unicodedata.normalize("NFKC", character)
    return character


def _unaccented(character: str) -> str:
    if character.lower() in _LETTERS:
        plain = _LETTERS[character.lower()]
        return plain if character.islower() else plain.title()
    if character == "й":  # a letter of its own, unlike "ё"
        return character
    return _IS_MARK.sub("", unicodedata.normalize("NFD", character))


_FOLDED, _UNACCENTED = _Table(_folded), _Table(_unaccented)


def fold(text: str) -> str:
    """`text` without invisible characters, its ligatures and wide characters as plain ones, every
    kind of space within a line as " ", but as a thin space where only thousands can be divided.
    Case and accents stay."""
    if text.isascii():
        return text
    text = _BETWEEN_THOUSANDS.sub(THIN_SPACE, unicodedata.normalize("NFC", text))
    return unicodedata.normalize("NFC", text.translate(_FOLDED))


def fold_with_places(text: str) -> tuple[str, Sequence[int]]:
    """`fold(text)`, and where each of its characters begins in `text`, with `len(text)` at the
    end."""
    if _is_one_to_one(text):
        return fold(text), range(len(text) + 1)
    pieces, places = list[str](), list[int]()
    for cluster in _CLUSTER.finditer(_BETWEEN_THOUSANDS.sub(THIN_SPACE, text)):
        piece = fold(cluster[0])
        pieces.append(piece)
        places += [cluster.start()] * len(piece)
    return "".join(pieces), [*places, len(text)]


def _is_one_to_one(text: str) -> bool:
    if text.isascii():
        return True
    return unicodedata.is_normalized("NFC", text) and all(
        len(_FOLDED[ord(character)]) == 1 for character in set(text)
    )


def without_look_alikes(text: str) -> str:
    """`text`, of as many characters, with Latin letters for those that look the same, where one of
    its words mixes both: nobody writes so in good faith."""
    return text.translate(_LOOK_ALIKES) if _MIXED.search(text) else text


def without_accents(text: str) -> str:
    """`text` without accents and with "ss" for "ß": reporters leave them out."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", text.translate(_UNACCENTED))
