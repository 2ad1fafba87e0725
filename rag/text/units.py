"""Units of a text: sentences, list items and table rows, each with the context it is read in.

A unit is what is cited; its context (headings above it, the line that introduces its list, the
sentence that it leans on) tells what it is about and is never cited for it. Headings, lines that
end in a colon, questions, sentences that give orders to a machine, and those that read otherwise
than they are shown are context, never evidence. Nor is what a page of Markdown does not show: the
front matter, the addresses of its links, lines of a template (``{% … %}``) or of tags.

The structure is that of light Markdown: ``#`` headings, list markers, ``|`` tables. Steps that a
paragraph counts up ("1. Hold it. 2. Press it. 3. Wait.") are list items. A line of its own all in
bold is a heading, and so is one without a full stop with full sentences below, also a numbered one
("2. Income") where others count on.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from rag.text.machine_orders import is_order
from rag.text.sentences import is_question, needs_context, split_sentences

_Table = Literal["goes on", "header", "no header"]
UnitRole = Literal[
    "sentence", "item", "row", "heading", "introduction", "question", "instruction", "disguised",
    "unseen",
]  # fmt: skip
EVIDENCE_ROLES = frozenset(["sentence", "item", "row"])
_UNFIT: tuple[UnitRole, ...] = ("disguised", "instruction")

MAX_HEADING_CHARS = 140
SETEXT_LEVEL, PLAIN_LEVEL = 1, 7  # of a heading that is underlined; of a plain line
MAX_ITEM_CHARS = 400
"""A list item that is longer is cited sentence by sentence."""

_ATX = re.compile(r"(#{1,6})[ \t]+(?=\S)")
_SETEXT = re.compile(r"\s{0,3}(?:={3,}|-{3,})\s*$")
_STRONG = re.compile(
    r"(\*\*|__)(?=\S)(?:(?!\1).)+?[^\s.!?…:。！？]\1\s*$"
)  # a whole line, no sentence
# A few words in bold with which a paragraph begins, and that are set off from what it says.
_RUN_IN = re.compile(r"^((\*\*|__)(?=\S)(?:(?!\2)[^\d\n]){1,60}\.\2)(?=[ \t]+\S)", re.MULTILINE)
MAX_RUN_IN_WORDS, MIN_RUN_INS = 3, 2
MIN_NUMBERED_HEADINGS, NUMBERED_LEVEL = 2, 6
_ITEM = re.compile(r"[ \t]*(?:[-*•+–]|\(?\d{1,3}[.)]|[a-z][.)])[ \t]+(?=\S)")
# A step within a paragraph: "2. Press it.", "Step 2: Press it.", "2 Press it."; behind a sentence.
_STEP = re.compile(
    r"(?:^|(?<=[.!?:;)][ \n])|(?<=[ \n]{2}))(?:([^\W\d_]+) )?(\d{1,2})([.):]*)[ \t]+(?=[^\W_])"
)
_NUMBERED = re.compile(r"(\d+)[.):]+[ \t]+$")
_BARE_STEP = re.compile(r"\d{1,2} +(?=[A-Z])")
MAX_NUMBER_CHARS = 8  # of the number of an item, with what is around it
MIN_STEPS, MIN_NAMED_STEPS = 3, 2  # that are counted up, to be steps; each behind a word: "Step"
_ROW = re.compile(r"[^|\n]*\|[^|\n]*\||\|[^|\n]+\|?")
_RULE = re.compile(r"[\s|:\-–—=*_]+$")
_EMPTY_ROW = re.compile(r"\s*\|[\s|]*$")
_MARK = re.compile(r"(?:>[ \t]?)+|\[\^[^\]\s]{1,20}\]:[ \t]+")  # of a quote, of a footnote
# Front matter: fields between rules; then definitions of links, and lines that are all template or
# all tags.
_FRONT_MATTER = re.compile(
    r"\ufeff?(?:---|\+\+\+)[ \t]*\n(?=\s*(?:#.*\n\s*)*[\w-]+[ \t]*[:=])"
    r"(?:(?!(?:---|\.\.\.|\+\+\+)[ \t]*$).*\n){1,400}?(?:---|\.\.\.|\+\+\+)[ \t]*$",
    re.MULTILINE,
)
_UNSEEN_LINE = re.compile(
    r"[ ]{0,3}\[(?!\^)[^\]\n]{1,200}\]:[ \t]+<?(?:[a-z][a-z0-9+.-]{1,20}:|[/#])\S*"
    r"|[ \t]*\{%[^\n]*%\}(?:\{[^{}\n]*\})?[ \t]*$"
    r"|[ \t]*(?:</?(?![a-z]+:)[a-z][^<>\n]*>[ \t]*)+$",
    re.IGNORECASE,
)
_INDENTED = re.compile(r"[ \t]{2,}\S")
_CLOSED = re.compile(r"[.!?…;,:。！？؟।][”\"’')\]]*(?:\[\^[^\]\s]{1,20}\])*$")
_OPENS_QUOTE = re.compile(r"[“\"‘'«„]")
# What makes a text read otherwise than it is shown: overrides of its direction, which turn it
# round (Boucher and Anderson 2021), and the invisible block Tags, but for the flags of regions.
_DISGUISE = re.compile(
    "[\u202d\u202e]|(?<![\U0001f3f4\U000e0020-\U000e007f])[\U000e0000-\U000e007f]"
)


@dataclass(frozen=True, slots=True)
class Unit:
    """The characters ``[start, end)`` of a text, and what they are read with."""

    start: int
    end: int
    role: UnitRole
    headings: tuple[str, ...] = ()
    """The headings above it, outermost first."""
    leans_on: str = ""
    """The list's introduction, the table's header, the question that it answers, or the sentence
    before it where it cannot be read without."""
    list_number: int | None = None
    """Items of one list, and rows of one table, have the same; None for a sentence."""
    paragraph: int = 0

    @property
    def is_evidence(self) -> bool:
        return self.role in EVIDENCE_ROLES

    def text(self, whole: str) -> str:
        """Its characters in the text that it was parsed from."""
        return whole[self.start : self.end]


def in_context(unit: Unit, whole: str, title: str = "") -> str:
    """The unit with its context before it, in the order in which a person reads them; no title or
    heading that orders something."""
    context = (each for each in (title, *unit.headings, unit.leans_on) if not is_order(each))
    kept = dict.fromkeys(" ".join(part.split()) for part in (*context, unit.text(whole)))
    return " ".join(_sentence_like(part) for part in kept if part)


def text_above(start: int, whole: str, title: str = "") -> str:
    """What stands above the unit at `start` and tells what it is about, but is no evidence: the
    title, its headings, and the introduction of its list or the header of its table."""
    units = parse_units(whole)
    place = bisect_right(units, start, key=lambda unit: unit.start) - 1
    if place < 0:
        return title
    unit = units[place]
    leads = [unit.leans_on] if unit.list_number is not None else []
    return " ".join(_sentence_like(part) for part in (title, *unit.headings, *leads) if part)


@lru_cache(maxsize=64)
def parse_units(text: str) -> tuple[Unit, ...]:
    """Every unit of `text`, in order; together they cover all its words. Linear time."""
    front = _front_matter(text)
    blocks = _with_numbered_headings(text, list(_blocks(text)))
    return tuple(_with_roles(text, [*([front] if front else []), *blocks]))


@dataclass(frozen=True, slots=True)
class _Block:
    """A heading, list item, table row or paragraph at ``[start, end)``."""

    start: int
    end: int
    kind: Literal["heading", "item", "row", "paragraph", "unseen"]
    level: int = 0
    """Of a heading, 1 to 6, and 7 for a plain line; indentation of an item."""
    after_blank: bool = True
    table: _Table = "goes on"
    """Of a row: whether it begins a table, as its header or because the header is empty."""


def _blocks(text: str) -> Iterator[_Block]:
    """The blocks of a text; paragraphs are runs of lines that are none of the others."""
    lines = list(_lines(text))
    front = _front_matter(text)
    number = text.count("\n", 0, front.end) + 1 if front else 0
    while number < len(lines):
        start, end = lines[number]
        line = text[start:end]
        blank_before = number == 0 or not text[slice(*lines[number - 1])].strip()
        if not line.strip() or _RULE.fullmatch(line):
            number += 1
        elif block := _block_of_line(line, start, end):
            yield block
            number += 1
        elif level := _level_of_other_heading(text, lines, number):
            yield _Block(start, end, "heading", level)
            number += 2 if level == SETEXT_LEVEL else 1
        elif item := _ITEM.match(line):
            last = _last_of_item(text, lines, number)
            indent = len(line) - len(line.lstrip())
            yield _Block(start + item.end(), lines[last][1], "item", indent, blank_before)
            number = last + 1
        elif _ROW.match(line.strip()) and line.count("|") >= 2:
            table = _table_at(text, lines, number)
            yield _Block(start, end, "row", after_blank=blank_before, table=table)
            number += 1
        else:
            last = _last_of_paragraph(text, lines, number)
            start += _mark_length(line)
            yield from _paragraph(text, start, lines[last][1], after_blank=blank_before)
            number = last + 1


def _with_numbered_headings(text: str, blocks: list[_Block]) -> list[_Block]:
    """The blocks, with items that stand alone above paragraphs as the headings that they are, where
    they count up: "1. Income", some sentences, "2. Costs", some sentences."""
    places = [
        place
        for place, (block, below) in enumerate(pairwise(blocks))
        if block.kind == "item" and below.kind == "paragraph" and below.after_blank
        if place == 0 or blocks[place - 1].kind != "item"
        if _is_open(text[block.start : block.end])
        if _CLOSED.search(text[slice(*_sentences_of(text, below)[0])])
    ]
    counted = [_number_before(blocks[n].start, text) for n in places]
    if len(places) < MIN_NUMBERED_HEADINGS or counted != list(range(1, len(places) + 1)):
        return blocks
    for n in places:
        blocks[n] = replace(blocks[n], kind="heading", level=NUMBERED_LEVEL)
    return blocks


def _number_before(start: int, text: str) -> int | None:
    """That of the item which begins at `start`, where it has one."""
    found = _NUMBERED.search(text[max(0, start - MAX_NUMBER_CHARS) : start])
    return int(found[1]) if found else None


def _front_matter(text: str) -> _Block | None:
    found = _FRONT_MATTER.match(text)
    return _Block(0, found.end(), "unseen") if found else None


def _block_of_line(line: str, start: int, end: int) -> _Block | None:
    """The heading with ``#``, or the line that no reader sees, that a line is by itself."""
    if heading := _ATX.match(line):
        return _Block(start + heading.end(), end, "heading", len(heading[1]))
    return _Block(start, end, "unseen") if _UNSEEN_LINE.match(line) else None


