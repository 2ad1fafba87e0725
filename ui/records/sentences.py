"""The sentences of an exported answer: as a record, and compared with what the file shows.

An export carries one record of all its questions, headings, sentences (with the numbers of their
footnotes and the remark on each) and outcomes. What a person reads is compared with it block by
block: a block is a heading, a paragraph or a list item. Blocks that a person added around them are
left alone as long as they refer to no footnote.
"""

from __future__ import annotations

import base64
import json
import zlib
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

from rag.errors import SourceError
from ui.safe_text import one_line

SCHEMA = "footnote.answer/1"
_OPENS, _CLOSES = "\x02", "\x03"  # around the number of a footnote in a block
MAX_BLOCKS = 50_000  # of one file
MAX_RECORD_BYTES = 32_000_000  # of a record as JSON
_MAX_TRIED = 20  # blocks that one that is missing is compared with
_COMPARED_CHARS = 2_000  # of each of them
_ALIKE = 0.6  # from this likeness on a block is the other one, changed

Kind = Literal["question", "heading", "sentence", "outcome"]
State = Literal["same", "altered", "missing", "added"]
_KINDS = ("question", "heading", "sentence", "outcome")


class RecordUnreadable(SourceError):
    """A record of sentences that is malformed."""

    def __init__(self) -> None:
        super().__init__(
            "The record of the sentences cannot be read.",
            "Export the conversation again, or mend the file.",
        )


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence as an export shows it. `grade` and `anchor` are how and where, in HTML."""

    text: str
    footnotes: tuple[int, ...] = ()
    remark: str = ""
    grade: str = ""
    anchor: str = ""

    def shown(self) -> str:
        """As `Block.shown`, for this sentence alone."""
        remark = f" ({self.remark})" if self.remark else ""
        return block_text([self.text, *self.footnotes, remark])


@dataclass(frozen=True, slots=True)
class Block:
    """What stands on lines of its own: sentences of one kind."""

    kind: Kind
    sentences: tuple[Sentence, ...]

    def shown(self) -> str:
        """Its text with the marks of footnotes, as `block_text` gives it."""
        return " ".join(sentence.shown() for sentence in self.sentences)


@dataclass(frozen=True, slots=True)
class WrittenBlock:
    """Sentences of an answer that stand together: a paragraph, or points below a heading."""

    sentences: tuple[Sentence, ...]
    is_list: bool = False
    heading: str = ""

    def shown(self) -> Iterator[Block]:
        if self.heading:
            yield Block("heading", (Sentence(self.heading),))
        if self.is_list:
            yield from (Block("sentence", (each,)) for each in self.sentences)
        else:
            yield Block("sentence", self.sentences)


@dataclass(frozen=True, slots=True)
class SentenceCheck:
    """Whether the file shows a sentence as it was recorded. `number` counts the sentences of one
    kind from 1; `shown` is what stands in its place where that is known, else ""."""

    number: int
    kind: Kind
    text: str
    footnotes: tuple[int, ...]
    remark: str
    state: State
    shown: str = ""

    @property
    def name(self) -> str:
        """``sentence 3``; of an added block only what it is."""
        return "an added sentence" if self.state == "added" else f"{self.kind} {self.number}"


def block_text(pieces: Iterable[str | int]) -> str:
    """A block as it is compared: its texts on one line, each footnote as a mark that no text can
    hold. Nothing else is taken out of it: whatever the file shows besides makes a difference."""
    parts = [
        f"{_OPENS}{piece}{_CLOSES}"
        if isinstance(piece, int)
        else piece.replace(_OPENS, "\ufffd").replace(_CLOSES, "\ufffd")
        for piece in pieces
    ]
    return " ".join("".join(parts).split())


# --- the record ------------------------------------------------------------------------------


def write_record(blocks: Sequence[Block]) -> str:
    """The record of `blocks`: JSON, deflated, in base64. It can end no comment or attribute, and a
    search in the file finds each sentence once."""
    document = {
        "schema": SCHEMA,
        "blocks": [
            {
                "kind": block.kind,
                "sentences": [
                    {"text": each.text, "footnotes": [*each.footnotes], "remark": each.remark}
                    for each in block.sentences
                ],
            }
            for block in blocks
        ],
    }
    written = json.dumps(document, separators=(",", ":")).encode()
    return base64.b64encode(zlib.compress(written, 9)).decode()


def read_record(written: str) -> list[Block]:
    """The blocks of a record. Raises `RecordUnreadable`."""
    try:
        inflating = zlib.decompressobj()
        document = json.loads(inflating.decompress(base64.b64decode(written), MAX_RECORD_BYTES))
        if document["schema"] != SCHEMA or len(document["blocks"]) > MAX_BLOCKS:
            raise TypeError
        return [_block(each) for each in document["blocks"]]
    except (ValueError, TypeError, LookupError, RecursionError, zlib.error) as error:
        raise RecordUnreadable from error


def _block(value: Any) -> Block:
    if value["kind"] not in _KINDS:
        raise TypeError
    return Block(value["kind"], tuple(map(_sentence, value["sentences"])))


def _sentence(value: Any) -> Sentence:
    text, numbers, remark = value["text"], value["footnotes"], value["remark"]
    if type(text) is not str or type(remark) is not str or {*map(type, numbers)} - {int}:
        raise TypeError
    return Sentence(one_line(text), tuple(numbers), one_line(remark))


# --- the comparison --------------------------------------------------------------------------


def compare_blocks(recorded: Sequence[Block], shown: Sequence[str]) -> list[SentenceCheck]:
    """A check for each recorded sentence, in order, and then one for each block of the file that
    refers to a footnote and was not recorded.

    `shown` are the blocks of the file, each as `block_text` gives it.
    """
    places = _places(recorded, shown)
    others = _changed(recorded, shown, places)
    numbers: Counter[Kind] = Counter()
    checks: list[SentenceCheck] = []
    for block, place, other in zip(recorded, places, others, strict=True):
        there = None if other is None else shown[other]
        for sentence, state in _states(block, place is not None, there):
            numbers[block.kind] += 1
            checks.append(_check(sentence, numbers[block.kind], block.kind, state, there or ""))
    known = {*places, *others}
    added = [text for at, text in enumerate(shown) if at not in known and _OPENS in text]
    return checks + [_check(Sentence(_readable(text)), 0, "sentence", "added") for text in added]


def _check(
    sentence: Sentence, number: int, kind: Kind, state: State, shown: str = ""
) -> SentenceCheck:
    there = _readable(shown) if state == "altered" else ""
    text, footnotes, remark = sentence.text, sentence.footnotes, sentence.remark
    return SentenceCheck(number, kind, text, footnotes, remark, state, there)


def _readable(shown: str) -> str:
    return shown.replace(_OPENS, "[").replace(_CLOSES, "]")


def _states(block: Block, is_found: bool, shown: str | None) -> Iterator[tuple[Sentence, State]]:
    """The sentences of a block, each with its state; `shown` is what stands in the block's place.

    Where every sentence is there and the block is another all the same, something was added, or
    their order was changed: then none of them stands as it was.
    """
    if is_found or shown is None:
        yield from ((each, "same" if is_found else "missing") for each in block.sentences)
        return
    there = [each.shown() in shown for each in block.sentences]
    for sentence, is_there in zip(block.sentences, there, strict=True):
        yield sentence, "same" if is_there and not all(there) else "altered"


def _places(recorded: Sequence[Block], shown: Sequence[str]) -> list[int | None]:
    """Where each recorded block stands in the file; None where it does not, or not in its order."""
    where: defaultdict[str, list[int]] = defaultdict(list)
    for at, text in enumerate(shown):
        where[text].append(at)
    found: list[int | None] = []
    last = -1
    for block in recorded:
        free = where[block.shown()]
        after = bisect_left(free, last)  # the same text may stand in several places
        place = free.pop(after if after < len(free) else 0) if free else None
        last = last if place is None else place
        found.append(place)
    kept = _longest_rising([place for place in found if place is not None])
    return [place if place in kept else None for place in found]


def _longest_rising(places: Sequence[int]) -> set[int]:
    """A longest rising run of `places`, all of them different (patience sorting)."""
    ends: list[int] = []  # of the runs of each length, the lowest last value
    before: dict[int, int | None] = {}
    for place in places:
        length = bisect_left(ends, place)
        before[place] = ends[length - 1] if length else None
        ends[length : length + 1] = [place]
    kept: set[int] = set()
    last = ends[-1] if ends else None
    while last is not None:
        kept.add(last)
        last = before[last]
    return kept


def _changed(
    recorded: Sequence[Block], shown: Sequence[str], places: Sequence[int | None]
) -> list[int | None]:
    """For each block that is not there, where the one stands that was made of it: between the same
    neighbours, and the most like it. None where there is none like it."""
    others: list[int | None] = [None] * len(places)
    taken, low, run = {*places}, -1, list[int]()
    for index, place in enumerate([*places, len(shown)]):
        if place is None:
            run.append(index)
            continue
        free = [at for at in range(low + 1, place) if at not in taken] if run else []
        for missing in run:
            text = recorded[missing].shown()
            alike = {at: _likeness(text, shown[at]) for at in free[:_MAX_TRIED]}
            best = max(alike, key=alike.__getitem__, default=None)
            if best is not None and alike[best] >= _ALIKE:
                others[missing] = best
                free.remove(best)
        low, run = place, []
    return others


def _likeness(left: str, right: str) -> float:
    """The share of characters that both have, 0..1, whatever their order."""
    left, right = left[:_COMPARED_CHARS], right[:_COMPARED_CHARS]
    return SequenceMatcher(None, left, right, autojunk=False).quick_ratio()
