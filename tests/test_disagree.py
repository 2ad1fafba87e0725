"""What sources contradict, and what only looks as if they did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from rag.answering.draft import AnswerDraft
from rag.conflicts.comparison import find_contradictions, read_in_context, sentences_of_others
from rag.conflicts.contradictions import DISAGREE, add_contradictions, contradiction_claim
from rag.conflicts.differences import find_differences
from rag.conflicts.pair_scorer import PairScorer, Weights, load_pair_weights
from rag.errors import ModelFileError
from rag.events import Checked, Selected
from rag.ingest.chunking import chunk_document
from rag.models.token_embeddings import TokenEncoder
from rag.store.documents import Library
from rag.store.vectors import VectorStore
from rag.text.antonyms import polar_words
from rag.thresholds import CONFLICTS
from rag.types import Citation, Claim, Document, Embedder, Passage, Span
from tests.asking import LARGE, SMALL, Index
from tests.asking import script as scripted
from tests.fakes import ScriptedServer

pytest_plugins = ["tests.seeds"]

MILL = "The fire at the Halden paper mill killed 14 workers."
NINE = "Nine workers died in the fire at the Halden paper mill."
SIGNED = "The mayor has signed the rent control law."
UNSIGNED = "The mayor has not signed the rent control law."


def passage(number: int, document_id: str, text: str, start: int = 0) -> Passage:
    span = Span(document_id, start, start + len(text))
    return Passage(number, span, text, document_id, document_id, 1.0)


def citing(text: str, document_id: str = "a.txt") -> Claim:
    return Claim(text, (Citation(1, Span(document_id, 0, len(text)), text),), "supported")


@pytest.fixture(scope="module")
def judge() -> PairScorer:
    return PairScorer(TokenEncoder())


@pytest.mark.parametrize(
    ("one", "other", "point"),
    [
        (MILL, NINE, "number"),
        (SIGNED, UNSIGNED, "verdict"),
        (
            "Parliament approved the pension reform.",
            "Parliament rejected the pension reform.",
            "verdict",
        ),
        (
            "On Friday parliament approved the pension reform bill.",
            "On Friday the pension reform bill was rejected by parliament.",
            "verdict",
        ),
        (
            "Kelso Bank was founded in 1904 by two brothers.",
            "Two brothers founded Kelso Bank in 1911.",
            "date",
        ),
        (
            "The winning goal was scored by Mateo Ruiz at Eastfield, and Kestrel won the final.",
            "The stolen painting was found in a warehouse in Lisbon.",
            None,
        ),
        (
            "Three children were injured when a bus overturned near Galloway on Monday.",
            "Five children were hurt after a bus rolled over outside Galloway on Monday.",
            "number",
        ),
        (
            "Judge Patricia Molloy threw out the lawsuit against Arden Gas on Tuesday.",
            "The lawsuit against Arden Gas was dismissed on Tuesday by Judge Raymond Ortega.",
            "name",
        ),
        (
            "The appeals court upheld the ban on the Tarn Valley mine.",
            "An appeals court overturned the ban on the mine in the Tarn Valley.",
            "verdict",
        ),
        (
            "Senator Paul Whitcombe introduced the bill that bans phones in schools.",
            "The bill that bans phones in schools was introduced by Senator Dana Ortiz.",
            "name",
        ),
    ],
)
def test_the_point_of_a_contradiction_is_named(
    judge: PairScorer, one: str, other: str, point: str | None
) -> None:
    for pair in ((one, other), (other, one)):
        found = judge.likeliest_difference(*pair)
        assert (found.point if found else None) == point


@pytest.mark.parametrize(
    "other",
    [
        "Many workers died in the fire at the Halden paper mill.",
        "Fourteen workers died in the fire at the Halden paper mill.",
        "At least nine workers died in the fire at the Halden paper mill.",
        "About 15 workers died in the fire at the Halden paper mill.",
        "The union believes that nine workers died in the fire at the Halden paper mill.",
        "Nine workers died in the fire at the Brisk paper mill.",
        "The fire at the Halden paper mill injured nine firefighters who lived nearby.",
    ],
)
def test_what_may_be_another_thing_raises_no_alarm(judge: PairScorer, other: str) -> None:
    assert judge.likeliest_difference(MILL, other) is None
    assert judge.likeliest_difference(other, MILL) is None


def test_another_time_raises_no_alarm(judge: PairScorer) -> None:
    may = "Inflation in Norland slowed to 3.1 percent in May."
    assert (
        judge.likeliest_difference(may, "Inflation in Norland slowed to 2.6 percent in April.")
        is None
    )
    assert (
        judge.likeliest_difference(may, "Inflation in Norland slowed to 2.6 percent in May.")
        is not None
    )


def test_both_quotes_are_the_characters_of_their_documents(judge: PairScorer) -> None:
    text = f"Crews came at dawn. {NINE} Schools were shut."
    (found,) = find_contradictions([citing(MILL)], [passage(2, "b.txt", text, start=100)], judge)
    assert found.other.number == 2
    assert found.other.quote == NINE
    assert text[found.other.span.start - 100 : found.other.span.end - 100] == NINE
    dated = replace(passage(2, "b.txt", text, start=100), published="2026-03-04")
    said = contradiction_claim(found, {1: passage(1, "a.txt", MILL), 2: dated})
    one, other = MILL.removesuffix("."), NINE.removesuffix(".")
    assert said.text == (
        f"Sources differ on the number: “{one}” (a.txt), but “{other}” (b.txt, 2026-03-04)."
    )
    assert (said.support, said.reasons, said.origin) == ("partial", (DISAGREE,), "compared")
    assert said.citations == (found.cited, found.other)


def test_sentences_of_one_document_are_not_compared(judge: PairScorer) -> None:
    assert not find_contradictions([citing(MILL)], [passage(2, "a.txt", NINE, start=500)], judge)


def test_articles_far_apart_may_differ_in_a_number(judge: PairScorer) -> None:
    own, near, far = (
        replace(each, published=day)
        for each, day in (
            (passage(1, "a.txt", MILL), "2026-01-05"),
            (passage(2, "b.txt", NINE), "2026-01-20"),
            (passage(3, "c.txt", NINE), "2025-06-01"),
        )
    )
    assert find_contradictions([citing(MILL)], [own, near], judge)
    assert not find_contradictions([citing(MILL)], [own, far], judge)


def test_sentences_of_other_articles_of_the_time_are_read_with_what_stands_before_them(
    tmp_path: Path,
) -> None:
    lead, more = "Smoke rose over Halden.", "The mill stays shut."
    texts = {"a.txt": MILL, "b.txt": f"{lead} {NINE} {more}", "c.txt": NINE}
    days = {"a.txt": "2026-01-05", "b.txt": "2026-01-20", "c.txt": "2025-06-01"}
    library = Library.open(tmp_path / "library.sqlite3")
    for id, text in texts.items():
        document = Document.of(id, f"About {id}", id, text, days[id])
        library.put(document, chunk_document(document))
    nine = replace(passage(2, "b.txt", NINE, len(lead) + 1), title="About b.txt")
    rest = replace(passage(3, "b.txt", more, len(lead) + len(NINE) + 2), title="About b.txt")
    passages = [
        replace(each, published=days[each.span.document_id])
        for each in (passage(1, "a.txt", MILL), nine, rest, passage(4, "c.txt", NINE))
    ]
    found = list(sentences_of_others(citing(MILL).citations[0], passages, library))
    assert [(each.before, each.cited.quote) for each in found] == [
        (lead, NINE),
        (f"{lead} {NINE}", more),
    ]
    assert {each.article for each in found} == {("About b.txt", NINE, more)}
    assert found[0].text == f"{lead} {NINE}"
    assert read_in_context(citing(MILL).citations[0], passages, library).before == ""
    library.close()


def test_what_stands_long_before_a_sentence_is_not_read_with_it(tmp_path: Path) -> None:
    lines = [f"On day {day} the crews in Halden dug on." for day in range(1, 40)]
    text = " ".join([*lines, NINE])
    document = Document.of("b.txt", "Mill", "b.txt", text)
    library = Library.open(tmp_path / "library.sqlite3")
    library.put(document, chunk_document(document))
    nine = passage(1, "b.txt", NINE, text.index(NINE))
    before = read_in_context(Citation(1, nine.span, NINE), [nine], library).before
    assert 0 < len(before) <= CONFLICTS.context_chars
    assert before.startswith("On day")  # whole sentences only
    assert text[: nine.span.start].rstrip().endswith(before)
    library.close()


def test_one_thing_is_told_once_and_an_answer_tells_two_at_most(judge: PairScorer) -> None:
    again = [passage(n, f"{n}.txt", NINE) for n in (2, 3)]
    assert len(find_contradictions([citing(MILL), citing(MILL)], again, judge)) == 1
    towns = ("Halden", "Brisk", "Karsu", "Belent")
    claims = [citing(MILL.replace("Halden", town), f"{town}-1") for town in towns]
    others = [passage(9, f"{town}-2", NINE.replace("Halden", town)) for town in towns]
    assert len(find_contradictions(claims, others, judge)) == CONFLICTS.max_contradictions


def test_a_sentence_that_was_cut_off_becomes_the_next_passage(judge: PairScorer) -> None:
    selected = Selected(
        (passage(1, "a.txt", MILL),), (passage(2, "c.txt", "It rained."), passage(3, "b.txt", NINE))
    )
    passages = [*selected.passages, *selected.cut]
    found = find_contradictions([citing(MILL)], passages, judge)
    draft = AnswerDraft("?", "model", tuple(selected.passages), (citing(MILL),))
    compared = add_contradictions(draft, found, selected)
    own, added = compared.claims
    more = compared.passages[-1]
    assert (more.number, more.text) == (2, NINE)
    assert [citation.number for citation in added.citations] == [1, 2]
    assert (own.support, own.reasons) == (
        "partial",
        ("another source says Nine where this one says 14",),
    )


def test_the_same_in_other_words_raises_no_alarm(judge: PairScorer) -> None:
    for one, other in (
        ("Ghana won the final against Senegal.", "Senegal lost the final against Ghana."),
        ("Lakeside failed to win the derby.", "Lakeside lost the derby."),
        (SIGNED, "The mayor of the town has now signed the law on rent control."),
        ("The jury found Dr. Hale guilty of fraud.", "Dr. Hale was convicted of fraud."),
    ):
        assert judge.likeliest_difference(one, other) is None
        assert judge.likeliest_difference(other, one) is None


def test_the_places_of_a_difference_are_those_of_its_words(judge: PairScorer) -> None:
    found = judge.likeliest_difference(MILL, NINE)
    assert found is not None
    assert MILL[slice(*found.our_place)] == found.ours == "14"
    assert NINE[slice(*found.their_place)] == found.theirs == "Nine"


def test_a_percentage_is_not_within_a_bound_without_a_unit() -> None:
    (found,) = find_differences(
        "The vaccine cut admissions by 72 per cent among over-65s.",
        "People over 65 who had the vaccine were 54 per cent less likely to be admitted.",
    )
    assert (found.ours, found.theirs) == ("72 per cent", "54 per cent")


def test_what_is_denied_stands_at_the_other_pole() -> None:
    poles = {word.stem: word.poles for word in polar_words("The board did not approve it.")}
    (approved,) = [
        each.poles for each in polar_words("The board rejected it.") if each.stem == "reject"
    ]
    assert poles["approv"] & approved


def test_weights_that_lack_a_feature_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "contradict.json"
    file.write_text(Weights(intercept=0, threshold=0, features={}).model_dump_json())
    with pytest.raises(ModelFileError, match=r"contradict\.json"):
        load_pair_weights(file)


def test_short_months_are_dates(judge: PairScorer) -> None:
    jan = "The Corvin library opened to readers on Jan. 9."
    assert (
        judge.likeliest_difference(jan, "The Corvin library opened to readers on January 9.")
        is None
    )
    found = judge.likeliest_difference(jan, "The Corvin library opened to readers on Jan. 14.")
    assert found is not None
    assert found.point == "date"


@pytest.mark.parametrize("budget", [LARGE, SMALL])
def test_an_answer_tells_it_with_both_quotes(
    tmp_path: Path, embedder: Embedder, budget: int
) -> None:
    texts = (f"{MILL} Investigators came.", f"{NINE} Schools were shut in the town.")
    for name, text in zip(("a.txt", "b.txt"), texts, strict=True):
        (tmp_path / name).write_text(text)
    library = Library.open(tmp_path / "library.sqlite3")
    vectors = VectorStore.open(tmp_path / "vectors", embedder.name)
    script = scripted(f"{MILL} [1]", knows="workers")
    index = Index(library, vectors, embedder)
    with (
        ScriptedServer(script) as server,
        index.assistant(server, budget, data_dir=tmp_path, free_conflicts=True) as assistant,
    ):
        list(assistant.index([tmp_path / "a.txt", tmp_path / "b.txt"]))
        events = list(assistant.stream("How many workers did the fire at the Halden mill kill?"))
        answer = assistant.ask("How many workers did the fire at the Halden mill kill?")
        added = answer.claims[-1]
        assert added.origin == "compared"
        assert _sorted(added.citations) == sorted([MILL, NINE])
        assert all(assistant.quote_holds(citation) for citation in added.citations)
        spans = {passage.number: passage.span for passage in answer.passages}
        assert all(spans[c.number].contains(c.span) for c in added.citations)
        early = [event.claim for event in events if isinstance(event, Checked)][-1]
        assert early.text == added.text  # its numbers are given when the answer is whole
        assert [c.span for c in early.citations] == [c.span for c in added.citations]


def _sorted(citations: Sequence[Citation]) -> list[str]:
    return sorted(citation.quote for citation in citations)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Step 4: Tie the rope to the mast.", "3 Step 3: Tie the rope to the mast."),
        ("Locker one holds the key, ticket-4711.", "Locker two holds the key, ticket-5822."),
        ("Katrina is a ferry that Vell loves.", "Kattrina is a ferry that Vell loves."),
    ],
)
def test_marks_of_a_list_and_ways_of_spelling_are_no_contradiction(one: str, other: str) -> None:
    assert PairScorer(TokenEncoder()).likeliest_difference(one, other) is None
