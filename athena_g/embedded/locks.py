"""Locks that are given in the order they were asked for."""

from __future__ import annotations

import threading
from collections import deque


class Waiter:
    """One session's place in line; ``cancel`` ends the wait from any thread."""

    def __init__(self, owner: int) -> None:
        self.owner = owner
        self.event = threading.Event()
        self.granted = False
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True
        self.event.set()


class FairLock:
    """A lock with one owner and a line of waiters; the owner may take it again."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._waiters: deque[Waiter] = deque()
        self.owner: int | None = None
        self.depth = 0

    def try_acquire(self, owner: int) -> bool:
        """Whether the lock is now the owner's, without waiting."""
        with self._mutex:
            if self.owner == owner or (self.owner is None and not self._waiters):
                self.owner = owner
                self.depth += 1
                return True
            return False

    def line_up(self, owner: int) -> Waiter:
        """A place at the end of the line, or the lock at once."""
        waiter = Waiter(owner)
        with self._mutex:
            if self.owner is None and not self._waiters:
                self.owner, self.depth = owner, 1
                waiter.granted = True
                waiter.event.set()
            else:
                self._waiters.append(waiter)
        return waiter

    def wait(self, waiter: Waiter, timeout: float) -> bool:
        """Whether the lock was given within ``timeout`` seconds; if not, the place is given up."""
        waiter.event.wait(timeout)
        with self._mutex:
            if waiter.granted and not waiter.cancelled:
                return True
            if waiter.granted:
                self._pass_on()
            else:
                self._waiters.remove(waiter)
            return False

    def release(self, owner: int) -> bool:
        """Gives the lock to the next in line; whether it was the owner's."""
        with self._mutex:
            if self.owner != owner:
                return False
            self.depth -= 1
            if not self.depth:
                self._pass_on()
            return True

    def _pass_on(self) -> None:
        self.owner, self.depth = None, 0
        if self._waiters:
            waiter = self._waiters.popleft()
            self.owner, self.depth = waiter.owner, 1
            waiter.granted = True
            waiter.event.set()
