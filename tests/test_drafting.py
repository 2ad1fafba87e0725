"""Cases drafted from a person's own articles: what is asked, what is checked, what is dropped."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from eval.cases import load_cases
from eval.drafting import run
from eval.drafting.checks import ANSWERED, NOT_FOUND, OTHER_ANSWER, TWICE, UNIQUE, Checker
from eval.drafting.clauses import questions_of, yes_or_no
from eval.drafting.draft import Draft, kind_of
from eval.drafting.run import Drafted, DraftError, draft_cases, draft_from
from eval.drafting.verbs import past_base, present_base
from eval.drafting.wording import MAX_FAILED, MAX_UNUSABLE, Wording
from rag.assistant import Assistant
from rag.errors import EmptyLibrary, ModelError, ModelRefused, ModelUnreachable
from rag.internals import WordForms, build
from rag.settings import Settings, load_settings
from rag.types import Delta, Message, Span
from tests.fakes import Reply, Request, Scripted, ScriptedServer, Status

ARTICLES = {
    "kiln.md": """# Brannick Kiln

Brannick Kiln is a brick kiln on the east bank of the Tessel. It stands below the village of Oster.

## History

Brannick Kiln was closed in 1968. The chimney was lowered by 12 metres in 1974, after a storm.
Work on the museum began in May 2003. The potter Ada Lorne opened the museum.

## Visits

Guided tours are held from May to October. The kiln attracts school classes from Oster. Children
pay half. Dogs must stay outside.

## Prices

| Ticket | Price | Length |
| --- | --- | --- |
| Short tour | 4 crowns | 30 minutes |
| Long tour | 9 crowns | 90 minutes |
""",
    "orchard.md": """# Pears of Oster

"The pears will be small this year," said Hanna Weil, who runs the largest orchard near Oster.
She said that frost in April had killed half of the blossom.

The growers planted 4,000 pear trees in 2011. The growers' union has 62 members.
The harvest was delayed because the pickers came late.

## Varieties

- Green Anna, eaten fresh
- Winter Bell, which keeps until March
- Long Tom, for cooking
""",
    "tunnel.txt": """Tessel tunnel to open in spring

The Tessel tunnel will be 3.4 kilometres long. It was dug by two machines.

"We lost a year to water," said Jon Abel, the engineer in charge of the tunnel. The tunnel cost
310 million crowns. Two workers were hurt in the tunnel in 2022.

