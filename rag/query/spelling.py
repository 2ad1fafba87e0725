"""Corrects typing slips in a question by the words of the indexed articles.

A word that neither the index nor the MiniLM's vocabulary has is read as the nearest word of the
index, at most one or two edits away. A name is not changed into another: the correction must be
one edit away and occur often. Known words are never changed, nor are numbers, nor questions in
another language than English: the MiniLM's vocabulary is English.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from dataclasses import dataclass
from functools import cached_property

from rapidfuzz.distance import OSA

from rag.models.embeddings import MiniLM
from rag.store.documents import Library
from rag.text import tokens
from rag.text.language import STOP_WORDS, language_of
from rag.text.spaceless import has_spaceless
from rag.thresholds import QUERY

_ENDINGS = ("", "e", "s", "d", "ed", "ing", "nt", "y")

# A run of letters between spaces and punctuation: no part of an address, a number or a name
# with a hyphen.
_WORD = re.compile(r"(?<![^\s(\[“”\"'‘—–])[^\W\d_]+(?=(?:['’]s)?[?!.,;:)\]”\"'’—–…]*(?:\s|$))")


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A word as the articles write it, how many edits it is from what was typed, and how often
    its stem occurs."""

    word: str
    edits: int
    count: int

    @property
    def is_name(self) -> bool:
        return self.word[0].isupper()

    @property
    def is_frequent_name(self) -> bool:
        return self.is_name and self.edits == 1 and self.count >= QUERY.min_name_count

    def has_letters_of(self, typed: str) -> bool:
        return sorted(self.word.lower()) == sorted(typed)


class SpellingCorrector:
    """Corrects questions by the words of one library. Any thread may use it."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def correct(self, question: str) -> str:
        """The question with slips corrected; unchanged where each word is known or near no other.

        Raises `LibraryError`, and `ModelFileError` when the MiniLM is not installed.
        """
        if language_of(question) != "en" or has_spaceless(question):
            return question
        unknown = self._unknown_words({match[0] for match in _WORD.finditer(question)})

        def corrected(match: re.Match[str]) -> str:
            word = match[0]
            if word not in unknown:
                return word
            may_be_name = word[0].isupper() and not _begins_sentence(question, match.start())
            return self._correction(word, may_be_name)

        return _WORD.sub(corrected, question) if unknown else question

    def _unknown_words(self, words: set[str]) -> set[str]:
        """Those that neither the MiniLM nor the index has, as they are or in parts."""
        long = {word for word in words if len(word) >= QUERY.min_letters}
        left = [
            word for word in sorted(long - self._in_vocabulary(long)) if not self._is_made(word)
        ]
        return {word for word in left if not self._library.has_word(word)}

    def _is_made(self, word: str) -> bool:
        """True for a form of a word that the MiniLM knows, and for two such words in one."""
        typed = word.lower()
        bases = {typed, tokens.stem(typed), typed.removesuffix("r"), typed.removesuffix("er")}
        forms = {base + ending for base in bases for ending in _ENDINGS}
        cuts = [
            (typed[:at], typed[at:])
            for at in range(QUERY.min_part, len(typed) - QUERY.min_part + 1)
        ]
        known = self._in_vocabulary(forms | {part for cut in cuts for part in cut})
        return bool(forms & known) or any(first in known and last in known for first, last in cuts)

    def _in_vocabulary(self, words: Set[str]) -> set[str]:
        """Those in the MiniLM's vocabulary: one token between its two markers."""
        ordered = sorted(words)
        encoded = self._tokenizer.tokenize(ordered) if ordered else []
        return {word for word, each in zip(ordered, encoded, strict=True) if len(each.ids) == 3}

    @cached_property
    def _tokenizer(self) -> MiniLM:
        return MiniLM(threads=1)

    def _correction(self, word: str, may_be_name: bool) -> str:
        """The nearest word of the index in the case of `word`; `word` where none is near."""
        typed = word.lower()
        max_edits = 2 if len(word) >= QUERY.min_letters_for_two_edits else 1
        for first in dict.fromkeys(typed[:2]):  # of two swapped letters the second comes first
            near = [
                each
                for each in self._candidates(typed, first, max_edits)
                if each.edits <= max_edits
                and (len(word) > QUERY.min_letters or each.has_letters_of(typed))
                and (each.is_frequent_name or not (may_be_name or each.is_name))
            ]
            if near:
                return _with_case_of(word, min(near, key=lambda each: _rank(each, typed)).word)
        return word

    def _candidates(self, typed: str, first: str, max_edits: int) -> Iterator[_Candidate]:
        """Stop words and words of the index that begin with the letter `first`."""
        for word in STOP_WORDS:  # a question may have one that no article has
            if len(word) >= QUERY.min_letters and word[0] == first and _edits(typed, word, 1) == 1:
                yield _Candidate(word, 1, 0)
        for stem, count in self._stems(typed, first, max_edits):
            for word in _usual_spellings(self._library.spellings_of_stem(stem, QUERY.max_places)):
                yield _Candidate(word, _edits(typed, word.lower(), max_edits), count)

    def _stems(self, typed: str, first: str, max_edits: int) -> list[tuple[str, int]]:
        """The stems nearest to a beginning of `typed`, each with how often it occurs."""
        near = []
        shortest, longest = len(typed) - QUERY.max_ending, len(typed) + max_edits
        for stem, count in self._library.stems_with_prefix(first, shortest, longest):
            kept = stem.removesuffix("i")  # "polici" is the stem of "policy"
            if (edits := _edits_to_beginning(kept, typed, max_edits)) <= max_edits:
                near.append((edits, -len(stem), stem, count))
        return [(stem, count) for *_, stem, count in sorted(near)[: QUERY.max_stems]]


def _edits(word: str, other: str, max_edits: int) -> int:
    """The optimal string alignment distance: letters put in, left out, changed or swapped with
    the next, none of them twice; ``max_edits + 1`` where there are more."""
    return OSA.distance(word, other, score_cutoff=max_edits)


def _edits_to_beginning(stem: str, typed: str, max_edits: int) -> int:
    """The fewest edits from `stem` to any beginning of `typed`, counted as `_edits` does."""
    lengths = range(max(len(stem) - max_edits, 0), len(stem) + max_edits + 1)
    return min(_edits(stem, typed[:length], max_edits) for length in lengths)


def _rank(candidate: _Candidate, typed: str) -> tuple[int, bool, bool, int, str]:
    """Fewest edits first; then a word of the same letters, then one that is no stop word."""
    has_other_letters = not candidate.has_letters_of(typed)
    is_stop_word = candidate.word.lower() in STOP_WORDS
    return candidate.edits, has_other_letters, is_stop_word, -candidate.count, candidate.word


def _usual_spellings(words: list[str]) -> list[str]:
    """Each word once; with a capital only if it never stands without: a name, not a first word."""
    spellings = {word for word in words if word.isalpha()}
    lower = {word for word in spellings if word == word.lower()}
    return sorted(lower | {word for word in spellings if word.lower() not in lower})


def _begins_sentence(question: str, start: int) -> bool:
    """True where a capital at `start` does not mean a name."""
    return not re.search(r"[^\s“”\"'‘(\[]", re.split(r"[.?!:]\s", question[:start])[-1])


def _with_case_of(typed: str, word: str) -> str:
    if typed.isupper():
        return word.upper()
    return word[0].upper() + word[1:] if typed[0].isupper() else word
