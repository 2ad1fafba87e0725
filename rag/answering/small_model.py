"""Answers with a small model: points by quotation, a fact from one passage, each checked."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from rag.answering.acceptance import is_acceptable
from rag.answering.amounts import leaves_out_amount, was_changed_later
from rag.answering.answerer import GetModel
from rag.answering.article_reader import ArticleReader, ArticleReading
from rag.answering.attempts import Attempt, PassageJudged, attempts, without_outdated
from rag.answering.draft import AnswerDraft, Step, timed, timed_call
from rag.answering.extractive import LEAD_KINDS, POINT_KINDS, ExtractiveComposer
from rag.answering.lead import Lead, LeadWriter
from rag.answering.listed_items import points_with_items, units_to_read
from rag.answering.model_requests import ask_items
from rag.answering.parts import Numbering
from rag.answering.points import Points, cite_points
from rag.answering.prompting import small_model_messages
from rag.answering.reply import ReplyWriter
from rag.answering.stray_points import without_strays
from rag.checking.answerability import Answerability
from rag.checking.checker import Checker
from rag.checking.question_match import unknown_names
from rag.events import Checked, Retrieved, Selected
from rag.prompts import prompts_of
from rag.query.answer_type import expected_answer_type, has_answer_type
from rag.query.plan import QueryPlan
from rag.query.question_kind import AnswerKind
from rag.retrieval.evidence import numbered_passages
from rag.text.tokens import content_keys
from rag.thresholds import ANSWERING, ARTICLE
from rag.types import ChatModel, Claim, Passage, Span


@dataclass(frozen=True, slots=True)
class SmallModelAnswerer:
    """An `Answerer`. `max_tokens` bounds one reply."""

    checker: Checker
    answerability: Answerability
    composer: ExtractiveComposer
    reader: ArticleReader
    max_tokens: int
    joins_passages: bool = False
    writes_summaries: bool = False

    def answer(
        self, plan: QueryPlan, retrieved: Retrieved, selected: Selected, get_model: GetModel
    ) -> Generator[Step, None, AnswerDraft]:
        """See `Answerer`. A question that names someone whom no source knows, or that is like
        nothing that was found, is declined before anything is asked."""
        draft = AnswerDraft(plan.question, passages=selected.passages)
        if not draft.passages:
            return draft.declined("nothing retrieved")
        source = " ".join(self.checker.context(passage.span) for passage in draft.passages)
        if unknown_names(plan.standalone, source):
            return draft.declined("not stated")
        likeness = yield from timed_call(
            "judge", lambda: self.answerability.likeness_of_any(plan.readings, draft.passages)
        )
        if likeness < ANSWERING.min_likeness:
            return replace(draft, chances=(likeness,)).declined("not stated")
        if plan.kind in POINT_KINDS:
            pointed = yield from self._pointed(plan, retrieved, draft, get_model)
            if pointed.claims:
                return pointed
            if pointed.reasons:
                return (yield from self._without_points(plan, retrieved, pointed, get_model))
        return (yield from self._from_one_passage(plan, retrieved, draft, get_model))

    def _without_points(
        self, plan: QueryPlan, retrieved: Retrieved, draft: AnswerDraft, get_model: GetModel
    ) -> Generator[Step, None, AnswerDraft]:
        """A draft that is declined so far, from the whole article or with the closest passages."""
        model = yield from timed_call("load model", get_model)
        draft = yield from self._or_from_article(plan, retrieved, draft, draft.passages, model)
        if draft.claims:
            return draft
        return (yield from self._closest(plan, draft, retrieved))

    def _from_one_passage(
        self, plan: QueryPlan, retrieved: Retrieved, draft: AnswerDraft, get_model: GetModel
    ) -> Generator[Step, None, AnswerDraft]:
        """The draft with a sentence or two from one passage, and what completes them."""
        model = yield from timed_call("load model", get_model)
        timely = without_outdated(draft.passages, retrieved.days)
        draft = yield from self._answer_from(plan, timely, draft, model)
        if not _is_likely(draft):
            draft = yield from self._or_from_article(plan, retrieved, draft, draft.passages, model)
        if draft.claims:
            return (yield from self._with_support(plan, draft, retrieved, model))
        return (yield from self._closest(plan, draft, retrieved))

    def improve(
        self,
        plan: QueryPlan,
        retrieved: Retrieved,
        selected: Selected,
        draft: AnswerDraft,
        get_model: GetModel,
    ) -> Generator[Step, None, AnswerDraft]:
        """The draft, or, where it lacks an answer to some part of the question or likely does not
        answer, what is said of the whole question in one article."""
        if not draft.reasons and _is_likely(draft):
            return draft
        model = yield from timed_call("load model", get_model)
        passages = selected.passages
        return (yield from self._or_from_article(plan, retrieved, draft, passages, model))

    def _or_from_article(
        self,
        plan: QueryPlan,
        retrieved: Retrieved,
        draft: AnswerDraft,
        passages: Sequence[Passage],
        model: ChatModel,
    ) -> Generator[Step, None, AnswerDraft]:
        """The draft with what the model says of the whole article in place of its claims, where
        the article supports that and it is better; else as it is, but, where it has no claims,
        with the passages first that this was likely taken from."""
        least = ARTICLE.min_chance
        if plan.kind == "explanation":  # what it takes for granted may not be so
            least = ARTICLE.min_chance_reason
        reading = yield from self.reader.read(plan, passages, retrieved.days, model, least)
        if not reading.claims:
            if not draft.claims and draft.passages:
                yield Selected(reading.passages)
                draft = replace(draft, passages=reading.passages)
            return draft
        if draft.claims and draft.reasons:
            return (yield from _completed(draft, reading))
        if draft.claims and not _is_better(reading, draft):
            return draft
        yield from (Checked(claim, "removed") for claim in draft.claims)
        if reading.passages != draft.passages:
            yield Selected(reading.passages)
        yield from (Checked(claim, "kept") for claim in reading.claims)
        return replace(
            draft,
            passages=reading.passages,
            claims=reading.claims,
            attempts=(),
            chances=(reading.chance,),
            reasons=(),
            missing=(),
        )

    def _closest(
        self, plan: QueryPlan, draft: AnswerDraft, retrieved: Retrieved
    ) -> Generator[Step, None, AnswerDraft]:
        """The draft with the closest passages, where the model says that one of them answers and
        only what it wrote of them did not stand, or where one has what the last question is asked
        of anew; else as it is."""
        least, likeliest = ANSWERING.min_p_answered_closest, draft.likeliest
        if plan.kind == "yes_no":  # a passage that tells seldom says "yes" or "no"
            least, likeliest = ANSWERING.min_p_answered_closest_yes_no, None
        wrote = "nothing survived checking" in draft.reasons
        if named := _passage_with(plan.phrase, draft.passages[: ANSWERING.max_passages_of_phrase]):
            likeliest = named.span
        elif not wrote or draft.p_answered < least:
            return draft
        points = yield from timed_call(
            "compose", lambda: self.composer.closest_points(plan, retrieved.hits, likeliest)
        )
        passages, claims = cite_points(points, draft.passages)
        claims = tuple(replace(claim, origin="closest") for claim in claims)
        if claims:
            yield Selected(passages)
        yield from (Checked(claim, "kept") for claim in claims)
        return replace(draft, passages=passages, claims=claims, reasons=())

    def _pointed(
        self, plan: QueryPlan, retrieved: Retrieved, draft: AnswerDraft, get_model: GetModel
    ) -> Generator[Step, None, AnswerDraft]:
        """The draft with points as its claims, below a direct answer where there is one; without
        where the model does not say that they answer, and declined where there is no direct answer
        either. They are shown before it is asked."""
        points = yield from timed_call(
            "compose", lambda: self.composer.compose(plan, retrieved.hits)
        )
        passages, claims = cite_points(points)
        if not claims:
            return draft
        passages, to_try = _joined(passages, draft.passages)
        yield Selected(passages)
        yield from (Checked(claim, "kept") for claim in claims)
        model = yield from timed_call("load model", get_model)
        shown = direct = replace(draft, passages=passages)
        if may_be_a_fact(plan.kind, points):
            timely = without_outdated(to_try, retrieved.days)
            direct = yield from self._answer_from(plan, timely, shown, model)
            if _has_direct_answer(direct, plan.kind):
                near = yield from without_strays(plan.standalone, points, _cited(direct), model)
                return _with_points(direct, near)
        pointed = yield from self._judged(plan, retrieved, points, shown, model)
        chance = max((*direct.chances, *pointed.chances), default=0.0)
        is_loose = plan.kind == "list" and not points.by_form
        if is_loose and not _is_sure(pointed) and chance >= ANSWERING.min_chance:
            unlisted = replace(pointed, chances=(chance,))
            listed = yield from self._listed(plan, retrieved, unlisted, model)
            if listed.claims:
                return listed
        if not pointed.claims:
            yield from (Checked(claim, "removed") for claim in claims)
            return replace(direct, reasons=direct.reasons or pointed.reasons)
        return (yield from self._led_by_article(plan, retrieved, points, pointed, model))

    def _led_by_article(
        self,
        plan: QueryPlan,
        retrieved: Retrieved,
        points: Points,
        pointed: AnswerDraft,
        model: ChatModel,
    ) -> Generator[Step, None, AnswerDraft]:
        """The draft with what is said of the whole article before its points, where they may not
        answer by themselves; those that are of something else are left out."""
        if points.by_form or _is_sure(pointed) or pointed.claims[0].origin == "model":
            return pointed
        led = yield from self._or_from_article(plan, retrieved, pointed, pointed.passages, model)
        spans = [each.span for group in points.groups for each in group.evidence]
        if led is pointed or not any(a.overlaps(b) for a in spans for b in _cited(led)):
            return led
        near = yield from without_strays(plan.standalone, points, _cited(led), model)
        return _with_points(led, near)

    def _judged(
        self,
        plan: QueryPlan,
        retrieved: Retrieved,
        points: Points,
        draft: AnswerDraft,
        model: ChatModel,
    ) -> Generator[Step, None, AnswerDraft]:
        """The draft with the points, below what the model writes of them where a lead is wanted;
        as it is where the model does not say that they answer, declined where it denies what the
        question takes for granted."""
        own = cite_points(points)[0]  # numbered as in the draft, which begins with them
        writer = LeadWriter(self.checker, self.answerability)
        judge_only = plan.kind not in LEAD_KINDS
        lead = yield from writer.write(plan, own, model, judge_only=judge_only)
        if not lead.premise_holds:
            return _with_chance(draft.declined("not stated"), lead.chance)
        least = _least_p_answered(plan, points, lead)
        unlikely = lead.p_answered < least or lead.chance < ANSWERING.min_chance
        if unlikely and not lead.claims:
            return draft
        claims = lead.claims
        if plan.kind == "keyword" and any(was_changed_later(claim, points) for claim in claims):
            claims = ()  # the points tell both, in their order
        led = replace(draft, claims=claims)
        points = yield from without_strays(plan.standalone, points, _cited(led), model)
        return _with_chance(_with_points(led, points), lead.chance)

    def _listed(
        self, plan: QueryPlan, retrieved: Retrieved, draft: AnswerDraft, model: ChatModel
    ) -> Generator[Step, None, AnswerDraft]:
        """The draft with the units in which the items stand that the model names, in place of its
        points; without claims where it names fewer than two."""
        ranked = yield from timed_call(
            "compose", lambda: units_to_read(self.composer.ranked(plan, retrieved.hits))
        )
        read = numbered_passages(ranked)
        named = yield from timed_call("judge", lambda: ask_items(plan.standalone, read, model))
        yield named
        passages, claims = cite_points(points_with_items(named.reply, ranked))
        if claims:
            yield from (Checked(claim, "removed") for claim in draft.claims)
            yield Selected(passages)
            yield from (Checked(claim, "kept") for claim in claims)
        return replace(draft, passages=passages, claims=claims, reasons=())

    def _with_support(
        self, plan: QueryPlan, draft: AnswerDraft, retrieved: Retrieved, model: ChatModel
    ) -> Generator[Step, None, AnswerDraft]:
        """The draft with the sentences that complete what it cites, as points."""
        cited = _cited(draft)
        complete = _complete_spans(draft)
        points = yield from timed_call(
            "compose",
            lambda: self.composer.supporting_points(plan, retrieved.hits, cited, complete),
        )
        points = yield from without_strays(plan.standalone, points, cited, model)
        passages, claims = cite_points(points, draft.passages, complete)
        if len(passages) > len(draft.passages):
            yield Selected(passages)
        yield from (Checked(claim, "kept") for claim in claims)
        return replace(draft, passages=passages, claims=(*draft.claims, *claims))

    def _answer_from(
        self, plan: QueryPlan, passages: Sequence[Passage], draft: AnswerDraft, model: ChatModel
    ) -> Generator[Step, None, AnswerDraft]:
        """The draft with the claims that answer from these passages, tried in their order, or with
        a reason why there are none."""
        question = plan.standalone
        writer = ReplyWriter(
            question,
            draft.passages,
            model,
            self.checker,
            self.max_tokens,
            partial(small_model_messages, prompts=prompts_of(model)),
            self._may_stand,
        )
        chance_of = self.answerability.estimator(plan.readings, passages)
        judging = timed("judge", attempts(question, passages, model, chance_of))
        best_chance: float | None = None
        wrote = False
        for step in judging:
            if isinstance(step, PassageJudged):
                if best_chance is None or step.chance > best_chance:
                    best_chance = step.chance
                    draft = replace(draft, likeliest=step.passage.span)
                draft = replace(draft, p_answered=max(draft.p_answered, step.p_answered))
            elif isinstance(step, Attempt):
                outcome = yield from writer.answer(step, draft.claims)
                dropped = draft.dropped_markers + outcome.dropped_markers
                draft = replace(draft, dropped_markers=dropped)
                wrote = wrote or outcome.wrote
                if outcome.answers:
                    return _with_chance(
                        replace(
                            draft,
                            claims=(*draft.claims, *outcome.claims),
                            attempts=(*draft.attempts, step),
                        ),
                        best_chance,
                    )
            else:
                yield step
        declined = draft.declined("nothing survived checking" if wrote else "not stated")
        return _with_chance(declined, best_chance)

    def _may_stand(self, question: str, claim: Claim, attempt: Attempt) -> bool:
        context = self.checker.context(claim.citations[0].span)
        return is_acceptable(question, claim, context, attempt)


def may_be_a_fact(kind: AnswerKind, points: Points) -> bool:
    """True where one sentence may answer what reads like a question for several points ("Which
    paper reported it?", "What did she say would not work?"); a list of the source is whole."""
    return kind == "statement" or (kind == "list" and not points.by_form)


def _has_direct_answer(draft: AnswerDraft, kind: AnswerKind) -> bool:
    """True where a sentence states the answer. A quotation in place of what the model wrote says no
    more than the points do where it is only the closest passage, and where a list is wanted; nor
    does, of a list, what is supported in part."""
    origins = {claim.origin for claim in draft.claims}
    if kind == "list" and any(claim.support != "supported" for claim in draft.claims):
        return False
    return bool(origins) and "closest" not in origins and (kind, origins) != ("list", {"matched"})


def _completed(draft: AnswerDraft, reading: ArticleReading) -> Generator[Step, None, AnswerDraft]:
    """The draft of a question of which parts are missing, with what was written of an article
    that it does not cite yet; as it is where that is nothing."""
    cited = _cited(draft)
    new = [
        claim
        for claim in reading.claims
        if not any(each.span.overlaps(span) for each in claim.citations for span in cited)
    ]
    if not new:
        return draft
    numbering = Numbering(draft.passages)
    numbering.add(reading.passages)
    claims = [numbering.renumber_claim(claim) for claim in new]
    yield Selected(numbering.passages)
    yield from (Checked(claim, "kept") for claim in claims)
    return replace(
        draft,
        passages=numbering.passages,
        claims=(*draft.claims, *claims),
        chances=(*draft.chances, reading.chance),
        reasons=(),
        missing=(),
    )


def _is_better(reading: ArticleReading, draft: AnswerDraft) -> bool:
    """True where what was written of an article goes before the claims of a draft: quotations, or
    what was written of a passage and answers with less than that `chance`."""
    if all(claim.origin == "closest" for claim in reading.claims):
        return False
    wrote = any(claim.origin == "model" for claim in draft.claims)
    return not wrote or reading.chance > min(draft.chances, default=0.0)


def _is_likely(draft: AnswerDraft) -> bool:
    """True where a sentence that answers rather than not was found."""
    is_closest = any(claim.origin == "closest" for claim in draft.claims)
    least = ANSWERING.sure_chance_written
    return bool(draft.claims) and not is_closest and min(draft.chances, default=1.0) >= least


def _passage_with(phrase: str, passages: Sequence[Passage]) -> Passage | None:
    """The first passage that has the words of the phrase; None for one without any."""
    wanted = content_keys(phrase)
    having = (each for each in passages if wanted <= content_keys(each.text))
    return next(having, None) if wanted else None


def _is_sure(draft: AnswerDraft) -> bool:
    """True where the claims likely answer."""
    return bool(draft.claims) and min(draft.chances, default=0.0) >= ANSWERING.sure_chance


def _cited(draft: AnswerDraft) -> list[Span]:
    return [citation.span for claim in draft.claims for citation in claim.citations]


def _complete_spans(draft: AnswerDraft) -> list[Span]:
    """What is cited and need not be quoted too: a claim of one amount may leave out another."""
    claims = (claim for claim in draft.claims if not leaves_out_amount(claim))
    return [citation.span for claim in claims for citation in claim.citations]


def _joined(
    passages: Sequence[Passage], others: Sequence[Passage]
) -> tuple[tuple[Passage, ...], list[Passage]]:
    """The passages with the others that are not among them, numbered on; and the others as they are
    numbered there."""
    found = {each.span: each for each in passages}
    for each in others:
        found.setdefault(each.span, replace(each, number=len(found) + 1))
    return tuple(found.values()), [found[each.span] for each in others]


def _with_points(draft: AnswerDraft, points: Points) -> AnswerDraft:
    """The draft with the points that it does not cite yet after its claims."""
    passages, claims = cite_points(points, draft.passages, _complete_spans(draft))
    return replace(draft, passages=passages, claims=(*draft.claims, *claims))


def _least_p_answered(plan: QueryPlan, points: Points, lead: Lead) -> float:
    """What the model's "yes" must reach for points to stand: less where their form speaks for them,
    more for reasons of what may not be so, and for units that are taken together as a list and that
    nothing else connects."""
    if points.by_form and plan.kind != "statement":
        return ANSWERING.min_p_answered_by_form
    if plan.kind == "list" and not _are_of_asked_type(plan.standalone, points):
        return ANSWERING.min_p_answered_list
    if plan.kind == "explanation" and not lead.premise_is_sure:
        return ANSWERING.min_p_answered_reason
    return ANSWERING.min_p_answered_points


def _are_of_asked_type(question: str, points: Points) -> bool:
    """True where numbers, times or persons are asked for, and every point has one."""
    kind = expected_answer_type(question)
    texts = [each.candidate.text for group in points.groups for each in group.evidence]
    return kind != "other" and all(has_answer_type(kind, text) for text in texts)


def _with_chance(draft: AnswerDraft, chance: float | None) -> AnswerDraft:
    return draft if chance is None else replace(draft, chances=(*draft.chances, chance))
