"""Whatever was changed in an exported answer is noticed, in every format; what stands around it is
not."""

from __future__ import annotations

import base64
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import ui.cli
from rag.store.documents import Library
from rag.types import Citation, Document, Span
from tests.exports import claim as claimed
from tests.exports import conversation, documents, exchange, put
from tests.test_export import asked, nasty
from ui.questions.exchange import Exchange
from ui.records.export import FORMATS, export, export_markdown
from ui.records.footnotes import FootnotesUnreadable, read_export
from ui.records.sentences import (
    Block,
    RecordUnreadable,
    Sentence,
    SentenceCheck,
    compare_blocks,
    read_record,
    write_record,
)

every_format = pytest.mark.parametrize("kind", [*FORMATS])
BOATS = Document.of(
    "boats.txt", "Boats", "boats.txt", "The ferry carries 40 cars.\nIt sails at noon.\nIt is blue."
)


def cite(quote: str) -> Citation:
    start = BOATS.text.index(quote)
    return Citation(1, Span(BOATS.id, start, start + len(quote)), quote)


def ferries() -> list[Exchange]:
    """Running text with a doubtful sentence, points below headings, a second question."""
    cars, noon, blue = map(cite, ("The ferry carries 40 cars.", "It sails at noon.", "It is blue."))
    prose = [
        claimed("The ferry takes 40 cars.", cars),
        claimed("It leaves at noon on Sundays.", noon, support="partial", reasons=["no Sunday"]),
        claimed("It never sinks.", support="unsupported", reasons=["no source says so"]),
    ]
    points = [
        replace(claimed(text, cited), group="What is known")
        for text, cited in (("It sails at noon.", noon), ("It is blue.", blue))
    ]
    first = exchange("How many cars does the ferry take?", [*prose, *points], [BOATS])
    second = exchange("What colour is it?", [claimed("It is blue.", blue)], [BOATS], "1" * 16)
    return [first, replace(second, state="stopped", answer=None)]


def edited(kind: str, old: str, new: str) -> str | bytes:
    """The export with `old` replaced where people read it, not in the records."""
    return edit(export(kind, ferries(), "Boats"), lambda text: text.replace(old, new))


def edit(data: bytes, change: Callable[[str], str]) -> str | bytes:
    if not data.startswith(b"PK"):
        return apart_from_records(data.decode(), change)
    written = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as old, zipfile.ZipFile(written, "w") as new:
        for name in old.namelist():
            text = old.read(name).decode()
            new.writestr(name, change(text) if name.startswith("word/document") else text)
    assert written.getvalue() != data
    return written.getvalue()


def apart_from_records(text: str, change: Callable[[str], str]) -> str:
    parts = re.split(r"(<!-- .*? -->|data-(?:footnote|answer)=\"[^\"]*\")", text)
    changed = [part if at % 2 else change(part) for at, part in enumerate(parts)]
    assert changed != parts
    return "".join(changed)


def problems(data: str | bytes) -> list[tuple[str, str]]:
    """The name and the state of what is not as it was."""
    checks = read_export(data).sentences
    assert checks is not None
    return [(check.name, check.state) for check in checks if check.state != "same"]


def text_of(data: bytes) -> str | bytes:
    return data if data.startswith(b"PK") else data.decode()


# --- unchanged -------------------------------------------------------------------------------


@every_format
def test_an_unchanged_file_is_as_it_was(kind: str) -> None:
    for exchanges in (ferries(), conversation(), ferries()[:1], conversation()[2:3]):
        assert problems(text_of(export(kind, exchanges))) == []


@every_format
def test_every_kind_of_line_is_checked(kind: str) -> None:
    checks = read_export(text_of(export(kind, ferries(), "Boats"))).sentences
    names = [check.name for check in checks or ()]
    assert names == [
        *("question 1", "sentence 1", "sentence 2", "sentence 3", "heading 1"),
        *("sentence 4", "sentence 5", "outcome 1", "question 2", "sentence 6", "outcome 2"),
    ]


