"""An export is read by people and by `footnote verify`, and nothing in it is markup but ours."""

from __future__ import annotations

import re
from dataclasses import replace
from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from rag.types import Citation, Document, Span
from tests.exports import claim, conversation, declined, documents, exchange
from tests.html_tree import parse
from ui.questions.exchange import Exchange
from ui.records.export import export_html, export_markdown
from ui.records.footnotes import Footnote, read_footnotes
from ui.safe_text import one_line

NASTY = [
    "](javascript:alert(1))",
    "<script>alert(1)</script>",
    "</style></li></ol><img src=x onerror=alert(1)>",
    "![x](https://tracker.example/a.png)",
    "[^1]: > false",
    "[^9]",
    "`` ` ``",
    "| a | b |\n|---|---|",
    "# heading",
    "- item\n1. one\n2) two\n+ plus",
    "===\n---\n***",
    "<!-- footnote {} --> --> <!--",
    'data-footnote="{}"',
    "https://evil.example/x?a=1&b=2 www.evil.example",
    "&lt;b&gt; &amp;copy; &#x202e;",
    "    code\n\tcode",
    "~~~\nfence\n```",
    "$x$ {#id .class} {{ site.x }} @name",
    "\"quoted\" 'it' “so” (x)",
    "\\ \\\\ \\[",
    "\x1b[31mred\x07 \u202egnp.exe \u2028 \x00 \r\n \x85 \ufeff \ud800",
    "*a* _b_ **c** 5 * 3",
    "Zölle 20 % — ähnlich 𝟚𝟘％ 🙂",
    "<https://evil.example>",
    "\n\n\n",
    "",
]
nasty = st.lists(st.one_of(st.sampled_from(NASTY), st.text(max_size=20)), max_size=4).map("".join)


def asked(question: str, sentence: str, quote: str, title: str, source: str, id: str) -> Exchange:
    """An exchange in which everything came from somebody else."""
    document = Document("x", title, source, None, quote, "5" * 64)
    cited = Citation(1, Span(id, 7, 7 + len(quote)), quote)
    claims = [claim(sentence, cited, support="partial", reasons=[question])]
    given = exchange(question, claims, [document])
    passages = tuple(replace(each, span=cited.span) for each in given.evidence)
    return replace(given, evidence=passages, digests={id: "5" * 64}, rewritten_as=question)


def body_of(text: str) -> tuple[list[Token], list[Token]]:
    """The tokens of a Markdown export before the first footnote, and those of that footnote."""
    before, number, after = re.split(r"(?m)^(\[\^1\]:)", text, maxsplit=1)
    assert number == "[^1]:"
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    return parser.parse(before), parser.parse(dedent(f"    {after.lstrip(' ')}"))


def kinds(tokens: list[Token]) -> set[str]:
    return {token.type.removesuffix("_open").removesuffix("_close") for token in flat(tokens)}


def flat(tokens: list[Token]) -> list[Token]:
    return [each for token in tokens for each in (token, *(token.children or ()))]


@settings(max_examples=60)
@given(*[nasty] * 6)
def test_both_formats_come_back_character_by_character(
    question: str, sentence: str, quote: str, title: str, source: str, id: str
) -> None:
    exchanges = [asked(question, sentence, quote, title, source, id)]
    written = [
        export_markdown(exchanges),
        export_html(exchanges),
        export_markdown(exchanges, title),
    ]
    for text in written:
        text.encode()  # can be stored
        (footnote,) = read_footnotes(text)
        assert footnote.quote == quote
        assert footnote.title == title
        assert footnote.span == Span(id, 7, 7 + len(quote))
        assert footnote.digest == "5" * 64
        assert footnote.altered == ()
        assert read_footnotes(text.replace("\n", "\r\n")) == [footnote]


@settings(max_examples=60)
@given(*[nasty] * 6)
def test_no_text_is_markup_in_markdown(
    question: str, sentence: str, quote: str, title: str, source: str, id: str
) -> None:
    text = export_markdown([asked(question, sentence, quote, title, source, id)], f"T {title}")
    before, note = body_of(text)
    plain = {"heading", "paragraph", "inline", "text", "em", "strong", "code_inline", "hr"}
    assert kinds(before) <= plain | {"text_special"}
    assert sum(token.type == "heading_open" for token in before) == 2
    assert [t.content for t in flat(before) if t.type == "code_inline"] == ["footnote verify FILE"]
    is_link = source.startswith(("http://", "https://"))
    allowed = plain - {"heading", "hr", "code_inline"}
    allowed |= {"blockquote", "hardbreak", "softbreak", "html_block", "text_special"}
    assert kinds(note) <= allowed | ({"link"} if is_link else set())
    shown = next((t for t in note if t.type == "inline"), None) if one_line(quote) else None
    if shown:
        words = "".join(t.content or " " for t in shown.children or ())
        assert one_line(words) == one_line(quote)
    assert sum(token.type == "html_block" for token in note) == 1


