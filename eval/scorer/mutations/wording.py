"""Changes of negations, quantifiers and opposites that make a sentence false.

Negations, quantifiers and opposites, for `mutations`, which says why what they give is false.
"""

from __future__ import annotations

import random
import re

from eval.scorer.mutations.replacements import MutationContext, Replacement, Replacements

# --- negations --------------------------------------------------------------------------------

_OPEN_TO_BOTH = re.compile(r"(?i)\b(?:if|whether|unless|may|might|could|maybe|perhaps|until)\b|\?")
_DENIED = re.compile(
    r"(?i)\b(?:not|no|never|none|neither|nor|without|nobody|nothing|cannot)\b|n[’']t\b"
)
_AUXILIARY = re.compile(
    r"\b(?:is|are|was|were|has|had|have|will|would|can|should)\b(?! (?:to|no|only)\b)"
)
_PAST = {
    "began": "begin", "took": "take", "gave": "give", "became": "become", "rose": "rise",
    "fell": "fall", "wrote": "write", "spoke": "speak", "went": "go", "knew": "know", "saw": "see",
    "ran": "run", "drew": "draw", "grew": "grow", "chose": "choose", "drove": "drive",
    "broke": "break", "came": "come",
}  # fmt: skip
_PAST_AFTER_SUBJECT = {
    "said": "say", "won": "win", "made": "make", "found": "find", "held": "hold", "led": "lead",
    "left": "leave", "lost": "lose", "met": "meet", "paid": "pay", "told": "tell", "called": "call",
    "announced": "announce", "opened": "open", "signed": "sign", "received": "receive",
    "asked": "ask", "released": "release", "reported": "report", "launched": "launch",
    "rejected": "reject", "confirmed": "confirm", "moved": "move", "worked": "work",
    "killed": "kill", "used": "use", "increased": "increase",
}  # fmt: skip
_VERB = re.compile(
    rf"\b(?P<free>{'|'.join(_PAST)})\b"
    rf"|\b(?P<after>{'|'.join(_PAST_AFTER_SUBJECT)})\b"
)
_SUBJECT = re.compile(r"(?:\b(?:[Hh]e|[Ii]t|[Ss]he|[Tt]hey)|\b[A-Z][a-z]\w+|\w\w\ws) $")


def add_negation(text: str, context: MutationContext, chance: random.Random) -> Replacements:
    """ "is" becomes "is not", "took" becomes "did not take"."""
    if _DENIED.search(text) or _OPEN_TO_BOTH.search(text):
        return
    for match in _AUXILIARY.finditer(text):
        yield Replacement(*match.span(), f"{match[0]} not")
    for match in _VERB.finditer(text):
        if match["after"] and not _SUBJECT.search(text[: match.start()]):
            continue
        base = _PAST.get(match[0]) or _PAST_AFTER_SUBJECT[match[0]]
        yield Replacement(*match.span(), f"did not {base}")


_DENIALS: tuple[tuple[str, str], ...] = (
    (r"\b(is|are|was|were|has|had|have|will|would|can|did|does|do|should) not\b"
     r"(?! (?:only|just|necessarily|merely|simply|yet|all|every))", r"\1"),
    (r"\b(is|are|was|were|has|had|have|would|did|does|do|should)n[’']t\b(?! (?:only|just|all|yet))",
     r"\1"),
    (r"\bcannot\b|\bcan[’']t\b", "can"),
    (r"\bwon[’']t\b", "will"),
    (r"\bnever (?=\w)", ""),
    (r"\b(is|are|was|were|has|had|have) no (?!longer|one|more|less|fewer|doubt)", r"\1 "),
    (r"\bwithout (?=\w)", "with "),
)  # fmt: skip


def remove_negation(text: str, context: MutationContext, chance: random.Random) -> Replacements:
    """The one negation of a sentence goes."""
    if len(_DENIED.findall(text)) != 1 or _OPEN_TO_BOTH.search(text):
        return
    for pattern, new in _DENIALS:
        for match in re.finditer(pattern, text):
            yield Replacement(*match.span(), match.expand(new))


# --- quantifiers ------------------------------------------------------------------------------

_QUANTIFIERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"(?<!\bat )(?<!\bof )(?<!\bafter )(?<!\babove )(?<!\bnot )\ball"
     r"(?= of the\b| the \w+s\b| \w+s\b)", ("few", "some", "hardly any")),
    (r"\bsome(?= of the\b| of his\b| of her\b| of its\b| \w+s\b)", ("all", "most")),
    (r"(?<!\bthe )(?<!\bat )\bmost(?= of the\b| of its\b| people\b| \w+s\b)", ("all", "few")),
    (r"(?<!\bas )(?<!\bhow )(?<!\bso )(?<!\btoo )(?<!\bnot )\bmany(?= of the\b| people\b| \w+s\b)",
     ("all", "few", "most")),
    (r"\bseveral(?= of the\b| \w+s\b)", ("all", "most")),
    (r"(?<!\ba )(?<!\bthe )(?<!\bpast )(?<!\blast )(?<!\bnext )\bfew(?= of the\b| \w+s\b)",
     ("most", "many", "all")),
    (r"\bboth(?= of the\b| the\b| \w+s\b)", ("neither of",)),
    (r"\balways\b(?! been)", ("rarely", "never")),
    (r"\b(?:often|usually)\b", ("rarely", "always")),
    (r"\b(?:rarely|seldom)\b", ("often", "always")),
    (r"\bsometimes\b", ("always",)),
    (r"\bthe majority(?= of\b)", ("all", "a minority")),
)  # fmt: skip


def change_quantifier(text: str, context: MutationContext, chance: random.Random) -> Replacements:
    """ "some" becomes "most", "many" becomes "few"."""
    for pattern, others in _QUANTIFIERS:
        for match in re.finditer(pattern, text, re.IGNORECASE):
            new = chance.choice(others)
            yield Replacement(*match.span(), new.capitalize() if match.start() == 0 else new)


# --- opposites --------------------------------------------------------------------------------

_OPPOSITES = """increased decreased; increase decrease; increasing decreasing; rose fell; rise
    fall; rising falling; gained lost; won lost; winning losing; higher lower;
    highest lowest; more fewer; more less; most least; largest smallest; larger
    smaller; bigger smaller; biggest smallest; before after; first last; opened
    closed; opening closing; accepted rejected; approved rejected; supported
    opposed; supporting opposing; supporters opponents; support oppose; imports
    exports; importing exporting; bought sold; buy sell; early late; earlier later;
    best worst; better worse; success failure; successful unsuccessful; strong weak;
    stronger weaker; strongest weakest; old new; older younger; male female; men
    women; man woman; north south; northern southern; east west; eastern western;
    public private; legal illegal; safe dangerous; positive negative; major minor;
    internal external; domestic foreign; majority minority; allowed banned; inside
    outside; above below; over under; up down; hot cold; hottest coldest; warm cool;
    rich poor; guilty innocent; live dead; arrived left; entered left; started
    ended; begins ends; beginning end; raised lowered; raise lower; add remove;
    added removed; confirmed denied; agreed refused; passed failed; possible
    impossible; able unable; likely unlikely; common rare; commonly rarely; easy
    difficult; easier harder; high low; long short; longer shorter; fast slow;
    faster slower; heavy light; wide narrow; deep shallow; full empty; true false;
    same different; similar different; good bad; friend enemy; ally rival; victory
    defeat; peace war; hired fired; married divorced; born died; borrowed lent; push
    pull; maximum minimum; upper lower; left right; present absent; temporary
    permanent; temporarily permanently; voluntary mandatory; required optional;
    required forbidden; expensive cheap; profit loss; profits losses; income
    expenses; remember forget; attack defend; offensive defensive; offense defense;
    conservative liberal; urban rural; winter summer; morning evening; day night;
    parents children; father mother; son daughter; brother sister; husband wife;
    husband widow; teacher student; lender borrower; buyer seller; include exclude;
    including excluding; expanded shrank; expand shrink; strengthened weakened;
    tightened eased; hardened softened; improved worsened; improve worsen; encourage
    discourage; encouraged discouraged; acquired sold; freed jailed; released
    detained; arrested released; praised criticized; thanked criticized; celebrated
    mourned; cheered booed; unanimously narrowly; quickly slowly; directly
    indirectly; officially unofficially; partially fully; peaceful violent;
    peacefully violently"""
_PAIRS = [pair.split() for pair in _OPPOSITES.split(";")]
_UNCLEAR = re.compile(  # neither word stands for its opposite here
    r"(?i)\b(?:more than|no more|once more|less than|at (?:least|most|first|last)|take over"
    r"|over the|up to|right to|left (?:with|for|to|in|on)|new york|new \w+land|right now"
    r"|the right|as long|long)\b"
)


def swap_antonym(text: str, context: MutationContext, chance: random.Random) -> Replacements:
    """ "rose" becomes "fell"."""
    words = set(re.findall(r"[a-z]+", text.lower()))
    for one, other in _PAIRS:
        for old, new in ((one, other), (other, one)):
            if old in words and new not in words:
                for match in re.finditer(rf"(?<![\w-]){old}(?![\w-])", text):
                    if not _UNCLEAR.search(text[max(0, match.start() - 5) : match.end() + 6]):
                        yield Replacement(*match.span(), new)
