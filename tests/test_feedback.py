"""What a person says of an answer is kept, and a review turns it into cases of the evals."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from eval.cases import Case, is_right, load_cases
from rag.errors import QuestionError
from rag.settings import load_settings
from rag.types import Document, Span
from tests.exports import RATE, cite, conversation, documents
from tests.html_tree import parse
from tests.serving import Site, served, site
from ui.gate.sign_in import COOKIE, cookie_owner
from ui.questions.exchange import Thumb
from ui.records.feedback import NOTHING, Feedback, FeedbackStore
from ui.records.feedback_cases import review_cases
from ui.views import review_list
from ui.web.feedback_forms import find_marked

REPORT = documents()[0]
QUOTE = cite(REPORT, RATE).quote


@dataclass
class Visit:
    """A browser with one answer and a thumb in its history."""

    site: Site
    browser: httpx.Client
    owner: str
    exchange: str
    folder: Path

    def say(self, **body: Any) -> dict[str, Any]:
        written = json.dumps(body)  # in ASCII, as half a character is not
        reply = self.browser.post(f"/feedback/{self.exchange}", content=written)
        return {"status": reply.status_code, **reply.json()}

    def review(self, **body: Any) -> dict[str, Any]:
        found = self.browser.post(f"/feedback/{self.exchange}/review", json=body).json()
        assert isinstance(found, dict)
        return found

    def cases(self, query: str = "") -> list[Case]:
        text = self.browser.get(f"/export/cases.jsonl{query}").text
        if not text:
            return []
        path = self.folder / "cases.jsonl"
        path.write_text(text, "utf-8")
        library = self.site.assistant.library
        return load_cases(path, lambda id: library.document(id).text)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, str]]:
    folder = tmp_path_factory.mktemp("server")
    with site(load_settings(data_dir=folder)) as built, served(built.app) as url:
        yield built, url


@pytest.fixture
def visit(running: tuple[Site, str], tmp_path: Path) -> Iterator[Visit]:
    built, url = running
    with httpx.Client(base_url=url, trust_env=False) as browser:
        browser.get("/")
        owner = cookie_owner(browser.cookies[COOKIE]) or ""
        first = conversation()[0]
        built.history.put(owner, None, first)
        built.history.set_thumb(owner, first.id, "down")
        yield Visit(built, browser, owner, first.id, tmp_path)


def marked(text: str = QUOTE) -> dict[str, Any]:
    return {"document": REPORT.id, "text": text}


# --- saying it -------------------------------------------------------------------------------


def test_what_is_said_is_confirmed_and_comes_back(visit: Visit) -> None:
    said = visit.say(note="too high", reason="wrong", better="20%", sentence=marked())
    assert said["status"] == 200
    assert said["said"] == (
        "Saved: your note, the reason, the better answer and the right sentence."
        " It is on the Evals tab."
    )
    form = visit.browser.get(f"/feedback/{visit.exchange}").json()
    assert (form["note"], form["reason"], form["better"]) == ("too high", "wrong", "20%")
    assert form["sentence"]["text"] == QUOTE
    assert visit.site.history.find(visit.owner, visit.exchange).note == "too high"
    assert any(each["text"] == QUOTE for each in form["sentences"])


def test_a_note_alone_changes_nothing_else(visit: Visit) -> None:
    visit.say(note="a", better="20%")
    assert visit.say(note="b")["said"].startswith("Saved: your note and the better answer.")
    assert visit.say(note="", better="", sentence=None)["said"] == "Saved, without a note."


def test_words_marked_in_a_source_become_its_whole_sentence(visit: Visit) -> None:
    said = visit.say(sentence=marked("a 20% rate\n  just for"))
    assert said["sentence"]["text"] == QUOTE


@pytest.mark.parametrize(
    ("sentence", "problem"),
    [
        ({"document": "none.txt", "text": "x"}, "This source is gone."),
        ({"document": "\ud800", "text": "x"}, "This source is gone."),
        ({"document": REPORT.id, "text": "never said"}, "not in the source"),
        ({"document": REPORT.id, "text": "the"}, "times"),
        ({"document": REPORT.id, "text": "  "}, "not in the source"),
        ({"document": REPORT.id, "start": 5, "end": 10**9}, "no such place"),
        ({"document": REPORT.id, "start": True, "end": 9}, "no such place"),
        ("x", "cannot be read"),
    ],
)
def test_a_place_that_is_none_is_told_of_and_nothing_is_lost(
    visit: Visit, sentence: Any, problem: str
) -> None:
    visit.say(note="kept")
    reply = visit.say(note="lost", sentence=sentence)
    assert reply["status"] == 400
    assert problem in reply["error"]
    assert visit.site.history.find(visit.owner, visit.exchange).note == "kept"


def test_only_who_asked_may_say(visit: Visit, running: tuple[Site, str]) -> None:
    with httpx.Client(base_url=running[1], trust_env=False) as other:
        other.get("/")
        for method, path in (("GET", ""), ("POST", ""), ("POST", "/review")):
            reply = other.request(method, f"/feedback/{visit.exchange}{path}")
            assert reply.status_code == 404
            assert "gone" in reply.json()["error"]


@pytest.mark.parametrize(
    "body", [b"[]", b"{", b"[" * 60_000, b'{"note": "' + b"x" * 70_000 + b'"}']
)
def test_a_body_that_is_none_is_refused(visit: Visit, body: bytes) -> None:
    reply = visit.browser.post(f"/feedback/{visit.exchange}", content=body)
    assert reply.status_code == 400
    assert reply.json()["error"]


def test_without_a_thumb_nothing_is_kept(visit: Visit) -> None:
    visit.site.history.set_thumb(visit.owner, visit.exchange, None)
    assert "no thumb" in visit.say(note="x")["error"]


def test_a_repeated_sentence_is_found_by_more_of_its_words() -> None:
    text = "Tea is dear. It rose. Coffee is dear. It rose."
    document = Document.of("a.txt", "A", "a.txt", text)
    with pytest.raises(QuestionError, match="2 times"):
        find_marked(document, "It rose.")
    assert find_marked(document, "dear. It rose. Coffee") == Span("a.txt", 0, 37)


# --- cases -----------------------------------------------------------------------------------


def test_a_better_answer_that_the_articles_state_is_a_case(visit: Visit) -> None:
    assert visit.cases() == []
    visit.say(better="20%")
    (case,) = visit.cases()
    assert is_right(case, "It is 20 percent.")
    assert not is_right(case, "It is 125%.")


def test_a_marked_sentence_says_what_is_right(visit: Visit) -> None:
    visit.say(sentence=marked())
    (case,) = visit.cases()
    assert visit.site.assistant.library.text(case.evidence[0]) == QUOTE
    assert is_right(case, "20%")


def test_a_better_answer_that_the_marked_sentence_denies_is_no_case(visit: Visit) -> None:
    visit.say(better="35%", sentence=marked())
    assert visit.cases() == []
    assert "does not state the better answer" in visit.review(decision="open")["row"]


def test_accept_drop_and_take_back(visit: Visit) -> None:
    visit.say(better="20%")
    assert visit.cases("?accepted=1") == []
    shown = visit.review(decision="accepted")
    assert "Accepted" in parse(shown["row"]).text
    assert "Only the 1 accepted" in parse(shown["summary"]).text
    assert len(visit.cases("?accepted=1")) == 1
    assert "Save" not in visit.review(decision="dropped")["summary"]
    assert visit.cases() == []
    assert "Save 1 case" in visit.review(decision="open")["summary"]
    assert len(visit.cases()) == 1


def test_an_edited_case_asks_and_wants_what_the_reviewer_wrote(visit: Visit) -> None:
    visit.say(note="wrong")
    assert visit.cases() == []
    visit.review(
        decision="accepted", question="Which duty is on fentanyl?", expected="20%\n\n twenty "
    )
    (case,) = visit.cases("?accepted=1")
    assert case.question == "Which duty is on fentanyl?"
    assert case.gold == ("20%", "twenty")
    assert case.evidence
    assert case.note
    assert "A reviewer edited it." in case.note


def test_what_cannot_be_judged_says_why() -> None:
    for thumb, words in (("down", "without a note"), ("up", "never finished")):
        given: Thumb = thumb  # type: ignore[assignment]
        one = replace(conversation()[0], answer=None, claims=(), thumb=given)
        (case,) = review_cases([[one]], lambda _: "")
        page = review_list.render_review([case])
        assert words in page
        assert "Cannot be judged" in page
        assert 'data-decision="accepted">Accept<' not in page


def test_the_newest_thumb_comes_first_and_many_are_cut() -> None:
    ones = [replace(conversation()[2], id=f"{n:016x}", thumb="up") for n in range(250)]
    page = review_list.render_review([*review_cases([ones], lambda _: "")])
    ids = re.findall(r'<li class="[^"]*" data-exchange="(\w+)"', page)
    assert ids[0] == f"{249:016x}"
    assert len(ids) == review_list.MAX_ROWS
    assert "50 older thumbs are kept" in page
    assert review_list.render_review([]) == ""


# --- the file --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_feedback_is_kept_by_owner_and_goes_with_its_answers(
    tmp_path: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("database_url") if kind == "postgres" else None
    found = load_settings(data_dir=tmp_path, database_url=url)
    given = Feedback("wrong", "b", (Span("a", 1, 2), "q"), "accepted", "Q?", ("x", "y"))
    store = FeedbackStore.from_settings(found)
    store.put("ann", "1", given)
    store.put("ben", "1", replace(given, reason="nonsense"))
    store.close()
    store = FeedbackStore.from_settings(found)
    assert store.get("ann", "1") == given
    assert store.get("ben", "1").reason == ""
    assert store.get("ann", "2") == NOTHING
    store.put("ann", "2", given)
    store.keep_only("ann", ["2"])
    assert store.get("ann", "1") == given  # its answer may come back
    store._database.rows("UPDATE feedback SET saved_on = '2020-01-01'")
    store.keep_only("ann", ["2"])
    assert set(store.of("ann")) == {"2"}
    assert store.of("ben")
    store.close()
