"""Which characters of the passages carry each sentence of the reply?

Pure. The model's ``[n]`` is a hint: the text itself decides, so a small model that cannot number
its sources cites as well as a large one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import log1p

from rag import terms
from rag.sentences import split
from rag.types import Citation, Passage, Span

# A marker in any of the shapes models write: [1], [1, 2], 【1】, [^1].
_MARKER = re.compile(r"(?<!\s)\s*+[\[【]\s?\^?(\d{1,4}(?:\s?[,;–-]\s?\d{1,4})*+)\s?[\]】]")
# Openings that lean on the sentence before: what "that" or "he" is stands there.
_LEANS = re.compile(
    r"""^[“"‘'(]*(?:and|but|so|also|meanwhile|still)?,?\s*
    (?:that|this|these|those|it|its|he|she|his|her|they|their|both|such|the\s+(?:outlet|report|
    statement|move|ministry|company|pair|agency|figure|official|minister|group|former|latter))\b""",
    re.IGNORECASE | re.VERBOSE,
)
_HINT_BONUS = 0.05  # breaks near-ties in favour of the passage that the model named
_LENGTH_MALUS = 0.02  # for each further sentence: of equal carriers the narrowest is cited
_BARE = re.compile(r"(?:yes|no)[.,!]?", re.IGNORECASE)
GAP_CHARS = 3  # of white space between neighbouring sentences
_ADDS = 0.1  # least share of the claim that a further citation must carry


@dataclass(frozen=True, slots=True)
class Draft:
    """A sentence of the reply, freed of its markers, and the passages that they named."""

    text: str
    numbers: frozenset[int]


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of passage `number`, with what it states."""

    number: int
    citation: Citation
    stated: Counter[str] = field(repr=False)


def leans(sentence: str) -> bool:
    """True when a sentence can only be read together with the one before it."""
    return bool(_LEANS.match(sentence))


def read(reply: str, passages: int) -> tuple[list[Draft], int]:
    """The sentences of a reply, and how many markers named no passage in ``1..passages``."""
    clean, marks, end = [], [], 0
    for match in _MARKER.finditer(reply):
        clean.append(reply[end : match.start()])
        end = match.end()
        position = sum(map(len, clean))
        marks += [(position, int(n)) for n in re.findall(r"\d+", match[1])]
    text = "".join([*clean, reply[end:]])
    drafts: list[Draft] = []
    for start, stop in split(text):
        # A marker belongs to the sentence whose last character stands before it.
        here = frozenset(n for at, n in marks if start < at <= stop and 1 <= n <= passages)
        if drafts and _BARE.fullmatch(drafts[-1].text):  # "Yes." says something with what follows
            before = drafts.pop()
            drafts.append(Draft(f"{before.text} {text[start:stop]}", before.numbers | here))
        else:
            drafts.append(Draft(text[start:stop], here))
    return drafts, sum(not 1 <= n <= passages for _, n in marks)


def sentences(passages: Sequence[Passage]) -> list[Sentence]:
    """Every sentence of the passages as a citation of its own, in the passages' order."""
    found = []
    for passage in passages:
        for start, end in split(passage.text):
            at = passage.span.start
            span = Span(passage.span.document_id, at + start, at + end)
            quote = passage.text[start:end]
            citation = Citation(passage.number, span, quote)
            found.append(Sentence(passage.number, citation, stated(quote)))
    return found


def stated(text: str) -> Counter[str]:
    """What a text states, as comparable keys: word stems, amounts and names."""
    keys = Counter(terms.content(text))
    keys.update(f"#{quantity.value:g}" for quantity in terms.quantities(text))
    keys.update(f"@{min(terms.name_keys(name.text), key=len)}" for name in terms.names(text))
    return keys


def anchor(
    claim: str, numbers: frozenset[int], candidates: Sequence[Sentence]
) -> tuple[Sentence, ...]:
    """The narrowest sentences that carry `claim`: the best one first, then the sentences before
    it that it leans on, where they add something. Empty when nothing matches at all."""
    wanted = stated(claim)
    rarity = _rarity(wanted, candidates)
    total = sum(rarity.values())
    if not total or not candidates:
        return ()
    groups = [(s, *_leaned_on(s, wanted, rarity, total, candidates)) for s in candidates]

    def carried(group: Sequence[Sentence]) -> float:
        held = {key for sentence in group for key in sentence.stated}
        share = sum(rarity[key] for key in wanted if key in held) / total
        return share - _LENGTH_MALUS * (len(group) - 1) + _HINT_BONUS * (group[0].number in numbers)

    best = max(range(len(groups)), key=lambda i: (carried(groups[i]), -i))
    return groups[best] if carried(groups[best]) > _HINT_BONUS else ()


def _rarity(wanted: Counter[str], candidates: Sequence[Sentence]) -> dict[str, float]:
    """Inverse document frequency over the candidate sentences; amounts and names count double."""
    held = Counter(key for sentence in candidates for key in sentence.stated)
    weights = {key: log1p(len(candidates) / (1 + held[key])) for key in wanted}
    return {key: w * (2 if key[0] in "#@" else 1) for key, w in weights.items()}


def _leaned_on(
    best: Sentence,
    wanted: Counter[str],
    rarity: dict[str, float],
    total: float,
    candidates: Sequence[Sentence],
) -> list[Sentence]:
    """Walks back from `best` while sentences lean, keeping those that add to the claim."""
    missing = {key for key in wanted if key not in best.stated}
    found, current = [], best
    while leans(current.citation.quote) and (before := _before(current, candidates)):
        if sum(rarity[key] for key in missing & before.stated.keys()) / total >= _ADDS:
            found.append(before)
            missing -= before.stated.keys()
        current = before
    return found


def _before(sentence: Sentence, candidates: Sequence[Sentence]) -> Sentence | None:
    """The candidate that ends where `sentence` begins."""
    span = sentence.citation.span
    return next((other for other in candidates if follows(span, other.citation.span)), None)


def follows(span: Span, other: Span) -> bool:
    """True when `span` begins where `other` ends, white space aside."""
    return span.document_id == other.document_id and 0 <= span.start - other.end <= GAP_CHARS
