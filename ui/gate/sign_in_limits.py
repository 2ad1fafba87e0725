"""Slows down and locks sign-ins that fail, and bounds what checking passwords costs.

Failures are counted by name and address together, by address and by name. Whoever has failed more
often than `FREE` of one of them waits before the next attempt: a second at first, twice as long
each time, at most `LONGEST_S`. Meanwhile no password is looked at.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network

FREE = {"name and address": 5, "address": 20, "name": 50}  # failures without a wait
LONGEST_S = 900.0
FORGOTTEN_S = 3600.0  # since the last failure
MAX_KEPT = 20_000  # of each kind of counter, the last used
MAX_AT_ONCE = 2  # passwords checked: each takes a tenth of a second and 16 MB
MAX_WAIT_S = 3.0  # for a turn

Key = tuple[str, str]  # a kind of counter, and whom it counts


class TooManyAttempts(Exception):
    """An attempt that is refused unseen; another may be made in `wait_s` seconds."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(wait_s)
        self.wait_s = wait_s


@dataclass(slots=True)
class _Failures:
    count: int = 0
    last_s: float = 0.0


class SignInLimits:
    """The failures of one server. Safe among threads. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._turns = threading.BoundedSemaphore(MAX_AT_ONCE)
        self._failures: OrderedDict[Key, _Failures] = OrderedDict()

    @contextmanager
    def attempt(self, name: str, address: str) -> Iterator[Callable[[], None]]:
        """One attempt, which counts as a failure unless the function that is given is called: so
        attempts at the same moment count, too. Raises `TooManyAttempts`."""
        keys = _keys(name, address)
        with self._lock:
            wait_s = max(self._wait_s(key) for key in keys)
            if wait_s > 0:
                raise TooManyAttempts(wait_s)
            for key in keys:
                self._count(key)
        if not self._turns.acquire(timeout=MAX_WAIT_S):
            raise TooManyAttempts(MAX_WAIT_S)
        try:
            yield lambda: self._forget(keys)
        finally:
            self._turns.release()

    def _wait_s(self, key: Key) -> float:
        found = self._failures.get(key)
        excess = found.count - FREE[key[0]] if found else 0
        if found is None or excess <= 0:
            return 0.0
        since_s = self._clock() - found.last_s
        return min(2.0 ** min(excess - 1, 20), LONGEST_S) - since_s

    def _count(self, key: Key) -> None:
        found = self._failures.setdefault(key, _Failures())
        self._failures.move_to_end(key)
        now = self._clock()
        if now - found.last_s > FORGOTTEN_S:
            found.count = 0
        found.count, found.last_s = found.count + 1, now
        while len(self._failures) > MAX_KEPT:
            self._failures.popitem(last=False)

    def _forget(self, keys: tuple[Key, ...]) -> None:
        """The attempt was right: what this name failed at from this address is forgotten, and
        the attempt does not count for others."""
        with self._lock:
            self._failures.pop(keys[0], None)
            for key in keys[1:]:
                if key in self._failures:
                    self._failures[key].count -= 1


def _keys(name: str, address: str) -> tuple[Key, ...]:
    place = _network(address)
    return (
        ("name and address", f"{place} {name}"),
        ("address", place),
        ("name", name),
    )


def _network(address: str) -> str:
    """The address; of IPv6 the network of a household, within which anybody can change his."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        return str(ip_network((found, 64), strict=False))
    return str(found)
