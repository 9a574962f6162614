"""Which connections a pool has and who gets one next: decisions only, no I/O, no waiting.

Times are seconds of a monotonic clock that the caller gives.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar


class Pooled(Protocol):
    """What the ledger asks of a connection."""

    flags: int
    opened_at: float
    idle_since: float
    retired: bool


C = TypeVar("C", bound=Pooled)


@dataclass(frozen=True, slots=True)
class Limits:
    """The ``[pool]`` table of the configuration, in seconds."""

    max_open: int = 100
    max_idle: int = 100
    min_idle: int = 0
    max_age: float = 3600.0
    max_idle_time: float = 300.0
    acquire_timeout: float = 5.0


@dataclass(frozen=True, slots=True)
class Use(Generic[C]):
    """Take this connection; it is out now."""

    connection: C


@dataclass(frozen=True, slots=True)
class Open(Generic[C]):
    """Open a connection, its place is reserved; close ``instead_of`` first if there is one."""

    instead_of: C | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """Everything is out: wait in line."""


class Waiter(Protocol):
    """Somebody in line."""

    flags: int

    def hand(self, gift: Use[Any] | Open[Any]) -> None:
        """Give what was waited for; it is the waiter's from here on."""


class Ledger(Generic[C]):
    """The books of one pool.

    An idle connection is *free*, or *kept* for the session whose state it still holds: that
    session gets it back as it is, another one only when no place is left, and then after a reset.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.open = 0
        self.now = 0.0
        self.free: OrderedDict[C, None] = OrderedDict()
        self.kept: OrderedDict[C, None] = OrderedDict()
        self.waiting: deque[Waiter] = deque()

    @property
    def idle(self) -> int:
        """Connections that nobody is using."""
        return len(self.free) + len(self.kept)

    @property
    def out(self) -> int:
        """Connections in use or being opened."""
        return self.open - self.idle

    def take_back(self, connection: C) -> bool:
        """Take a kept connection for the session it is kept for; false when it is not idle."""
        if connection in self.kept:
            del self.kept[connection]
            return True
        return False

    def checkout(self, flags: int) -> Use[C] | Open[C] | Wait:
        """What a session without a connection does; ``flags`` are its capability flags."""
        if self.waiting:
            return Wait()
        found = _latest(self.free, flags)
        if found is not None:
            return Use(found)
        if self.open < self.limits.max_open:
            self.open += 1
            return Open()
        found = _oldest(self.kept, flags)
        if found is not None:
            return Use(found)
        for shelf in (self.free, self.kept):
            if shelf:
                return Open(shelf.popitem(last=False)[0])
        return Wait()

    def checkin(self, connection: C, keep: bool) -> bool:
        """Whether a returned connection stays; false: close it, its place is free already.

        Somebody in line gets it at once.
        """
        if connection.retired:
            self.vacate()
            return False
        if self.waiting:
            waiter = self.waiting.popleft()
            if waiter.flags == connection.flags:
                waiter.hand(Use(connection))
            else:
                waiter.hand(Open(connection))
            return True
        if len(self.kept) + len(self.free) >= self.limits.max_idle:
            self.vacate()
            return False
        connection.idle_since = self.now
        (self.kept if keep else self.free)[connection] = None
        return True

    def vacate(self) -> None:
        """A connection that was out is gone, or could not be opened: its place is free."""
        self.open -= 1
        if self.waiting:
            self.open += 1
            self.waiting.popleft().hand(Open())

    def disown(self, connection: C) -> None:
        """The session a connection was kept for is gone."""
        if connection in self.kept:
            del self.kept[connection]
            self.free[connection] = None

    def remove_idle(self, connection: C) -> bool:
        """Take an idle connection out for good; false when it is not idle."""
        for shelf in (self.free, self.kept):
            if connection in shelf:
                del shelf[connection]
                self.vacate()
                return True
        return False

    def tick(self, now: float) -> list[C]:
        """Idle connections past their age or idle time, taken out of the books: close them.

        ``now`` is also the time that counts for what happens up to the next tick.
        """
        self.now = now
        limits = self.limits
        old = [
            connection
            for shelf in (self.free, self.kept)
            for connection in shelf
            if connection.retired or now - connection.idle_since >= limits.max_idle_time
        ]
        for connection in old:
            self.remove_idle(connection)
        return old

    def take_idle(self) -> list[C]:
        """Every idle connection, taken out of the books."""
        idle = [*self.free, *self.kept]
        for connection in idle:
            self.remove_idle(connection)
        return idle

    def shortfall(self) -> int:
        """How many connections are to be opened to have ``min_idle``."""
        limits = self.limits
        return max(0, min(limits.min_idle - self.idle, limits.max_open - self.open))

    def reserve(self) -> None:
        """Count a connection that is going to be opened."""
        self.open += 1


def _latest(shelf: OrderedDict[C, None], flags: int) -> C | None:
    """The connection used last, so that those too many grow old."""
    return _pick(shelf, reversed(shelf), flags)


def _oldest(shelf: OrderedDict[C, None], flags: int) -> C | None:
    """The connection idle for longest: its session is the least likely to want it back."""
    return _pick(shelf, iter(shelf), flags)


def _pick(shelf: OrderedDict[C, None], order: Any, flags: int) -> C | None:
    for connection in order:
        if connection.flags == flags:
            del shelf[connection]
            return connection  # type: ignore[no-any-return]
    return None
