"""An assistant without a model, for tests of the command line.

`QuotingAssistant` has a real library and answers by quoting: no vectors, no language model. Run as
``python -m tests.assistants ARGUMENTS`` it is `footnote ARGUMENTS` over that assistant.
"""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import cast

from rag.answering.overviews import Overviews
from rag.cancellation import Cancellation
from rag.checking.checker import Checker
from rag.checking.scorer import Scorer
from rag.errors import EmptyLibrary, QuestionError, SourceError
from rag.events import (
    Added,
    Checked,
    Event,
    Failed,
    Finished,
    IngestEvent,
    Removed,
    Retrieved,
    Rewritten,
    Selected,
    Skipped,
    Token,
    Updated,
)
from rag.ingest.folders import find_files
from rag.ingest.jobs import Jobs
from rag.ingest.readers import FILE_SUFFIXES, read_file, read_page
from rag.ingest.web import fetch_page
from rag.settings import Settings
from rag.store.opening import open_jobs, open_library
from rag.text.sentences import split_sentences
from rag.types import (
    Answer,
    Chunk,
    Citation,
    Claim,
    Document,
    Embedder,
    Passage,
    Span,
    Turn,
    Usage,
)

SEEDS = Path(__file__).parents[1] / "seeds"


class QuotingModel:
    """There from the start, and never asked: the assistant answers by itself."""

    name, budget_tokens = "quoter", 300

    def warm(self) -> None:
        """Takes no time."""

    def get(self) -> QuotingModel:
        return self

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """As an embedder, which is warmed up too."""
        return [[1.0] for _ in texts]

    def close(self) -> None:
        """Holds nothing."""


