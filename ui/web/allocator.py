"""Keeps memory that is freed from staying with the process.

glibc gives every few threads a heap of their own, up to eight for each core. A server whose threads
come and go, one for each question, leaves free pieces in all of them, and seems to grow.
"""

from __future__ import annotations

import ctypes

HEAPS = 2
LARGE_BYTES = 256 * 1024  # pieces from this size on go back to the system when they are freed

_ARENA_MAX, _MMAP_THRESHOLD = -8, -3  # of malloc.h


def bound_heaps() -> bool:
    """Have at most `HEAPS` heaps, where there are no more yet; whether the C library can. What
    the variables ``MALLOC_ARENA_MAX`` and ``MALLOC_MMAP_THRESHOLD_`` say is overruled."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # another C library, or another system
        return False
    wanted = {_ARENA_MAX: HEAPS, _MMAP_THRESHOLD: LARGE_BYTES}
    return all(mallopt(name, value) == 1 for name, value in wanted.items())
