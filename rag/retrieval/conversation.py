"""Reads follow-ups by what the conversation is about: the documents of its last answers, which
reading of a question these answer best, and how much sooner they come."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterable, Sequence
from dataclasses import dataclass, replace

from rag.events import ModelCalled, Retrieved
from rag.models.token_embeddings import TokenEncoder
from rag.query.follow_ups import (
    has_open_pronoun,
    leans_on_conversation,
    resolve,
    without_opening,
)
from rag.query.plan import QueryPlan
from rag.query.rewriting import rewrite
from rag.retrieval.hybrid import sort_hits
from rag.retrieval.unit_ranking import rank_units, units_of_document
from rag.store.documents import Library
from rag.text.tokens import content_keys
from rag.thresholds import EVIDENCE, RETRIEVAL
from rag.types import ChatModel, Document, Turn

MAX_COMPARED_CHARS = 100_000

Search = Callable[[str, Collection[str] | None], Retrieved]
"""Finds chunks for a question, in these documents or in all."""


@dataclass(frozen=True, slots=True)
class FollowUpReader:
    """Reads the questions of a conversation. Where words alone do not tell what is meant,
    `asks_model` says whether the language model is asked."""

    library: Library
    encoder: TokenEncoder
    search: Search
    asks_model: bool

    def read(
        self, plan: QueryPlan, history: Sequence[Turn], get_model: Callable[[], ChatModel]
    ) -> Generator[ModelCalled, None, QueryPlan]:
        """The plan with the question as it is read after the turns before it. Raises
        `LibraryError`, `ModelFileError`, and what a model that is asked raises."""
        question = plan.standalone
        plan = replace(plan, sub_questions=(question,))
        if not history or not leans_on_conversation(question):
            return plan
        documents = self._talked_about(history[-1], plan.document_ids)
        resolved = resolve(question, history, text_of(documents))
        is_unchanged = resolved.standalone.rstrip("?") == without_opening(question).rstrip("?. ")
        if is_unchanged and self._is_new_subject(plan, documents):
            return plan
        read = best_reading(resolved.readings, documents, self.encoder)
        is_open = is_unchanged or len(resolved.readings) > 1
        if is_open and self.asks_model:
            rewritten, call = rewrite(question, history, get_model())
            yield call
            read = read if rewritten == question else rewritten
        return replace(
            plan,
            standalone=read,
            sub_questions=(read,),
            context=resolved.context,
            phrase=resolved.phrase,
            about=tuple(each.id for each in documents),
        )

    def _is_new_subject(self, plan: QueryPlan, documents: Sequence[Document]) -> bool:
        """True of a question without a pronoun that has a word which the documents lack, where the
        one that is found for it has them all."""
        question = plan.standalone
        if has_open_pronoun(question) or have_words_of(documents, question):
            return False
        hits = self.search(question, plan.document_ids).hits
        found = [self.library.document(hit.chunk.span.document_id) for hit in hits[:1]]
        return bool(found) and have_words_of(found, question)

    def _talked_about(self, turn: Turn, ids: Collection[str] | None) -> list[Document]:
        """The documents that the answer of a turn cites; where it says none, the one that is found
        for it."""
        known = self.library.digests()
        cited = [span.document_id for span in turn.cited if span.document_id in known]
        if not cited:
            hits = self.search(f"{turn.question} {turn.answer}"[:500], ids).hits
            cited = [hit.chunk.span.document_id for hit in hits[:1]]
        return [self.library.document(id) for id in dict.fromkeys(cited)]


def text_of(documents: Iterable[Document]) -> str:
    """Their titles and texts."""
    return "\n".join(f"{each.title}\n{each.text}" for each in documents)


def have_words_of(documents: Sequence[Document], question: str) -> bool:
    """Whether the documents have every word of the question that carries meaning, within their
    first `MAX_COMPARED_CHARS`."""
    return content_keys(question) <= content_keys(text_of(documents)[:MAX_COMPARED_CHARS])


def best_reading(
    readings: Sequence[str], documents: Sequence[Document], encoder: TokenEncoder
) -> str:
    """The reading of a question that a unit of the documents is most relevant to; of equals the
    first. Raises `ModelFileError`."""
    limit = EVIDENCE.max_units // max(len(documents), 1)
    units = [unit for each in documents for unit in units_of_document(each, limit)]
    if len(readings) == 1 or not units:
        return readings[0]
    return max(readings, key=lambda each: rank_units(each, units, encoder)[0].relevance)


def prefer(retrieved: Retrieved, near: Retrieved) -> Retrieved:
    """What was found, with the hits of `near`, of the documents that are talked about, ahead by
    `RETRIEVAL.conversation_bonus`."""
    ahead = [replace(hit, score=hit.score + RETRIEVAL.conversation_bonus) for hit in near.hits]
    known = {hit.chunk.id for hit in ahead}
    others = [hit for hit in retrieved.hits if hit.chunk.id not in known]
    return replace(retrieved, hits=sort_hits([*ahead, *others]))
