"""Summaries made of quoted points, for questions about the documents as a whole."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from rag.answering.draft import AnswerDraft
from rag.answering.summary import key_points, summarize
from rag.models.embeddings import local_embedder
from rag.query.validation import asks_for_summary
from rag.serialization import markdown_pieces
from rag.store.documents import Library
from rag.types import Answer, Citation, Claim, Document, Span, Turn
from tests.asking import NEWS, REPORT, SMALL, Index
from tests.fakes import ScriptedServer

pytest_plugins = ["tests.seeds"]


def asked(index: Index, question: str, *document_ids: str) -> Answer:
    """The answer, for which no language model may be asked."""
    with ScriptedServer() as server:
        assistant = index.assistant(server, SMALL)
        answer = assistant.ask(question, document_ids=document_ids or None)
        assert not server.requests
    for claim in answer.claims:
        for citation in claim.citations:
            assert index.library.text(citation.span) == citation.quote
    return answer


@pytest.mark.parametrize(
    "question",
    ["Summarize the articles", "What are these articles about?", "SUMMARIZE THE ARTICLES!"],
)
def test_all_articles_are_summarized_a_group_for_each(seeds: Index, question: str) -> None:
    answer = asked(seeds, question)
    assert answer.status == "answered"
    titles = {seeds.library.document(id).title for id in (NEWS, REPORT)}
    assert {claim.group for claim in answer.claims} == titles
    assert 4 <= len(answer.claims) <= 6
    numbers = [citation.number for claim in answer.claims for citation in claim.citations]
    assert numbers == list(range(1, len(numbers) + 1))


def test_one_article_is_summarized_in_its_order(seeds: Index) -> None:
    answer = asked(seeds, "Give me the key points", NEWS)
    starts = [claim.citations[0].span.start for claim in answer.claims]
    assert 3 <= len(starts) <= 6
    assert starts == sorted(starts)
    assert {claim.citations[0].span.document_id for claim in answer.claims} == {NEWS}
    assert {claim.group for claim in answer.claims} == {""}


@pytest.mark.parametrize(
    "question",
    [
        "hi, what are these two about?",
        "what is this about?",
        "What is it about?",
        "hello, can you tell me what this is about?",
    ],
)
def test_a_question_that_names_nothing_is_about_all(seeds: Index, question: str) -> None:
    answer = asked(seeds, question)
    assert {claim.citations[0].span.document_id for claim in answer.claims} == {NEWS, REPORT}


@pytest.mark.parametrize(
    ("question", "points"),
    [
        ("Summarize the articles in three sentences", 3),
        ("Summarize the articles in one sentence", 1),
        ("Summarize the articles in a line each", 2),
        ("Give me the gist in 5 points", 5),
    ],
)
def test_a_summary_is_as_long_as_it_is_wanted(seeds: Index, question: str, points: int) -> None:
    assert len(asked(seeds, question).claims) == points


def test_a_summary_is_given_again_as_long_as_is_asked_then(seeds: Index) -> None:
    with ScriptedServer() as server:
        assistant = seeds.assistant(server, SMALL)
        history: list[Turn] = []
        lengths = []
        for question in ("Summarize the articles", "in one sentence", "and now in 4 points"):
            answer = assistant.ask(question, history)
            lengths.append(len(answer.claims))
            history.append(Turn.of(question, answer))
        assert not server.requests
    assert lengths[1:] == [1, 4]


def test_a_summary_of_no_topic_is_of_all_also_behind_another_question(seeds: Index) -> None:
    turn = Turn("Why might China want to talk?", "To ease the economic strain.")
    with ScriptedServer() as server:
        question = "Summarize it in two sentences"
        answer = seeds.assistant(server, SMALL).ask(question, [turn])
        assert not server.requests
    assert len(answer.claims) == 2


def test_headings_are_no_points(seeds: Index) -> None:
    title = seeds.library.document(REPORT).text.split("\n")[0]
    points = [claim.text for claim in asked(seeds, "What is it about, these documents?").claims]
    assert points
    assert title not in points


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What does the news say?", True),
        ("can you give me a brief overview of the documents", True),
        ("What are the main topics?", True),
        ("tariff summary", False),
        ("Summarize the article about tariffs", False),
        ("What happened in Geneva?", False),
        ("What happened on 5 May?", False),
        ("How many articles are there?", False),
        ("Who wrote the articles?", False),
        ("Why?", False),
        ("What is it about?", False),
        ("hello", False),
    ],
)
def test_only_a_question_without_a_topic_is_about_all(question: str, expected: bool) -> None:
    assert asks_for_summary(question) is expected


@pytest.mark.parametrize("text", ["One line only", "# Heading\n\n- item", "Word. " * 20_000])
def test_any_document_can_be_summarized(seeds: Index, tmp_path: Path, text: str) -> None:

    library = Library.open(tmp_path / "one.sqlite3")
    library.put(Document.of("a", "A", "/a", text), [])
    draft = summarize(AnswerDraft("Summarize.", "none"), library, seeds.embedder, ["a"])
    assert 1 <= len(draft.claims) <= 5
    library.close()


def test_of_many_articles_the_newest_are_shown_with_how_many_there_are(
    seeds: Index, tmp_path: Path
) -> None:
    number = 2_000
    texts = {f"{n:04}": f"The ferry {n} leaves every {n + 5} minutes." for n in range(number)}
    with closing(Library.open(tmp_path / "many.sqlite3")) as library:
        for n, (id, text) in enumerate(texts.items()):
            day = f"{2000 + n % 20}-01-01"
            library.put(Document.of(id, f"Ferry {n}", f"/{id}", text, day), [])
        draft = summarize(AnswerDraft("What?", "none"), library, seeds.embedder, sorted(texts))
    assert {claim.group for claim in draft.claims} == {"20 of 2,000 articles"}
    shown = [claim.citations[0].span.document_id for claim in draft.claims]
    assert len(set(shown)) == len(shown) == 20
    assert {int(id) % 20 for id in shown} == {19}


def test_an_article_of_a_megabyte_is_summarized_from_all_over_it(
    seeds: Index, tmp_path: Path
) -> None:
    number = 20_000
    lines = (f"Line {n} of the harbour book counts {n} ferries at the quay." for n in range(number))
    text = "\n\n".join(lines)
    assert len(text) > 1_000_000
    with closing(Library.open(tmp_path / "large.sqlite3")) as library:
        library.put(Document.of("a", "Harbour", "/a", text), [])
        draft = summarize(AnswerDraft("What?", "none"), library, seeds.embedder, ["a"])
    starts = [claim.citations[0].span.start for claim in draft.claims]
    assert 3 <= len(starts) <= 8
    assert starts == sorted(starts)
    assert starts[-1] > len(text) / 10


# --- as Markdown ------------------------------------------------------------------------------


def point(text: str, group: str | None) -> Claim:
    return Claim(text, (Citation(1, Span("a", 0, 1), "x"),), group=group)


def test_points_are_lists_below_their_headings() -> None:
    claims = [point("A.", None), point("B.", None), point("C.", "One"), point("D.", "One")]
    claims += [point("E.", "Two"), point("F.", "")]
    assert "".join(markdown_pieces(claims)) == (
        "A. [1] B. [1]\n\n**One**\n\n- C. [1]\n- D. [1]\n\n**Two**\n\n- E. [1]\n\n- F. [1]"
    )


def test_a_summary_of_a_topic_is_of_its_sections() -> None:
    sections = {
        "Fees": "Boats pay three crowns a night at the quay of Orm in summer. "
        "Rowing clubs pay half of that for the whole season.",
        "Dredging": "The basin is dredged every fourth year by a firm from Lund. "
        "Silt from the basin is spread on the fields behind the mill.",
        "History": "The quay was built of oak in 1840 by two brothers from Veldt. "
        "A storm took half of the oak piles away in 1911.",
    }
    parts = [f"## {heading}\n\n{text}" for heading, text in sections.items()]
    text = "# The quay of Orm\n\n" + "\n\n".join(parts)
    document = Document.of("quay.md", "The quay of Orm", "quay.md", text)
    embedder = local_embedder()

    def headings(about: str) -> set[str]:
        points = key_points(document, embedder, 6, about)
        return {point.candidate.unit.headings[-1] for point in points}

    assert headings("What is said about dredging at the quay of Orm?") == {"Dredging"}
    assert headings("Summarize the article on the quay of Orm") == set(sections)
    assert headings("") == set(sections)


def test_a_topic_that_the_whole_document_speaks_of_is_no_section_of_it() -> None:
    text = (
        "# A morning at Veldt\n\n"
        "## How did you come to keep bees?\n\n"
        "My aunt left me two hives of bees in 1998. I read every book in the library first.\n\n"
        "## What do you sell?\n\n"
        "Most of the bees go to orchards, which rent forty hives each spring. "
        "What honey the bees leave is sold at the gate on Sundays.\n\n"
        "## And in winter?\n\n"
        "In winter the bees sit in a ball and shiver to keep their queen warm."
    )
    document = Document.of("a.md", "A morning at Veldt", "a.md", text)
    points = key_points(document, local_embedder(), 6, "Sum up the interview about bees")
    assert len({point.candidate.unit.headings[-1] for point in points}) == 3


WEAVER = """Nora Lindqvist weaves sails for old boats in a barn at Veldt.