The Tessel tunnel will be opened in April 2026. The toll was set at 3 crowns by the council.
""",
}


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    folder = tmp_path_factory.mktemp("drafting")
    with opened(folder, ARTICLES) as made:
        yield made


def opened(folder: Path, articles: dict[str, str]) -> Assistant:
    """An assistant without a model over these articles."""
    (folder / "articles").mkdir(parents=True)
    for name, text in articles.items():
        (folder / "articles" / name).write_text(text, encoding="utf-8")
    made = build(load_settings(model="none", data_dir=folder / "data"))
    list(made.index([folder / "articles"]))
    return made


@pytest.fixture(scope="module")
def drafted(assistant: Assistant) -> Drafted:
    return draft_from(assistant, 30)


def asked(drafted: Drafted, kind: str) -> list[str]:
    return [draft.question for draft in drafted.drafts if draft.kind == kind]


# --- sentences --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sentence", "question", "gold"),
    [
        ("The old mill was sold in 1931.", "When was the old mill sold?", "1931"),
        ("The old mill closed in 1931.", "When did the old mill close?", "1931"),
        ("In 1931 the old mill closed.", "When did the old mill close?", "1931"),
        ("The bill fell because the sun shone.", "Why did the bill fall?", ""),
        ("The mill employs 40 people.", "", ""),  # "employs" may be a noun behind a common one
        ("The mill employed 40 people.", "How many people did the mill employ?", "40"),
        ("The mill has 12 new looms.", "How many new looms does the mill have?", "12"),
        ("The tower is 61 metres high.", "How high is the tower?", "61 metres"),
        ("The lane is closed for 14 weeks.", "For how many weeks is the lane closed?", "14"),
        ("Nine farms were sold.", "How many farms were sold?", "nine"),
        ("The fee is £12 for guests.", "How much is the fee for guests?", "£12"),
        ("Even Ada Lorne closed it in 1931.", "", ""),
        ("It closed in 1931.", "", ""),  # whatever "it" is
        ("The mill, which closed in 1931, stands.", "", ""),
        ("The mill was not sold in 1931.", "", ""),
        ("The dam held and the mill closed in 1931.", "", ""),
    ],
)
def test_a_plain_sentence_gives_the_question_that_it_answers(
    sentence: str, question: str, gold: str
) -> None:
    text = f"They saw the old mill, the mill, nine farms and even the bill there. {sentence}"
    found = [(each.text, each.gold) for each in questions_of(sentence, WordForms.of(text))]
    assert found[:1] == ([(question, gold)] if question else [])


def test_a_plain_sentence_gives_a_question_of_yes_or_no() -> None:
    text = "They saw the old mill. The old mill closed in 1931."
    assert (
        yes_or_no("The old mill closed in 1931.", WordForms.of(text))
        == "Did the old mill close in 1931?"
    )
    assert yes_or_no("The old mill closed, and the dam broke.", WordForms.of(text)) == ""


@pytest.mark.parametrize(
    ("form", "base"),
    [
        ("hoped", "hope"),
        ("stopped", "stop"),
        ("carried", "carry"),
        ("used", "use"),
        ("sank", "sink"),
        ("breed", ""),
        ("red", ""),
        ("mill", ""),
    ],
)
def test_a_past_form_has_its_base(form: str, base: str) -> None:
    assert past_base(form) == base


def test_a_present_form_has_its_base() -> None:
    assert [present_base(form) for form in ("carries", "passes", "runs", "glass")] == [
        "carry", "pass", "run", "",
    ]  # fmt: skip


# --- drafts -----------------------------------------------------------------------------------


def test_drafts_of_many_kinds_load_as_cases_and_a_share_is_unanswerable(
    drafted: Drafted, assistant: Assistant, tmp_path: Path
) -> None:
    out = tmp_path / "cases.jsonl"
    run.write_drafts(drafted.drafts, out, assistant)
    cases = load_cases(out, lambda id: assistant.library.document(id).text)
    assert len(cases) == len(drafted.drafts) >= 20
    kinds = {kind_of(case.tags) for case in cases}
    assert kinds >= {"fact", "yes_no", "list", "statement", "summary", "keyword", "unanswerable"}
    for case in cases:
        assert bool(case.required) == case.answerable == (kind_of(case.tags) != "unanswerable")
        for point in case.required:
            assert any(each.span in case.evidence for each in point.quotes)


def test_the_words_of_each_kind_come_from_the_article(drafted: Drafted) -> None:
    facts = asked(drafted, "fact")
    assert "How long will the Tessel tunnel be?" in facts
    assert "When was Brannick Kiln closed?" in facts
    assert "What are the varieties in “Pears of Oster”?" in asked(drafted, "list")
    assert any("Hanna Weil say" in question for question in asked(drafted, "statement"))
    (listed,) = (draft for draft in drafted.drafts if draft.kind == "list")
    assert len(listed.points) == 3


def test_the_same_seed_gives_the_same_drafts_and_another_seed_others(
    drafted: Drafted, assistant: Assistant
) -> None:
    assert draft_from(assistant, 30).drafts == drafted.drafts
    assert draft_from(assistant, 8, seed=1).drafts != draft_from(assistant, 8, seed=2).drafts


def test_no_more_than_wanted_and_no_near_miss_where_none_is(assistant: Assistant) -> None:
    few = draft_from(assistant, 5, unanswerable=0)
    assert len(few.drafts) == 5
    assert not asked(few, "unanswerable")


def test_near_misses_put_in_what_no_passage_answers(drafted: Drafted, assistant: Assistant) -> None:
    misses = [draft for draft in drafted.drafts if draft.kind == "unanswerable"]
    assert misses
    for miss in misses:
        assert miss.put_in in miss.question
        home = assistant.library.document(miss.document_id).text
        assert miss.put_in not in home  # what was replaced stands there, not this


# --- checks -----------------------------------------------------------------------------------


def draft(
    assistant: Assistant, id: str, quote: str, question: str, *gold: str, **more: Any
) -> Draft:
    id = next(each for each in assistant.library.digests() if each.endswith(id))
    start = assistant.library.document(id).text.index(quote)
    span = Span(id, start, start + len(quote))
    return Draft("fact", question, id, ((span,),), gold, **more)


CLOSED = "Brannick Kiln was closed in 1968."


def test_a_quote_that_stands_twice_is_no_evidence(tmp_path: Path) -> None:
    twice = "Bram Mill was sold. The river rose. Bram Mill was sold."
    with opened(tmp_path, {"mill.txt": twice}) as assistant:
        made = draft(assistant, "mill.txt", "Bram Mill was sold.", "When was Bram Mill sold?")
        assert Checker(assistant).check(made) == UNIQUE


def test_what_the_search_does_not_find_is_dropped(tmp_path: Path) -> None:
    filler = {
        f"{number}.txt": f"Grain barges number {number} sailed past Bram Mill at noon with grain."
        for number in range(30)
    }
    with opened(tmp_path, ARTICLES | filler) as assistant:
        made = draft(assistant, "kiln.md", "Dogs must stay outside.", "Which grain barges sailed?")
        assert Checker(assistant).check(made) == NOT_FOUND


def test_articles_that_answer_otherwise_make_a_question_unfit_and_copies_are_other_places(
    tmp_path: Path,
) -> None:
    articles = {
        "one.txt": "Bram Mill was sold in 1931. It stands on the river.",
        "two.txt": "The river rose. Bram Mill was sold in 1931.",
        "three.txt": "The town was glad. Bram Mill was sold in 1935.",
    }
    made_of = ("one.txt", "Bram Mill was sold in 1931.", "When was Bram Mill sold?", "1931")
    with opened(tmp_path / "all", articles) as assistant:
        assert Checker(assistant).check(draft(assistant, *made_of)) == OTHER_ANSWER
    del articles["three.txt"]
    with opened(tmp_path / "alike", articles) as assistant:
        found = Checker(assistant).check(draft(assistant, *made_of))
        assert isinstance(found, Draft)
        assert [span.document_id for span in found.points[0]] == ["one.txt", "two.txt"]


def test_a_second_draft_that_asks_the_same_is_dropped(assistant: Assistant) -> None:
    checker = Checker(assistant)
    first = draft(assistant, "kiln.md", CLOSED, "When was Brannick Kiln closed?", "1968")
    assert checker.check(first) == first
    again = draft(assistant, "kiln.md", CLOSED, "Brannick Kiln was closed when?", "1968")
    assert checker.check(again) == TWICE


def test_a_near_miss_that_is_answered_after_all_is_dropped(assistant: Assistant) -> None:
    id = next(each for each in assistant.library.digests() if each.endswith("kiln.md"))
    checker = Checker(assistant)
    for asked, put_in, expected in [
        ("When was Brannick Kiln lowered?", "Brannick Kiln", False),
        ("Was Brannick Kiln closed in 1968?", "1968", False),
        ("Was Brannick Kiln closed in 1951?", "1951", True),
    ]:
        miss = Draft("unanswerable", asked, id, put_in=put_in)
        assert (checker.check(miss) != ANSWERED) is expected


# --- a model ----------------------------------------------------------------------------------


class Model:
    """Replies with what `says` makes of the prompt."""

    name, budget_tokens = "scripted", 3000

    def __init__(self, says: Callable[[str], str]) -> None:
        self.says = says
        self.prompts: list[str] = []

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int, cancellation: object = None
    ) -> Generator[Delta, None, None]:
        self.prompts.append(messages[-1].content)
        yield Delta(self.says(messages[-1].content))


def test_a_model_words_the_question_and_is_shown_the_sentence_in_its_context(
    assistant: Assistant,
) -> None:
    def says(prompt: str) -> str:
        if CLOSED in prompt:
            return '"In which year did Brannick Kiln stop working and get closed?"\n'
        return "no idea"

    model = Model(says)
    found = draft_from(assistant, 20, wording=Wording(model))
    (worded,) = (each for each in found.drafts if each.by == "a model")
    assert worded.question == "In which year did Brannick Kiln stop working and get closed?"
    assert [assistant.library.text(span) for span in worded.evidence] == [CLOSED]
    assert any("Heading: History" in prompt and CLOSED in prompt for prompt in model.prompts)


@pytest.mark.parametrize(
    "nonsense",
    [
        "I am only a model.",
        "What?",
        "When was Brannick Kiln closed in 1968, and what was Brannick Kiln in 1968?",  # the answer
        "What did it do when they closed it in those days?",
        "x" * 5000 + "?",
    ],
)
def test_nonsense_of_a_model_leaves_the_template_and_is_counted(
    nonsense: str, assistant: Assistant
) -> None:
    found = draft_from(assistant, 12, wording=Wording(Model(lambda prompt: nonsense)))
    assert {each.by for each in found.drafts} == {"template"}
    assert all(each.question for each in found.drafts)
    assert found.dropped["the model's words could not be used"] > 0


def test_a_model_that_stops_is_asked_no_more_and_templates_take_its_place(
    assistant: Assistant,
) -> None:
    def stops(prompt: str) -> str:
        raise ModelUnreachable("The server is gone.", "Start it.")

    model = Model(stops)
    found = draft_from(assistant, 12, wording=Wording(model))
    assert len(found.drafts) == 12
    assert len(model.prompts) == 1
    assert "The server is gone." in found.stopped


def test_one_reply_that_is_refused_does_not_end_the_wording(assistant: Assistant) -> None:
    def refuses(prompt: str) -> str:
        if len(model.prompts) < MAX_FAILED:
            raise ModelRefused("The server's content filter cut the reply.", "Ask otherwise.")
        return "In which year did Brannick Kiln stop?" if CLOSED in prompt else "?"

    model = Model(refuses)
    found = draft_from(assistant, 12, wording=Wording(model))
    assert not found.stopped
    assert len(model.prompts) > MAX_FAILED


# --- a model on a server ----------------------------------------------------------------------


def served(folder: Path, server: ScriptedServer, **more: Any) -> Settings:
    """The settings of an index of the articles, with this server."""
    if not (folder / "data").exists():
        opened(folder, ARTICLES).close()
    return load_settings(data_dir=folder / "data", llm_base_url=server.base_url, **more)


def worded(request: Request) -> str:
    """A question of the words of the sentence in the prompt, that passes the checks if any does."""
    prompt = request["messages"][-1]["content"]
    sentence = prompt.partition("Sentence: ")[2].partition("\n")[0]
    words = [word for word in sentence.split() if word.isalpha()]
    return f"What is told of {' '.join(words)}?"


def drafts_in(out: Path) -> list[str]:
    return [json.loads(line)["question"] for line in out.read_text("utf-8").splitlines()]


def files_of(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir()} - {"articles", "data"}


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_what_was_drafted_before_an_interruption_is_written_and_the_command_goes_on(
    ending: signal.Signals, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(request: Request) -> Scripted:
        if len(first.requests) == 4:
            os.kill(os.getpid(), ending)
        return worded(request)

    out = tmp_path / "cases.jsonl"
    with ScriptedServer([interrupted]) as first:
        assert draft_cases(served(tmp_path, first), 12, out) == 130
    said = capsys.readouterr().err
    before = drafts_in(out)
    assert 0 < len(before) < 12
    assert f"{len(before)} drafts in" in said
    assert f"broke off at {len(before)} of 12" in said
    out.unlink()
    with ScriptedServer([worded]) as second:
        assert draft_cases(served(tmp_path, second), 12, out) == 0
    with ScriptedServer([worded]) as undisturbed:
        draft_cases(served(tmp_path, undisturbed), 12, tmp_path / "whole.jsonl")
    assert out.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
    assert len(second.requests) < len(undisturbed.requests)
    assert files_of(tmp_path) == {"cases.jsonl", "whole.jsonl"}


def test_an_interruption_before_the_first_draft_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object, **__: object) -> Drafted:
        raise KeyboardInterrupt

    settings = settings_of(tmp_path, ARTICLES)
    monkeypatch.setattr(run, "draft_from", interrupted)
    assert draft_cases(settings, 10, tmp_path / "cases.jsonl") == 130
    assert "Stopped: nothing was drafted" in capsys.readouterr().err
    assert files_of(tmp_path) == set()


def test_an_error_loses_no_drafts_and_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*_: object) -> Iterator[Draft]:
        raise MemoryError

    monkeypatch.setattr(run, "near_misses", fails)
    out = tmp_path / "cases.jsonl"
    with pytest.raises(MemoryError):
        draft_cases(settings_of(tmp_path, ARTICLES), 10, out)
    assert len(drafts_in(out)) == 8
    assert "It broke off at 8 of 10" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (Status(500, "out of memory"), "out of memory"),
        (Reply.of("What is told of this?", breaks_after=1), "broke off"),
        ("I am only a model.", f"{MAX_UNUSABLE} of its questions in a row"),
    ],
    ids=["error", "breaks off", "nonsense"],
)
def test_a_server_that_stops_midway_leaves_the_rest_to_templates(
    broken: Scripted, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    years = " ".join(f"Bram Mill {number} was sold in {1800 + number}." for number in range(30))
    out = tmp_path / "cases.jsonl"
    with ScriptedServer([worded, worded, broken]) as server:
        opened(tmp_path, ARTICLES | {"mills.txt": years}).close()
        assert draft_cases(served(tmp_path, server), 60, out) == 0
    said = capsys.readouterr().err
    assert "The model stopped (" in said
    assert why in said
    assert len(server.requests) <= 2 + MAX_UNUSABLE
    assert len(drafts_in(out)) > 10
    assert files_of(tmp_path) == {"cases.jsonl"}


def test_a_server_that_is_not_there_is_an_error_or_leaves_all_to_templates(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ScriptedServer() as server:
        settings = served(tmp_path, server)
    out = tmp_path / "cases.jsonl"
    with pytest.raises(ModelUnreachable, match="No server answers"):
        draft_cases(settings, 6, out, words="model")
    assert files_of(tmp_path) == set()
    assert draft_cases(settings, 6, out) == 0
    assert len(drafts_in(out)) == 6
    assert "No server answers" in capsys.readouterr().err


def test_words_of_a_model_need_a_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="No language model"):
        draft_cases(settings_of(tmp_path, ARTICLES), 6, tmp_path / "cases.jsonl", words="model")


def test_a_file_that_cannot_be_written_is_told_before_the_model_is_asked(tmp_path: Path) -> None:
    with ScriptedServer() as server:
        settings = served(tmp_path, server)
        with pytest.raises(DraftError, match="no such folder"):
            draft_cases(settings, 6, tmp_path / "none" / "cases.jsonl")
    assert server.requests == []


# --- bad input --------------------------------------------------------------------------------


def settings_of(folder: Path, articles: dict[str, str]) -> Settings:
    opened(folder, articles).close()
    return load_settings(model="none", data_dir=folder / "data")


def test_an_empty_index_is_told(settings: Settings, tmp_path: Path) -> None:
    empty = settings.model_copy(update={"model": "none"})
    with pytest.raises(EmptyLibrary, match="footnote index"):
        draft_cases(empty, 5, tmp_path / "cases.jsonl")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Alpha\n\nBeta\n\nGamma\n", "form of an answer"),
        (
            "El molino de Bram fue vendido en 1931. La casa es de piedra y el río es ancho. Hay"
            " tres puentes en el pueblo, que son de madera.",
            "1 articles in another language",
        ),
    ],
)
def test_articles_that_give_nothing_are_told_and_leave_no_file(
    text: str, why: str, tmp_path: Path
) -> None:
    out = tmp_path / "cases.jsonl"
    with pytest.raises(DraftError, match=f"Nothing could be drafted .*{why}"):
        draft_cases(settings_of(tmp_path, {"a.txt": text}), 5, out)
    assert not out.exists()


def test_articles_that_are_all_alike_give_each_question_once(tmp_path: Path) -> None:
    copies = {f"copy{number}.txt": ARTICLES["tunnel.txt"] for number in range(3)}
    with opened(tmp_path, copies) as assistant:
        found = draft_from(assistant, 40)
    questions = [each.question for each in found.drafts]
    assert len(set(questions)) == len(questions) > 0
    assert found.dropped[TWICE] > 0


def test_a_file_that_is_there_is_never_overwritten(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, ARTICLES)
    out = tmp_path / "cases.jsonl"
    assert draft_cases(settings, 6, out) == 0
    before = out.read_bytes()
    assert len(before.splitlines()) == 6
    with pytest.raises(DraftError, match="is there already"):
        draft_cases(settings, 6, out)
    assert out.read_bytes() == before


def test_what_was_made_and_dropped_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    articles = ARTICLES | {"es.txt": "El molino fue vendido en 1931. Hay tres puentes en el río."}
    settings = settings_of(tmp_path, articles)
    draft_cases(settings, 200, tmp_path / "cases.jsonl")
    said = capsys.readouterr().err
    assert "200 were asked for; these articles give no more." in said
    assert "1 articles in another language than English" in said
    rows = [json.loads(line) for line in (tmp_path / "cases.jsonl").open(encoding="utf-8")]
    assert f"{len(rows)} drafts in" in said
