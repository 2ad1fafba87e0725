"""Indexes the texts of a data set as a person's own files are indexed.

Through the code that indexes files, into a folder named by all that the index depends on: the
texts, the embedder, and the code that cuts and stores them. So embedding, which takes minutes, is
done once, and a run that was interrupted goes on where it was.
"""

from __future__ import annotations

import inspect
import json
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from eval.benchmarks.dataset_files import EvalDataError
from rag import split_sentences
from rag.assistant import Assistant
from rag.errors import printable_line
from rag.events import Failed
from rag.internals import SCHEMA, build, build_embedder, chunk_document
from rag.settings import Settings
from rag.types import Document, Hit, Span

FOLDER = "benchmarks"  # in the data directory
FILE = "texts.jsonl"
TOLD_EVERY_S = 10.0


@dataclass(frozen=True, slots=True)
class DatasetText:
    """One text of a data set. `id` names it in the index and is made of letters and digits."""

    id: str
    title: str
    text: str
    published: str | None = None


@contextmanager
def open_index(name: str, texts: Sequence[DatasetText], settings: Settings) -> Iterator[Assistant]:
    """An assistant over an index of just these texts, made now or found made. Progress is told on
    standard error. Raises `EvalDataError` when one of them cannot be indexed, `FootnoteError`."""
    lines = "".join(json.dumps(asdict(text), ensure_ascii=False) + "\n" for text in texts)
    folder = settings.data_dir / FOLDER / f"{name}-{_digest(lines, settings)}"
    with build(settings.in_folder(folder)) as assistant:
        if len(assistant.library.digests()) < len(texts):
            _index(assistant, _written(lines, folder / FILE), len(texts))
        yield assistant


def corpus_digest(assistant: Assistant) -> str:
    """Identifies the index by the name of its folder."""
    return assistant.settings.data_dir.name


def text_id(span: Span) -> str:
    """The id of the text that a span of the index lies in."""
    return span.document_id.rpartition("#")[2]


def document_id(id: str) -> str:
    """What the index calls the text with that id."""
    return f"{FILE}#{id}"


def text_ids(hits: Iterable[Hit]) -> list[str]:
    """The texts of the hits, best first: a text ranks as its best chunk does."""
    return list(dict.fromkeys(text_id(hit.chunk.span) for hit in hits))


def documents(texts: Iterable[DatasetText]) -> Iterator[Document]:
    """The texts as documents, for searches that need no embedding."""
    for text in texts:
        yield Document.of(document_id(text.id), text.title, text.id, text.text, text.published)


def _digest(lines: str, settings: Settings) -> str:
    cutting = (inspect.getmodule(chunk_document), inspect.getmodule(split_sentences))
    code = [inspect.getsource(module) for module in cutting if module]
    parts = [lines, build_embedder(settings).name, SCHEMA, *code]
    return sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:16]


def _written(lines: str, file: Path) -> Path:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(lines, encoding="utf-8", errors="replace")
    except OSError as error:
        raise EvalDataError(
            f"The texts cannot be kept in {printable_line(file.parent)}"
            f" ({error.strerror or printable_line(error)}).",
            "Make room, or set FOOTNOTE_DATA_DIR to another directory.",
        ) from error
    return file


def _index(assistant: Assistant, file: Path, count: int) -> None:
    started = shown = time.monotonic()
    where = printable_line(file.parent)
    print(f"Indexing {count:,} texts, once, in {where}", file=sys.stderr, flush=True)
    for done, event in enumerate(assistant.index([file]), start=1):
        if isinstance(event, Failed):
            raise EvalDataError(
                f"A text cannot be indexed: {event.error}", "Correct it in the data set."
            )
        if time.monotonic() - shown > TOLD_EVERY_S or done == count:
            shown = time.monotonic()
            passed = f"{shown - started:.0f} s"
            print(f"{done:6,} of {count:,} indexed, {passed}", file=sys.stderr, flush=True)
    count_indexed = len(assistant.library.digests())
    if count_indexed != count:
        raise EvalDataError(
            f"The index in {where} holds {count_indexed:,} texts, not {count:,}.",
            "Delete that folder and start again.",
        )
