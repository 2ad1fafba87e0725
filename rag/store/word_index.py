"""What the library needs of a full-text index; `fts5` and `postgres_words` are the two."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from rag.types import Hit, Span


class WordIndex(Protocol):
    """The words of all chunks. What changes it is called within the transaction of the document."""

    def add(self, title: str, text: str, chunks: Sequence[tuple[int, Span]]) -> None:
        """Add the chunks of a document, each with its row."""

    def remove(self, title: str, text: str, chunks: Sequence[tuple[int, Span]]) -> None:
        """Remove the chunks of a document, which are still stored."""

    def search(
        self, query: str, k: int, document_ids: Collection[str] | None, title_weight: float
    ) -> list[Hit]:
        """As `Library.search`."""

    def has_word(self, word: str) -> bool:
        """As `Library.has_word`."""

    def stems_with_prefix(
        self, prefix: str, min_chars: int, max_chars: int
    ) -> list[tuple[str, int]]:
        """As `Library.stems_with_prefix`."""

    def spellings_of_stem(self, stem: str, max_places: int) -> list[str]:
        """As `Library.spellings_of_stem`."""

    def erase_deleted(self) -> None:
        """Have the words of what was deleted leave the disk."""

    def is_whole(self) -> bool:
        """True where it has the words of all chunks, and no others."""

    def rebuild(self) -> None:
        """Make it anew, of the stored texts."""
