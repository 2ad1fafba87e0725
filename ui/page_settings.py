"""What a person has chosen about the page: language, theme, text size, evidence, shortcut keys.

The choices are cookies, written by `assets/settings.js`. While a request is handled,
`current_settings` gives those of whoever sent it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, fields

COOKIE = "footnote_{}"  # the name of the cookie of a choice
LANGUAGES = {"en": "English", "de": "Deutsch", "es": "Español", "zh": "中文"}
"""The languages of the page, each by its own name."""
CHOICES: Mapping[str, tuple[str, ...]] = {
    "language": tuple(LANGUAGES),
    "theme": ("system", "light", "dark"),
    "text": ("normal", "large", "larger"),
    "evidence": ("folded", "open", "hidden"),
    "shortcuts": ("on", "off"),
}
"""The values of each choice; without a cookie the first is in force, and of the languages the one
that the browser asks for."""


@dataclass(frozen=True, slots=True)
class PageSettings:
    """One person's choices; each field has one of the values in `CHOICES`."""

    language: str = "en"
    theme: str = "system"
    text: str = "normal"
    evidence: str = "folded"
    shortcuts: str = "on"

    @classmethod
    def of(cls, cookies: Mapping[str, str], accept_language: str = "") -> PageSettings:
        """From a request's cookies and its Accept-Language header; a cookie with any other value
        counts as none."""
        chosen = {each.name: cookies.get(COOKIE.format(each.name), "") for each in fields(cls)}
        kept = {name: value for name, value in chosen.items() if value in CHOICES[name]}
        return cls(**{"language": preferred_language(accept_language), **kept})


DEFAULTS = PageSettings()
_current = ContextVar("page_settings", default=DEFAULTS)


def current_settings() -> PageSettings:
    """The choices of whoever sent the request that is handled; the defaults where there is none."""
    return _current.get()


@contextmanager
def using_settings(settings: PageSettings) -> Iterator[None]:
    """Within it `settings` are the current ones."""
    before = _current.set(settings)
    try:
        yield
    finally:
        _current.reset(before)


def preferred_language(accept_language: str) -> str:
    """The best of `LANGUAGES` for an Accept-Language header (RFC 9110, 12.5.4), else English.

    A region counts for its language: ``de-AT`` asks for ``de``.
    """
    wanted = sorted(_weighted(accept_language), key=lambda pair: -pair[0])
    found = (tag.split("-")[0].lower() for weight, tag in wanted if weight > 0)
    return next((tag for tag in found if tag in LANGUAGES), "en")


def _weighted(header: str) -> Iterable[tuple[float, str]]:
    for part in header.split(",")[:50]:
        tag, _, weight = part.partition(";")
        try:
            yield float(weight.strip().removeprefix("q=") or 1), tag.strip()
        except ValueError:
            continue
