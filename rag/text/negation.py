"""Words that deny, and ways of denying written with a plain "not"."""

from __future__ import annotations

import re

NEGATIONS = frozenset(
    "not no never none neither nor nobody nothing cannot without hardly barely".split()
)

_REWRITTEN = tuple(
    (re.compile(pattern, re.IGNORECASE), plain)
    for pattern, plain in (
        (r"\bca(?:n['’]t|nnot)\b", "can not"),
        (r"\bwon['’]t\b", "will not"),
        (r"n['’]t\b", " not"),
        (r"\bnot guilty\b", "innocent"),
        (r"\bnot (?:only|merely)\b", ""),
        (r"\b(?:fail|refus|declin)(?:s|es|ed|ing)? to\b", r"\g<0> not"),
        (r"\bma[dk](?:e|es|ing) no difference\b|\bno (?:effect|evidence|sign|link|proof)\b",
         r"\g<0> not"),
    )
)  # fmt: skip
_EXPLICIT = re.compile(
    rf"\b(?:{'|'.join(sorted(NEGATIONS - {'without'}))})\b|n['’]t\b", re.IGNORECASE
)


def with_plain_negation(text: str) -> str:
    """`text` with a "not" where it says "n't", after "failed to" and after "no evidence", and
    without the "not" of "not only"."""
    for pattern, plain in _REWRITTEN:
        text = pattern.sub(plain, text)
    return text


def has_negation(text: str) -> bool:
    """True when a word of `text` denies something."""
    return bool(_EXPLICIT.search(text))
