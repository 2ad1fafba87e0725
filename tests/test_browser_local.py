"""The page with the model that comes with it, as on a fresh machine."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from rag.build import build
from rag.settings import load_settings
from tests.asking import FENTANYL, RATE
from tests.browser import Visit, running

pytest_plugins = ["tests.seeds", "tests.chromium"]
pytestmark = pytest.mark.slow

MINUTES_MS = 600_000


def test_the_fentanyl_question_is_answered_and_its_footnote_lights_up_the_sentence(
    visit: Visit, tmp_path: Path
) -> None:
    with running(build(load_settings(data_dir=tmp_path / "data"))) as site:
        person = visit(site.url)
        window = person.window()
        window.page.set_default_timeout(MINUTES_MS)
        assert "20%" in window.ask(FENTANYL).locator(".fn-prose").first.inner_text()
        expect(window.live.locator(".fn-stage")).to_contain_text("supported")
        window.chip().click()
        assert window.lit() == RATE
        expect(window.live.locator(".fn-facts")).to_contain_text("Text stays on this machine")
        person.context.close()
