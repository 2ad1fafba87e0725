"""Where does a claim depart from the sentence that it was taken from?

Texts are compared word by word. What stands between the same neighbours in both should be the same,
and a word that one of them denies or limits should be denied or limited in the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import islice
from typing import Literal

from rag.text.quantities import find_quantities
from rag.text.synonyms import are_related_words
from rag.text.tokens import content_stem

Sort = Literal["number", "name", "content", "limit", "relation", "plain"]
Limit = Literal["not", "perhaps", "all", "most", "many", "some", "few"]

LIMITED_SORTS = frozenset(
    ["number", "name", "content"]
)  # sorts of words that a limit can stand before
MAX_WORDS = 200  # of a sentence that is compared; what follows is left out
_COPIED_LEAST = 0.6  # of the claim's words in line with the quote, for gaps to tell something

_LIMITING: dict[Limit, str] = {
    "not": "not no never none neither nor nobody nothing cannot without hardly barely",
    "perhaps": "may might could possible possibly potential potentially perhaps probably would"
    " reportedly allegedly alleged likely unlikely seeks seeking purported apparently seemingly"
    " expected expects planned plans planning hopes hoping wants intends aims if unless whether",
    "all": "all every each always entire entirely everyone everything",
    "most": "most mostly majority usually generally",
    "many": "many numerous often frequently",
    "some": "some several partly certain sometimes partially",
    "few": "few rarely seldom",
}
_RELATIONS = frozenset(
    "before after over under above below up down from until since against".split()
)
_RELATIVES = frozenset("which who where".split())  # what stands before them is not denied
_COPULAS = frozenset("is was are were".split())
_PREPOSITIONS = frozenset("on in at by for with during since after before from to of".split())
_LIMITS = {word: limit for limit, parse_words in _LIMITING.items() for word in parse_words.split()}
_PIECE = re.compile(r"(?:[^\W\d_]\.){2,}|[^\W_]+(?:['’][^\W_]+)*|[.;:!?]")
_COUNTRY = frozenset(["US", "U.S.", "USA", "U.S.A."])  # "us" is another word
_ADVERB = re.compile(r"(?i)soon|later|even|still|already|ever|yet|\w+ly")  # limits pass over these
_PASSED_OVER = frozenset("do does did a an the any".split())
_IN_PLACE = 3  # words in line, for a "not" among them to stand in the same place
_SAID = r"(?:said|says|added|adds|reported|reports|wrote|writes|announced|explained|noted|argued)"
_HEAD = re.compile(rf"((?:[\w.’'-]+ ){{1,6}}{_SAID})(?:,? that|[,:])? (?=\S)")
_TAIL = re.compile(rf",[”\"]? ((?:[\w.’'-]+ ){{1,6}}{_SAID})[.]?$")
_CONTRACTED = (
    (re.compile(r"(?i)\bca(?:n['’]t|nnot)\b"), "can not"),
    (re.compile(r"(?i)\bwon['’]t\b"), "will not"),
    (re.compile(r"n['’]t\b"), " not"),
)


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text. `key` is equal for forms of one word; `limits` are those it stands under,
    as "not" limits "raised" in "has not yet raised"."""

    text: str
    key: str
    sort: Sort
    limits: frozenset[Limit] = frozenset()


@lru_cache(maxsize=4_096)
def parse_words(text: str) -> tuple[Word, ...]:
    """The words of a text in order, numbers and names among them, at most `MAX_WORDS`."""
    found: list[Word] = []
    pending: frozenset[Limit] = frozenset()
    for word in islice(_bare_words(_written_out(text)), MAX_WORDS):
        if word.key in ".;:!?":
            _limit_last(found, pending)  # "he did not": what is denied stands before
            pending = frozenset()
        elif word.sort == "limit":
            pending |= {_LIMITS[word.text.lower()]}
            found.append(word)
        elif word.sort in ("plain", "relation") or _ADVERB.fullmatch(word.text):
            found.append(word)
        else:
            found.append(replace(word, limits=pending))
            pending = frozenset()
    _limit_last(found, pending)
    return tuple(found)


def _written_out(text: str) -> str:
    for pattern, words in _CONTRACTED:
        text = pattern.sub(words, text)
    return text


def _limit_last(found: list[Word], limits: frozenset[Limit]) -> None:
    own = next((i for i in reversed(range(len(found))) if found[i].text in _RELATIVES), 0)
    last = next(
        (i for i in reversed(range(own, len(found))) if found[i].sort in LIMITED_SORTS), None
    )
    if limits and last is not None:
        found[last] = replace(found[last], limits=found[last].limits | limits)


def _bare_words(text: str) -> Iterator[Word]:
    end = 0
    for quantity in find_quantities(text):
        if quantity.start < end:
            continue
        yield from _pieces(text, end, quantity.start)
        yield Word(quantity.text, f"#{quantity.value:g} {quantity.unit}", "number")
        end = quantity.end + len(" old") * text.startswith(" old", quantity.end)
    yield from _pieces(text, end, len(text))


