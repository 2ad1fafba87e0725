"""How does a question become a checked answer?

One path: `Assistant.stream` yields events, `Assistant.ask` folds them. The command line, the page
and the evals consume the same stream.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator, Sequence
from contextlib import closing
from datetime import date
from pathlib import Path

from rag.answering import prompting
from rag.answering.respond import Record, respond
from rag.cancellation import Cancellation, run_cancellable
from rag.checking.answerability import Answerability
from rag.checking.scorer import Scorer
from rag.conflicts import comparison, other_answers
from rag.conflicts.comparison import Contradiction
from rag.conflicts.pair_scorer import PairScorer
from rag.errors import EmptyLibrary
from rag.events import (
    Checked,
    Event,
    Finished,
    IngestEvent,
    ModelCalled,
    Removed,
    Retrieved,
    Rewritten,
    Selected,
)
from rag.ingest import pipeline
from rag.models.provider import CancellableModel, ModelProvider
from rag.query.rewriting import rewrite
from rag.query.spelling import SpellingCorrector
from rag.query.sub_questions import split_question
from rag.query.validation import in_another_script, reason_to_decline, validate_question
from rag.retrieval.evidence import select_evidence
from rag.retrieval.hybrid import Retriever
from rag.settings import Settings
from rag.store.documents import Library
from rag.store.vectors import VectorStore
from rag.types import (
    Answer,
    ChatModel,
    Citation,
    Embedder,
    Hit,
    Span,
    Turn,
)

SEEDS = Path(__file__).parent.parent / "seeds"
AROUND_CHARS = 4000  # near a quote, in which the rest of a shortened name may stand


class Assistant:
    """Answers questions about one library. Close it to stop the local model."""

    def __init__(
        self,
        settings: Settings,
        library: Library,
        vectors: VectorStore,
        embedder: Embedder,
        model: ModelProvider,
    ) -> None:
        self.settings = settings
        self.library = library
        self.vectors = vectors
        self.embedder = embedder
        self.model = model
        self.spelling = SpellingCorrector(library)
        self.scorer = Scorer()  # reads its network when the first claim is checked
        self.answerability = Answerability(self.scorer.encoder)
        self.judge = PairScorer(self.scorer.encoder)

    def __enter__(self) -> Assistant:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop the model and close the index."""
        self.model.close()
        self.vectors.close()
        self.library.close()

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
        and then `Stopped` is raised, wherever the model is waited for. Raises `QuestionError`,
        `EmptyLibrary`, `NoSuchDocument`, `EmbedderMismatch` and whatever the model raises.
        """
        events = self._stream(question, history, document_ids, cancellation, asked_on)
        with closing(events):
            for event in events:
                if cancellation:
                    cancellation.raise_if_cancelled()
                yield event

    def _stream(
        self,
        question: str,
        history: Sequence[Turn],
        document_ids: Collection[str] | None,
        cancellation: Cancellation | None,
        asked_on: date | None,
    ) -> Generator[Event, None, None]:
        question = validate_question(question, self.settings.max_question_chars)
        self._checked_library(document_ids)
        run_cancellable(self.model.warm, cancellation)
        record = Record(question, self.model.name)
        asked = yield from self._read(history, record, cancellation)
        if unasked := reason_to_decline(asked):
            yield from (Retrieved(()), Selected(()), record.finished(unasked))
            return
        with record.timed("retrieve"):
            retriever = Retriever(self.library, self.vectors, self.embedder)
            retrieved = retriever.retrieve(asked, self.settings.k, document_ids, asked_on)
        yield retrieved
        with record.timed("select"):
            selected = self._selected(asked, retrieved.hits)
        yield selected
        record.passages = selected.passages
        if in_another_script(asked, [passage.text for passage in selected.passages]):
            yield record.finished("not stated")
            return
        with record.timed("load model"):
            model = self._model(cancellation)
        record.model = model.name
        reason = yield from respond(
            asked,
            model,
            record,
            around=self._around,
            scorer=self.scorer,
            answerability=self.answerability,
            max_tokens=self.settings.max_tokens,
            days=retrieved.days,
        )
        yield from self._compared(asked, record, selected, model)
        yield record.finished(reason)

    def _compared(
        self, asked: str, record: Record, selected: Selected, model: ChatModel
    ) -> Iterator[Event]:
        """Add to the claims where other sources contradict what is cited."""
        found: list[Contradiction] = []
        for step in record.timing("compare", self._contradicted(asked, record, selected, model)):
            if isinstance(step, Contradiction):
                found.append(step)
            else:
                yield record.counted(step)
        told, more = comparison.add_to_answer(found, selected)
        record.passages += more
        record.claims += told
        yield from (Checked(claim, "kept") for claim in told)

    def _contradicted(
        self, asked: str, record: Record, selected: Selected, model: ChatModel
    ) -> Iterator[ModelCalled | Contradiction]:
        """A small model is asked a question of other sources too, if it is a single one; other
        sentences are compared without a model."""
        passages = [*selected.passages, *selected.cut]
        cited = next((each for claim in record.claims for each in claim.citations), None)
        if cited and prompting.is_small(model) and len(split_question(asked)) == 1:
            (attempt,) = record.attempts
            own = comparison.read_in_context(cited, passages, self.library)
            said = other_answers.GivenAnswer(own, attempt.short, attempt.p_answered or 0.0)
            others = comparison.sentences_of_others(cited, passages, self.library)
            yield from other_answers.find_contradictions(
                asked, said, others, model, self.answerability
            )
        else:
            yield from comparison.find_contradictions(record.claims, passages, self.judge)

    def _read(
        self, history: Sequence[Turn], record: Record, cancellation: Cancellation | None
    ) -> Generator[Event, None, str]:
        """The question as it was meant, made to stand alone; where it is not as it was typed, or
        might not be, that is told."""
        asked = self.spelling.read(record.question)
        if history:
            with record.timed("rewrite"):
                model = self._model(cancellation)
                asked, consulted = rewrite(asked, history, model)
            yield record.counted(consulted)
            if (
                reason_to_decline(asked) == "nothing retrieved"
            ):  # "Why?", which nothing was added to
                asked = f"{history[-1].question} {asked}"
        if history or asked != record.question:
            yield Rewritten(asked)
        return asked

    def _selected(self, question: str, hits: Sequence[Hit]) -> Selected:
        return select_evidence(
            question,
            hits,
            library=self.library,
            embedder=self.embedder,
            budget_tokens=self.model.budget_tokens,
            join=not prompting.is_small(self.model),
        )

    def _model(self, cancellation: Cancellation | None) -> ChatModel:
        model = run_cancellable(self.model.get, cancellation)
        return CancellableModel(model, cancellation) if cancellation else model

    def _around(self, span: Span) -> str:
        start = max(0, span.start - AROUND_CHARS)
        text = self.library.document(span.document_id).text
        return text[start : span.end + AROUND_CHARS]

    def _checked_library(self, document_ids: Collection[str] | None) -> None:
        pipeline.check_embedder(self.library, self.embedder)
        if not self.library.count_chunks():
            raise EmptyLibrary("Nothing is indexed.", "Index some articles: `footnote index PATH`.")
        for id in document_ids or ():
            self.library.document(id)

    def quote_holds(self, citation: Citation) -> bool:
        """The invariant, for one citation: its quote is the stored text at its span."""
        return self.library.text(citation.span) == citation.quote

    # --- indexing -----------------------------------------------------------------------------

    def index(
        self,
        paths: Sequence[Path],
        on_progress: pipeline.Progress | None = None,
        urls: Sequence[str] = (),
    ) -> Iterator[IngestEvent]:
        """Bring the library up to date with files and web pages; see
        `rag.ingest.pipeline.ingest`."""
        return pipeline.ingest(
            paths,
            library=self.library,
            vectors=self.vectors,
            embedder=self.embedder,
            lock_path=self._lock_path,
            on_progress=on_progress,
            urls=urls,
        )

    def rebuild(self, on_progress: pipeline.Progress | None = None) -> int:
        """Embed everything anew; returns the number of chunks."""
        return pipeline.rebuild(
            library=self.library,
            vectors=self.vectors,
            embedder=self.embedder,
            lock_path=self._lock_path,
            on_progress=on_progress,
        )

    def remove(self, document_id: str) -> Removed:
        """Forget a document. Raises `NoSuchDocument`, `LibraryBusy`."""
        return pipeline.remove(
            document_id, library=self.library, vectors=self.vectors, lock_path=self._lock_path
        )

    def ensure_seeds(self) -> bool:
        """Index the two seed articles if nothing was ever indexed; True if it did."""
        if self.library.embedder is not None or not SEEDS.is_dir():
            return False
        paths = sorted(SEEDS.glob("*.txt"))
        return bool(list(self.index(paths)))

    @property
    def _lock_path(self) -> Path:
        return self.settings.data_dir / "index.lock"
