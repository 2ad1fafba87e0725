"""What is stored of a PDF is what a person sees on its pages, in the order of reading."""

from __future__ import annotations

import pytest

from rag.events import Failed, Warned
from rag.ingest.pdf_pages import page_of
from rag.ingest.readers import read_page
from rag.ingest.readers.pdf_layout import lay_out
from rag.ingest.readers.pdf_words import Box, Word
from rag.text.sentences import split_sentences
from rag.text.units import parse_units
from rag.types import Document
from tests.pdf_files import PICTURE, at, column, grid, line, pdf_file


def read(*pages: list[str], title: str = "", turn: int = 0) -> Document:
    return read_page("https://example.org/a.pdf", ".pdf", pdf_file(pages, title, turn))


def warnings(*pages: list[str]) -> list[str]:
    told: list[Failed | Warned] = []
    data = pdf_file(pages)
    read_page("https://example.org/a.pdf", ".pdf", data, report=told.append)
    return [each.warning for each in told if isinstance(each, Warned)]


LEFT = """The weaving mill at Ostrava
closed in 1983, and its looms
were sold to a dealer from
Lodz for the price of scrap."""
RIGHT = """The dye works next door kept
going until the flood of 1997,
when the vats were carried
down to the railway bridge."""
LEFT_READ = " ".join(LEFT.split("\n"))
RIGHT_READ = " ".join(RIGHT.split("\n"))


# --- columns ---------------------------------------------------------------------------------


@pytest.mark.parametrize("shift", [0, 5])
def test_columns_are_read_one_after_the_other_however_they_are_drawn(shift: float) -> None:
    left, right = column(50, 700, LEFT), column(250, 700 - shift, RIGHT)
    by_row = [each for pair in zip(left, right, strict=True) for each in pair]
    for drawn in (left + right, right + left, by_row):
        assert read(drawn).text == f"{LEFT_READ}\n\n{RIGHT_READ}"


def test_a_title_over_two_columns_and_a_line_under_them() -> None:
    drawn = [
        at(50, 740, "Two mills by the river and what became of them", 18),
        *column(50, 700, LEFT),
        *column(250, 700, RIGHT),
        at(50, 620, "Both buildings are listed today, and nobody may change their fronts."),
    ]
    document = read(drawn, title="untitled")
    assert document.text == (
        "# Two mills by the river and what became of them\n\n"
        f"{LEFT_READ}\n\n{RIGHT_READ}\n\n"
        "Both buildings are listed today, and nobody may change their fronts."
    )
    assert document.title == "Two mills by the river and what became of them"


def test_a_sentence_goes_on_in_the_next_column() -> None:
    right = RIGHT.replace("The dye", "and the dye")
    left = LEFT.removesuffix(".")
    found = read(column(50, 700, left) + column(250, 700, right)).text
    assert "for the price of scrap and the dye works next door" in found


def test_three_narrow_columns() -> None:
    parts = [
        "Rain fell on\nthe harbour,\nand no boat\nleft all day.",
        "Gulls sat in\nrows on the\nroof of the\nold ice house.",
        "At dusk one\nlamp was lit\nby the man in\nthe signal hut.",
    ]
    drawn = [each for n, part in enumerate(parts) for each in column(50 + 90 * n, 700, part)]
    found = read(drawn).text
    assert found == "\n\n".join(part.replace("\n", " ") for part in parts)


# --- words and paragraphs --------------------------------------------------------------------


def test_divided_words_are_whole_again_and_compounds_keep_their_hyphen() -> None:
    lines = """The confe-
rence of the long-term
plan was an inter-
national one, in 1990-
1995, with F-
16 jets, short- and long-
term goals and the Müller-
Lüdenscheidt report."""
    assert read(column(50, 700, lines)).text == (
        "The conference of the long-term plan was an international one, in 1990-1995, with F-16"
        " jets, short- and long-term goals and the Müller-Lüdenscheidt report."
    )


def test_a_compound_that_stands_elsewhere_beside_a_mark_keeps_its_hyphen() -> None:
    lines = """The boiler (low-cost, and well built) was
replaced by another low-
cost boiler in an iso-
lated shed."""
    assert read(column(50, 700, lines)).text == (
        "The boiler (low-cost, and well built) was replaced by another low-cost boiler in"
        " an isolated shed."
    )


def test_a_hyphen_before_and_is_no_division() -> None:
    assert read(column(50, 700, "It has short-\nand long-range radar of two kinds.")).text == (
        "It has short- and long-range radar of two kinds."
    )


def test_ligatures_are_letters() -> None:
    assert read([at(50, 700, "The \ufb01rst \ufb02oor of the of\ufb01ce.")]).text == (
        "The first floor of the office."
    )


