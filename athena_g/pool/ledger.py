"""Which connections a pool has and who gets one next: decisions only, no I/O, no waiting.

Times are seconds of a monotonic clock that the caller gives.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar


class Pooled(Protocol):
    """What the ledger asks of a connection."""

    flags: int
    profile: Any
    opened_at: float
    idle: bool
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

    A connection is *out*, or *free*, or *kept* for the session whose state it still holds: that
    session reclaims it as it is; another one gets it only when no place is left, and then resets
    it. A reclaimed connection stays on the shelf of the kept ones, marked as not idle: reclaiming
    and keeping, which happen for every statement, are to cost next to nothing.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.open = 0
        self.idle = 0
        self.now = 0.0
        self.waiting: deque[Waiter] = deque()
        self._free: OrderedDict[C, None] = OrderedDict()
        self._kept: dict[C, None] = {}

    @property
    def out(self) -> int:
        """Connections in use or being opened."""
        return self.open - self.idle

    def reclaim(self, connection: C) -> bool:
        """Take a kept connection out for its own session; false when it cannot be had."""
        if connection.idle and connection in self._kept and not connection.retired:
            connection.idle = False
            self.idle -= 1
            return True
        return False

    def keep(self, connection: C) -> bool:
        """Put back a reclaimed connection; false when it is to go through :meth:`checkin`."""
        if self.waiting or connection.retired or self.idle >= self.limits.max_idle:
            return False
        connection.idle = True
        connection.idle_since = self.now
        self.idle += 1
        return True

    def checkout(self, flags: int, profile: Any) -> Use[C] | Open[C] | Wait:
        """What a session without a connection does: its capability flags, and its settings."""
        if self.waiting:
            return Wait()
        # The one used last, so that those too many grow old.
        free = _fitting(reversed(self._free), flags, profile)
        if free is not None:
            return Use(self._take_out(free))
        if self.open < self.limits.max_open:
            self.open += 1
            return Open()
        if not self.idle:
            return Wait()
        # The one idle for longest: its session is the least likely to want it back.
        kept = sorted(self._idle_kept(), key=_idle_since)
        connection = _fitting(kept, flags, profile)
        if connection is not None:
            return Use(self._take_out(connection))
        return Open(self._take_out(next(iter(self._free)) if self._free else kept[0]))

    def checkin(self, connection: C, keep: bool) -> bool:
        """Whether a returned connection stays; false: close it, then :meth:`vacate` its place.

        Somebody in line gets it at once.
        """
        self._kept.pop(connection, None)
        if connection.retired:
            return False
        if self.waiting:
            waiter = self.waiting.popleft()
            if waiter.flags == connection.flags:
                waiter.hand(Use(connection))
            else:
                waiter.hand(Open(connection))
            return True
        if self.idle >= self.limits.max_idle:
            return False
        connection.idle = True
        connection.idle_since = self.now
        self.idle += 1
        (self._kept if keep else self._free)[connection] = None
        return True

    def discard(self, connection: C) -> None:
        """A connection that was out is closed."""
        self._kept.pop(connection, None)
        self.vacate()

    def vacate(self) -> None:
        """A connection that was out is gone, or could not be opened: its place is free."""
        self.open -= 1
        if self.waiting:
            self.open += 1
            self.waiting.popleft().hand(Open())

    def disown(self, connection: C) -> None:
        """The session an idle connection was kept for is gone."""
        if connection.idle and connection in self._kept:
            del self._kept[connection]
            self._free[connection] = None

    def remove_idle(self, connection: C) -> bool:
        """Take out an idle connection, to close it and :meth:`vacate`; false: it is not idle."""
        if not connection.idle:
            return False
        self._take_out(connection)
        return True

    def tick(self, now: float) -> list[C]:
        """Idle connections past their age or idle time, taken out: close each, then vacate.

        ``now`` is also the time that counts for what happens up to the next tick.
        """
        self.now = now
        old = [
            connection
            for connection in self._all_idle()
            if connection.retired or now - connection.idle_since >= self.limits.max_idle_time
        ]
        for connection in old:
            self.remove_idle(connection)
        return old

    def take_idle(self) -> list[C]:
        """Every idle connection, taken out: close each, then vacate its place."""
        idle = self._all_idle()
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

    def _idle_kept(self) -> list[C]:
        return [connection for connection in self._kept if connection.idle]

    def _all_idle(self) -> list[C]:
        return [*self._free, *self._idle_kept()]

    def _take_out(self, connection: C) -> C:
        """An idle connection, now out."""
        self._free.pop(connection, None)
        self._kept.pop(connection, None)
        connection.idle = False
        self.idle -= 1
        return connection


def _idle_since(connection: Pooled) -> float:
    return connection.idle_since


def _fitting(connections: Iterable[C], flags: int, profile: Any) -> C | None:
    """The first that was opened with ``flags``, if there is one the first that has ``profile``."""
    first = None
    for connection in connections:
        if connection.flags == flags:
            if connection.profile is profile:
                return connection
            first = first or connection
    return first
