"""Divides documents into chunks for the index.

LlamaIndex packs our sentences into chunks; each chunk is then located in the document, so that a
chunk is a span and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from itertools import pairwise

from rag.errors import FootnoteError
from rag.text.sentences import split_sentences
from rag.text.tokens import TOKEN_PATTERN, estimate_tokens
from rag.types import Chunk, Document

MAX_CHUNK_TOKENS = 160  # estimated; with a title, safely below the 256 tokens that MiniLM reads

_WIDE_GAP = re.compile(r"(?<!\s)\s{200,}")  # white space that no chunk should contain
_MAX_BLOCK_CHARS = 100_000  # given to LlamaIndex at once, which limits its memory


def chunk_document(document: Document, max_tokens: int = MAX_CHUNK_TOKENS) -> list[Chunk]:
    """The chunks of `document`, in order, of at most `max_tokens` estimated tokens (from 1).

    They do not overlap and cover every character but whitespace. A chunk ends with a sentence,
    unless a sentence alone is larger than a chunk.
    """
    from llama_index.core.node_parser import SentenceSplitter

    splitter = SentenceSplitter(
        chunk_size=max_tokens,
        chunk_overlap=0,
        tokenizer=_token_range,
        paragraph_separator="\n\n",
        chunking_tokenizer_fn=partial(_sentence_pieces, max_tokens=max_tokens),
    )
    chunks: list[Chunk] = []
    for start, end in _text_blocks(document.text):
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
    """The text that is embedded for `chunk`: the title of its document, and its own text.

    The title is left out where the chunk begins with it.
    """
    text = document.text[chunk.span.start : chunk.span.end]
    begins = " ".join(text[: 2 * len(document.title)].split())
    if begins.startswith(document.title.removesuffix("…")):
        return text
    return f"{document.title}\n{text}"


def _token_range(text: str) -> range:
    """As many items as there are tokens: LlamaIndex needs only their number."""
    return range(estimate_tokens(text))


def _text_blocks(text: str) -> Iterator[tuple[int, int]]:
    """Spans of whole sentences, with no wide gap inside."""
    for offset, part in _split_at_gaps(text):
        spans = split_sentences(part)
        first = 0
        for after in range(1, len(spans) + 1):
            if after == len(spans) or spans[after][1] - spans[first][0] > _MAX_BLOCK_CHARS:
                yield offset + spans[first][0], offset + spans[after - 1][1]
                first = after


def _split_at_gaps(text: str) -> Iterator[tuple[int, str]]:
    start = 0
    for gap in _WIDE_GAP.finditer(text):
        yield start, text[start : gap.start()]
        start = gap.end()
    yield start, text[start:]


def _sentence_pieces(text: str, max_tokens: int) -> list[str]:
    """The sentences of `text`, long ones in pieces of `max_tokens`; joined they are `text`."""
    starts = [
        at
        for start, end in split_sentences(text)
        for at in _piece_starts(text, start, end, max_tokens)
    ]
    return [text[start:end] for start, end in pairwise([0, *starts[1:], len(text)])]


def _piece_starts(text: str, start: int, end: int, max_tokens: int) -> Iterator[int]:
    """Where the pieces of one sentence begin: at words, unless one word is too large."""
    yield start
    piece = word = start
    count = since_word = 0
    for token in TOKEN_PATTERN.finditer(text, start, end):
        at = token.start()
        if at > start and text[at - 1].isspace():
            word, since_word = at, 0
        if count == max_tokens:
            if word == piece:
                word, since_word = at, 0
            yield word
            piece, count = word, since_word
        count += 1
        since_word += 1
