"""A LlamaIndex retriever over a Footnote index, for use in a LlamaIndex query engine.

import rag
from llama_index.core.query_engine import RetrieverQueryEngine
from rag.integrations.llama_index import FootnoteRetriever

with rag.open() as assistant:
    engine = RetrieverQueryEngine.from_args(FootnoteRetriever(assistant), llm=...)
    print(engine.query("what tariff rate applies to fentanyl?"))
"""

from __future__ import annotations

from collections.abc import Collection

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.schema import (
    NodeRelationship,
    NodeWithScore,
    QueryBundle,
    RelatedNodeInfo,
    TextNode,
)

from rag.assistant import Assistant
from rag.types import Hit


class FootnoteRetriever(BaseRetriever):
    """Finds chunks by Footnote's hybrid search.

    Each node is one chunk: its text is the stored text at ``[start_char_idx, end_char_idx)`` of the
    document `ref_doc_id`, so that a citation of the node can be traced to the character. The
    title, source and publication date are metadata. Scores are about 0..1, higher is better.
    """

    def __init__(
        self, assistant: Assistant, k: int = 10, document_ids: Collection[str] | None = None
    ) -> None:
        """`k` is the most nodes of one query; `document_ids` limits the search to some documents.

        The assistant must stay open while the retriever is used.
        """
        super().__init__()
        self._assistant = assistant
        self._k = k
        self._document_ids = document_ids

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        """Raises `EmptyLibrary`, `NoSuchDocument`, `EmbedderMismatch`, `LibraryError`."""
        found = self._assistant.search(
            query_bundle.query_str, k=self._k, document_ids=self._document_ids
        )
        return [self._node(hit) for hit in found.hits]

    def _node(self, hit: Hit) -> NodeWithScore:
        span = hit.chunk.span
        document = self._assistant.library.document(span.document_id)
        node = TextNode(
            id_=hit.chunk.id,
            text=document.text[span.start : span.end],
            start_char_idx=span.start,
            end_char_idx=span.end,
            metadata={
                "title": document.title,
                "source": document.source,
                "published": document.published,
            },
            relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=document.id)},
        )
        return NodeWithScore(node=node, score=hit.score)
