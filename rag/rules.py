"""What in the quotes speaks against a claim?

Pure rules, each for one kind of error that readers and models make. A rule returns its reasons in
words for people: a hard one means that the quotes do not say this, a soft one that they say it
with a reserve. `quotes[0]` carries the claim; the others are the sentences that it leans on.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rag import align, terms

_HEADS = frozenset(["number", "name", "content"])  # sorts of words that a limit can stand before
_COUNTS = frozenset(["all", "most", "many", "some", "few"])
_ALSO_HEDGES = frozenset("can expected possibility chance signs".split())
_FRAMING = re.compile(r"(?i)(?:additional|final|next|first|then|follow|overall)\w*")  # of an answer
_OPINION = re.compile(
    r"\b(?:claim|insist|argu|alleg|accus|blam|believ|assert|contend|suggest|warn|predict)\w*\b"
)
_SAYS = re.compile(
    r"\b(?:said|say|says|saying|told|tells|added|according|report\w*|call\w*|dismiss\w*|stat(?:ed|es)"
    r"|cit(?:ed|ing)|confirm\w*|announc\w*|quot\w*|signal\w*|think\w*|thought)\b"
)
_QUOTED = re.compile(r"[“\"]([^”\"]+)[”\"]?")
_CLAUSE = re.compile(
    r"[,;:—–]\s+|[—–]|\s+(?:and|but|while|whereas|although|though|as|after|before)\s+"
)
_OPPOSITES = """rise fall; increas decreas; gain lose; win lose; accept reject; approv reject;
    support oppos; import export; buy sell; begin end; open close; higher lower; more less; more
    fewer; up down; above below; before after; first last; strengthen weaken; expand shrink; allow
    ban; confirm deni; agre refus; pass fail; resum halt; resum suspend; impos lift; impos scrap;
    eas tighten; arriv leav; guilti innoc; success failur; hike cut; rais cut; rais lower"""


@dataclass(frozen=True, slots=True)
class Reason:
    text: str
    hard: bool


# --- rules: each yields the reasons against the claim ----------------------------------------


def _numbers(claim: str, quotes: Sequence[str], around: str) -> list[Reason]:
    stated = [quantity for quote in quotes for quantity in terms.quantities(quote)]
    words = {terms.stem(word) for quote in quotes for word in re.findall(r"[a-z]+", quote.lower())}
    reasons = []
    for number in terms.quantities(claim):
        same = [other for other in stated if terms.agree(number, other)]
        if not same:
            reasons.append(Reason(f'the number "{number.text}" is not in the cited text', True))
        elif not _unit_stated(number, same, words):
            reasons.append(Reason(f'the source gives no "{number.unit}" for {number.text}', True))
    return reasons


def _unit_stated(number: terms.Quantity, same: Sequence[terms.Quantity], words: set[str]) -> bool:
    """An age needs no "years"; any other measure that the claim names must be in the source."""
    named = any(number.unit == other.unit for other in same)
    return named or number.unit in ("", "year") or terms.stem(number.unit) in words


def _number_ties(claim: str, quotes: Sequence[str], around: str) -> list[Reason]:
    """In "125% for duties and 20% for fentanyl", a claim about fentanyl may not take the 125%."""
    numbers = terms.quantities(claim)
    reasons = []
    for number in numbers:
        wanted = set(terms.content(_clause_of(claim, number, numbers)))
        for quote in quotes:
            ties = _ties(wanted, quote)
            own = [tie for other, tie in ties if terms.agree(number, other)]
            rivals = [tie for other, tie in ties if _rivals(number, other)]
            if own and rivals and max(rivals) > max(own):
                reasons.append(Reason(f'the source ties "{number.text}" to something else', True))
    return reasons


def _rivals(number: terms.Quantity, other: terms.Quantity) -> bool:
    return other.unit == number.unit and not terms.agree(number, other)


def _ties(wanted: set[str], quote: str) -> list[tuple[terms.Quantity, int]]:
    """Each number of the quote with how many of the `wanted` words stand in its own clause. Words
    that the clauses of all numbers share tell nothing."""
    numbers = terms.quantities(quote)
    clauses = [set(terms.content(_clause_of(quote, n, numbers))) for n in numbers]
    shared = {w for w in wanted if sum(w in clause for clause in clauses) == len(clauses)}
    return [(n, len(wanted & clause - shared)) for n, clause in zip(numbers, clauses, strict=True)]


def _clause_of(quote: str, number: terms.Quantity, numbers: Sequence[terms.Quantity]) -> str:
    """The text around a number up to the joints that part it from the neighbouring numbers."""
    joints = [(m.start(), m.end()) for m in _CLAUSE.finditer(quote)]
    before = [n.end for n in numbers if n.end <= number.start]
    after = [n.start for n in numbers if n.start >= number.end]
    left = max(
        (e for s, e in joints if before and before[-1] <= s and e <= number.start), default=0
    )
    right = min(
        (s for s, e in joints if after and number.end <= s and e <= after[0]), default=len(quote)
    )
    return quote[max(left, before[-1] if before and not left else left) : right]


def _names(claim: str, quotes: Sequence[str], around: str) -> list[Reason]:
    known, nearby = name_keys_of(" ".join(quotes)), name_keys_of(around)
    reasons = []
    for run in _runs(terms.names(claim)):
        missing = [name for name in run if not _named(name.text, known)]
        # "Wang Xiaohong" for "Wang": the rest of a name may stand elsewhere in the article.
        completed = len(missing) < len(run) and all(
            _named(name.text, nearby) and name.text.lower() not in terms.DATE_WORDS
            for name in missing
        )
        if missing and not completed:
            words = " ".join(name.text for name in missing)
            reasons.append(Reason(f'"{words}" is not in the cited text', hard=True))
    return reasons


def _named(name: str, known: set[str]) -> bool:
    """True when each part of a name such as "Crans-Montana" is known."""
    parts = re.findall(r"[^\W_]+(?:\.[^\W_]+)*\.?", name.removesuffix("’s").removesuffix("'s"))
    return bool(terms.name_keys(name) & known) or all(terms.name_keys(p) & known for p in parts)


def _runs(names: Sequence[terms.Name]) -> list[list[terms.Name]]:
    """Names that stand next to each other, as in "Treasury Secretary Scott Bessent"."""
    runs: list[list[terms.Name]] = []
    for name in names:
        if runs and name.start - runs[-1][-1].end <= 1:
            runs[-1].append(name)
        else:
            runs.append([name])
    return runs


def name_keys_of(text: str) -> set[str]:
    """The forms under which each word of `text` could be named."""
    words = re.findall(r"[^\W_]+(?:[.’'][^\W_]+)*\.?", text)
    return {key for word in words for key in terms.name_keys(word)}


def _limits(claim: str, quotes: Sequence[str], around: str) -> list[Reason]:
    """What the claim denies or limits must be denied or limited in the source, and the reverse."""
    stated = [word for quote in quotes for word in align.words(quote) if word.sort in _HEADS]
    said = [word for word in align.words(claim) if word.sort in _HEADS]
    hedged = any("perhaps" in word.limits for word in said) or _ALSO_HEDGES & _plain(claim)
    reasons = []
    for word in said:
        forms = [other.limits for other in stated if align.same(word, other)]
        if forms and not any(form == word.limits for form in forms):
            reasons += _limit_reasons(word, forms, bool(hedged))
    return reasons


def _limit_reasons(
    word: align.Word, forms: Sequence[frozenset[align.Limit]], hedged: bool
) -> list[Reason]:
    reasons = []
    if all(("not" in form) != ("not" in word.limits) for form in forms):
        denies = "the claim denies" if "not" in word.limits else "the source denies"
        reasons.append(Reason(f'{denies} "{word.text}"', hard=True))
    for limit in ("all", "most", "many"):
        if limit in word.limits and not any(limit in form for form in forms):
            reasons.append(Reason(f'the source does not say "{limit}" of "{word.text}"', hard=True))
    for limit in ("some", "few", "most"):
        if all(limit in form for form in forms) and not word.limits & _COUNTS:
            reasons.append(Reason(f'the source says only "{limit}" of "{word.text}"', hard=False))
    if all("perhaps" in form for form in forms) and not hedged:
        reasons.append(Reason(f'the source is not sure of "{word.text}"', hard=False))
    return reasons


def _replaced(claim: str, quotes: Sequence[str], around: str) -> list[Reason]:
    """A word of the claim that stands where the source has another."""
    ours = align.words(claim)
    closest: list[tuple[align.Word, align.Word]] | None = None
    for quote in quotes:
        found = align.replaced(ours, align.words(quote))
        if found is not None and (closest is None or len(found) < len(closest)):
            closest = found
    return [
        Reason(f'where the source says "{old.text}", the claim says "{new.text}"', _grave(new, old))
        for new, old in closest or []
    ]


def _grave(new: align.Word, old: align.Word) -> bool:
    return new.sort != "content" and new.sort == old.sort


def _missing(claim: str, quotes: Sequence[str], around: str) -> list[Reason]:
    """A word that carries meaning and that no quote has."""
    words = [word for word in missing(claim, quotes) if not _FRAMING.fullmatch(word)]
    return [Reason(f'the cited text does not say "{word}"', hard=False) for word in words[:1]]


def missing(claim: str, quotes: Sequence[str]) -> list[str]:
    """The claim's words that no quote has in any form, names and numbers aside."""
    stated = [word for quote in quotes for word in align.words(quote) if word.sort in _HEADS]
    said = [word for word in align.words(claim) if word.sort == "content"]
    return [w.text for w in said if not any(align.same(w, other) for other in stated)]


