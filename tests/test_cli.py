"""The command line: what goes where, how it ends, and that nothing untrusted acts on a terminal."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from typer.testing import CliRunner, Result

import ui.cli
import ui.cli.options
from rag import errors
from rag.errors import FootnoteError
from rag.events import Checked, Event, Finished, Token
from rag.settings import Settings
from rag.settings import load_settings as load_settings
from rag.store.documents import DocumentSummary, Library
from rag.types import Answer, Chunk, Citation, Claim, Document, Span
from tests.assistants import QuotingAssistant
from tests.fakes import ScriptedServer
from ui import settings_summary
from ui.labels import format_chance
from ui.safe_text import json_safe, one_line, strip_controls
from ui.shell.chat import collect_answer, print_answer
from ui.shell.screen import Screen
from ui.shell.terminal_rows import decline_rows, document_rows, document_text, excerpt_around

ROOT = Path(__file__).parents[1]
FENTANYL = "what tariff rate applies to fentanyl?"
ID = "000_63f6faf5f870be30.txt"
SENTENCE = (
    "That was later hiked to 125% for reciprocal duties and a 20% rate just for the fentanyl "
)
HOSTILE = "\x1b[31mred\x1b]0;owned\x07 \x9b2J\x1bc\u202egnp.exe\u2066 [bold]plain[/bold] \x07end"
UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")

Invoke = Callable[..., Result]


class Seam:
    """Stands where the command line gets its assistant from; keeps the one it made last."""

    def __init__(self) -> None:
        self.fault: BaseException | None = None
        self.settings: Settings | None = None
        self.assistant: QuotingAssistant | None = None

    def __call__(self, settings: Settings, on_progress: object) -> QuotingAssistant:
        self.settings = settings
        self.assistant = QuotingAssistant(settings, self.fault)
        return self.assistant


@pytest.fixture(autouse=True)
def _buffered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Children buffer their output, as they do for a person: only then can it be lost."""
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)


@pytest.fixture
def seam(monkeypatch: pytest.MonkeyPatch) -> Seam:
    seam = Seam()
    monkeypatch.setattr(ui.cli.options, "build_assistant", seam)
    return seam


@pytest.fixture
def footnote(seam: Seam) -> Invoke:
    def invoke(*arguments: str, input: str | None = None) -> Result:
        return CliRunner().invoke(ui.cli.app, arguments, input=input)

    return invoke


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """The library that the commands use, marked as indexed, so that the seeds stay out."""
    with Library.open(tmp_path / "data" / "library.sqlite3") as opened:
        opened.embedder = "none"
        yield opened


def put(library: Library, id: str, text: str, title: str = "A title") -> Document:
    document = Document.of(id, title, f"/texts/{id}", text, "2025-05-02")
    library.put(document, [Chunk.of(document, 0, len(document.text))])
    return document


def process(*arguments: str, **more: Any) -> subprocess.Popen[str]:
    """`footnote ARGUMENTS` over the quoting assistant, in a process of its own."""
    command = [sys.executable, "-m", "tests.assistants", *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, cwd=ROOT, text=True, **{**pipes, **more})


def on_terminal(*arguments: str, columns: int, **environment: str) -> str:
    """What `footnote ARGUMENTS` writes to a terminal of so many columns."""
    ours, theirs = pty.openpty()
    more = {"TERM": "xterm-256color", "COLUMNS": str(columns), "LINES": "50", **environment}
    child = process(*arguments, stdin=theirs, stdout=theirs, stderr=theirs, env=os.environ | more)
    os.close(theirs)
    written = b""
    with suppress(OSError):  # Linux says EIO when the other side is closed
        while piece := os.read(ours, 65_536):
            written += piece
    os.close(ours)
    assert child.wait(30) == 0, written
    return written.decode().replace("\r\n", "\n")


# --- starting --------------------------------------------------------------------------------


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_starting_loads_nothing_heavy(option: str) -> None:
    code = f"from ui.cli import app; app([{option!r}])"
    command = [sys.executable, "-X", "importtime", "-c", code]
    loaded = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stderr
    modules = {entry.rpartition("|")[2].strip().split(".")[0] for entry in loaded.splitlines()}
    assert "typer" in modules
    heavy = {"chromadb", "llama_index", "openai", "gradio", "onnxruntime", "numpy", "pydantic"}
    assert not modules & (heavy | {"rich"})


def test_help_names_every_command(footnote: Invoke) -> None:
    help = footnote("--help").stdout
    for (
        command
    ) in "ask chat index jobs sources show verify remove doctor migrate config eval ui".split():
        assert re.search(rf"^  {command} ", help, re.MULTILINE), command
    assert "..." not in help.partition("Commands:")[2]


