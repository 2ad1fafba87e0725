"""Finds the characters of the passages that carry each sentence of a reply.

The model's ``[n]`` is a hint: the text itself decides, so a small model that cannot number
its sources cites as well as a large one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import log1p

from rag.checking.pronouns import read_pronouns
from rag.text.names import Name, find_capitalised, find_names, shortest_key
from rag.text.quantities import find_quantities
from rag.text.sentences import find_pronouns, needs_context, split_sentences
from rag.text.tokens import content_stems
from rag.thresholds import CHECKING
from rag.types import Citation, Passage, Span

# A marker in any of the shapes models write: [1], [1, 2], 【1】, [^1].
_MARKER = re.compile(r"(?<!\s)\s*+[\[【]\s?\^?(\d{1,4}(?:\s?[,;–-]\s?\d{1,4})*+)\s?[\]】]")
_POINT = re.compile(r"\s*(?:[-*•]|\d{1,2}[.)])\s+(?=\S)")
_HEADING = re.compile(r"\*\*([^*]+?):?\*\*:?|#{1,6}\s+(.+)")
MAX_RUN = 3  # neighbouring sentences that carry one sentence of a reply
_BARE = re.compile(r"(?:yes|no)[.,!]?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class DraftSentence:
    """A sentence of the reply, freed of its markers, and the passages that they named."""

    text: str
    numbers: frozenset[int]
    group: str | None = None
    """Of a point, the heading of its list, or "" where that has none."""


@dataclass(frozen=True, slots=True)
class CandidateSentence:
    """A sentence of passage `number`, with its `match_keys`."""

    number: int
    citation: Citation
    match_keys: Counter[str] = field(repr=False)


def parse_reply(reply: str, passages: int) -> tuple[list[DraftSentence], int]:
    """The sentences of a reply, those of its lists with their headings, and how many markers named
    no passage in ``1..passages``."""
    drafts, dropped = list[DraftSentence](), 0
    for group, text in _blocks(reply):
        found, missing = _parse_text(text, passages)
        drafts += [replace(draft, group=group) for draft in found]
        dropped += missing
    return drafts, dropped


def _blocks(reply: str) -> Iterator[tuple[str | None, str]]:
    """The points of a reply, each with the heading above it, and the text between its lists."""
    heading, running = "", list[str]()
    for line in reply.split("\n"):
        point, bold = _POINT.match(line), _HEADING.fullmatch(line.strip())
        if not point and not bold:
            running.append(line)
            continue
        if "".join(running).strip():
            yield None, "\n".join(running)
            heading = ""
        running = []
        if bold:
            heading = bold[1] or bold[2]
        elif point:
            yield heading, line[point.end() :]
    if "".join(running).strip():
        yield None, "\n".join(running)


def _parse_text(reply: str, passages: int) -> tuple[list[DraftSentence], int]:
    """The same of a running text."""
    clean, marks, end = [], [], 0
    for match in _MARKER.finditer(reply):
        clean.append(reply[end : match.start()])
        end = match.end()
        position = sum(map(len, clean))
        marks += [(position, int(n)) for n in re.findall(r"\d+", match[1])]
    text = "".join([*clean, reply[end:]])
    drafts: list[DraftSentence] = []
    for start, stop in split_sentences(text):
        # A marker belongs to the sentence whose last character stands before it.
        here = frozenset(n for at, n in marks if start < at <= stop and 1 <= n <= passages)
        if drafts and _BARE.fullmatch(drafts[-1].text):  # "Yes." says something with what follows
            before = drafts.pop()
            drafts.append(DraftSentence(f"{before.text} {text[start:stop]}", before.numbers | here))
        else:
            drafts.append(DraftSentence(text[start:stop], here))
    return drafts, sum(not 1 <= n <= passages for _, n in marks)


def candidate_sentences(passages: Sequence[Passage]) -> list[CandidateSentence]:
    """Every sentence of the passages as a citation of its own, in the passages' order."""
    found = []
    for passage in passages:
        for start, end in split_sentences(passage.text):
            at = passage.span.start
            span = Span(passage.span.document_id, at + start, at + end)
            quote = passage.text[start:end]
            citation = Citation(passage.number, span, quote)
            # Whether its first word is a name, no sentence tells by itself; the claim does.
            keys = match_keys(quote, find_capitalised(quote))
            found.append(CandidateSentence(passage.number, citation, keys))
    return found


def match_keys(text: str, names: Sequence[Name] | None = None) -> Counter[str]:
    """The word stems, amounts and names of a text, as keys that are equal for equal ones. `names`
    are taken for its names; None for those that `find_names` finds."""
    keys = Counter(content_stems(text))
    keys.update(f"#{quantity.value:g}" for quantity in find_quantities(text))
    keys.update(
        f"@{shortest_key(each.text)}" for each in (find_names(text) if names is None else names)
    )
    return keys


