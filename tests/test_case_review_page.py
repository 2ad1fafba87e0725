"""Drafted cases are reviewed over HTTP: decisions, marks, who may, and what two do at once."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

import ui.cli
from eval.cases import load_cases
from eval.reviewing.review_file import open_review
from rag.assistant import Assistant
from rag.internals import build
from rag.settings import load_settings
from tests.test_case_review import BUILT, CASES, CLOCK, TEXT, TOWERS, decisions, rows, written
from ui.gate.sign_in import Access
from ui.gate.users import hash_password
from ui.web.case_review import CaseReviewPages
from ui.web.review_server import create_review_app, serve_review

KEY = "k" * 22
OTHER = "A moat was dug in 1700. <b>It</b> is deep."
Page = Callable[..., "Person"]


class Person:
    """Somebody with a browser."""

    def __init__(self, client: TestClient) -> None:
        self.client = client
        self.text = ""
        self.status = 0

    def open(self, path: str = "") -> str:
        return self._took(self.client.get(f"/review/{path}"))

    def send(self, action: str, **fields: Any) -> str:
        """Send the form that is shown, with these fields changed."""
        return self._took(self.client.post(f"/review/{action}", data=self.form() | fields))

    def form(self) -> dict[str, Any]:
        found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', self.text)
        fields = {name: unescape(value) for name, value in found}
        for name in ("question", "gold"):
            if box := re.search(rf'<textarea[^>]*name="{name}"[^>]*>([^<]*)<', self.text):
                fields[name] = unescape(box[1])
        if kind := re.search(r'<option value="(\w+)" selected', self.text):
            fields["kind"] = kind[1]
        return fields

    def mark(self, marked: str, text: str = TEXT, **fields: Any) -> str:
        start = text.index(marked)
        places = {"start": start, "end": start + len(marked), "words": marked}
        return self.send("mark", **{"as": "add"} | places | fields)

    def _took(self, reply: Any) -> str:
        self.text, self.status = reply.text, reply.status_code
        return self.text


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    folder = tmp_path_factory.mktemp("in")
    (folder / "gate.txt").write_text(TEXT, "utf-8")
    (folder / "moat.txt").write_text(OTHER, "utf-8")
    data = tmp_path_factory.mktemp("data")
    with build(load_settings(model="none", data_dir=data)) as built:
        list(built.index([folder]))
        yield built


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return written(tmp_path / "cases.jsonl", [CASES[0] | {"gold": ["1611"]}, *CASES[1:]])


@pytest.fixture
def page(file: Path, assistant: Assistant) -> Iterator[Page]:
    """People with the review of the file open, all of one server."""
    with open_review(file, lambda id: assistant.library.document(id).text) as opened:

        def come(**more: Any) -> Person:
            return Person(client_of(CaseReviewPages(opened, assistant, Access(), "Ana", **more)))

        yield come


def client_of(pages: CaseReviewPages, key: str | None = KEY) -> TestClient:
    client = TestClient(create_review_app(pages, key), base_url="http://127.0.0.1:7860")
    if key:
        client.get("/review/", params={"key": key})
    return client


# --- decisions --------------------------------------------------------------------------------


def test_a_case_is_shown_with_its_key_point_lit_in_its_source(page: Page) -> None:
    text = page().open()
    assert "Case 1 of 4" in text
    lit = re.findall(r'<mark class="fn-mark fn-current"[^>]*>([^<]*)</mark>', text)
    assert "".join(lit) == BUILT
    shown = re.search(r'<div [^>]*id="fn-source-text"[^>]*>(.*?)</div>', text, re.DOTALL)
    assert shown is not None
    assert unescape(re.sub("<[^>]*>", "", shown[1])) == TEXT


def test_one_press_decides_and_the_next_case_is_there(page: Page, file: Path) -> None:
    ana = page()
    ana.open()
    assert "Case 2 of 4" in ana.send("decide", decision="accepted")
    assert "Accepted." in ana.text
    assert "Case 3 of 4" in ana.send("decide", decision="dropped")
    assert "Case 4 of 4" in ana.send("decide", decision="accepted")
    ana.send("decide", decision="accepted")
    assert "Every case is decided" in ana.text
    assert "footnote eval --cases cases.jsonl" in ana.text
    assert decisions(file) == ["accepted", "dropped", "accepted", "accepted"]
    assert {row["review"]["reviewer"] for row in rows(file)} == {"Ana"}


def test_what_is_accepted_after_a_change_counts_as_edited(page: Page, file: Path) -> None:
    ana = page()
    ana.open()
    ana.send(
        "decide", decision="accepted", question="In which year?", kind="keyword", gold="in 1611"
    )
    row = rows(file)[0]
    assert (row["question"], row["tags"], row["gold"]) == (
        "In which year?",
        ["keyword"],
        ["in 1611"],
    )
    assert row["review"]["decision"] == "edited"
    assert row["review"]["was"] == CASES[0]["question"]
    ana.open("case?id=built")
    assert "It was: When was the gate of Olm built?" in ana.text
    ana.send("decide", decision="accepted")
    assert decisions(file)[0] == "edited"


def test_undo_takes_back_and_shows_the_case(page: Page, file: Path) -> None:
    ana, before = page(), rows(file)
    ana.open()
    ana.send("decide", decision="dropped")
    assert "Case 1 of 4" in ana.send("undo")
    assert rows(file) == before
    assert "nothing left to take back" in ana.send("undo")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"question": " "}, "A case needs a question"),
        ({"kind": "unanswerable"}, "cannot become unanswerable"),
    ],
)
def test_a_change_that_leaves_no_case_is_refused_and_what_was_typed_stays(
    fields: dict[str, str], said: str, page: Page, file: Path
) -> None:
    ana, before = page(), file.read_bytes()
    ana.open()
    text = ana.send("decide", decision="accepted", gold="1612", **fields)
    assert said in text
    assert ana.status == 400
    assert ">1612</textarea>" in text
    assert file.read_bytes() == before


# --- marking ----------------------------------------------------------------------------------


def test_marked_words_take_the_place_of_the_lit_key_point(page: Page, file: Path) -> None:
    ana = page()
    ana.open()
    text = ana.mark("two", sentences="1", **{"as": "replace"})
    assert "Case 1 of 4" in text
    assert "is a key point now" in text or "are a key point now" in text
    row = rows(file)[0]
    assert row["points"] == [{"quotes": [{"document_id": "gate.txt", "quote": TOWERS}]}]
    assert row["evidence"] == row["points"][0]["quotes"]
    assert row["review"]["decision"] == "edited"
    assert [len(each.points) for each in load_cases(file, lambda _: TEXT)] == [1, 1, 0, 1]


def test_a_right_answer_that_does_not_stand_in_the_new_evidence_is_pointed_out(page: Page) -> None:
    ana, missing = page(), "None of these stands in the evidence."
    assert missing not in ana.open()
    assert missing in ana.mark("two", sentences="1", **{"as": "replace"})
    decided = ana.send("decide", decision="accepted", gold="two towers")
    assert missing not in decided
    assert missing not in ana.open("case?id=built")


def test_exact_characters_of_another_source_are_added(page: Page, file: Path) -> None:
    ana = page()
    ana.open()
    ana.open("case?id=built&near=1")
    assert "source=moat.txt" in ana.text
    ana.open("case?id=built&source=moat.txt")
    assert "&lt;b&gt;It&lt;/b&gt; is deep." in ana.text
    ana.mark("<b>It</b> is", OTHER)
    quotes = [each["quotes"][0] for each in rows(file)[0]["points"]]
    assert quotes[1] == {"document_id": "moat.txt", "quote": "<b>It</b> is"}
    assert "<b>It" not in ana.text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"start": 1}, "not at that place"),
        ({"words": "Something else"}, "not at that place"),
        ({"start": "-1"}, "not at that place"),
        ({"end": "9" * 30}, "not at that place"),
        ({"source": "none.txt"}, "none.txt"),
        ({"point": "7", "as": "replace"}, "Nothing was written"),
    ],
)
def test_a_mark_that_is_not_what_the_source_says_writes_nothing(
    fields: dict[str, Any], said: str, page: Page, file: Path
) -> None:
    ana, before = page(), file.read_bytes()
    ana.open()
    assert said in unescape(ana.mark(TOWERS, **fields))
    assert ana.status >= 400
    assert file.read_bytes() == before


def test_a_key_point_is_removed_but_not_the_last_one(page: Page, file: Path) -> None:
    ana = page()
    ana.open()
    ana.mark(TOWERS)
    ana.send("remove", remove="0")
    assert [p["quotes"][0]["quote"] for p in rows(file)[0]["points"]] == [TOWERS]
    assert "needs a key point" in ana.send("remove", remove="0", gold="")
    assert len(rows(file)[0]["points"]) == 1


def test_what_was_typed_is_kept_with_a_mark(page: Page, file: Path) -> None:
    ana = page()
    ana.open()
    ana.mark(CLOCK, question="Since when is there a clock?")
    assert rows(file)[0]["question"] == "Since when is there a clock?"


# --- changed sources --------------------------------------------------------------------------


def spoil(file: Path) -> None:
    quote = {"document_id": "gate.txt", "quote": "The gate of Olm was built in 1622."}
    case = CASES[0] | {"points": [{"quotes": [quote]}], "evidence": [quote]}
    written(file, [case, *CASES[1:]])


def test_a_changed_source_is_a_marked_row_that_can_be_mended(page: Page, file: Path) -> None:
    ana = page()
    spoil(file)  # by hand, while the page is open
    assert '<tr class="fn-row-changed">' in ana.open("cases")
    ana.open("case?id=built")
    assert "The source changed" in ana.text
    assert "What may have taken its place is lit" in ana.text
    lit = re.findall(r'<mark class="fn-mark fn-current"[^>]*>([^<]*)</mark>', ana.text)
    assert "".join(lit) == BUILT
    assert "drop the case" in ana.send("decide", decision="accepted")
    assert decisions(file)[0] is None
    ana.mark(BUILT, **{"as": "replace"})
    assert decisions(file)[0] == "edited"
    assert '<tr class="fn-row-changed">' not in ana.open("cases")


# --- two at once ------------------------------------------------------------------------------


def test_two_windows_lose_no_decision(page: Page, file: Path) -> None:
    ana, ben = page(), page()
    ana.open("case?id=built")
    ben.open("case?id=towers")
    ana.send("decide", decision="accepted")
    ben.send("decide", decision="dropped")
    assert decisions(file) == ["accepted", "dropped", None, None]


def test_a_case_that_somebody_changed_meanwhile_is_shown_and_not_overwritten(
    page: Page, file: Path
) -> None:
    ana, ben = page(), page()
    ana.open()
    ben.open()
    ben.send("decide", decision="accepted", question="In which year was it built?")
    text = ana.send("decide", decision="dropped")
    assert ana.status == 409
    assert "Somebody else changed this case" in text
    assert "In which year was it built?" in text
    assert decisions(file)[0] == "edited"
    ana.send("decide", decision="dropped")  # now that it was seen
    assert decisions(file)[0] == "dropped"


def test_what_is_changed_in_the_file_by_hand_is_kept(page: Page, file: Path) -> None:
    ana = page()
    ana.open("case?id=towers")
    by_hand = rows(file)
    by_hand[3]["question"] = "Since when has it had a clock?"
    written(file, by_hand)
    ana.send("decide", decision="accepted")
    assert decisions(file)[1] == "accepted"
    assert rows(file)[3]["question"] == "Since when has it had a clock?"


def test_a_file_spoilt_by_hand_is_an_error_and_not_overwritten(page: Page, file: Path) -> None:
    ana = page()
    ana.open()
    file.write_text("{oops\n", "utf-8")
    assert "line 1" in ana.send("decide", decision="accepted")
    assert file.read_text("utf-8") == "{oops\n"
    file.unlink()
    assert "cannot be read" in ana.open()


def test_undo_takes_back_only_ones_own_decisions(file: Path, assistant: Assistant) -> None:
    auth = file.with_name("users.txt")
    auth.write_text("".join(f"{name}:{hash_password('secret')}\n" for name in ("ana", "ben")))
    auth.chmod(0o600)
    access = Access.of("127.0.0.1", auth)
    with open_review(file, lambda id: assistant.library.document(id).text) as opened:
        client = client_of(CaseReviewPages(opened, assistant, access, "nobody"), None)
        assert client.get("/review/").status_code == 401
        people = {}
        for name in ("ana", "ben"):
            word = base64.b64encode(f"{name}:secret".encode()).decode()
            people[name] = TestClient(
                client.app, base_url="http://127.0.0.1", headers={"Authorization": f"Basic {word}"}
            )
        ana, ben = (Person(people[name]) for name in ("ana", "ben"))
        ana.open()
        ana.send("decide", decision="accepted")
        ben.open()
        ben.send("decide", decision="dropped")
        ana.open()
        ana.send("undo")
    assert decisions(file) == [None, "dropped", None, None]
    assert rows(file)[1]["review"]["reviewer"] == "ben"


# --- two reviewers, thumbs --------------------------------------------------------------------


def test_the_list_says_how_far_two_reviewers_agree(page: Page, file: Path) -> None:
    theirs = rows(file)
    for row, decision in zip(theirs, ("accepted", "dropped", "accepted", "accepted"), strict=True):
        row["review"] = {"decision": decision, "reviewer": "Ben", "at": "2026-11-29T12:00:00Z"}
    other = written(file.with_name("ben.jsonl"), theirs)
    ana = page(other=other)
    assert "No case was decided both" in ana.open("cases")
    ana.open()
    for decision in ("accepted", "accepted", "dropped"):
        ana.send("decide", decision=decision)
    text = ana.open("cases")
    assert "kappa: -0.50" in text
    assert re.search(r'differ on: <a href="case\?id=towers">towers</a> and <a[^>]*>moat', text)


def test_cases_from_thumbs_arrive_in_the_list_once(page: Page, file: Path) -> None:
    new = CASES[1] | {"id": "from-a-thumb", "question": "Towers?"}
    ana = page(thumbs=lambda: [new, CASES[0]])
    assert "Add 1 case from thumbs" in ana.open("cases")
    ana.send("thumbs")
    assert [row["id"] for row in rows(file)][-1] == "from-a-thumb"
    assert len(rows(file)) == 5
    assert "from thumbs</button>" not in ana.text


# --- who may ----------------------------------------------------------------------------------


def test_only_who_has_the_printed_address_is_let_in(file: Path, assistant: Assistant) -> None:
    with open_review(file, lambda id: assistant.library.document(id).text) as opened:
        pages = CaseReviewPages(opened, assistant, Access(), "Ana")
        client = TestClient(create_review_app(pages, KEY), base_url="http://127.0.0.1")
        for path in ("/", "/review/", "/review/cases", "/review/review.js", "/review/?key=wrong"):
            assert client.get(path).status_code == 403, path
        assert client.post("/review/decide", data={"id": "built"}).status_code == 403
        reply = client.get("/review/", params={"key": KEY})
        assert (reply.status_code, "key" in str(reply.url)) == (200, False)
        assert client.get("/review/cases").status_code == 200
        foreign = {"Origin": "http://evil.example"}
        assert client.post("/review/undo", headers=foreign).status_code == 403
        assert client.get("/review/", headers={"Host": "evil.example"}).status_code == 421
    assert decisions(file) == [None] * 4


def test_pages_run_our_script_only_and_fetch_nothing(page: Page) -> None:
    ana = page()
    reply = ana.client.get("/review/case")
    policy = reply.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    (script,) = re.findall(r"<script[^>]*>", reply.text)
    assert re.fullmatch(r'<script src="review\.js\?[0-9a-f]{12}" defer>', script)
    assert not re.search(r"""\son\w+=|https?://""", reply.text)
    assert ana.client.get("/review/review.js").headers["Content-Type"].startswith("text/javascript")


