"""Answers the parts of a question one after the other and joins what was found."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace

from rag.answering.draft import AnswerDraft, Step
from rag.events import Checked, Retrieved, Rewritten, Selected
from rag.types import Claim, Passage, Turn, Usage

AnswerPart = Callable[[str, Sequence[Turn]], Generator[Step, None, AnswerDraft]]
"""Answers one part, read with those before it and their answers."""


def answer_parts(
    draft: AnswerDraft, parts: Sequence[str], answer_part: AnswerPart
) -> Generator[Step, None, AnswerDraft]:
    """The draft with the claims for each part, points below the part that they answer, or below the
    sentence that answers it; and with the parts for which there are none. Yields what happens, with
    the passages of all parts so far numbered as one row. Where no part is answered, the reason is
    that of the first, and the passages are those of all."""
    turns: list[Turn] = []
    nearest = Numbering(())
    for part in parts:
        step_on = Numbering(draft.passages)
        steps = answer_part(part, turns)
        while True:
            try:
                step = next(steps)
            except StopIteration as end:
                found: AnswerDraft = end.value
                break
            if not isinstance(step, Retrieved | Rewritten):
                yield step_on.renumber(step)
        draft = _joined(draft, part, found, step_on)
        nearest = Numbering(nearest.passages)
        nearest.add(found.passages)
        turns.append(Turn.of(part, found.to_answer(Usage(), {})))
    return draft if draft.claims else replace(draft, missing=(), passages=nearest.passages)


@dataclass
class Numbering:
    """Numbers the passages of one part on from those before."""

    before: Sequence[Passage]

    def __post_init__(self) -> None:
        self.passages = tuple(self.before)
        self.numbers: dict[int, int] = {}

    def add(self, passages: Sequence[Passage]) -> None:
        """Take these for the passages of the part; what was among those before keeps its number."""
        known = {each.span: each.number for each in self.before}
        added = list(self.before)
        self.numbers = {}
        for each in passages:
            if each.span not in known:
                known[each.span] = len(added) + 1
                added.append(replace(each, number=len(added) + 1))
            self.numbers[each.number] = known[each.span]
        self.passages = tuple(added)

    def renumber(self, step: Step) -> Step:
        if isinstance(step, Selected):
            self.add(step.passages)
            return Selected(self.passages)
        if isinstance(step, Checked):
            return replace(step, claim=self.renumber_claim(step.claim))
        return step

    def renumber_claim(self, claim: Claim) -> Claim:
        """The claim, citing by the joint numbers."""
        return replace(
            claim,
            citations=tuple(
                replace(each, number=self.numbers.get(each.number, each.number))
                for each in claim.citations
            ),
        )


def _joined(draft: AnswerDraft, part: str, found: AnswerDraft, numbering: Numbering) -> AnswerDraft:
    """The draft with what was found for one part."""
    if not found.claims:
        return replace(
            draft,
            reasons=(*draft.reasons, *found.reasons),
            missing=(*draft.missing, part),
            chances=(*draft.chances, *found.chances),
            p_answered=max(draft.p_answered, found.p_answered),
        )
    numbering.add(found.passages)
    # Points without a heading have that of their part, unless they follow a sentence that answers.
    heading = "" if any(claim.group is None for claim in found.claims) else part
    claims = [
        replace(
            numbering.renumber_claim(claim), group=heading if claim.group == "" else claim.group
        )
        for claim in found.claims
    ]
    said = {_unquoted(claim.text) for claim in draft.claims}
    return replace(
        draft,
        passages=numbering.passages,
        claims=(*draft.claims, *(each for each in claims if _unquoted(each.text) not in said)),
        attempts=(*draft.attempts, *found.attempts),
        chances=(*draft.chances, *found.chances),
        reasons=(*draft.reasons, *found.reasons),
        p_answered=max(draft.p_answered, found.p_answered),
        dropped_markers=draft.dropped_markers + found.dropped_markers,
    )


def _unquoted(text: str) -> str:
    """A quotation without the marks that a sentence of an answer has around it, and a point not."""
    return text.strip("“”")
