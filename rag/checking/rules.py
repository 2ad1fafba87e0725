"""Rules that find what in the cited quotes speaks against a claim.

Each rule is for one kind of error that readers and models make, and returns its reasons in words
for people: a hard one means that the quotes do not say this, a soft one that they say it with a
reserve. `quotes[0]` carries the claim; the others are the sentences that it leans on.
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
from rag.checking.reasons import Reason
from rag.text.antonyms import exchanged_words
from rag.text.folding import fold
from rag.text.hedges import MODAL_HEDGES
from rag.text.language import language_of
from rag.text.names import find_capitalised, name_keys, name_keys_in, shortest_key
from rag.text.reporting import find_opinion, is_attributed, quoted_words, remove_common_speaker
from rag.text.sentences import split_sentences
from rag.text.speakers import reporters
from rag.text.tokens import content_stems, plain_words, stem
from rag.text.words import MAX_WORDS, MEANINGFUL_KINDS, Qualifier, Word, parse_words
from rag.thresholds import CHECKING

_QUANTIFIERS: frozenset[Qualifier] = frozenset(["all", "most", "many", "some", "few"])
# Words with which an answer joins its sentences.
_FRAMING = re.compile(
    r"(?i)(?:additional|final|next|first|then|follow|overall|therefor|general|important)\w*|example"
)
_CAUSE = re.compile(r"\b(?:because|due to|owing to|as a result of)\b", re.IGNORECASE)
# With these a source may give a reason: what only follows after a colon may be one.
_MAY_GIVE_CAUSE = re.compile(
    r"\b(?:because|due|owing|thanks|result\w*|caus\w*|reason\w*|since|as|so|for|therefore|hence|thus"
    r"|leads?|led|cit(?:es|ed|ing)|blam\w*|means?|meant|after|when|if|by|over|amid)\b|[:;–—]",
    re.IGNORECASE,
)
_COMPLETED = re.compile(r"\b(?:has|have|had|was|were) (?:\w+ly )?([a-z]+(?:ed|en|t|d))\b")


# --- rules: each yields the reasons against the claim ----------------------------------------


def _other_qualifiers(claim: str, quotes: Sequence[str], around: str) -> list[Reason]:
    """What the claim denies, hedges or counts must be so in the source too, and the reverse."""
    source_words = _meaningful_words(quotes)
    hedged = not MODAL_HEDGES.isdisjoint(plain_words(claim))
    reasons = []
    for word in _meaningful_words([claim]):
        in_source = [other.qualifiers for other in source_words if are_same_word(word, other)]
        if in_source and word.qualifiers not in in_source:
            reasons += _qualifier_reasons(word, in_source, hedged)
    return reasons


def _qualifier_reasons(
    word: Word, in_source: Sequence[frozenset[Qualifier]], hedged: bool
) -> list[Reason]:
    reasons = []
    if all(("not" in each) != ("not" in word.qualifiers) for each in in_source):
        denies = "the claim denies" if "not" in word.qualifiers else "the source denies"
        reasons.append(Reason(f'{denies} "{word.text}"', hard=True))
    for more in ("all", "most", "many"):
        if more in word.qualifiers and not any(more in each for each in in_source):
            reasons.append(Reason(f'the source does not say "{more}" of "{word.text}"', hard=True))
    for less in ("some", "few", "most"):
        if all(less in each for each in in_source) and not word.qualifiers & _QUANTIFIERS:
            reasons.append(Reason(f'the source says only "{less}" of "{word.text}"', hard=False))
    if all("perhaps" in each for each in in_source) and not hedged:
        reasons.append(Reason(f'the source is not sure of "{word.text}"', hard=False))
    return reasons


def _departures(claim: str, quotes: Sequence[str], around: str) -> list[Reason]:
    """A word of the claim that stands where the source has another, or that has moved."""
    pairs = (remove_common_speaker(claim, quote) for quote in quotes)
    found = (find_departures(parse_words(ours), parse_words(theirs)) for ours, theirs in pairs)
    departures = next((each for each in found if each is not None), [])
    return [_departure(new, old) for new, old in departures]


def _departure(new: Word, old: Word | None) -> Reason:
    if not old:
        return Reason(f'"{new.text}" stands elsewhere in the source', hard=False)
    text = f'where the source says "{old.text}", the claim says "{new.text}"'
    return Reason(text, hard=new.kind == old.kind != "content")


def _other_negation(claim: str, quotes: Sequence[str], around: str) -> list[Reason]:
    """A word that only one of claim and source denies, in the quote that the claim follows most."""
    words = words_with_other_negation(parse_words(claim), parse_words(_closest(claim, quotes)))
    return [Reason(f'only one of claim and source denies "{word}"', hard=True) for word in words]


def _closest(claim: str, quotes: Sequence[str]) -> str:
    """The quote that the claim follows most."""
    words = parse_words(claim)
    return max(quotes, key=lambda quote: count_copied_words(words, parse_words(quote)), default="")


def _opposites(claim: str, quotes: Sequence[str], around: str) -> list[Reason]:
    """A word whose opposite stands in the quote that the claim follows most."""
    return [
        Reason(f'the claim says "{ours}", the source "{theirs}"', hard=True)
        for ours, theirs in exchanged_words(claim, _closest(claim, quotes))
    ]


def _unstated_cause(claim: str, quotes: Sequence[str], around: str) -> list[Reason]:
    """A "because" where the source joins the two without one: "which he would have hated" gives no
    reason."""
    cause = _CAUSE.search(claim)
    if not cause:
        return []
    halves = set(content_stems(claim[: cause.start()])), set(content_stems(claim[cause.end() :]))
    joints = [joint for quote in quotes if (joint := _joint(quote, *halves)) is not None]
    if any(_MAY_GIVE_CAUSE.search(each) for each in joints or quotes):
        return []
    return [Reason(f'the source does not say "{cause[0].lower()}"', hard=False)]


def _joint(quote: str, effect: set[str], cause: set[str]) -> str | None:
    """What stands between the words of an effect and those of its cause, and before both; None
    where the two are not one after the other in this quote."""
    places: tuple[list[re.Match[str]], list[re.Match[str]]] = [], []
    for word in re.finditer(r"[^\W_]+", quote):
        for stems, found in zip((effect - cause, cause - effect), places, strict=True):
            if stem(word[0]) in stems:
                found.append(word)
    if not all(places):
        return None
    first, second = sorted(places, key=lambda found: found[0].start())
    if first[-1].start() >= second[0].start():
        return None
    return f"{quote[: first[0].start()]} {quote[first[-1].end() : second[0].start()]}"


def _missing(claim: str, quotes: Sequence[str], around: str) -> list[Reason]:
    """A word that carries meaning and that no quote has."""
    if len(parse_words(claim)) >= MAX_WORDS:
        return [Reason("the sentence is too long to be compared", hard=False)]
    words = _missing_words(claim, quotes)
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


def _missing_words(claim: str, quotes: Sequence[str]) -> list[str]:
    """The claim's words that no quote has in any form, names and numbers aside."""
    source_words = _meaningful_words(quotes)
    return [
        word.text
        for word in parse_words(claim)
        if word.kind == "content" and not any(are_same_word(word, other) for other in source_words)
    ]


