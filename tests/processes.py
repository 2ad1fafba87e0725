"""The processes of one run of `footnote`, found by a variable in their environment."""

from __future__ import annotations

from pathlib import Path

MARK = "FOOTNOTE_TEST_RUN"  # set to the same value in the environment of all processes of a run


def running(mark: str) -> list[str]:
    """The command lines of the processes whose `MARK` is `mark`; none where /proc is missing."""
    wanted, found = f"{MARK}={mark}".encode(), []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if wanted in (process / "environ").read_bytes().split(b"\0"):
                found.append((process / "cmdline").read_text())
        except OSError:
            continue  # another user's, or it has just ended
    return found
