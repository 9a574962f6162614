"""Ids that are unique over all shards: 64 bits, in the order of time.

From the highest bit on: a zero, 41 bits of milliseconds since the beginning of 2024, 10 bits that
tell processes apart, 12 bits that count within a millisecond.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

EPOCH_MS: Final = 1_704_067_200_000
"""2024-01-01 00:00 UTC in milliseconds of Unix time."""
WORKERS: Final = 1 << 10
"""Processes that are told apart."""
_PER_MS: Final = 1 << 12


class Snowflake:
    """Makes the ids of one process. ``worker`` is its number, below `WORKERS`."""

    def __init__(self, worker: int, clock: Callable[[], float] = time.time) -> None:
        if not 0 <= worker < WORKERS:
            raise ValueError(f"worker {worker} is not below {WORKERS}")
        self._worker = worker
        self._clock = clock
        self._last = 0
        self._count = 0

    def next(self) -> int:
        """An id larger than all before it, also when the clock was set back."""
        now = int(self._clock() * 1000) - EPOCH_MS
        if now > self._last:
            self._last, self._count = now, 0
        else:
            self._count += 1
            if self._count == _PER_MS:  # as if the next millisecond had come
                self._last, self._count = self._last + 1, 0
        return (self._last << 22) | (self._worker << 12) | self._count