def test_a_ligature_of_three_letters_parts_no_word() -> None:
    text = read([at(50, 700, "A su\ufb03cient e\ufb03ciency of the pump.")]).text
    assert text == "A sufficient efficiency of the pump."


def test_accents_that_are_drawn_over_letters_are_part_of_them() -> None:
    small = at(50, 700, "x").replace(
        "(x) Tj", "[(The caf\\264) 444 (e of Zo\\250) 444 (e, m\\210) 444 (eme.)] TJ"
    )
    capital = at(50, 688, "x").replace(
        "(x) Tj", "(To ) Tj 16 2 Td (\\264) Tj -2 -2 Td (Etretat by boat.) Tj"
    )
    assert read([small, capital]).text == "The café of Zoë, même. To Étretat by boat."


def test_quotation_marks_like_accents_stay_what_they_are() -> None:
    assert read([at(50, 700, "Type `make' or ` or \xb4 alone.")]).text == (
        "Type `make' or ` or \xb4 alone."
    )


def test_the_mark_of_a_note_is_no_part_of_its_first_word() -> None:
    note = "BT /F1 6 Tf 50 600 Td 3 Ts (1) Tj 0 Ts /F1 8 Tf (Counted in May.) Tj ET"
    assert read([at(50, 700, "The pond held 40 carp."), note]).text.endswith("1 Counted in May.")


def test_raised_digits_within_a_line_stay_with_the_letters_behind_them() -> None:
    isotope = (
        "BT /F1 10 Tf 50 700 Td (Traces of ) Tj /F1 6 Tf 3 Ts (14) Tj /F1 10 Tf 0 Ts (C) Tj ET"
    )
    assert read([isotope]).text == "Traces of 14C"


@pytest.mark.parametrize("gutter", [8.0, 10.0, 12.0])
def test_columns_that_stand_as_close_as_words_of_a_heading(gutter: float) -> None:
    """Justified columns with little white between them, and headings in larger letters."""
    words = []
    for column_at in (0, 1):
        left = 40 + column_at * (150 + gutter)
        for row in range(12):
            is_heading = row == 3 + 4 * column_at
            height = 15.0 if is_heading else 11.0
            count = 2 if is_heading else 4 + row % 2
            step = 150 / count
            for number in range(count):
                right = left + (number + 1) * step - (0 if number == count - 1 else 3)
                box = Box(left + number * step, 600 - 13 * row, right, 600 - 13 * row + height)
                words.append(Word(f"{'ab'[column_at]}{row}", box, height - 1))
    pieces = lay_out(words, [])
    read_in_order = [
        word.text for piece in pieces for line in getattr(piece, "lines", ()) for word in line.words
    ]
    assert [text[0] for text in read_in_order] == ["a"] * 51 + ["b"] * 51


def test_a_short_second_column_beside_a_title_is_read_after_the_first() -> None:
    """Its lines are too few to tell that they begin on one edge."""
    first = "The ferry to the outer isles\nruns from April until the end of\nOctober, twice a day."
    drawn = [
        at(50, 700, "Ferries of the bay", 14),
        *column(50, 680, first),
        at(204, 700, "Fares", 14),
        *column(204, 680, "A crossing costs nine\ncrowns for each person."),
    ]
    assert read(drawn).text == (
        "# Ferries of the bay\n\nThe ferry to the outer isles runs from April until the end of"
        " October, twice a day.\n\n# Fares\n\nA crossing costs nine crowns for each person."
    )


def test_a_note_below_two_columns_is_read_after_both() -> None:
    drawn = [
        *column(50, 700, "The pond of the mill held\nforty carp, which the\nmiller fed with bran"),
        *column(204, 700, "and sold in the autumn\nto the inns of the town\nand to the abbey."),
        at(50, 640, "1 Counted in May.", 8),
    ]
    text = read(drawn).text
    assert "bran and sold" in text
    assert text.endswith("and to the abbey.\n\n1 Counted in May.")


def test_a_table_of_many_narrow_columns_is_one() -> None:
    rows = [["Lake", "Days", "Carp", "Pike"], ["Upper", "31", "40", "2"], ["Lower", "28", "7", "9"]]
    rows.append(["Old", "30", "11", "5"])
    drawn = [
        at(60 + 45 * column_at, 700 - 12 * row_at, cell)
        for row_at, row in enumerate(rows)
        for column_at, cell in enumerate(row)
    ]
    assert "| Lower | 28 | 7 | 9 |" in read(drawn).text


