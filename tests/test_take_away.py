"""What is copied, and who may read a shared conversation, over HTTP on loopback."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings

from rag.settings import load_settings
from tests.exports import conversation, documents
from tests.html_tree import parse
from tests.serving import Site, served, site
from tests.test_export import asked, nasty
from ui.gate.sign_in import COOKIE, Access, cookie_owner
from ui.gate.users import Users
from ui.records.export_content import export_content
from ui.records.footnotes import read_export
from ui.records.history import History
from ui.records.rich_copy import rich_copy
from ui.records.share_links import NoSuchLink, ShareLinks

OPEN = frozenset[str]()  # hosts of a server that others reach
LATER = "Who may meet?"

# --- copying ----------------------------------------------------------------------------------


def test_a_copy_has_numbered_footnotes_and_no_record() -> None:
    copied = rich_copy(export_content(conversation()[:1]))
    assert "A 20% rate applies to the fentanyl demands.<sup>[1]</sup> High tariffs" in copied.html
    assert "A 20% rate applies to the fentanyl demands. [1] High tariffs" in copied.text
    report, _ = documents()
    for text in (parse(copied.html).text, copied.text):
        assert "[1] “That was later hiked to 125%" in text
        assert f"— {report.title}, {report.id}" in text
        assert "partly supported: the number 2019 is not in the source" in text
        assert not re.search(r"[{}]|<!--|sha256|data-", text)


def test_points_stay_a_list_below_their_heading() -> None:
    first = conversation()[0]
    claims = [replace(claim, group="Rates") for claim in first.claims]
    copied = rich_copy(export_content([replace(first, claims=tuple(claims))]))
    page = parse(copied.html)
    assert next(each.text for each in page.all(tag="strong")) == "Rates"
    assert len(page.all(tag="li")) == 2
    assert "Rates:\n\n- A 20% rate" in copied.text


def test_the_questions_of_a_conversation_are_copied_with_it() -> None:
    copied = rich_copy(export_content(conversation(), "Talk"))
    for exchange in conversation():
        assert exchange.question in copied.text
        assert exchange.question in copied.html
    assert "No answer: no passage of the articles was found that states it." in copied.text


@settings(max_examples=60)
@given(*[nasty] * 6)
def test_nothing_copied_is_markup_of_others(
    question: str, sentence: str, quote: str, title: str, source: str, id: str
) -> None:
    copied = rich_copy(export_content([asked(question, sentence, quote, title, source, id)], "T"))
    names = {each.tag for each in parse(copied.html).walk()} - {"html", "head", "body", ""}
    assert names <= {"h3", "p", "sup", "em", "strong", "hr", "a", "[document]", "root"}
    links = [each.attrs["href"] for each in parse(copied.html).all(tag="a")]
    assert all(re.match(r"https?://", link) for link in links)


# --- sharing ----------------------------------------------------------------------------------


class Person:
    """Somebody with a browser on the site."""

    def __init__(self, built: Site, browser: httpx.Client, owner: str) -> None:
        self.site, self.browser, self.owner = built, browser, owner
        self.conversation = built.history.put(owner, None, conversation()[0])

    def do(self, method: str, conversation: str = "") -> httpx.Response:
        return self.browser.request(method, f"/share/{conversation or self.conversation}")

    def share(self) -> str:
        """The path of the link."""
        return f"/{self.do('POST').json()['path']}"

    def ask_later(self) -> None:
        later = replace(conversation()[1], question=LATER)
        self.site.history.put(self.owner, self.conversation, later)


@contextmanager
def people(folder: Path, access: Access, **options: Any) -> Iterator[tuple[Person, httpx.Client]]:
    """The owner of a conversation, and somebody else."""
    built_settings = load_settings(data_dir=folder)
    with site(built_settings, access, **options) as built, served(built.app) as url:
        one, other = (httpx.Client(base_url=url, trust_env=False) for _ in range(2))
        with one, other:
            if access.users:
                one.headers["Authorization"] = basic("ann:one")
                owner = "user:ann"
            else:
                one.get("/")
                owner = cookie_owner(one.cookies[COOKIE]) or ""
            yield Person(built, one, owner), other


def basic(credentials: str) -> str:
    return f"Basic {base64.b64encode(credentials.encode()).decode()}"


USERS = Users({"ann": "one", "ben": "two"})


def test_a_link_shows_what_was_asked_and_nothing_else(tmp_path: Path) -> None:
    with people(tmp_path, Access(hosts=OPEN)) as (ann, ben):
        ann.site.history.put(ann.owner, None, replace(conversation()[1], question="My secret"))
        ann.site.history.set_thumb(ann.owner, conversation()[0].id, "down", "a private note")
        assert ben.get("/share").json()["offered"] is True
        reply = ben.get(ann.share())
        assert reply.status_code == 200
        assert "A 20% rate applies to the fentanyl demands." in reply.text
        assert "to read only" in reply.text
        for private in ("My secret", "a private note", ann.owner, ann.conversation):
            assert private not in reply.text
        page = parse(reply.text)
        assert not page.all(tag="form") + page.all(tag="button") + page.all(tag="script")
        links = {each.attrs["href"][:4] for each in page.all(tag="a")}
        assert links <= {"#fn-", "#sen", "http"}
        assert "default-src 'none'" in reply.headers["content-security-policy"]
        assert reply.headers["cache-control"] == "no-store"
        assert "noindex" in reply.headers["x-robots-tag"]
        assert read_export(reply.text).footnotes


def test_later_questions_are_shown_only_after_a_renewal(tmp_path: Path) -> None:
    with people(tmp_path, Access(hosts=OPEN)) as (ann, ben):
        path = ann.share()
        ann.ask_later()
        assert LATER not in ben.get(path).text
        state = ann.do("GET").json()
        assert (state["shows"], state["total"], state["later"]) == ("1 question", "2 questions", 1)
        assert ann.share() == path
        assert LATER in ben.get(path).text


def test_a_withdrawn_link_and_one_of_a_deleted_conversation_are_gone(tmp_path: Path) -> None:
    with people(tmp_path, Access(hosts=OPEN)) as (ann, ben):
        first = ann.share()
        assert ann.do("DELETE").json()["path"] is None
        second = ann.share()
        assert second != first
        assert ben.get(second).status_code == 200
        ann.site.history.delete(ann.owner, ann.conversation)
        for path in (first, second, "/shared/none", "/shared/%00", "/shared/%E9"):
            reply = ben.get(path)
            assert reply.status_code == 404
            assert "This shared conversation is no longer there." in reply.text
            assert "20%" not in reply.text
        assert ann.do("POST").status_code == 404


def test_nobody_shares_what_is_anothers(tmp_path: Path) -> None:
    with people(tmp_path, Access(hosts=OPEN)) as (ann, ben):
        ann.share()
        ben.get("/")
        for method in ("GET", "POST", "DELETE"):
            reply = ben.request(method, f"/share/{ann.conversation}")
            assert reply.status_code == 404
            assert "gone" in reply.json()["error"]
        assert ann.do("GET").json()["path"]
        foreign = ann.browser.post(
            f"/share/{ann.conversation}", headers={"Origin": "https://evil.example"}
        )
        assert foreign.status_code == 403


def test_a_server_of_one_machine_shares_nothing(tmp_path: Path) -> None:
    with people(tmp_path, Access()) as (ann, ben):
        assert ben.get("/share").json()["offered"] is False
        reply = ann.do("POST")
        assert reply.status_code == 403
        assert "cannot be shared here" in reply.json()["error"]


@pytest.mark.parametrize(
    ("readers", "stranger", "user"),
    [("users", 401, 200), ("anyone", 200, 200), ("nobody", 401, 404)],
)
def test_who_may_read_is_as_the_server_was_told(
    tmp_path: Path, readers: Any, stranger: int, user: int
) -> None:
    shared = tmp_path / "made"
    with people(shared, Access(USERS)) as (ann, _):
        path = ann.share()
    with people(shared, Access(USERS, readers=readers)) as (_, ben):
        assert ben.get(path).status_code == stranger
        assert ben.get("/").status_code == 401
        assert ben.post(path).status_code == 401
        ben.headers["Authorization"] = basic("ben:two")
        assert ben.get(path).status_code == user


def test_a_link_is_long_and_random(tmp_path: Path) -> None:
    with History.open(tmp_path / "h.sqlite3") as history:
        links = ShareLinks.open(tmp_path / "s.sqlite3", history)
        tokens = set()
        for number in range(20):
            kept = history.put("ann", None, replace(conversation()[0], id=f"{number:016x}"))
            tokens.add(links.share("ann", kept).token)
        assert len(tokens) == 20
        assert {len(token) for token in tokens} == {32}
        with pytest.raises(NoSuchLink):
            links.read(next(iter(tokens))[:-1])
        links.close()
