"""Reads presentations (.pptx): each slide's title as a heading, its text, tables and notes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rag.ingest.raw_source import RawSource, make_document
from rag.ingest.readers import light_markdown as markdown
from rag.ingest.readers.light_markdown import Block
from rag.ingest.readers.packages import (
    Package,
    attribute,
    child,
    children,
    chosen_alternative,
    core_title,
    diagram_texts,
    local_name,
    open_package,
    relation_id,
    warn_of_charts,
)
from rag.types import Document

_PRESENTATION = "ppt/presentation.xml"
_TITLES = ("title", "ctrTitle")
_FURNITURE = ("sldNum", "dt", "ftr", "hdr", "sldImg")


def read_slides(raw: RawSource) -> list[Document]:
    with open_package(raw, ".pptx") as package:
        show = package.xml(_PRESENTATION)
        if show is None:
            raise ValueError("no presentation in it")
        relations = package.relations(_PRESENTATION)
        ids = [relation_id(each) for each in children(child(show, "sldIdLst"), "sldId")]
        blocks: list[Block] = []
        hidden = charts = 0
        for id in ids:
            name = relations.get(id, ("", ""))[1]
            slide = package.xml(name)
            hidden += slide is not None and attribute(slide, "show", "1") in ("0", "false")
            blocks += _slide_blocks(package, name, slide)
            charts += [kind for kind, _ in package.relations(name).values()].count("chart")
        title = core_title(package)
    if hidden:
        raw.warn(f"{hidden} of the {len(ids)} slides of {raw.name} are hidden; they were read too.")
    warn_of_charts(raw, charts)
    text = markdown.join_blocks(blocks)
    heading = next((block.plain for block in blocks if block.is_heading), "")
    return [make_document(raw, text, title, heading)]


def _slide_blocks(package: Package, name: str, slide: Any) -> Iterator[Block]:
    if slide is None:
        return
    relations = package.relations(name)
    yield from _shapes(child(slide, "cSld", "spTree"))
    for kind, part in relations.values():
        if kind == "diagramData":
            yield from map(markdown.item, diagram_texts(package, part))
    for kind, part in relations.values():
        if kind == "notesSlide":
            notes = child(package.xml(part), "cSld", "spTree")
            for block in _shapes(notes):
                yield Block(f"> {block.plain}" if block.text else "")


def _shapes(tree: Any) -> Iterator[Block]:
    """The text of shapes in their order, that of groups included, the title first."""
    shapes = list(() if tree is None else tree)
    shapes.sort(key=lambda shape: _placeholder(shape) not in _TITLES)
    for shape in shapes:
        kind = _placeholder(shape)
        if kind in _FURNITURE:
            continue
        if local_name(shape) == "grpSp":
            yield from _shapes(shape)
        elif local_name(shape) == "AlternateContent":
            yield from _shapes(chosen_alternative(shape))
        elif local_name(shape) == "graphicFrame":
            yield from _tables(shape)
        else:
            is_list = bool(kind) and kind not in (*_TITLES, "subTitle")
            yield from _paragraphs(child(shape, "txBody"), kind in _TITLES, is_list)


def _placeholder(shape: Any) -> str:
    mark = child(shape, "nvSpPr", "nvPr", "ph")
    return "" if mark is None else attribute(mark, "type", "body")


def _paragraphs(body: Any, is_title: bool, is_list: bool) -> Iterator[Block]:
    paragraphs = children(body, "p")
    if is_title:
        yield markdown.heading(2, " ".join(map(_text, paragraphs)))
        return
    for paragraph in paragraphs:
        properties = child(paragraph, "pPr")
        depth = int(attribute(properties, "lvl") or 0)
        bulleted = is_list and len(paragraphs) > 1 and child(properties, "buNone") is None
        marked = (
            child(properties, "buChar") is not None or child(properties, "buAutoNum") is not None
        )
        text = _text(paragraph)
        yield markdown.item(text, depth=depth) if bulleted or marked else markdown.paragraph(text)


def _text(paragraph: Any) -> str:
    shown = {"br": "\n", "tab": "\t"}
    return "".join(
        (each.text or "") if local_name(each) == "t" else shown.get(local_name(each), "")
        for each in paragraph.iter()
    )


def _tables(frame: Any) -> Iterator[Block]:
    for table in frame.iter("{*}tbl"):
        rows = [
            [
                "\n".join(map(_text, children(child(cell, "txBody"), "p")))
                for cell in children(row, "tc")
            ]
            for row in children(table, "tr")
        ]
        yield markdown.table(rows)
