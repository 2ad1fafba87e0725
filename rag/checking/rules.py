"""What in the quotes speaks against a claim?

Pure rules, each for one kind of error that readers and models make. A rule returns its reasons in
words for people: a hard one means that the quotes do not say this, a soft one that they say it
with a reserve. `quotes[0]` carries the claim; the others are the sentences that it leans on.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

from rag.checking import name_rules, number_rules
from rag.checking.alignment import (
    are_same_word,
    count_copied_words,
    find_departures,
    words_with_other_negation,
)
from rag.checking.reasons import Reason as Reason
from rag.text.antonyms import exchanged_words
from rag.text.names import find_names, name_keys, name_keys_in
from rag.text.reporting import remove_common_speaker
from rag.text.sentences import split_sentences
from rag.text.tokens import content_stems, stem
from rag.text.words import MAX_WORDS, MEANINGFUL_KINDS, Qualifier, Word, parse_words

_COUNTS = frozenset(["all", "most", "many", "some", "few"])
_ALSO_HEDGES = frozenset(["can", "possibility"])
# Words with which an answer joins its sentences.
_FRAMING = re.compile(
    r"(?i)(?:additional|final|next|first|then|follow|overall|therefor|general|important)\w*|example"
)
_OPINION = re.compile(
    r"\b(?:claim|insist|argu|alleg|accus|blam|believ|assert|contend|suggest|warn|predict)\w*\b"
)
# "Filing a claim" is no opinion, unlike "the claim that".
_NO_OPINION = re.compile(
    r"\b(?:an?|the|any|each|this|fil(?:e|ed|ing)) claims?\b(?! (?:that|of|by)\b)"
)
_SAYS = re.compile(
    r"\b(?:said|say|says|saying|told|tells|added|according|report\w*|call\w*|dismiss\w*|stat(?:ed|es)"
    r"|cit(?:ed|ing)|confirm\w*|announc\w*|quot\w*|signal\w*|think\w*|thought)\b"
)
_QUOTED = re.compile(r"[“\"]([^”\"]+)[”\"]?")


# --- rules: each yields the reasons against the claim ----------------------------------------


def _limits(claim: str, quotes: Sequence[str], around: str) -> list[Reason]:
    """What the claim denies or limits must be denied or limited in the source, and the reverse."""
    stated = [
        word for quote in quotes for word in parse_words(quote) if word.kind in MEANINGFUL_KINDS
    ]
    said = [word for word in parse_words(claim) if word.kind in MEANINGFUL_KINDS]
    hedged = bool(_ALSO_HEDGES & _plain(claim))
    reasons = []
    for word in said:
        forms = [other.qualifiers for other in stated if are_same_word(word, other)]
        if forms and not any(form == word.qualifiers for form in forms):
            reasons += _limit_reasons(word, forms, hedged)
    return reasons


def _limit_reasons(word: Word, forms: Sequence[frozenset[Qualifier]], hedged: bool) -> list[Reason]:
    reasons = []
    if all(("not" in form) != ("not" in word.qualifiers) for form in forms):
        denies = "the claim denies" if "not" in word.qualifiers else "the source denies"
        reasons.append(Reason(f'{denies} "{word.text}"', hard=True))
    for limit in ("all", "most", "many"):
        if limit in word.qualifiers and not any(limit in form for form in forms):
            reasons.append(Reason(f'the source does not say "{limit}" of "{word.text}"', hard=True))
    for limit in ("some", "few", "most"):
        if all(limit in form for form in forms) and not word.qualifiers & _COUNTS:
            reasons.append(Reason(f'the source says only "{limit}" of "{word.text}"', hard=False))
    if all("perhaps" in form for form in forms) and not hedged:
        reasons.append(Reason(f'the source is not sure of "{word.text}"', hard=False))
    return reasons


def _departs(claim: str, quotes: Sequence[str], around: str) -> list[Reason]:
    """A word of the claim that stands where the source has another, or that has moved."""
    pairs = (remove_common_speaker(claim, quote) for quote in quotes)
    found = (find_departures(parse_words(ours), parse_words(theirs)) for ours, theirs in pairs)
    departures = next((each for each in found if each is not None), [])
    return [_departure(new, old) for new, old in departures]


def _turned(claim: str, quotes: Sequence[str], around: str) -> list[Reason]:
    """A word that only one of claim and source denies, in the quote that the claim follows most."""
    words = words_with_other_negation(parse_words(claim), parse_words(_closest(claim, quotes)))
    return [Reason(f'only one of claim and source denies "{word}"', hard=True) for word in words]


def _departure(new: Word, old: Word | None) -> Reason:
    if not old:
        return Reason(f'"{new.text}" stands elsewhere in the source', hard=False)
    text = f'where the source says "{old.text}", the claim says "{new.text}"'
    return Reason(text, hard=new.kind == old.kind != "content")


def _missing(claim: str, quotes: Sequence[str], around: str) -> list[Reason]:
    """A word that carries meaning and that no quote has."""
    if len(parse_words(claim)) >= MAX_WORDS:
        return [Reason("the sentence is too long to be compared", hard=False)]
    words = missing_words(claim, quotes)
    if words and claim.startswith(words[0]) and _opens_name(claim, around):
        words = words[1:]
    return [
        Reason(f'the cited text does not say "{word}"', hard=False)
        for word in words
        if not _FRAMING.fullmatch(word)
    ][:1]


def _opens_name(claim: str, around: str) -> bool:
    """True for the "Ann" of "Ann Lee met …" where the text nearby knows an Ann."""
    words = parse_words(claim)[:2]
    known = name_keys(words[0].text) & name_keys_in(around)
    return bool(known) and words[-1].kind == "name"


def missing_words(claim: str, quotes: Sequence[str]) -> list[str]:
    """The claim's words that no quote has in any form, names and numbers aside."""
    stated = [
        word for quote in quotes for word in parse_words(quote) if word.kind in MEANINGFUL_KINDS
    ]
    said = [word for word in parse_words(claim) if word.kind == "content"]
    return [w.text for w in said if not any(are_same_word(w, other) for other in stated)]


