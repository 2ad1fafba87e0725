"""Near misses: questions that the articles nearly answer, and do not.

Of a question that the articles answer one name, year or topic is replaced by another. A name comes
from another article, where it is used as the one that it replaces is: by somebody who speaks, or
behind the same prepositions. What somebody said is asked about what only another article is about.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from eval.drafting.draft import Draft
from eval.drafting.templates import Article, is_noun_like, topic_inside
from rag.internals import DATE_WORDS, content_stems, find_dates, find_names, name_runs, speeches

PLACE_PREPOSITIONS = frozenset("in at from to near of".split())
NO_PERSON = frozenset("in at near the".split())
YEARS_AWAY = (-7, -4, 3, 6, 9)
MIN_USES = 2  # of a name, to tell how it is used
MIN_LIKE = 0.5  # cosine of the words before two names
MIN_STEMS = 2  # of a question beside the name that is replaced


@dataclass(frozen=True, slots=True)
class NameUse:
    """A name with the articles that have it and the words before it, with how often."""

    text: str
    articles: frozenset[str]
    before: Mapping[str, int]
    speaks: bool

    @property
    def is_person(self) -> bool:
        """True of a name of somebody who speaks, that stands behind no "in" and no "the"."""
        return self.speaks and NO_PERSON.isdisjoint(self.before)

    @property
    def is_place(self) -> bool:
        """True of a name behind prepositions, and of none behind "the" or another word."""
        return bool(self.before) and PLACE_PREPOSITIONS.issuperset(self.before)


def name_uses(articles: Sequence[Article]) -> list[NameUse]:
    """The names of all articles, in the order of their first use."""
    before: dict[str, Counter[str]] = defaultdict(Counter)
    within: dict[str, set[str]] = defaultdict(set)
    speakers: set[str] = set()
    for article in articles:
        said = speeches(article.document.text)
        for unit in article.units:
            text = article.text(unit)
            for start, name in _names(text):
                previous = re.search(r"([\w’']+) $", text[:start])
                before[name][previous[1].lower() if previous else ""] += 1
                within[name].add(article.document.id)
                if unit in said and said[unit].has_words and name in said[unit].speaker:
                    speakers.add(name)
    words = {word for each in articles for word in re.findall(r"\b[a-z]+\b", each.document.text)}
    return [
        NameUse(name, frozenset(within[name]), before[name], name in speakers)
        for name in before
        if not words.issuperset(name.lower().split()) and before[name].total() >= MIN_USES
    ]


def _names(text: str) -> Iterator[tuple[int, str]]:
    """Runs of names inside a text, with where they begin; dates are none."""
    names = [each for each in find_names(text) if each.text.lower() not in DATE_WORDS]
    for run in name_runs(names):
        start, end = run[0].start, run[-1].end
        if text.startswith(" of ", end) or re.search(r"[A-Z][\w’']+ of $", text[:start]):
            continue  # "Bank of England" is one name
        yield start, re.sub(r"['’]s?$", "", text[start:end])


def near_misses(
    drafts: Sequence[Draft],
    articles: Sequence[Article],
    topics: Mapping[str, Sequence[str]],
    random: Random,
) -> Iterator[Draft]:
    """Near misses of `drafts`, in an order that `random` chooses; at most one of each. `topics` are
    what each article, by its id, keeps coming back to."""
    uses = name_uses(articles)
    years = {
        each.text for article in articles for each in find_dates(article.document.text) if each.year
    }
    shuffled = [draft for draft in drafts if draft.kind in ("fact", "statement", "yes_no")]
    random.shuffle(shuffled)
    for draft in shuffled:
        if draft.kind == "statement":
            made = _other_topic(draft, topics, articles, random)
        else:
            made = _other_name(draft, uses, random) or _other_year(draft, years, random)
        if made:
            yield made


def _other_topic(
    draft: Draft,
    topics: Mapping[str, Sequence[str]],
    articles: Sequence[Article],
    random: Random,
) -> Draft | None:
    """ "What did NAME say about TOPIC?", of a topic that no article with that name speaks of."""
    speaker = draft.question.removeprefix("What did ").partition(" say")[0]
    key = speaker.rsplit(" ", 1)[-1]
    theirs = [each.document.text for each in articles if key in each.document.text]
    known = {stem for text in theirs for stem in content_stems(text)}
    foreign = [
        topic_inside(topic, article)
        for article in articles
        if article.document.id != draft.document_id
        for topic in topics[article.document.id]
        if known.isdisjoint(content_stems(topic)) and content_stems(topic)
        if is_noun_like(topic) or topic_inside(topic, article).startswith("the ")
    ]
    if not foreign:
        return None
    topic = random.choice(foreign)
    asked = f"What did {speaker} say about {topic}?"
    note = f"No article with {speaker} speaks of “{topic}”, which another one is about."
    return replace(_missing(draft, "", topic), question=asked, note=note)


def _other_name(draft: Draft, uses: Sequence[NameUse], random: Random) -> Draft | None:
    by_text = {use.text: use for use in uses}
    for _, name in _names(draft.question):
        own = by_text.get(name)
        rest = draft.question.replace(name, "")
        if own is None or "“" in draft.question or len(set(content_stems(rest))) < MIN_STEMS:
            continue
        fitting = [use for use in uses if _fits(own, use, draft)]
        if fitting:
            best = sorted(fitting, key=lambda use: -_likeness(own, use))[:5]
            return _missing(draft, name, random.choice(best).text)
    return None


def _fits(own: NameUse, other: NameUse, draft: Draft) -> bool:
    """True of a name of another article that can stand in the place of `own`."""
    shares = set(own.text.split()) & set(other.text.split())
    apart = draft.document_id not in other.articles and not shares
    if own.is_person or other.is_person:
        return apart and own.is_person and other.is_person
    return apart and own.is_place and other.is_place and _likeness(own, other) >= MIN_LIKE


def _likeness(one: NameUse, other: NameUse) -> float:
    shared = sum(count * other.before.get(word, 0) for word, count in one.before.items())
    lengths = [sum(count**2 for count in each.before.values()) for each in (one, other)]
    return float(shared / (lengths[0] * lengths[1]) ** 0.5)


def _other_year(draft: Draft, years: set[str], random: Random) -> Draft | None:
    """Of a question that names one year and asks for something else."""
    dates = [each for each in find_dates(draft.question) if each.text.isdigit()]
    if len(dates) != 1 or draft.kind == "yes_no":
        return None
    year = dates[0].text
    free = [str(int(year) + away) for away in YEARS_AWAY if str(int(year) + away) not in years]
    return _missing(draft, year, random.choice(free)) if free else None


def _missing(draft: Draft, old: str, new: str) -> Draft:
    return replace(
        draft,
        kind="unanswerable",
        question=draft.question.replace(old, new),
        points=(),
        gold=(),
        optional=(),
        put_in=new,
        note=f"The articles answer “{draft.question}”; “{old}” was replaced by “{new}”.",
    )
