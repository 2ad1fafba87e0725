"""Generates false claims from true sentences, and counts how many a check notices.

A true claim is a sentence of a document, as it stands or safely reworded (see `paraphrases`). A
mutation changes one interval of it. That it is false, or at least no longer stated, rests on how
each kind is made:

- number: another value for the same thing, numbers read as exact; one under a bound ("at least
  20" still holds for 30) is left alone, and so are dates.
- date: another weekday, month, year, or day of the month, never one that the sentence has too.
- name, and name from elsewhere: a name that shares no word or initials with the old one and does
  not stand in the sentence; titles and nationalities are neither taken nor given.
- unit: the same figure of something else (%, currencies, scales, measures).
- negation added, negation removed: of a verb; modal "may", conditions and questions, for which both
  can hold, are left alone, and so is "not only".
- quantifier: one that does not follow from the old one.
- attribution: the words of one speaker given to another, of another sort or another name.
- role: two names on either side of a verb, or of "from … to", change places; verbs that hold both
  ways ("met") are left alone.
- antonym: one of a pair of opposites for the other, where the sentence does not have both.

What remains is luck: two names of one person without a common word, or a town for its region.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol, TypeVar

from eval.scorer.mutations import names, numbers, wording
from eval.scorer.mutations.replacements import MutationContext, Replacements
from rag import split_sentences
from rag.types import Support

AROUND_CHARS = 1_500  # of the document before and after a sentence
_SHORTEST, _LONGEST = 40, 350  # characters of a sentence that is used

Kind = Literal["verbatim", "verbatim in its passage", "paraphrase"]


@dataclass(frozen=True, slots=True)
class Mutation:
    """`text` is a false claim: a true one in which `changed[0]` became `changed[1]`. `sentence` is
    what the source says, `around` the text near it."""

    kind: str
    text: str
    changed: tuple[str, str]
    sentence: str
    around: str


@dataclass(frozen=True, slots=True)
class TrueClaim:
    """A claim that `sentence` states, `around` is the text near it."""

    kind: Kind
    text: str
    sentence: str
    around: str


Kinded = TypeVar("Kinded", Mutation, TrueClaim)


class Rate(NamedTuple):
    """Of `n` claims, `caught` were not "supported"; `unsupported` of these were "unsupported"."""

    caught: int
    unsupported: int
    n: int


class Verdict(Protocol):
    @property
    def support(self) -> Support: ...


Check = Callable[[str, Sequence[str], str], Verdict]


_KINDS: Mapping[str, Callable[[str, MutationContext, random.Random], Replacements]] = {
    "number": numbers.change_number,
    "date": numbers.change_date,
    "name": names.change_name,
    "name from elsewhere": names.change_to_foreign_name,
    "unit": numbers.change_unit,
    "negation added": wording.add_negation,
    "negation removed": wording.remove_negation,
    "quantifier": wording.change_quantifier,
    "attribution": names.change_attribution,
    "role": names.swap_roles,
    "antonym": wording.swap_antonym,
}


# --- false claims -----------------------------------------------------------------------------


def mutate(documents: Sequence[str], seed: int = 0) -> Iterator[Mutation]:
    """At most one mutation of each kind for each sentence of `documents`, in their order. The same
    documents and seed give the same mutations."""
    named = [names.names_of(text) for text in documents]
    speaking = [names.speakers_of(text) for text in documents]
    for number, text in enumerate(documents):
        chance = random.Random(f"{seed} {number}")  # noqa: S311
        others = [i for i in range(len(documents)) if i != number]
        for sentence, around in sentences(text):
            other = chance.choice(others) if others else number
            context = MutationContext(
                named=named[number],
                elsewhere=[] if other == number else named[other],
                speakers=speaking[number] + ([] if other == number else speaking[other]),
                around=text,
            )
            claim = chance.choice([sentence, *paraphrases(sentence)])
            yield from _mutations(claim, sentence, around, context, chance)


def _mutations(
    claim: str, sentence: str, around: str, context: MutationContext, chance: random.Random
) -> Iterator[Mutation]:
    for kind, change in _KINDS.items():
        found = [c for c in change(claim, context, chance) if c.new != claim[c.start : c.end]]
        if found:
            start, end, new = chance.choice(found)
            text = claim[:start] + new + claim[end:]
            yield Mutation(kind, text, (claim[start:end], new), sentence, around)


def sentences(document: str) -> Iterator[tuple[str, str]]:
    """The whole sentences of plain prose in a document, each with the text around it."""
    seen = set()
    for start, end in split_sentences(document):
        sentence = document[start:end]
        if sentence not in seen and _is_prose(sentence):
            seen.add(sentence)
            yield sentence, document[max(0, start - AROUND_CHARS) : end + AROUND_CHARS]


def _is_prose(sentence: str) -> bool:
    fits = _SHORTEST <= len(sentence) <= _LONGEST and re.match(r"[A-Z“\"]", sentence)
    return bool(fits) and sentence[-1] in '.”"' and not re.search(r"[\n|?{}\[\]<>]|http", sentence)


# --- true claims ------------------------------------------------------------------------------

_SPOKE = r"(?:said|says|added|reported|announced|wrote)"
_SPEAKER = rf"(?:the \w+|[A-Z]\w+(?: [A-Z]\w+)*) {_SPOKE}"
_FINITE = r"(?:is|was|are|were|has|have|had|will|would|can|could|did|does|said|says)"
_SAFE: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), new)
    for pattern, new in (
        # what someone said, with the speaker in front
        (rf"^([^“”\",]+), ({_SPEAKER})\.$", r"\2 that \1."),
        (rf"^“([^“”]+),” ({_SPEAKER})\.$", r"\2, “\1.”"),
        # without a clause that tells more
        (r"^([^“”\",]+), (?:which|who|where) [^“”\",]+\.$", r"\1."),
        (rf"^([A-Z][^“”\",]+), (?:which|who|where) [^“”\",]+,( {_FINITE} [^“”\"]+\.)$", r"\1\2"),
        (
            r"^(?:(?:In|On|At|During|After) [^“”\",]+), ((?:the|a|he|she|it|they) [^“”\"]+)\.$",
            r"\1.",
        ),
        # in other words
        (r"(\d) ?(?:percent|per cent)\b", r"\1%"),
        (r"(\d)%", r"\1 percent"),
        (r"\b(is|was|are|were|has|had|have|did|does|do)n[’']t\b", r"\1 not"),
        (r"\b(is|was|are|were|has|had|have|did|does|do) not\b", r"\1n't"),
    )
)
_OPENING = re.compile(r" that (The|A|An|It|He|She|They|His|Her|Its|In|This)\b")


def paraphrases(sentence: str) -> list[str]:
    """Rewordings of a sentence that it entails: a clause or a phrase of time left out, the speaker
    moved, percent and negations written the other way. Often none."""
    found = []
    for pattern, new in _SAFE:
        text = pattern.sub(new, sentence)
        if text != sentence and len(text) >= _SHORTEST:
            text = _OPENING.sub(lambda match: match[0].lower(), text, count=1)
            found.append(text[0].upper() + text[1:])
    return found


def true_claims(documents: Sequence[str]) -> Iterator[TrueClaim]:
    """Each sentence of `documents` as it stands, checked against itself alone and against its
    passage (the sentence first), and in every safe rewording."""
    for document in documents:
        for sentence, around in sentences(document):
            yield TrueClaim("verbatim", sentence, sentence, "")
            yield TrueClaim("verbatim in its passage", sentence, sentence, around)
            for text in paraphrases(sentence):
                yield TrueClaim("paraphrase", text, sentence, around)


# --- rates ------------------------------------------------------------------------------------


def catch_rates(check: Check, mutations: Iterable[Mutation]) -> dict[str, Rate]:
    """How many mutations of each kind `check` does not call "supported"."""
    seen = ((m.kind, check(m.text, [m.sentence], m.around).support) for m in mutations)
    return count_rates(seen)


def false_alarms(check: Check, sentences: Iterable[TrueClaim]) -> dict[str, Rate]:
    """How many true claims of each kind `check` does not call "supported".

    "verbatim in its passage" cites the passage whole, after the sentence.
    """
    seen = []
    for claim in sentences:
        whole = claim.kind == "verbatim in its passage"
        quotes = [claim.sentence, claim.around] if whole else [claim.sentence]
        seen.append((str(claim.kind), check(claim.text, quotes, claim.around).support))
    return count_rates(seen)


def count_rates(verdicts: Iterable[tuple[str, Support]]) -> dict[str, Rate]:
    """What became of the claims of each kind, from (kind, support) of each claim."""
    found: dict[str, list[Support]] = {}
    for kind, support in verdicts:
        found.setdefault(kind, []).append(support)
    return {
        kind: Rate(
            sum(each != "supported" for each in supports),
            supports.count("unsupported"),
            len(supports),
        )
        for kind, supports in found.items()
    }


def sample(mutations: Iterable[Kinded], per_kind: int, seed: int = 0) -> list[Kinded]:
    """At most `per_kind` of each kind, drawn evenly, in their order."""
    by_kind: dict[str, list[tuple[int, Kinded]]] = {}
    for place, mutation in enumerate(mutations):
        by_kind.setdefault(mutation.kind, []).append((place, mutation))
    chance = random.Random(f"sample {seed}")  # noqa: S311
    drawn = [
        each
        for found in by_kind.values()
        for each in chance.sample(found, min(per_kind, len(found)))
    ]
    return [mutation for _, mutation in sorted(drawn, key=lambda each: each[0])]


def report(
    check: Check, documents: Sequence[str], per_kind: int = 100
) -> list[tuple[str, int, int]]:
    """(kind, caught, n) of a sample of mutations of `documents`, a kind after the other."""
    caught = catch_rates(check, sample(mutate(documents), per_kind))
    return [(kind, caught[kind].caught, caught[kind].n) for kind in _KINDS if kind in caught]
