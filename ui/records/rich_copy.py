"""An answer or a conversation for the clipboard: as HTML, for mail and text programs, and as plain
text. Footnotes are numbered and stand at the end; nothing in either is a record for machines.

No style sheet and no link within: programs drop both when they paste.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from ui.records.export_content import Content, Part, is_link, shown_source
from ui.records.footnotes import Footnote
from ui.records.sentences import Sentence, WrittenBlock
from ui.safe_text import one_line


@dataclass(frozen=True, slots=True)
class RichCopy:
    """The same twice, for programs that take HTML and for those that do not."""

    html: str
    text: str


def rich_copy(content: Content) -> RichCopy:
    """What is put on the clipboard."""
    html = [each for part in content.parts for each in _html_part(part)]
    text = [each for part in content.parts for each in _text_part(part)]
    notes = [note.footnote for note in content.notes]
    if notes:
        html += ["<hr/>", *map(_html_note, notes)]
        text += ["—", *map(_text_note, notes)]
    return RichCopy("\n".join(html), "\n\n".join(text) + "\n")


# --- HTML ------------------------------------------------------------------------------------


def _html_part(part: Part) -> Iterator[str]:
    if part.question:
        yield f"<h3>{escape(part.question)}</h3>"
    for block in part.blocks:
        yield from _html_block(block)
    yield from (f"<p>{escape(line)}</p>" for line in part.reply)
    yield from (f"<p><em>{escape(outcome)}</em></p>" for outcome in part.outcomes)


def _html_block(block: WrittenBlock) -> Iterator[str]:
    sentences = list(map(_html_sentence, block.sentences))
    if not block.is_list:
        yield f"<p>{' '.join(sentences)}</p>"
        return
    if block.heading:
        yield f"<p><strong>{escape(block.heading)}</strong></p>"
    yield f"<ul>{''.join(f'<li>{each}</li>' for each in sentences)}</ul>"


def _html_sentence(sentence: Sentence) -> str:
    marks = "".join(f"<sup>[{number}]</sup>" for number in sentence.footnotes)
    remark = f" <em>({escape(sentence.remark)})</em>" if sentence.remark else ""
    return f"{escape(sentence.text)}{marks}{remark}"


def _html_note(footnote: Footnote) -> str:
    title, source = one_line(footnote.title), one_line(_source(footnote))
    named = f"<strong>{escape(title)}</strong>" if title else ""
    place = escape(source)
    if is_link(footnote.source):
        place = f'<a href="{escape(footnote.source)}">{place}</a>'
    where = ", ".join(filter(None, (named, place)))
    return f"<p><sup>[{footnote.number}]</sup> “{escape(one_line(footnote.quote))}” — {where}</p>"


# --- plain text ------------------------------------------------------------------------------


def _text_part(part: Part) -> Iterator[str]:
    if part.question:
        yield part.question
    for block in part.blocks:
        yield from _text_block(block)
    yield from (*part.reply, *part.outcomes)


def _text_block(block: WrittenBlock) -> Iterator[str]:
    sentences = list(map(_text_sentence, block.sentences))
    if not block.is_list:
        yield " ".join(sentences)
        return
    if block.heading:
        yield f"{block.heading}:"
    yield "\n".join(f"- {each}" for each in sentences)


def _text_sentence(sentence: Sentence) -> str:
    marks = "".join(f"[{number}]" for number in sentence.footnotes)
    remark = f" ({sentence.remark})" if sentence.remark else ""
    return f"{sentence.text} {marks}".rstrip() + remark


def _text_note(footnote: Footnote) -> str:
    where = ", ".join(filter(None, (one_line(footnote.title), one_line(_source(footnote)))))
    return f"[{footnote.number}] “{one_line(footnote.quote)}” — {where}"


def _source(footnote: Footnote) -> str:
    """The source, or the document's id where they are the same."""
    return shown_source(footnote) or footnote.span.document_id
