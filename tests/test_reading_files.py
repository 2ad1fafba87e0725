"""Files of every kind become documents, or an error that says what to do."""

from __future__ import annotations

import json
import os
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pypdf
import pytest

from rag.errors import SourceError
from rag.events import Failed, Warned
from rag.ingest.chunking import chunk_document
from rag.ingest.folders import find_files as find_files_of_kinds
from rag.ingest.pdf_pages import page_of
from rag.ingest.readers import (
    FILE_SUFFIXES,
    MAX_FILE_BYTES,
    MAX_HTML_BYTES,
    MAX_XML_BYTES,
    read_file,
    read_page,
)
from rag.store.documents import Library
from rag.text.sentences import split_sentences
from rag.types import Document

SEEDS = Path(__file__).parent.parent / "seeds"


# --- text and Markdown -----------------------------------------------------------------------


def test_text_is_stored_exactly_as_it_is(tmp_path: Path) -> None:
    text = "  Talks resume\n\n\tThe “talks” — 日本 🎉 — resume.\x0c\n\n"
    document = one(tmp_path / "a.txt", text.encode())
    assert document.text == text
    assert document.id == "a.txt"
    assert document.source == str((tmp_path / "a.txt").resolve())
    assert document.published is None


def test_byte_order_marks_and_line_ends_are_not_text(tmp_path: Path) -> None:
    assert one(tmp_path / "a.txt", b"\xef\xbb\xbfone\r\ntwo\rthree").text == "one\ntwo\nthree"
    assert one(tmp_path / "a.txt", "один\r\ntwo".encode("utf-16")).text == "один\ntwo"
    assert one(tmp_path / "a.txt", b"\xfe\xff" + "один".encode("utf-16-be")).text == "один"
    assert one(tmp_path / "a.txt", "abc".encode("utf-32")).text == "abc"


def test_text_from_old_windows_programs_is_read(tmp_path: Path) -> None:
    assert one(tmp_path / "a.txt", "“Café” – 5 €".encode("cp1252")).text == "“Café” – 5 €"


@pytest.mark.parametrize(
    "data",
    [
        b"PK\x03\x04\x00\x00\x00",
        bytes(range(1, 32)) * 20,
        b"\x81\x8d\x8f text",
        b"\xff\xfea",
    ],
)
def test_binary_files_are_refused(tmp_path: Path, data: bytes) -> None:
    assert "not text" in refusal(tmp_path / "a.txt", data).problem


@pytest.mark.parametrize("suffix", FILE_SUFFIXES)
@pytest.mark.parametrize("data", [b"", b" \n\t\r\n "])
def test_empty_files_are_refused(tmp_path: Path, suffix: str, data: bytes) -> None:
    assert refusal(tmp_path / f"a{suffix}", data).problem == f"a{suffix} is empty."


