"""The memory of this process at its peak, as Linux tells it."""

from __future__ import annotations

import re
from pathlib import Path

_STATUS = Path("/proc/self/status")


def is_known() -> bool:
    """False on other systems."""
    return _STATUS.exists()


def peak_megabytes() -> float:
    """Raises `OSError` where it is not known."""
    # Not getrusage: its peak counts that of the process that started this one.
    found = re.search(r"VmHWM:\s+(\d+) kB", _STATUS.read_text())
    assert found
    return 1024 * int(found[1]) / 1_000_000
