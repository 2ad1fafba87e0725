"""The title and date of Markdown are those that it states, however it is written."""

from __future__ import annotations

import pytest

from rag.ingest.readers import read_page
from rag.types import Document


def read(text: str) -> Document:
    return read_page("https://example.org/notes", ".md", text.encode())


@pytest.mark.parametrize(
    ("front", "title", "published"),
    [
        (
            "---\ntitle: >\n  Bees in\n  the city\ndate: 2023-04-02\n---\n",
            "Bees in the city",
            "2023-04-02",
        ),
        ("---\ntitle: |-\n  Bees\n---\n", "Bees", None),
        ("---\nTitle: 'A keeper''s year'  # draft\n---\n", "A keeper's year", None),
        ('---\ntitle: "Bees: a \\u00e9tude"\n---\n', "Bees: a étude", None),
        ("---\ntitle: 1984\ndate: 2023-04-02T08:00:00Z\n...\n", "1984", "2023-04-02"),
        ("---\ndate: 2 April\ntitle: Bees\n---\n", "Bees", None),
        ("---  \ntitle: [a, b]\n---\n# Hives\n", "Hives", None),
        (
            "+++\ntitle = 'Bees'\ndate = 2023-04-02T08:00:00Z\n[extra]\ntitle = 'no'\n+++\n",
            "Bees",
            "2023-04-02",
        ),
        ("+++\ndate = 2023-04-02\n+++\n# Hives\n", "Hives", "2023-04-02"),
    ],
)
def test_front_matter_is_yaml_or_toml(front: str, title: str, published: str | None) -> None:
    text = f"{front}\nA hive has one queen.\n"
    document = read(text)
    assert (document.title, document.published) == (title, published)
    assert document.text == text


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("---\n\nAfter a rule.\n\n---\n", "After a rule."),
        ("---\n: [broken\n---\n# Hives\n", "Hives"),
        ("---\ntitle: Never closed\n\n# Hives\n", "Hives"),
        ("---\na: &a [x]\nb: *a\ntitle: Bees\n---\n", "Bees"),
        (f"---\n{'[' * 5000}\n---\n# Hives\n", "Hives"),
        ("+++\nbroken\n+++\n# Hives\n", "Hives"),
    ],
)
def test_what_is_no_front_matter_does_no_harm(text: str, title: str) -> None:
    assert read(text).title == title


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("~~~sh\n# install\n~~~\n\n# Hives\n", "Hives"),
        ("````\n```\n# install\n```\n````\n# Hives\n", "Hives"),
        ("    # code\n\n# Hives\n", "Hives"),
        ("Hives\n=====\n\nText.", "Hives"),
        (
            '<p align="center"><img src="bee.png"></p>\n<h1 align="center">Hives <b>now</b></h1>\n',
            "Hives now",
        ),
        ("<div>\n<h1>Hives</h1>\n</div>\n\n# Later\n", "Hives"),
        ("# ![logo](bee.png) Hives [![ok](a.svg)](b)\n", "Hives"),
        (
            "# Hives of [the city](https://example.org) and `hive.py`\n",
            "Hives of the city and hive.py",
        ),
        ("<!-- # Draft -->\n\n# Hives\n", "Hives"),
        ("## Only a section\n\nText.", "Only a section"),
    ],
)
def test_the_first_heading_is_the_title(text: str, title: str) -> None:
    assert read(text).title == title


def test_comments_are_not_read_but_code_is() -> None:
    text = (
        "Before <!-- one --> after.\n<!--\ntwo\n-->\nNext.\n\n```html\n<!-- three -->\n```\n"
        "~~~\n<!-- four\n~~~\nLast <!-- five"
    )
    assert read(text).text == (
        "Before  after.\nNext.\n\n```html\n<!-- three -->\n```\n~~~\n<!-- four\n~~~\nLast "
    )


def test_many_comments_that_never_end_are_read_at_once() -> None:
    assert read("Bees. " + "<!-- " * 200_000).text == "Bees. "
    assert read("Bees.\n" + "```\n<!-- a -->\n" * 50_001).title == "Bees."