def test_paragraphs_are_known_by_space_by_indent_and_by_a_short_last_line() -> None:
    first = "The tannery used oak bark from\nthe slopes above the village."
    second = "Its smell was noticed as far\naway as the abbey of Hohenau."
    by_space = column(50, 700, first) + column(50, 660, second)
    head, tail = second.split("\n")
    by_indent = [*column(50, 700, first), at(62, 676, head), at(50, 664, tail)]
    for drawn in (by_space, by_indent):
        assert read(drawn).text == f"{first}\n\n{second}".replace("m\nt", "m t").replace(
            "\na", " a"
        )


def test_list_items_are_lines_of_their_own_and_bullets_are_dashes() -> None:
    drawn = column(50, 700, "You need three things:")
    for n, (label, words) in enumerate([("•", "a needle"), ("•", "waxed thread"), ("2.", "time")]):
        drawn += [at(60, 680 - 12 * n, label), at(84, 680 - 12 * n, words)]
    assert read(drawn).text == ("You need three things:\n\n- a needle\n- waxed thread\n2. time")


def test_drawn_dots_are_bullets() -> None:
    drawn = column(50, 700, "You need two things:")
    for n, words in enumerate(["a needle", "waxed thread"]):
        drawn += [f"52 {682 - 14 * n} 3 3 re f", at(64, 680 - 14 * n, words)]
    assert read(drawn).text == "You need two things:\n\n- a needle\n- waxed thread"


def test_raised_digits_stay_apart_from_the_number_before() -> None:
    drawn = "BT /F1 10 Tf 50 700 Td (It covers 600 m) Tj 4 Ts /F1 6 Tf (2) Tj 0 Ts"
    assert read([f"{drawn} /F1 10 Tf ( of floor.) Tj ET"]).text == "It covers 600 m² of floor."


def test_a_turned_page_is_read_like_any_other() -> None:
    drawn = [
        f"0 1 -1 0 600 0 cm\n{each}" if not n else each
        for n, each in enumerate(
            column(50, 500, "This page lies on its side,\nand is read all the same.")
        )
    ]
    assert read(drawn, turn=90).text == "This page lies on its side, and is read all the same."


# --- tables ----------------------------------------------------------------------------------

ROWS = [["Loom", "Built", "Width"], ["Jacquard", "1871", "140 cm"], ["Dobby", "", "90 cm"]]
TABLE = """| Loom | Built | Width |
| --- | --- | --- |
| Jacquard | 1871 | 140 cm |
| Dobby |  | 90 cm |"""


def cells(rows: list[list[str]], top: float = 700) -> list[str]:
    return [
        at(55 + 100 * column, top - 20 * row, text)
        for row, texts in enumerate(rows)
        for column, text in enumerate(texts)
        if text
    ]


@pytest.mark.parametrize("is_ruled", [True, False])
def test_a_table_is_rows(is_ruled: bool) -> None:
    rules = grid([50, 150, 250, 350], [654, 674, 694, 714]) if is_ruled else []
    drawn = [
        at(50, 750, "These looms were sold."),
        *rules,
        *cells(ROWS),
        at(50, 600, "Nobody came."),
    ]
    assert read(drawn).text == f"These looms were sold.\n\n{TABLE}\n\nNobody came."


def test_the_lines_of_a_cell_are_one() -> None:
    rules = grid([50, 150, 350], [640, 690, 714])
    drawn = [*rules, at(55, 700, "Loom"), at(155, 700, "Remarks"), at(55, 676, "Dobby")]
    drawn += column(155, 676, "Needs a new reed and some pa-\ntience, says the owner.")
    assert read(drawn).text.endswith(
        "| Dobby | Needs a new reed and some patience, says the owner. |"
    )


def test_a_table_that_goes_on_on_the_next_page_keeps_its_header() -> None:
    xs = [50, 150, 250, 350]
    first = [*grid(xs, [654, 674, 694, 714]), *cells(ROWS)]
    second = [
        *grid(xs, [674, 694, 714]),
        *cells([["Treadle", "1904", "70 cm"], ["Rug", "1911", ""]]),
    ]
    text = read(first, second).text
    rows = {unit.text(text): unit for unit in parse_units(text) if unit.role == "row"}
    assert rows["| Treadle | 1904 | 70 cm |"].leans_on == "| Loom | Built | Width |"


def test_names_beside_values_are_rows() -> None:
    pairs = [("Length", "84 m"), ("Launched", "1997"), ("Home port", "Kalvik")]
    text = read(cells([list(pair) for pair in pairs])).text
    rows = [unit.text(text) for unit in parse_units(text) if unit.role == "row"]
    assert rows == [f"| {name} | {value} |" for name, value in pairs]


