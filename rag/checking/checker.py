"""Cites and checks the sentences of a reply against the stored documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag.checking.citations import CandidateSentence, DraftSentence
from rag.checking.scorer import Scorer
from rag.checking.verdict import Verdict, check_claim, cite_and_check
from rag.store.documents import Library
from rag.text.units import text_above
from rag.thresholds import ANSWERING
from rag.types import Claim, Span


@dataclass(frozen=True, slots=True)
class Checker:
    """Checks sentences against one library, with one scorer of groundedness."""

    library: Library
    scorer: Scorer

    def check(self, sentence: DraftSentence, candidates: Sequence[CandidateSentence]) -> Claim:
        """`sentence` as a claim: cited from `candidates`, with how well they support it."""
        return cite_and_check(sentence, candidates, self.context, self.scorer, self.above)

    def check_against(self, claim: str, spans: Sequence[Span]) -> Verdict:
        """How well the text at `spans` supports a claim; the first carries it. Raises
        `NoSuchDocument`, `LibraryError`."""
        quotes = [self.library.text(span) for span in spans]
        near = self.context(spans[0]) if spans else ""
        above = " ".join(dict.fromkeys(map(self.above, spans)))
        precede = all(each.end <= spans[0].start for each in spans[1:])
        return check_claim(claim, quotes, near, self.scorer, above, reads_pronouns=precede)

    def context(self, span: Span) -> str:
        """The stored text around `span`. Raises `NoSuchDocument`, `LibraryError`."""
        start = max(0, span.start - ANSWERING.context_chars)
        text = self.library.document(span.document_id).text
        return text[start : span.end + ANSWERING.context_chars]

    def above(self, span: Span) -> str:
        """The title and the headings that `span` stands under. Raises `NoSuchDocument`,
        `LibraryError`."""
        document = self.library.document(span.document_id)
        return text_above(span.start, document.text, document.title)