@settings(max_examples=60)
@given(*[nasty] * 6)
def test_no_text_is_markup_in_html(
    question: str, sentence: str, quote: str, title: str, source: str, id: str
) -> None:
    page = parse(export_html([asked(question, sentence, quote, title, source, id)], f"T {title}"))
    plain = parse(export_html([asked("q", "s", "x", "t", "a.txt", "b.txt")], "t"))
    links = [each.attrs["href"] for each in page.all(tag="a")]
    assert [h for h in links if not re.fullmatch(r"#[a-z0-9-]+|https?://[!-~]+", h)] == []
    names = [
        (each.tag, sorted(each.attrs)) for each in page.walk() if each.attrs.get("href") != source
    ]
    assert names == [(each.tag, sorted(each.attrs)) for each in plain.walk()]
    if one_line(sentence):
        assert one_line(sentence) in " ".join(page.text.split())


def test_a_page_asks_nothing_of_any_host() -> None:
    page = export_html(conversation())
    elements = list(parse(page).walk())
    fetching = {"script", "link", "img", "iframe", "object", "base", "form"}
    assert not fetching & {each.tag for each in elements}
    assert "url(" not in page
    assert "@import" not in page
    assert any("default-src 'none'" in each.attrs.get("content", "") for each in elements)
    assert all(each.tag == "a" or not {"src", "href"} & set(each.attrs) for each in elements)


def test_points_are_lists_below_their_headings_in_both_formats() -> None:
    source = documents()[0]
    cited = Citation(1, Span(source.id, 0, 12), source.text[:12])
    points = [replace(claim(text, cited), group="Key *points*") for text in ("One.", "Two.")]
    given = [exchange("Summarize.", [claim("Lead.", cited), *points], [source])]
    tokens = flat(MarkdownIt().parse(str(export_markdown(given))))
    assert sum(token.type == "list_item_open" for token in tokens) >= 2
    (heading,) = [
        each for each in parse(str(export_html(given))).all(tag="h3") if "Key" in each.text
    ]
    assert heading.text == "Key *points*"
    items = [each.text for each in parse(str(export_html(given))).all(tag="li")]
    assert any(item.startswith("One.") for item in items)
    assert any(item.startswith("Two.") for item in items)


@pytest.mark.parametrize("write", [export_markdown, export_html])
def test_a_span_that_is_cited_twice_is_one_footnote(write: type) -> None:
    footnotes = read_footnotes(str(write(conversation())))
    assert [footnote.number for footnote in footnotes] == [1, 2, 3]
    spans = {citation.span for e in conversation() for c in e.claims for citation in c.citations}
    assert {footnote.span for footnote in footnotes} == spans


def test_a_span_of_two_versions_of_a_document_is_two_footnotes() -> None:
    first = asked("q", "s", "quote", "t", "a.txt", "a.txt")
    later = replace(first, id="9" * 16, digests={"a.txt": "6" * 64})
    digests = [footnote.digest for footnote in read_footnotes(export_markdown([first, later]))]
    assert digests == ["5" * 64, "6" * 64]


def test_both_formats_hold_the_same_footnotes() -> None:
    assert read_footnotes(export_markdown(conversation())) == read_footnotes(
        export_html(conversation())
    )


def test_a_footnote_tells_where_its_quote_was_taken_from() -> None:
    report, _ = documents()
    first = read_footnotes(export_markdown(conversation()))[0]
    assert report.text[first.span.start : first.span.end] == first.quote
    assert first == Footnote(1, first.quote, report.title, report.id, first.span, report.digest)
    text = export_markdown(conversation())
    assert f":{first.span.start}-{first.span.end} " in text
    assert f"sha256 {report.digest}" in text


@pytest.mark.parametrize("write", [export_markdown, export_html])
def test_folders_of_this_machine_stay_here(write: type) -> None:
    for source in ("/home/me/private/a.txt", r"C:\Users\me\private\a.txt", "file:///home/me/a.txt"):
        text = str(write([asked("q", "s", "quote", "t", source, "a.txt")]))
        assert "me/" not in text
        assert "Users" not in text
        assert read_footnotes(text)[0].source == "a.txt"


def test_each_sentence_carries_its_marks_and_what_is_to_be_said_of_it() -> None:
    text = export_markdown(conversation())
    assert "A 20% rate applies to the fentanyl demands.[^1] High tariffs" in text
    assert "[^1][^2] *(\\~ partly supported: the number 2019 is not in the source)*" in text
    assert "It will fall next year. *(✗ not supported: no source says so)*" in text
    page = " ".join(parse(export_html(conversation())).text.split())
    assert "since 2019.12 ~ partly supported: the number 2019 is not in the source" in page
    assert "It will fall next year. ✗ not supported: no source says so" in page


