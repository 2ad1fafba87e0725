"""Writes an export as one HTML page that needs no other file, runs no script and asks nothing of
any host."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from ui.records.export_content import (
    CHECK,
    LEGEND,
    Content,
    NamedList,
    Note,
    Part,
    is_link,
    shown_source,
)
from ui.records.footnotes import Footnote, footnote_record
from ui.records.sentences import Sentence, WrittenBlock, write_record
from ui.safe_text import one_line, strip_controls
from ui.stylesheets import standalone_css

BACK = "Back to the answer, place"
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def write_html(content: Content, notice: str = "") -> str:
    """The page; `notice` is a line above the questions."""
    quotes = {note.footnote.number: note.footnote for note in content.notes}
    articles = "\n".join(_part(part, quotes) for part in content.parts)
    listed = "\n".join(map(_note, content.notes))
    section = f'<section class="fn-notes"><h2>Footnotes</h2>\n<ol>\n{listed}\n</ol></section>'
    record = write_record(content.blocks)
    said = f'\n<p class="fn-notice">{_text(notice)}</p>' if notice else ""
    return f"""{_head(content.title)}
<body class="fn-export">
<header><h1>{_text(content.title)}</h1>
<p class="fn-meta">{content.facts}</p>{said}</header>
<main data-answer="{record}">
{articles}
{section if content.notes else ""}
</main>
<footer class="fn-meta"><p>{LEGEND} To check them: <code>{CHECK}</code></p></footer>
</body>
</html>
"""


def _head(title: str) -> str:
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="referrer" content="no-referrer">
<title>{_text(title)}</title>
<style>
{standalone_css("export")}</style>
</head>"""


def _part(part: Part, quotes: dict[int, Footnote]) -> str:
    question = f"<h2>{_text(part.question)}</h2>\n" if part.question else ""
    answer = "".join(each for block in part.blocks for each in _block(block, quotes))
    answer += "".join(f"<p>{_text(line)}</p>\n" for line in part.reply)
    outcomes = "".join(f'<p class="fn-outcome">{_text(each)}</p>\n' for each in part.outcomes)
    outcomes += "".join(map(_list, part.lists))
    facts = f'<p class="fn-meta">{_text(part.facts)}</p>\n' if part.facts else ""
    return f"<article>\n{question}{answer}{outcomes}{facts}</article>"


def _list(named: NamedList) -> str:
    rows = "".join(
        f"<li>{f'<b>{_text(name)}</b> ' if name else ''}{_text(text)}</li>"
        for name, text in named.rows
    )
    return f'<p class="fn-list-heading">{named.heading}</p>\n<ul>{rows}</ul>\n'


def _block(block: WrittenBlock, quotes: dict[int, Footnote]) -> Iterator[str]:
    sentences = [_sentence(each, quotes) for each in block.sentences]
    if not block.is_list:
        yield f"<p>{' '.join(sentences)}</p>\n"
        return
    heading = f"<h3>{_text(block.heading)}</h3>\n" if block.heading else ""
    points = "".join(f"<li>{sentence}</li>" for sentence in sentences)
    yield f"{heading}<ul>{points}</ul>\n"


def _sentence(sentence: Sentence, quotes: dict[int, Footnote]) -> str:
    marks = "".join(_mark(quotes[number]) for number in sentence.footnotes)
    shown = f'<span class="fn-sentence" id="{sentence.anchor}">{_text(sentence.text)}{marks}</span>'
    if sentence.remark:
        shown += f' <span class="fn-remark fn-{sentence.grade}">{_text(sentence.remark)}</span>'
    return shown


def _mark(footnote: Footnote) -> str:
    number, quote = footnote.number, _text(one_line(footnote.quote, 200))
    return (
        f'<sup><a href="#fn-{number}" title="{quote}" aria-label="Footnote {number}">'
        f"{number}</a></sup>"
    )


def _note(note: Note) -> str:
    footnote = note.footnote
    quote = escape(strip_controls(footnote.quote).strip())
    source = _text(shown_source(footnote))
    if is_link(footnote.source):
        address = escape(footnote.source)
        source = f'<a href="{address}" rel="noopener noreferrer">{address}</a>'
    place = " · ".join(filter(None, (source, f"<code>{_text(footnote.reference)}</code>")))
    digest = f"sha256 {_text(footnote.digest)}" if footnote.digest else ""
    return (
        f'<li id="fn-{footnote.number}" value="{footnote.number}"'
        f' data-footnote="{escape(footnote_record(footnote))}">\n'
        f'<blockquote class="fn-quote">{quote}</blockquote>\n'
        f'<p class="fn-facts"><cite>{_text(footnote.title)}</cite>\n'
        f"<span>{place}</span>\n<code>{digest}</code></p>\n"
        f'<p class="fn-back">{_back(note)}</p></li>'
    )


def _back(note: Note) -> str:
    links = [
        f'<a href="#{anchor}" aria-label="{BACK} {place}">↩</a>'
        for place, anchor in enumerate(note.anchors, 1)
    ]
    return " ".join(links)


def _text(text: str) -> str:
    return escape(one_line(text))
