"""Answers made of several units of the documents, without asking a language model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import log
from pathlib import Path

import pytest

from rag.assistant import Assistant
from rag.ingest.pipeline import ingest
from rag.models.embeddings import local_embedder
from rag.models.provider import HostedProvider, NoModel
from rag.models.token_embeddings import TokenEncoder
from rag.retrieval.unit_ranking import rank_units, units_of_document
from rag.settings import Settings
from rag.store.documents import Library
from rag.store.vectors import VectorStore
from rag.types import Answer, Document, Turn
from tests.asking import LARGE, SMALL, Index, asks_yes_or_no, prompt, settings_for
from tests.fakes import Reply, Request, Script, Scripted, ScriptedServer

pytest_plugins = ["tests.seeds"]

HARBOUR = """# Harbour of Veldt

The harbour of Veldt opened in 1911 and serves nine ferries.

## Fees

Boats pay these fees for a night:

- Boats under six metres pay 10 crowns.
- Boats under twelve metres pay 40 crowns.
- Larger boats pay 90 crowns.

## Opening hours

| Season | Opens | Closes |
|---|---|---|
| Summer | 6:00 | 22:00 |
| Winter | 8:00 | 18:00 |
"""
STRIKE = """Ferry crews in Veldt end strike

Ferry crews in Veldt ended a strike of eleven days on Monday. Mayor Ida Holm welcomed the end.

Union leader Per Lund said: “We have won what we came for. The night shifts will be paid like
others. Nobody sails alone any more.”

Holm said the town had lost 2 million crowns. She called the strike “a hard lesson for all of us.”
"""


@contextmanager
def opened(folder: Path) -> Iterator[Index]:
    """The index of the files in `folder`."""
    files = sorted(folder.iterdir())
    embedder = local_embedder()
    library = Library.open(folder / "library.sqlite3")
    vectors = VectorStore.open(folder / "vectors", embedder.name)
    lock = folder / "lock"
    list(ingest(files, library=library, vectors=vectors, embedder=embedder, lock=lock))
    yield Index(library, vectors, embedder)
    vectors.close()
    library.close()


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    folder = tmp_path_factory.mktemp("town")
    (folder / "harbour.md").write_text(HARBOUR)
    (folder / "strike.txt").write_text(STRIKE)
    with opened(folder) as index:
        yield index


def asked(index: Index, question: str, *document_ids: str) -> Answer:
    """The answer of an assistant that has no language model."""
    settings = Settings(model="none")
    assistant = Assistant(settings, index.library, index.vectors, index.embedder, NoModel(settings))
    answer = assistant.ask(question, document_ids=document_ids or None)
    for claim in answer.claims:
        for citation in claim.citations:
            assert index.library.text(citation.span) == citation.quote
    return answer


def judged(index: Index, question: str, *replies: Script) -> tuple[Answer, list[Request]]:
    """The answer of an assistant with a small model that replies so, and what it was asked."""
    with ScriptedServer(replies) as server:
        settings = settings_for(server, SMALL)
        model = HostedProvider(settings)
        assistant = Assistant(settings, index.library, index.vectors, index.embedder, model)
        return assistant.ask(question), server.requests


def replying(said: str) -> Script:
    """A model that says yes to whatever is asked of yes or no, and `said` else."""

    def script(request: Request) -> str:
        is_premise = "Did Mayor Holm" in prompt(request)
        return "Yes" if asks_yes_or_no(request) or is_premise else said

    return script


def quotes(answer: Answer) -> list[str]:
    return [citation.quote for claim in answer.claims for citation in claim.citations]


@pytest.mark.parametrize(
    "question",
    [
        "Summarize what Bessent says",
        "Sum up Bessent's comments",
        "What does Bessent say, in a nutshell?",
    ],
)
def test_what_somebody_says_in_short_is_what_he_says(seeds: Index, question: str) -> None:
    plain = quotes(asked(seeds, "What does Bessent say?"))
    assert any("de-escalate" in quote for quote in plain)
    assert quotes(asked(seeds, question)) == plain


def test_what_somebody_says_in_short_is_asked_for_behind_another_question_too(seeds: Index) -> None:
    settings = Settings(model="none")
    assistant = Assistant(settings, seeds.library, seeds.vectors, seeds.embedder, NoModel(settings))
    first = assistant.ask("What does Bessent say?")
    past = [Turn(first.question, first.text)]
    question = "Sum up China's position"  # of which the last two words are keywords
    assert quotes(assistant.ask(question, past)) == quotes(asked(seeds, question)) != []


MILL_YEARS = """The mill of Orrin

