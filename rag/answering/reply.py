"""Writes a reply to a question and checks it, sentence by sentence.

Each sentence is kept, repaired from its own evidence, or removed.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace

from rag.answering.acceptance import (
    answers_question,
    best_quote,
    contains_short_answer,
    is_worth_quoting,
    without_wrong_yes,
)
from rag.answering.attempts import Attempt
from rag.answering.bounds import check_with_bounds
from rag.answering.draft import Step, timed, timed_call
from rag.answering.extremes import is_surpassed
from rag.answering.prompting import calls_only, write_reply
from rag.checking.checker import Checker
from rag.checking.citations import (
    CandidateSentence,
    DraftSentence,
    candidate_sentences,
    directly_follows,
    parse_reply,
)
from rag.checking.verdict import quote_as_claim
from rag.events import Checked, Purpose
from rag.thresholds import ANSWERING
from rag.types import ChatModel, Citation, Claim, Message, Passage


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one attempt: its claims, none where they do not answer the question."""

    claims: tuple[Claim, ...]
    answers: bool
    dropped_markers: int
    wrote: bool
    """False where the model wrote nothing, or declined."""


@dataclass(frozen=True, slots=True)
class ReplyWriter:
    """Answers one question, or one part of it, with one model."""

    question: str
    passages: tuple[Passage, ...]
    """All that the answer may cite; markers run from 1 to their number."""
    model: ChatModel
    checker: Checker
    max_tokens: int
    messages: Callable[[str, Sequence[Passage]], list[Message]]
    """The prompt for a question and passages."""
    may_stand: Callable[[str, Claim, Attempt], bool]
    """Whether a claim that is not unsupported may stand, for this kind of model."""
    is_long: bool = False
    """True of a list, a summary and the like: its points need not have the question's words."""

    def answer(self, attempt: Attempt, earlier: Sequence[Claim]) -> Generator[Step, None, Outcome]:
        """Answer from one attempt; `earlier` are claims of the same answer, which are not said
        again. Yields the tokens, the calls of the model, and each sentence with its verdict."""
        reply = yield from timed("compose", self._reply(attempt.passages, "answer"))
        checked, dropped = yield from self._check(reply, attempt)
        claims = [each.claim for each in checked if each.action != "removed"]
        answers = self.is_long or answers_question(self.question, claims, attempt)
        if not claims or not answers:
            yield from (replace(each, action="removed") for each in checked)
            return Outcome((), False, dropped, bool(reply))
        new = _without_repetition(checked, earlier)
        yield from new
        kept = tuple(each.claim for each in new if each.action != "removed")
        return Outcome(kept, True, dropped, True)

    def _reply(self, passages: Sequence[Passage], purpose: Purpose) -> Generator[Step, None, str]:
        """A reply from these passages. Of a repair only the outcome is shown, not its tokens."""
        messages = self.messages(self.question, passages)
        steps = write_reply(messages, self.model, self.max_tokens, purpose)
        if purpose == "answer":
            return (yield from steps)
        return (yield from calls_only(steps))

    def _check(
        self, reply: str, attempt: Attempt
    ) -> Generator[Step, None, tuple[list[Checked], int]]:
        """Each sentence of the reply with its verdict, and how many markers named no passage."""
        reply = without_wrong_yes(self.question, reply)
        sentences, dropped = parse_reply(reply, len(self.passages))
        if len(attempt.passages) == 1:  # the model had no choice, and so writes no markers
            shown = frozenset({attempt.passages[0].number})
            sentences = [replace(sentence, numbers=shown) for sentence in sentences]
        candidates = candidate_sentences(self._citable(attempt.passages))
        on_topic = contains_short_answer(self.question, reply, attempt)
        checked = []
        for sentence in sentences:
            checked.append(
                (yield from self._check_sentence(sentence, candidates, attempt, on_topic=on_topic))
            )
        return checked, dropped

    def _citable(self, shown: Sequence[Passage]) -> list[Passage]:
        """The passages shown, and those that one of them leans on."""
        spans = {passage.span for passage in shown}
        return [
            passage
            for passage in self.passages
            if passage.span in spans or any(directly_follows(span, passage.span) for span in spans)
        ]

    def _check_sentence(
        self,
        sentence: DraftSentence,
        candidates: Sequence[CandidateSentence],
        attempt: Attempt,
        *,
        on_topic: bool,
    ) -> Generator[Step, None, Checked]:
        claim = yield from timed_call(
            "check", lambda: check_with_bounds(self.checker, sentence, candidates)
        )
        claim = replace(claim, group=sentence.group)
        if is_surpassed(self.question, claim, self.passages):  # so is what it is taken from
            return Checked(claim, "removed")
        if on_topic and self._may_stand(claim, attempt):
            return Checked(claim, "kept")
        near = list(claim.citations[:1])  # none: the claim is of nothing that was shown
        if near and not on_topic:
            near += [candidate.citation for candidate in candidates]
        evidence = best_quote(self.question, near, attempt)
        if evidence and is_worth_quoting(self.question, evidence.quote, attempt):
            repaired = yield from timed("repair", self._repair(evidence, attempt))
            if repaired:
                return Checked(replace(repaired, group=sentence.group), "repaired")
        return Checked(claim, "removed")

    def _may_stand(self, claim: Claim, attempt: Attempt) -> bool:
        if claim.support == "unsupported" or not claim.citations:
            return False
        return self.may_stand(self.question, claim, attempt)

    def _repair(self, evidence: Citation, attempt: Attempt) -> Generator[Step, None, Claim | None]:
        """The question answered from the one sentence that the failed claim came from, or, if
        that fails too, the sentence itself; None where the model was not sure of it either, and
        what it says of it is unsupported, unless the few words that answer stand in it and it is
        likely to answer."""
        narrow = [self._narrowed(evidence)]
        reply = yield from self._reply(narrow, "repair")
        sentences, _ = parse_reply(reply, evidence.number)
        candidates = candidate_sentences(narrow)
        claims = [check_with_bounds(self.checker, sentence, candidates) for sentence in sentences]
        if (
            len(claims) == 1
            and claims[0].support == "supported"
            and contains_short_answer(self.question, reply, attempt)
            and self._may_stand(claims[0], attempt)
        ):
            return claims[0]
        quoted = quote_as_claim(evidence)
        says_it = attempt.short is not None and contains_short_answer(
            self.question, evidence.quote, attempt
        )
        likely = attempt.chance is not None and attempt.chance >= ANSWERING.min_chance_doubted
        doubted = attempt.p_answered is not None and not attempt.is_sure
        unsupported = all(claim.support == "unsupported" for claim in claims)
        if doubted and unsupported and not (says_it and likely):
            return None
        return replace(quoted, origin="matched") if says_it else quoted

    def _narrowed(self, evidence: Citation) -> Passage:
        """The passage of a citation, cut down to it and read without its context."""
        whole = next(each for each in self.passages if each.number == evidence.number)
        return replace(whole, span=evidence.span, text=evidence.quote, as_read="")


def _without_repetition(checked: Sequence[Checked], earlier: Sequence[Claim]) -> list[Checked]:
    """Without what was said already: a sentence may answer two parts of a question, and one quote
    stand for two sentences of a reply."""
    texts = {claim.text for claim in earlier}
    new = []
    for each in checked:
        if each.claim.text not in texts:
            new.append(each)
        if each.action != "removed":
            texts.add(each.claim.text)
    return new
