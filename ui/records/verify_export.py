"""Checks whether the footnotes of an exported file still match the library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from rag import Library, Relocation, relocate_all
from rag.types import Citation
from ui.records.footnotes import Footnote, ReadExport


@dataclass(frozen=True, slots=True)
class FootnoteCheck:
    """Whether a footnote matches the library. `same_digest` is None where a digest is unknown."""

    footnote: Footnote
    found: Relocation
    same_digest: bool | None

    @property
    def state(self) -> Literal["same", "moved", "changed", "gone", "altered"]:
        return "altered" if self.footnote.altered else self.found.state


def verify_export(export: ReadExport, library: Library) -> list[FootnoteCheck]:
    """As `verify_footnotes`; a footnote of a sentence that was changed is altered: "sentence".
    Where something was changed that cites none, such as a question, all of them are: "answer"."""
    changed = [check for check in export.sentences or () if check.state != "same"]
    cited = {number for check in changed for number in check.footnotes}
    bare = ("answer",) if any(not check.footnotes for check in changed) else ()
    marked = [
        replace(note, altered=(*note.altered, *(("sentence",) if note.number in cited else bare)))
        for note in export.footnotes
    ]
    return verify_footnotes(marked, library)


def verify_footnotes(footnotes: Sequence[Footnote], library: Library) -> list[FootnoteCheck]:
    """A check for each footnote, in their order. Raises `LibraryError`."""
    digests = library.digests()
    versions: dict[tuple[str, str], dict[Citation, None]] = {}
    for note in footnotes:
        version = versions.setdefault((note.span.document_id, note.digest), {})
        version[_citation(note)] = None
    found = {
        (citation, digest): place
        for (id, digest), version in versions.items()
        for citation, place in zip(
            version, relocate_all([*version], library, (), {id: digest}), strict=True
        )
    }
    return [
        FootnoteCheck(note, place, _same_digest(note, place, digests))
        for note in footnotes
        for place in [found[_citation(note), note.digest]]
    ]


def _citation(footnote: Footnote) -> Citation:
    return Citation(footnote.number, footnote.span, footnote.quote)


def _same_digest(footnote: Footnote, place: Relocation, digests: Mapping[str, str]) -> bool | None:
    id = place.span.document_id if place.span else footnote.span.document_id
    digest = digests.get(id)
    return footnote.digest == digest if footnote.digest and digest else None
