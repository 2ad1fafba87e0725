"""Footnote's index inside LlamaIndex."""

from __future__ import annotations

import pytest
from llama_index.core.llms import MockLLM
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.schema import TextNode

from rag.errors import NoSuchDocument
from rag.integrations.llama_index import FootnoteRetriever
from rag.types import Span
from tests.asking import FENTANYL, NEWS, RATE, REPORT, Index
from tests.fakes import ScriptedServer

pytest_plugins = ["tests.seeds"]


def test_a_query_engine_answers_from_footnotes_chunks(seeds: Index) -> None:
    with ScriptedServer() as server:
        assistant = seeds.assistant(server)
        engine = RetrieverQueryEngine.from_args(FootnoteRetriever(assistant), llm=MockLLM())
        response = engine.query(FENTANYL)
        assert not server.requests  # the language model is LlamaIndex's
    assert RATE in str(response)  # the mock repeats its prompt
    texts = [source.node.get_content() for source in response.source_nodes]
    assert any(RATE in text for text in texts)


def test_a_node_is_the_stored_text_of_its_span(seeds: Index) -> None:
    with ScriptedServer() as server:
        found = FootnoteRetriever(seeds.assistant(server), k=4).retrieve("Chinese officials")
    assert 0 < len(found) <= 4
    assert [each.score for each in found] == sorted((e.score or 0 for e in found), reverse=True)
    for each in found:
        node = each.node
        assert isinstance(node, TextNode)
        assert node.ref_doc_id
        span = Span(node.ref_doc_id, node.start_char_idx or 0, node.end_char_idx or 0)
        assert node.text == seeds.library.text(span)
        assert node.metadata["title"] == seeds.library.document(span.document_id).title


def test_the_search_can_be_limited_to_documents(seeds: Index) -> None:
    with ScriptedServer() as server:
        assistant = seeds.assistant(server)
        found = FootnoteRetriever(assistant, document_ids=[REPORT]).retrieve(FENTANYL)
        assert {each.node.ref_doc_id for each in found} == {REPORT} != {NEWS}
        with pytest.raises(NoSuchDocument):
            FootnoteRetriever(assistant, document_ids=["no.txt"]).retrieve(FENTANYL)