def _meaningful_words(texts: Sequence[str]) -> list[Word]:
    return [word for text in texts for word in parse_words(text) if word.kind in MEANINGFUL_KINDS]


def _repeated(claim: str, quotes: Sequence[str], around: str) -> list[Reason]:
    """Words that the claim uses twice and the source once stand for two things."""
    in_claim = Counter(word.key for word in parse_words(claim) if word.kind == "content")
    in_source = Counter(word.key for quote in quotes for word in parse_words(quote))
    repeated = [key for key, times in in_claim.items() if times > in_source[key] > 0]
    if len(repeated) < 2:
        return []
    return [Reason("the claim says more than the words it takes from the source", hard=False)]


def _purposes(claim: str, quotes: Sequence[str], around: str) -> list[Reason]:
    """What was only meant in the source and is done in the claim: "seized … to kill" does not say
    that anyone was killed."""
    quote = quotes[0].lower()
    meant = {stem(verb) for verb in re.findall(r"\bto ([a-z]+)\b", quote)}
    other = {stem(word) for word in re.findall(r"(?<!\bto )\b[a-z]+\b", quote)}
    return [
        Reason(f'the source does not say that it "{verb}"', hard=True)
        for verb in _COMPLETED.findall(claim.lower())
        if stem(verb) in meant - other
    ]


def _attribution(claim: str, quotes: Sequence[str], around: str) -> list[Reason]:
    """Someone's words or opinion in the source, and plain fact in the claim."""
    if is_attributed(claim):
        return []
    stems = set(content_stems(claim))
    quoted = set(content_stems(quoted_words(quotes[0])))
    if stems and len(stems & quoted) / len(stems) >= CHECKING.min_quoted_share:
        return [Reason("in the source these are someone's own words", hard=False)]
    opinion = find_opinion(quotes[0])
    if opinion and not _is_of_something_else(opinion, stems):
        return [Reason(f'the source reports this as an opinion ("{opinion[0]}")', hard=False)]
    return []


