"""How does a question become a checked answer?

One path: `Assistant.stream` yields events, `Assistant.ask` folds them. The command line, the page
and the evals consume the same stream.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator, Sequence
from contextlib import closing
from datetime import date
from pathlib import Path

from rag import asked as asking
from rag import asks, compose, disagree, ingest, otherwise
from rag.answerable import Answerability
from rag.contradict import Judge
from rag.disagree import Contradiction
from rag.errors import EmptyLibrary
from rag.events import (
    Checked,
    Consulted,
    Event,
    Finished,
    IngestEvent,
    Removed,
    Retrieved,
    Rewritten,
    Selected,
)
from rag.grounding import Scorer
from rag.library import Library
from rag.respond import Record, respond
from rag.retrieve import Retriever
from rag.select import select
from rag.settings import Settings
from rag.spelling import Speller
from rag.stop import Stop, waited
from rag.stoppable import Model, Stoppable
from rag.types import (
    Answer,
    ChatModel,
    Citation,
    Embedder,
    Hit,
    Span,
    Turn,
)
from rag.vectors import Vectors

SEEDS = Path(__file__).parent.parent / "seeds"
AROUND_CHARS = 4000  # near a quote, in which the rest of a shortened name may stand


class Assistant:
    """Answers questions about one library. Close it to stop the local model."""

    def __init__(
        self,
        settings: Settings,
        library: Library,
        vectors: Vectors,
        embedder: Embedder,
        model: Model,
    ) -> None:
        self.settings = settings
        self.library = library
        self.vectors = vectors
        self.embedder = embedder
        self.model = model
        self.speller = Speller(library)
        self.scorer = Scorer()  # reads its network when the first claim is checked
        self.answerability = Answerability(self.scorer.reader)
        self.judge = Judge(self.scorer.reader)

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
        stop: Stop | None = None,
        asked_on: date | None = None,
    ) -> Iterator[Event]:
        """Yield what happens on the way to the answer; the last event is `Finished`.

        "This week" is that of the day `asked_on`; where none is given, of the newest article.
        Closing the iterator ends the model's request; so does `stop`, set in any thread, and then
        `Stopped` is raised, wherever the model is waited for. Raises `QuestionError`,
        `EmptyLibrary`, `NoSuchDocument`, `EmbedderMismatch` and whatever the model raises.
        """
        with closing(self._stream(question, history, document_ids, stop, asked_on)) as events:
            for event in events:
                if stop:
                    stop.check()
                yield event

    def _stream(
        self,
        question: str,
        history: Sequence[Turn],
        document_ids: Collection[str] | None,
        stop: Stop | None,
        asked_on: date | None,
    ) -> Generator[Event, None, None]:
        question = asking.checked(question, self.settings.max_question_chars)
        self._checked_library(document_ids)
        waited(self.model.warm, stop)
        record = Record(question, self.model.name)
        asked = yield from self._read(history, record, stop)
        if unasked := asking.declined(asked):
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
        if asking.in_another_script(asked, [passage.text for passage in selected.passages]):
            yield record.finished("not stated")
            return
        with record.timed("load model"):
            model = self._model(stop)
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
        told, more = disagree.told(found, selected)
        record.passages += more
        record.claims += told
        yield from (Checked(claim, "kept") for claim in told)

    def _contradicted(
        self, asked: str, record: Record, selected: Selected, model: ChatModel
    ) -> Iterator[Consulted | Contradiction]:
        """A small model is asked a question of other sources too, if it is a single one; other
        sentences are compared without a model."""
        passages = [*selected.passages, *selected.cut]
        cited = next((each for claim in record.claims for each in claim.citations), None)
        if cited and compose.is_small(model) and len(asks.parts(asked)) == 1:
            (attempt,) = record.attempts
            own = disagree.in_context(cited, passages, self.library)
            said = otherwise.Said(own, attempt.short, attempt.stated or 0.0)
            others = disagree.elsewhere(cited, passages, self.library)
            yield from otherwise.contradictions(asked, said, others, model, self.answerability)
        else:
            yield from disagree.contradictions(record.claims, passages, self.judge)

    def _read(
        self, history: Sequence[Turn], record: Record, stop: Stop | None
    ) -> Generator[Event, None, str]:
        """The question as it was meant, made to stand alone; where it is not as it was typed, or
        might not be, that is told."""
        asked = self.speller.read(record.question)
        if history:
            with record.timed("rewrite"):
                model = self._model(stop)
                asked, consulted = compose.rewrite(asked, history, model)
            yield record.counted(consulted)
            if asking.declined(asked) == "nothing retrieved":  # "Why?", which nothing was added to
                asked = f"{history[-1].question} {asked}"
        if history or asked != record.question:
            yield Rewritten(asked)
        return asked

    def _selected(self, question: str, hits: Sequence[Hit]) -> Selected:
        return select(
            question,
            hits,
            library=self.library,
            embedder=self.embedder,
            budget_tokens=self.model.budget_tokens,
            join=not compose.is_small(self.model),
        )

    def _model(self, stop: Stop | None) -> ChatModel:
        model = waited(self.model.get, stop)
        return Stoppable(model, stop) if stop else model

    def _around(self, span: Span) -> str:
        start = max(0, span.start - AROUND_CHARS)
        text = self.library.document(span.document_id).text
        return text[start : span.end + AROUND_CHARS]

    def _checked_library(self, document_ids: Collection[str] | None) -> None:
        ingest.check_embedder(self.library, self.embedder)
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
        on_progress: ingest.Progress | None = None,
        urls: Sequence[str] = (),
    ) -> Iterator[IngestEvent]:
        """Bring the library up to date with files and web pages; see `rag.ingest.ingest`."""
        return ingest.ingest(
            paths,
            library=self.library,
            vectors=self.vectors,
            embedder=self.embedder,
            lock_path=self._lock_path,
            on_progress=on_progress,
            urls=urls,
        )

    def rebuild(self, on_progress: ingest.Progress | None = None) -> int:
        """Embed everything anew; returns the number of chunks."""
        return ingest.rebuild(
            library=self.library,
            vectors=self.vectors,
            embedder=self.embedder,
            lock_path=self._lock_path,
            on_progress=on_progress,
        )

    def remove(self, document_id: str) -> Removed:
        """Forget a document. Raises `NoSuchDocument`, `LibraryBusy`."""
        return ingest.remove(
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
