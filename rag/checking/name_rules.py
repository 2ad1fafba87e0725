"""Do the quotes name whom and what a claim names?

A name is hard to make up and easy to check: one that no quote has speaks hard against the claim.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.checking.reasons import Reason
from rag.text.names import DATE_WORDS, Name, find_names, name_keys, name_keys_in

_NONE: frozenset[int] = frozenset()


def _names(claim: str, quotes: Sequence[str], around: str) -> list[Reason]:
    known, nearby = name_keys_in(" ".join(quotes)), name_keys_in(around)
    reasons = []
    for run in _runs(find_names(claim)):
        missing = [n for n in run if not (_is_known(n.text, known) or _stands(n.text, quotes))]
        held = [name for name in run if name not in missing]
        # "Wang Xiaohong" for "Wang": the rest of a name may stand elsewhere in the article.
        completed = all(
            _is_known(name.text, nearby) and name.text.lower() not in DATE_WORDS for name in missing
        ) and any(_refers(name.text, quotes) for name in held)
        if missing and not completed:
            words = " ".join(name.text for name in missing)
            reasons.append(Reason(f'"{words}" is not in the cited text', hard=True))
    return reasons


def _refers(name: str, quotes: Sequence[str]) -> bool:
    """True when the quotes have this part of a longer name as one of a name, or of something known
    ("the court"): "a court" may be any."""
    called = {key for q in quotes for n in find_names(q, starts=_NONE) for key in name_keys(n.text)}
    known = rf"\b(?:the|this|that|its|his|her|their)\s+(?:[\w-]+\s+){{0,2}}{re.escape(name)}\b"
    return _is_known(name, called) or any(re.search(known, q, re.IGNORECASE) for q in quotes)


def _is_known(name: str, known: set[str]) -> bool:
    """True when each part of a name such as "Crans-Montana" is known."""
    parts = re.findall(r"[^\W_]+(?:\.[^\W_]+)*\.?", name.removesuffix("’s").removesuffix("'s"))
    return bool(name_keys(name) & known) or all(name_keys(p) & known for p in parts)


def _stands(name: str, quotes: Sequence[str]) -> bool:
    """True when a name stands in a quote as it is written, as in "PM2.5" or "d'Italia"."""
    whole = re.compile(rf"(?<![^\W_]){re.escape(name)}s?(?![^\W_])")
    return any(whole.search(quote) for quote in quotes)


def _runs(names: Sequence[Name]) -> list[list[Name]]:
    """Names that stand next to each other, as in "Treasury Secretary Scott Bessent"."""
    runs: list[list[Name]] = []
    for name in names:
        if runs and name.start - runs[-1][-1].end <= 1:
            runs[-1].append(name)
        else:
            runs.append([name])
    return runs


RULES = (_names,)
