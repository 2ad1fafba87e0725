"""Fixtures of tests in a browser: the browser, the application, and windows on the page.

A plugin: name it in `pytest_plugins`, after `tests.seeds`. At the end of each test the browser's
own log is read: no request to another host, no error in the console, no dialog that nobody
expected.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.asking import Index
from tests.browser import (
    DESKTOP,
    PATIENCE_MS,
    QUIET,
    Model,
    Person,
    Site,
    Visit,
    Window,
    executable,
    site,
)

REQUIRED = "BROWSER_REQUIRED"  # set where a missing browser is a failure


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser; one for each module, as its driver keeps an event loop running."""
    path = executable()
    if path is None:
        if os.environ.get(REQUIRED):
            pytest.fail("There is no Chromium here, and it is required.")
        pytest.skip("There is no Chromium here: `apt-get install chromium`.")
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def model() -> Iterator[Model]:
    with Model() as server:
        yield server


@pytest.fixture(scope="module")
def running(
    chromium: Browser, seeds: Index, model: Model, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """One application for the tests of a module that leave its library as it is."""
    with site(seeds, model, tmp_path_factory.mktemp("site")) as built:
        yield built


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Visit]:
    """People who visit a site; `options` are those of Playwright's `new_context`."""
    people: list[Person] = []
    with ExitStack() as contexts:

        def come(url: str, **options: Any) -> Person:
            context = chromium.new_context(**{"viewport": DESKTOP, **options})
            contexts.callback(context.close)
            people.append(Person(context, url))
            return people[-1]

        yield come
    for person in people:
        person.log.check()


@pytest.fixture(scope="module")
def somebody(chromium: Browser, running: Site) -> Iterator[Person]:
    """A browser for all tests of a module: what the page loads, it loads once."""
    with closing(chromium.new_context(viewport=DESKTOP)) as context:
        yield Person(context, running.url)


@pytest.fixture
def window(somebody: Person) -> Iterator[Window]:
    """The page of the module's site, on a desk, for somebody whom it does not know."""
    somebody.context.clear_cookies()
    somebody.log.clear()
    with closing(somebody.window()) as opened:
        yield opened
    somebody.log.check()