def _repeated(claim: str, quotes: Sequence[str], around: str) -> list[Reason]:
    """A word that the claim uses twice and the source once stands for two things."""
    said = Counter(word.key for word in parse_words(claim) if word.kind == "content")
    held = Counter(word.key for quote in quotes for word in parse_words(quote))
    again = [key for key, times in said.items() if times > held[key] > 0]
    if len(again) < 2:
        return []
    return [Reason("the claim says more than the words it takes from the source", hard=False)]


def _opposites(claim: str, quotes: Sequence[str], around: str) -> list[Reason]:
    """A word whose opposite stands in the quote that the claim follows most."""
    return [
        Reason(f'the claim says "{ours}", the source "{theirs}"', hard=True)
        for ours, theirs in exchanged_words(claim, _closest(claim, quotes))
    ]


def _closest(claim: str, quotes: Sequence[str]) -> str:
    """The quote that the claim follows most."""
    words = parse_words(claim)
    return max(quotes, key=lambda quote: count_copied_words(words, parse_words(quote)), default="")


def _realised(claim: str, quotes: Sequence[str], around: str) -> list[Reason]:
    """ "seized … to kill" does not say that anyone was killed."""
    quote = quotes[0]
    purposes = set(re.findall(r"\bto ([a-z]+)\b", quote.lower()))
    done = re.findall(
        r"\b(?:has|have|had|was|were) (?:\w+ly )?([a-z]+(?:ed|en|t|d))\b", claim.lower()
    )
    stems = {stem(word) for word in purposes}
    other = {stem(w) for w in re.findall(r"(?<!\bto )\b[a-z]+\b", quote.lower())}
    return [
        Reason(f'the source does not say that it "{word}"', hard=True)
        for word in done
        if stem(word) in stems - other
    ]