@settings(max_examples=40)
@given(*[nasty] * 6)
def test_hostile_text_is_no_change(
    question: str, sentence: str, quote: str, title: str, source: str, id: str
) -> None:
    one = asked(question, sentence, quote, title, source, id)
    for kind in FORMATS:
        read = read_export(text_of(export(kind, [one, one], title)))
        assert [check for check in read.sentences or () if check.state != "same"] == []
        assert [note.altered for note in read.footnotes] == [()]


# --- changed ---------------------------------------------------------------------------------

CHANGES = [
    ("The ferry takes 40 cars", "The ferry takes 45 cars", {"sentence 1"}),
    ("The ferry takes", "The ferry never takes", {"sentence 1"}),
    ("The ferry takes", "It is false that the ferry takes", {"sentence 1"}),
    ("It never sinks.", "It never ever sinks.", {"sentence 3"}),
    ("no Sunday", "so it is", {"sentence 2"}),
    ("What is known", "What is doubted", {"heading 1"}),
    ("How many cars", "How many lorries", {"question 1"}),
    ("Stopped before", "Ended after", {"outcome 2"}),
    ("It is blue.", "It is green.", {"sentence 5", "sentence 6"}),
    ("40 cars", "40\u200b cars", {"sentence 1"}),
    ("40 cars", "40 \u202ecars", {"sentence 1"}),
]


@every_format
@pytest.mark.parametrize(("old", "new", "names"), CHANGES)
def test_a_change_is_named(kind: str, old: str, new: str, names: set[str]) -> None:
    found = problems(edited(kind, old, new))
    assert {name for name, _ in found} == names
    assert {state for _, state in found} == {"altered"}


@every_format
def test_what_the_file_shows_instead_is_told(kind: str) -> None:
    checks = read_export(edited(kind, "takes 40 cars", "takes 45 cars")).sentences or ()
    (changed,) = (check for check in checks if check.state != "same")
    assert changed.text == "The ferry takes 40 cars."
    assert changed.shown.startswith("The ferry takes 45 cars.[1]")


REMOVED = {
    "md": (r"(?m)^- It sails at noon\..*\n", ""),
    "html": (r"<li><span[^>]*>It sails at noon\..*?</li>", ""),
    "docx": (r"<w:p>(?:(?!<w:p>).)*?>It sails at noon\.<.*?</w:p>", ""),
}
MOVED_MARK = {
    "md": (r"(40 cars\.)\[\^1\]", r"\1[^2]"),
    "html": (r'href="#fn-1"([^>]*)>1<', r'href="#fn-2"\1>2<'),
    "docx": (r"(<w:bookmarkStart )", r"<w:fldSimple w:instr='NOTEREF footnote_2'/>\1"),
}
ADDED = {
    "md": (r"(?m)^- It is blue\.", "- It is fast.[^1]\n- It is blue."),
    "html": (r"(<ul>)", r'\1<li>It is fast.<sup><a href="#fn-1">1</a></sup></li>'),
    "docx": (
        r"(<w:sectPr>)",
        r"<w:p><w:r><w:t>It is fast.</w:t></w:r><w:fldSimple w:instr='NOTEREF footnote_1'/>"
        r"</w:p>\1",
    ),
}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (REMOVED, [("sentence 4", "missing")]),
        (MOVED_MARK, [("sentence 1", "altered")]),
        (ADDED, [("an added sentence", "added")]),
    ],
)
@every_format
def test_sentences_and_marks_cannot_be_removed_changed_or_added(
    kind: str, changes: dict[str, tuple[str, str]], expected: list[tuple[str, str]]
) -> None:
    pattern, new = changes[kind]
    data = export(kind, ferries(), "Boats")
    found = problems(edit(data, lambda text: re.sub(pattern, new, text, count=1)))
    assert [each for each in found if each[0] != "sentence 6"] == expected


