"""Answers questions about one library, and brings it up to date.

`Assistant.stream` runs the stages of the pipeline and yields events; `Assistant.ask` returns the
answer that they end with. The command line, the page and the evals consume the same stream.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from rag.answering.answerer import Answerer, GetModel
from rag.answering.article_chance import load_article_weights
from rag.answering.article_reader import ArticleReader
from rag.answering.conversation import reply, suggest_questions
from rag.answering.draft import AnswerDraft, Step, finish, timed, timed_call
from rag.answering.extractive import ExtractiveComposer
from rag.answering.large_model import LargeModelAnswerer
from rag.answering.mentions import list_mentions
from rag.answering.overviews import Overviews
from rag.answering.parts import answer_parts
from rag.answering.planner import Planner
from rag.answering.points import cite_points
from rag.answering.quoting import QuotingAnswerer
from rag.answering.small_model import SmallModelAnswerer
from rag.answering.summary import documents_of_topic, newest, summarize
from rag.answering.time_points import dates_asked_about, time_points
from rag.cancellation import Cancellation, run_cancellable
from rag.checking.answerability import Answerability
from rag.checking.checker import Checker
from rag.checking.question_match import unknown_names
from rag.checking.scorer import Scorer
from rag.checking.verdict import Verdict
from rag.conflicts.contradictions import add_contradictions
from rag.conflicts.finder import ConflictFinder, build_conflict_finder
from rag.errors import EmptyLibrary, NoSuchDocument
from rag.events import (
    Checked,
    Event,
    Finished,
    IngestEvent,
    Removed,
    Retrieved,
    Selected,
)
from rag.ingest import pipeline
from rag.ingest.jobs import Jobs
from rag.models.provider import CancellableModel, ModelProvider
from rag.prompts import PACKAGED, read_prompts
from rag.query.mentions import mentions_asked_for
from rag.query.plan import QueryPlan
from rag.query.spelling import SpellingCorrector
from rag.query.validation import (
    asks_for_summary,
    has_words_to_look_for,
    in_another_script,
    reason_to_decline,
    topic_words,
    validate_question,
)
from rag.retrieval.conversation import FollowUpReader, prefer
from rag.retrieval.evidence import select_evidence
from rag.retrieval.hybrid import Retriever
from rag.retrieval.unit_ranking import rank_units, units_of_hits
from rag.settings import Settings
from rag.store.documents import Library
from rag.store.opening import open_jobs
from rag.store.vector_index import VectorIndex
from rag.text.dates import NamedDate
from rag.thresholds import ANSWERING, EVIDENCE, SUMMARY
from rag.types import Answer, ChatModel, Citation, Embedder, Hit, Span, Turn

if TYPE_CHECKING:
    from rag.ingest.ray_workers import RayPreparer

SEEDS = Path(__file__).parent.parent / "seeds"
MAX_ATTEMPTS = 3  # at an answer while sources are removed


class Assistant:
    """Answers questions about one library. Close it to stop the local model."""

    def __init__(
        self,
        settings: Settings,
        library: Library,
        vectors: VectorIndex,
        embedder: Embedder,
        model: ModelProvider,
    ) -> None:
        self.settings = settings
        self.library = library
        self.vectors = vectors
        self.embedder = embedder
        self.model = model
        self.index_lock = library.server_lock("index") or settings.lock_path
        self.prompts = read_prompts(settings.prompts_dir)
        self.overviews = Overviews(library, embedder)
        self.scorer = Scorer()  # reads its network when the first claim is checked
        self.answerability = Answerability(self.scorer.encoder)
        self.answerer, self.conflict_finder = self._stages_for(model)
        follow_ups = FollowUpReader(
            library, self.scorer.encoder, self._search_in, asks_model=self.answerer.joins_passages
        )
        self.planner = Planner(embedder, SpellingCorrector(library), follow_ups)

    def _stages_for(self, model: ModelProvider) -> tuple[Answerer, ConflictFinder]:
        """The one place that tells a small model from a large one: by the passages that it reads
        best."""
        checker = Checker(self.library, self.scorer)
        composer = ExtractiveComposer(self.library, self.scorer.encoder)
        max_tokens = self.settings.max_tokens
        small = model.budget_tokens < ANSWERING.max_small_budget_tokens
        conflict_finder = build_conflict_finder(
            self.library,
            self.scorer.encoder,
            self.answerability,
            small=small,
            free=self.settings.free_conflicts and self.settings.provider != "none",
        )
        quoting = QuotingAnswerer(self.answerability, composer)
        answerer: Answerer = LargeModelAnswerer(checker, quoting, max_tokens)
        if self.settings.provider == "none":
            answerer = quoting
        elif small:
            reader = ArticleReader(self.library, checker, load_article_weights())
            answerer = SmallModelAnswerer(checker, self.answerability, composer, reader, max_tokens)
        return answerer, conflict_finder

    def __enter__(self) -> Assistant:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop the model and close the index."""
        self.model.close()
        self.vectors.close()
        self.library.close()
        if "jobs" in self.__dict__:
            self.jobs.store.close()

    def load_model(self) -> None:
        """Wait until the model is loaded; nothing where none is used. Raises `ModelError`."""
        if self.settings.provider != "none":
            self.model.get()

    def open_vectors(self) -> None:
        """Open the vectors, as the first question would. Raises `LibraryError`, `EmbedderMismatch`,
        and `ModelError` where the embedder cannot be used."""
        self.vectors.search(self.embedder.embed(["open"])[0], 1)

    # --- asking -------------------------------------------------------------------------------

    def ask(
        self,
        question: str,
        history: Sequence[Turn] = (),
        document_ids: Collection[str] | None = None,
        asked_on: date | None = None,
    ) -> Answer:
        """The answer that `stream` ends with."""
        events = list(self.stream(question, history, document_ids, asked_on=asked_on))
        last = events[-1]
        assert isinstance(last, Finished)
        return last.answer

    def stream(
        self,
        question: str,
        history: Sequence[Turn] = (),
        document_ids: Collection[str] | None = None,
        cancellation: Cancellation | None = None,
        asked_on: date | None = None,
    ) -> Iterator[Event]:
        """Yield what happens on the way to the answer; the last event is `Finished`.

        "This week" is that of the day `asked_on`; where none is given, of the newest article.
        Closing the iterator ends the model's request; so does `cancellation`, set in any thread,
        and then `Cancelled` is raised, wherever the model is waited for. Raises `QuestionError`,
        `EmptyLibrary`, `NoSuchDocument`, `EmbedderMismatch` and whatever the model raises.
        """
        steps = self._answered(question, history, document_ids, cancellation, asked_on)
        with closing(finish(steps)) as events:
            for event in events:
                if cancellation:
                    cancellation.raise_if_cancelled()
                yield event

    def _answered(
        self,
        question: str,
        history: Sequence[Turn],
        document_ids: Collection[str] | None,
        cancellation: Cancellation | None,
        asked_on: date | None,
    ) -> Generator[Step, None, AnswerDraft]:
        """The stages: plan, retrieve, select, answer (which cites and checks), compare."""
        question = validate_question(question, self.settings.max_question_chars)
        self._check_library(document_ids)
        run_cancellable(self.model.warm, cancellation)

        def get_model() -> ChatModel:
            return self._model(cancellation)

        for left in reversed(range(MAX_ATTEMPTS)):
            try:
                plan = yield from self.planner.plan(
                    question, history, document_ids, asked_on, get_model
                )
                draft = yield from self._drafted(plan, get_model)
                if plan.length and plan.kind not in ("summary", "list"):
                    whole, draft = draft, draft.shortened(plan.length.points)
                    left_out = (each for each in whole.claims if each not in draft.claims)
                    yield from (Checked(claim, "removed") for claim in left_out)
                if not draft.claims:
                    suggested = suggest_questions(
                        self.library, draft.passages, declined=plan.question
                    )
                    draft = replace(draft, suggestions=suggested)
                break
            except NoSuchDocument:  # removed since it was found: the others may answer
                self._check_library(document_ids)
                if not left:
                    raise
        return replace(draft, model=self.model.name, kind=plan.kind)

    def _drafted(self, plan: QueryPlan, get_model: GetModel) -> Generator[Step, None, AnswerDraft]:
        """The answer to a plan, without the name of the model."""
        draft = AnswerDraft(plan.question)
        if plan.kind == "conversation":
            yield from (Retrieved(()), Selected(()))
            return replace(draft, reply=reply(plan.question, self.library))
        listed = yield from self._listed_mentions(plan)
        if listed.claims:
            return listed
        is_loose = plan.kind == "summary" and not has_words_to_look_for(plan.standalone)
        if is_loose or asks_for_summary(plan.standalone):
            return (yield from self._summarized(plan, (), get_model))
        if reason := reason_to_decline(plan.with_context):
            yield from (Retrieved(()), Selected(()))
            return draft.declined(reason)
        if len(plan.sub_questions) > 1 and not self.answerer.joins_passages:
            return (yield from self._drafted_by_part(plan, get_model))
        retrieved = yield from timed_call("retrieve", lambda: self._search(plan))
        is_of_time = plan.kind == "summary" and not plan.document_ids
        dates = dates_asked_about(plan.standalone) if is_of_time else []
        if dates:
            return (yield from self._of_time(plan, dates, retrieved, get_model))
        selected = yield from timed_call("select", lambda: self._select(plan, retrieved.hits))
        if plan.kind == "summary" and self._is_on_topic(plan, selected):
            return (yield from self._summarized(plan, retrieved.hits, get_model))
        yield retrieved
        yield selected
        if plan.kind == "summary":
            return replace(draft, passages=selected.passages).declined("not stated")
        if in_another_script(plan.standalone, [each.text for each in selected.passages]):
            return replace(draft, passages=selected.passages).declined("not stated")
        draft = yield from self.answerer.answer(plan, retrieved, selected, get_model)
        return (yield from self._compared(plan, draft, selected, get_model))

    def _drafted_by_part(
        self, plan: QueryPlan, get_model: GetModel
    ) -> Generator[Step, None, AnswerDraft]:
        """The answer to a question in parts, each planned, looked for and answered by itself."""

        def answer_part(part: str, before: Sequence[Turn]) -> Generator[Step, None, AnswerDraft]:
            read = yield from self.planner.plan_part(plan, part, before, get_model)
            return (yield from self._drafted(read, get_model))

        retrieved = yield from timed_call("retrieve", lambda: self._search(plan))
        yield retrieved
        draft = yield from answer_parts(AnswerDraft(plan.question), plan.sub_questions, answer_part)
        if not isinstance(self.answerer, SmallModelAnswerer):
            return draft
        selected = yield from timed_call("select", lambda: self._select(plan, retrieved.hits))
        return (yield from self.answerer.improve(plan, retrieved, selected, draft, get_model))

    def _search_in(self, text: str, document_ids: Collection[str] | None) -> Retrieved:
        return self.search(text, document_ids=document_ids)

    def _search(self, plan: QueryPlan) -> Retrieved:
        """The hits for a plan, those in the documents that the conversation is about ahead."""
        text = plan.with_context
        found = self.search(text, document_ids=plan.document_ids, asked_on=plan.asked_on)
        about = set(plan.about) & set(plan.document_ids or plan.about)
        if not about:
            return found
        return prefer(found, self.search(text, document_ids=about, asked_on=plan.asked_on))

    def _summarized(
        self, plan: QueryPlan, hits: Sequence[Hit], get_model: GetModel
    ) -> Generator[Step, None, AnswerDraft]:
        """A summary of the documents asked about: those of the plan, else those of the topic, else
        all."""
        yield Retrieved(tuple(hits))
        ids = (
            sorted(plan.document_ids or ())
            or documents_of_topic(hits)
            or [each.id for each in self.library.summaries()]
        )
        about = plan.standalone if hits else ""
        draft = AnswerDraft(plan.question)
        detail, length = 1, plan.length
        if self.answerer.writes_summaries:  # which reads more than it will say
            detail, length = SUMMARY.detail_read, None
        summary = yield from timed_call(
            "compose",
            lambda: summarize(draft, self.library, self.embedder, ids, detail, about, length),
        )
        selected = Selected(summary.passages)
        yield selected
        if not summary.claims:
            return draft.declined("nothing retrieved")
        written = draft
        if self.answerer.writes_summaries:
            written = yield from self.answerer.answer(plan, Retrieved(()), selected, get_model)
        if written.claims:
            summary = written
        else:  # without a model, or where what it wrote did not check
            yield from (Checked(claim, "kept") for claim in summary.claims)
        return (yield from self._compared(plan, summary, selected, get_model))

    def _listed_mentions(self, plan: QueryPlan) -> Generator[Step, None, AnswerDraft]:
        """All that the documents, where there are many the newest, mention of one sort, where that
        is asked for; else no claims."""
        draft = AnswerDraft(plan.question)
        asked = mentions_asked_for(plan.standalone)
        if asked is None or len(plan.sub_questions) > 1:
            return draft
        ids = sorted(plan.document_ids or ()) or [each.id for each in self.library.summaries()]
        shown, some = newest(self.library, ids)
        documents = [self.library.document(id) for id in shown]
        listed = yield from timed_call(
            "compose", lambda: list_mentions(draft, asked, documents, some)
        )
        if listed.claims:
            yield from (Retrieved(()), Selected(listed.passages))
            yield from (Checked(claim, "kept") for claim in listed.claims)
        return listed

    def _of_time(
        self,
        plan: QueryPlan,
        dates: Sequence[NamedDate],
        retrieved: Retrieved,
        get_model: GetModel,
    ) -> Generator[Step, None, AnswerDraft]:
        """What the documents found tell of these dates; declined where they tell nothing."""
        yield retrieved
        candidates = units_of_hits(retrieved.hits, self.library, EVIDENCE.max_units)
        ranked = yield from timed_call(
            "compose", lambda: rank_units(plan.standalone, candidates, self.scorer.encoder)
        )
        passages, claims = cite_points(time_points(dates, ranked))
        if not claims:
            nearest = yield from timed_call("select", lambda: self._select(plan, retrieved.hits))
            yield nearest
            return AnswerDraft(plan.question, passages=nearest.passages).declined("not stated")
        selected = Selected(passages)
        yield selected
        yield from (Checked(claim, "kept") for claim in claims)
        draft = AnswerDraft(plan.question, passages=passages, claims=claims)
        return (yield from self._compared(plan, draft, selected, get_model))

    def _is_on_topic(self, plan: QueryPlan, nearest: Selected) -> bool:
        """True where one of the nearest documents is like the words of the question that name its
        topic, and knows whom it names."""
        documents = {each.span.document_id: each.title for each in nearest.passages}
        texts = [self.library.document(id).text for id in documents]
        if unknown_names(plan.standalone, " ".join([*documents.values(), *texts])):
            return False
        topics = [words for each in plan.readings if (words := topic_words(each))]
        likeness = (
            self.answerability.max_sim_in_document(id, words, nearest.passages, title)
            for id, title in documents.items()
            for words in topics
        )
        return not topics or max(likeness, default=0.0) >= SUMMARY.min_topic_likeness

    def _compared(
        self, plan: QueryPlan, draft: AnswerDraft, selected: Selected, get_model: GetModel
    ) -> Generator[Step, None, AnswerDraft]:
        """The draft with what other sources say otherwise."""
        if not draft.claims:
            return draft
        steps = self.conflict_finder.find(plan, draft, selected, get_model)
        found = yield from timed("compare", steps)
        compared = add_contradictions(draft, found, selected)
        yield from (Checked(claim, "kept") for claim in compared.claims[len(draft.claims) :])
        return compared

    def _select(self, plan: QueryPlan, hits: Sequence[Hit]) -> Selected:
        return select_evidence(
            plan.standalone,
            hits,
            library=self.library,
            encoder=self.scorer.encoder,
            budget_tokens=self.model.budget_tokens,
            join=self.answerer.joins_passages,
            context=plan.context,
        )

    def _model(self, cancellation: Cancellation | None) -> ChatModel:
        model = run_cancellable(self.model.get, cancellation)
        if cancellation is None and self.prompts == PACKAGED:
            return model
        return CancellableModel(model, cancellation, self.prompts)

    def _check_library(self, document_ids: Collection[str] | None) -> None:
        pipeline.check_embedder(self.library, self.embedder)
        if not self.library.count_chunks():
            raise EmptyLibrary("Nothing is indexed.", "Index some articles: `footnote index PATH`.")
        for id in document_ids or ():
            self.library.document(id)

    def quote_holds(self, citation: Citation) -> bool:
        """The invariant, for one citation: its quote is the stored text at its span."""
        return self.library.text(citation.span) == citation.quote

    def check(self, claim: str, spans: Sequence[Span]) -> Verdict:
        """How well the stored text at `spans` supports a claim: the first carries it, the others
        are what it leans on. Raises `NoSuchDocument`, `LibraryError`, `ModelFileError`."""
        return Checker(self.library, self.scorer).check_against(claim, spans)

    def search(
        self,
        query: str,
        *,
        k: int | None = None,
        document_ids: Collection[str] | None = None,
        asked_on: date | None = None,
    ) -> Retrieved:
        """The chunks that may answer `query`, best first, without asking a language model.

        `k` is the most of them (`Settings.k` if not given); the rest as for `stream`. Raises
        `EmptyLibrary`, `NoSuchDocument`, `EmbedderMismatch`, `LibraryError`, `ModelError`.
        """
        self._check_library(document_ids)
        retriever = Retriever(self.library, self.vectors, self.embedder)
        return retriever.retrieve(query, k or self.settings.k, document_ids, asked_on)

    # --- indexing -----------------------------------------------------------------------------

    def index(
        self,
        paths: Sequence[Path],
        on_progress: pipeline.Progress | None = None,
        urls: Sequence[str] = (),
    ) -> Iterator[IngestEvent]:
        """Bring the library up to date with files and web pages; see
        `rag.ingest.pipeline.ingest`. At its end a few documents get their overview.

        Where the settings name a Ray cluster, it reads and embeds; then `ClusterError` is raised
        where that cannot be reached or goes away, and what was indexed stays."""
        with self._cluster() as cluster:
            yield from pipeline.ingest(
                paths,
                library=self.library,
                vectors=self.vectors,
                embedder=self.embedder,
                lock=self.index_lock,
                on_progress=on_progress,
                urls=urls,
                preparer=cluster,
            )
            yield from cluster.warnings() if cluster else ()
        self.overviews.complete()

    @contextmanager
    def _cluster(self) -> Iterator[RayPreparer | None]:
        if self.settings.ray_address is None:
            yield None
            return
        from rag.ingest.ray_workers import RayPreparer

        with closing(RayPreparer.of(self.settings, self.embedder.name)) as cluster:
            yield cluster

    @cached_property
    def jobs(self) -> Jobs:
        """The queue of indexing, which every process over this data folder shares."""
        store = open_jobs(self.settings)
        lock = store.server_lock("jobs") or self.settings.data_dir / "jobs.lock"
        return Jobs(store, lock, self.index)

    def preview(self, paths: Sequence[Path], urls: Sequence[str] = ()) -> Iterator[IngestEvent]:
        """What `index` would do, without doing it; see `rag.ingest.pipeline.preview`."""
        return pipeline.preview(paths, library=self.library, urls=urls)

    def rebuild(self, on_progress: pipeline.Progress | None = None) -> int:
        """Embed everything anew; returns the number of chunks."""
        return pipeline.rebuild(
            library=self.library,
            vectors=self.vectors,
            embedder=self.embedder,
            lock=self.index_lock,
            on_progress=on_progress,
        )

    def remove(self, document_id: str) -> Removed:
        """Forget a document. Raises `NoSuchDocument`, `LibraryBusy`."""
        (removed,) = self.remove_all([document_id])
        return removed

    def remove_all(self, document_ids: Iterable[str]) -> Iterator[Removed]:
        """Forget documents, one after the other; at the end, nothing of them is left in the files
        of the index, unless it is very large."""
        return pipeline.remove_all(
            document_ids,
            library=self.library,
            vectors=self.vectors,
            lock=self.index_lock,
        )

    def ensure_seeds(self) -> bool:
        """Index the two seed articles if nothing was ever indexed; True if it did."""
        if self.library.embedder is not None or not SEEDS.is_dir():
            return False
        paths = sorted(SEEDS.glob("*.txt"))
        return bool(list(self.index(paths)))
