"""Writes an export as Markdown. No text of a question, an answer or a source is markup in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape

from ui.records.export_content import (
    CHECK,
    LEGEND,
    Content,
    NamedList,
    Part,
    is_link,
    shown_source,
)
from ui.records.footnotes import Footnote, footnote_record
from ui.records.sentences import Sentence, WrittenBlock, write_record
from ui.safe_text import one_line, strip_controls

# What can open markup anywhere, what makes a link of an address, what begins a block.
_ACTIVE = re.compile(r"[\\`*_\[\]{}|~$#@^]|(?<=:)/(?=/)|(?<=www)\.", re.IGNORECASE)
_LEADING = re.compile(r"^(\d*)([-+=.:()\"'])")


def write_markdown(content: Content) -> str:
    """The file."""
    parts = [f"# {_md(content.title)}"]
    for part in content.parts:
        parts += [f"## {_md(part.question)}"] if part.question else []
        parts += _part(part)
    parts += ["---", f"*{LEGEND} To check them: `{CHECK}`*"]
    parts += [_note(note.footnote) for note in content.notes]
    record = f"<!-- answer {write_record(content.blocks)} -->"
    if content.notes:  # on the same line as the last record: no block of its own
        return "\n\n".join(parts) + f"{record}\n"
    return "\n\n".join([*parts, record]) + "\n"


def _part(part: Part) -> Iterator[str]:
    for block in part.blocks:
        yield from _block(block)
    yield from map(_md, part.reply)
    yield from (f"**{_md(outcome)}**" for outcome in part.outcomes)
    for named in part.lists:
        yield from _list(named)
    if part.facts:
        yield f"*{_md(part.facts)}*"


def _block(block: WrittenBlock) -> Iterator[str]:
    sentences = list(map(_sentence, block.sentences))
    if not block.is_list:
        yield " ".join(sentences)
        return
    if block.heading:
        yield f"**{_md(block.heading)}**"
    yield "\n".join(f"- {sentence}" for sentence in sentences)


def _sentence(sentence: Sentence) -> str:
    marks = "".join(f"[^{number}]" for number in sentence.footnotes)
    remark = f" *({_md(sentence.remark)})*" if sentence.remark else ""
    return f"{_md(sentence.text)}{marks}{remark}"


def _list(named: NamedList) -> Iterator[str]:
    yield f"{named.heading}:"
    yield "\n".join(
        f"- {f'**{_md(name)}** ' if name else ''}{_md(text)}" for name, text in named.rows
    )


def _note(footnote: Footnote) -> str:
    quote = "\\\n    > ".join(
        _md(row) for row in strip_controls(footnote.quote).strip().split("\n")
    )
    facts = [
        f"**{_md(footnote.title)}**" if one_line(footnote.title) else "",
        f"<{footnote.source}>" if is_link(footnote.source) else _md(shown_source(footnote)),
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
