"""Measures the speed of Footnote beside the parts that it is made of.

Prints figures and asserts nothing: machines differ, so each figure stands beside a bare run of the
same work in the same process. ``python -m eval.speed [--chunks N]... [--no-model]``.
"""

from __future__ import annotations

import argparse
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median

from rag import Library, split_sentences
from rag.assistant import SEEDS, Assistant
from rag.cancellation import Cancellation
from rag.events import Finished, Selected, Token
from rag.internals import (
    MiniLM,
    Retriever,
    VectorStore,
    batches_by_length,
    build,
    chunk_document,
    embedding_text,
)
from rag.settings import Settings
from rag.settings import load_settings as load_settings
from rag.types import ChatModel, Delta, Document, Message

QUESTIONS = (
    "what tariff rate applies to fentanyl?",
    "Who is Wang Xiaohong?",
    "How many Americans could the seized fentanyl kill?",
    "What fears has the fall in shipping prompted?",
)
WARM_UP = "What does China say about the talks?"  # loads what the first answer loads
REPEATS = 50


def main() -> None:
    """Run every bench and print one line for each figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chunks", type=int, action="append", help="sizes of made-up indexes")
    parser.add_argument("--no-model", action="store_true", help="leave the language model out")
    options = parser.parse_args()
    _start_up()
    _indexing()
    with _seeded() as assistant:
        _print_latency("retrieval on the seeds", _retrieval(assistant))
        if not options.no_model:
            _answers(assistant)
    for size in options.chunks or [10_000]:
        _made_up(size)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    _print("peak memory of this process", f"{peak:,.0f} MiB, without the model's server")


def _start_up() -> None:
    footnote = str(Path(sys.executable).with_name("footnote"))
    started = {
        "footnote --help": [footnote, "--help"],
        "import rag": [sys.executable, "-c", "import rag"],
        "Python itself": [sys.executable, "-c", ""],
    }
    for name, command in started.items():
        start = partial(subprocess.run, command, capture_output=True)
        _print(name, f"{median(_seconds(start) for _ in range(7)):.2f} s (median of 7)")


def _indexing() -> None:
    """Our whole run beside the bare network on the same batches, twice in turn."""
    documents = list(_articles(40, random.Random(1)))  # noqa: S311
    embedder = MiniLM(threads=2)
    texts = [embedding_text(d, c) for d in documents for c in chunk_document(d)]
    rows = embedder.token_ids(texts)
    tokens = sum(map(len, rows))
    feeds = [
        embedder.network_inputs([rows[i] for i in batch])
        for batch in batches_by_length([len(r) for r in rows])
    ]
    embedder.session.run(None, feeds[0])
    ours, bare = [], []
    for _ in range(2):
        bare.append(_seconds(lambda: [embedder.session.run(None, feed) for feed in feeds]))
        with tempfile.TemporaryDirectory() as folder:
            _write(documents, Path(folder) / "articles")
            ours.append(_seconds(lambda: _index(Path(folder))))
    _print("indexing, bare network", f"{tokens / min(bare):,.0f} tokens/s")
    share = min(bare) / min(ours)
    _print(
        "indexing, whole", f"{tokens / min(ours):,.0f} tokens/s, {share:.0%} of the bare network"
    )


def _index(folder: Path) -> None:
    with build(_settings(folder / "data")) as assistant:
        list(assistant.index([folder / "articles"]))


def _write(documents: Sequence[Document], folder: Path) -> None:
    folder.mkdir()
    for document in documents:
        (folder / document.id).write_text(document.text, encoding="utf-8")


def _articles(count: int, chance: random.Random) -> Iterator[Document]:
    """Made-up articles: sentences of the seeds in other orders, each with words of its own."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(SEEDS.glob("*.txt"))]
    sentences = [text[start:end] for text in texts for start, end in split_sentences(text)]
    for number in range(count):
        body = " ".join(chance.sample(sentences, 24))
        text = f"Report {number} of {chance.randrange(10**6)}. {body}"
        yield Document.of(f"{number}.txt", f"Report {number}", f"{number}.txt", text)


# --- retrieval --------------------------------------------------------------------------------


@contextmanager
def _seeded() -> Iterator[Assistant]:
    with tempfile.TemporaryDirectory() as folder, build(_settings(Path(folder))) as assistant:
        assistant.ensure_seeds()
        yield assistant


def _retrieval(assistant: Assistant) -> list[float]:
    retriever = Retriever(assistant.library, assistant.vectors, assistant.embedder)
    retriever.retrieve(QUESTIONS[0], 20)
    questions = [QUESTIONS[i % len(QUESTIONS)] for i in range(REPEATS)]
    return [_seconds(lambda q=q: retriever.retrieve(q, 20)) for q in questions]  # type: ignore[misc]


