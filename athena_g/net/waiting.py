"""Waiting for a file descriptor, for as long as the other side goes on taking bytes."""

from __future__ import annotations

import fcntl
import struct
import termios
from typing import Any

from gevent import get_hub
from gevent.hub import Waiter

READ, WRITE = 1, 2


class Waits:
    """The waits of any number of greenlets for one file descriptor."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._hub = get_hub()
        self._open: dict[Any, Any] = {}

    def wait(self, events: int, patience: float | None = None) -> bool:
        """True when the descriptor is ready, or when the waits were ended from elsewhere.

        False after ``patience`` seconds in which the other side took none of the bytes that the
        system holds for it.
        """
        waiter = Waiter(self._hub)
        watcher = self._open[waiter] = self._hub.loop.io(self._fd, events)
        timer = None if patience is None else self._hub.loop.timer(patience, patience)
        try:
            watcher.start(waiter.switch, True)
            if timer is not None:
                timer.start(_Patience(self._fd, waiter).look)
            return bool(waiter.get())
        finally:
            del self._open[waiter]
            watcher.stop()
            watcher.close()
            if timer is not None:
                timer.stop()
                timer.close()

    def end(self) -> None:
        """Wake all who wait; called while the descriptor is still open."""
        for waiter, watcher in self._open.items():
            watcher.stop()
            self._hub.loop.run_callback(waiter.switch, True)


class _Patience:
    """Looks from time to time, and gives up on who took nothing since the last look."""

    def __init__(self, fd: int, waiter: Any) -> None:
        self._fd = fd
        self._waiter = waiter
        self._untaken = untaken(fd)

    def look(self) -> None:
        """Called by the hub."""
        before, self._untaken = self._untaken, untaken(self._fd)
        if self._untaken >= before:
            self._waiter.switch(False)


def untaken(fd: int) -> int:
    """How many bytes sent over a socket the other side has not acknowledged.

    0 where the system does not tell: then only becoming writable counts as progress.
    """
    try:
        (count,) = struct.unpack("i", fcntl.ioctl(fd, termios.TIOCOUTQ, bytes(4)))
    except OSError:
        return 0
    return int(count)
