"""Reads reStructuredText (.rst): headings as light Markdown, without comments and directives.

Only what hides or changes text is translated (docutils, "reStructuredText Markup Specification"):
section titles, comments, the first lines of directives, targets, simple and grid tables, and roles
in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from rag.ingest.encodings import decode
from rag.ingest.metadata import headline
from rag.ingest.raw_source import RawSource, make_document
from rag.ingest.readers import light_markdown as markdown
from rag.ingest.readers.markdown import main_heading
from rag.types import Document

_ADORNMENT = re.compile(r"([!-/:-@\[-`{-~])\1+\s*$")
_EXPLICIT = re.compile(r"\.\.(?:\s|$)")
_DIRECTIVE = re.compile(r"\.\. (?:\|[^|\n]{1,80}\| )?([\w:+.-]{1,60})::\s*(.*)")
_FOOTNOTE = re.compile(r"\.\. \[([^\]\s]{1,40})\]\s+(.*)")
_RULE = re.compile(r"={2,}(?: +={2,})+ *$")  # above, below and in a simple table
_MAX_ROWS = 2_000  # lines of a simple table
_GRID = re.compile(r"\+(?:[-=]+\+)+ *$")
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
    lines = _with_headings(_with_tables(list(_visible(decode(raw).expandtabs().split("\n")))))
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


def _with_tables(lines: Sequence[str]) -> list[str]:
    """The lines with simple and grid tables as tables with a row a line."""
    found: list[str] = []
    at = 0
    while at < len(lines):
        indent = len(lines[at]) - len(lines[at].lstrip())
        rule = lines[at].strip()
        end = at + 1
        if _RULE.match(rule):
            end = _end_of_simple_table(lines, at)
            starts = [each.start() for each in re.finditer("=+", lines[at])]
            rows = _simple_rows(lines[at:end], starts)
        elif _GRID.match(rule):
            while end < len(lines) and lines[end].strip()[:1] in ("+", "|"):
                end += 1
            edges = [indent + each for each, letter in enumerate(rule) if letter == "+"]
            rows = _grid_rows(lines[at:end], list(pairwise(edges)))
        else:
            rows = []
        found += ["", *markdown.table(rows).text.split("\n"), ""] if rows else lines[at:end]
        at = end
    return found


def _end_of_simple_table(lines: Sequence[str], at: int) -> int:
    """Behind its last rule, which an empty line follows; of what is no table, behind the first."""
    for end in range(at + 1, min(len(lines), at + _MAX_ROWS)):
        is_last = end + 1 == len(lines) or not lines[end + 1].strip()
        if _RULE.match(lines[end].strip()) and is_last:
            return end + 1
    return at + 1


def _simple_rows(lines: Sequence[str], starts: Sequence[int]) -> list[list[str]]:
    """The rows of a simple table: a line whose first cell is empty goes on with the row above."""
    rows: list[list[str]] = []
    for line in lines:
        if _RULE.match(line.strip()) or not line.strip(" -"):
            continue
        cells = [line[start:end].strip() for start, end in pairwise([*starts, len(line)])]
        if rows and not cells[0]:
            rows[-1] = [" ".join(pair).strip() for pair in zip(rows[-1], cells, strict=True)]
        else:
            rows.append(cells)
    return rows


def _grid_rows(lines: Sequence[str], columns: Sequence[tuple[int, int]]) -> list[list[str]]:
    """The rows of a grid table: lines between two lines of dashes are one."""
    rows: list[list[str]] = []
    is_new = True
    for line in lines:
        if _GRID.match(line.strip()):
            is_new = True
            continue
        cells = [line[start + 1 : end].strip(" |") for start, end in columns]
        if is_new:
            rows.append(cells)
        else:
            rows[-1] = [" ".join(pair).strip() for pair in zip(rows[-1], cells, strict=True)]
        is_new = False
    return rows


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
