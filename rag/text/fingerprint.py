"""Which texts are word for word the same?

The articles of a news agency stand in many papers. Pure. Only what `rag.text.folding` folds,
whitespace, case, punctuation and separators of thousands may differ: where one number or name is
another, it is another text.
"""

from __future__ import annotations

import re

from rag.text.folding import without_accents
from rag.text.quantities import without_separators

# Words, and the signs that tell one amount from another: 3.5 from 35, -3 from 3, 3% from 3.
_TOLD = re.compile(r"\w+|(?<=\d)[.,/:−-](?=\d)|(?<!\w)[-−+±~](?=[$€£¥]?\d)|[%‰°$€£¥<>]")


def fingerprint(text: str) -> str:
    """What `text` says, however it is set: equal for texts that are the same; empty where it has
    no word."""
    return " ".join(_TOLD.findall(without_accents(without_separators(text).casefold())))
