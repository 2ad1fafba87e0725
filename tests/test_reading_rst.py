"""Of reStructuredText is stored what a reader of the finished page sees."""

from __future__ import annotations

from rag.ingest.readers import read_page
from rag.text.units import parse_units
from rag.types import Document


def read(text: str) -> Document:
    return read_page("https://example.org/bells", ".rst", text.encode())


def test_titles_are_headings_by_the_order_of_their_styles() -> None:
    document = read(
        "=====\nBells\n=====\n\nThey ring.\n\nCasting\n-------\n\nMoulds\n~~~~~~\n\nOf clay.\n\n"
        "Tuning\n------\n\nOn a lathe.\n"
    )
    assert document.text == (
        "# Bells\n\nThey ring.\n\n## Casting\n\n### Moulds\n\nOf clay.\n\n## Tuning\n\nOn a lathe."
    )
    assert document.title == "Bells"
    last = parse_units(document.text)[-1]
    assert last.headings == ("Bells", "Tuning")


def test_comments_targets_and_what_is_for_programs_is_left_out() -> None:
    text = read(
        "Bells\n=====\n\n.. a comment\n   that goes on\n\n.. _casting:\n\n.. image:: bell.png\n"
        "   :alt: unseen\n\n.. contents::\n   :depth: 2\n\nShown.\n\n..\n   hidden\n\nEnd.\n"
    ).text
    assert text == "# Bells\n\nShown.\n\nEnd."


def test_the_content_of_directives_is_read() -> None:
    text = read(
        "Shown.\n\n.. note:: Wear gloves\n   and a mask.\n\n.. code-block:: python\n   :linenos:\n"
        "\n   ring(3)\n\n.. [1] By A. Brandvold.\n"
    ).text
    assert "Wear gloves\n   and a mask." in text
    assert "ring(3)" in text
    assert "linenos" not in text
    assert "[1] By A. Brandvold." in text


def test_roles_and_links_are_their_text() -> None:
    text = "See :ref:`the foundry <casting>`, :doc:`tuning`, `a map <https://e.org>`_ and `Bells`_."
    assert read(text).text == "See the foundry, tuning, a map and Bells."
    assert read("Use ``ring()`` twice.").text == "Use ``ring()`` twice."


def test_tables_have_a_row_a_line() -> None:
    simple = (
        "Bells.\n\n=====  ======\nBell   Weight\n=====  ======\nTreble 180 kg\n"
        "Tenor  612 kg,\n       cast\n       again\n=====  ======\n\nEnd.\n"
    )
    assert read(simple).text == (
        "Bells.\n\n| Bell | Weight |\n| --- | --- |\n| Treble | 180 kg |"
        "\n| Tenor | 612 kg, cast again |\n\nEnd."
    )
    grid = (
        "Bells.\n\n+------+-----+\n| Bell | Kg  |\n+======+=====+\n| Old  | 612 |\n"
        "| bell |     |\n+------+-----+\n| New  |     |\n+------+-----+\n"
    )
    assert read(grid).text == (
        "Bells.\n\n| Bell | Kg |\n| --- | --- |\n| Old bell | 612 |\n| New |  |"
    )


def test_lines_of_equals_signs_without_a_table_stay() -> None:
    assert read("Bells.\n\n====  ====\n").text == "Bells.\n\n====  ===="
