"""How is one answer written, checked and mended?

Each sentence of a reply is kept, repaired from its own evidence, or removed. A reply that does not
hold what was asked for is followed by another attempt; after the last the question is declined.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TypeVar

from rag.answering import acceptance, prompting
from rag.checking import citations, verdict
from rag.checking.answerability import Answerability
from rag.checking.scorer import Scorer
from rag.checking.verdict import Around
from rag.events import Checked, Event, Finished, ModelCalled, Purpose
from rag.query.sub_questions import split_question
from rag.text.dates import TimeRange
from rag.types import Answer, ChatModel, Citation, Claim, DeclineReason, Passage, Usage

Step = TypeVar("Step")


@dataclass
class Record:
    """What gathers while one question is answered."""

    question: str
    model: str
    passages: tuple[Passage, ...] = ()
    claims: list[Claim] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    timings: dict[str, float] = field(default_factory=dict)
    dropped_markers: int = 0
    chances: dict[str, float] = field(default_factory=dict)  # 0..1, by the part of the question
    attempts: list[acceptance.Attempt] = field(default_factory=list)  # that the claims are from

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            passed = time.perf_counter() - started
            self.timings[stage] = round(self.timings.get(stage, 0.0) + passed, 4)

    def counted(self, consulted: ModelCalled) -> ModelCalled:
        """The same request, its tokens added to those of the question."""
        self.usage += consulted.usage
        return consulted

    def estimated(self, part: str, chance: float) -> None:
        """A passage answers this part of the question with this chance: the best one counts."""
        self.chances[part] = max(chance, self.chances.get(part, 0.0))

    def timing(self, stage: str, steps: Iterator[Step]) -> Iterator[Step]:
        """The same steps; what they take counts for the stage, what is done with them does not."""
        while True:
            with self.timed(stage):
                step = next(steps, None)
            if step is None:
                return
            yield step

    def _shorts(self) -> list[str]:
        return [each.short for each in self.attempts if each.short]

    def finished(self, reason: DeclineReason | None = None) -> Finished:
        claims = () if reason else tuple(self.claims)
        return Finished(
            Answer(
                question=self.question,
                text=" ".join(claim.marked() for claim in claims),
                claims=claims,
                passages=self.passages,
                status="declined" if reason else "answered",
                reason=reason,
                model=self.model,
                usage=self.usage,
                timings=self.timings,
                dropped_markers=self.dropped_markers,
                chance=round(min(self.chances.values()), 3) if self.chances else None,
                short=None if reason else "; ".join(dict.fromkeys(self._shorts())) or None,
            )
        )


def respond(
    question: str,
    model: ChatModel,
    record: Record,
    *,
    around: Around,
    scorer: Scorer,
    answerability: Answerability,
    max_tokens: int,
    days: TimeRange | None = None,
) -> Generator[Event, None, DeclineReason | None]:
    """Answer from `record.passages` into `record`; returns why there is no answer, where so.

    `around` gives the text near a span; `scorer` scores claims, `answerability` questions;
    `max_tokens` bounds one reply; `days` are those that the question speaks of.
    """
    if not record.passages:
        return "nothing retrieved"
    source = " ".join(around(passage.span) for passage in record.passages)
    if prompting.is_small(model) and acceptance.names_strangers(question, source):
        return "not stated"
    reasons: list[DeclineReason] = []
    parts = split_question(question) if prompting.is_small(model) else [question]
    for part in parts:
        apart = len(parts) > 1
        ranked: Sequence[Passage] = record.passages
        if prompting.is_small(model):  # a large one reads the dates by itself
            ranked = acceptance.ranked(part, ranked, days, apart=apart)
        chance = _chance(part, ranked, answerability)
        writer = _Writer(part, ranked, model, record, around, scorer, chance, max_tokens)
        reason = yield from writer.answer()
        reasons += [reason] if reason else []
    return None if record.claims else reasons[0]


def _chance(
    question: str, passages: Sequence[Passage], answerability: Answerability
) -> acceptance.Chance:
    max_sim = cache(lambda id: answerability.max_sim_in_document(id, question, passages))
    return lambda passage, p: answerability.chance(max_sim(passage.span.document_id), p)


@dataclass(frozen=True)
class _Writer:
    """Answers one question into a record."""

    question: str
    ranked: Sequence[Passage]  # in the order in which to try them
    model: ChatModel
    record: Record
    around: Around
    scorer: Scorer
    chance: acceptance.Chance
    max_tokens: int

    def answer(self) -> Generator[Event, None, DeclineReason | None]:
        """Add the claims that answer the question to the record; say why there are none."""
        attempts = acceptance.attempts(self.question, self.ranked, self.model, self._estimated)
        wrote = False
        for attempt in self.record.timing("judge", attempts):
            if isinstance(attempt, ModelCalled):
                yield self.record.counted(attempt)
                continue
            reply = yield from self.write(attempt.passages)
            wrote = wrote or bool(reply)
            checked = yield from self.check(reply, attempt)
            claims = [each.claim for each in checked if each.action != "removed"]
            if acceptance.answers(self.question, claims, attempt):
                unsaid = self._unsaid(checked)
                yield from unsaid
                self.record.claims += [e.claim for e in unsaid if e.action != "removed"]
                self.record.attempts.append(attempt)
                return None
            yield from (replace(each, action="removed") for each in checked)
        return "nothing survived checking" if wrote else "not stated"

    def _unsaid(self, checked: Sequence[Checked]) -> list[Checked]:
        """Without what was said already: a sentence may answer two parts of a question, and one
        quote stand for two sentences of a reply."""
        said = {claim.text for claim in self.record.claims}
        unsaid = []
        for each in checked:
            if each.claim.text not in said:
                unsaid.append(each)
            if each.action != "removed":
                said.add(each.claim.text)
        return unsaid

    def _estimated(self, passage: Passage, stated: float) -> float:
        chance = self.chance(passage, stated)
        self.record.estimated(self.question, chance)
        return chance

    def write(self, passages: Sequence[Passage]) -> Generator[Event, None, str]:
        """Yield the tokens of a reply from these passages; return it whole."""
        with self.record.timed("compose"):
            return (yield from self._composed(passages, "answer"))

    def _composed(
        self, passages: Sequence[Passage], purpose: Purpose
    ) -> Generator[Event, None, str]:
        """Return a reply from these passages. Of a mend the person sees only the outcome."""
        asked = prompting.compose(self.question, passages, self.model, self.max_tokens, purpose)
        with closing(asked) as events:
            while True:
                try:
                    event = next(events)
                except StopIteration as end:
                    text: str = end.value
                    return text
                if isinstance(event, ModelCalled):
                    yield self.record.counted(event)
                elif purpose == "answer":
                    yield event

    def check(
        self, reply: str, attempt: acceptance.Attempt
    ) -> Generator[Event, None, list[Checked]]:
        """Return each sentence of the reply with its verdict; yield what mending it asked."""
        reply = acceptance.without_wrong_yes(self.question, reply)
        drafts, dropped = citations.parse_reply(reply, len(self.record.passages))
        self.record.dropped_markers += dropped
        passages = attempt.passages
        if len(passages) == 1:  # the model had no choice, and so writes no markers
            shown = frozenset({passages[0].number})
            drafts = [replace(draft, numbers=shown) for draft in drafts]
        candidates = citations.candidate_sentences(self._citable(passages))
        meant = acceptance.means(self.question, reply, attempt)
        checked = []
        for draft in drafts:
            checked.append((yield from self._check(draft, candidates, attempt, meant=meant)))
        return checked

    def _citable(self, passages: Sequence[Passage]) -> list[Passage]:
        """The passages shown, and those that one of them leans on."""
        shown = {passage.span for passage in passages}
        return [
            other
            for other in self.record.passages
            if other.span in shown
            or any(citations.directly_follows(span, other.span) for span in shown)
        ]

    def _check(
        self,
        draft: citations.DraftSentence,
        candidates: Sequence[citations.CandidateSentence],
        attempt: acceptance.Attempt,
        *,
        meant: bool,
    ) -> Generator[Event, None, Checked]:
        with self.record.timed("check"):
            claim = verdict.cite_and_check(draft, candidates, self.around, self.scorer)
        if meant and self._holds(claim, attempt):
            return Checked(claim, "kept")
        near = list(claim.citations[:1])  # none: the claim is of nothing that was shown
        if near and not meant:
            near += [each.citation for each in candidates]
        evidence = acceptance.evidence(self.question, near, attempt)
        if evidence and acceptance.worth_quoting(self.question, evidence.quote, attempt):
            return Checked((yield from self._repaired(evidence, attempt)), "repaired")
        return Checked(claim, "removed")

    def _holds(self, claim: Claim, attempt: acceptance.Attempt) -> bool:
        """True when a claim may stand; of a small model more is asked."""
        if claim.support == "unsupported" or not claim.citations:
            return False
        if not prompting.is_small(self.model):
            return True
        near = self.around(claim.citations[0].span)
        return acceptance.holds(self.question, claim, near, attempt)

    def _repaired(
        self, evidence: Citation, attempt: acceptance.Attempt
    ) -> Generator[Event, None, Claim]:
        """The question answered from the one sentence that the failed claim came from, or, if
        that fails too, the sentence itself."""
        narrow = [self._passage(evidence)]
        with self.record.timed("repair"):
            reply = yield from self._composed(narrow, "repair")
        drafts, _ = citations.parse_reply(reply, evidence.number)
        held = citations.candidate_sentences(narrow)
        claims = [verdict.cite_and_check(draft, held, self.around, self.scorer) for draft in drafts]
        if (
            len(claims) == 1
            and claims[0].support == "supported"
            and acceptance.means(self.question, reply, attempt)
            and self._holds(claims[0], attempt)
        ):
            return claims[0]
        return verdict.quote_as_claim(evidence)

    def _passage(self, evidence: Citation) -> Passage:
        whole = next(p for p in self.record.passages if p.number == evidence.number)
        return replace(whole, span=evidence.span, text=evidence.quote)
