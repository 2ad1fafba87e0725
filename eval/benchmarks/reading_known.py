"""Texts whose words, order and structure are known, and the files that are made of them.

A text is kept in `reading_texts` as light Markdown: ``> `` the running header, ``#`` headings,
``-`` or ``1.`` items, rows between bars (the first is the header), ``[^1]`` and ``[^1]: ``
footnotes, ``\\-`` where a word may be divided. Only the last section has footnotes: writers begin
it on a new page or column, so that the foot of the page is the end of the section.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

TEXTS = Path(__file__).parent / "reading_texts"
SOFT_HYPHEN = "\u00ad"
NOTE = re.compile(r"\[\^(\d+)\]")
_BLOCK = re.compile(
    r"(?P<header>> )|(?P<heading>#+ )|(?P<item>- |\d+\. )|(?P<row>\| )|\[\^(?P<note>\d+)\]: "
)
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")

Kind = Literal["text", "heading", "item", "row"]


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file and what a person sees in it: its text, headings, list items, rows of tables."""

    name: str
    data: bytes
    text: str
    headings: Sequence[str]
    items: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, heading, list item or table row. `text` has the marks of footnotes."""

    kind: Kind
    text: str
    label: str = ""
    """"-" or the number of an item, the hashes of a heading."""

    @property
    def cells(self) -> list[str]:
        return [cell.strip() for cell in self.text.split("|")]

    @property
    def level(self) -> int:
        return len(self.label)


@dataclass(frozen=True, slots=True)
class KnownText:
    """A text in one language: `name` begins with its code ("de_waldbahn")."""

    name: str
    header: str
    blocks: Sequence[Block]
    notes: Mapping[str, str]

    @property
    def language(self) -> str:
        return self.name.split("_")[0]

    @property
    def last_section(self) -> int:
        """The number of the block that begins the last section, where the footnotes are."""
        return max(at for at, block in enumerate(self.blocks) if block.kind == "heading")

    def grouped(self) -> Iterator[tuple[Kind, int, list[Block]]]:
        """Its blocks with their kind and the number of the first: the items of a list and the rows
        of a table together, others alone."""
        run: list[Block] = []
        for at, block in enumerate(self.blocks):
            if run and (block.kind != run[0].kind or block.kind not in ("item", "row")):
                yield run[0].kind, at - len(run), run
                run = []
            run.append(block)
        if run:
            yield run[0].kind, len(self.blocks) - len(run), run


def known_texts() -> list[KnownText]:
    """The texts of `reading_texts`, by name."""
    return [parsed(path.stem, path.read_text("utf-8")) for path in sorted(TEXTS.glob("*.md"))]


def parsed(name: str, source: str) -> KnownText:
    """The text of light Markdown."""
    header, blocks, notes = "", list[Block](), dict[str, str]()
    for line in source.replace("\\-", SOFT_HYPHEN).splitlines():
        found = _BLOCK.match(line)
        text = line[found.end() :] if found else line
        if not text:
            continue
        if not found:
            blocks.append(Block("text", text))
        elif found["header"]:
            header = text
        elif found["note"]:
            notes[found["note"]] = text
        elif found["heading"]:
            blocks.append(Block("heading", text, found["heading"].strip()))
        elif found["item"]:
            blocks.append(Block("item", text, found["item"].strip()))
        else:
            blocks.append(Block("row", text.removesuffix(" |")))
    return KnownText(name, header, blocks, notes)


def known_file(text: KnownText, name: str, data: bytes) -> KnownFile:
    """`data`, written from `text`, with what a person sees in it: a PDF has raised footnote
    marks, other formats numbers that refer to the notes."""
    raised = name.endswith(".pdf")

    def mark(found: re.Match[str]) -> str:
        return found[1].translate(_RAISED) if raised else f" {found[1]} "

    def seen(block: Block) -> str:
        label = block.label if block.kind == "item" and block.label != "-" else ""
        words = _visible(block.text.replace("|", " "), mark).split()
        return " ".join([label, *words]).strip()

    lines = [text.header, *map(seen, text.blocks)]
    notes = [f"{number} {_visible(note, mark)}" for number, note in text.notes.items()]
    of_kind = {
        kind: [block for block in text.blocks if block.kind == kind]
        for kind in ("heading", "item", "row")
    }
    return KnownFile(
        name,
        data,
        "\n".join([*lines, *notes]),
        [seen(block) for block in of_kind["heading"]],
        [_visible(block.text, mark) for block in of_kind["item"]],
        [[_visible(cell, mark) for cell in block.cells] for block in of_kind["row"][1:]],
    )


def _visible(text: str, mark: Callable[[re.Match[str]], str]) -> str:
    return NOTE.sub(mark, text).replace(SOFT_HYPHEN, "")