def test_text_of_cases_and_people_is_no_markup(file: Path, assistant: Assistant) -> None:
    bad = '"><script>alert(1)</script>'
    review = {"decision": "accepted", "reviewer": bad, "at": "2026-11-29T12:00:00Z", "was": bad}
    quote = {"document_id": bad, "quote": bad}
    case = {
        "id": "bad", "question": bad, "answerable": True, "gold": [bad], "note": bad,
        "points": [{"quotes": [quote]}], "evidence": [quote], "review": review,
    }  # fmt: skip
    written(file, [case])
    with open_review(file, lambda id: assistant.library.document(id).text) as opened:
        ana = Person(client_of(CaseReviewPages(opened, assistant, Access(), bad)))
        for path in ("case?id=bad", "cases", f"case?id={bad}&source={bad}&done={bad}"):
            assert "<script>" not in ana.open(path)
            assert "script&gt;" in ana.text
        assert "<script>" not in ana.send("decide", decision="accepted", question=bad + "!")


@pytest.mark.parametrize(
    "body", [b"\xff\xfe", b"source=%ED%A0%80", b"a=" + b"x" * 200_000, b"a=1&" * 100]
)
def test_a_body_that_is_no_form_is_refused(body: bytes, page: Page, file: Path) -> None:
    before = file.read_bytes()
    reply = page().client.post("/review/decide", content=body)
    assert reply.status_code in (400, 409, 413)
    assert file.read_bytes() == before