def _paragraph(text: str, start: int, end: int, *, after_blank: bool) -> Iterator[_Block]:
    """A paragraph; the steps that it counts up are items, the last one as far as its first
    sentence goes."""
    steps = _steps(text[start:end])
    marks = [start + step.start() for step in steps]
    begins = [start + (step.end() if step[3] else step.start(2)) for step in steps]
    first = marks[0] if marks else end
    if before := text[start:first].rstrip():
        yield _Block(start, start + len(before), "paragraph", 0, after_blank)
    for begin, following in zip(begins, marks[1:], strict=False):
        yield _Block(begin, begin + len(text[begin:following].rstrip()), "item", 0, False)
    if steps:
        last = begins[-1] + split_sentences(text[begins[-1] : end])[0][1]
        yield _Block(begins[-1], last, "item", 0, False)
        if rest := text[last:end].lstrip():
            yield _Block(end - len(rest), end, "paragraph", 0, False)


def _steps(paragraph: str) -> list[re.Match[str]]:
    """The numbers of the steps of a paragraph, counted up one by one; none where it has none. Bare
    ones begin with 1 and stand before capitals, unlike those of "1 man died. 2 were hurt." """
    runs: list[list[re.Match[str]]] = []
    for found in _STEP.finditer(paragraph):
        last = runs[-1][-1] if runs else None
        word, number, sign = found.groups()
        if last and (last[1], int(last[2]) + 1, last[3]) == (word, int(number), sign):
            runs[-1].append(found)
        else:
            runs.append([found])
    for run in runs:
        word, number, sign = run[0].groups()
        counted = len(run) >= (MIN_NAMED_STEPS if word and sign else MIN_STEPS)
        capitals = all(paragraph[each.end()].isupper() for each in run)
        if counted and (sign or (number == "1" and not word and capitals)):
            return run
    return []


