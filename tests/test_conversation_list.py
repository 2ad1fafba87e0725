"""The list of conversations by day, and what can be undone, as HTML."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import date

import pytest

from tests.html_tree import parse
from ui.records.history import Conversation, Steps
from ui.views import conversation_list

TODAY = date(2026, 5, 4)  # a Monday


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def held(id: str, when: str = "2026-05-04T10:00:00Z", exchanges: int = 1) -> Conversation:
    return Conversation(id, f"About <b>{id}", when, when, exchanges)


def test_conversations_are_listed_and_the_open_one_is_marked() -> None:
    rows = [held("c1"), held("c2", exchanges=3)]
    page = parse(conversation_list.render_list(rows, "c2", busy={"c1"}, today=TODAY))
    first, second = page.all(act="conversation")
    assert "About <b>c1" in first.text
    assert re.search("Answering.*1 question$", first.text)
    assert second.text.endswith("3 questions")
    assert ("aria-current" in first.attrs, "aria-current" in second.attrs) == (False, True)
    assert page.all(act="delete")[0].attrs["aria-label"] == "Delete “About <b>c1”"
    assert page.all(act="rename")[1].attrs["data-conversation"] == "c2"
    assert not page.all(act="more")


def test_conversations_stand_below_their_day() -> None:
    days = {
        "2026-05-04T23:59:59Z": "Today",
        "2026-05-03T00:00:00Z": "Yesterday",
        "2026-05-02T12:00:00Z": "Saturday 2 May",
        "2025-12-31T12:00:00Z": "Wednesday 31 December 2025",
        "long ago": "Earlier",
    }
    rows = [held(f"c{n}", when) for when in days for n in range(2)]
    shown = conversation_list.render_list(rows, today=TODAY)
    assert re.findall('fn-day-name">([^<]*)<', shown) == list(days.values())
    assert shown.count("<ul") == len(days)


def test_there_may_be_none_or_more() -> None:
    assert "No conversations" in parse(conversation_list.render_list([])).text
    page = parse(conversation_list.render_list([held("c1")], has_more=True, version=7))
    assert page.all(act="more")
    assert 'data-version="7"' in conversation_list.render_list([], version=7)


def test_the_next_step_to_undo_and_to_redo_is_named() -> None:
    page = parse(conversation_list.render_steps(Steps("replaced", "deleted"), 3))
    assert "Undo replacement" in page.all(act="undo")[0].text
    assert "Redo delete" in page.all(act="redo")[0].text
    nothing = parse(conversation_list.render_steps(Steps(), 3))
    assert not nothing.all(act="undo") + nothing.all(act="redo")


def test_what_a_notice_says_is_escaped() -> None:
    shown = conversation_list.undo_notice("<b>", "restore", '"><script>')
    assert "<b>" not in shown
    assert "<script>" not in shown
