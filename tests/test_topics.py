"""Topics of a document: what it keeps coming back to, and nothing that it mentions once."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from rag.ingest.topics import MAX_TOPICS, choose_topics, topic_candidates
from rag.store.overviews import Topic
from rag.types import Document, Embedder

pytest_plugins = ["tests.seeds"]

HIVES = """Keeping bees on a roof

A queen bee lays eggs all summer. The queen bee is fed by the workers. A hive on a roof needs shade,
and a hive on a roof needs water. Minister Olga Brandt has a hive, too. Olga Brandt sells honey, and
honey keeps for years. Honey from the lime trees is pale. Once a fox came by.
"""


def candidates(text: str, title: str = "Notes") -> dict[str, float]:
    found = topic_candidates(Document.of("a", title, "/a", text))
    return {each.text: each.weight for each in found}


def test_what_comes_back_is_a_topic_and_what_is_mentioned_once_is_none() -> None:
    found = candidates(HIVES)
    assert {"queen bee", "Olga Brandt", "honey", "hive"} <= found.keys()
    assert not {"fox", "lime trees", "summer"} & found.keys()


def test_a_part_of_a_longer_phrase_is_a_topic_only_where_it_stands_alone() -> None:
    found = candidates(HIVES)
    assert "Brandt" not in found
    assert "queen" not in found
    alone = candidates(f"{HIVES} The queen died. A young queen came. That queen flew.")
    assert "queen" in alone


def test_what_stands_in_the_title_counts_more() -> None:
    plain, titled = candidates(HIVES), candidates(HIVES, "Selling honey")
    assert titled["honey"] > plain["honey"]
    assert titled["queen bee"] == plain["queen bee"]


def test_no_phrase_reaches_over_a_sign_or_a_function_word() -> None:
    found = candidates("We saw red, barns of stone. We saw red, barns of stone.")
    assert {"red barns", "barns stone", "barns of stone"}.isdisjoint(found)
    assert "stone" in found


def test_topics_are_found_in_other_languages() -> None:
    german = "Die Glocke wurde gegossen. Der Turm trägt die Glocke. Eine Glocke hängt dort."
    assert "Glocke" in candidates(german)


def vectors(*likeness: float) -> list[list[float]]:
    """Vectors of which each is that alike to ``[1, 0]``."""
    return [[each, (1 - each * each) ** 0.5] for each in likeness]


def test_what_is_like_the_document_is_chosen_and_of_two_of_the_same_words_one() -> None:
    given_ = [
        Topic("bee", "bees", 4.0),
        Topic("queen bee", "queen bee", 4.0),
        Topic("add", "added", 9.0),
        Topic("honey", "honey", 4.0),
    ]
    chosen = choose_topics(given_, vectors(0.6, 0.5, 0.05, 0.4), [3.0, 0.0])
    assert [each.text for each in chosen] == ["bees", "honey"]
    assert all(each.weight > 0 for each in chosen)


def test_a_document_has_few_topics() -> None:
    many = [Topic(f"word{n}", f"word{n}", 2.0) for n in range(30)]
    assert len(choose_topics(many, vectors(*[0.9] * 30), [1.0, 0.0])) == MAX_TOPICS
    assert choose_topics([], [], []) == []


def test_a_word_of_no_subject_is_no_topic(embedder: Embedder) -> None:
    text = HIVES + " It also added shade. She also added water. They also added wood."
    document = Document.of("a", "Keeping bees on a roof", "/a", text)
    found = topic_candidates(document)
    assert "added" in {each.text for each in found}
    centre = embedder.embed([text])[0]
    chosen = choose_topics(found, embedder.embed([each.text for each in found]), centre)
    texts = [each.text for each in chosen]
    assert {"queen bee", "honey"} <= set(texts)
    assert "added" not in texts


def test_a_long_document_takes_little_time() -> None:
    text = "river stone bridge " * 40_000
    started = time.perf_counter()
    candidates(text)
    assert time.perf_counter() - started < 5


@given(st.text(max_size=300), st.text(max_size=40))
def test_any_text_has_topics_or_none(text: str, title: str) -> None:
    for each in topic_candidates(Document.of("a", title, "/a", text * 2)):
        assert each.text
        assert each.key
        assert each.weight > 0
