"""A drafted question, and how it is written as a line of a file of cases."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

from eval.cases import Tag
from rag.types import Span

Kind = Literal[
    "fact", "yes_no", "explanation", "list", "statement", "comparison", "summary", "keyword",
    "unanswerable",
]  # fmt: skip
KINDS: tuple[Kind, ...] = get_args(Kind)
TAGS: dict[Kind, tuple[Tag, ...]] = {
    "fact": ("fact",),
    "yes_no": ("yes-no",),
    "explanation": ("explanation",),
    "list": ("list",),
    "statement": ("statement",),
    "comparison": ("comparison",),
    "summary": ("summary",),
    "keyword": ("keyword",),
    "unanswerable": ("unanswerable", "near-miss"),
}
"""How a case is marked, by its kind; the first is enough to tell the kind."""
ID_WORDS = 6  # of the question, in the id of its case


@dataclass(frozen=True, slots=True)
class Draft:
    """A question with the places that answer it.

    `points` are the key points, each with every place that states it; `gold` the short answers of
    which one will do, where there are any. `document_id` is the article that it was made from. An
    unanswerable one has neither, and `note` says how it misses.
    """

    kind: Kind
    question: str
    document_id: str
    points: tuple[tuple[Span, ...], ...] = ()
    gold: tuple[str, ...] = ()
    optional: tuple[Span, ...] = ()
    note: str = ""
    by: str = "template"
    put_in: str = ""  # into a near miss, in place of what its articles say

    @property
    def evidence(self) -> tuple[Span, ...]:
        """Every place that states a required point, once, in order."""
        return tuple(sorted({span for point in self.points for span in point}))


def kind_of(tags: tuple[str, ...]) -> Kind | None:
    """The kind of a case, by its tags; None where they tell none."""
    return next((kind for kind in KINDS[::-1] if TAGS[kind][0] in tags), None)


def draft_to_row(draft: Draft, id: str, text_of: Callable[[Span], str]) -> dict[str, Any]:
    """The draft as a line of a file of cases (`eval.cases`)."""

    def quote(span: Span) -> dict[str, str]:
        return {"document_id": span.document_id, "quote": text_of(span)}

    required = [{"quotes": [quote(span) for span in point]} for point in draft.points]
    optional = [{"quotes": [quote(span)], "optional": True} for span in draft.optional]
    return {
        "id": id,
        "question": draft.question,
        "answerable": bool(draft.points),
        **({"gold": list(draft.gold)} if draft.gold else {}),
        **({"points": [*required, *optional]} if required else {}),
        **({"evidence": [quote(span) for span in draft.evidence]} if required else {}),
        "tags": list(TAGS[draft.kind]),
        "note": f"Drafted by {draft.by}. {draft.note}".strip(),
    }


def draft_ids(drafts: list[Draft]) -> list[str]:
    """An id for each draft, of its kind and first words, none twice."""
    found: dict[str, None] = {}
    for draft in drafts:
        words = re.findall("[a-z0-9]+", draft.question.lower())[:ID_WORDS]
        whole = "-".join([draft.kind.replace("_", "-"), *words])
        number, id = 2, whole
        while id in found:
            number, id = number + 1, f"{whole}-{number}"
        found[id] = None
    return list(found)
