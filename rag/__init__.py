"""Footnote answers questions about articles and ties every sentence to its source.

In a program:

    import rag

    with rag.open() as assistant:
        for event in assistant.index([Path("articles")]):
            print(event)
        print(assistant.ask("what tariff rate applies to fentanyl?").text)

Public are the names below and the modules `types`, `events`, `errors`, `settings`, `serialization`
and `cancellation`; everything else may change from one version to the next.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

# onnxruntime reads this when it is imported, which is later than this line in every process of
# ours; without it, it looks up a host of its maker and writes a device id into the user's cache.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

if TYPE_CHECKING:
    from collections.abc import Callable

    from rag.answering.overviews import DocumentOverview, LibraryOverview, Overviews, Point
    from rag.assistant import Assistant
    from rag.cancellation import Cancellation
    from rag.checking.verdict import Verdict, check_claim
    from rag.errors import (
        Cancelled,
        ClusterError,
        EmbedderMismatch,
        EmptyLibrary,
        FootnoteError,
        LibraryBusy,
        LibraryError,
        ModelAuthError,
        ModelError,
        ModelFileError,
        ModelInterrupted,
        ModelRefused,
        ModelTimeout,
        ModelUnreachable,
        NoSuchDocument,
        QuestionError,
        SettingsError,
        SourceError,
    )
    from rag.events import (
        Added,
        Checked,
        Event,
        Failed,
        Finished,
        IngestEvent,
        ModelCalled,
        Moved,
        PassedOver,
        Removed,
        Retrieved,
        Rewritten,
        Selected,
        Skipped,
        Token,
        Updated,
        Warned,
    )
    from rag.ingest.discovery import is_source_gone
    from rag.ingest.index_check import Finding, check_index
    from rag.ingest.page_images import PageImage, PageImages, PageNotShown, boxes_of
    from rag.ingest.pdf_pages import page_of
    from rag.ingest.readers import FILE_SUFFIXES, MAX_FILE_BYTES
    from rag.ingest.watching import wait_for_changes
    from rag.ingest.web import is_url
    from rag.migration import copy_index, copy_records, differences, different_records
    from rag.serialization import FormatError, answer_from_json, answer_to_json
    from rag.settings import Settings
    from rag.store.database import Database, DatabaseFormat
    from rag.store.documents import DocumentSummary, Library
    from rag.store.job_store import Job
    from rag.store.opening import open_database, open_library
    from rag.store.relocation import Relocation, relocate, relocate_all
    from rag.store.sqlite import SqliteDatabase
    from rag.text.sentences import split_sentences
    from rag.types import (
        Answer,
        ChatModel,
        Chunk,
        Citation,
        Claim,
        DeclineReason,
        Delta,
        Document,
        Embedder,
        Hit,
        Message,
        Origin,
        Passage,
        Span,
        Status,
        Support,
        Turn,
        Usage,
    )

    __version__: str
else:

    def __getattr__(name: str) -> object:
        """The public names, loaded when they are first used: their libraries are heavy."""
        if name == "__version__":
            from importlib.metadata import version

            return version("footnote-qa")
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_MODULES[name]), name)


__all__ = [
    "FILE_SUFFIXES",
    "MAX_FILE_BYTES",
    "Added",
    "Answer",
    "Assistant",
    "Cancellation",
    "Cancelled",
    "ChatModel",
    "Checked",
    "Chunk",
    "Citation",
    "Claim",
    "ClusterError",
    "Database",
    "DatabaseFormat",
    "DeclineReason",
    "Delta",
    "Document",
    "DocumentOverview",
    "DocumentSummary",
    "Embedder",
    "EmbedderMismatch",
    "EmptyLibrary",
    "Event",
    "Failed",
    "Finding",
    "Finished",
    "FootnoteError",
    "FormatError",
    "Hit",
    "IngestEvent",
    "Job",
    "Library",
    "LibraryBusy",
    "LibraryError",
    "LibraryOverview",
    "Message",
    "ModelAuthError",
    "ModelCalled",
    "ModelError",
    "ModelFileError",
    "ModelInterrupted",
    "ModelRefused",
    "ModelTimeout",
    "ModelUnreachable",
    "Moved",
    "NoSuchDocument",
    "Origin",
    "Overviews",
    "PageImage",
    "PageImages",
    "PageNotShown",
    "Passage",
    "PassedOver",
    "Point",
    "QuestionError",
    "Relocation",
    "Removed",
    "Retrieved",
    "Rewritten",
    "Selected",
    "Settings",
    "SettingsError",
    "Skipped",
    "SourceError",
    "Span",
    "SqliteDatabase",
    "Status",
    "Support",
    "Token",
    "Turn",
    "Updated",
    "Usage",
    "Verdict",
    "Warned",
    "__version__",
    "answer_from_json",
    "answer_to_json",
    "boxes_of",
    "check_claim",
    "check_index",
    "copy_index",
    "copy_records",
    "differences",
    "different_records",
    "is_source_gone",
    "is_url",
    "open",
    "open_database",
    "open_library",
    "page_of",
    "relocate",
    "relocate_all",
    "split_sentences",
    "wait_for_changes",
]

_PUBLIC = {
    "rag.answering.overviews": "DocumentOverview LibraryOverview Overviews Point",
    "rag.assistant": "Assistant",
    "rag.cancellation": "Cancellation",
    "rag.checking.verdict": "Verdict check_claim",
    "rag.errors": (
        "Cancelled ClusterError EmbedderMismatch EmptyLibrary FootnoteError LibraryBusy "
        "LibraryError ModelAuthError ModelError ModelFileError ModelInterrupted ModelRefused "
        "ModelTimeout ModelUnreachable NoSuchDocument QuestionError SettingsError SourceError"
    ),
    "rag.events": (
        "Added Checked Event Failed Finished IngestEvent ModelCalled Moved PassedOver "
        "Removed Retrieved Rewritten Selected Skipped Token Updated Warned"
    ),
    "rag.ingest.discovery": "is_source_gone",
    "rag.store.job_store": "Job",
    "rag.ingest.index_check": "Finding check_index",
    "rag.ingest.page_images": "PageImage PageImages PageNotShown boxes_of",
    "rag.ingest.pdf_pages": "page_of",
    "rag.ingest.readers": "FILE_SUFFIXES MAX_FILE_BYTES",
    "rag.ingest.watching": "wait_for_changes",
    "rag.ingest.web": "is_url",
    "rag.migration": "copy_index copy_records different_records differences",
    "rag.serialization": "FormatError answer_from_json answer_to_json",
    "rag.settings": "Settings",
    "rag.store.database": "Database DatabaseFormat",
    "rag.store.documents": "DocumentSummary Library",
    "rag.store.opening": "open_database open_library",
    "rag.store.relocation": "Relocation relocate relocate_all",
    "rag.store.sqlite": "SqliteDatabase",
    "rag.text.sentences": "split_sentences",
    "rag.types": (
        "Answer ChatModel Chunk Citation Claim DeclineReason Delta Document Embedder Hit Message "
        "Origin Passage Span Status Support Turn Usage"
    ),
}
_MODULES = {name: module for module, names in _PUBLIC.items() for name in names.split()}


def open(
    settings: Settings | None = None,
    *,
    on_progress: Callable[[str, int, int], None] | None = None,
    **fields: Any,
) -> Assistant:
    """An assistant over the library in the data directory; close it, or use it in a ``with``.

    `fields` are those of `Settings` and win over the environment; they are not looked at where
    whole `settings` are given. `on_progress` is called while the local model's file is joined,
    with what is being done, how much of it is done, and how much there is. Raises
    `SettingsError`, `LibraryError`.
    """
    from rag.build import build
    from rag.settings import load_settings

    return build(settings or load_settings(**fields), on_progress)