@pytest.mark.parametrize(
    ("kind", "old", "new"),
    [
        ("md", "The ferry takes 40 cars.", "~~The ferry takes 40 cars.~~"),
        ("html", "The ferry takes 40 cars.", "The ferry <del>takes</del> 40 cars."),
        ("html", "The ferry takes 40 cars.", "The ferry <b hidden>never</b> takes 40 cars."),
        ("html", "takes 40 cars.", '<span style="display:none">takes 40</span> cars.'),
        ("docx", '<w:rPr/><w:t xml:space="preserve">The f', "<w:rPr><w:strike/></w:rPr><w:t>The f"),
        ("docx", '<w:rPr/><w:t xml:space="preserve">The f', "<w:rPr><w:vanish/></w:rPr><w:t>The f"),
    ],
)
def test_striking_and_hiding_are_changes(kind: str, old: str, new: str) -> None:
    assert ("sentence 1", "altered") in problems(edited(kind, old, new))


def test_what_was_added_to_a_paragraph_leaves_none_of_its_sentences_alone() -> None:
    text = edited("md", "It never sinks.", "Believe me. It never sinks.")
    assert problems(text) == [(f"sentence {n}", "altered") for n in (1, 2, 3)]


def test_a_moved_point_is_a_change() -> None:
    text = export_markdown(ferries())
    rows = text.split("\n")
    at = next(n for n, row in enumerate(rows) if row.startswith("- It sails"))
    rows[at], rows[at + 1] = rows[at + 1], rows[at]
    assert "missing" in {state for _, state in problems("\n".join(rows))}


# --- what may be changed ---------------------------------------------------------------------


def test_words_around_an_export_in_markdown_do_no_harm() -> None:
    text = export_markdown(ferries(), "Boats")
    text = text.replace("# Boats", "# My boats\n\nDear all,\n\nas promised:")
    text = text.replace("takes 40 cars.", "takes\n40 cars.").replace("- It is", "* It is")
    text = text.replace("*(", "_(").replace(")*", ")_")
    text += "\n[^mine]: A remark.\n\nRegards\n"
    assert problems(text.replace("\n", "\r\n")) == []


def test_words_around_an_export_in_html_do_no_harm() -> None:
    def changed(text: str) -> str:
        text = text.replace("<h1>Boats", "<p>Dear <b>all</b>,</p><h1>Boats")
        text = text.replace("takes 40 cars", "<b>takes</b> 40\n cars")
        return text.replace("</main>", "<p>Regards</p></main>")

    assert problems(edit(export("html", ferries(), "Boats"), changed)) == []


def test_what_word_makes_of_a_file_does_no_harm() -> None:
    def saved_again(text: str) -> str:
        text = text.replace(
            '<w:fldSimple w:instr=" NOTEREF footnote_2 \\f \\h "><w:r><w:rPr><w:rStyle'
            ' w:val="FootnoteReference"/></w:rPr><w:t xml:space="preserve">2</w:t></w:r>'
            "</w:fldSimple>",
            '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText> NOTEREF foot'
            "</w:instrText></w:r><w:r><w:instrText>note_2 \\h</w:instrText></w:r><w:r><w:fldChar"
            ' w:fldCharType="separate"/></w:r><w:r><w:t>7</w:t></w:r><w:r><w:fldChar'
            ' w:fldCharType="end"/></w:r>',
        )
        assert "instrText" in text
        text = text.replace(
            "takes 40 cars.",
            'takes </w:t></w:r><w:proofErr w:type="x"/><w:r><w:rPr><w:b/></w:rPr><w:t>40 cars.',
        )
        return text.replace("<w:body>", "<w:body><w:p><w:r><w:t>Dear all,</w:t></w:r></w:p>")

    assert problems(edit(export("docx", ferries(), "Boats"), saved_again)) == []


def test_a_file_without_its_sentences_is_not_blamed_for_them() -> None:
    text = export_markdown(ferries())
    read = read_export(text[text.index("[^1]: >") :])
    assert read.sentences is None
    assert "only footnotes" in read.unchecked
    assert len(read.footnotes) == 3


# --- the command -----------------------------------------------------------------------------


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(tmp_path / "data" / "library.sqlite3") as opened:
        put(opened, BOATS, *documents())
        yield opened


def verify(tmp_path: Path, data: str | bytes, *options: str) -> tuple[int, str]:
    file = tmp_path / "export"
    file.write_bytes(data if isinstance(data, bytes) else data.encode())
    result = CliRunner().invoke(ui.cli.app, ["verify", str(file), *options])
    return result.exit_code, result.output