In 1911, the mill was built. It had two wheels. A flood took one of them in May 1926, and Orrin
mourned. The owner sold it.

## 1950

The town bought it for a crown.
"""


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What happened in 1911?", ["In 1911, the mill was built.", "It had two wheels."]),
        (
            "what happened in may 1926",
            ["A flood took one of them in May 1926, and Orrin\nmourned."],
        ),
        ("Summarize what happened in 1950", ["The town bought it for a crown."]),
        ("What happened in 1912?", []),
        ("What happened in June 1926?", []),
    ],
)
def test_what_happened_at_a_time_is_what_names_that_time(
    tmp_path: Path, question: str, expected: list[str]
) -> None:
    (tmp_path / "mill.md").write_text(MILL_YEARS)
    with opened(tmp_path) as index:
        answer = asked(index, question)
    assert quotes(answer) == expected
    assert answer.status == ("answered" if expected else "declined")


@pytest.mark.parametrize(
    "question", ["What did Oslo say about fish?", "What did Norway say about fish?"]
)
def test_a_capital_speaks_for_its_country(tmp_path: Path, question: str) -> None:
    said = "Norway’s fishery ministry said that the cod were gone."
    (tmp_path / "fish.txt").write_text(
        f"Fish and ships in Oslo\n\n{said} Sweden’s ministry said nothing.\n"
    )
    with opened(tmp_path) as index:
        assert quotes(asked(index, question)) == [said]


def test_a_list_in_the_source_is_one_answer_whole_and_in_order(town: Index) -> None:
    answer = asked(town, "List the fees for boats")
    assert quotes(answer) == [
        "Boats under six metres pay 10 crowns.",
        "Boats under twelve metres pay 40 crowns.",
        "Larger boats pay 90 crowns.",
    ]


def test_the_rows_of_a_table_say_which_column_is_which(town: Index) -> None:
    answer = asked(town, "List the opening hours of the harbour by season")
    assert [claim.text for claim in answer.claims] == [
        "Season: Summer; Opens: 6:00; Closes: 22:00",
        "Season: Winter; Opens: 8:00; Closes: 18:00",
    ]


def test_what_somebody_said_is_quoted_to_its_end(town: Index) -> None:
    found = " ".join(quotes(asked(town, "What did Per Lund say?")))
    for part in ("won what we came for", "night shifts will be paid", "Nobody sails alone"):
        assert part in found
    assert "hard lesson" not in found  # somebody else's words


def test_what_a_person_is_asked_about_is_not_taken_from_another_speaker(town: Index) -> None:
    found = " ".join(quotes(asked(town, "What did Ida Holm say about the strike?")))
    assert "hard lesson" in found
    assert "Nobody sails alone" not in found


def test_a_rank_before_a_name_does_not_make_another_of_that_rank_the_speaker(town: Index) -> None:
    found = " ".join(quotes(asked(town, "What did Union Leader Per Lund say about night shifts?")))
    assert "night shifts will be paid" in found
    assert "2 million crowns" not in found


def test_whom_the_byline_names_does_not_decide_between_the_sentences() -> None:
    post = (
        "# A winter on the canal\n\n*Posted by Nora Lindqvist on 3 March*\n\n"
        "In October we moved onto the boat. It is twelve metres long and leaks a little.\n\n"
        "## In the end\n\n"
        "Whoever wants to do the same should take my advice: insulate the floor first.\n"
    )
    document = Document.of("canal.md", "A winter on the canal", "canal.md", post)
    units = units_of_document(document, 10)
    best = rank_units("What advice does Nora Lindqvist give?", units, TokenEncoder())[0]
    assert "insulate the floor first" in best.candidate.text


def test_what_stands_beside_in_the_paragraph_counts_too() -> None:
    text = (
        "The tower of Orm was closed to visitors in 2019. Rain had rotted the stairs.\n\n"
        "The tower of Veldt is open all year.\n\n"
        "The mill is sold."
    )
    document = Document.of("a.txt", "Towers", "a.txt", text)
    ranked = rank_units(
        "Why can nobody visit the tower of Orm?", units_of_document(document, 10), TokenEncoder()
    )
    assert [each.candidate.unit.paragraph for each in ranked[:2]] == [0, 0]


def test_numbers_run_by_first_appearance(seeds: Index) -> None:
    answer = asked(seeds, "Summarize the articles")
    numbers = [citation.number for claim in answer.claims for citation in claim.citations]
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_greeting_is_answered_at_once_with_questions_to_ask(seeds: Index) -> None:
    answer = asked(seeds, "hello")
    assert (answer.status, answer.claims) == ("answered", ())
    assert answer.text
    assert 0 < len(answer.suggestions) <= 3


def test_the_two_sides_of_a_comparison_are_two_groups(town: Index) -> None:
    answer = asked(town, "Compare what Per Lund and Ida Holm think of the strike")
    assert len({claim.group for claim in answer.claims}) == 2


def test_a_table_that_has_both_sides_is_the_comparison(town: Index) -> None:
    answer = asked(town, "Compare the opening hours in summer and winter")
    assert [claim.text for claim in answer.claims] == [
        "Season: Summer; Opens: 6:00; Closes: 22:00",
        "Season: Winter; Opens: 8:00; Closes: 18:00",
    ]


def test_a_heading_and_a_question_of_the_source_are_never_points(town: Index) -> None:
    for question in ("List the fees for boats", "Summarize the articles", "harbour fees"):
        for quote in quotes(asked(town, question)):
            assert not quote.endswith((":", "?"))
            assert quote not in ("Fees", "Opening hours", "Harbour of Veldt")


def test_without_a_model_a_question_about_something_else_is_declined(town: Index) -> None:
    answer = asked(town, "Which planets have rings?")
    assert (answer.status, answer.answers, answer.reason) == ("declined", "no", "not stated")
    assert answer.passages


def test_without_a_model_a_who_that_no_sentence_names_is_declined(tmp_path: Path) -> None:
    (tmp_path / "stock.md").write_text(
        "# Stock\n\nThe chandlery sells ropes and sails.\nThe chandlery opens at six.\n"
    )
    with opened(tmp_path) as index:
        assert asked(index, "What does the chandlery sell?").status == "answered"
        assert asked(index, "Who founded the chandlery?").status == "declined"


# --- with a small model -----------------------------------------------------------------------


def test_a_list_that_the_model_accepts_is_the_answer(town: Index) -> None:
    answer, requests = judged(town, "List the fees for boats", "Yes")
    assert len(quotes(answer)) == 3
    assert len(requests) == 1
    assert "30 crowns" not in answer.text


def test_points_that_the_model_rejects_are_not_shown_as_an_answer(town: Index) -> None:
    answer, _ = judged(town, "Why did the mayor sell the harbour?", "No")
    assert answer.claims == ()
    assert answer.status == "declined"


def test_a_reason_begins_with_what_the_model_says_where_it_is_supported(town: Index) -> None:
    said = "The town had lost 2 million crowns."
    answer, _ = judged(town, "Why did Mayor Holm call the strike a hard lesson?", replying(said))
    lead, *points = answer.claims
    assert (lead.text, lead.group) == (said, None)
    assert points
    assert all(point.group == "" for point in points)
    assert not {c.span for c in lead.citations} & {c.span for p in points for c in p.citations}


def test_what_the_model_invents_is_no_lead(town: Index) -> None:
    said = "The strike was called off by the queen of Norway."
    answer, _ = judged(town, "Why did Mayor Holm call the strike a hard lesson?", replying(said))
    assert said not in answer.text
    assert answer.claims


def test_a_why_about_what_the_model_denies_is_declined(town: Index) -> None:
    def script(request: Request) -> str:
        return "No" if "Did the mayor call the strike a triumph?" in prompt(request) else "Yes"

    answer, _ = judged(town, "Why did the mayor call the strike a triumph?", script)
    assert (answer.status, answer.reason) == ("declined", "not stated")


@pytest.mark.parametrize(
    ("lead", "status"),
    [
        ("The ferry crews ended a strike of eleven days on Monday.", "answered"),
        ("The crews went home to their gardens.", "declined"),
    ],
)
def test_a_why_about_what_the_model_doubts_is_answered_where_a_reason_checks(
    town: Index, lead: str, status: str
) -> None:
    doubt = Reply("No", alternatives={"Yes": log(0.45), "No": log(0.55)})

    def script(request: Request) -> Scripted:
        if "Did the ferry crews" in prompt(request):
            return doubt
        return "Yes" if asks_yes_or_no(request) else lead

    answer, _ = judged(town, "Why did the ferry crews end their strike on Monday?", script)
    assert answer.status == status


@pytest.mark.parametrize(("p_premise", "status"), [(0.97, "answered"), (0.7, "declined")])
def test_reasons_stand_where_the_model_is_sure_of_what_is_explained(
    town: Index, p_premise: float, status: str
) -> None:
    premise = Reply("Yes", alternatives={"Yes": log(p_premise), "No": log(1 - p_premise)})
    hesitant = Reply("Yes", alternatives={"Yes": log(0.58), "No": log(0.42)})

    def script(request: Request) -> Scripted:
        if "Did the ferry crews" in prompt(request):
            return premise
        return hesitant if asks_yes_or_no(request) else "The crews went home to their gardens."

    answer, _ = judged(town, "Why did the ferry crews end their strike on Monday?", script)
    assert answer.status == status
    assert "gardens" not in answer.text


def test_what_somebody_said_about_one_thing_begins_with_that_sentence(town: Index) -> None:
    said = "The night shifts will be paid like others."
    question = "What did Per Lund say about the pay of night shifts?"
    answer, _ = judged(town, question, "Yes", "paid like others", said)
    lead, *points = answer.claims
    assert (lead.text, lead.group, lead.support) == (said, None, "supported")
    assert [" ".join(citation.quote.split()) for citation in lead.citations] == [said]
    assert said not in [point.text for point in points]


# --- with a large model -----------------------------------------------------------------------


def written(index: Index, question: str, reply: str) -> tuple[Answer, str]:
    """The answer of an assistant with a large model that replies so, and its prompt."""
    with ScriptedServer([reply]) as server:
        settings = settings_for(server, LARGE)
        model = HostedProvider(settings)
        assistant = Assistant(settings, index.library, index.vectors, index.embedder, model)
        return assistant.ask(question), prompt(server.requests[0])


def test_a_large_model_writes_a_list_and_each_item_is_cited(town: Index) -> None:
    reply = "- Boats under six metres pay 10 crowns. [1]\n- Larger boats pay 90 crowns. [1]"
    answer, asked_for = written(town, "List the fees for boats", reply)
    assert "on a line of its own" in asked_for
    assert [(claim.group, claim.support) for claim in answer.claims] == [("", "supported")] * 2
    assert answer.text.startswith("- Boats under six metres pay 10 crowns. [1]\n- Larger")
    assert answer.answers == "yes"


def test_an_invented_item_of_a_list_is_dropped(town: Index) -> None:
    reply = "- Boats under six metres pay 10 crowns. [1]\n- Submarines pay 700 crowns. [1]"
    answer, _ = written(town, "List the fees for boats", reply)
    assert "Submarines" not in answer.text
    assert "six metres" in answer.text


def test_a_large_model_writes_a_summary_from_central_passages(town: Index) -> None:
    reply = "**Harbour of Veldt**\n- The harbour opened in 1911 and serves nine ferries. [1]"
    answer, asked_for = written(town, "Summarize the articles", reply)
    assert "opened in 1911" in asked_for
    assert [claim.group for claim in answer.claims] == ["Harbour of Veldt"]


def test_a_summary_that_does_not_check_gives_way_to_the_points_themselves(town: Index) -> None:
    answer, _ = written(town, "Summarize the articles", "- The moon is made of cheese. [1]")
    assert "cheese" not in answer.text
    assert len(answer.claims) > 2


def test_a_long_list_is_given_as_far_as_anyone_reads_it_and_says_how_long_it_is(
    tmp_path: Path,
) -> None:
    lines = "\n".join(f"- Rope number {n} costs {n} crowns." for n in range(1, 251))
    (tmp_path / "stock.md").write_text(f"# Stock\n\nThe chandlery sells:\n\n{lines}\n")
    with opened(tmp_path) as index:
        answer = asked(index, "List everything that the chandlery sells")
    assert len(answer.claims) == 200
    assert answer.claims[0].group == "The chandlery sells: (200 of 250)"
    assert quotes(answer)[-1] == "Rope number 200 costs 200 crowns."


def test_a_document_of_one_line_is_its_own_summary(tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("The bakery on Quay Street opens at six.")
    with opened(tmp_path) as index:
        answer = asked(index, "Summarize the articles")
    assert quotes(answer) == ["The bakery on Quay Street opens at six."]


LOOM = """# The Orm table loom

It weaves cloth up to 40 cm wide and weighs 6 kg. The Orm loom comes with a manual and a spare reed.

## Setting up

1. Screw the legs to the frame.
2. Hang the shafts from the upper bar, the longer hooks to the left.
3. Thread each end through its eye.
4. Tie the ends to the front rod and tighten them.

## Care

Oil the hinges once a year. It may squeak in dry rooms.
"""


@pytest.mark.parametrize(
    "question", ["How do I set up the Orm loom?", "how to get the orm table loom ready"]
)
def test_how_something_is_done_is_told_by_all_of_its_steps(tmp_path: Path, question: str) -> None:
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "loom.md").write_text(LOOM, encoding="utf-8")
    with opened(folder) as index:
        answer = asked(index, question)
    assert [claim.text.split()[0] for claim in answer.claims] == ["Screw", "Hang", "Thread", "Tie"]
