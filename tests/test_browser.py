"""A person asks in a browser and checks the answer in its source."""

from __future__ import annotations

import threading

from tests.asking import FENTANYL, RATE
from tests.browser import Model, Window
from tests.fakes import Request, Scripted

pytest_plugins = ["tests.seeds", "tests.chromium"]

SAID = "A 20% rate applies to the fentanyl demands. [1]"


def test_the_evidence_is_there_before_the_answer(window: Window, model: Model) -> None:
    may_speak = threading.Event()

    def reply(_: Request) -> Scripted:
        may_speak.wait(30)
        return SAID

    model.says(reply)
    window.put(FENTANYL)
    window.live.locator(".fn-passage").first.wait_for()
    assert "20% rate just for the fentanyl" in window.live.locator(".fn-passages").inner_text()
    assert not window.live.locator(".fn-claim").count()
    may_speak.set()
    answer = window.answered().locator(".fn-answer")
    assert "20%" in answer.inner_text()


def test_a_footnote_lights_up_the_very_words_that_were_cited(window: Window, model: Model) -> None:
    model.says(SAID)
    window.ask(FENTANYL)
    window.chip().click()
    assert window.lit() == RATE
    assert window.is_in_view("#fn-pane .fn-current", "#fn-side")