def _is_of_something_else(opinion: re.Match[str], claim_stems: set[str]) -> bool:
    """True for "…, which is believed to …" where none of the claim's words follows."""
    rest = opinion.string[opinion.end() :]
    return rest.startswith((" to ", " that ")) and not claim_stems & set(content_stems(rest))


def _other_speaker(claim: str, quotes: Sequence[str], around: str) -> list[Reason]:
    """Somebody is named as the speaker whom the source names otherwise: "the Gazette said" of "Lund
    told the Gazette"."""
    own = next((set(_names_of(words)) for words in reporters(claim)), set())
    theirs = [words for quote in quotes for words in reporters(quote)]
    known = {key for words in theirs for key in _names_of(words)}
    if not own or own & known or not all(theirs):  # "" may be anybody
        return []
    if not theirs or not own <= {key for quote in quotes for key in _names_of(quote)}:
        return []
    # "The minister said" may be of the one who is named.
    return [Reason("the source names another speaker", hard=all(map(_names_of, theirs)))]


def _names_of(text: str) -> set[str]:
    return {key for name in find_capitalised(text) for key in name_keys(name.text)}


def _exchanged_names(claim: str, quotes: Sequence[str], around: str) -> list[Reason]:
    """Two names that change places around the same verb: who did it to whom?"""
    claim, quote = remove_common_speaker(claim, quotes[0])
    in_claim, in_source = _name_places(claim), _name_places(quote)
    common = [key for key in in_claim if key in in_source]
    language = language_of(f"{claim} {quote}")  # that of a part may look like another
    for a, b in ((a, b) for a in common for b in common if in_claim[a][0] < in_claim[b][0]):
        between = claim[in_claim[a][0] : in_claim[b][0]]
        verbs = set(content_stems(between, language))
        if _stand_between(verbs, in_source[b], in_source[a], quote, language) and not (
            _stand_between(verbs, in_source[a], in_source[b], quote, language)
            or re.search(r"\bby\b", between)
        ):
            return [Reason("the source names them the other way round", hard=True)]
    return []


def _stand_between(
    verbs: set[str], firsts: Sequence[int], seconds: Sequence[int], text: str, language: str
) -> bool:
    """True when one of `verbs` stands in the active between two places in this order."""
    spans = (text[first:second] for first in firsts for second in seconds if first < second)
    return any(
        verbs & set(content_stems(span, language)) and not re.search(r"\bby\b", span)
        for span in spans
    )


def _name_places(text: str) -> dict[str, list[int]]:
    places: dict[str, list[int]] = {}
    for name in find_capitalised(text):
        places.setdefault(shortest_key(name.text), []).append(name.start)
    return places


_Rule = Callable[[str, Sequence[str], str], list[Reason]]
_WORD_RULES: tuple[_Rule, ...] = (*name_rules.RULES, _missing)
"""Those for words that come from nowhere: what the text is about may be named above it."""
_RULES: tuple[_Rule, ...] = (
    *number_rules.RULES, _other_qualifiers, _other_negation, _departures, _repeated, _opposites,
    _purposes, _unstated_cause, _attribution, _other_speaker, _exchanged_names,
)  # fmt: skip


def reasons_against(
    claim: str, quotes: Sequence[str], around: str = "", above: str = ""
) -> list[Reason]:
    """Every reason of every rule; none against a sentence that stands in the quotes as it is.
    `around` is the text near the quotes, in which the rest of a shortened name may stand, `above`
    their title and headings, which name what they are about. Texts are folded first."""
    claim, around, quotes = fold(claim), fold(around), [fold(quote) for quote in quotes]
    quotes = order_quote_sentences(claim, quotes)
    if claim in quotes and len(parse_words(claim)) < MAX_WORDS:
        return []
    read = [*quotes, fold(above)] if above else quotes
    return [
        *(reason for rule in _WORD_RULES for reason in rule(claim, read, around)),
        *(reason for rule in _RULES for reason in rule(claim, quotes, around)),
    ]


def order_quote_sentences(claim: str, quotes: Sequence[str]) -> Sequence[str]:
    """Quotes of one sentence as they are; longer ones cut into sentences, and all of them ordered
    by how many of the claim's words they have."""
    sentences = [quote[start:end] for quote in quotes for start, end in split_sentences(quote)]
    if len(sentences) <= len(quotes):
        return quotes
    stems = set(content_stems(claim))
    shared = {each: len(stems & set(content_stems(each))) for each in sentences}
    return sorted(shared, key=lambda each: -shared[each])
