"""Drafts made from the units of an article, in its own words, without a language model.

English only, but for what tables and lists say. What a sentence answers is read by
`eval.drafting.clauses`, and by `rag.ingest.suggestions`, which makes questions at indexing.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from eval.drafting.clauses import Question, questions_of, yes_or_no
from eval.drafting.draft import Draft, Kind
from rag.internals import (
    STOP_WORDS,
    Unit,
    WordForms,
    content_stems,
    expected_answer_type,
    find_dates,
    find_quantities,
    parse_units,
    short_title,
    speeches,
    stands_alone,
    suggest,
)
from rag.types import Document, Span

MAX_SUGGESTED = 40  # of one article
MAX_CHARS = 200_000  # of one article that are read
MIN_ITEMS, MAX_ITEMS = 3, 15  # of a list that one question is about
MAX_POINTS = 4  # of a summary
MAX_OF_SECTION = 3  # sentences of a section that an answer about it needs
MAX_OF_SPEAKER = 4  # statements of a speaker that one question may be about
MIN_WORDS = 2  # of a question, that carry meaning
MAX_TITLE_WORDS = 9  # of a title that a question names in passing
_NAME_TITLE = re.compile(r"[A-Z][\w’'-]+(?: [A-Z0-9][\w’'-]+){1,3}")
_PERSON = re.compile(r"\b(?:[Hh]e|[Ss]he)\b")
_TIMES = re.compile(r"\b(?:when|since when)\b", re.IGNORECASE)


def _is_title(text: str, title: str) -> bool:
    """True of the title, and of "title: …" in the head of a file."""
    return bool(title) and text.endswith(title) and len(text) <= len(title) + len("title: ")


@dataclass(frozen=True, slots=True)
class Article:
    """A document with its units, those of which may be cited."""

    document: Document
    units: tuple[Unit, ...]
    forms: WordForms

    @classmethod
    def of(cls, document: Document) -> Article:
        text, title = document.text[:MAX_CHARS], " ".join(document.title.split())
        kept = (
            unit
            for unit in parse_units(text)
            if unit.is_evidence and not _is_title(" ".join(unit.text(text).split()), title)
        )
        return cls(document, tuple(kept), WordForms.of(document.text))

    @property
    def title(self) -> str:
        return short_title(self.document.title)

    def text(self, unit: Unit) -> str:
        return " ".join(unit.text(self.document.text).split())

    def span(self, unit: Unit) -> Span:
        return Span(self.document.id, unit.start, unit.end)

    def tells(self, unit: Unit) -> bool:
        """False of "Yes.", and of a line in italics, such as when the article was changed."""
        text = self.text(unit)
        return len(content_stems(text)) > MIN_WORDS and text[0] not in "*_" and text[-1] not in "*_"

    def unit_at(self, span: Span) -> Unit | None:
        return next((unit for unit in self.units if self.span(unit) == span), None)


def template_drafts(article: Article, topics: Sequence[str] = ()) -> Iterator[Draft]:
    """Every draft of an article, those of each kind in its order. `topics` are phrases that it
    keeps coming back to."""
    if article.units:
        yield from _suggested(article, topics)
        yield from _facts(article)
        yield from _yes_no(article)
        yield from _lists(article)
        yield from _tables(article)
        yield from _sections(article)
        yield from _summary(article)


# --- sentences --------------------------------------------------------------------------------


def _suggested(article: Article, topics: Sequence[str]) -> Iterator[Draft]:
    """The questions that are made at indexing, with the places that answer them."""
    for made in suggest(article.document, MAX_SUGGESTED):
        unit = article.unit_at(made.span)
        draft = Draft("fact", made.text, article.document.id, ((made.span,),))
        if unit is None:
            continue
        if made.text.startswith("What did ") and made.text.endswith(" say?"):
            yield from _statement(article, unit, made.text, topics)
        elif unit.list_number is not None and unit.role == "item" and "“" in made.text:
            continue  # lists are drafted whole
        elif unit.role == "row":
            yield from _cell(article, unit, draft)
        elif made.text.startswith("Why "):
            yield replace(draft, kind="explanation")
        elif _TIMES.match(made.text):
            yield replace(draft, gold=_date_behind(made.text, article.text(unit)))
        elif unit.headings and made.text == unit.headings[-1]:
            yield _answered_heading(article, unit, draft)
        else:
            yield draft


def _date_behind(question: str, sentence: str) -> tuple[str, ...]:
    """The first date of a sentence behind the words that the question takes from it."""
    asked = sentence.find(question.rstrip("?").rsplit(" ", 1)[-1])
    return tuple(each.text for each in find_dates(sentence) if each.place[0] > asked)[:1]


def _cell(article: Article, unit: Unit, draft: Draft) -> Iterator[Draft]:
    cells = _cells(article.text(unit))
    if len(cells) == 2:
        yield replace(draft, gold=(cells[1],))


def _answered_heading(article: Article, unit: Unit, draft: Draft) -> Draft:
    """A heading that asks: the first sentence below it is needed, the others are to the point."""
    below = [each for each in article.units if each.headings == unit.headings]
    unit = next(filter(article.tells, below), unit)  # not "Yes."
    rest = tuple(article.span(each) for each in below if each != unit)
    asks = expected_answer_type(draft.question)
    kind: Kind = "yes_no" if asks == "yes-no" else "fact" if asks == "number" else "explanation"
    return replace(draft, kind=kind, points=((article.span(unit),),), optional=rest)


def _statement(
    article: Article, unit: Unit, question: str, topics: Sequence[str]
) -> Iterator[Draft]:
    """ "What did NAME say about TOPIC?"; without a topic where the article quotes them little."""
    said = speeches(article.document.text)
    key = question.removeprefix("What did ").removesuffix(" say?").rsplit(" ", 1)[-1]
    by_speaker = [
        each
        for each in article.units
        if each in said and said[each].has_words and key in said[each].speaker
    ]
    others = [each for each in by_speaker if each != unit]
    own = article.text(unit).lower()
    topic = next((each for each in topics if _is_about(each, own, question)), "")
    if topic:
        question = question.replace(" say?", f" say about {topic_inside(topic, article)}?")
    elif len(by_speaker) > MAX_OF_SPEAKER:
        return
    optional = tuple(article.span(each) for each in others)
    yield Draft("statement", question, article.document.id, ((article.span(unit),),), (), optional)


def _is_about(topic: str, text: str, question: str) -> bool:
    """True where a topic of several letters stands in the text and not in the question."""
    stems = set(content_stems(topic))
    return (
        topic.lower() in text
        and is_noun_like(topic)
        and bool(stems)
        and stems.isdisjoint(content_stems(question))
    )


def is_noun_like(topic: str) -> bool:
    """True of a topic that reads well behind "about": of several words, a name, a plural, or one
    that the article writes with "the"."""
    return " " in topic or topic[:1].isupper() or topic.endswith("s")


def topic_inside(topic: str, article: Article) -> str:
    """A topic with "the" or "a" before it where the article mostly writes it so."""
    before = re.findall(rf"\b(\w+) {re.escape(topic)}\b", article.document.text)
    usual, times = Counter(map(str.lower, before)).most_common(1)[0] if before else ("", 0)
    least = len(before) / 2 if topic.islower() else len(before)
    return f"{usual} {topic}" if usual in ("the", "a", "an") and times >= least else topic


def _facts(article: Article) -> Iterator[Draft]:
    """When, why and how many, of plain sentences."""
    for unit in article.units:
        if unit.role != "sentence":
            continue
        for asked in questions_of(_with_subject(article, unit), article.forms):
            question = _named(asked, article)
            if question:
                kind: Kind = "explanation" if asked.asks == "why" else "fact"
                gold = (asked.gold,) if asked.gold else ()
                yield Draft(kind, question, article.document.id, ((article.span(unit),),), gold)


def _with_subject(article: Article, unit: Unit) -> str:
    """A sentence of a biography with the name of its person in place of "he" or "she"."""
    text, title = article.text(unit), article.title
    whole = article.document.text
    first, _, rest = text.partition(" ")
    is_biography = _NAME_TITLE.fullmatch(title) and f"{title.split()[-1]} " in whole
    if not is_biography or len(_PERSON.findall(whole)) < MAX_POINTS:
        return text
    usual = (
        "She"
        if len(re.findall(r"\bshe\b", whole, re.IGNORECASE)) * 2 > len(_PERSON.findall(whole))
        else "He"
    )
    if first == usual:
        return f"{title} {rest}"
    return re.sub(rf"^((?:In|On) [\w ]{{4,20}},?) {usual.lower()}\b", rf"\1 {title}", text)


def _named(asked: Question, article: Article) -> str:
    """The question as it stands alone, with the title where it would not; "" where neither does."""
    if stands_alone(asked.text, article.document.title):
        return asked.text
    question = asked.text[0].lower() + asked.text[1:]
    titled = f"In “{article.title}”, {question}"
    short = len(article.title.split()) <= MAX_TITLE_WORDS
    enough = len(set(content_stems(asked.text))) >= MIN_WORDS
    return titled if short and enough and stands_alone(titled, article.document.title) else ""


def _yes_no(article: Article) -> Iterator[Draft]:
    """ "Does the hall hold 8 people?": yes, by the sentence; and with another number: no."""
    for number, unit in enumerate(article.units):
        if unit.role != "sentence":
            continue
        question = yes_or_no(_with_subject(article, unit), article.forms)
        if not question or not stands_alone(question, article.document.title):
            continue
        if _ends_in_number(question):
            continue
        text, point = article.text(unit), ((article.span(unit),),)
        other = _other_amount(question) if number % 2 else ""
        yield Draft(
            "yes_no",
            other or question,
            article.document.id,
            point,
            ("no" if other else "yes", text),
            note="Its number was changed: the answer is no." if other else "",
        )


def _ends_in_number(question: str) -> bool:
    """True of "Has it accepted the first four?": what is counted is not named."""
    end = len(question) - 1
    return any(each.end == end and not each.unit for each in find_quantities(question)) and not any(
        each.place[1] == end for each in find_dates(question)
    )


def _other_amount(question: str) -> str:
    """The question with another number in the place of its only one; "" without one. Not another
    year: what happened in one may have happened in another too."""
    found = [each for each in find_quantities(question) if each.text.split(" ")[0].isdigit()]
    if len(found) != 1 or find_dates(question):
        return ""
    digits = found[0].text.split(" ")[0]
    start = found[0].start
    return f"{question[:start]}{int(digits) * 2}{question[start + len(digits) :]}"


# --- lists and tables -------------------------------------------------------------------------


def _by_list(article: Article, role: Literal["item", "row"]) -> Iterable[list[Unit]]:
    """The items of each list, or the rows of each table."""
    found: dict[int, list[Unit]] = defaultdict(list)
    for unit in article.units:
        if unit.role == role and unit.list_number is not None:
            found[unit.list_number].append(unit)
    return found.values()


def _lists(article: Article) -> Iterator[Draft]:
    """ "What are the ingredients in “TITLE”?": every item of the list."""
    for items in _by_list(article, "item"):
        heading = items[0].headings[-1] if items[0].headings else ""
        question = _list_question(article, heading, items[0].leans_on)
        if question and MIN_ITEMS <= len(items) <= MAX_ITEMS:
            points = tuple((article.span(item),) for item in items)
            yield Draft("list", question, article.document.id, points)


def _list_question(article: Article, heading: str, introduction: str) -> str:
    title = article.title
    heading = re.sub(r"[*_`“”\"#]", "", heading).strip()
    if heading.endswith("?"):
        return heading if stands_alone(heading, article.document.title) else ""
    if not heading or heading == article.document.title:
        return f"What does “{title}” list?" if introduction else ""
    is_plural = heading.endswith("s") and len(heading.split()) == 1
    if is_plural:
        return f"What are the {heading.lower()} in “{title}”?"
    return f"What does “{title}” list under “{heading}”?"


def _tables(article: Article) -> Iterator[Draft]:
    """A cell by its row and column, and two rows side by side."""
    for rows in _by_list(article, "row"):
        header = _cells(" ".join(rows[0].leans_on.split()))
        cells = [(row, _cells(article.text(row))) for row in rows]
        whole = [(row, own) for row, own in cells if len(own) == len(header) and all(own)]
        if len(header) > 1 and len(whole) > 1:
            yield from _cell_questions(article, header, whole)
            yield from _row_comparison(article, header, whole)


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip(" |").split("|")]


_Rows = list[tuple[Unit, list[str]]]


def _cell_questions(article: Article, header: list[str], rows: _Rows) -> Iterator[Draft]:
    """ "What is the climb for Ness to Crow Hut in “TITLE”?", of cells that hold a number."""
    if len(header) == 2 and not any(find_dates(own[0]) for _, own in rows):
        return  # of two columns, with the title as what it is about: made at indexing
    for place, (row, own) in enumerate(rows):
        label = _label_column(header, own)
        column = 1 + label + place % (len(header) - 1 - label)
        if find_quantities(own[column]):
            question = _cell_question(article, header, own, label, column)
            point = ((article.span(row),),)
            yield Draft("fact", question, article.document.id, point, (own[column],))


def _compares_columns(header: list[str]) -> bool:
    """True of a table whose columns are named things, and whose rows tell something of each."""
    return len(header) > 2 and all(_NAME_TITLE.fullmatch(each) for each in header[1:])


def _label_column(header: list[str], row: list[str]) -> int:
    """0, or 1 of a table whose first column numbers its rows."""
    return int(row[0].isdigit() and len(header) > 2 and not find_dates(row[0]))


def _cell_question(
    article: Article, header: list[str], row: list[str], label: int, column: int
) -> str:
    name, asked, title = row[label], header[column], article.title
    if _compares_columns(header[label:]):
        question = f"What is the {_small(name)} of the {asked}?"
        if stands_alone(question, article.document.title):
            return question
    if _is_asking(asked) or asked.endswith("s") or asked[-1].isdigit():
        return f"What does “{title}” give under “{asked}” for “{name}”?"
    if find_dates(name):
        return f"What was the {_small(asked)} in {name}, according to “{title}”?"
    return f"What is the {_small(asked)} for {_small(name, article.document.text)} in “{title}”?"


def _is_asking(header: str) -> bool:
    """True of a header such as "How many", which is no noun."""
    return header.split(" ")[0].lower() in STOP_WORDS or not header


def _small(name: str, text: str | None = None) -> str:
    """A label as inside a sentence: a first word that has a capital for its place in small letters.
    With the `text` of the article, only one that stands in small letters there."""
    first, _, rest = name.partition(" ")
    is_word = text is None or re.search(rf"\b{re.escape(first.lower())}\b", text)
    is_plain = first.istitle() and is_word and not re.search(r"\b[A-Z]", rest)
    return f"{first.lower()} {rest}".strip() if is_plain else name


def _row_comparison(article: Article, header: list[str], rows: _Rows) -> Iterator[Draft]:
    """The first and the last row that have a name and numbers in the same columns."""
    first, last = rows[0], rows[-1]
    label = _label_column(header, first[1])
    if _compares_columns(header[label:]):
        yield from _column_comparison(article, header, rows)
        return
    numbers = [
        column
        for column in range(label + 1, len(header))
        if find_quantities(first[1][column]) and find_quantities(last[1][column])
    ]
    one, other = first[1][label], last[1][label]
    if not numbers or find_quantities(one) or find_quantities(other):
        return
    whole, column = article.document.text, header[numbers[0]]
    asked = f" in {_small(column)}" if not _is_asking(column) else ""
    sides = f"{_small(one, whole)} and {_small(other, whole)}"
    question = f"How do {sides} differ{asked} in “{article.title}”?"
    points = ((article.span(first[0]),), (article.span(last[0]),))
    yield Draft("comparison", question, article.document.id, points)


def _column_comparison(article: Article, header: list[str], rows: _Rows) -> Iterator[Draft]:
    """ "How do the Swift and the Carrier differ?", of a table with a column for each: every row in
    which they differ."""
    points = tuple((article.span(row),) for row, own in rows if own[1] != own[2])
    question = f"How do the {header[1]} and the {header[2]} differ?"
    if len(points) > 1 and len(points) <= MAX_ITEMS and header[1] and header[2]:
        yield Draft("comparison", question, article.document.id, points)


# --- whole articles ---------------------------------------------------------------------------


def _sections(article: Article) -> Iterator[Draft]:
    """ "What does “TITLE” say about “HEADING”?" of sections with several sentences: the first of
    them are needed, the others are to the point."""
    below: dict[tuple[str, ...], list[Unit]] = defaultdict(list)
    for unit in article.units:
        if unit.role == "sentence" and unit.headings and article.tells(unit):
            below[unit.headings].append(unit)
    for headings, units in below.items():
        heading = re.sub(r"[*_`“”\"#]", "", headings[-1]).strip()
        named = content_stems(heading) and not find_dates(heading)
        names_part = named and heading != article.document.title.strip()
        if names_part and not heading.endswith("?") and len(units) > 2 and len(below) > 1:
            asked = f"What does “{article.title}” say about “{heading}”?"
            spans = [article.span(unit) for unit in units]
            points = tuple((span,) for span in spans[:MAX_OF_SECTION])
            rest = tuple(spans[MAX_OF_SECTION:])
            yield Draft("explanation", asked, article.document.id, points, (), rest)


def _summary(article: Article) -> Iterator[Draft]:
    """ "What is “TITLE” about?": the sentence that it begins with is needed, and those that its
    first sections begin with; where it has no sections, its second sentence."""
    sentences = [each for each in article.units if each.role == "sentence" and article.tells(each)]
    leads: dict[tuple[str, ...], Unit] = {}
    for unit in sentences:
        leads.setdefault(unit.headings, unit)
    chosen = list(leads.values())[:MAX_POINTS]
    if len(chosen) == 1:
        chosen = sentences[:2]
    if len(chosen) > 1 and article.document.title:
        points = tuple((article.span(unit),) for unit in chosen)
        yield Draft("summary", f"What is “{article.title}” about?", article.document.id, points)


_ASKING = frozenset(
    "who what when where why how many much which since in on is are was were did does do has have"
    " had will would can could be been the a an of".split()
)


def keyword_draft(draft: Draft) -> Draft | None:
    """A question with a short answer as one types it into a search box; None where too few words
    are left, and where it names its article."""
    words = re.findall(r"[^\s?,]+", draft.question)
    kept = [word for word in words if word.lower() not in _ASKING]
    while kept and kept[-1] in STOP_WORDS:
        kept.pop()
    if "“" in draft.question or not 2 <= len(kept) <= 7:
        return None
    before = ["number", "of"] if draft.question.startswith("How many") else []
    behind = ["date"] if _TIMES.match(draft.question) else []
    return replace(draft, kind="keyword", question=" ".join([*before, *kept, *behind]))
