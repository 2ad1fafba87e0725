"""Into which spans is a document cut for the index?

LlamaIndex packs our sentences into chunks; each chunk is then anchored where it stands in the
document, so that a chunk is a span and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from itertools import pairwise

from rag.errors import FootnoteError
from rag.text.sentences import split_sentences
from rag.text.tokens import _TOKEN, estimate_tokens
from rag.types import Chunk, Document

CHUNK_TOKENS = 160  # with a title, safely below the 256 tokens that MiniLM reads

_GAP = re.compile(r"(?<!\s)\s{200,}")  # empty space that no chunk should carry
_BLOCK = 100_000  # characters handed to LlamaIndex at once, which bounds its memory


def chunk_document(document: Document, size_tokens: int = CHUNK_TOKENS) -> list[Chunk]:
    """The chunks of `document`, in order, of at most `size_tokens` estimated tokens (from 1).

    They do not overlap and cover every character but whitespace. A chunk ends with a sentence,
    unless a sentence alone is larger than a chunk.
    """
    from llama_index.core.node_parser import SentenceSplitter

    splitter = SentenceSplitter(
        chunk_size=size_tokens,
        chunk_overlap=0,
        tokenizer=_token_range,
        paragraph_separator="\n\n",
        chunking_tokenizer_fn=partial(_pieces, size_tokens=size_tokens),
    )
    chunks: list[Chunk] = []
    for start, end in _blocks(document.text):
        for text in splitter.split_text(document.text[start:end]):
            found = document.text.find(text, start, end)
            if found < 0:
                raise FootnoteError(
                    "The text splitter changed the text it was given.",
                    "Install the version of llama-index-core that requirements.txt names.",
                )
            start = found + len(text)
            chunks.append(Chunk.of(document, found, start))
    return chunks


def embedding_text(document: Document, chunk: Chunk) -> str:
    """What is embedded for `chunk_document`: the title of its document above its own text.

    The title is left out where the chunk begins with it.
    """
    text = document.text[chunk.span.start : chunk.span.end]
    begins = " ".join(text[: 2 * len(document.title)].split())
    if begins.startswith(document.title.removesuffix("…")):
        return text
    return f"{document.title}\n{text}"


def _token_range(text: str) -> range:
    """As many things as there are tokens, which is all that LlamaIndex asks of a tokenizer."""
    return range(estimate_tokens(text))


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    """Runs of whole sentences, with no wide gap inside."""
    for offset, part in _parts(text):
        spans = split_sentences(part)
        first = 0
        for after in range(1, len(spans) + 1):
            if after == len(spans) or spans[after][1] - spans[first][0] > _BLOCK:
                yield offset + spans[first][0], offset + spans[after - 1][1]
                first = after


def _parts(text: str) -> Iterator[tuple[int, str]]:
    start = 0
    for gap in _GAP.finditer(text):
        yield start, text[start : gap.start()]
        start = gap.end()
    yield start, text[start:]


def _pieces(text: str, size_tokens: int) -> list[str]:
    """The sentences of `text`, long ones in pieces of `size_tokens`; joined they are `text`."""
    starts = [
        at for start, end in split_sentences(text) for at in _starts(text, start, end, size_tokens)
    ]
    return [text[start:end] for start, end in pairwise([0, *starts[1:], len(text)])]


def _starts(text: str, start: int, end: int, size_tokens: int) -> Iterator[int]:
    """Where the pieces of one sentence begin: at words, unless a word alone is too large."""
    yield start
    piece = word = start
    count = since_word = 0
    for token in _TOKEN.finditer(text, start, end):
        at = token.start()
        if at > start and text[at - 1].isspace():
            word, since_word = at, 0
        if count == size_tokens:
            if word == piece:
                word, since_word = at, 0
            yield word
            piece, count = word, since_word
        count += 1
        since_word += 1
