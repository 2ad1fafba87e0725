"""Which word did the person mean to type?

A word that neither the index nor the MiniLM knows is read as the nearest word of the index, as far
as a slip of the fingers goes. A name is not bent into another: it must differ by one slip from a
name that the articles often give. What is known is never changed, nor is a number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from dataclasses import dataclass
from functools import cached_property

from rag.models.embeddings import MiniLM
from rag.store.documents import Library
from rag.text import tokens
from rag.text.tokens import STOP_WORDS

MIN_LETTERS = 4  # letters; a shorter word is near too many others
MIN_LETTERS_FOR_TWO_SLIPS = 8  # letters
MIN_NAME_COUNT = 3  # times that a name must stand in the index before another word is read as it
ENDING = 4  # letters that a stem may lack: "-ment"
MAX_STEMS = 24  # looked at, nearest first
PART = 3  # letters of each of two words written as one
MAX_PLACES = 6  # of a stem at which it is looked up how the index writes it

_ENDINGS = ("", "e", "s", "d", "ed", "ing", "nt", "y")

# A run of letters between spaces and punctuation: no part of an address, a number or a name
# with a hyphen.
_WORD = re.compile(r"(?<![^\s(\[“”\"'‘—–])[^\W\d_]+(?=(?:['’]s)?[?!.,;:)\]”\"'’—–…]*(?:\s|$))")


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A word as the index writes it, how far it is from what was typed, and how often it or
    another form of it stands there."""

    word: str
    slips: int
    count: int

    @property
    def is_name(self) -> bool:
        return self.word[0].isupper()


class SpellingCorrector:
    """Reads questions by the words of one library. Any thread may use it."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def read(self, question: str) -> str:
        """The question as it was meant; itself where each word is known or like no other.

        Raises `LibraryError`, and `ModelFileError` when the MiniLM is not installed.
        """
        strange = self._strange({match[0] for match in _WORD.finditer(question)})

        def meant(match: re.Match[str]) -> str:
            word = match[0]
            return self._meant(word, _opens(question, match.start())) if word in strange else word

        return _WORD.sub(meant, question) if strange else question

    def _strange(self, words: set[str]) -> set[str]:
        """Those that nobody knows, neither as they are nor in parts."""
        left = {word for word in words if len(word) >= MIN_LETTERS}
        unread = [word for word in sorted(left - self._whole(left)) if not self._is_made(word)]
        return {word for word in unread if not self._library.has_word(word)}

    def _is_made(self, word: str) -> bool:
        """True for a form of a word that the MiniLM knows, and for two such words in one."""
        typed = word.lower()
        bases = {typed, tokens.stem(typed), typed.removesuffix("r"), typed.removesuffix("er")}
        forms = {base + ending for base in bases for ending in _ENDINGS}
        cuts = [(typed[:at], typed[at:]) for at in range(PART, len(typed) - PART + 1)]
        known = self._whole(forms | {part for cut in cuts for part in cut})
        return bool(forms & known) or any(first in known and last in known for first, last in cuts)

    def _whole(self, words: Set[str]) -> set[str]:
        """Those in the MiniLM's vocabulary: one piece between its two markers."""
        asked = sorted(words)
        encoded = self._tokenizer.tokenize(asked) if asked else []
        return {word for word, each in zip(asked, encoded, strict=True) if len(each.ids) == 3}

    @cached_property
    def _tokenizer(self) -> MiniLM:
        return MiniLM(threads=1)

    def _meant(self, word: str, opens: bool) -> str:
        named = word[0].isupper() and not opens
        typed = word.lower()
        most = 2 if len(word) >= MIN_LETTERS_FOR_TWO_SLIPS else 1
        for first in dict.fromkeys(typed[:2]):  # of two swapped letters the second comes first
            near = [
                each
                for each in (*_stop_words(typed, first), *self._written(typed, first, most))
                if each.slips <= most
                and (len(word) > MIN_LETTERS or _swapped(each, typed))
                and (_often(each) or not (named or each.is_name))
            ]
            if near:
                return _cased(min(near, key=lambda each: _rank(each, typed)).word, word)
        return word

    def _written(self, typed: str, first: str, most: int) -> Iterator[_Candidate]:
        """Words of the index with that first letter, of the stems that are nearest."""
        for stem, count in self._stems(typed, first, most):
            for word in _as_usual(self._library.spellings_of_stem(stem, MAX_PLACES)):
                yield _Candidate(word, slips(typed, word.lower())[-1], count)

    def _stems(self, typed: str, first: str, most: int) -> list[tuple[str, int]]:
        """A word's stem is near the beginning of the word."""
        letters = set(typed)
        near = []
        stems = self._library.stems_with_prefix(first, len(typed) - ENDING, len(typed) + most)
        for stem, count in stems:
            kept = stem.removesuffix("i")  # "polici" is the stem of "policy"
            if len(set(kept) - letters) <= most and (least := min(slips(kept, typed))) <= most:
                near.append((least, -len(stem), stem, count))
        return [(stem, count) for *_, stem, count in sorted(near)[:MAX_STEMS]]


def _rank(candidate: _Candidate, typed: str) -> tuple[int, bool, bool, int, str]:
    """Among equals a word of the same letters is meant first, then one that has a meaning."""
    idle = candidate.word.lower() in STOP_WORDS
    return candidate.slips, not _swapped(candidate, typed), idle, -candidate.count, candidate.word


def _swapped(candidate: _Candidate, typed: str) -> bool:
    return sorted(candidate.word.lower()) == sorted(typed)


def _stop_words(typed: str, first: str) -> Iterator[_Candidate]:
    """Words that a question may hold though no article does, one slip away."""
    for word in STOP_WORDS:
        if len(word) >= MIN_LETTERS and word[0] == first and slips(typed, word)[-1] == 1:
            yield _Candidate(word, 1, 0)


def _often(candidate: _Candidate) -> bool:
    return candidate.is_name and candidate.slips == 1 and candidate.count >= MIN_NAME_COUNT


def _as_usual(words: list[str]) -> list[str]:
    """Each word once; in capitals only if it never stands without: a name, not a first word."""
    spelt = {word for word in words if word.isalpha()}
    plain = {word for word in spelt if word == word.lower()}
    return sorted(plain | {word for word in spelt if word.lower() not in plain})


def _opens(question: str, start: int) -> bool:
    """True where a sentence begins, so that a capital says nothing."""
    return not re.search(r"[^\s“”\"'‘(\[]", re.split(r"[.?!:]\s", question[:start])[-1])


def _cased(word: str, like: str) -> str:
    if like.isupper():
        return word.upper()
    return word[0].upper() + word[1:] if like[0].isupper() else word


def slips(word: str, typed: str) -> list[int]:
    """How many letters must be put in, left out, changed or swapped with the next to get from
    `word` to each beginning of `typed`, the empty one first: Damerau-Levenshtein in which nothing
    is edited twice. The last is that to the whole."""
    before: list[int] = []
    row = list(range(len(typed) + 1))
    for i, letter in enumerate(word, start=1):
        before, last, row = row, before, [i]
        for j, other in enumerate(typed, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == typed[j - 2] and other == word[i - 2]:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row
