"""A direct answer in a sentence or two, before the points that it rests on."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

from rag.answering.acceptance import is_acceptable
from rag.answering.attempts import Attempt
from rag.answering.bounds import check_with_bounds
from rag.answering.draft import Step, timed, timed_call
from rag.answering.model_requests import ask_if_answered, ask_yes_or_no, running_text
from rag.answering.prompting import calls_only, write_reply
from rag.checking.answerability import Answerability
from rag.checking.checker import Checker
from rag.checking.citations import CandidateSentence, candidate_sentences, parse_reply
from rag.events import Checked
from rag.prompts import prompts_of
from rag.query.plan import QueryPlan
from rag.query.premise import premise_question
from rag.text.tokens import estimate_tokens
from rag.thresholds import ANSWERING
from rag.types import ChatModel, Claim, Passage

LEAD_TOKENS = 90


@dataclass(frozen=True, slots=True)
class Lead:
    """What a model says of the passages that points are made of."""

    p_answered: float
    """The probability, 0..1, of the model's "yes, this states the answer"."""
    chance: float
    """Of an answer in them, 0..1."""
    claims: tuple[Claim, ...] = ()
    """The sentences of its reply that the passages support, none where it says nothing so."""
    p_premise: float | None = None
    """The probability, 0..1, of its "yes" to what the question takes for granted; None where that
    is nothing."""

    @property
    def premise_holds(self) -> bool:
        """False where it denies what the question takes for granted, or doubts it and gives no
        reason that the passages support."""
        p, least = self.p_premise, ANSWERING.min_p_premise_doubted
        return p is None or p >= (least if self.claims else ANSWERING.min_p_premise)

    @property
    def premise_is_sure(self) -> bool:
        """True where it is sure of what the question takes for granted."""
        return self.p_premise is not None and self.p_premise >= ANSWERING.sure_p_premise


@dataclass(frozen=True, slots=True)
class LeadWriter:
    """Writes leads with a small model: what it says is kept only where the passages support it, so
    that a failed sentence costs nothing."""

    checker: Checker
    answerability: Answerability

    def write(
        self, plan: QueryPlan, passages: Sequence[Passage], model: ChatModel, *, judge_only: bool
    ) -> Generator[Step, None, Lead]:
        """Ask whether the passages answer, and, unless `judge_only`, for the answer where they do.
        Of many passages the model reads the most similar. They do not answer a question that takes
        for granted what the model denies; where it only doubts it, a sentence that they support
        has to say why. Raises what `ChatModel.stream` does."""
        question, shown = plan.standalone, _within_budget(passages)
        p_premise = yield from _p_premise(question, shown, model)
        lead = Lead(0.0, 0.0, p_premise=p_premise)
        if p_premise is not None and p_premise < ANSWERING.min_p_premise_doubted:
            return lead
        call = yield from timed_call("judge", lambda: ask_if_answered(question, shown, model))
        yield call
        p_answered = call.probability or 0.0
        chance_of = self.answerability.estimator(plan.readings, passages)
        chance = max(chance_of(passage, p_answered) for passage in shown)
        lead = replace(lead, p_answered=p_answered, chance=chance)
        if judge_only or p_answered < ANSWERING.min_p_answered_lead:
            return lead
        text = running_text(shown)
        messages = prompts_of(model).render("explain", passages=text, question=question)
        reply = yield from timed("compose", calls_only(write_reply(messages, model, LEAD_TOKENS)))
        # Of what is known to be so, a reason in the passages is likely its reason.
        p_sure = ANSWERING.sure_p_answered if lead.premise_is_sure else 0.0
        attempt = Attempt(shown, p_sure, chance)
        claims = yield from timed_call("check", lambda: self._supported(question, reply, attempt))
        yield from (Checked(claim, "kept") for claim in claims)
        return replace(lead, claims=claims)

    def _supported(self, question: str, reply: str, attempt: Attempt) -> tuple[Claim, ...]:
        sentences, _ = parse_reply(reply, max(each.number for each in attempt.passages))
        candidates: list[CandidateSentence] = candidate_sentences(attempt.passages)
        claims = [check_with_bounds(self.checker, sentence, candidates) for sentence in sentences]
        return tuple(
            claim
            for claim in claims
            if claim.support != "unsupported"
            and claim.citations
            and is_acceptable(
                question, claim, self.checker.context(claim.citations[0].span), attempt
            )
        )


def _p_premise(
    question: str, passages: Sequence[Passage], model: ChatModel
) -> Generator[Step, None, float | None]:
    """The probability, 0..1, of the model's "yes" to what the question takes for granted, by all
    passages and by one of the two most similar, whichever is lower: between them, each of its words
    stands somewhere. A reply that is neither yes nor no counts as a yes; None where the question
    takes nothing for granted."""
    premise = premise_question(question)
    if premise is None:
        return None
    by_all = yield from _p_yes(premise, passages, model)
    if by_all < ANSWERING.min_p_premise_doubted or len(passages) == 1:
        return by_all
    by_one = 0.0
    for passage in sorted(passages, key=lambda each: -each.score)[:2]:
        if by_one < ANSWERING.min_p_premise:
            by_one = max(by_one, (yield from _p_yes(premise, [passage], model)))
    return min(by_all, by_one)


def _p_yes(
    question: str, passages: Sequence[Passage], model: ChatModel
) -> Generator[Step, None, float]:
    call = yield from timed_call("judge", lambda: ask_yes_or_no(question, passages, model))
    yield call
    return 1.0 if call.probability is None else call.probability


def _within_budget(passages: Sequence[Passage]) -> list[Passage]:
    """The most similar passages that a small model reads in a few seconds, in their order; at least
    one."""
    left, shown = ANSWERING.lead_tokens, set[int]()
    for passage in sorted(passages, key=lambda each: -each.score):
        left -= estimate_tokens(passage.as_read or passage.text)
        if left < 0 and shown:
            break
        shown.add(passage.number)
    return [passage for passage in passages if passage.number in shown]
