"""The bench of the page: what it tells would be wrong if the page were."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rag.answering import prompting
from rag.ingest.readers import read_page
from rag.models import chat
from rag.query.rewriting import rewrite
from rag.settings import load_settings
from rag.types import ChatModel, Message, Passage, Span, Turn
from ui.bench import __main__ as bench
from ui.bench.api_load import ProgramClient, client_lines
from ui.bench.load import LoadResult, SimulatedUser, marker, notes_of, question, write
from ui.bench.page_load import PageLoad, layout_shift, load_lines
from ui.bench.page_probe import ObservedQuestion, ahead
from ui.bench.servers import Server, ask_while_servers_die
from ui.bench.soak import SoakResult, Uploader
from ui.bench.stand_in_model import NAME, StandInModel
from ui.bench.tasks import PDF_TEXT, Person, one_page_pdf

ROOT = Path(__file__).parents[1]


# --- the model that stands in -----------------------------------------------------------------


def hosted(model: StandInModel) -> ChatModel:
    return chat.hosted_chat(load_settings(llm_base_url=model.url))


def passages(*texts: str) -> list[Passage]:
    return [
        Passage(n, Span("a", 0, len(text)), text, "A title…", "a.txt", 1.0)
        for n, text in enumerate(texts, 1)
    ]


def said(model: ChatModel, messages: Sequence[Message]) -> str:
    return "".join(delta.text for delta in model.stream(messages, max_tokens=256))


def test_it_quotes_the_sentence_that_a_question_is_about() -> None:
    shown = passages(
        "A headline without an end\nThe harbour freezes in May. The ferry sails in June.",
        "The harbour has nine lamps.",
    )
    with StandInModel(0) as model:
        messages = prompting.large_model_messages("When does the ferry sail?", shown)
        assert said(hosted(model), messages) == "The ferry sails in June. [1]"
        assert hosted(model).name == NAME


def test_it_says_so_where_nothing_is_stated() -> None:
    with StandInModel(0) as model:
        messages = prompting.large_model_messages(
            "What does note 7 say?", passages("Note 70 hums.")
        )
        assert said(hosted(model), messages) == prompting.NOT_STATED


def test_it_answers_about_a_note_from_no_other() -> None:
    shown = passages("Note 1 says that it rains.", "Note 11 says that it snows.")
    with StandInModel(0) as model:
        messages = prompting.large_model_messages("What does note 11 say?", shown)
        assert said(hosted(model), messages) == "Note 11 says that it snows. [2]"


def test_it_leaves_a_follow_up_as_it_is() -> None:
    history = [Turn("What does note 1 say?", "Note 1 says that it rains. [1]")]
    with StandInModel(0) as model:
        alone, _ = rewrite("What does note 11 say?", history, hosted(model))
    assert alone == "What does note 11 say?"


def test_it_counts_how_many_ask_it_at_once() -> None:
    both = threading.Barrier(2, timeout=10)

    def ask(model: StandInModel) -> None:
        words = model.words([{"role": "user", "content": "Last question: one two three"}])
        next(words)
        both.wait()
        list(words)

    with StandInModel(0) as model:
        list(model.words([{"role": "user", "content": "Last question: one"}]))
        assert (model.requests, model.most_at_once) == (1, 1)
        threads = [threading.Thread(target=ask, args=(model,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (model.requests, model.most_at_once) == (3, 2)


# --- what a window showed ---------------------------------------------------------------------

ORDERLY = (
    (0.1, "2 questions ahead of yours", 0, 0, True),
    (0.2, "Yours is next", 5, 0, True),
    (1.0, "Reading 5 passages", 5, 0, True),
    (1.5, "Writing, and checking each sentence", 5, 10, True),
    (2.0, "Writing, and checking each sentence", 5, 40, True),
    (2.5, "✓ The answer is supported by its source.", 5, 40, False),
)


def asked(
    *frames: tuple[float, str, int, int, bool], text: str = "", failed: str = ""
) -> ObservedQuestion:
    names = ("at", "stage", "passages", "letters", "busy")
    told: dict[str, Any] = {
        "frames": [dict(zip(names, frame, strict=True)) | {"id": "new"} for frame in frames],
        "changes": len(frames),
        "tasks": [0.06, 0.09],
        "shifts": [[1.0, 0.01], [1.2, 0.02]],
        "lag": 0.03,
        "text": text,
        "failed": failed,
    }
    told["frames"].insert(0, dict(told["frames"][0]) | {"id": "old", "at": 0.01, "letters": 9})
    return ObservedQuestion.of(told)


def test_the_times_are_those_of_the_new_exchange() -> None:
    shown = asked(*ORDERLY)
    assert (shown.evidence_s, shown.word_s, shown.over_s) == (0.2, 1.5, 2.5)
    assert shown.updates_per_s == 2.0
    assert shown.longest_block_s == 0.09
    assert shown.waited
    assert shown.disorder() == []


def test_what_never_came_never_ends() -> None:
    assert asked(ORDERLY[0]).evidence_s == float("inf")


def test_the_first_useful_text_is_a_passage_or_a_word() -> None:
    assert asked(*ORDERLY).useful_s == 0.2
    assert asked((0.4, "Writing", 0, 9, True), *ORDERLY[4:]).useful_s == 0.4


@pytest.mark.parametrize(
    ("frames", "wrong"),
    [
        ((ORDERLY[1], ORDERLY[0], *ORDERLY[2:]), "its place in line went back"),
        ((ORDERLY[0], (0.2, "Writing", 0, 9, True), *ORDERLY[2:]), "another order"),
        ((*ORDERLY, (3.0, "Reading", 5, 40, True)), "after its end"),
        ((*ORDERLY[:5], (2.2, "Yours is next", 5, 40, True), ORDERLY[5]), "when it had begun"),
    ],
)
def test_disorder_is_noticed(frames: Any, wrong: str) -> None:
    assert wrong in " ".join(asked(*frames).disorder())


def test_places_in_line_are_read_from_the_words_on_screen() -> None:
    assert [ahead(frame[1]) for frame in ORDERLY[:3]] == [2, 0, 0]


# --- how the page opens ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shifts", "expected"),
    [
        ([], 0.0),
        ([(0.1, 0.02), (0.5, 0.03)], 0.05),
        ([(0.1, 0.02), (1.2, 0.03)], 0.03),  # a second lies between them
        ([(at * 0.9, 0.01) for at in range(9)], 0.06),  # five seconds are a window's most
    ],
)
def test_shifts_count_by_the_largest_window(shifts: Any, expected: float) -> None:
    assert layout_shift(shifts) == pytest.approx(expected)


def test_a_load_counts_what_blocks_beyond_its_share() -> None:
    told = {"first": 0.2, "largest": 0.5, "usable": 0.9, "bytes": 4321, "requests": 7}
    found = PageLoad.of(told | {"shifts": [[0.3, 0.01]], "tasks": [0.06, 0.15]})
    assert (found.longest_task_s, found.shift) == (0.15, 0.01)
    assert found.blocking_s == pytest.approx(0.11)
    lines = dict(load_lines([found]))
    assert lines["transfer"] == "4 kB in 7 requests"
    assert lines["usable"].startswith("0.90 s median")


# --- tasks ------------------------------------------------------------------------------------


class Keyboard:
    async def type(self, _: str) -> None: ...
    async def press(self, _: str) -> None: ...


class Element:
    @property
    def first(self) -> Element:
        return self

    async def click(self, **_: Any) -> None: ...


def test_clicks_keys_and_the_way_of_the_hand_are_counted() -> None:
    page = SimpleNamespace(keyboard=Keyboard(), locator=lambda _: Element())
    person = Person(SimpleNamespace(page=page))  # type: ignore[arg-type]

    async def work() -> None:
        await person.click("a")
        await person.write("how?")
        await person.click("b")

    asyncio.run(work())
    assert (person.clicks, person.keys, person.moves) == (2, 5, 2)
    assert person.effort_s == pytest.approx(2 * 1.3 + 5 * 0.28 + 2 * 0.4)


def test_the_pdf_of_the_tasks_can_be_read() -> None:
    read = read_page("https://example.org/cedar.pdf", ".pdf", one_page_pdf(PDF_TEXT))
    assert read.text.strip() == PDF_TEXT


# --- many at once -----------------------------------------------------------------------------


class Screen:
    """The texts of a window."""

    faults: tuple[str, ...] = ()

    def __init__(self, answers: list[str], questions: list[str]) -> None:
        self._texts = {"answer": answers, "question": questions, "title": questions[:1]}

    async def texts(self, selector: str) -> list[str]:
        return next(texts for name, texts in self._texts.items() if selector.endswith(name))


def person(*answers: str, screen: Screen | None = None) -> SimulatedUser:
    """Somebody whose notes are 11 and 12, after asking about note 11."""
    who = SimulatedUser([11, 12])
    for answer in answers:
        who.note(11, asked(*ORDERLY, text=answer))
    asyncio.run(who.look_back(screen or Screen(list(answers), [question(11)])))  # type: ignore[arg-type]
    return who


def test_an_answer_with_its_own_seal_is_right() -> None:
    who = person(f"Note 11 says {marker(11)}.")
    assert (who.strange, who.missing, who.errors, who.disorder) == ([], [], [], [])
    assert (who.waits, who.in_line) == ([2.5], 1)


@pytest.mark.parametrize("other", [12, 13])
def test_the_answer_to_another_question_is_noticed(other: int) -> None:
    """Of the same person, or of another."""
    who = person(f"Note {other} says {marker(other)}.")
    assert who.strange
    assert who.missing


def test_what_others_asked_is_noticed_in_the_conversation() -> None:
    own = f"Note 11 says {marker(11)}."
    assert person(own, screen=Screen([own], [question(11), question(13)])).strange
    assert person(own, screen=Screen([f"Note 13 says {marker(13)}."], [question(11)])).strange


def test_an_answer_that_is_lost_is_noticed() -> None:
    own = f"Note 11 says {marker(11)}."
    assert person(own, own, screen=Screen([own], [question(11)])).missing


def test_a_failure_is_an_error_and_no_answer() -> None:
    who = SimulatedUser([11])
    who.note(11, asked(*ORDERLY, failed="No server answers."))
    assert who.errors == ["note 11: No server answers."]
    assert not who.waits


def test_the_lines_say_how_fair_it_was() -> None:
    own = f"Note 11 says {marker(11)}."
    lines = dict(LoadResult([person(own), person(own, own)], 10, 3, 1).lines())
    assert lines["answers"] == "3 in 10 s, for 2 people"
    assert lines["answers a person"].startswith("1 to 2 (share 0.50")
    assert lines["errors"] == "0, n=3 (limit 0)"


def test_a_program_that_gets_the_answer_of_another_is_noticed() -> None:
    program = ProgramClient([11])
    program.note(11, f"Note 11 says {marker(11)}. [1]", 0.5)
    program.note(11, f"Note 12 says {marker(12)}. [1]", 0.5)
    program.note(11, "not stated", 0.5)
    lines = dict(client_lines([program]))
    assert lines["answers to programs"] == "3, for 1 programs"
    assert lines["answers of another program"].startswith("1, n=3")
    assert lines["answers without their own seal"].startswith("2, n=3")


def test_a_soak_tells_how_memory_grows_once_it_is_warm() -> None:
    """A gigabyte while caches fill, then one MiB in ten seconds."""
    warm = [(second, (1000 + second // 10) * 2**20) for second in range(100, 401, 10)]
    result = SoakResult([], [], Uploader(), [(0, 0), (50, 500 * 2**20), *warm])
    assert dict(result.lines())["memory of the server"].startswith("+360.0 MiB an hour")


def test_seals_differ() -> None:
    assert len({marker(note) for note in range(10_000)}) == 10_000


# --- the command ------------------------------------------------------------------------------


PROGRAMS = {"api", "servers"}  # who asks in these needs no browser


@pytest.mark.parametrize("section", sorted(bench.SECTIONS.keys() - PROGRAMS))
def test_without_a_browser_one_is_told_what_to_install(
    section: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["bench", section])
    assert bench.main() != 0
    assert "apt-get install chromium" in capsys.readouterr().err


def test_no_answer_is_lost_where_a_server_is_killed(tmp_path: Path) -> None:
    if not shutil.which("haproxy", path=f"{os.environ.get('PATH', '')}:/usr/sbin"):
        if os.environ.get("HAPROXY_REQUIRED"):
            pytest.fail("HAProxy is missing.")
        pytest.skip("There is no HAProxy here.")
    clients = [ProgramClient(notes_of(number)) for number in range(4)]
    with StandInModel(0.002) as model:
        articles = tmp_path / "notes"
        write(articles, [note for each in clients for note in each.notes])
        pair = [Server(tmp_path / "data", articles, model.url) for _ in range(2)]
        kills = ask_while_servers_die(clients, pair, seconds=4, kill_every_s=2)
    assert kills >= 1
    for each in clients:
        assert each.waits
        assert (each.errors, each.strange, each.missing) == ([], [], [])


def test_two_people_ask_at_once_and_nothing_goes_astray() -> None:
    if not shutil.which("chromium") and not os.environ.get("BROWSER_REQUIRED"):
        pytest.skip("There is no Chromium here: `apt-get install chromium`.")
    command = [
        sys.executable,
        "-m",
        "ui.bench.__main__",
        "load",
        "--people",
        "2",
        "--seconds",
        "1",
    ]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert re.search(r"^answers +[2-9]\d* in 1 s, for 2 people$", ran.stdout, re.M), ran.stdout
    faults = re.findall(r"(\d+), n=\d+ \(limit 0\)", ran.stdout)
    assert faults == ["0"] * 4, ran.stdout
    assert re.search(r"^requests to the model at a time +1 ", ran.stdout, re.M), ran.stdout
