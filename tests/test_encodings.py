"""Bytes become the text that their writer saw, or a warning or an error says otherwise."""

from __future__ import annotations

import codecs

import pytest

from rag.errors import SourceError
from rag.events import Failed, Warned
from rag.ingest.encodings import decode
from rag.ingest.raw_source import RawSource

GERMAN = "Die Mühle am Bach mahlt seit 1874; der Eintritt beträgt 4 €."
WORLD = {
    "cp1250": [
        "Nowa biblioteka w Łodzi została otwarta w październiku. Wstęp jest bezpłatny.",
        "Řeka protéká třemi kraji a ústí do moře. Její délka činí 318 kilometrů.",
        "Az új könyvtár októberben nyílt meg Győrben, és a gyűjtemény őrzői örülnek.",
    ],
    "cp1251": [
        "Новая библиотека открылась в октябре. Вход для всех жителей города бесплатный.",
        "Нова бібліотека відкрилася у жовтні. Вхід для всіх мешканців безкоштовний.",
        "Поезд отходит на рассвете.",
    ],
    "koi8-r": ["Река течёт через три области и впадает в море."],
    "gbk": ["新图书馆于十月开放。所有市民均可免费入场。", "火车在黎明时分出发。"],
    "big5": ["這條河流經三個省，最後流入大海，全長318公里。"],
    "cp932": ["新しい図書館は十月に開館しました。①市民は無料で入場できます。"],
    "euc-jp": ["この川は三つの県を流れて海に注ぎます。長さは318キロメートルです。"],
    "cp949": ["새 도서관이 시월에 문을 열었습니다. 모든 시민은 무료로 입장할 수 있습니다."],
    "cp1253": ["Ο ποταμός διασχίζει τρεις νομούς και εκβάλλει στη θάλασσα."],
    "cp1254": ["Yeni kütüphane ekim ayında açıldı. Giriş şehrin bütün sakinleri için ücretsizdir."],
    "cp1255": ["הספרייה החדשה נפתחה באוקטובר. הכניסה חופשית לכל תושבי העיר."],
    "cp1256": ["افتتحت المكتبة الجديدة في أكتوبر. الدخول مجاني لجميع سكان المدينة."],
    "cp1252": [
        "La nouvelle bibliothèque a ouvert en octobre. L’entrée est gratuite.",
        "The naïve plan failed.",
        "It costs 14 £ a day.",
        GERMAN,
    ],
    "iso-8859-2": ["Nová knihovna v Brně byla otevřena v říjnu. Žádný šum."],
    "utf-16-le": ["The library opened in October.", "Новая библиотека открылась."],
}


def read(data: bytes, label: str = "", charset: str = "") -> tuple[str, list[str]]:
    """The text, and the warnings."""
    problems: list[Failed | Warned] = []
    text = decode(
        RawSource("a", "/a.txt", "a.txt", "a", data, charset, report=problems.append), label
    )
    assert all(isinstance(each, Warned) for each in problems)
    return text, [each.warning for each in problems if isinstance(each, Warned)]


@pytest.mark.parametrize(
    "mark",
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)
def test_a_byte_order_mark_wins(mark: tuple[bytes, str]) -> None:
    data = mark[0] + f"{GERMAN}\r\nEnde".encode(mark[1])
    assert read(data, label="shift_jis", charset="iso-8859-1") == (f"{GERMAN}\nEnde", [])


def test_utf8_needs_no_label_and_gives_no_warning() -> None:
    text = "Ærø – 日本 – 🎉 – \ufffd"
    assert read(text.encode(), label="windows-1251") == (text, [])


@pytest.mark.parametrize("bad", [b"\xe9", b"\x92", b"\xff", b"\xc3"])
def test_utf8_with_a_foreign_byte_stays_utf8(bad: bytes) -> None:
    before, after = "Søren og Zoë bor på Fanø. ".encode(), " – her på øen.".encode()
    text, warnings = read(before + bad + after)
    assert text == before.decode() + "\ufffd" + after.decode()
    assert "a character that cannot be read" in warnings[0]
    assert len(warnings) == 1


@pytest.mark.parametrize("cut", range(1, 4))
def test_utf8_that_ends_within_a_character_stays_utf8(cut: int) -> None:
    whole = "Zwölf Boxkämpfer jagen Viktor über den Deich 🎉".encode()
    text, warnings = read(whole[:-cut])
    assert text == "Zwölf Boxkämpfer jagen Viktor über den Deich \ufffd"
    assert len(warnings) == 1


def test_ascii_that_ends_within_a_character_stays_utf8() -> None:
    assert read("The fare is 3 €".encode()[:-1])[0] == "The fare is 3 \ufffd"


@pytest.mark.parametrize(
    ("label", "codec", "text"),
    [
        ("iso-8859-1", "cp1252", "“Talks” cost 5 €…"),
        ("latin1", "cp1252", "the captain’s"),
        ("us-ascii", "cp1252", "the captain’s"),
        ("ISO-8859-9", "cp1254", "“Şile” 5 €"),
        ("gb2312", "gb18030", "朱镕基和陶喆。"),
        ("GBK", "gb18030", "陶喆 €"),
        ("Shift_JIS", "cp932", "①髙橋"),
        ("x-sjis", "cp932", "①髙橋"),
        ("euc-kr", "cp949", "똠방각하"),
        ("ks_c_5601-1987", "cp949", "똠방각하"),
        ("big5", "big5hkscs", "嘅啲"),
        ("iso-2022-jp", "iso2022_jp", "図書館は十月に開館"),
    ],
)
def test_labels_mean_what_they_mean_to_browsers(label: str, codec: str, text: str) -> None:
    data = f"<p>{text}</p>".encode(codec)
    assert read(data, label=label) == (f"<p>{text}</p>", [])
    assert read(data, charset=label) == (f"<p>{text}</p>", [])


def test_the_label_of_the_server_comes_first() -> None:
    assert read("Это текст.".encode("cp1251"), "koi8-r", "windows-1251")[0] == "Это текст."


@pytest.mark.parametrize("label", ["punycode", "unicode_escape", "utf-7", "no-such", "rot13"])
def test_a_label_that_browsers_do_not_know_is_passed_over(label: str) -> None:
    text, warnings = read(GERMAN.encode("cp1252"), label=label)
    assert text == GERMAN
    assert warnings


def test_a_label_that_does_not_fit_is_passed_over() -> None:
    text = WORLD["cp1251"][0]
    assert read(text.encode("cp1251"), label="euc-jp")[0] == text


@pytest.mark.parametrize(
    ("codec", "text"), [(codec, text) for codec, texts in WORLD.items() for text in texts]
)
def test_an_encoding_without_a_label_is_found_and_named(codec: str, text: str) -> None:
    found, warnings = read(text.encode(codec))
    assert found == text
    assert len(warnings) == 1
    assert "the likeliest" in warnings[0]


def test_the_first_foreign_letter_may_come_late() -> None:
    filler = "The mill was built by the river.\n" * 20_000
    text = filler + "\n".join(WORLD["cp1251"])
    assert read(text.encode("cp1251"))[0] == text


@pytest.mark.parametrize(
    "data",
    [b"\x81\x8d\x8f text", "הנהר זורם דרך".encode("cp1255"), b"\xff\xfea", bytes(range(256))],
)
def test_what_cannot_be_told_is_refused_with_a_hint(data: bytes) -> None:
    with pytest.raises(SourceError, match="not text") as caught:
        read(data)
    assert "UTF-8" in caught.value.remedy
