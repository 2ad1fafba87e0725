"""What in the quotes speaks against a claim?

Pure rules, each for one kind of error that readers and models make. A rule returns its reasons in
words for people: a hard one means that the quotes do not say this, a soft one that they say it
with a reserve. `quotes[0]` carries the claim; the others are the sentences that it leans on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rag import terms

_NEGATORS = re.compile(
    r"\b(?:not|no|never|none|neither|nor|nobody|nothing|cannot|without)\b|n['’]t\b"
)
_HEDGES = frozenset("may might could possible possibly potential potentially perhaps".split())
_HEDGES |= frozenset("reportedly allegedly alleged likely unlikely seeks seeking would".split())
_ALL = frozenset("all every each always entire entirely everyone everything".split())
_SOME = frozenset("some several few partly certain sometimes".split())
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
    reasons = []
    for number in terms.quantities(claim):
        for quote in quotes:
            ties = _ties(claim, quote)
            own = [tie for other, tie in ties if terms.agree(number, other)]
            rivals = [tie for other, tie in ties if _rivals(number, other)]
            if own and rivals and max(rivals) > max(own):
                reasons.append(Reason(f'the source ties "{number.text}" to something else', True))
    return reasons


def _rivals(number: terms.Quantity, other: terms.Quantity) -> bool:
    return other.unit == number.unit and not terms.agree(number, other)


def _ties(claim: str, quote: str) -> list[tuple[terms.Quantity, int]]:
    """Each number of the quote with how many of the claim's words stand in its own clause. Words
    that the clauses of several numbers share tell nothing."""
    numbers = terms.quantities(quote)
    clauses = [set(terms.content(_clause_of(quote, n, numbers))) for n in numbers]
    wanted = set(terms.content(claim))
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
        missing = [name for name in run if not terms.name_keys(name.text) & known]
        # "Wang Xiaohong" for "Wang": the rest of a name may stand elsewhere in the article.
        completed = len(missing) < len(run) and all(
            terms.name_keys(name.text) & nearby for name in missing
        )
        if missing and not completed:
            words = " ".join(name.text for name in missing)
            reasons.append(Reason(f'"{words}" is not in the cited text', hard=True))
    return reasons


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


def _subject(claim: str, quotes: Sequence[str], around: str) -> list[Reason]:
    """The first word is capitalised in any case; if it means something, the source must have it."""
    first = re.match(r"[^\W\d_]+(?:-[^\W\d_]+)*", claim)
    stems = terms.content(first[0]) if first else []
    if not first or not stems or len(claim.split()) < 3:
        return []
    text = f"{' '.join(quotes)} {around}"
    if set(stems) & set(terms.content(text)) or terms.name_keys(first[0]) & name_keys_of(text):
        return []
    return [Reason(f'"{first[0]}" is not in the source', hard=True)]


def _negation(claim: str, quotes: Sequence[str], around: str) -> list[Reason]:
    claimed = bool(_NEGATORS.search(claim.lower()))
    stated = bool(_NEGATORS.search(_matching_clauses(claim, quotes[0]).lower()))
    if claimed == stated:
        return []
    what = "the claim denies what the source says" if claimed else "the source denies this"
    return [Reason(what, hard=True)]


def _matching_clauses(claim: str, quote: str) -> str:
    """The clauses of the quote that share the most words with the claim."""
    wanted = set(terms.content(claim))
    clauses = [clause for clause in _CLAUSE.split(quote) if clause]
    shares = [len(wanted & set(terms.content(clause))) for clause in clauses]
    most = max(shares, default=0)
    return " , ".join(c for c, share in zip(clauses, shares, strict=True) if 2 * share >= most > 0)


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


def _quantifiers(claim: str, quotes: Sequence[str], around: str) -> list[Reason]:
    said, stated = _plain(claim), _plain(" ".join(quotes))
    reasons = []
    if said & _ALL and not stated & _ALL:
        word = min(said & _ALL)
        reasons.append(Reason(f'the source does not say "{word}"', hard=True))
    near = _plain(_matching_clauses(claim, quotes[0]))
    if near & _SOME and not said & (_SOME | _ALL):
        reasons.append(Reason(f'the source says only "{min(near & _SOME)}"', hard=False))
    return reasons


def _hedges(claim: str, quotes: Sequence[str], around: str) -> list[Reason]:
    hedged = _plain(_matching_clauses(claim, quotes[0])) & _HEDGES
    if hedged and not _plain(claim) & (_HEDGES | {"can", "expected", "possibility", "chance"}):
        return [Reason(f'the source says "{min(hedged)}"', hard=False)]
    return _realised(claim, quotes[0])


def _realised(claim: str, quote: str) -> list[Reason]:
    """ "seized … to kill" does not say that anyone was killed."""
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
    _numbers, _number_ties, _names, _subject, _negation, _opposites, _quantifiers, _hedges,
    _attribution, _order,
)  # fmt: skip


def against(claim: str, quotes: Sequence[str], around: str = "") -> list[Reason]:
    """Every reason of every rule. `around` is the text near the quotes, in which the rest of a
    shortened name may stand."""
    return [reason for rule in _RULES for reason in rule(claim, quotes, around)]


def _plain(text: str) -> set[str]:
    return set(re.findall(r"[a-z]+", text.lower()))