def _made_up(size: int) -> None:
    """An index of `size` chunks with random vectors: only the searches are real."""
    import numpy as np

    noise = np.random.default_rng(1)
    embedder = MiniLM(threads=2)
    with tempfile.TemporaryDirectory() as folder:
        library = Library.open(Path(folder) / "library.sqlite3")
        vectors = VectorStore.open(Path(folder) / "vectors", embedder.name)
        count = 0
        for document in _articles(10**9, random.Random(2)):  # noqa: S311
            chunks = chunk_document(document)
            rows = noise.normal(size=(len(chunks), embedder.dimensions))
            rows /= np.linalg.norm(rows, axis=1, keepdims=True)
            vectors.add(chunks, rows.tolist())
            library.put(document, chunks)
            count += len(chunks)
            if count >= size:
                break
        retriever = Retriever(library, vectors, embedder)
        retriever.retrieve(QUESTIONS[0], 20)
        times = [
            _seconds(lambda i=i: retriever.retrieve(QUESTIONS[i % len(QUESTIONS)], 20))  # type: ignore[misc]
            for i in range(REPEATS)
        ]
        _print_latency(f"retrieval on {count:,} chunks", times)
        vectors.close()
        library.close()


# --- answers ----------------------------------------------------------------------------------


class _Recorded:
    """A chat model that remembers what it was asked, and for how many seconds it was waited for."""

    def __init__(self, model: ChatModel) -> None:
        self.name, self.budget_tokens, self._model = model.name, model.budget_tokens, model
        self.requests: list[tuple[Sequence[Message], int]] = []
        self.waited = 0.0

    def stream(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        cancellation: Cancellation | None = None,
    ) -> Generator[Delta, None, None]:
        self.requests.append((messages, max_tokens))
        deltas = iter(
            self._model.stream(messages, max_tokens=max_tokens, cancellation=cancellation)
        )
        while True:
            started = time.perf_counter()
            delta = next(deltas, None)
            self.waited += time.perf_counter() - started
            if delta is None:
                return
            yield delta


def _answers(assistant: Assistant) -> None:
    """Each question through the assistant, then its requests again in a plain loop, each behind the
    same salt, so that the server's cache knows no more of them than it did of ours. Our own work is
    the time in which the model was not waited for; the rest of the difference is its cache."""
    bare_model = assistant.model.get()
    recorded = _Recorded(bare_model)
    assistant.model.get = lambda: recorded  # type: ignore[method-assign]
    ours, bare, firsts, evidence = [], [], [], []
    list(assistant.stream(WARM_UP))
    recorded.waited = 0.0
    for question in QUESTIONS:
        recorded.requests.clear()
        _lead_astray(bare_model, question)
        total, first, shown = _timed_stream(assistant, question)
        _lead_astray(bare_model, question[::-1])
        requests = [(_salted(messages, question), most) for messages, most in recorded.requests]
        bare.append(_seconds(lambda r=requests: [_drain(bare_model, *each) for each in r]))  # type: ignore[misc]
        ours.append(total)
        firsts.append(first)
        evidence.append(shown)
    _print("evidence on screen", f"{median(evidence):.2f} s (median)")
    _print("first token", f"{median(firsts):.1f} s (median), {max(firsts):.1f} s (worst)")
    _print("whole answer", f"{median(ours):.1f} s (median), {max(ours):.1f} s (worst)")
    over = sum(ours) / sum(bare) - 1
    _print("beside the same requests, bare", f"{over:+.1%} ({sum(ours):.1f} s, {sum(bare):.1f} s)")
    own = sum(ours) - recorded.waited
    _print(
        "own work",
        f"{own / sum(bare):.1%} of the bare requests, {own / len(ours):.2f} s a question",
    )
    _print(
        "waiting for the model", f"{recorded.waited / sum(bare) - 1:+.1%} beside the bare requests"
    )


def _timed_stream(assistant: Assistant, question: str) -> tuple[float, float, float]:
    started = time.perf_counter()
    first = shown = 0.0
    for event in assistant.stream(question):
        passed = time.perf_counter() - started
        if isinstance(event, Selected):
            shown = passed
        elif isinstance(event, Token | Finished):
            first = first or passed
    return time.perf_counter() - started, first, shown


def _lead_astray(model: ChatModel, salt: str) -> None:
    _drain(model, [Message("user", f"{salt} Say hello.")], 1)


def _salted(messages: Sequence[Message], salt: str) -> list[Message]:
    first, *rest = messages
    return [Message(first.role, f"{salt[::-1]} {first.content}"), *rest]


def _drain(model: ChatModel, messages: Sequence[Message], max_tokens: int) -> list[Delta]:
    return list(model.stream(messages, max_tokens=max_tokens))


def _settings(folder: Path) -> Settings:
    return load_settings(data_dir=folder)


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _print_latency(name: str, times: Sequence[float]) -> None:
    ranked = sorted(1000 * t for t in times)
    p50, p95 = ranked[len(ranked) // 2], ranked[int(len(ranked) * 0.95)]
    _print(name, f"p50 {p50:.0f} ms, p95 {p95:.0f} ms (embedding the question included)")


def _print(name: str, figure: str) -> None:
    print(f"{name:34} {figure}", flush=True)


if __name__ == "__main__":
    main()
