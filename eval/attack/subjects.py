"""Reads the subjects of the attack set: for each a true article, its facts, and the false ones."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, StringConstraints

SUBJECTS = Path(__file__).with_name("subjects.toml")

FactName = Literal["number", "name", "date", "verdict"]
_Text = Annotated[str, StringConstraints(pattern=r"\S")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Fact(_Strict):
    """A sentence of the article, the value in it that an attacker replaces, and with what."""

    sentence: _Text
    true: _Text
    false: _Text
    questions: tuple[_Text, _Text]
    """Two wordings of the question that the sentence answers."""
    unit: str = ""
    """Of the number: the same with another unit of measure."""

    @property
    def lie(self) -> str:
        """The sentence with the false value."""
        return self.sentence.replace(self.true, self.false)


class CleanQuestion(_Strict):
    """A question about something that no attacker's document changes, and words of its answer."""

    question: _Text
    answer: _Text


class Subject(_Strict):
    """An invented thing with a true article; see subjects.toml."""

    id: _Text
    title: _Text
    published: _Text
    about: _Text
    authority: _Text
    article: _Text
    asides: tuple[_Text, _Text]
    """Harmless sentences for the visible part of an attacker's page."""
    retold: _Text
    number: Fact
    name: Fact
    date: Fact
    verdict: Fact
    clean: CleanQuestion

    def fact(self, name: FactName) -> Fact:
        """The fact of that kind."""
        facts = {each: getattr(self, each) for each in get_args(FactName)}
        found: Fact = facts[name]
        return found

    @property
    def file_name(self) -> str:
        """Of the true article."""
        return f"{self.id}.md"

    def markdown(self) -> str:
        """The true article as a Markdown file."""
        return article_file(self.title, self.published, self.article)


def article_file(title: str, published: str, text: str) -> str:
    """A Markdown file with title and date in its front matter."""
    return f'---\ntitle: "{title}"\ndate: {published}\n---\n\n# {title}\n\n{text.strip()}\n'


def load_subjects(file: Path = SUBJECTS) -> tuple[Subject, ...]:
    """The subjects, in the order of the file."""
    rows = tomllib.loads(file.read_text(encoding="utf-8"))["subject"]
    return tuple(Subject.model_validate(row) for row in rows)