def test_a_text_of_fifty_megabytes_loads(tmp_path: Path) -> None:
    line = "The talks resumed on Monday in Paris.\n"
    document = one(tmp_path / "a.txt", (line * (50_000_000 // len(line))).encode())
    assert document.text.count("\n") == 50_000_000 // len(line)


def test_the_seeds_get_readable_titles() -> None:
    titles = [read_file(path)[0].title for path in sorted(SEEDS.glob("*.txt"))]
    assert titles == [
        "A top Chinese official has been asking what the Trump administration wants…",
        "Chinese Official seeks Trump talks on Fentanyl precursors amid trade War tensions",
    ]


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Talks resume\n\nThey do.", "Talks resume"),
        ("Will talks resume?\n\nThey will.", "Will talks resume?"),
        ("\n\n  Talks   resume  \nThey do.", "Talks resume"),
        ("-----\n*** Talks resume ***\n-----\n", "Talks resume"),
        ("It ended. Then it began.", "It ended."),
        ("word " * 60, ("word " * 16).strip() + "…"),
        ("w" * 500, "w" * 79 + "…"),
        ("Talks\x07 \x1bresume\u202e\n\n" + "They do. " * 9, "Talks resume"),
        ("… — !!!", "some-file"),
    ],
)
def test_the_title_of_a_text_is_its_headline(tmp_path: Path, text: str, title: str) -> None:
    assert one(tmp_path / "some-file.txt", text.encode()).title == title


@pytest.mark.parametrize(
    ("text", "title", "published"),
    [
        ("intro line\n\n# Talks *resume* #\n\nText.", "Talks *resume*", None),
        ("Headline\n```\n# not a title\n```\n", "Headline", None),
        ("## Talks\n\nText.", "Talks", None),
        ("---\ntitle: 'Talks resume'\ndate: 2026-01-09\n---\nText.", "Talks resume", "2026-01-09"),
        ("---\ndate: last week\n---\n# Talks\n", "Talks", None),
    ],
)
def test_markdown_states_its_title(
    tmp_path: Path, text: str, title: str, published: str | None
) -> None:
    document = one(tmp_path / "a.md", text.encode())
    assert (document.title, document.published, document.text) == (title, published, text)


# --- web pages -------------------------------------------------------------------------------

PARAGRAPHS = [
    f"Paragraph {number} says that the talks about the tariffs went on, and nobody left early."
    for number in range(1, 9)
]
PAGE = f"""<?xml version="1.0" encoding="iso-8859-1"?>
<!DOCTYPE html><html><head><title>Talks “resume” | The Paper</title>
<meta charset="utf-8"><meta property="og:title" content="Talks “resume”">
<meta property="article:published_time" content="2026-01-09T10:00:00Z">
<style>p {{ color: red }}</style><script>alert("script")</script></head>
<body><nav><ul><li><a href="/">Home</a></li><li><a href="/about">About us</a></li></ul></nav>
<article><h1>Talks “resume”</h1>{"".join(f"<p>{text}</p>" for text in PARAGRAPHS)}</article>
<footer><a href="/terms">Terms of use</a></footer></body></html>"""


@pytest.mark.parametrize("suffix", ["html", "htm"])
def test_a_page_gives_its_article_title_and_date(tmp_path: Path, suffix: str) -> None:
    document = one(tmp_path / f"a.{suffix}", PAGE.encode())
    assert all(text in document.text.split("\n") for text in PARAGRAPHS)
    for furniture in ("script", "color", "About us", "Terms of use"):
        assert furniture not in document.text
    assert document.title == "Talks “resume”"
    assert document.published == "2026-01-09"


def test_a_date_in_running_text_is_no_date_of_publication(tmp_path: Path) -> None:
    page = "<html><body><p>The war began on 1 September 1939 and was long.</p></body></html>"
    document = one(tmp_path / "a.html", page.encode())
    assert "1939" in document.text
    assert document.published is None


def test_a_page_in_the_encoding_it_claims(tmp_path: Path) -> None:
    page = '<html><head><meta charset="windows-1251"></head><body><p>Это длинный текст.</p>'
    assert "Это длинный текст." in one(tmp_path / "a.html", page.encode("cp1251")).text
    page = '<html><head><meta charset="idna"></head><body><p>Un café noir.</p>'
    assert "Un café noir." in one(tmp_path / "a.html", page.encode("cp1252")).text


@pytest.mark.parametrize("page", ["<p>Only one line.</p>", "Only one line.", "<b>Only one line."])
def test_a_fragment_of_a_page_is_read_too(tmp_path: Path, page: str) -> None:
    assert "Only one line." in one(tmp_path / "a.html", page.encode()).text


@pytest.mark.parametrize(
    "page", ["<html><body><script>run()</script></body></html>", "<div>" * 50_000]
)
def test_a_page_without_text_is_refused(tmp_path: Path, page: str) -> None:
    assert "contains no text" in refusal(tmp_path / "a.html", page.encode()).problem


def test_a_slow_or_unknown_encoding_is_ignored(tmp_path: Path) -> None:
    for charset in ("punycode", "unicode_escape", "utf-7", "no-such"):
        page = f'<html><head><meta charset="{charset}"></head><body><p>Un café noir.</p>'
        assert "Un café noir." in one(tmp_path / "a.html", page.encode("cp1252")).text


def test_a_page_on_the_web_is_read_like_a_file() -> None:
    url = "https://example.org/news/talks?id=1"
    document = read_page(url, ".html", PAGE.encode())
    assert (document.id, document.source) == (url, url)
    assert (document.title, document.published) == ("Talks “resume”", "2026-01-09")
    assert PARAGRAPHS[0] in document.text


def test_a_text_on_the_web_is_in_the_encoding_its_server_states() -> None:
    for charset in ("windows-1251", ""):
        data = "Это текст.".encode(charset or "utf-8")
        assert read_page("https://example.org/a", ".txt", data, charset).text == "Это текст."
    german = "<html><body><p>Ein schönes Stück Text.</p></body></html>".encode("cp1252")
    assert "schönes Stück" in read_page("https://example.org/a", ".html", german, "punycode").text


def test_a_pdf_on_the_web_has_pages() -> None:
    document = read_page("https://example.org/paper", ".pdf", pdf("Talks resume.", "They end."))
    assert page_of(document, document.text.index("They end.")) == 2


@pytest.mark.parametrize(
    ("url", "title"),
    [
        ("https://example.org/a/the%20talks.txt", "the talks"),
        ("https://example.org/", "example.org"),
    ],
)
def test_a_page_without_words_of_its_own_is_named_after_its_url(url: str, title: str) -> None:
    assert read_page(url, ".txt", "… — !!!".encode()).title == title


@pytest.mark.parametrize(
    ("kind", "data", "problem"),
    [
        (".html", b" \n", "The page is empty."),
        (".html", b"<script>run()</script>", "The page contains no text."),
        (".pdf", b"%PDF-1.7", "The page is damaged or not a PDF."),
        (".txt", bytes(99), "The page is not text, whatever its name says."),
    ],
)
def test_a_page_that_cannot_be_read_is_refused(kind: str, data: bytes, problem: str) -> None:
    with pytest.raises(SourceError) as caught:
        read_page("https://example.org/a", kind, data)
    assert caught.value.problem == problem


# --- PDF -------------------------------------------------------------------------------------


def test_a_pdf_gives_its_pages_and_its_title(tmp_path: Path) -> None:
    document = one(tmp_path / "a.pdf", pdf("Talks resume.", "They go on.", title="The talks"))
    assert document.text == "Talks resume.\n\f\nThey go on."
    assert document.title == "The talks"


def test_each_character_of_a_pdf_is_on_its_page(tmp_path: Path) -> None:
    lines = ["", "Talks resume on Monday.", "", "They go on. Nobody leaves.", "They end."]
    document = one(tmp_path / "A.PDF", pdf(*lines))
    assert document.title == "Talks resume on Monday."
    for number, line in enumerate(lines, 1):
        if line:
            start = document.text.index(line)
            assert {page_of(document, start + n) for n in range(len(line))} == {number}


def test_a_pdf_of_many_pages_is_cut_and_found_like_any_text(tmp_path: Path) -> None:
    lines = [f"Page {n} is about matter {n}. It says that item{n} rose." for n in range(1, 40)]
    lines[20] = "An unfinished sentence that goes on"
    lines[21] = "in lower case on the next page."
    document = one(tmp_path / "a.pdf", pdf(*lines))
    text, spans, chunks = (
        document.text,
        split_sentences(document.text),
        chunk_document(document, 40),
    )
    assert [text[start:end].split("\f") for start, end in spans if "\f" in text[start:end]] == []
    for covered in (spans, [(made.span.start, made.span.end) for made in chunks]):
        ends = [0, *(end for _, end in covered)]
        between = [text[end:start] for end, (start, _) in zip(ends, covered, strict=False)]
        assert "".join([*between, text[ends[-1] :]]).strip() == ""
    with Library.open(tmp_path / "library.db") as library:
        library.put(document, chunks)
        for number in (1, 17, 39):
            [hit] = library.search(f"item{number}", 9)
            start = hit.chunk.span.start + library.text(hit.chunk.span).index(f"item{number}")
            assert page_of(document, start) == number


@pytest.mark.parametrize(
    ("source", "text", "page"),
    [
        ("/home/a.pdf", "one", 1),
        ("/home/a.txt", "one\n\f\ntwo", None),
        ("/home/a.jsonl#b.pdf", "one", None),
        ("https://example.org/a.pdf?version=2", "one", 1),
        ("https://example.org/pdf/2601.01", "one\n\f\ntwo", 2),
        ("https://example.org/a?b=c.pdf", "one", None),
    ],
)
def test_only_a_pdf_has_pages(source: str, text: str, page: int | None) -> None:
    assert page_of(Document.of("a", "A", source, text), len(text)) == page


@pytest.mark.parametrize("title", ["", "Microsoft Word - talks.doc", "Untitled", "talks.indd"])
def test_a_title_that_a_program_made_up_is_ignored(tmp_path: Path, title: str) -> None:
    assert one(tmp_path / "a.pdf", pdf("Talks resume", title=title)).title == "Talks resume"


def test_a_locked_pdf_is_refused(tmp_path: Path) -> None:
    error = refusal(tmp_path / "a.pdf", locked(pdf("secret"), "password"))
    assert "password" in error.problem


def test_a_pdf_that_only_forbids_changes_is_read(tmp_path: Path) -> None:
    assert one(tmp_path / "a.pdf", locked(pdf("Talks resume."), "")).text == "Talks resume."


def test_a_pdf_of_pictures_is_refused(tmp_path: Path) -> None:
    error = refusal(tmp_path / "a.pdf", pdf("", ""))
    assert "only pictures" in error.problem
    assert "OCR" in error.remedy


@pytest.mark.parametrize("data", [b"%PDF-1.7\ngarbage", b"hello", b"%PDF-1.4\n" * 40])
def test_a_damaged_pdf_is_refused(tmp_path: Path, data: bytes) -> None:
    assert "damaged" in refusal(tmp_path / "a.pdf", data).problem


def test_a_pdf_cut_short_is_refused_or_read_in_part(tmp_path: Path) -> None:
    whole = pdf("Talks resume.")
    for size in range(len(whole) // 2, len(whole), 50):
        (tmp_path / "a.pdf").write_bytes(whole[:size])
        try:
            text = read_file(tmp_path / "a.pdf")[0].text
        except SourceError:
            continue
        assert text == "Talks resume."


# --- Word ------------------------------------------------------------------------------------


def test_a_word_file_gives_its_paragraphs_and_its_title(tmp_path: Path) -> None:
    data = docx("Talks &amp; more", "", "They go on.", title="The talks &amp; more")
    document = one(tmp_path / "a.docx", data)
    assert document.text == "Talks & more\n\nThey go on."
    assert document.title == "The talks & more"


def test_a_word_file_without_a_title_is_named_after_its_first_line(tmp_path: Path) -> None:
    assert one(tmp_path / "a.docx", docx("Talks resume", "They do.")).title == "Talks resume"


@pytest.mark.parametrize(
    "data",
    [
        b"PK garbage",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 an encrypted one",
        pytest.param(b"zip", id="no document in it"),
        pytest.param(b"xml", id="broken xml"),
        pytest.param(b"bomb", id="entities"),
    ],
)
def test_a_damaged_word_file_is_refused(tmp_path: Path, data: bytes) -> None:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 50}">' for n in range(1, 12))
    bomb = f'<!DOCTYPE d [<!ENTITY e0 "boom">{entities}]><d>&e11;</d>'
    data = {
        b"zip": archive({"other.xml": "<a/>"}),
        b"xml": archive({"word/document.xml": "<a><b></a>"}),
        b"bomb": archive({"word/document.xml": bomb}),
    }.get(data, data)
    assert "damaged" in refusal(tmp_path / "a.docx", data).problem


def test_a_word_file_that_unpacks_to_a_flood_is_refused(tmp_path: Path) -> None:
    data = archive({"word/document.xml": "<a>" + " " * MAX_XML_BYTES + "</a>"})
    assert len(data) < MAX_XML_BYTES // 100
    assert "unpacks" in refusal(tmp_path / "a.docx", data).problem


def test_an_empty_word_file_is_refused(tmp_path: Path) -> None:
    assert "empty" in refusal(tmp_path / "a.docx", docx("", "")).problem


# --- records ---------------------------------------------------------------------------------


def test_each_record_is_a_document(tmp_path: Path) -> None:
    records = [
        {"text": "One\r\ntwo.", "title": "First", "id": "a", "published": "2026-01-09T10:00:00Z"},
        {"body": "Second line", "date": "2026-01-10"},
        {"content": "Third\u2028line", "id": 7, "published": "in May", "title": ""},
    ]
    lines = "\r\n\r\n".join(json.dumps(record, ensure_ascii=False) for record in records)
    (tmp_path / "a.jsonl").write_bytes(b"\xef\xbb\xbf" + lines.encode())
    source = str((tmp_path / "a.jsonl").resolve())
    assert read_file(tmp_path / "a.jsonl") == [
        Document.of("a.jsonl#a", "First", f"{source}#a", "One\ntwo.", "2026-01-09"),
        Document.of("a.jsonl#3", "Second line", f"{source}#3", "Second line", "2026-01-10"),
        Document.of("a.jsonl#7", "Third line", f"{source}#7", "Third\u2028line"),
    ]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{", "has no JSON object in line 2"),
        ("[1]", "has no JSON object in line 2"),
        ("[" * 100_000, "has no JSON object in line 2"),
        ('{"title": "x"}', "has no text in line 2"),
        ('{"text": "  "}', "has no text in line 2"),
        ('{"text": 5}', "has no text in line 2"),
        ('{"text": "x", "id": "1"}', "repeats an id in line 2"),
    ],
)
def test_a_bad_record_is_named_and_the_others_are_read(
    tmp_path: Path, line: str, problem: str
) -> None:
    data = f'{{"text": "fine"}}\n{line}\n{{"text": "good"}}\n{line}'.encode()
    (tmp_path / "a.jsonl").write_bytes(data)
    problems: list[Failed | Warned] = []
    documents = read_file(tmp_path / "a.jsonl", problems.append)
    assert [document.text for document in documents] == ["fine", "good"]
    first, second = problems
    assert isinstance(first, Failed)
    assert isinstance(second, Failed)
    assert f"a.jsonl {problem}" in first.error
    assert "in line 4" in second.error


