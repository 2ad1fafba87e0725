"""Reads reStructuredText (.rst): headings as light Markdown, without comments and directives.

Only what hides or changes text is translated (docutils, "reStructuredText Markup Specification"):
section titles, comments, the first lines of directives, targets, and roles in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rag.ingest.encodings import decode
from rag.ingest.metadata import headline
from rag.ingest.raw_source import RawSource, make_document
from rag.ingest.readers.markdown import main_heading
from rag.types import Document

_ADORNMENT = re.compile(r"([!-/:-@\[-`{-~])\1+\s*$")
_EXPLICIT = re.compile(r"\.\.(?:\s|$)")
_DIRECTIVE = re.compile(r"\.\. (?:\|[^|\n]{1,80}\| )?([\w:+.-]{1,60})::\s*(.*)")
_FOOTNOTE = re.compile(r"\.\. \[([^\]\s]{1,40})\]\s+(.*)")
_OPTION = re.compile(r"\s+:[\w -]{1,40}:")
_ROLE = re.compile(r":[\w:+.-]{1,40}:`([^`<]{1,300}?)(?:\s*<[^`>]{1,300}>)?`")
_LINK = re.compile(r"`([^`<\n]{1,300}?)\s*<[^`>\n]{1,500}>`__?")
_REFERENCE = re.compile(r"(?<!`)`([^`\n]{1,300})`__?")
# What these contain is for a program, or stands elsewhere.
_SILENT = frozenset(
    """contents toctree include raw image index highlight meta default-role role sectnum class
    currentmodule module automodule autoclass autofunction""".split()
)


def read_restructured_text(raw: RawSource) -> list[Document]:
    lines = _with_headings(list(_visible(decode(raw).expandtabs().split("\n"))))
    text = "\n".join(lines)
    for pattern in (_ROLE, _LINK, _REFERENCE):
        text = pattern.sub(r"\1", text)
    text = re.sub(r"\n{3,}", "\n\n", text).strip("\n")
    heading = next((line.lstrip("# ") for line in lines if line.startswith("#")), "")
    return [make_document(raw, text, main_heading(text[:65_536]) or heading, headline(text))]


def _visible(lines: Sequence[str]) -> Iterator[str]:
    """The lines without comments, targets and the marks of directives."""
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        if not _EXPLICIT.match(line.lstrip()):
            yield line
            continue
        directive, note = _DIRECTIVE.match(line.lstrip()), _FOOTNOTE.match(line.lstrip())
        end = _end_of_block(lines, at, len(line) - len(line.lstrip()))
        if note:
            yield f"[{note[1]}] {note[2]}"
        elif directive and directive[1] not in _SILENT:
            while at < end and _OPTION.match(lines[at]):
                at += 1
            names_code = directive[1] in ("code-block", "code", "figure", "sourcecode")
            yield "" if names_code else directive[2]
        else:
            at = end
            yield ""


def _end_of_block(lines: Sequence[str], at: int, indent: int) -> int:
    """Where the lines end that are indented more than `indent`, empty ones among them."""
    end = at
    while at < len(lines):
        line = lines[at]
        if line.strip():
            if len(line) - len(line.lstrip()) <= indent:
                break
            end = at + 1
        at += 1
    return end


def _with_headings(lines: Sequence[str]) -> list[str]:
    """The lines with each section title as a heading; levels are in the order of their styles."""
    styles: list[tuple[str, bool]] = []
    found: list[str] = []
    at = 0
    while at < len(lines):
        over = bool(_ADORNMENT.match(lines[at])) and _is_title(lines, at + 1)
        title = at + 1 if over else at
        if over or _is_title(lines, title):
            style = (lines[title + 1].strip()[0], over)
            if style not in styles:
                styles.append(style)
            found.append(f"{'#' * min(styles.index(style) + 1, 6)} {lines[title].strip()}")
            at = title + 2
        else:
            found.append(lines[at])
            at += 1
    return found


def _is_title(lines: Sequence[str], at: int) -> bool:
    """True where the line has a title's adornment below it, as long as it is."""
    if at + 1 >= len(lines) or not lines[at].strip() or _ADORNMENT.match(lines[at]):
        return False
    below = lines[at + 1]
    return bool(_ADORNMENT.match(below)) and len(below.strip()) >= len(lines[at].strip())
