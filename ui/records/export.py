"""Exports a conversation as a file to read and to check: Markdown, or one HTML page.

Footnotes are numbered over the whole file: a span that is cited twice is one footnote.
`ui.records.footnotes` reads them back. Nothing here looks at the clock or at the library: the same
exchanges always give the same file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import groupby
from pathlib import PurePath

from rag.types import Citation, Claim, Span
from ui.labels import (
    NEAREST_SHOWN,
    SUGGESTED,
    SUPPORTED,
    doubt,
    is_reply,
    mark_of,
    remark,
    why_declined,
)
from ui.questions.exchange import Exchange
from ui.records.footnotes import Footnote, footnote_record
from ui.safe_text import count, one_line, strip_controls
from ui.stylesheets import standalone_css

TITLE = "Questions and answers"
BLANK = "(no words)"  # where a title or question would be empty
NEAREST = 200  # characters of a passage below a decline
LEGEND = (
    "Exported by Footnote. A sentence without a remark is supported by its footnotes. Each footnote"
    " is the exact text of its source, between the characters named."
)
CHECK = "footnote verify FILE"
BACK = "Back to the answer, place"
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
# In Markdown: what can open markup anywhere, what makes a link of an address, what begins a block.
_ACTIVE = re.compile(r"[\\`*_\[\]{}|~$#@^]|(?<=:)/(?=/)|(?<=www)\.", re.IGNORECASE)
_LEADING = re.compile(r"^(\d*)([-+=.:()\"'])")
_ADDRESS = re.compile(r"https?://[\w.~:/?#\[\]@!$&'()*+,=%-]+", re.ASCII)

_Key = tuple[Span, str, str]


@dataclass(frozen=True, slots=True)
class _Note:
    footnote: Footnote
    sentences: dict[str, None] = field(default_factory=dict)  # anchors of those that cite it


_Notes = Mapping[_Key, _Note]


def export_markdown(exchanges: Sequence[Exchange], title: str = "") -> str:
    """A Markdown file. No text of a question, an answer or a source is markup in it."""
    notes = _numbered(exchanges)
    heading, own = _headings(exchanges, title)
    parts = [f"# {_md(heading)}"]
    for exchange in exchanges:
        parts += [f"## {_md(exchange.question) or BLANK}"] if own else []
        parts += _md_exchange(exchange, notes)
    parts += ["---", f"*{LEGEND} To check them: `{CHECK}`*"]
    parts += [_md_note(note.footnote) for note in notes.values()]
    return "\n\n".join(parts) + "\n"


def export_html(exchanges: Sequence[Exchange], title: str = "") -> str:
    """One HTML page that needs no other file, runs no script and asks nothing of any host."""
    notes = _numbered(exchanges)
    heading, own = _headings(exchanges, title)
    articles = "\n".join(
        _html_exchange(exchange, place, notes, own=own)
        for place, exchange in enumerate(exchanges, 1)
    )
    listed = "\n".join(_html_note(note) for note in notes.values())
    section = f'<section class="fn-notes"><h2>Footnotes</h2>\n<ol>\n{listed}\n</ol></section>'
    facts = [count(len(exchanges), "question"), count(len(notes), "footnote")]
    return f"""{_head(heading)}
<body class="fn-export">
<header><h1>{_text(heading)}</h1>
<p class="fn-meta">{" · ".join(facts)}</p></header>
<main>
{articles}
{section if notes else ""}
</main>
<footer class="fn-meta"><p>{LEGEND} To check them: <code>{CHECK}</code></p></footer>
</body>
</html>
"""


def _headings(exchanges: Sequence[Exchange], title: str) -> tuple[str, bool]:
    """The heading of the file, and whether each question has one of its own."""
    if one_line(title) or len(exchanges) != 1:
        return one_line(title) or TITLE, True
    return one_line(exchanges[0].question) or BLANK, False


# --- footnotes -------------------------------------------------------------------------------


def _numbered(exchanges: Sequence[Exchange]) -> dict[_Key, _Note]:
    """The footnotes in the order in which they are first cited, numbered from 1."""
    notes: dict[_Key, _Note] = {}
    for place, exchange in enumerate(exchanges, 1):
        for number, claim in enumerate(exchange.claims, 1):
            for citation in claim.citations:
                key = _key(exchange, citation)
                if key not in notes:
                    notes[key] = _Note(_footnote(len(notes) + 1, exchange, citation))
                notes[key].sentences[_anchor(place, number)] = None
    return notes


def _key(exchange: Exchange, citation: Citation) -> _Key:
    digest = exchange.digests.get(citation.span.document_id, "")
    return citation.span, citation.quote, digest


def _footnote(number: int, exchange: Exchange, citation: Citation) -> Footnote:
    span, quote, digest = _key(exchange, citation)
    for passage in exchange.evidence:
        if passage.span.document_id == span.document_id:
            source = _public(passage.source)
            return Footnote(number, quote, passage.title, source, span, digest)
    return Footnote(number, quote, "", "", span, digest)


def _public(source: str) -> str:
    """An address as it is; of a path only the file's name, because folders are private."""
    is_address = source.startswith(("http://", "https://"))
    return source if is_address else PurePath(source.replace("\\", "/")).name


