"""What another document says in nearly the same words, but for one thing, is told; and what only
looks like it is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag.conflicts.alignment import align
from rag.conflicts.contradictions import Contradiction
from rag.conflicts.near_copies import find_near_copies
from rag.ingest.chunking import chunk_document
from rag.store.documents import Library
from rag.store.vectors import VectorStore
from rag.text.units import parse_units
from rag.types import Citation, Claim, Document, Embedder, Passage, Span
from tests.asking import LARGE, SMALL, Index
from tests.asking import script as scripted
from tests.fakes import ScriptedServer

pytest_plugins = ["tests.seeds"]

CANAL = (
    "# The Wexcombe canal\n\n"
    "The Wexcombe canal was dug by the engineer Odile Brand between the two rivers. "
    "It has 23 locks and is 61 kilometres long. "
    "Barges carried slate to the coast until the railway came in 1874. "
    "The council has not sold the lock houses. "
    "A barge needs 9 hours from end to end. "
    "Anglers must buy a permit at the lock house.\n"
)

Find = Callable[..., list[Contradiction]]


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(tmp_path / "library.sqlite3") as library:
        yield library


@pytest.fixture
def find(library: Library) -> Find:
    numbers = count()

    def run(
        cited: str, other: str, first: str = "First", second: str = "Second", **days: str
    ) -> list[Contradiction]:
        """The contradictions of the first unit of `cited`, or the one marked «so»."""
        number = next(numbers)
        for id in library.digests():
            library.remove(id)
        quote = cited.partition("«")[2].partition("»")[0] or cited
        text = cited.replace("«", "").replace("»", "")
        for name, title, body in (("a", first, text), ("b", second, other)):
            id = f"{name}{number}.txt"
            document = Document.of(id, title, id, body, days.get(name))
            library.put(document, chunk_document(document))
        start = text.index(quote)
        span = Span(f"a{number}.txt", start, start + len(quote))
        return find_near_copies([Claim(quote, (Citation(1, span, quote),))], [], library)

    return run


@pytest.mark.parametrize(
    ("one", "other", "point"),
    [
        ("The bus to Orrin takes 40 minutes.", "The bus to Orrin takes 55 minutes.", "number"),
        ("Skell council signed the lease.", "Skell council never signed the lease.", "verdict"),
        ("Kinder zahlen in Hallow 4 Euro.", "Kinder zahlen in Hallow 7 Euro.", "number"),
        ("Плотина держит 300 тонн воды.", "Плотина держит 900 тонн воды.", "number"),
        (
            "The organ in the chapel of Ness was built by the master Anton Rieger of Lund.",
            "The organ in the chapel of Ness was built by the master Clemens Vogt of Lund.",
            "name",
        ),
        (
            "The new reading room of the Tarn library opens to visitors in April.",
            "The new reading room of the Tarn library opens to visitors in September.",
            "date",
        ),
    ],
)  # fmt: skip
def test_one_other_thing_in_the_same_words_is_told(
    find: Find, one: str, other: str, point: str
) -> None:
    for pair in ((one, other), (other, one)):
        (found,) = find(*pair)
        assert found.difference.point == point
        assert (found.cited.quote, found.other.quote) == pair


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # another place, time, subject or record of a series
        ("The bus to Orrin takes 25 minutes.", "The bus to Skell takes 25 minutes."),
        ("Rents in Tarn rose 3.1 percent in May.", "Rents in Tarn rose 2.6 percent in July."),
        ("In 2018 the fair drew 9,000 guests.", "In 2021 the fair drew 9,000 guests."),
        ("The upper weir is 30 metres wide.", "The lower weir is 45 metres wide."),
        ("The password of box 4 is Heron.", "The password of box 5 is Plover."),
        ("Room 4 seats 30 people at desks.", "Room 6 seats 30 people at desks."),
        # what is as right as the other
        ("The dam at Orrin is 88.4 metres high.", "The dam at Orrin is 88 metres high."),
        ("About 700 people marched in Skell.", "Some 680 people marched in Skell."),
        ("More than 40 boats joined the Tarn regatta.", "46 boats joined the Tarn regatta."),
        ("The path round Lake Brin is 5 miles.", "The path round Lake Brin is 8 kilometres."),
        ("The mill at Ness burned down on 3 May.", "The mill at Ness burned down on May 3."),
    ],
)  # fmt: skip
def test_another_fact_and_the_same_fact_raise_no_alarm(find: Find, one: str, other: str) -> None:
    assert find(one, other) == find(other, one) == []


def test_a_copy_in_look_alike_or_cut_words_is_a_copy(find: Find) -> None:
    one = "The bus to Orrin takes 40 minutes from the harbour."
    for other in (
        "Тhе bus to Оrrin tаkеs 55 minutеs frоm thе hаrbоur.",  # some letters are Cyrillic
        "The b\u200bus to Or\u200brin ta\u00adkes 55 min\u200butes from the har\u2060bour.",
    ):
        for pair in ((one, other), (other, one)):
            (found,) = find(*pair)
            assert found.difference.point == "number"


def test_what_title_and_headings_are_about_decides(find: Find) -> None:
    one = "# Black tea\n\n«Let the leaves steep for 4 minutes in the covered pot.»"
    assert find(one, "# Green tea\n\nLet the leaves steep for 2 minutes in the covered pot.") == []
    (found,) = find(one, "# Black tea\n\nLet the leaves steep for 2 minutes in the covered pot.")
    assert found.difference.point == "number"


def test_documents_of_a_series_are_different_things(find: Find) -> None:
    july = "The lake stood at 41 centimetres. «The warden counted 12 herons on the shore.» "
    august = "The lake stood at 36 centimetres. The warden counted 15 herons on the shore. "
    assert find(july, august) == []


def test_ordinals_and_roman_numbers_in_titles_tell_records_apart(find: Find) -> None:
    for first, second in (("The second regatta", "The third regatta"), ("Book II", "Book IV")):
        one, other = (f"The judges counted {n} boats at the start." for n in (31, 44))
        assert find(one, other, first, second) == []
        assert len(find(one, other, first, first)) == 1


def test_a_date_or_name_next_to_a_figure_is_told_where_the_text_around_is_copied(
    find: Find,
) -> None:
    cited = CANAL.replace("Barges carried", "«Barges carried").replace("1874.", "1874.»")
    (found,) = find(cited, CANAL.replace("1874", "1891"))
    assert (found.difference.ours, found.difference.theirs) == ("1874", "1891")
    alone = "Barges carried slate to the coast until the railway came in 1891."
    assert find(alone, "In 1874 the Brin railway carried slate to the coast.") == []


def test_years_apart_only_a_copied_text_is_told(find: Find) -> None:
    days = {"a": "2024-01-10", "b": "2025-06-01"}
    one = "The «toll on the Orrin bridge is 12 crowns a day.»"
    other = "The toll on the Orrin bridge is 15 crowns a day."
    assert find(one, other) != []
    assert find(one, other, **days) == []
    cited = CANAL.replace("A barge needs", "«A barge needs").replace("to end.", "to end.»")
    assert len(find(cited, CANAL.replace("9 hours", "14 hours"), **days)) == 1


SHARED = [HealthCheck.function_scoped_fixture]
UNITS = [each.text(CANAL) for each in parse_units(CANAL) if each.is_evidence]


def test_a_copy_without_a_change_raises_no_alarm(find: Find) -> None:
    for unit in UNITS:
        assert find(CANAL.replace(unit, f"«{unit}»"), CANAL, second="Copied") == []


@settings(max_examples=60, suppress_health_check=SHARED)
@given(
    figure=st.sampled_from(["23 locks", "61 kilometres", "9 hours"]),
    other=st.integers(min_value=1, max_value=99_999),
    lead=st.booleans(),
)
def test_any_other_figure_in_a_copy_is_found(
    find: Find, figure: str, other: int, lead: bool
) -> None:
    number, word = figure.split()
    changed = CANAL.replace(figure, f"{other} {word}")
    unit = next(each for each in UNITS if figure in each)
    pair = (CANAL, changed) if lead else (changed, CANAL)
    own = unit if lead else unit.replace(figure, f"{other} {word}")
    found = find(pair[0].replace(own, f"«{own}»"), pair[1])
    assert len(found) == (str(other) != number)
    if found:
        assert found[0].difference.point == "number"


@given(st.text(max_size=60), st.text(max_size=60))
@settings(max_examples=200)
def test_any_two_texts_are_aligned(one: str, other: str) -> None:
    assert align(one, one).contradictions == ()
    found = align(one, other)
    assert found.shared >= 0
    assert found.other >= 0


def test_only_the_documents_asked_about_are_searched(library: Library) -> None:
    texts = {"a.txt": "The Orrin dam holds 300 boats.", "b.txt": "The Orrin dam holds 800 boats."}
    for id, text in texts.items():
        document = Document.of(id, id, id, text)
        library.put(document, chunk_document(document))
    quote = texts["a.txt"]
    claim = Claim(quote, (Citation(1, Span("a.txt", 0, len(quote)), quote),))
    assert find_near_copies([claim], [], library)
    assert not find_near_copies([claim], [], library, ["a.txt"])


def test_a_passage_that_was_found_is_not_made_again(library: Library) -> None:
    one, other = "The Skell pier is 310 metres long.", "The Skell pier is 450 metres long."
    for id, text in (("a.txt", one), ("b.txt", other)):
        document = Document.of(id, id, id, text, "2025-02-03")
        library.put(document, chunk_document(document))
    claim = Claim(one, (Citation(1, Span("a.txt", 0, len(one)), one),))
    known = Passage(7, Span("b.txt", 0, len(other)), other, "b.txt", "b.txt", 0.5)
    (found,) = find_near_copies([claim], [known], library)
    assert (found.other.number, found.passage) == (7, known)
    (found,) = find_near_copies([claim], [], library)
    assert found.passage is not None
    assert (found.passage.text, found.passage.published) == (other, "2025-02-03")


@pytest.mark.parametrize("budget", [LARGE, SMALL])
@pytest.mark.parametrize("leads", ["9 hours", "31 hours"])
def test_a_poisoned_copy_and_the_truth_are_shown_whichever_leads(
    tmp_path: Path, embedder: Embedder, budget: int, leads: str
) -> None:
    sentence = "A barge needs 9 hours from end to end."
    (tmp_path / "truth.md").write_text(CANAL)
    (tmp_path / "poison.md").write_text(CANAL.replace("9 hours", "31 hours"))
    library = Library.open(tmp_path / "library.sqlite3")
    index = Index(library, VectorStore.open(tmp_path / "vectors", embedder.name), embedder)
    written = sentence.replace("9 hours", leads)
    script = scripted(f"{written} [1]", knows=written, extracts=leads)
    with (
        ScriptedServer(script) as server,
        index.assistant(server, budget, data_dir=tmp_path) as assistant,
    ):
        list(assistant.index([tmp_path / "truth.md", tmp_path / "poison.md"]))
        answer = assistant.ask("How many hours does a barge need from end to end?")
        assert leads in answer.claims[0].text
        assert not any(claim.support == "supported" for claim in answer.claims)
        assert any("another source says" in each for each in answer.claims[0].reasons)
        told = answer.claims[-1]
        assert told.origin == "compared"
        assert told.text.startswith("Sources differ on the number")
        assert {each.span.document_id for each in told.citations} == {"truth.md", "poison.md"}
        numbers = {passage.number: passage.span for passage in answer.passages}
        assert all(numbers[each.number].contains(each.span) for each in told.citations)
        assert all(map(assistant.quote_holds, told.citations))
        assert len(numbers) == len(answer.passages)