class QuotingAssistant:
    """Answers with the passages, word for word. `fault` is raised once, after a first sentence;
    a question that begins with "slow" is answered slowly."""

    def __init__(self, settings: Settings, fault: BaseException | None = None) -> None:
        self.library = open_library(settings)
        self.settings = settings
        self.fault = fault
        self.model = self.embedder = QuotingModel()
        self.check = Checker(self.library, Scorer()).check_against
        self.asked: list[tuple[str, tuple[Turn, ...]]] = []
        self.overviews = Overviews(self.library, cast(Embedder, self.embedder))
        store = open_jobs(settings)
        lock = store.server_lock("jobs") or settings.data_dir / "jobs.lock"
        self.jobs = Jobs(store, lock, self.index)
        self.streams = 0  # that are open

    def load_model(self) -> None:
        self.model.get()

    def open_vectors(self) -> None:
        """Has none."""

    def __enter__(self) -> QuotingAssistant:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.library.close()
        self.jobs.store.close()

    def ensure_seeds(self) -> None:
        if self.library.embedder is None:
            self.library.embedder = "none"
            list(self.index(sorted(SEEDS.glob("*.txt"))))

    def index(
        self,
        paths: Sequence[Path],
        on_progress: Callable[[int, int | None, str], None] | None = None,
        urls: Sequence[str] = (),
    ) -> Iterator[IngestEvent]:
        held = {Path(source): id for source, id in self.library.ids_by_source().items()}
        gone = [path for path in paths if path in held and not path.exists()]
        for path in gone:
            self.library.remove(held[path])
            yield Removed(held[path])
        kept = [path for path in paths if path not in gone]
        for number, file in enumerate(find_files(kept, FILE_SUFFIXES, Counter())):
            try:
                for document in read_file(file):
                    if on_progress:
                        on_progress(number + 1, None, document.title)
                    yield self._put(document)
            except SourceError as error:
                yield Failed(str(file), str(error))
        for url in urls:
            try:
                found = fetch_page(url)
                yield self._put(read_page(found.url, found.suffix, found.data, found.charset))
            except SourceError as error:
                yield Failed(url, str(error))

    def rebuild(self, on_progress: Callable[[int, int | None, str], None] | None = None) -> int:
        if on_progress:
            on_progress(self.library.count_chunks(), self.library.count_chunks(), "all")
        return self.library.count_chunks()

    def remove(self, document_id: str) -> Removed:
        self.library.remove(document_id)
        return Removed(document_id)

    def remove_all(self, document_ids: Iterable[str]) -> Iterator[Removed]:
        return map(self.remove, document_ids)

    def ask(
        self,
        question: str,
        history: Sequence[Turn] = (),
        document_ids: Collection[str] | None = None,
    ) -> Answer:
        *_, last = self.stream(question, history, document_ids)
        assert isinstance(last, Finished)
        return last.answer

    def stream(
        self,
        question: str,
        history: Sequence[Turn] = (),
        document_ids: Collection[str] | None = None,
        cancellation: Cancellation | None = None,
    ) -> Iterator[Event]:
        with closing(self._stream(question, history, document_ids)) as events:
            for event in events:
                if cancellation:
                    cancellation.raise_if_cancelled()
                yield event

    def _stream(
        self, question: str, history: Sequence[Turn], document_ids: Collection[str] | None
    ) -> Generator[Event, None, None]:
        self._check(question, document_ids)
        self.asked.append((question, tuple(history)))
        if history:
            question = f"{history[-1].question} {question}"
            yield Rewritten(question)
        hits = self.library.search(question, 3, document_ids)
        yield Retrieved(tuple(hits))
        passages = tuple(self._passage(n, hit.chunk) for n, hit in enumerate(hits, 1))
        if not passages:
            yield Finished(_declined(question, "nothing retrieved", ()))
        elif "unknown" in question:
            yield Selected(passages)
            yield Finished(_declined(question, "not stated", passages))
        else:
            yield Selected(passages)
            yield from self._answer(question, passages)

    def _answer(self, question: str, passages: tuple[Passage, ...]) -> Iterator[Event]:
        claims = tuple(_claims(passages))
        self.streams += 1
        try:
            for claim in claims:
                for word in claim.text.split(" "):
                    if question.startswith("slow"):
                        time.sleep(0.03)
                    yield Token(f"{word} ")
                yield Checked(claim, "removed" if claim.support == "unsupported" else "kept")
                if fault := self.fault:
                    self.fault = None
                    raise fault
        finally:
            self.streams -= 1
        kept = tuple(claim for claim in claims if claim.support != "unsupported")
        text = " ".join(claim.text for claim in kept)
        usage, timings = Usage(812, 0, 40), {"retrieve": 0.04, "write": 2.31}
        answer = Answer(question, text, kept, passages, "answered", None, "quoter", usage, timings)
        yield Finished(replace(answer, answers="yes"))

    def _check(self, question: str, document_ids: Collection[str] | None) -> None:
        if not question.strip():
            raise QuestionError("The question is empty.", "Write one.")
        if len(question) > self.settings.max_question_chars:
            raise QuestionError("The question is too long.", "Shorten it.")
        for id in document_ids or ():
            self.library.document(id)
        if not self.library.count_chunks():
            raise EmptyLibrary("Nothing is indexed.", "Index files first.")

    def _put(self, document: Document) -> IngestEvent:
        digests = self.library.digests()
        if digests.get(document.id) == document.digest:
            return Skipped(document.id)
        chunks = [Chunk.of(document, start, end) for start, end in split_sentences(document.text)]
        self.library.put(document, chunks)
        event = Updated if document.id in digests else Added
        return event(document.id, len(chunks))

    def _passage(self, number: int, chunk: Chunk) -> Passage:
        document = self.library.document(chunk.span.document_id)
        text = self.library.text(chunk.span)
        return Passage(number, chunk.span, text, document.title, document.source, 1.0)


def _claims(passages: Sequence[Passage]) -> Iterator[Claim]:
    """Of the first passage a supported sentence, of the others a partly and an unsupported one."""
    supports = ("supported", "partial", "unsupported")
    for passage, support in zip(passages, supports, strict=False):
        span, quote = passage.span, passage.text
        citation = Citation(passage.number, Span(span.document_id, span.start, span.end), quote)
        reasons = () if support == "supported" else ("the number 7 is not in the source",)
        yield Claim(quote, (citation,), support, reasons, "model", 0.9)  # type: ignore[arg-type]


def _declined(question: str, reason: str, passages: tuple[Passage, ...]) -> Answer:
    return Answer(question, "", (), passages, "declined", reason, "quoter")  # type: ignore[arg-type]


def run() -> None:
    import ui.cli
    import ui.cli.options

    ui.cli.options.build_assistant = lambda settings, on_progress: QuotingAssistant(settings)  # type: ignore
    ui.cli.app()


if __name__ == "__main__":
    # Children of a program in the background (`make test &`) ignore Ctrl-C, as `footnote` should;
    # the tests that send one need a child as a terminal starts it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    run()