def _cited(exchange: Exchange, claim: Claim, notes: _Notes) -> list[Footnote]:
    keys = dict.fromkeys(_key(exchange, citation) for citation in claim.citations)
    return sorted((notes[key].footnote for key in keys), key=lambda note: note.number)


def _remark(claim: Claim) -> str:
    """``partly supported: the number 7 is not in the source``; empty where it is supported."""
    mark = mark_of(claim)
    return "" if mark == SUPPORTED else f"{mark.sign} {remark(claim)}"


def _outcome(exchange: Exchange) -> Iterator[str]:
    """What became of the answer, where it is not simply its sentences."""
    if exchange.state == "failed":
        yield f"The answer failed. {exchange.error}".strip()
    elif exchange.state == "stopped":
        yield "Stopped before the answer was complete."
    elif not exchange.is_over:
        yield "The answer was not complete when this was exported."
    elif exchange.answer and exchange.answer.status == "declined":
        yield f"No answer: {why_declined(exchange.answer)}"
        return
    elif exchange.answer and (said := doubt(exchange.answer)):
        yield said
    if exchange.removed:
        sentences = count(exchange.removed, "sentence")
        yield f"Left out: {sentences} that the articles do not support."


def _reply(exchange: Exchange) -> list[str]:
    """The lines of a reply to a message that asks nothing of the documents."""
    answer = exchange.answer
    return answer.text.splitlines() if answer and is_reply(answer) else []


def _lists(exchange: Exchange) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """What stands below a decline or a reply, each list with its heading: the nearest passages, a
    title and the words of each, and questions that could be asked."""
    answer = exchange.answer
    if answer and answer.status == "declined" and answer.passages:
        nearest = answer.passages[:NEAREST_SHOWN]
        texts = [(each.title, f"“{one_line(each.text, NEAREST)}”") for each in nearest]
        yield "Nearest passages", texts
    if answer and answer.suggestions:
        yield SUGGESTED, [("", each) for each in answer.suggestions]


def _facts(exchange: Exchange) -> str:
    """One line: the model, the date, and what the question was made to be."""
    facts = [f"Asked {exchange.asked_at[:16].replace('T', ' ')} UTC"] if exchange.asked_at else []
    if exchange.answer:
        facts.append(f"answered by {exchange.answer.model}")
    if exchange.rewritten_as:
        facts.append(f"understood as “{exchange.rewritten_as}”")
    if exchange.document_ids:
        facts.append(f"only of {', '.join(exchange.document_ids)}")
    return " · ".join(facts)


# --- Markdown --------------------------------------------------------------------------------


def _md_exchange(exchange: Exchange, notes: _Notes) -> Iterator[str]:
    if exchange.claims:
        yield from _md_blocks(exchange, notes)
    yield from (_md(line) for line in _reply(exchange) if one_line(line))
    yield from (f"**{_md(outcome)}**" for outcome in _outcome(exchange))
    for heading, items in _lists(exchange):
        yield f"{heading}:"
        yield "\n".join(
            f"- {f'**{_md(name)}** ' if name else ''}{_md(text)}" for name, text in items
        )
    if facts := _facts(exchange):
        yield f"*{_md(facts)}*"


def _md_blocks(exchange: Exchange, notes: _Notes) -> Iterator[str]:
    """Running text as paragraphs, and points as lists below their headings."""
    for group, claims in groupby(exchange.claims, key=lambda claim: claim.group):
        sentences = [_md_sentence(exchange, claim, notes) for claim in claims]
        if group is None:
            yield " ".join(sentences)
            continue
        if group:
            yield f"**{_md(group)}**"
        yield "\n".join(f"- {sentence}" for sentence in sentences)


def _md_sentence(exchange: Exchange, claim: Claim, notes: _Notes) -> str:
    marks = "".join(f"[^{note.number}]" for note in _cited(exchange, claim, notes))
    said = _remark(claim)
    return f"{_md(claim.text)}{marks}" + (f" *({_md(said)})*" if said else "")


