"""Waits for what another thread or process does."""

from __future__ import annotations

import time
from collections.abc import Callable

GUARD_S = 60  # until a test gives up


def until(holds: Callable[[], bool]) -> None:
    """Return as soon as `holds`; fails when it does not in time."""
    end = time.monotonic() + GUARD_S
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)
