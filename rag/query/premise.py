"""What a question takes for granted."""

from __future__ import annotations

import re

from rag.query.answer_type import expected_answer_type

_WHY = re.compile(r"^(?:(?:and|but|so) )?why\s+(?:exactly\s+)?", re.IGNORECASE)


def premise_question(question: str) -> str | None:
    """The question of yes or no whose "yes" a "why" takes for granted: "Why did the lake rise?"
    supposes that the answer to "Did the lake rise?" is yes. None of any other question."""
    rest = _WHY.sub("", question.strip(), count=1)
    if rest == question.strip() or expected_answer_type(rest) != "yes-no":
        return None
    return rest[:1].upper() + rest[1:]