def _md_note(footnote: Footnote) -> str:
    quote = "\\\n    > ".join(
        _md(row) for row in strip_controls(footnote.quote).strip().split("\n")
    )
    facts = [
        f"**{_md(footnote.title)}**" if one_line(footnote.title) else "",
        f"<{footnote.source}>" if _is_link(footnote.source) else _md(_source(footnote)),
        _md(footnote.reference),
        f"sha256 {_md(footnote.digest)}" if footnote.digest else "",
    ]
    source = " · ".join(filter(None, facts))
    record = f"<!-- footnote {footnote_record(footnote)} -->"
    return f"[^{footnote.number}]: > {quote}\n\n    {source}\n    {record}"


def _md(text: str) -> str:
    """Untrusted text on one line, without anything that is markup."""
    text = escape(one_line(text), quote=False)
    text = _ACTIVE.sub(lambda found: f"\\{found[0]}", text)
    return _LEADING.sub(r"\1\\\2", text)


# --- HTML ------------------------------------------------------------------------------------


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


def _html_exchange(exchange: Exchange, place: int, notes: _Notes, *, own: bool) -> str:
    question = f"<h2>{_text(exchange.question) or BLANK}</h2>\n" if own else ""
    answer = "".join(_html_blocks(exchange, place, notes))
    answer += "".join(f"<p>{_text(line)}</p>\n" for line in _reply(exchange) if one_line(line))
    outcomes = "".join(f'<p class="fn-outcome">{_text(o)}</p>\n' for o in _outcome(exchange))
    outcomes += "".join(map(_html_list, _lists(exchange)))
    facts = f'<p class="fn-meta">{_text(_facts(exchange))}</p>\n' if _facts(exchange) else ""
    return f"<article>\n{question}{answer}{outcomes}{facts}</article>"


def _html_list(named: tuple[str, list[tuple[str, str]]]) -> str:
    heading, items = named
    rows = "".join(
        f"<li>{f'<b>{_text(name)}</b> ' if name else ''}{_text(text)}</li>" for name, text in items
    )
    return f'<p class="fn-list-heading">{heading}</p>\n<ul>{rows}</ul>\n'


def _html_blocks(exchange: Exchange, place: int, notes: _Notes) -> Iterator[str]:
    numbered = groupby(enumerate(exchange.claims, 1), key=lambda pair: pair[1].group)
    for group, claims in numbered:
        sentences = [
            _html_sentence(exchange, claim, _anchor(place, number), notes)
            for number, claim in claims
        ]
        if group is None:
            yield f"<p>{' '.join(sentences)}</p>\n"
            continue
        heading = f"<h3>{_text(group)}</h3>\n" if group else ""
        points = "".join(f"<li>{sentence}</li>" for sentence in sentences)
        yield f"{heading}<ul>{points}</ul>\n"


def _html_sentence(exchange: Exchange, claim: Claim, anchor: str, notes: _Notes) -> str:
    marks = "".join(_html_mark(note) for note in _cited(exchange, claim, notes))
    sentence = f'<span class="fn-sentence" id="{anchor}">{_text(claim.text)}{marks}</span>'
    if said := _remark(claim):
        sentence += f' <span class="fn-remark fn-{mark_of(claim).grade}">{_text(said)}</span>'
    return sentence


def _html_mark(footnote: Footnote) -> str:
    number, quote = footnote.number, _text(one_line(footnote.quote, 200))
    return (
        f'<sup><a href="#fn-{number}" title="{quote}" aria-label="Footnote {number}">'
        f"{number}</a></sup>"
    )


def _html_note(note: _Note) -> str:
    footnote = note.footnote
    quote = escape(strip_controls(footnote.quote).strip())
    source = _text(_source(footnote))
    if _is_link(footnote.source):
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
        f'<p class="fn-back">{_html_back(note)}</p></li>'
    )


def _html_back(note: _Note) -> str:
    links = [
        f'<a href="#{anchor}" aria-label="{BACK} {place}">↩</a>'
        for place, anchor in enumerate(note.sentences, 1)
    ]
    return " ".join(links)


def _is_link(source: str) -> bool:
    return bool(_ADDRESS.fullmatch(source))


def _source(footnote: Footnote) -> str:
    """The source, unless the reference begins with it."""
    return "" if footnote.source == footnote.span.document_id else footnote.source


def _anchor(place: int, number: int) -> str:
    return f"sentence-{place}-{number}"


def _text(text: str) -> str:
    return escape(one_line(text))