def _repeated(claim: str, quotes: Sequence[str], around: str) -> list[Reason]:
    """A word that the claim uses twice and the source once stands for two things."""
    said = Counter(word.key for word in align.words(claim) if word.sort == "content")
    held = Counter(word.key for quote in quotes for word in align.words(quote))
    again = [key for key, times in said.items() if times > held[key] > 0]
    if len(again) < 2:
        return []
    return [Reason("the claim says more than the words it takes from the source", hard=False)]


def _opposites(claim: str, quotes: Sequence[str], around: str) -> list[Reason]:
    said = {terms.stem(word) for word in re.findall(r"[a-z]+", claim.lower())}
    stated = {terms.stem(word) for quote in quotes for word in re.findall(r"[a-z]+", quote.lower())}
    pairs = [pair.split() for pair in _OPPOSITES.split(";")]
    return [
        Reason(f'the claim says "{ours}", the source "{theirs}"', hard=True)
        for pair in pairs
        for ours, theirs in (pair, pair[::-1])
        if ours in said and ours not in stated and theirs in stated and theirs not in said
    ]


def _realised(claim: str, quotes: Sequence[str], around: str) -> list[Reason]:
    """ "seized … to kill" does not say that anyone was killed."""
    quote = quotes[0]
    purposes = set(re.findall(r"\bto ([a-z]+)\b", quote.lower()))
    done = re.findall(
        r"\b(?:has|have|had|was|were) (?:\w+ly )?([a-z]+(?:ed|en|t|d))\b", claim.lower()
    )
    stems = {terms.stem(word) for word in purposes}
    other = {terms.stem(w) for w in re.findall(r"(?<!\bto )\b[a-z]+\b", quote.lower())}
    return [
        Reason(f'the source does not say that it "{word}"', hard=True)
        for word in done
        if terms.stem(word) in stems - other
    ]