# --- pages -----------------------------------------------------------------------------------


def running(number: int) -> list[str]:
    return [at(50, 770, "Letters from the mill", 8), at(290, 30, f"Page {number} of 3", 8)]


def test_sentences_cross_pages_and_running_lines_stand_once() -> None:
    bodies = [
        "The first owner could not read, and\nhis daughter kept the books until the",
        "war began. She paid the weavers her-\nself. After the war the mill was run by",
        "Anton and Greta Hrubý from Brno. They\nsold it in 1951.",
    ]
    document = read(*[column(50, 700, body) + running(n) for n, body in enumerate(bodies, 1)])
    text = document.text
    sentences = [text[start:end] for start, end in split_sentences(text)]
    assert sentences == [
        "Letters from the mill",
        "The first owner could not read, and his daughter kept the books until the war began.",
        "She paid the weavers herself.",
        "After the war the mill was run by Anton and Greta Hrubý from Brno.",
        "They sold it in 1951.",
    ]
    places = [page_of(document, text.index(each)) for each in sentences]
    assert places == [1, 1, 2, 2, 3]


def test_a_running_line_that_is_also_the_title_is_taken_out_elsewhere() -> None:
    first = [at(50, 760, "Letters from the mill", 18), *column(50, 700, LEFT)]
    others = [[*column(50, 700, RIGHT), at(400, 775, "Letters from the mill", 8)] for _ in range(3)]
    assert read(first, *others).text.count("Letters from the mill") == 2


def test_a_word_divided_between_pages_is_whole() -> None:
    first = "The mill was never insured, and so the fire de-"
    document = read([at(50, 700, first)], [at(50, 700, "stroyed it for good. Nobody was hurt.")])
    assert document.text == (
        "The mill was never insured, and so the fire destroyed it for good.\fNobody was hurt."
    )


def test_a_note_at_the_foot_does_not_stand_in_a_sentence() -> None:
    body = "The ledgers of the first ten years were\nburnt, and what is known of that time comes"
    first = [*column(50, 700, body), at(50, 60, "1 See the inventory of 1902.", 7)]
    text = read(first, column(50, 700, "from the letters of a clerk. He drank.")).text
    assert "comes from the letters of a clerk." in text
    assert "1 See the inventory of 1902." in text


def test_what_is_filled_in_a_form_is_read_in_its_place() -> None:
    drawn = [at(50, 700, "Name of the mill:"), at(50, 680, "Signed in June.")]
    data = pdf_file([drawn], field="Hrubý and daughter")
    text = read_page("https://example.org/a.pdf", ".pdf", data).text
    assert " ".join(text.replace("|", " ").split()).startswith(
        "Name of the mill: Hrubý and daughter"
    )


def test_pages_of_pictures_are_named() -> None:
    words = [at(50, 700, "A page of text.")]
    told = warnings(words, [PICTURE], [PICTURE], [PICTURE], words, [PICTURE], [])
    assert told == [
        "Pages 2 to 4, 6 of The page hold only pictures, no text. Run OCR on it, such as ocrmypdf."
    ]
    assert warnings(words, []) == []


def test_letters_without_a_code_are_shown_and_counted() -> None:
    drawn = [at(50, 700, "The sta\x00 of the mill.")]
    assert "sta\ufffd of" in read(drawn).text
    assert len(warnings(drawn)) == 1


# --- titles ----------------------------------------------------------------------------------

HEADED = [at(50, 740, "The mill in winter", 18), *column(50, 700, LEFT)]


@pytest.mark.parametrize(
    ("stated", "drawn", "title"),
    [
        ("(anonymous)", HEADED, "The mill in winter"),
        ("Template for reports v3", HEADED, "The mill in winter"),
        ("The mill in winter", column(50, 700, LEFT), "The mill in winter"),
        ("The weaving mill", HEADED, "The weaving mill"),
        (
            "",
            column(50, 700, LEFT),
            "The weaving mill at Ostrava closed in 1983, and its looms were sold to a dealer…",
        ),
    ],
)
def test_a_title_is_one_that_stands_on_the_page(stated: str, drawn: list[str], title: str) -> None:
    assert read(drawn, title=stated).title == title


# --- files that mean harm --------------------------------------------------------------------


def test_a_page_of_a_thousand_lines_and_words_everywhere_ends() -> None:
    drawn = [line(n % 60 * 10, 0, n % 60 * 10, 800) for n in range(1000)]
    drawn += [at(7 * n % 590, 11 * n % 790, f"w{n}", 4 + n % 9) for n in range(1500)]
    assert "w1499" in read(drawn).text
