"""Footnotes are read back from an export, and checked against the library."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rag.errors import FootnoteError
from rag.store.documents import Library
from rag.types import Document, Span
from tests.exports import RATE, cite, claim, conversation, documents, exchange, put
from ui.questions.exchange import Exchange
from ui.records.export import export_html, export_markdown
from ui.records.footnotes import Footnote, FootnotesUnreadable, footnote_record, read_footnotes
from ui.records.verify_export import verify_footnotes

Write = Callable[[Sequence[Exchange]], str]
both = pytest.mark.parametrize("write", [export_markdown, export_html])
NEW = "A paragraph that was added since.\n"


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(tmp_path / "library.sqlite3") as opened:
        put(opened, *documents())
        yield opened


def states(text: str, library: Library) -> list[str]:
    return [verdict.state for verdict in verify_footnotes(read_footnotes(text), library)]


def edited(document: Document, old: str, new: str) -> Document:
    assert old in document.text
    text = document.text.replace(old, new, 1)
    return Document.of(document.id, document.title, document.source, text)


# --- against the library ---------------------------------------------------------------------


@both
def test_every_footnote_of_an_unchanged_library_is_the_same(write: Write, library: Library) -> None:
    verdicts = verify_footnotes(read_footnotes(write(conversation())), library)
    assert [verdict.state for verdict in verdicts] == ["same"] * 3
    assert all(verdict.same_digest for verdict in verdicts)


@both
def test_a_paragraph_put_before_moves_them(write: Write, library: Library) -> None:
    report, _ = documents()
    put(library, edited(report, report.text, NEW + report.text))
    verdicts = verify_footnotes(read_footnotes(write(conversation())), library)
    assert [verdict.state for verdict in verdicts] == ["moved", "same", "moved"]
    for verdict in verdicts:
        assert verdict.found.span is not None
        assert library.text(verdict.found.span) == verdict.footnote.quote
    moved = verdicts[0]
    assert moved.found.span is not None
    assert moved.found.span.start == moved.footnote.span.start + len(NEW)
    assert moved.same_digest is False


@both
def test_a_changed_word_changes_one_footnote(write: Write, library: Library) -> None:
    report, _ = documents()
    put(library, edited(report, "a 20% rate", "a 25% rate"))
    assert states(write(conversation()), library) == ["changed", "same", "same"]


@both
def test_a_change_elsewhere_is_said(write: Write, library: Library) -> None:
    report, _ = documents()
    put(library, edited(report, report.text, report.text + "\nAn end."))
    verdicts = verify_footnotes(read_footnotes(write(conversation())), library)
    assert [(v.state, v.same_digest) for v in verdicts] == [
        ("same", False),
        ("same", True),
        ("same", False),
    ]


@both
def test_a_removed_document_is_gone(write: Write, library: Library) -> None:
    report, _ = documents()
    library.remove(report.id)
    verdicts = verify_footnotes(read_footnotes(write(conversation())), library)
    assert [verdict.state for verdict in verdicts] == ["gone", "same", "gone"]
    assert verdicts[0].same_digest is None


def test_of_a_repeated_sentence_the_right_occurrence_is_found(library: Library) -> None:
    report, _ = documents()
    citation = cite(report, RATE)
    twice = f"{citation.quote}\n"
    repeated = edited(report, report.text, report.text + f"\n{twice}Then came an end.\n")
    put(library, repeated)
    start = repeated.text.rindex(citation.quote)
    last = replace(
        citation, span=replace(citation.span, start=start, end=start + len(citation.quote))
    )
    text = export_markdown(
        [exchange("q", [claim("a", last), claim("b", cite(repeated, "Then"))], [repeated])]
    )
    added = "x" * len(repeated.text) + "\n"
    put(library, edited(repeated, repeated.text, added + repeated.text))
    found = [verdict.found.span for verdict in verify_footnotes(read_footnotes(text), library)]
    assert found[0] is not None
    assert found[0].start == start + len(added)


def test_versions_of_a_document_do_not_speak_for_each_other(library: Library) -> None:
    old = Document.of("a.txt", "A", "a.txt", "He said so.\nIt rose.\nHe said so.\nIt fell.\n")
    new = edited(old, old.text, "x" * 30 + "\n" + old.text)
    put(library, edited(new, "x" * 30, "x" * 32))
    first = exchange("q", [claim("a", cite(old, "It rose"))], [old])
    second = exchange("q", [claim("b", cite(new, "He said so."))], [new])
    found = [
        verdict.found.span
        for verdict in verify_footnotes(read_footnotes(export_markdown([first, second])), library)
    ]
    assert found[1] is not None
    assert found[1].start == cite(new, "He said so.").span.start + 2


def test_a_footnote_without_a_digest_is_verified_too(library: Library) -> None:
    bare = [replace(conversation()[0], digests={})]
    verdicts = verify_footnotes(read_footnotes(export_html(bare)), library)
    assert [(verdict.state, verdict.same_digest) for verdict in verdicts] == [("same", None)] * 2
    assert verify_footnotes([], library) == []


# --- what a person did to the file -----------------------------------------------------------


def shown(text: str, old: str, new: str) -> str:
    """`old` is changed where people read it."""
    return _changed(text, old, new, in_record=False)


def recorded(text: str, old: str, new: str) -> str:
    """`old` is changed in the record."""
    return _changed(text, old, new, in_record=True)


def _changed(text: str, old: str, new: str, *, in_record: bool) -> str:
    def holds_record(row: str) -> bool:
        return "<!-- footnote " in row or "data-footnote=" in row

    rows = text.split("\n")
    changed = [row.replace(old, new) if holds_record(row) == in_record else row for row in rows]
    assert changed != rows
    return "\n".join(changed)


PARTS = [
    ("quote", "a 20% rate just", "a 25% rate just"),
    ("quote", "just for the fentanyl", "just  not  for the fentanyl"),
    ("quote", "just for the fentanyl", "just \u202e for the fentanyl"),
    ("title", "A top Chinese official", "A Chinese official"),
    ("place", ":1859-1955", ":1859-1956"),
    ("place", ":1859-1955", ":11859-1955"),
    ("digest", "200b1c3d3dd4", "300b1c3d3dd4"),
]


@both
@pytest.mark.parametrize(("part", "old", "new"), PARTS)
def test_what_is_shown_and_the_record_cannot_part(
    write: Write, library: Library, part: str, old: str, new: str
) -> None:
    verdict = verify_footnotes(read_footnotes(shown(write(conversation()), old, new)), library)[0]
    assert verdict.state == "altered"
    assert verdict.footnote.altered == (part,)
    assert verdict.found.state == "same"


@both
def test_a_record_alone_cannot_be_changed(write: Write, library: Library) -> None:
    text = recorded(write(conversation()), "a 20% rate just", "a 25% rate just")
    verdict = verify_footnotes(read_footnotes(text), library)[0]
    assert verdict.state == "altered"
    assert verdict.found.state == "changed"


@both
def test_a_quote_that_was_changed_in_both_places_is_not_in_the_source(
    write: Write, library: Library
) -> None:
    text = write(conversation()).replace("a 20% rate just", "a 25% rate just")
    assert states(text, library) == ["changed", "same", "same"]


@pytest.mark.parametrize(
    "quote",
    [
        '<blockquote class="fn-quote">It was <b>not</b> so.</blockquote>',
        '<blockquote class="fn-quote">It was <i class="fn-facts">not</i> so.</blockquote>',
        '<blockquote class="fn-quote">It was so.</blockquote><blockquote>Not.</blockquote>',
        "<p>It was so.</p>",
        "",
    ],
)
def test_markup_does_not_hide_a_change(quote: str) -> None:
    note = Footnote(1, "It was so.", "", "", documents_span(), "")
    facts = f'<p class="fn-facts">{note.reference}</p>'
    attribute = footnote_record(note).replace('"', "&quot;")
    item = f'<ol><li value="1" data-footnote="{attribute}">%s{facts}</li></ol>'
    fine = '<blockquote class="fn-quote">It was\nso.</blockquote>'
    assert read_footnotes(item % fine)[0].altered == ()
    assert read_footnotes(item % quote)[0].altered == ("quote",)


def documents_span() -> Span:
    return cite(documents()[0], RATE).span


@both
def test_a_number_that_was_changed_is_noticed(write: Write, library: Library) -> None:
    text = write(conversation())
    text = text.replace("[^3]", "[^4]").replace("#fn-3", "#fn-4").replace('value="3"', 'value="4"')
    verdict = verify_footnotes(read_footnotes(text), library)[2]
    assert verdict.footnote.number == 4
    assert verdict.footnote.altered == ("number",)


def test_light_editing_of_the_rest_does_no_harm(library: Library) -> None:
    text = export_markdown(conversation())
    text = text.replace("A 20% rate applies", "In *short*, a 20% rate applies")
    text = shown(text, "for reciprocal duties", "\n    > for reciprocal duties")
    text = text.replace("[^2]: >", "[^2]:\n\n    >")
    text = "\ufeffDear all,\n\n" + text.replace("\n", "\r\n") + "\r\n\r\n[^mine]: A remark.\r\n"
    assert states(text, library) == ["same"] * 3
    page = export_html(conversation()).replace("<h1>", "<p>Dear all,</p><h1>")
    page = page.replace('<li id="fn-1" value="1"', "<LI VALUE=1 class='x'")
    page = shown(page, "for reciprocal", "\n   for reciprocal").replace("\n", "\r\n")
    assert states(page, library) == ["same"] * 3


def test_footnotes_alone_are_enough(library: Library) -> None:
    text = export_markdown(conversation())
    assert states(text[text.index("[^2]: >") :], library) == ["same"] * 2
    page = export_html(conversation())
    assert states(page[page.index("<ol>") : page.index("</ol>")], library) == ["same"] * 3


# --- what cannot be read ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["", "Just words.", "# A title\n\nWords.[^1]\n\n[^1]: A book.", "<p>Hello</p>", "\0\ud800"],
)
def test_a_text_without_footnotes_is_refused(text: str) -> None:
    with pytest.raises(FootnotesUnreadable, match="no footnotes"):
        read_footnotes(text)


@both
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("start", "begin"),
        ("footnote.footnote/1", "footnote.footnote/2"),
        (": 1859,", ": 2000,"),  # the end lies before the start
        (": 1859,", ": true,"),
        (": 1859,", ": 1859"),
        (": 1859,", f": {'[' * 100_000},"),
        (": 1859,", f": {'9' * 10_000},"),
    ],
)
def test_a_malformed_record_is_named(write: Write, old: str, new: str) -> None:
    with pytest.raises(FootnotesUnreadable, match=r"^Footnote 1 has a record that cannot be read"):
        read_footnotes(recorded(write(conversation()), old, new))


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("[^3]: >", "[^2]: >", "Footnote 2 is there twice"),
        ("[^3]: >", "\\[^3]: >", "The record of a footnote stands outside"),
        ("next year. *", "next year.[^7] *", "Footnote 7 is referred to, and missing"),
        ("[^1]: >", "[^8]: A remark.\n[^1]: >", "Footnote 8 has no record"),
    ],
)
def test_a_malformed_markdown_file_is_told_of(old: str, new: str, problem: str) -> None:
    text = export_markdown(conversation())
    assert old in text
    with pytest.raises(FootnotesUnreadable, match=problem):
        read_footnotes(text.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('value="3"', 'value="2"', "Footnote 2 is there twice"),
        ('href="#fn-3"', 'href="#fn-7"', "Footnote 7 is referred to, and missing"),
    ],
)
def test_a_malformed_page_is_told_of(old: str, new: str, problem: str) -> None:
    text = export_html(conversation())
    assert old in text
    with pytest.raises(FootnotesUnreadable, match=problem):
        read_footnotes(text.replace(old, new))


@pytest.mark.parametrize("piece", ["<", "<a ", "<a b='", "<!--", "&", "[^1]: ", "[^", "\x1b]"])
@pytest.mark.parametrize("opening", ["data-footnote=", "<!-- footnote {"])
def test_a_hostile_file_takes_no_quadratic_time(opening: str, piece: str) -> None:
    with pytest.raises(FootnotesUnreadable):
        read_footnotes(opening + piece * 200_000)


PIECES = [
    "<!-- footnote {",
    "} -->",
    "[^1]: > x\n",
    "    ",
    "<li data-footnote='{}'",
    ">",
    "<",
    "\n",
]


@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=5)), max_size=8).map("".join))
@example('<li data-footnote="{}" value="1">')
@example("[^1]: > <!-- footnote {} -->")
def test_no_text_breaks_the_reader(text: str) -> None:
    with pytest.raises(FootnoteError) as raised:
        read_footnotes(text)
    assert raised.value.remedy


@given(st.text(), st.text(), st.text(), st.integers(0, 2**70), st.integers(0, 9))
def test_a_record_holds_everything_and_can_end_nothing(
    quote: str, title: str, id: str, start: int, length: int
) -> None:
    note = Footnote(3, quote, title, id, Span(id, start, start + length), title)
    written = footnote_record(note)
    assert written.isascii()
    assert not {"<", ">", "&", "\n"} & set(written)
    assert "--" not in written
    values = json.loads(written)
    assert (values["quote"], values["title"], values["digest"]) == (quote, title, title)
    assert Span(values["document_id"], values["start"], values["end"]) == note.span
