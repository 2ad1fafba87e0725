"""What is wanted of one question: its kind, its words without the conversation, its parts.

By wording, a fitted classifier and the turns before it; a language model is asked only where the
words of a follow-up leave it open.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Generator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice

from rag.answering.answerer import GetModel
from rag.answering.draft import Step, timed
from rag.events import Rewritten
from rag.models.embeddings import MiniLM
from rag.query.answer_type import expected_answer_type
from rag.query.plan import QueryPlan
from rag.query.polite_request import without_request, without_summary_request
from rag.query.question_kind import AnswerKind, fold_question, question_kind
from rag.query.requested_length import requested_length
from rag.query.spelling import SpellingCorrector
from rag.query.sub_questions import split_question
from rag.query.validation import asks_for_summary, topic_words
from rag.retrieval.conversation import FollowUpReader
from rag.thresholds import QUERY
from rag.types import Embedder, Turn


@dataclass(frozen=True, slots=True)
class Planner:
    """Makes the plans of the questions about one library."""

    embedder: Embedder
    spelling: SpellingCorrector
    follow_ups: FollowUpReader

    def plan(
        self,
        question: str,
        history: Sequence[Turn],
        document_ids: Collection[str] | None,
        asked_on: date | None,
        get_model: GetModel,
    ) -> Generator[Step, None, QueryPlan]:
        """The plan, with an event where the question is read in other words than were typed, or
        slips were corrected. Raises `LibraryError`, `ModelFileError`, and what a model that is
        asked raises."""
        corrected = self.spelling.correct(question)
        if self.kind(corrected) == "conversation":
            return QueryPlan(question, question, (question,), kind="conversation")
        standalone = without_request(self._without_greeting(corrected))
        kind = self.kind(standalone)
        past = self._last_questions(history)
        rest, length = requested_length(standalone)
        is_of_all = length is not None and not topic_words(rest)
        if is_of_all and (before := self._last_summary(past)):
            standalone, kind, past = before, "summary", []  # "and in one sentence?"
        elif kind == "summary":
            standalone = rest
            past = [] if is_of_all else past  # "summarize it in two sentences"
        else:
            standalone, length = requested_length(standalone, is_summary=False)
            kind = self.kind(standalone) if length else kind
        plan = QueryPlan(
            question,
            standalone,
            (standalone,),
            length=length,
            document_ids=document_ids,
            asked_on=asked_on,
        )
        if past:
            steps = self.follow_ups.read(plan, past, get_model)
            plan = yield from timed("rewrite", steps)
            kind = self._kind_behind_others(plan)
        is_reread = bool(past) or corrected != question
        if is_reread and fold_question(plan.standalone) != fold_question(question):
            yield Rewritten(plan.standalone)
        standalone = plan.standalone
        if kind != "summary":  # by all its words: "Bessent's comments" alone are keywords
            standalone = without_summary_request(standalone)
        parts = tuple(split_question(standalone))
        return replace(plan, standalone=standalone, sub_questions=parts, kind=kind)

    def plan_part(
        self, plan: QueryPlan, part: str, before: Sequence[Turn], get_model: GetModel
    ) -> Generator[Step, None, QueryPlan]:
        """The plan of one part of a question, behind the parts before it. Raises as `plan`."""
        read = yield from self.follow_ups.read(replace(plan, standalone=part), before, get_model)
        return replace(read, kind=self._kind_behind_others(read))

    def kind(self, question: str) -> AnswerKind:
        """What kind of answer is wanted; a fact where that is not plain. Raises `ModelError` where
        the embedder cannot be used."""
        if asks_for_summary(question):
            return "summary"
        vector = self.embedder.embed([fold_question(question)])[0]
        own = self.embedder.name == MiniLM.name
        found = question_kind(question, vector if own else None)
        least = QUERY.min_kind_probability
        if found.kind == "conversation":
            least = QUERY.min_conversation_probability
        is_fact = expected_answer_type(question) in ("number", "time", "year")
        if found.probability < least or (is_fact and found.kind != "list"):
            return "fact"
        return found.kind

    def _kind_behind_others(self, plan: QueryPlan) -> AnswerKind:
        """The kind of a question behind others: what has to be read with them asks for no summary
        and is no remark."""
        kind = self.kind(plan.standalone)
        is_loose = kind == "conversation" or (kind == "summary" and plan.context)
        return "fact" if is_loose else kind

    def _last_questions(self, history: Sequence[Turn]) -> list[Turn]:
        """The last turns that ask something, as many as a follow-up is read with."""
        turns = (each for each in reversed(history) if self.kind(each.question) != "conversation")
        return list(islice(turns, QUERY.max_past_turns))[::-1]

    def _last_summary(self, turns: Sequence[Turn]) -> str:
        """The last question, where it asks for a summary, without the length that it asks for; of
        some that ask for nothing but another length the one before them. "" where there is none."""
        for turn in reversed(turns):
            question, length = requested_length(turn.question)
            if self.kind(question) == "summary":
                return question
            if not length or topic_words(question):
                break
        return ""

    def _without_greeting(self, question: str) -> str:
        """A question without "hi," and the like before it, which says nothing of its topic."""
        found = re.match(r"((?:[^\W\d_]+ ?){1,3})[,!.]\s+(?=\w)", question)
        greets = found is not None and self.kind(found[1]) == "conversation"
        return question[found.end() :] if found and greets else question