def test_records_of_which_none_can_be_read_are_an_error(tmp_path: Path) -> None:
    assert "in line 1" in refusal(tmp_path / "a.jsonl", b'{"id": 1}\n[]').problem


def test_an_id_may_have_any_length(tmp_path: Path) -> None:
    ids = [f"https://example.org/{'deep/' * 500}{number}" for number in range(3)]
    lines = [json.dumps({"id": id, "text": f"Page {id[-1]}."}) for id in ids]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    assert [each.id for each in read_file(tmp_path / "a.jsonl")] == [f"a.jsonl#{id}" for id in ids]


# --- files that cannot be opened -------------------------------------------------------------


def test_an_unknown_kind_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    error = refusal(tmp_path / "a.xls", b"text")
    assert all(suffix in error.remedy for suffix in FILE_SUFFIXES)


def test_the_ending_may_be_in_capitals(tmp_path: Path) -> None:
    assert one(tmp_path / "A.TXT", b"text").id == "A.TXT"


@pytest.mark.parametrize(("suffix", "limit"), [("txt", MAX_FILE_BYTES), ("html", MAX_HTML_BYTES)])
def test_a_file_that_is_too_large_is_refused(tmp_path: Path, suffix: str, limit: int) -> None:
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(b"a")
    os.truncate(path, limit + 1)
    with pytest.raises(SourceError, match="is over"):
        read_file(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.txt").mkdir()
    for name in ("missing.txt", "folder.txt"):
        with pytest.raises(SourceError, match="is not a file"):
            read_file(tmp_path / name)


def test_a_file_without_permission_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.txt"
    path.write_text("text")
    path.chmod(0)
    if os.access(path, os.R_OK):  # root may read everything

        def refuse(path: Path) -> bytes:
            raise PermissionError(13, "Permission denied", str(path))

        monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(SourceError, match="not yours to read"):
        read_file(path)


def test_no_control_character_of_a_name_reaches_a_message(tmp_path: Path) -> None:
    error = refusal(tmp_path / "a\x1b[31m\nb.txt", b"")
    assert error.problem == "a [31m b.txt is empty."


@pytest.mark.parametrize("suffix", ["pdf", "html", "docx"])
def test_nothing_is_printed(
    tmp_path: Path, suffix: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    files = {"pdf": [b"%PDF-1.7\nx", pdf("a")[:-40]], "html": [b"<x", PAGE.encode()]}
    with warnings.catch_warnings(record=True) as warned:
        for data in files.get(suffix, [b"PK", docx("a")]):
            (tmp_path / f"a.{suffix}").write_bytes(data)
            try:
                read_file(tmp_path / f"a.{suffix}")
            except SourceError:
                continue
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []
    assert warned == []


# --- finding files ---------------------------------------------------------------------------


def test_folders_are_searched_for_known_files_in_order(tmp_path: Path) -> None:
    for name in ("b.txt", "a/z.MD", "a/c.pdf", ".hidden.txt", ".git/x.txt", "a/x.exe", "c.jsonl"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("text")
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    (tmp_path / "broken.txt").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe.txt")
    found = [str(path.relative_to(tmp_path)) for path in find_files([tmp_path])]
    assert found == ["a/c.pdf", "a/z.MD", "b.txt", "c.jsonl"]


def test_files_that_are_given_are_found_as_they_are_and_once(tmp_path: Path) -> None:
    for name in ("a.txt", "b.exe", ".hidden.txt"):
        (tmp_path / name).write_text("text")
    given = [tmp_path / "b.exe", tmp_path / ".hidden.txt", tmp_path / "b.exe"]
    assert list(find_files(given)) == given[:2]
    assert list(find_files([tmp_path, tmp_path / "a.txt"])) == [tmp_path / "a.txt"]
    assert list(find_files([])) == []


def test_a_missing_path_is_an_error_before_anything_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text")
    with pytest.raises(SourceError, match="missing cannot be found"):
        next(find_files([tmp_path, tmp_path / "missing"]))


def test_a_folder_that_cannot_be_opened_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shut").mkdir()
    (tmp_path / "shut").chmod(0)
    if os.access(tmp_path / "shut", os.R_OK):  # root may open everything
        opened = os.scandir

        def refuse(path: Path) -> object:
            if path.name == "shut":
                raise PermissionError(13, "Permission denied", str(path))
            return opened(path)

        monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(SourceError, match="shut cannot be opened"):
        list(find_files([tmp_path]))
    (tmp_path / "shut").chmod(0o700)


def find_files(paths: list[Path]) -> Iterator[Path]:
    return find_files_of_kinds(paths, FILE_SUFFIXES, Counter())


# --- small files of each kind ----------------------------------------------------------------


def one(path: Path, data: bytes) -> Document:
    path.write_bytes(data)
    (document,) = read_file(path)
    return document


def refusal(path: Path, data: bytes) -> SourceError:
    path.write_bytes(data)
    with pytest.raises(SourceError) as caught:
        read_file(path)
    return caught.value


def pdf(*pages: str, title: str = "") -> bytes:
    """A PDF with one line of ASCII text on each page."""
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(len(pages)))
    bodies = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {len(pages)} /Kids [{kids}] >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number, text in enumerate(pages):
        drawn = f"BT /F1 12 Tf 50 700 Td ({text}) Tj ET" if text else "0 0 9 9 re f"
        bodies += [
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents {5 + 2 * number} 0 R"
            " /Resources << /Font << /F1 3 0 R >> >> >>",
            f"<< /Length {len(drawn)} >>\nstream\n{drawn}\nendstream",
        ]
    bodies.append(f"<< /Title ({title}) >>")
    data, places = b"%PDF-1.4\n", []
    for number, body in enumerate(bodies, 1):
        places.append(len(data))
        data += f"{number} 0 obj\n{body}\nendobj\n".encode()
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    size = len(bodies) + 1
    trailer = f"<< /Size {size} /Root 1 0 R /Info {size - 1} 0 R >>\nstartxref\n{len(data)}\n%%EOF"
    return data + f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n{trailer}\n".encode()


def locked(data: bytes, password: str) -> bytes:
    writer = pypdf.PdfWriter(clone_from=BytesIO(data))
    writer.encrypt(user_password=password, owner_password="owner", algorithm="AES-256")
    file = BytesIO()
    writer.write(file)
    return file.getvalue()


def docx(*paragraphs: str, title: str = "") -> bytes:
    word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    text = "".join(f"<w:p><w:r><w:t>{line}</w:t></w:r></w:p>" for line in paragraphs)
    core = (
        '<cp:coreProperties xmlns:cp="urn:core" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<dc:title>{title}</dc:title></cp:coreProperties>"
    )
    body = f'<w:document xmlns:w="{word}"><w:body>{text}</w:body></w:document>'
    return archive({"word/document.xml": body, "docProps/core.xml": core})


def archive(parts: dict[str, str]) -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as written:
        for name, text in parts.items():
            written.writestr(name, text)
    return file.getvalue()
