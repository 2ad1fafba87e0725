"""Questions and articles in one language other than English, with and without spaces."""

from __future__ import annotations

import pytest

from rag.checking.question_match import (
    adds_information,
    question_overlap,
    short_answer_overlap,
    unknown_names,
)
from rag.checking.verdict import check_claim
from rag.query.validation import reason_to_decline
from rag.text.dates import find_dates
from rag.text.language import language_of
from rag.text.quantities import find_quantities
from rag.text.sentences import is_question, split_sentences
from rag.text.tokens import content_stems
from rag.text.units import parse_units

CHINESE = "北岭隧道于2021年3月9日通车。全长1280米，造价4500万元。"
JAPANESE = "海辺の美術館は2022年10月に開館した。建設費は12億円だった。"
GERMAN = "Die neuen Leuchttürme wurden 1998 gebaut. Sie kosteten 2,5 Millionen Euro."
SPANISH = "Los faros nuevos se construyeron en 1998. Costaron 2,5 millones de euros."
RUSSIAN = "Новые маяки построили в 1998 году. Они стоили 2,5 млн евро."


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (GERMAN, "de"),
        (SPANISH, "es"),
        (RUSSIAN, "ru"),
        ("Quand le phare a-t-il été construit ?", "fr"),
        ("Wie hoch ist der Turm?", "de"),
        ("¿Cuánto mide la torre?", "es"),
        ("Uus raamatukogu on siin ja see oli kõigile tasuta, aga mitte öösel.", "et"),
        ("Liburutegi berria urrian ireki zen eta sarrera doakoa da guztientzat.", "eu"),
        ("Osclaíodh an leabharlann nua agus tá cead isteach saor ag gach duine.", "ga"),
        ("புதிய நூலகம் திறக்கப்பட்டது", "ta"),
        ("Is a tariff an import duty?", "en"),
        ("How tall is the tower?", "en"),
        ("Storm kills ten near Vell", "en"),
        ("| Width | 400 W | 18 m |", "en"),
        ("", "en"),
    ],
)
def test_a_text_tells_its_language(text: str, language: str) -> None:
    assert language_of(text) == language


@pytest.mark.parametrize(
    ("question", "source"),
    [
        ("北岭隧道什么时候通车？", CHINESE),
        ("北岭隧道造价多少？", CHINESE),
        ("海辺の美術館はいつ開館しましたか。", JAPANESE),
        ("建設費はいくらですか", JAPANESE),
        ("Wann wurde der Leuchtturm gebaut?", "Der Leuchtturm wurde 1998 gebaut."),
        ("Wann wurden die Leuchttürme gebaut?", GERMAN),
        ("¿Cuándo se construyó el faro nuevo?", SPANISH),
        ("Когда построили новый маяк?", RUSSIAN),
        ("등대는 언제 지어졌습니까?", "새 등대는 1998년에 지어졌다."),
    ],
)
def test_a_question_finds_its_words_in_the_source(question: str, source: str) -> None:
    assert reason_to_decline(question) is None
    assert unknown_names(question, source) == []
    assert question_overlap(question, source) >= 0.5
    assert adds_information(question, source)


@pytest.mark.parametrize(
    ("question", "source"),
    [
        ("中央银行的利率是多少？", CHINESE),
        ("首相は誰ですか。", JAPANESE),
        ("Welche Steuern zahlen Bauern?", GERMAN),
        ("¿Qué impuestos pagan los granjeros?", SPANISH),
    ],
)
def test_a_question_about_something_else_does_not(question: str, source: str) -> None:
    assert question_overlap(question, source) < 0.34


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("造价4500万元", [(45e6, "¥")]),
        ("建設費は12億円", [(12e8, "¥")]),
        ("三百二十人", [(320, "")]),
        ("二〇二一年", [(2021, "year")]),
        ("全长1280米", [(1280, "metre")]),
        ("１２８０米", [(1280, "metre")]),
        ("Sie kosteten 2,5 Mio. Euro und wogen 1.250 Tonnen.", [(2.5e6, "€"), (1250, "ton")]),
        (
            "Los faros nuevos de la costa miden 1.250 metros y pesan 2,5 toneladas.",
            [(1250, "metre"), (2.5, "ton")],
        ),
        ("Они стоили 3,5 млрд евро.", [(3.5e9, "€")]),
    ],
)
def test_numbers_as_the_language_writes_them(text: str, expected: list[tuple[float, str]]) -> None:
    found = find_quantities(text)
    assert [quantity.unit for quantity in found] == [unit for _, unit in expected]
    assert [quantity.value for quantity in found] == pytest.approx([n for n, _ in expected])


def test_chinese_and_japanese_dates() -> None:
    days = [(each.year, each.month, each.day) for each in find_dates(CHINESE + JAPANESE)]
    assert days == [(2021, "Mar", 9), (2022, "Oct", None)]


@pytest.mark.parametrize(
    ("short", "share"), [("2021年3月9日", 1.0), ("2022年3月9日", pytest.approx(2 / 3))]
)
def test_a_short_answer_without_spaces_stands_in_the_text_or_not(short: str, share: float) -> None:
    assert short_answer_overlap("北岭隧道何年何月何日通车？", short, CHINESE) == share


@pytest.mark.parametrize("source", [CHINESE, JAPANESE, GERMAN, SPANISH, RUSSIAN])
def test_a_sentence_of_the_source_is_supported_and_one_with_another_number_is_not(
    source: str,
) -> None:
    sentences = [source[start:end] for start, end in split_sentences(source)]
    assert len(sentences) == 2
    for sentence in sentences:
        changed = sentence.replace("2", "7").replace("8", "5")
        assert check_claim(sentence, [source]).support == "supported"
        assert check_claim(changed, [source]).support == "unsupported"


def test_an_inflected_noun_is_no_other_name() -> None:
    claim = "Der neue Leuchtturm wurde 1998 gebaut."
    assert check_claim(claim, ["Die neuen Leuchttürme wurden 1998 gebaut."]).support != (
        "unsupported"
    )


@pytest.mark.parametrize(
    ("sentence", "asks"),
    [
        ("開館したのはいつですか。", True),
        ("いつ開館したか", True),
        ("何时通车？", True),
        ("建設費は12億円だった。", False),
        ("The word か asks.", False),
    ],
)
def test_questions_in_scripts_without_spaces(sentence: str, asks: bool) -> None:
    assert is_question(sentence) is asks
    assert (parse_units(sentence)[0].role == "question") is asks


def test_words_of_meaning_are_pairs_of_characters() -> None:
    assert content_stems("北岭隧道") == ["北岭", "岭隧", "隧道"]
    assert content_stems("美術館はどこですか") == ["美術", "術館"]
