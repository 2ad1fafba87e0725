"""Everything of one sort that the articles mention is listed, each with its sentence."""

from __future__ import annotations

import pytest

from rag.answering.draft import AnswerDraft
from rag.answering.mentions import list_mentions
from rag.query.mentions import AskedMentions, MentionSort, mentions_asked_for
from rag.types import Claim, Document, Span
from tests.asking import NEWS, SMALL, Index
from tests.fakes import ScriptedServer

pytest_plugins = ["tests.seeds"]

FERRY = Document.of(
    "ferry",
    "The ferry to Holm",
    "/ferry",
    "The ferry began to run on 3 May 1954 and cost £2. In 1987 the fare was raised by 15% to £4."
    " The company had asked for fifteen percent.\n\n"
    "Since June 2019 children pay £1. Dogs travel free in May. Two captains share the work.",
)
MILL = Document.of("mill", "The mill at Skarn", "/mill", "It was built in 1987 for £900.")


@pytest.mark.parametrize(
    ("question", "sort", "topic"),
    [
        ("Which dates are mentioned?", "date", ""),
        ("what dates appear in the articles", "date", ""),
        ("List all the years in the articles", "year", ""),
        ("Which months are named in this article?", "month", ""),
        ("what percentages are given?", "percentage", ""),
        ("What tariff rates are mentioned?", "percentage", "tariff"),
        ("Which prices are listed for children?", "money", "children"),
        ("And what numbers are mentioned in these documents?", "number", ""),
        ("List the figures", "number", ""),
    ],
)
def test_what_is_to_be_listed_is_told_from_its_topic(
    question: str, sort: MentionSort, topic: str
) -> None:
    assert mentions_asked_for(question) == AskedMentions(sort, topic)


@pytest.mark.parametrize(
    "question",
    [
        "Which date was the ferry founded?",
        "What prices do children pay?",
        "Which numbers did the company publish?",
        "What figures are given for 2019?",
        "What are the key figures?",
        "Which dates are not given?",
        "Why are the prices mentioned?",
        "How many people are mentioned?",
        "What rate applies to fentanyl?",
        "Does the article mention any dates?",
    ],
)
def test_other_questions_are_looked_for_as_ever(question: str) -> None:
    assert mentions_asked_for(question) is None


def listed(sort: MentionSort, *documents: Document, topic: str = "") -> tuple[Claim, ...]:
    draft = list_mentions(AnswerDraft("What?"), AskedMentions(sort, topic), documents)
    texts = {each.id: each.text for each in documents}
    for claim in draft.claims:
        for citation in claim.citations:
            span: Span = citation.span
            assert texts[span.document_id][span.start : span.end] == citation.quote
    return draft.claims


def test_each_is_written_as_the_document_writes_it_and_cited() -> None:
    values, *points = listed("money", FERRY)
    assert values.text == "£2, £4, £1"
    assert values.group is None
    assert len(values.citations) == len(points) == 3
    assert [each.group for each in points] == ["", "", ""]
    for value, point in zip(values.text.split(", "), points, strict=True):
        assert value in point.text


def test_what_is_mentioned_again_in_other_words_is_listed_once() -> None:
    (only,) = listed("percentage", FERRY)
    assert "raised by 15%" in only.text


@pytest.mark.parametrize(
    ("sort", "values"),
    [
        ("date", "3 May 1954, 1987, June 2019, May"),
        ("month", "3 May 1954, June 2019"),
        ("year", "1954, 1987, 2019"),
        ("number", "£2, 15%, £4, £1, Two"),
    ],
)
def test_every_sort_has_its_form(sort: MentionSort, values: str) -> None:
    assert listed(sort, FERRY)[0].text == values


def test_of_several_documents_each_has_what_is_new_below_its_title() -> None:
    values, *points = listed("year", FERRY, MILL)
    assert values.text == "1954, 1987, 2019"
    assert {each.group for each in points} == {FERRY.title}
    _, *points = listed("money", FERRY, MILL)
    assert points[-1].group == MILL.title
    assert points[-1].text == MILL.text


def test_of_a_topic_only_sentences_that_speak_of_it_count() -> None:
    (only,) = listed("money", FERRY, topic="children")
    assert only.text == "Since June 2019 children pay £1."
    assert listed("money", FERRY, topic="bicycles") == ()


def test_of_very_many_so_many_are_shown_as_anyone_reads_and_it_is_said() -> None:
    text = "\n\n".join(f"Line {n} counts {n + 1_000} ferries at the quay." for n in range(500))
    first, *_ = claims = listed("number", Document.of("a", "Harbour", "/a", text))
    assert first.group == "(200 of 500)"
    assert len(claims) == 200


def test_no_model_is_asked(seeds: Index) -> None:
    with ScriptedServer() as server:
        assistant = seeds.assistant(server, SMALL)
        answer = assistant.ask("What percentages are mentioned?", document_ids=[NEWS])
        assert not server.requests
    assert answer.status == "answered"
    text = seeds.library.document(NEWS).text
    for value in ("145%", "125%", "20%", "10%", "50%"):
        assert value in text
        assert value in answer.claims[0].text


def test_a_value_over_two_lines_is_written_in_one() -> None:
    text = (
        "The mill at the upper end of the long valley of Skarn lost in the great flood about 20\n"
        "percent of its roof, and the town paid for half of that. Its owners asked for another\n"
        "loan at 7% in the year after."
    )
    claims = listed("percentage", Document.of("a", "Mill", "/a", text))
    assert claims[0].text == "20 percent, 7%"


def test_where_nothing_is_mentioned_it_is_looked_for_as_ever(seeds: Index) -> None:
    with ScriptedServer() as server:
        assistant = seeds.assistant(server, SMALL)
        answer = assistant.ask("Which sums of money are mentioned?", document_ids=[NEWS])
    assert answer.answers != "yes"
