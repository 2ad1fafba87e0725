"""The page in a person's language, theme and text size, over HTTP."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import closing
from html.parser import HTMLParser
from typing import Any, cast

import httpx
import pytest

from rag.assistant import Assistant
from rag.settings import load_settings
from tests.serving import Quoter, served
from ui.gate.sign_in import Access
from ui.page_settings import PageSettings, current_settings, using_settings
from ui.views.source_rail import Source, render_page
from ui.web import server
from ui.web.page_request import PersonalPage, personal_page, with_settings

QUESTION = "What tariff rate applies to fentanyl?"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    settings = load_settings(data_dir=tmp_path_factory.mktemp("page"), model="none")
    with Quoter(settings) as assistant:
        web, runner, history = server.create_page(cast(Assistant, assistant), Access())
        with closing(history), closing(runner), served(web) as address:
            yield address


class Tags(HTMLParser):
    """The attributes of the first tag of each name."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.first: dict[str, dict[str, str | None]] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.first.setdefault(tag, dict(attrs))


def words_of(config: dict[str, Any]) -> str:
    return json.dumps([each["props"] for each in config["components"]], ensure_ascii=False)


def config_in(page: str) -> dict[str, Any]:
    found = re.search(r"window\.gradio_config = (\{.*?\});</script>", page)
    assert found
    return cast("dict[str, Any]", json.loads(found[1]))


def test_without_a_choice_the_page_is_in_the_language_of_the_browser(url: str) -> None:
    page = httpx.get(url, headers={"Accept-Language": "de-AT,de;q=0.8"}).text
    assert Tags(page).first["html"]["lang"] == "de"
    assert "Stellen Sie" not in page
    assert "Fragen Sie die Artikel etwas" in words_of(config_in(page))
    assert "Ask the articles something" not in words_of(config_in(page))


def test_a_choice_has_precedence_and_is_that_of_one_person(url: str) -> None:
    asked = {"headers": {"Accept-Language": "de"}, "cookies": {"footnote_language": "es"}}
    assert "Pregunte algo" in words_of(httpx.get(f"{url}/config", **asked).json())  # type: ignore[arg-type]
    assert "Ask the articles" in words_of(httpx.get(f"{url}/config").json())


def test_languages_differ_in_words_only(url: str) -> None:
    """The components, their numbers and the events are the same."""

    def rest(language: str) -> Any:
        config = httpx.get(f"{url}/config", cookies={"footnote_language": language}).json()
        parts = [
            {**each, "props": sorted(each["props"])}
            | {"id": each["id"], "elem": each["props"].get("elem_id")}
            for each in config["components"]
        ]
        return parts, config["layout"], config["dependencies"]

    assert rest("en") == rest("zh")


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["Web page", "no date", "About", "Ask only this one"]),
        ("de", ["Webseite", "ohne Datum", "Inhalt", "Nur diese eine befragen"]),
        ("es", ["Página web", "sin fecha", "Contenido", "Preguntar solo a esta"]),
        ("zh", ["网页", "无日期", "简介", "仅向这一个提问"]),
    ],
)
def test_the_list_of_sources_is_in_the_persons_language(language: str, words: list[str]) -> None:
    source = Source("https://x.example/a", "Talks", "https://x.example/a", None, "web page")
    with using_settings(PageSettings(language=language)):
        shown = render_page([source], total=1, found=1, before=0, matching=[source.id])
    assert all(each in shown for each in words)
    assert ("Webseite" in shown) == (language == "de")


def test_the_rail_is_fetched_in_the_persons_language(url: str) -> None:
    def html(path: str) -> str:
        reply = httpx.get(f"{url}/rail/{path}", cookies={"footnote_language": "de"})
        return str(reply.json()["html"])

    assert "Wie man beginnt" in html("start")
    assert "Inhalt</span>" in html("sources")


@pytest.mark.parametrize(
    ("path", "language"),
    [
        ("/rail/jobs", "es"),
        ("/feedback/x", "es"),
        ("/share", "es"),
        ("/share/x", "es"),
        ("/source", "es"),
        ("/shared/x", "en"),
        ("/export/exchange/x.html", "en"),
        ("/v1/models", "en"),
    ],
)
def test_what_the_page_shows_is_translated_and_files_are_not(path: str, language: str) -> None:
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(current_settings().language)

    scope = {"type": "http", "path": path, "headers": [(b"cookie", b"footnote_language=es")]}
    asyncio.run(PersonalPage(app)(scope, cast(Any, None), cast(Any, None)))
    assert seen == [language]


def test_theme_and_text_size_are_there_before_the_page_is_drawn(url: str) -> None:
    cookies = {"footnote_theme": "dark", "footnote_text": "larger", "footnote_evidence": "open"}
    tags = Tags(httpx.get(url, cookies=cookies).text).first
    assert tags["gradio-app"]["theme_mode"] == "dark"
    assert (tags["html"]["data-theme"], tags["html"]["data-text"]) == ("dark", "larger")
    assert tags["html"]["data-evidence"] == "open"
    assert "theme_mode" not in Tags(httpx.get(url).text).first["gradio-app"]


def test_a_strange_cookie_does_not_reach_the_page(url: str) -> None:
    page = httpx.get(url, cookies={"footnote_language": "xx<b", "footnote_theme": "x<script"}).text
    assert "xx<b" not in page
    assert "x<script" not in page
    assert Tags(page).first["html"]["lang"] == "en"


def test_the_length_of_the_page_is_told(url: str) -> None:
    headers = {"Accept-Encoding": "identity"}
    page = httpx.get(url, cookies={"footnote_language": "zh"}, headers=headers)
    assert int(page.headers["content-length"]) == len(page.content)


def test_a_text_cannot_end_the_script_that_carries_it(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {"Copied": "</script><b>"}
    monkeypatch.setattr("ui.web.page_request.script_texts", lambda _: texts)
    page = personal_page(b'<html lang="en"><head></head></html>', PageSettings()).decode()
    assert page.count("</script>") == 1
    assert "<b>" not in page


def test_each_step_of_an_answer_is_in_the_persons_language() -> None:
    seen: list[str] = []

    def steps() -> Iterator[str]:
        try:
            while True:
                yield current_settings().language
        finally:
            seen.append(current_settings().language)

    following = with_settings(PageSettings(language="es"), cast(Any, steps()))
    assert [next(following), current_settings().language, next(following)] == ["es", "en", "es"]
    cast(Any, following).close()
    assert seen == ["es"]
    assert current_settings().language == "en"
