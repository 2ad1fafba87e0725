"""The rule for names: those that a claim names, the quotes must name too.

A name is hard to make up and easy to check: one that no quote has speaks hard against the claim.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.checking.reasons import Reason
from rag.text.dates import DATE_WORDS
from rag.text.language import capitalises_nouns, language_of
from rag.text.names import (
    Name,
    find_capitalised,
    find_names,
    name_keys,
    name_keys_in,
    name_runs,
)
from rag.text.tokens import content_stem, content_stems, without_possessive


def _missing_names(claim: str, quotes: Sequence[str], around: str) -> list[Reason]:
    source = " ".join(quotes)
    known, nearby = name_keys_in(source), name_keys_in(around)
    language = language_of(f"{claim} {source}")
    if capitalises_nouns(language):  # an inflected noun is no other name
        known |= set(content_stems(source, language))
    reasons = []
    for run in name_runs(find_names(claim)):
        missing = [
            name
            for name in run
            if not (_is_known(name.text, known) or _is_written(name.text, quotes))
            and content_stem(name.text, language) not in known
        ]
        present = [name for name in run if name not in missing]
        if missing and not _is_completed(missing, present, nearby, quotes):
            words = " ".join(name.text for name in missing)
            reasons.append(Reason(f'"{words}" is not in the cited text', hard=True))
    return reasons


def _is_completed(
    missing: Sequence[Name], present: Sequence[Name], nearby: set[str], quotes: Sequence[str]
) -> bool:
    """True for "Wang Xiaohong" where the quotes say "Wang": the rest of a name may stand elsewhere
    in the article."""
    return all(
        _is_known(name.text, nearby) and name.text.lower() not in DATE_WORDS for name in missing
    ) and any(_is_definite(name.text, quotes) for name in present)


def _is_definite(name: str, quotes: Sequence[str]) -> bool:
    """True when the quotes have this part of a longer name as one of a name, or of something known
    ("the court"): "a court" may be any."""
    named = {key for q in quotes for n in find_capitalised(q) for key in name_keys(n.text)}
    known = rf"\b(?:the|this|that|its|his|her|their)\s+(?:[\w-]+\s+){{0,2}}{re.escape(name)}\b"
    return _is_known(name, named) or any(re.search(known, q, re.IGNORECASE) for q in quotes)


def _is_known(name: str, known: set[str]) -> bool:
    """True when each part of a name such as "Crans-Montana" is known."""
    parts = re.findall(r"[^\W_]+(?:\.[^\W_]+)*\.?", without_possessive(name))
    return bool(name_keys(name) & known) or all(name_keys(p) & known for p in parts)


def _is_written(name: str, quotes: Sequence[str]) -> bool:
    """True when a name stands in a quote as it is written, as in "PM2.5" or "d'Italia"."""
    whole = re.compile(rf"(?<![^\W_]){re.escape(name)}s?(?![^\W_])")
    return any(whole.search(quote) for quote in quotes)


RULES = (_missing_names,)