def _attribution(claim: str, quotes: Sequence[str], around: str) -> list[Reason]:
    quote, said = quotes[0], claim.lower()
    if _SAYS.search(said) or _OPINION.search(said) or _QUOTED.search(claim):
        return []
    spoken = " ".join(_QUOTED.findall(quote))
    words = set(content_stems(claim))
    if words and len(words & set(content_stems(spoken))) / len(words) >= 0.6:
        return [Reason("in the source these are someone's own words", hard=False)]
    opinion = _OPINION.search(_NO_OPINION.sub("", quote.lower()))
    if opinion and not _of_something_else(opinion, words):
        return [Reason(f'the source reports this as an opinion ("{opinion[0]}")', hard=False)]
    return []


def _of_something_else(opinion: re.Match[str], words: set[str]) -> bool:
    """True for "…, which is believed to …" where none of the claim's words follows."""
    rest = opinion.string[opinion.end() :]
    return rest.startswith((" to ", " that ")) and not words & set(content_stems(rest))


def _order(claim: str, quotes: Sequence[str], around: str) -> list[Reason]:
    """Two names that change places around the same verb: who did it to whom?"""
    claim, quote = remove_common_speaker(claim, quotes[0])
    ours, theirs = _name_places(claim), _name_places(quote)
    common = [key for key in ours if key in theirs]
    for a, b in ((a, b) for a in common for b in common if ours[a][0] < ours[b][0]):
        between = claim[ours[a][0] : ours[b][0]]
        verbs = set(content_stems(between))
        if _acts(verbs, theirs[b], theirs[a], quote) and not (
            _acts(verbs, theirs[a], theirs[b], quote) or re.search(r"\bby\b", between)
        ):
            return [Reason("the source names them the other way round", hard=True)]
    return []


def _acts(verbs: set[str], ones: Sequence[int], others: Sequence[int], text: str) -> bool:
    """True when one of `verbs` stands between the first name and the second in the active."""
    spans = (text[one:other] for one in ones for other in others if one < other)
    return any(
        verbs & set(content_stems(span)) and not re.search(r"\bby\b", span) for span in spans
    )


def _name_places(text: str) -> dict[str, list[int]]:
    places: dict[str, list[int]] = {}
    for name in find_names(text, starts=frozenset()):
        places.setdefault(min(name_keys(name.text), key=len), []).append(name.start)
    return places


_Rule = Callable[[str, Sequence[str], str], list[Reason]]
_RULES: tuple[_Rule, ...] = (
    *number_rules.RULES, *name_rules.RULES, _limits, _turned, _departs, _missing, _repeated,
    _opposites, _realised, _attribution, _order,
)  # fmt: skip


def reasons_against(claim: str, quotes: Sequence[str], around: str = "") -> list[Reason]:
    """Every reason of every rule; none against a sentence that stands in the quotes as it is.
    `around` is the text near the quotes, in which the rest of a shortened name may stand."""
    quotes = order_quote_sentences(claim, quotes)
    if claim in quotes and len(parse_words(claim)) < MAX_WORDS:
        return []
    return [reason for rule in _RULES for reason in rule(claim, quotes, around)]


def order_quote_sentences(claim: str, quotes: Sequence[str]) -> Sequence[str]:
    """Quotes of one sentence as they are; longer ones cut into sentences, and all of them ordered
    by how many of the claim's words they have."""
    parts = [quote[start:end] for quote in quotes for start, end in split_sentences(quote)]
    if len(parts) <= len(quotes):
        return quotes
    wanted = set(content_stems(claim))
    held = {part: len(wanted & set(content_stems(part))) for part in parts}
    return sorted(held, key=lambda part: -held[part])


def _stems(text: str) -> Counter[str]:
    return Counter(stem(word) for word in re.findall(r"[a-z]+", text.lower()))


def _plain(text: str) -> set[str]:
    return set(re.findall(r"[a-z]+", text.lower()))