Her first loom came from a school that had closed, and a horse brought it over the hill.

She learned the work from Ada Holm, who lived at the mill with two cats. For two winters she only \
carried Ada's wool up and down. Ada spoke once a day, at noon, and then about the weather.

The sails are made of flax that a farmer grows at Orm. Each of them takes her eleven days in summer.

In March she sells what is left of them at a fair, which is her only journey in the year."""


@pytest.mark.parametrize(
    ("question", "paragraphs"),
    [
        ("Tell me about Nora Lindqvist's time with Ada Holm", 1),
        ("Sum up what it says about flax and the farmer", 1),
        ("Summarize the piece on Nora Lindqvist, who weaves sails", 3),
        ("Summarize the loom page", 3),
    ],
)
def test_a_summary_of_a_part_without_headings_is_of_its_paragraphs(
    question: str, paragraphs: int
) -> None:
    document = Document.of("a.txt", "A barn at Veldt", "a.txt", WEAVER)
    points = key_points(document, local_embedder(), 8, question)
    assert len({point.candidate.unit.paragraph for point in points}) == paragraphs
    assert len(points) == (2 if "flax" in question else 3)


@pytest.mark.parametrize(
    "question",
    [
        "Summarize the article about Napoleon",
        "What is the report on whales about?",
        "Give me an overview of the new airport",
    ],
)
def test_a_topic_of_no_article_is_not_summarized(seeds: Index, question: str) -> None:
    answer = asked(seeds, question)
    assert (answer.status, answer.reason) == ("declined", "not stated")
    assert answer.passages  # the nearest, for whoever wants to look


@pytest.mark.parametrize(
    "question",
    [
        "Summarize all the articles in a line each",
        "Sum up these documents in short sentences",
        "Give me an overview of everything you've got here.",
        "give me a rundown of your files",
        "give me a short overview of both pieces",
        "What are the pages about?",
    ],
)
def test_how_long_a_summary_is_to_be_is_no_topic(seeds: Index, question: str) -> None:
    titles = {seeds.library.document(id).title for id in (NEWS, REPORT)}
    assert {claim.group for claim in asked(seeds, question).claims} == titles


RECIPE = """# Bread

A plain loaf for those who bake once a week.

1. Weigh 500 grams of flour and 10 grams of salt into a large bowl, and mix the two well.
2. Stir in 350 grams of lukewarm water and 7 grams of yeast until no dry flour is left at all.
"""
TALK = """# A talk with the miller

Ada Roth has ground flour at the old mill for forty years.

**You have put a turbine where the old mill wheel was. Do the customers of the mill mind?**

They ask for the flour and not for the wheel.
"""


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (RECIPE, "A plain loaf for those who bake once a week."),
        (TALK, "Ada Roth has ground flour at the old mill for forty years."),
    ],
)
def test_one_line_on_a_document_is_no_step_of_it_and_no_question_put_in_it(
    seeds: Index, text: str, line: str
) -> None:
    (point,) = key_points(Document.of("a", "A", "/a", text), seeds.embedder, 1)
    assert point.candidate.text == line