def _pieces(text: str, start: int, end: int) -> Iterator[Word]:
    for match in _PIECE.finditer(text, start, end):
        folded, stem = match[0].lower(), content_stem(match[0])
        if match[0] in _COUNTRY:
            yield Word(match[0], "us", "name")
        elif folded in _LIMITS:
            yield Word(match[0], _LIMITS[folded], "limit")
        elif folded in _RELATIONS:
            yield Word(match[0], folded, "relation")
        elif not stem:
            yield Word(match[0], folded, "plain")
        else:
            named = match[0][0].isupper() and match.start() > 0
            yield Word(match[0], stem, "name" if named else "content")


def find_departures(
    claim: Sequence[Word], quote: Sequence[Word]
) -> list[tuple[Word, Word | None]] | None:
    """Words of the claim that stand where the quote has others, each with the first of those, and
    words that stand elsewhere in the quote, with nothing.

    None for a claim that follows the quote too loosely to say what stands where.
    """
    ours, theirs = [w.key for w in claim], [w.key for w in quote]
    blocks = SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes()
    copied = sum(i2 - i1 for tag, i1, i2, _, _ in blocks if tag == "equal")
    if not claim or copied / len(claim) < _COPIED_LEAST:
        return None
    found: list[tuple[Word, Word | None]] = []
    last = 0  # where in the quote the words before the gap were taken from
    for tag, i1, i2, j1, j2 in blocks:
        if tag == "equal":
            last = j1
        elif i1 < i2 and not any(
            _may_move(ours[i:i2], theirs, last) for i in (i1, i1 - 1) if i >= 0
        ):
            old = _beyond(quote[j1:j2], claim[i1:i2])
            new = _beyond(claim[i1:i2], quote[j1:j2])
            moved = [w for w in new if any(are_same_word(w, other) for other in quote)]
            free = [w for w in moved if _ADVERB.fullmatch(w.text)]
            found += [
                (w, old[0] if old else None) for w in (new if old else moved) if w not in free
            ]
    return found


def words_with_other_negation(claim: Sequence[Word], quote: Sequence[Word]) -> list[str]:
    """Words of the claim that stand between the same neighbours in the quote and that only one of
    the two denies: "is owed" for "is not owed", whatever is denied elsewhere in the quote."""
    ours, theirs = _with_denials(claim), _with_denials(quote)
    matcher = SequenceMatcher(None, [k for k, _ in ours], [k for k, _ in theirs], autojunk=False)
    return [
        ours[block.a + step][0]
        for block in matcher.get_matching_blocks()
        if block.size >= _IN_PLACE
        for step in range(1, block.size)
        if ours[block.a + step][1] != theirs[block.b + step][1]
    ]


def _with_denials(words: Sequence[Word]) -> list[tuple[str, bool]]:
    """The words but for limits, articles and "do", each with whether it is denied right there."""
    found, denied = [], False
    for word in words:
        if word.sort == "limit":
            denied |= word.key == "not"
            if word.text.lower() == "without":
                found.append(("with", True))
                denied = False
        elif word.text.lower() not in _PASSED_OVER:
            found.append((word.key, denied))
            denied = False
    return found


def count_copied_words(claim: Sequence[Word], quote: Sequence[Word]) -> int:
    """How many words of the claim stand in line with the quote."""
    matcher = SequenceMatcher(None, [w.key for w in claim], [w.key for w in quote], autojunk=False)
    return sum(block.size for block in matcher.get_matching_blocks())


def remove_speaker(claim: str, quote: str) -> tuple[str, str]:
    """Both without "Lee said", where one has it at its beginning and the other at its end, so that
    what was said can be compared; both as they are otherwise."""
    for first, last in ((claim, quote), (quote, claim)):
        head, tail = _HEAD.match(first), _TAIL.search(last)
        if head and tail and set(head[1].lower().split()) == set(tail[1].lower().split()):
            rest = first[head.end() :], last[: tail.start()]
            return rest if first is claim else (rest[1], rest[0])
    return claim, quote


def _may_move(block: Sequence[str], quote: Sequence[str], last: int) -> bool:
    """True for "on Wednesday", which may stand anywhere in a sentence, and for the "is Ann" of
    "the mayor is Ann" where the quote says "Ann, the mayor"."""
    opening, rest = block[0], list(block[1:])
    if not rest:
        return False
    places = [i for i in range(len(quote)) if quote[i : i + len(rest)] == rest]
    if opening in _PREPOSITIONS:
        return any(i and quote[i - 1] == opening for i in places)
    return opening in _COPULAS and last - len(rest) in places


def _beyond(these: Sequence[Word], those: Sequence[Word]) -> list[Word]:
    return [
        word
        for word in these
        if word.sort != "plain" and not any(are_same_word(word, other) for other in those)
    ]


def are_same_word(one: Word, other: Word) -> bool:
    """True when two words say the same: forms of one word, of one name, or synonyms."""
    if one.key == other.key:
        return True
    if {one.sort, other.sort} & {"number", "limit", "relation"}:
        return False
    return are_related_words(one.text, other.text)
