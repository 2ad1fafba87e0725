"""`footnote verify FILE` says which footnotes still match, and ends with a code that tells it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import ui.cli
from rag.store.documents import Library
from rag.types import Document
from tests.exports import RATE, SEIZED, cite, claim, conversation, documents, exchange, put
from tests.test_architecture import HEAVY
from ui.records.export import export_html, export_markdown
from ui.safe_text import strip_controls
from ui.shell import verify_report

Invoke = Callable[..., Result]
ROOT = Path(__file__).parents[1]
NEW = "A paragraph that was added since.\n"


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """The library that the command opens."""
    with Library.open(tmp_path / "data" / "library.sqlite3") as opened:
        put(opened, *documents())
        yield opened


@pytest.fixture
def verify(tmp_path: Path) -> Invoke:
    """Writes a file and runs `footnote verify` on it."""

    def invoke(content: str | bytes, *options: str) -> Result:
        file = tmp_path / "answer.md"
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return CliRunner().invoke(ui.cli.app, ["verify", str(file), *options])

    return invoke


def change(library: Library, text: str) -> None:
    report, _ = documents()
    put(library, Document.of(report.id, report.title, report.source, text))


@pytest.mark.parametrize("write", [export_markdown, export_html])
def test_footnotes_that_match_end_with_zero(
    verify: Invoke, library: Library, write: Callable[..., str]
) -> None:
    result = verify(write(conversation()))
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    *lines, summary, sentences = result.stdout.splitlines()
    assert sentences == "18 questions, headings and sentences: 18 same."
    assert [line.split(" · ")[0] for line in lines] == [f"[{n}] ✓ same" for n in (1, 2, 3)]
    assert "A top Chinese official" in lines[0]
    assert "“That was later hiked to 125%" in lines[0]
    assert summary == "3 footnotes: 3 same."


def test_each_footnote_that_does_not_match_is_named(verify: Invoke, library: Library) -> None:
    report, summary = documents()
    change(library, NEW + report.text.replace("a 20% rate", "a 25% rate"))
    library.remove(summary.id)
    result = verify(export_markdown(conversation()))
    assert result.exit_code == 1
    assert result.stderr == "footnote: Footnotes 1, 2 and 3 no longer match.\n"
    moved = cite(report, SEIZED).span
    now = f"{moved.start + len(NEW)}-{moved.end + len(NEW)}"
    first, second, third, last, _ = result.stdout.splitlines()
    assert first.startswith(f"[1] ✗ changed: {report.id} does not hold this text · ")
    assert second.startswith(f"[2] – gone: there is no {summary.id} in the index · ")
    assert third.startswith(f"[3] → moved: now characters {now} · ")
    assert last == "3 footnotes: 1 moved, 1 changed, 1 gone."


def test_one_that_does_not_match_is_enough(verify: Invoke, library: Library) -> None:
    result = verify(export_markdown(conversation()).replace("a 20% rate just", "a 25% rate just"))
    assert result.exit_code == 1
    assert result.stderr == "footnote: Footnote 1 no longer matches.\n"
    assert result.stdout.splitlines()[-2] == "3 footnotes: 2 same, 1 changed."


def test_a_file_that_alters_a_quote_is_told_of(verify: Invoke, library: Library) -> None:
    text = export_markdown(conversation()).replace("> That was later", "> That was never", 1)
    result = verify(text)
    assert result.exit_code == 1
    told = "[1] ! altered: shown otherwise than recorded: quote (the record still matches) · "
    assert result.stdout.startswith(told)
    assert "Footnote 1 no longer" in result.stderr


def test_a_change_elsewhere_in_the_document_is_said(verify: Invoke, library: Library) -> None:
    report, _ = documents()
    change(library, report.text + "\nAn end.")
    result = verify(export_markdown(conversation()))
    assert result.exit_code == 0
    assert result.stdout.startswith("[1] ✓ same (the document has changed elsewhere) · ")


def test_the_verdicts_are_one_json_document(verify: Invoke, library: Library) -> None:
    report, _ = documents()
    change(library, NEW + report.text)
    result = verify(export_html(conversation()), "--json")
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    assert document["schema"] == "footnote.verify/1"
    assert document["matches"] is False
    assert [each["state"] for each in document["footnotes"]] == ["moved", "same", "moved"]
    moved, same, _ = document["footnotes"]
    span = cite(report, RATE).span
    start, end = span.start + len(NEW), span.end + len(NEW)
    assert moved["found"] == {"start": start, "end": end}
    assert (moved["start"], moved["end"], moved["same_digest"]) == (span.start, span.end, False)
    assert library.document(report.id).text[start:end] == moved["quote"]
    assert (same["altered"], same["same_digest"]) == ([], True)


def test_standard_input_is_read_for_a_dash(library: Library) -> None:
    text = export_markdown(conversation())
    result = CliRunner().invoke(ui.cli.app, ["verify", "-"], input=text)
    assert result.exit_code == 0, result.output
    assert "3 same" in result.stdout


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "This holds no footnotes."),
        (b"Just words.", "This holds no footnotes."),
        (b"PNG\0\0\1", "is not a text file in UTF-8."),
        ("Zölle".encode("utf-16"), "is not a text file in UTF-8."),
        (b"\xff\xfe\xfa", "is not a text file in UTF-8."),
        (b"[^1]: > x\n    <!-- footnote {} -->", "Footnote 1 has a record that cannot be read."),
    ],
)
def test_a_file_that_is_no_export_is_refused_in_one_line(
    verify: Invoke, library: Library, content: bytes, problem: str
) -> None:
    result = verify(content)
    assert result.exit_code == 4
    assert result.stdout == ""
    assert problem in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_huge_file_is_refused(
    verify: Invoke, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify_report, "MAX_BYTES", 2_000_000)
    result = verify(b" " * 2_000_001)
    assert result.exit_code == 4
    assert "is larger than 2 MB." in result.stderr


@pytest.mark.parametrize("file", ["none.md", ".", "a\x1b[31mb.md", "x" * 5000])
def test_a_path_that_is_no_file_is_refused(library: Library, file: str) -> None:
    result = CliRunner().invoke(ui.cli.app, ["verify", file])
    assert result.exit_code == 4
    assert "cannot be read" in result.stderr
    assert "\x1b" not in result.stderr


def test_an_index_that_was_never_filled_says_so(verify: Invoke) -> None:
    result = verify(export_markdown(conversation()))
    assert result.exit_code == 6
    assert "Nothing is indexed" in result.stderr


def test_text_of_the_file_does_not_act_on_the_terminal(verify: Invoke, library: Library) -> None:
    hostile = "\x1b[31mred\x1b]0;owned\x07\u202egnp.exe\x9b2J"
    document = Document(f"{hostile}.txt", hostile, hostile, None, hostile, "")
    cited = cite(Document("x", "", "", None, hostile, ""), hostile)
    text = export_markdown([exchange("q", [claim("a", cited)], [document])])
    for options in ((), ("--json",)):
        result = verify(text, *options)
        assert result.exit_code == 1
        assert strip_controls(result.output) == result.output


def test_help_states_the_exit_codes() -> None:
    result = CliRunner().invoke(ui.cli.app, ["verify", "--help"])
    words = " ".join(result.stdout.split())
    assert "Exits with 0 when it does, with 1" in words
    assert "with 4 when FILE cannot be read" in words


def test_neither_model_nor_vectors_are_loaded(library: Library, tmp_path: Path) -> None:
    (tmp_path / "answer.html").write_text(export_html(conversation()), "utf-8")
    code = (
        "import sys, ui.cli\n"
        "try: ui.cli.app(['verify', sys.argv[1]])\n"
        "finally: print(*sorted({name.split('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "answer.html")]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "3 same" in ran.stdout
    assert not set(ran.stderr.split()) & (HEAVY - {"pydantic"})  # the settings are pydantic's
