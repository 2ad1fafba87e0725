"""Comparison of a claim with a source sentence, word by word.

What stands between the same neighbours in both should be the same, and a word that one of them
denies should be denied in the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

from rag.text.synonyms import are_related_words
from rag.text.words import Word, is_adverb
from rag.thresholds import CHECKING

_COPULAS = frozenset("is was are were".split())
_MOVABLE = frozenset("on in at by for with during since after before from to of".split())
_PASSED_OVER = frozenset("do does did a an the any".split())


def find_departures(
    claim: Sequence[Word], source: Sequence[Word]
) -> list[tuple[Word, Word | None]] | None:
    """Words of the claim that stand where the source has others, each with the first of those, and
    words that stand elsewhere in the source, with nothing.

    None for a claim that follows the source too loosely to say what stands where.
    """
    blocks = _matcher(claim, source).get_opcodes()
    copied = sum(i2 - i1 for tag, i1, i2, _, _ in blocks if tag == "equal")
    if not claim or copied / len(claim) < CHECKING.min_copied_share:
        return None
    claim_keys, source_keys = [w.key for w in claim], [w.key for w in source]
    found: list[tuple[Word, Word | None]] = []
    last = 0  # where in the source the words before the gap were taken from
    for tag, i1, i2, j1, j2 in blocks:
        if tag == "equal":
            last = j1
        elif i1 < i2 and not any(
            _may_move(claim_keys[i:i2], source_keys, last) for i in (i1, i1 - 1) if i >= 0
        ):
            old = _without(source[j1:j2], claim[i1:i2])
            new = _without(claim[i1:i2], source[j1:j2])
            moved = [w for w in new if any(are_same_word(w, other) for other in source)]
            free = [w for w in moved if is_adverb(w.text)]
            found += [
                (w, old[0] if old else None) for w in (new if old else moved) if w not in free
            ]
    return found


def words_with_other_negation(claim: Sequence[Word], source: Sequence[Word]) -> list[str]:
    """Words of the claim that stand between the same neighbours in the source and that only one of
    the two denies: "is owed" for "is not owed", whatever is denied elsewhere in the source."""
    ours, theirs = _with_negation(claim), _with_negation(source)
    matcher = SequenceMatcher(None, [k for k, _ in ours], [k for k, _ in theirs], autojunk=False)
    return [
        ours[block.a + step][0]
        for block in matcher.get_matching_blocks()
        if block.size >= CHECKING.min_block_words
        for step in range(1, block.size)
        if ours[block.a + step][1] != theirs[block.b + step][1]
    ]


def _with_negation(words: Sequence[Word]) -> list[tuple[str, bool]]:
    """The keys of the words but for qualifiers, articles and "do", each with whether it is denied
    right there."""
    found, denied = [], False
    for word in words:
        if word.kind == "qualifier":
            denied |= word.key == "not"
            if word.text.lower() == "without":
                found.append(("with", True))
                denied = False
        elif word.text.lower() not in _PASSED_OVER:
            found.append((word.key, denied))
            denied = False
    return found


def count_copied_words(claim: Sequence[Word], source: Sequence[Word]) -> int:
    """How many words of the claim stand in line with the source."""
    return sum(block.size for block in _matcher(claim, source).get_matching_blocks())


def _matcher(claim: Sequence[Word], source: Sequence[Word]) -> SequenceMatcher[str]:
    return SequenceMatcher(None, [w.key for w in claim], [w.key for w in source], autojunk=False)


def _may_move(block: Sequence[str], source: Sequence[str], last: int) -> bool:
    """True for "on Wednesday", which may stand anywhere in a sentence, and for the "is Ann" of
    "the mayor is Ann" where the source says "Ann, the mayor"."""
    opening, rest = block[0], list(block[1:])
    if not rest:
        return False
    places = [i for i in range(len(source)) if source[i : i + len(rest)] == rest]
    if opening in _MOVABLE:
        return any(i and source[i - 1] == opening for i in places)
    return opening in _COPULAS and last - len(rest) in places


def _without(words: Sequence[Word], others: Sequence[Word]) -> list[Word]:
    return [
        word
        for word in words
        if word.kind != "function" and not any(are_same_word(word, other) for other in others)
    ]


def are_same_word(first: Word, second: Word) -> bool:
    """True when two words say the same: forms of one word, of one name, or synonyms."""
    if first.key == second.key:
        return True
    if {first.kind, second.kind} & {"number", "qualifier", "preposition"}:
        return False
    return are_related_words(first.text, second.text)