@pytest.mark.parametrize("write", [export_markdown, lambda given: parse(export_html(given)).text])
def test_what_did_not_become_an_answer_says_so(write: type) -> None:
    text = str(write(conversation()))
    assert "No answer: no passage of the articles was found that states it." in text
    assert "Stopped before the answer was complete." in text
    assert "The answer failed. No server answered. Start it." in text
    assert "Left out: 1 sentence that the articles do not support." in text
    assert "Left out: 2 sentences" in text
    assert "answered by a small model" in text
    assert "Asked 2025-05-03 14:05 UTC" in text
    assert "Exported by Footnote." in text
    unlikely = declined("Q?")
    assert unlikely.answer
    unlikely = replace(unlikely, answer=replace(unlikely.answer, chance=0.123))
    assert "chance that the articles answer the question: 12%" in str(write([unlikely]))
    unfinished = replace(declined("Q?"), state="writing", answer=None)
    assert "not complete when this was exported" in str(write([unfinished]))


@pytest.mark.parametrize("write", [export_markdown, export_html])
def test_one_answer_has_its_question_as_the_heading(write: type) -> None:
    question = "What tariff rate applies to fentanyl?"
    one, titled = str(write(conversation()[:1])), str(write(conversation()[:1], "Tariffs"))
    assert one.replace(f"<title>{question}", "").count(question) == 1
    assert "## " not in one.split("---")[0]
    assert re.search(r"# Tariffs|<h1>Tariffs</h1>", titled)
    assert "Questions and answers" in str(write(conversation()))


@pytest.mark.parametrize("write", [export_markdown, export_html])
def test_nothing_at_all_is_still_a_file(write: type) -> None:
    assert "Questions and answers" in str(write([]))
    assert "(no words)" in str(write([replace(declined(""), question=" \n")]))


def test_the_colours_are_those_of_the_page() -> None:
    page = export_html([])
    assert "prefers-color-scheme: dark" in page
    assert "@media print" in page
    own = page.split("/* An answer or a conversation")[1].split("</style>")[0]
    assert "#" not in own
    assert not re.findall(r"(?m)^\s*\.(?!fn-export)\S+.*\{", own)


# --- answers, suggestions, closest passages --------------------------------------------------


def changed(given: Exchange, **more: object) -> Exchange:
    assert given.answer
    answer = replace(given.answer, **more)  # type: ignore[arg-type]
    return replace(given, answer=answer, claims=answer.claims, evidence=answer.passages)


def both(given: Exchange) -> list[str]:
    """What a reader sees of the Markdown and of the HTML file."""
    return [export_markdown([given]), parse(export_html([given])).text]


def test_a_closest_passage_is_no_supported_sentence() -> None:
    report, _ = documents()
    quoted = replace(
        claim("It sank.", Citation(1, Span(report.id, 0, 5), report.text[:5])), origin="closest"
    )
    for text in both(changed(exchange("Why?", [quoted], [report]), answers="yes")):
        assert "○ closest passage" in text
        assert "The closest passage is quoted" in text
        assert "✓" not in text


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ("yes", ""),
        ("partly", "Answers part of the question."),
        ("unsure", "May not answer the question."),
    ],
)
def test_doubt_whether_it_answers_is_exported(answers: str, words: str) -> None:
    for text in both(changed(conversation()[0], answers=answers)):
        assert words in text
        assert ("the question." in text) == bool(words)


def test_a_disagreement_has_no_verdict() -> None:
    report, _ = documents()
    cited = Citation(1, Span(report.id, 0, 5), report.text[:5])
    said = replace(
        claim("Sources differ: 7 or 8.", cited, reasons=["7 is not 8"]), origin="compared"
    )
    for text in both(changed(exchange("Why?", [said], [report]), answers="yes")):
        assert "≠ sources differ" in text
        assert "7 is not 8" not in text
        assert "✓" not in text


def test_a_reply_is_exported_with_its_suggestions() -> None:
    greeting = changed(
        exchange("hello", [], []), text="Hello [there].", answers="yes", suggestions=("Who *won*?",)
    )
    markdown, html = both(greeting)
    assert "Hello \\[there\\]." in markdown
    assert "- Who \\*won\\*?" in markdown
    assert "Hello [there]." in html
    assert "Who *won*?" in html
    assert "No answer" not in markdown + html


def test_a_decline_is_exported_with_nearest_passages_and_suggestions() -> None:
    asked = changed(exchange("Who won?", [], documents()), text="", status="declined")
    for text in both(changed(asked, reason="not stated", chance=0.9, suggestions=("When?",))):
        first, second = (text.index(each.title[:15]) for each in documents())
        assert (
            text.index("no passage of the articles was found that states it.")
            < first
            < second
            < text.index("When?")
        )
        assert "chance" not in text