def test_version(footnote: Invoke) -> None:
    assert re.fullmatch(r"footnote \d+\.\d+.*\n", footnote("--version").stdout)


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
@pytest.mark.parametrize(
    ("typed", "offered"), [("footnote so", ["sources"]), ("footnote eval ga", ["gate"])]
)
def test_bash_completes_commands(tmp_path: Path, typed: str, offered: list[str]) -> None:
    command = tmp_path / "footnote"
    code = "from ui.cli import app; app(prog_name='footnote')"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{code}" "$@"\n')
    command.chmod(0o755)
    words = typed.split()
    script = f"""
        source <(footnote --show-completion bash)
        COMP_WORDS=({typed}) COMP_CWORD={len(words) - 1}
        _footnote_completion footnote
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    path = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        ["bash", "--norc", "-c", script], capture_output=True, text=True, env=os.environ | path
    )
    assert ran.stdout.split() == offered, ran.stderr


# --- ask -------------------------------------------------------------------------------------


def test_ask_prints_answer_and_sources_and_keeps_the_rest_on_standard_error(
    footnote: Invoke,
) -> None:
    result = footnote("ask", FENTANYL)
    assert result.exit_code == 0
    assert result.stdout.startswith(f"{SENTENCE}demands. [1]\n")
    assert "\nSources\n" in result.stdout
    assert "\nSupport\n" in result.stdout
    for remark in ("Text stays on this machine", "quoter", "tokens read", "Left out"):
        assert remark in result.stderr
        assert remark not in result.stdout


def test_ask_says_how_well_each_sentence_is_supported(footnote: Invoke) -> None:
    answer, _, support = footnote("ask", FENTANYL).stdout.partition("\nSupport\n")
    assert "[2] (partly supported)\n" in answer
    assert re.search(r"✓ That was.*\n  supported\n", support)
    assert re.search(r"~ The U.S.*\n  partly supported: the number 7 is not in", support)


def test_a_removed_sentence_is_not_printed(footnote: Invoke, seam: Seam) -> None:
    result = footnote("ask", FENTANYL)
    assert "(not supported)" not in result.stdout
    assert "Left out: 1 sentence" in result.stderr
    assert result.stdout.count("“") >= 2


def test_printed_spans_are_exactly_the_printed_quotes(footnote: Invoke, tmp_path: Path) -> None:
    found = re.findall(r"    (\S+):(\d+)-(\d+)\n    “(.*)”\n", footnote("ask", FENTANYL).stdout)
    assert len(found) == 2
    with Library.open(tmp_path / "data" / "library.sqlite3") as library:
        for id, start, end, quote in found:
            assert library.text(Span(id, int(start), int(end))) == quote


def test_json_is_the_only_thing_on_standard_output(footnote: Invoke) -> None:
    result = footnote("ask", "--json", FENTANYL)
    answer = json.loads(result.stdout)
    assert answer["schema"] == "footnote.answer/2"
    assert answer["claims"][0]["text"].startswith(SENTENCE)
    assert "Text stays on this machine" in result.stderr


def test_declining_is_not_an_error(footnote: Invoke) -> None:
    result = footnote("ask", "unknown tariff")
    assert result.exit_code == 0
    answer, _, nearest = result.stdout.partition("\nNearest passages\n")
    assert answer == "No answer: no passage of the articles was found that states it.\n"
    assert "[1] " in nearest


def test_a_decline_says_how_likely_an_answer_was() -> None:
    answer = Answer("q", "", (), (), "declined", "not stated", "m", chance=0.123)
    (row,) = decline_rows(answer)
    assert row.body.plain == (
        "No answer: no passage of the articles was found that states it"
        " (chance that the articles answer the question: 12%)."
    )


@pytest.mark.parametrize(
    ("chance", "says"),
    [(0.0, "under 1%"), (0.004, "under 1%"), (0.01, "1%"), (0.99, "99%"), (0.996, "over 99%")],
)
def test_an_estimate_is_never_wholly_sure(chance: float, says: str) -> None:
    assert format_chance(chance) == says


def test_nothing_retrieved_is_told_in_words(footnote: Invoke) -> None:
    expected = "No answer: nothing in the articles matches the question.\n"
    assert footnote("ask", "xylophone").stdout == expected


def test_a_dash_reads_the_question_from_standard_input(footnote: Invoke) -> None:
    assert footnote("ask", "-", input=f"{FENTANYL}\n").stdout.startswith(SENTENCE)


def test_doc_restricts_the_search(footnote: Invoke) -> None:
    other = "004_dbb65014ece9d4c0.txt"
    cited = re.findall(r"    (\S+):\d+-\d+\n", footnote("ask", "--doc", other, FENTANYL).stdout)
    assert set(cited) == {other}


def test_an_unknown_doc_is_refused(footnote: Invoke) -> None:
    result = footnote("ask", "--doc", "none.txt", FENTANYL)
    assert result.exit_code == errors.NoSuchDocument.exit_code
    assert result.stdout == ""


def test_options_become_settings(footnote: Invoke, seam: Seam, tmp_path: Path) -> None:
    place = tmp_path / "elsewhere"
    options = "--k 7 --model local --budget 300 --max-tokens 99 --base-url http://127.0.0.1:9/v1"
    footnote("--data-dir", str(place), "ask", *options.split(), FENTANYL)
    used = seam.settings
    assert used
    assert (used.k, used.model, used.budget_tokens, used.max_tokens) == (7, "local", 300, 99)
    assert (used.llm_base_url, used.data_dir) == ("http://127.0.0.1:9/v1", place)


def test_the_real_assistant_answers_the_same_way(tmp_path: Path) -> None:
    with ScriptedServer(["A 20% rate applies to the fentanyl demands. [1]"]) as server:
        arguments = ["ask", "--base-url", server.base_url, FENTANYL]
        result = CliRunner().invoke(ui.cli.app, arguments)
    assert result.exit_code == 0, result.stderr
    assert "\nSources\n" in result.stdout
    assert "Text stays on this machine" in result.stderr
    id, start, end, quote = re.findall(r"    (\S+):(\d+)-(\d+)\n    “(.*)”\n", result.stdout)[0]
    marked = CliRunner().invoke(ui.cli.app, ["show", f"{id}:{start}-{end}"]).stdout
    assert f"[[{quote}]]" in marked


# --- how it ends -----------------------------------------------------------------------------


def every_error(root: type[FootnoteError] = FootnoteError) -> list[type[FootnoteError]]:
    return [root, *(each for child in root.__subclasses__() for each in every_error(child))]


@pytest.mark.parametrize("error", [e for e in every_error() if e.__module__ == "rag.errors"])
def test_an_error_is_one_line_and_its_exit_code(
    error: type[FootnoteError], footnote: Invoke, seam: Seam
) -> None:
    seam.fault = error("It\x1b[2J broke.", "Mend\nit.")
    result = footnote("ask", FENTANYL)
    assert result.exit_code == error.exit_code
    assert result.stderr.splitlines()[-1] == "footnote: It broke. Mend it."
    assert "Traceback" not in result.output
    assert result.stdout.startswith(SENTENCE)  # what was checked before stands


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["ask", " "], 3),
        (["ask", "long " * 500], 3),
        (["index", "/does/not/exist"], 4),
        (["remove", "none.txt"], 9),
        (["show", "none.txt:1-2"], 9),
        (["ask", "--k", "0", "why?"], 17),
        (["ask"], 2),
        (["index", "--rebuild", "."], 2),
    ],
)
def test_a_mistake_has_its_exit_code(arguments: list[str], code: int, footnote: Invoke) -> None:
    result = footnote(*arguments)
    assert result.exit_code == code
    assert result.stdout == ""
    assert "Traceback" not in result.stderr


def test_an_unexpected_error_asks_for_a_report(footnote: Invoke, seam: Seam) -> None:
    seam.fault = ZeroDivisionError("secret detail")
    result = footnote("ask", FENTANYL)
    assert result.exit_code == 70
    assert "Please report it" in result.stderr
    assert "Traceback" not in result.stderr
    assert "secret detail" not in result.stderr


def test_debug_shows_the_traceback(footnote: Invoke, seam: Seam) -> None:
    seam.fault = ZeroDivisionError("the detail")
    result = footnote("--debug", "ask", FENTANYL)
    assert result.exit_code == 70
    assert "ZeroDivisionError: the detail" in result.stderr


def test_an_interrupted_answer_ends_quietly() -> None:
    child = process("ask", "slow fentanyl tariff")
    assert child.stdout
    assert child.stdout.readline()  # it is under way
    child.send_signal(signal.SIGINT)
    _, said = child.communicate(timeout=30)
    assert child.returncode == 130
    assert "Traceback" not in said


def test_a_closed_pipe_ends_quietly() -> None:
    child = process("ask", "slow fentanyl tariff")
    assert child.stdout
    assert child.stderr
    assert child.stdout.readline()
    child.stdout.close()
    said = child.stderr.read()
    assert child.wait(30) == 141
    assert "Error" not in said
    assert "Traceback" not in said
    child.stderr.close()


def test_a_pipe_closed_before_the_first_line_ends_quietly() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    child = process("sources", stdout=writing)
    os.close(writing)
    _, said = child.communicate(timeout=30)
    assert (child.returncode, said) == (141, "")


UNFLUSHED = """
import typer
from ui.cli.error_handling import ErrorHandlingGroup
app = typer.Typer(cls=ErrorHandlingGroup)
@app.callback()
def main(debug: bool = False): ...
@app.command()
def say(): print("a line")
app(["say"])
"""


def test_a_closed_pipe_ends_quietly_when_nothing_was_flushed() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-c", UNFLUSHED]
    child = subprocess.run(command, cwd=ROOT, text=True, stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert (child.returncode, child.stderr) == (141, "")


def test_an_answer_that_nobody_reads_ends_the_stream(seam: Seam, settings: Settings) -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    assistant, screen = seam(settings, None), Screen()
    assistant.ensure_seeds()
    screen.out = Console(file=Closed())
    events = assistant.stream(FENTANYL)
    with pytest.raises(BrokenPipeError):
        collect_answer(events, screen)
    assert assistant.streams == 0
    assistant.close()


# --- chat ------------------------------------------------------------------------------------


def test_chat_hands_on_the_history_and_shows_the_rewritten_question(
    footnote: Invoke, seam: Seam
) -> None:
    result = footnote("chat", input=f"{FENTANYL}\n\nand the ministry?\n")
    assert result.exit_code == 0
    assert seam.assistant
    (first, none), (second, history) = seam.assistant.asked
    assert (first, none, second) == (FENTANYL, (), "and the ministry?")
    assert [turn.question for turn in history] == [FENTANYL]
    assert history[0].answer.startswith(SENTENCE)
    assert f"Asked as: {FENTANYL} and the ministry?" in result.stderr


def test_chat_ends_with_quit(footnote: Invoke, seam: Seam) -> None:
    assert footnote("chat", input=f"/quit\n{FENTANYL}\n").exit_code == 0
    assert seam.assistant
    assert seam.assistant.asked == []


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (KeyboardInterrupt(), "Stopped."),
        (errors.ModelTimeout("It was slow.", "Ask again."), "footnote: It was slow. Ask again."),
    ],
)
def test_chat_goes_on_after(fault: BaseException, said: str, footnote: Invoke, seam: Seam) -> None:
    seam.fault = fault
    result = footnote("chat", input=f"{FENTANYL}\ntariffs on China?\n")
    assert result.exit_code == 0
    assert said in result.stderr
    assert seam.assistant
    assert seam.assistant.asked[1] == ("tariffs on China?", ())  # the failed turn is no history
    assert result.stdout.count("\nSources\n") == 1
    assert seam.assistant.streams == 0


# --- index, sources, show, remove --------------------------------------------------------------


@pytest.fixture
def articles(tmp_path: Path) -> Path:
    folder = tmp_path / "articles"
    folder.mkdir()
    for name in ("a.txt", "b.txt"):
        (folder / name).write_text(f"This is the text of {name}. It has a second sentence.")
    return folder


def test_index_reports_each_change_and_counts_the_rest(footnote: Invoke, articles: Path) -> None:
    first = footnote("index", str(articles))
    assert first.exit_code == 0
    assert first.stdout.splitlines() == [
        "added    a.txt  2 chunks",
        "added    b.txt  2 chunks",
        "2 added. The index holds 2 documents, 4 chunks.",
    ]
    (articles / "a.txt").write_text("Now it says something else.")
    assert footnote("index", str(articles)).stdout.splitlines() == [
        "updated  a.txt  1 chunk",
        "1 updated, 1 unchanged. The index holds 2 documents, 3 chunks.",
    ]


def test_a_bad_file_does_not_stop_the_others(footnote: Invoke, articles: Path) -> None:
    (articles / "a.txt").write_bytes(b"\0\1\2")
    result = footnote("index", str(articles))
    assert result.exit_code == 4
    assert "added    b.txt" in result.stdout
    assert "1 added, 1 failed." in result.stdout
    assert re.search(r"^failed   .*a\.txt: a\.txt is not text", result.stderr, re.MULTILINE)


def test_index_without_a_path_updates_what_is_there(footnote: Invoke, articles: Path) -> None:
    records = articles / "c#1.jsonl"
    records.write_text('{"id": "x", "text": "A record."}\n{"id": "y", "text": "Another one."}\n')
    footnote("index", str(articles))
    (articles / "a.txt").unlink()
    (articles / "new.txt").write_text("This one was never named.")
    records.write_text('{"id": "x", "text": "A record."}\n{"id": "y", "text": "Changed."}\n')
    assert footnote("index").stdout.splitlines() == [
        "removed  a.txt",
        "updated  c#1.jsonl#y  1 chunk",
        "1 updated, 1 removed, 2 unchanged. The index holds 3 documents, 4 chunks.",
    ]


def test_index_without_a_path_needs_something_to_update(footnote: Invoke) -> None:
    result = footnote("index")
    assert result.exit_code == errors.EmptyLibrary.exit_code
    assert "footnote index PATH" in result.stderr


def test_index_leaves_the_seeds_out(footnote: Invoke, articles: Path) -> None:
    assert "holds 2 documents" in footnote("index", str(articles)).stdout


def test_rebuild_embeds_what_is_stored(footnote: Invoke, articles: Path) -> None:
    footnote("index", str(articles))
    result = footnote("index", "--rebuild")
    assert result.exit_code == 0
    assert result.stdout == "Embedded 4 chunks anew.\n"


def test_sources_lists_whole_titles_into_a_pipe(footnote: Invoke, library: Library) -> None:
    put(library, "a.txt", "One sentence.", title="word " * 40)
    heading, row = footnote("sources").stdout.splitlines()
    assert heading.split() == ["ID", "DATE", "CHARACTERS", "CHUNKS", "TITLE"]
    assert row.split(maxsplit=4) == ["a.txt", "2025-05-02", "13", "1", ("word " * 40).strip()]


def test_sources_as_json(footnote: Invoke, library: Library) -> None:
    put(library, "a.txt", "One sentence.")
    (source,) = json.loads(footnote("sources", "--json").stdout)
    assert (source["id"], source["characters"], source["chunks"]) == ("a.txt", 13, 1)


def test_an_empty_index_is_not_an_empty_table(footnote: Invoke, library: Library) -> None:
    result = footnote("sources")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "footnote index PATH" in result.stderr


@pytest.mark.parametrize("columns", [40, 80])
def test_sources_fit_a_terminal(columns: int, library: Library) -> None:
    put(library, "北京-a-rather-long-name.txt", "One sentence.", title="A title 标题 " * 12)
    put(library, "b.txt", "One sentence.")
    shown = on_terminal("sources", columns=columns)
    lines = [strip_controls(each) for each in shown.splitlines()]
    assert max(map(cell_len, lines)) <= columns
    assert any("北京-a-rather-long-name.txt" in each for each in lines)


def summary(id: str, title: str) -> DocumentSummary:
    return DocumentSummary(id, title, f"/texts/{id}", None, 1234, 5, "")


@given(st.lists(st.builds(summary, st.text(max_size=60), st.text(max_size=120)), max_size=4))
def test_listing_never_cuts_an_id(summaries: list[DocumentSummary]) -> None:
    for width in (None, 40, 80):
        shown = "\n".join(
            row.lead.plain + row.body.plain for row in document_rows(summaries, width)
        )
        assert all(one_line(each.id) in shown for each in summaries)


def test_show_marks_exactly_the_span(footnote: Invoke, library: Library) -> None:
    document = put(library, "a.txt", "\n".join(f"Line {n} is here." for n in range(20)))
    start = document.text.index("Line 10")
    result = footnote("show", f"a.txt:{start}-{start + 7}")
    assert result.stdout.splitlines() == [
        "…",
        "Line 8 is here.",
        "Line 9 is here.",
        "[[Line 10]] is here.",
        "Line 11 is here.",
        "Line 12 is here.",
        "…",
    ]
    assert "A title" in result.stderr


def test_show_all_prints_the_whole_text_around_the_span(footnote: Invoke, library: Library) -> None:
    document = put(library, "a.txt", "\n".join(f"Line {n} is here." for n in range(20)))
    expected = f"[[{document.text[:4]}]]{document.text[4:]}\n"
    assert footnote("show", "--all", "a.txt:0-4").stdout == expected


def test_show_without_a_span_prints_the_stored_text(footnote: Invoke, library: Library) -> None:
    document = put(library, "a.txt", "  One.\n\n[[Two]] – [red]three[/red].\tFour.\n")
    assert footnote("show", "a.txt").stdout == document.text


def test_an_id_may_contain_colons(footnote: Invoke, library: Library) -> None:
    put(library, "https://example.org:80/a", "From a page.")
    put(library, "notes:3-5", "From a file.")
    assert footnote("show", "https://example.org:80/a").stdout == "From a page.\n"
    assert footnote("show", "https://example.org:80/a:0-4").stdout == "[[From]] a page.\n"
    assert footnote("show", "notes:3-5").stdout == "From a file.\n"
    assert footnote("show", "notes:3-5:7-11").stdout == "From a [[file]].\n"


@pytest.mark.parametrize("span", ["5-4", "0-13", "999-1000"])
def test_show_refuses_a_span_that_is_not_there(
    span: str, footnote: Invoke, library: Library
) -> None:
    put(library, "a.txt", "From a file.")
    result = footnote("show", f"a.txt:{span}")
    assert result.exit_code == errors.LibraryError.exit_code
    assert "it ends at 12" in result.stderr


def test_show_marks_in_reverse_on_a_terminal(library: Library) -> None:
    put(library, "a.txt", "Before it. This is the span. After it.")
    shown = on_terminal("show", "a.txt:11-28", columns=80)
    assert "Before it. \x1b[7mThis is the span.\x1b[0m After it.\n" in shown
    assert "[[" not in shown


@given(st.text(max_size=300), st.data())
def test_marks_surround_the_span_whatever_the_text(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    first, last = excerpt_around(text, start, end)
    assert 0 <= first <= start <= end <= last <= len(text)
    body = document_text(text, Span("a", start, end), whole=False, brackets=False).body
    marked = [body.plain[span.start : span.end] for span in body.spans if span.style == "reverse"]
    assert "".join(marked) == strip_controls(text[start:end])


def test_remove_forgets_a_document(footnote: Invoke, library: Library) -> None:
    put(library, "a.txt", "One sentence.")
    result = footnote("remove", "a.txt")
    assert result.stdout.splitlines() == [
        "removed  a.txt",
        "1 removed. The index holds 0 documents, 0 chunks.",
    ]
    assert library.summaries() == []


# --- while one waits -------------------------------------------------------------------------


def screen_on(*, terminal: bool) -> tuple[Screen, io.StringIO]:
    screen, written = Screen(), io.StringIO()
    screen.err = Console(file=written, force_terminal=terminal, width=80, highlight=False)
    return screen, written


def test_progress_from_another_thread_is_shown_only_while_one_waits() -> None:
    screen, written = screen_on(terminal=True)
    screen.show_progress("Joining the language model", 1, 4)
    assert written.getvalue() == ""
    screen.show_activity("Searching")
    screen.show_progress("Joining the language model", 1, 4)
    screen.clear_activity()
    assert "25%" in written.getvalue()
    assert written.getvalue().endswith("\x1b[2K")  # and wiped away


def test_progress_without_a_terminal_is_said_once() -> None:
    screen, written = screen_on(terminal=False)
    for done in range(5):
        screen.show_activity("Searching")
        screen.show_progress("Joining the language model", done, 4)
    screen.clear_activity()
    assert written.getvalue() == "Joining the language model …\n"


def test_what_the_model_writes_is_wiped_when_the_sentence_is_checked(library: Library) -> None:
    sentence = "The slow tariff on a great many goods of several kinds is 20% by now."
    put(library, "a.txt", sentence)
    shown = on_terminal("ask", "slow tariff", columns=100)
    assert "Writing" in shown
    left = what_stays(shown)
    assert not [row for row in left if "Writing" in row]
    assert [row for row in left if row.startswith("The slow")] == [f"{sentence} [1]"]


def test_a_checked_sentence_is_no_longer_shown_as_a_draft() -> None:
    class Recorder(Screen):
        def show_activity(self, label: str, draft: str = "") -> None:
            drafts.append(draft)

    drafts: list[str] = []
    answer = Answer("q", "One.", (), (), "answered", None, "m")
    checked = Checked(Claim("One."), "removed")
    events: list[Event] = [Token("One"), Token("."), checked, Token("Two"), Finished(answer)]
    assert collect_answer(iter(events), Recorder()) is answer
    assert [draft for draft in drafts if draft] == ["One", "One.", "Two"]


def printed(*events: Event) -> str:
    """What a person reads on standard output."""
    with CliRunner().isolation() as (out, *_):
        print_answer(iter(events), Screen())
        return out.getvalue().decode()


def finished(*claims: Claim, **more: Any) -> Finished:
    answer = Answer("q", "", claims, (), "answered", None, "m", answers="yes")
    return Finished(replace(answer, **more))


def cites(number: int, text: str, **more: Any) -> Claim:
    return replace(Claim(text, (Citation(number, Span("a", 1, 2), "x"),), "supported"), **more)


def test_a_greeting_is_replied_to_with_questions_to_ask() -> None:
    said = printed(finished(text="Hello.", suggestions=("Who won?", "When?")))
    assert said == "Hello.\n\nQuestions that the articles answer\n• Who won?\n• When?\n"


def test_a_decline_names_other_questions_and_no_chance_that_contradicts_it() -> None:
    declined = finished(status="declined", reason="not stated", chance=0.9, suggestions=("When?",))
    said = printed(declined)
    assert said.startswith("No answer: no passage of the articles was found that states it.\n")
    assert said.endswith("\nQuestions that the articles answer\n• When?\n")


def test_a_closest_passage_has_no_tick_and_may_not_answer() -> None:
    closest = cites(1, "It sank.", origin="closest")
    said = printed(Checked(closest, "kept"), finished(closest, answers="unsure"))
    assert said.startswith("It sank. [1] (closest passage)\n\nMay not answer the question. ")
    assert "○ It sank.\n  closest passage\n" in said
    assert "✓" not in said


def test_the_printed_numbers_are_those_of_the_finished_answer() -> None:
    early = [Checked(cites(7, "One."), "kept"), Checked(cites(3, "Two."), "kept")]
    said = printed(*early, finished(cites(1, "One."), cites(2, "Two.")))
    assert said.startswith("One. [1]\nTwo. [2]\n")
    assert said.count("One.") == 2  # there, and in the list of support


def test_a_list_is_printed_once_it_is_final() -> None:
    lead, point = cites(4, "The lead."), cites(9, "A point.", group="Rates")
    early = [Checked(point, "kept"), Checked(lead, "kept")]
    said = printed(*early, finished(cites(1, "The lead."), cites(2, "A point.", group="Rates")))
    assert said.startswith("The lead. [1]\n\nRates\n• A point. [2]\n")
    declined = finished(status="declined", reason="not stated")
    assert printed(*early[:1], Checked(point, "removed"), declined).startswith("No answer: ")


def what_stays(written: str) -> list[str]:
    """The lines of a terminal after all of `written`, which moves up and erases lines only."""
    rows, at = [""], 0
    for piece in re.findall(r"\x1b\[[\d;?]*[A-Za-z]|[\r\n]|[^\x1b\r\n]+", written):
        if piece == "\n":
            at += 1
            rows += [""] if at == len(rows) else []
        elif piece == "\x1b[1A":
            at -= 1
        elif piece == "\x1b[2K":
            rows[at] = ""
        elif piece[0] not in "\r\x1b":
            rows[at] += piece
    return rows


# --- config and eval -------------------------------------------------------------------------


def test_config_hides_every_secret(footnote: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-one")
    monkeypatch.setenv("FOOTNOTE_EMBEDDING_API_KEY", "sk-two")
    monkeypatch.setenv("FOOTNOTE_LLM_BASE_URL", "https://me:sk-three@example.org/v1?key=sk-four")
    result = footnote("config")
    assert result.exit_code == 0
    assert "sk-" not in result.output
    assert len(re.findall(r"API_KEY +set \(hidden\)$", result.stdout, re.MULTILINE)) == 2
    assert "https://example.org/v1" in result.stdout


def test_config_says_where_the_index_lives(footnote: Invoke, tmp_path: Path) -> None:
    assert re.search(rf"^Index +{tmp_path / 'data'}$", footnote("config").stdout, re.MULTILINE)


def left(**chosen: Any) -> dict[str, str]:
    """What leaves the machine because of a setting, without those of which nothing does."""
    told = dict(settings_summary.what_leaves(load_settings(**chosen)))
    assert set(told) == {name for name, _ in settings_summary.setting_values(load_settings())}
    return {name: text for name, text in told.items() if text != settings_summary.NOTHING_LEAVES}


def test_config_tells_for_each_setting_what_leaves_because_of_it(footnote: Invoke) -> None:
    assert left() == {}
    assert left(openai_api_key="k", model="local") == {}
    assert left(llm_base_url="http://127.0.0.1:1/v1", api_key="k") == {}
    asked = left(llm_base_url="https://a.example/v1", api_key="k", openai_api_key="o")
    assert set(asked) >= {"FOOTNOTE_LLM_BASE_URL", "FOOTNOTE_LLM_API_KEY"}
    assert "OPENAI_API_KEY" not in asked
    assert all(text.startswith("a.example: ") for text in asked.values())
    embedded = left(embedding_model="e", openai_api_key="o", model="local")
    assert set(embedded) == {"FOOTNOTE_EMBEDDING_MODEL", "OPENAI_API_KEY"}
    assert all(text.startswith("api.openai.com: ") for text in embedded.values())
    traced = left(otel_endpoint="http://c.example:4318")
    assert traced == {
        "FOOTNOTE_OTEL_ENDPOINT": "c.example:4318: times, counts and outcomes of questions"
    }
    assert left(otel_endpoint="http://127.0.0.1:4318", otel_text=True) == {}
    both = left(otel_endpoint="http://c.example:4318", otel_text=True, openai_api_key="o")
    assert both["FOOTNOTE_OTEL_TEXT"] == "c.example:4318: questions and answers, as text"
    assert both["OPENAI_API_KEY"].startswith("api.openai.com: ")
    shown = footnote("config").stdout
    assert re.search(r"^FOOTNOTE_EMBEDDING_MODEL +nothing$", shown, re.MULTILINE)


@pytest.mark.parametrize(
    ("chosen", "hosts"),
    [
        ({}, []),
        ({"api_key": "k"}, ["api.openai.com"]),
        ({"api_key": "k", "model": "local"}, []),
        ({"llm_base_url": "http://127.0.0.1:8080/v1"}, []),
        ({"llm_base_url": "http://u:p@10.0.0.7:8080/v1"}, ["10.0.0.7:8080"]),
        ({"embedding_model": "e"}, ["api.openai.com"]),
        ({"api_key": "k", "embedding_model": "e"}, ["api.openai.com"]),
        (
            {"llm_base_url": "https://a.org/v1", "embedding_model": "e"},
            ["a.org", "api.openai.com"],
        ),
        (
            {"api_key": "k", "embedding_model": "e", "embedding_base_url": "http://localhost:1"},
            ["api.openai.com"],
        ),
        ({"ray_address": "local"}, []),
        ({"ray_address": "10.0.0.7:6379"}, ["Ray 10.0.0.7:6379"]),
        ({"ray_address": "auto", "embedding_model": "e"}, ["api.openai.com", "Ray auto"]),
        ({"otel_endpoint": "http://c.example:4318"}, []),
        ({"otel_endpoint": "http://127.0.0.1:4318", "otel_text": True}, []),
        ({"otel_endpoint": "http://c.example:4318", "otel_text": True}, ["c.example:4318"]),
    ],
)
def test_privacy_names_the_hosts_that_see_text(chosen: dict[str, Any], hosts: list[str]) -> None:
    settings = load_settings(**chosen)
    assert settings_summary.text_hosts(settings) == hosts
    assert bool(hosts) == settings.sends_text_out
    said = settings_summary.privacy_sentence(settings)
    assert said.startswith("Text leaves" if hosts else "Text stays")
    assert all(host in said for host in hosts)


def test_eval_hands_everything_on(footnote: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[object] = []

    def run_golden(*arguments: object) -> int:
        given.extend(arguments)
        return 5

    module = types.ModuleType("eval.run")
    module.run_golden = run_golden  # type: ignore[attr-defined]
    module.first_cases = lambda count: f"the first {count}"  # type: ignore[attr-defined]
    module.spread_cases = lambda count: f"{count} all over"  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "eval.run", module)
    result = footnote("eval", "--cases", "mine.jsonl", "--limit", "3", "--out", "there")
    assert result.exit_code == 5
    assert given[1:] == [Path("mine.jsonl"), Path("there"), None, "the first 3"]


# --- untrusted text --------------------------------------------------------------------------


def test_nothing_in_a_document_acts_on_a_terminal(footnote: Invoke, library: Library) -> None:
    put(library, "a.txt", f"{HOSTILE} tariff.", title=HOSTILE)
    for command in (["sources"], ["sources", "--json"], ["show", "a.txt"], ["ask", "tariff"]):
        result = footnote(*command)
        assert result.exit_code == 0
        assert not UNSAFE.search(result.output), command
        assert "[bold]plain[/bold]" in result.output, command
    terminal = on_terminal("show", "a.txt", columns=80)
    assert "owned" not in terminal
    assert not UNSAFE.search(re.sub(r"\x1b\[[\d;?]*[mhlKA]|\r", "", terminal))


def test_json_keeps_what_the_terminal_is_spared(footnote: Invoke, library: Library) -> None:
    put(library, "a.txt", "text", title=HOSTILE)
    assert json.loads(footnote("sources", "--json").stdout)[0]["title"] == HOSTILE


def test_no_color_is_respected(library: Library) -> None:
    put(library, "a.txt", "The tariff is 20%.")
    shown = on_terminal("ask", "tariff", columns=80, NO_COLOR="1")
    assert "The tariff is 20%. [1]" in shown
    assert not re.search(r"\x1b\[(?:3\d|9\d)", shown)


def test_a_stream_that_cannot_encode_gets_question_marks(library: Library) -> None:
    put(library, "a.txt", "A “quoted” tariff.")
    child = process("ask", "tariff", env=os.environ | {"PYTHONIOENCODING": "ascii"})
    shown, _ = child.communicate(timeout=30)
    assert child.returncode == 0
    assert shown.startswith("A ?quoted? tariff. [1]\n")


@given(st.text(st.one_of(st.characters(), st.sampled_from("\x1b\x9b[]m\x07\n\t"))))
def test_clean_leaves_nothing_that_acts(text: str) -> None:
    assert not UNSAFE.search(strip_controls(text))


@given(st.text(st.characters(exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp"])))
def test_clean_leaves_plain_text_alone(text: str) -> None:
    assert strip_controls(text) == text


@given(st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_json_safe_means_the_same(document: object) -> None:
    text = json.dumps(document, ensure_ascii=False, indent=2)
    assert json.loads(json_safe(text)) == document
    assert not UNSAFE.search(json_safe(text))
