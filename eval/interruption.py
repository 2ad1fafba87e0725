"""Ends a long command in order when it is told to stop."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

EXIT_INTERRUPTED = 130  # the exit code of a program that was interrupted
_ENDING = ("SIGTERM", "SIGHUP")  # Windows lacks the second


@contextmanager
def signals_interrupt() -> Iterator[None]:
    """Within this block SIGTERM and SIGHUP raise `KeyboardInterrupt`, as Ctrl-C does; one that is
    ignored, as under nohup, stays so."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    known = [getattr(signal, name) for name in _ENDING if hasattr(signal, name)]
    before = {each: signal.getsignal(each) for each in known}
    for each, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(each, interrupt)
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