def _lines(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for line in text.split("\n"):
        yield start, start + len(line.rstrip())
        start += len(line) + 1


def _is_rule(text: str, lines: Sequence[tuple[int, int]], number: int) -> bool:
    """True where the line parts the header of a table from its rows."""
    line = text[slice(*lines[number])] if 0 <= number < len(lines) else ""
    return "|" in line and "-" in line and bool(_RULE.fullmatch(line))


def _table_at(text: str, lines: Sequence[tuple[int, int]], number: int) -> _Table:
    """What the row in that line is to its table."""
    if _is_rule(text, lines, number + 1):
        return "header"
    above = text[slice(*lines[number - 2])] if number > 1 else ""
    return (
        "no header"
        if _is_rule(text, lines, number - 1) and _EMPTY_ROW.fullmatch(above)
        else "goes on"
    )


def _mark_length(line: str) -> int:
    mark = _MARK.match(line)
    return mark.end() if mark else 0


def _is_setext(text: str, lines: Sequence[tuple[int, int]], number: int) -> bool:
    if number + 1 >= len(lines):
        return False
    line, below = (text[slice(*lines[n])] for n in (number, number + 1))
    return bool(_SETEXT.match(below)) and len(line) <= MAX_HEADING_CHARS and "|" not in line


def _level_of_other_heading(text: str, lines: Sequence[tuple[int, int]], number: int) -> int:
    """The level of a heading that is underlined, or set in bold in a line of its own, no sentence
    and below nothing but another; 0 of any other line."""
    if _is_setext(text, lines, number):
        return SETEXT_LEVEL
    line, above = (text[slice(*lines[n])] if n >= 0 else "" for n in (number, number - 1))
    alone = not above.strip() or _STRONG.match(above)
    is_short = len(line) <= MAX_HEADING_CHARS
    return PLAIN_LEVEL if alone and is_short and _STRONG.match(line) else 0


def _starts_block(line: str) -> bool:
    return (
        not line.strip()
        or bool(_ATX.match(line) or _ITEM.match(line) or _RULE.fullmatch(line))
        or bool(_UNSEEN_LINE.match(line))
        or line.count("|") >= 2
    )


def _last_of_item(text: str, lines: Sequence[tuple[int, int]], number: int) -> int:
    """Indented lines below an item go on with it."""
    while number + 1 < len(lines):
        line = text[slice(*lines[number + 1])]
        if _starts_block(line) or not _INDENTED.match(line):
            break
        number += 1
    return number


def _last_of_paragraph(text: str, lines: Sequence[tuple[int, int]], number: int) -> int:
    while number + 1 < len(lines) and not _starts_block(text[slice(*lines[number + 1])]):
        if _is_setext(text, lines, number + 1):
            break
        number += 1
    return number


def _run_in_headings(text: str) -> frozenset[tuple[int, int]]:
    """Where the headings of paragraphs stand, in a text that has several: "**Open workshop.** On
    Mondays …"."""
    found = [m.span(1) for m in _RUN_IN.finditer(text) if len(m[1].split()) <= MAX_RUN_IN_WORDS]
    return frozenset(found if len(found) >= MIN_RUN_INS else ())


def _with_roles(text: str, blocks: Sequence[_Block]) -> Iterator[Unit]:
    headings, run_ins = list[tuple[int, str]](), _run_in_headings(text)
    # What the units to come lean on; the columns of the table under way.
    lists, lead, header, previous, before = 0, "", "", "", ""
    for paragraph, block in enumerate(blocks):
        path = tuple(name for _, name in headings)
        begins = previous != block.kind or block.table != "goes on"
        if block.kind in ("item", "row") and begins:
            lists += 1
            header = "" if block.table == "no header" else text[block.start : block.end]
        if block.kind in ("heading", "unseen"):
            if block.kind == "heading":
                lead = before = ""
                headings = _under(headings, block.level, text[block.start : block.end])
            yield Unit(block.start, block.end, block.kind, path, paragraph=paragraph)
        elif block.kind == "row":
            like = Unit(block.start, block.end, "row", path, lead, lists, paragraph)
            role = _role_of_whole(text[block.start : block.end], "row")
            yield _row_unit(like, header, role, is_header=begins and bool(header))
        elif block.kind == "item":
            yield from _item_units(text, block, Unit(0, 0, "item", path, lead, lists, paragraph))
        else:
            following = blocks[paragraph + 1] if paragraph + 1 < len(blocks) else None
            like = Unit(0, 0, "sentence", path, lead, paragraph=paragraph)
            units = list(_sentence_units(text, block, following, like, before, run_ins))
            for unit in units:
                if unit.role == "heading":
                    headings = _under(headings, PLAIN_LEVEL, unit.text(text))
                yield unit
            last = units[-1] if units else None
            leads = last is not None and last.role in ("introduction", "question")
            lead = last.text(text) if last is not None and leads else ""
            before = last.text(text) if last is not None and last.role == "sentence" else ""
        previous = block.kind


def _row_unit(like: Unit, header: str, role: UnitRole, *, is_header: bool) -> Unit:
    """A row, which leans on the header of its table; the header itself is no evidence."""
    if is_header:
        return replace(like, role="introduction")
    return replace(like, role=role, leans_on=header or like.leans_on)


def _under(headings: list[tuple[int, str]], level: int, name: str) -> list[tuple[int, str]]:
    kept = [each for each in headings if each[0] < level]
    return [*kept, (level, " ".join(name.strip(" #*_").split()))]


def _item_units(text: str, block: _Block, like: Unit) -> Iterator[Unit]:
    whole = replace(like, start=block.start, end=block.end)
    sentences = split_sentences(text[block.start : block.end])
    if _role(whole.text(text)) != "sentence" and len(sentences) == 1:
        yield replace(whole, role=_role(whole.text(text)))
    elif block.end - block.start <= MAX_ITEM_CHARS or len(sentences) == 1:
        yield replace(whole, role=_role_of_whole(whole.text(text), "item"))
    else:
        for start, end in sentences:
            yield replace(like, start=block.start + start, end=block.start + end)


def _sentence_units(
    text: str,
    block: _Block,
    following: _Block | None,
    like: Unit,
    before: str,
    run_ins: frozenset[tuple[int, int]],
) -> Iterator[Unit]:
    """The sentences of a paragraph, and its plain headings; `like` has what is the same for all,
    `before` is the last sentence of the paragraph before, `run_ins` where headings stand that
    their paragraphs follow."""
    spans = _sentences_of(text, block)
    below = _sentences_of(text, following)[:1] if _is_paragraph(following) else []
    path, lead = like.headings, like.leans_on
    role: UnitRole = "sentence"
    for place, (start, end) in enumerate(spans):
        sentence = text[start:end]
        unit = replace(like, start=start, end=end, headings=path)
        heads_list = place + 1 == len(spans) and following is not None and following.kind == "item"
        if (
            (start, end) in run_ins
            or _is_plain_heading(text, [*spans, *below][place : place + 2])
            or (heads_list and _is_open_line(text, (start, end)))
        ):
            yield replace(unit, role="heading", leans_on="")
            path = (*path[:1], sentence.strip(" *_"))
            lead = before = ""
            continue
        role = _role(sentence) if role != "instruction" else role  # an order goes on to its end
        leans = lead or (before if needs_context(sentence) else "")
        yield replace(unit, role=role, leans_on=leans)
        if role in ("question", "introduction"):
            lead = sentence
        before = sentence


def _sentences_of(text: str, block: _Block | None) -> list[tuple[int, int]]:
    if block is None:
        return []
    found = split_sentences(text[block.start : block.end])
    return [(block.start + start, block.start + end) for start, end in found]


def _is_paragraph(block: _Block | None) -> bool:
    return block is not None and block.kind == "paragraph"


def _is_plain_heading(text: str, lines: Sequence[tuple[int, int]]) -> bool:
    """True for a line of its own that does not end like a sentence, where the next one does: a
    transcript or a poem has many such lines, one after the other."""
    if len(lines) < 2 or not _is_open_line(text, lines[0]):
        return False
    return bool(_CLOSED.search(text[slice(*lines[1])]))


def _is_open_line(text: str, span: tuple[int, int]) -> bool:
    start, end = span
    alone = (start == 0 or text[start - 1] == "\n") and (end == len(text) or text[end] == "\n")
    return alone and _is_open(text[start:end])


def _is_open(line: str) -> bool:
    return "\n" not in line and len(line) <= MAX_HEADING_CHARS and not _CLOSED.search(line)


def _role_of_whole(text: str, role: UnitRole) -> UnitRole:
    """That of an item or row of several sentences or cells: no evidence where one of them
    orders something or is disguised."""
    parts = [text[start:end] for start, end in split_sentences(text)]
    found = {_role(part) for part in (*parts, *text.split("|"))}
    return next((each for each in _UNFIT if each in found), role)


def _role(sentence: str) -> UnitRole:
    if _DISGUISE.search(sentence):
        return "disguised"
    if is_order(sentence):
        return "instruction"
    stripped = sentence.rstrip()
    if stripped.endswith((":", "：")):
        return "introduction"
    if is_question(stripped) and not _is_quoted_question(stripped):
        return "question"
    return "sentence"


def _is_quoted_question(sentence: str) -> bool:
    """True for: He asked, "Why now?" The sentence itself states that he did."""
    quote = _OPENS_QUOTE.search(sentence)
    closed = sentence[-1] in "”\"’'»“"
    return closed and quote is not None and bool(re.search(r"\w", sentence[: quote.start()]))


def is_numbered(unit: Unit, whole: str) -> bool:
    """True of an item of a numbered list."""
    is_bare = _BARE_STEP.match(unit.text(whole)) is not None
    return unit.role == "item" and (_number_before(unit.start, whole) is not None or is_bare)


def ends_sentence(text: str) -> bool:
    """True of a text that ends as a sentence or a part of one does, and a heading does not."""
    return bool(_CLOSED.search(text))


def _sentence_like(part: str) -> str:
    return part if ends_sentence(part) else f"{part}."