def _attribution(claim: str, quotes: Sequence[str], around: str) -> list[Reason]:
    quote, said = quotes[0], claim.lower()
    if _SAYS.search(said) or _OPINION.search(said) or _QUOTED.search(claim):
        return []
    spoken = " ".join(_QUOTED.findall(quote))
    words = set(terms.content(claim))
    if words and len(words & set(terms.content(spoken))) / len(words) >= 0.6:
        return [Reason("in the source these are someone's own words", hard=False)]
    opinion = _OPINION.search(quote.lower())
    if opinion:
        return [Reason(f'the source reports this as an opinion ("{opinion[0]}")', hard=False)]
    return []


def _order(claim: str, quotes: Sequence[str], around: str) -> list[Reason]:
    """Two names that change places around the same verb: who did it to whom?"""
    quote = quotes[0]
    ours, theirs = _name_places(claim), _name_places(quote)
    common = [key for key in ours if key in theirs]
    for a, b in ((a, b) for a in common for b in common if ours[a] < ours[b]):
        between = claim[ours[a] : ours[b]]
        turned = quote[theirs[b] : theirs[a]]
        passive = re.search(r"\bby\b", between + turned)
        if set(terms.content(between)) & set(terms.content(turned)) and not passive:
            return [Reason("the source names them the other way round", hard=True)]
    return []


def _name_places(text: str) -> dict[str, int]:
    found = terms.names(text, starts=frozenset())
    return {min(terms.name_keys(n.text), key=len): n.start for n in reversed(found)}


_Rule = Callable[[str, Sequence[str], str], list[Reason]]
_RULES: tuple[_Rule, ...] = (
    _numbers, _number_ties, _names, _limits, _replaced, _missing, _repeated, _opposites,
    _realised, _attribution, _order,
)  # fmt: skip


def against(claim: str, quotes: Sequence[str], around: str = "") -> list[Reason]:
    """Every reason of every rule. `around` is the text near the quotes, in which the rest of a
    shortened name may stand."""
    return [reason for rule in _RULES for reason in rule(claim, quotes, around)]


def _plain(text: str) -> set[str]:
    return set(re.findall(r"[a-z]+", text.lower()))