def test_it_is_in_the_language_of_the_browser(page: Page) -> None:
    client = page().client
    german = client.get("/review/case", headers={"Accept-Language": "de"}).text
    assert '<html lang="de">' in german
    assert "Fall 1 von 4" in german
    form = {"id": "built", "version": "old", "decision": "accepted"}
    refused = client.post("/review/decide", data=form, headers={"Accept-Language": "de"}).text
    assert "Jemand anderes hat diesen Fall" in refused


def test_the_command_prints_an_address_with_a_key_and_adds_thumbs(
    file: Path, assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server itself is `tests.serving.served` in the browser tests."""
    served: list[Any] = []
    monkeypatch.setattr("uvicorn.Server.run", lambda server, sockets: served.append(server))
    said: list[str] = []
    new = CASES[1] | {"id": "from-a-thumb"}
    serve_review(file, assistant, "Ana", said.append, added=[new])
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/review/\?key=[\w-]{22}", said[0])
    assert said[1] == "cases.jsonl: 5 open."
    assert len(served) == 1
    assert [row["id"] for row in rows(file)][-1] == "from-a-thumb"


def test_options_of_the_page_are_for_the_page(file: Path) -> None:
    result = CliRunner().invoke(ui.cli.app, ["eval", "review", str(file), "--port", "8000"])
    assert result.exit_code == 2
    assert "are for --page" in result.stderr


def test_the_file_is_what_the_terminal_reviews_too(page: Page, file: Path) -> None:
    ana = page()
    ana.open()
    ana.send("decide", decision="accepted")
    assert [json.loads(line)["id"] for line in file.read_text("utf-8").splitlines()] == [
        row["id"] for row in CASES
    ]