def find_citations(
    claim: str, numbers: frozenset[int], candidates: Sequence[CandidateSentence]
) -> tuple[CandidateSentence, ...]:
    """The narrowest sentences that carry `claim`: the best one first, then those before it that it
    needs to be understood, where they add something. Empty when nothing matches at all."""
    rarity = _rarity(match_keys(claim), candidates)
    total = sum(rarity.values())
    if not total or not candidates:
        return ()
    groups = [(s, *_context(s, claim, rarity, candidates)) for s in candidates]

    def carried(group: Sequence[CandidateSentence]) -> float:
        in_group = {key for sentence in group for key in sentence.match_keys}
        share = sum(weight for key, weight in rarity.items() if key in in_group) / total
        return (
            share
            - CHECKING.length_malus * (len(group) - 1)
            + CHECKING.hint_bonus * (group[0].number in numbers)
        )

    best = max(range(len(groups)), key=lambda i: (carried(groups[i]), -i))
    return groups[best] if carried(groups[best]) > CHECKING.hint_bonus else ()


def find_passage(
    claim: str, asked: str, candidates: Sequence[CandidateSentence]
) -> tuple[tuple[CandidateSentence, ...], float]:
    """The neighbouring sentences, up to three, that carry best what `claim` says beyond the words
    of the question `asked`, and how much of that, 0..1, is in them. What the question says already
    counts little, because a reply repeats it in words that the source may not have. Empty where
    nothing matches."""
    repeated = match_keys(asked).keys()
    rarity = {
        key: weight * (CHECKING.repeated_weight if key in repeated else 1)
        for key, weight in _rarity(match_keys(claim), candidates).items()
    }
    total = sum(rarity.values())
    new = {key: weight for key, weight in rarity.items() if key not in repeated}
    best: tuple[CandidateSentence, ...] = ()
    best_score = 0.0
    for run in _runs(candidates):
        keys = {key for sentence in run for key in sentence.match_keys}
        carried = sum(weight for key, weight in rarity.items() if key in keys)
        score = carried / total - CHECKING.min_added_share * (len(run) - 1) if total else 0.0
        if score > best_score:
            best, best_score = run, score
    keys = {key for sentence in best for key in sentence.match_keys}
    share = sum(weight for key, weight in new.items() if key in keys)
    return best, share / sum(new.values()) if new else 0.0


def _runs(candidates: Sequence[CandidateSentence]) -> Iterator[tuple[CandidateSentence, ...]]:
    """Each sentence alone, then with one and with two that follow directly."""
    for first, start in enumerate(candidates):
        yield (start,)
        for last in range(first + 1, min(first + MAX_RUN, len(candidates))):
            before, here = candidates[last - 1].citation.span, candidates[last].citation.span
            if not directly_follows(here, before):
                break
            yield tuple(candidates[first : last + 1])


def _rarity(keys: Iterable[str], candidates: Sequence[CandidateSentence]) -> dict[str, float]:
    """Inverse document frequency over the candidate sentences; amounts and names count double."""
    sentences = Counter(key for sentence in candidates for key in sentence.match_keys)
    weights = {key: log1p(len(candidates) / (1 + sentences[key])) for key in keys}
    return {key: w * (2 if key[0] in "#@" else 1) for key, w in weights.items()}


def _context(
    best: CandidateSentence,
    claim: str,
    rarity: dict[str, float],
    candidates: Sequence[CandidateSentence],
) -> list[CandidateSentence]:
    """The sentences before `best` that add to the claim, as long as each needs its context, or,
    where `best` does not, a pronoun of it stands where the claim has a name of theirs."""
    leans = needs_context(best.citation.quote)
    if not (leans or find_pronouns(best.citation.quote)):
        return []
    least = CHECKING.min_added_share * sum(rarity.values())
    missing = rarity.keys() - best.match_keys.keys()
    found, current = [], best
    while (current is best or needs_context(current.citation.quote)) and (
        before := _before(current, candidates)
    ):
        if sum(rarity[key] for key in missing & before.match_keys.keys()) >= least:
            found.append(before)
            missing -= before.match_keys.keys()
        current = before
    texts = [each.citation.quote for each in found]
    return found if leans or read_pronouns(claim, best.citation.quote, texts) else []


def _before(
    sentence: CandidateSentence, candidates: Sequence[CandidateSentence]
) -> CandidateSentence | None:
    """The candidate that ends where `sentence` begins."""
    span = sentence.citation.span
    return next(
        (other for other in candidates if directly_follows(span, other.citation.span)), None
    )


def directly_follows(span: Span, other: Span) -> bool:
    """True when `span` begins where `other` ends, white space aside."""
    return (
        span.document_id == other.document_id and 0 <= span.start - other.end <= CHECKING.gap_chars
    )