@every_format
def test_a_changed_sentence_fails(library: Library, tmp_path: Path, kind: str) -> None:
    assert verify(tmp_path, export(kind, ferries(), "Boats"))[0] == 0
    code, said = verify(tmp_path, edited(kind, "takes 40 cars", "takes 45 cars"))
    assert code == 1
    assert "The file was changed after it was exported: sentence 1." in said
    assert "3 footnotes: 3 same." in said
    code, said = verify(tmp_path, edited(kind, "takes 40 cars", "takes 45 cars"), "--json")
    assert code == 1
    assert '"matches": false' in said
    assert '"state": "altered"' in said


def test_an_old_export_is_verified_as_before_with_a_word(library: Library, tmp_path: Path) -> None:
    old = re.sub(r"<!-- answer \S+ -->", "", export_markdown(ferries()))
    code, said = verify(tmp_path, old)
    assert code == 0
    assert "Its sentences were not checked: the file does not say what they were." in said
    changed = old.replace("carries 40 cars", "carries 45 cars")
    assert verify(tmp_path, changed)[0] == 1


@pytest.mark.parametrize("data", [b"PK\x03\x04", b"PK\x03\x04" + b"x" * 500])
def test_a_broken_word_file_is_refused(library: Library, tmp_path: Path, data: bytes) -> None:
    code, said = verify(tmp_path, data)
    assert code == 4
    assert "damaged" in said


def test_a_word_file_of_somebody_else_holds_no_footnotes() -> None:
    written = BytesIO()
    with zipfile.ZipFile(written, "w") as package:
        package.writestr("word/document.xml", "<w xmlns='x'/>")
    with pytest.raises(FootnotesUnreadable, match="no footnotes"):
        read_export(written.getvalue())


# --- the record ------------------------------------------------------------------------------


def test_a_record_comes_back() -> None:
    blocks = [
        Block("sentence", (Sentence("A — “b”.", (1, 12), "~ partly"), Sentence("C."))),
        Block("question", (Sentence(""),)),
    ]
    written = write_record(blocks)
    assert re.fullmatch(r"[\w+/=]+", written)
    assert read_record(written) == blocks


@pytest.mark.parametrize(
    "record",
    [
        "",
        "????",
        base64.b64encode(b"x").decode(),
        base64.b64encode(zlib.compress(b"[" * 200_000)).decode(),
        base64.b64encode(zlib.compress(b'{"schema": "footnote.answer/2", "blocks": []}')).decode(),
        base64.b64encode(
            zlib.compress(b'{"schema": "footnote.answer/1", "blocks": [{"kind": "x"}]}')
        ).decode(),
        base64.b64encode(zlib.compress(b" " * 300_000_000)).decode(),
    ],
)
def test_a_malformed_record_is_told_of(record: str) -> None:
    with pytest.raises(RecordUnreadable) as raised:
        read_record(record)
    assert raised.value.remedy


words = st.lists(st.sampled_from(["a.", "b.\x021\x03", "c."]), max_size=8)


@given(words, words)
def test_only_the_same_blocks_in_their_order_are_the_same(
    recorded: list[str], shown: list[str]
) -> None:
    def block(text: str) -> Block:
        numbers = (1,) if "\x02" in text else ()
        return Block("sentence", (Sentence(text[:2], numbers),))

    checks = compare_blocks([block(text) for text in recorded], shown)
    assert len([check for check in checks if check.number]) == len(recorded)
    same = [check for check in checks if check.state == "same"]
    assert len(same) <= len(shown)
    if recorded == shown:
        assert len(checks) == len(same)
    added = [check for check in checks if check.state == "added"]
    assert all(isinstance(check, SentenceCheck) and "[1]" in check.text for check in added)


def test_a_large_file_takes_no_quadratic_time() -> None:
    recorded = [Block("sentence", (Sentence(f"Sentence {n}.", (n,)),)) for n in range(20_000)]
    shown = [f"Sentence {n}!\x02{n}\x03" for n in range(20_000)]
    checks = compare_blocks(recorded, shown)
    assert {check.state for check in checks} <= {"altered", "missing", "added"}
