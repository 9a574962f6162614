"""A pool of connections to one instance."""

from __future__ import annotations

import time
from typing import Any

import gevent
from gevent.event import AsyncResult
from loguru import logger

from athena_g import errors
from athena_g.backend.connection import BackendConnection
from athena_g.backend.endpoint import Endpoint
from athena_g.backend.kill import Killer
from athena_g.backend.look_back import LookBack
from athena_g.backend.profile import Profile
from athena_g.errors import SqlError
from athena_g.pool.ledger import Ledger, Limits, Open, Use, Wait
from athena_g.pool.transactions import TransactionPool
from athena_g.protocol.constants import SERVER_STATUS_AUTOCOMMIT

SWEEP_INTERVAL = 1.0
"""Seconds between two looks at idle connections."""


class _InLine:
    """One waiter: it gets a connection or the right to open one, or leaves the line."""

    def __init__(self, flags: int) -> None:
        self.flags = flags
        self.gift: AsyncResult[Use[BackendConnection] | Open[BackendConnection]] = AsyncResult()
        self.hand = self.gift.set


class Pool:
    """At most ``limits.max_open`` connections, given in the order they were asked for.

    ``fresh_status`` are the server status flags of a session that has set nothing, as the server
    told them last. Every connection got by :meth:`acquire` is given back by exactly one of
    :meth:`release` and :meth:`discard`.
    """

    def __init__(self, endpoint: Endpoint, limits: Limits) -> None:
        self.endpoint = endpoint
        self.limits = limits
        self.opened = 0
        self.fresh_status = SERVER_STATUS_AUTOCOMMIT
        self.killer = Killer(endpoint)
        self.transactions: TransactionPool[BackendConnection] = TransactionPool()
        self._ledger: Ledger[BackendConnection] = Ledger(limits)
        self._all: set[BackendConnection] = set()
        self._accepted: set[str] = set()
        self._sweeper: gevent.Greenlet[..., Any] | None = None
        self._closed = False

    def __repr__(self) -> str:
        books = self._ledger
        return (
            f"<pool of {self.endpoint.name}: {books.out} out ({len(self.transactions)} bound), "
            f"{books.idle} idle, {len(books.waiting)} waiting, at most {self.limits.max_open}>"
        )

    @property
    def out(self) -> int:
        """Connections in use or being opened."""
        return self._ledger.out

    @property
    def idle(self) -> int:
        """Connections nobody uses."""
        return self._ledger.idle

    @property
    def waiting(self) -> int:
        """Statements in line for a connection."""
        return len(self._ledger.waiting)

    def reclaim(self, connection: BackendConnection, owner: LookBack) -> bool:
        """Whether the session whose memory is ``owner`` has ``connection`` back, as it left it.

        It is then given back by :meth:`keep`, :meth:`release` or :meth:`discard`.
        """
        if connection.owner is not owner or not self._ledger.reclaim(connection):
            return False
        if connection.stream.stale:
            self.discard(connection)
            return False
        return True

    def keep(self, connection: BackendConnection) -> None:
        """Give back what :meth:`reclaim` or :meth:`acquire` gave, kept for its session."""
        if not connection.kept or not self._ledger.keep(connection):
            connection.kept = True
            self._give_back(connection, True)

    def acquire(self, flags: int, profile: Profile) -> BackendConnection:
        """A connection that may hold another session's state, or nobody's.

        ``profile`` are the settings it had best have already. Waits at most
        ``limits.acquire_timeout``; raises :class:`~athena_g.errors.SqlError`.
        """
        while True:
            decision = self._ledger.checkout(flags, profile)
            if isinstance(decision, Wait):
                decision = self._wait(flags)
            found = self._taken(flags, decision)
            if found is not None:
                return found

    def spare(self, flags: int, profile: Profile) -> BackendConnection | None:
        """The same if nobody has to wait for it; ``None`` if all are in use."""
        while True:
            decision = self._ledger.checkout(flags, profile)
            if isinstance(decision, Wait):
                return None
            found = self._taken(flags, decision)
            if found is not None:
                return found

    def _taken(
        self, flags: int, decision: Use[BackendConnection] | Open[BackendConnection]
    ) -> BackendConnection | None:
        """The connection that a decision gives; ``None`` if it is closed meanwhile."""
        if isinstance(decision, Open):
            return self._open(flags, decision.instead_of)
        connection = decision.connection
        if connection.stream.stale:
            self.discard(connection)
            return None
        connection.kept = False
        connection.handing_over = True
        return connection

    def _wait(self, flags: int) -> Use[BackendConnection] | Open[BackendConnection]:
        waiter = _InLine(flags)
        self._ledger.waiting.append(waiter)
        try:
            gift: Use[BackendConnection] | Open[BackendConnection] = waiter.gift.get(
                timeout=self.limits.acquire_timeout
            )
            return gift
        except BaseException as error:
            if waiter.gift.ready():
                self._return_gift(waiter.gift.get())
            else:
                self._ledger.waiting.remove(waiter)
            if isinstance(error, gevent.Timeout):
                raise self._exhausted() from None
            raise

    def _return_gift(self, gift: Use[BackendConnection] | Open[BackendConnection]) -> None:
        """Pass on what came in the moment the waiter gave up."""
        if isinstance(gift, Use):
            self._give_back(gift.connection, gift.connection.kept)
        else:
            if gift.instead_of is not None:
                self._close(gift.instead_of)
            self._ledger.vacate()

    def _exhausted(self) -> SqlError:
        return errors.POOL_EXHAUSTED(
            instance=self.endpoint.name,
            group=self.endpoint.group,
            timeout_ms=round(self.limits.acquire_timeout * 1000),
            out=self.out,
            bound=len(self.transactions),
            limit=self.limits.max_open,
            waiting=self.waiting,
        )

    def _open(self, flags: int, instead_of: BackendConnection | None) -> BackendConnection:
        """A new connection in a place that is reserved."""
        try:
            if instead_of is not None:
                self._retire(instead_of)
            connection = BackendConnection(self.endpoint, flags, self._accepted)
        except BaseException:
            self._ledger.vacate()
            raise
        self.opened += 1
        self.fresh_status = connection.fresh_status
        self._all.add(connection)
        connection.retired = self._closed
        return connection

    def release(self, connection: BackendConnection) -> None:
        """Give back a connection whose session is gone and that has no reply outstanding."""
        connection.kept = False
        connection.disown()
        self._give_back(connection, False)

    def _give_back(self, connection: BackendConnection, keep: bool) -> None:
        if connection.stream.stale:
            self.discard(connection)
        elif not self._ledger.checkin(connection, keep):
            self._remove(connection)

    def _remove(self, connection: BackendConnection) -> None:
        """Close a connection, and only then give its place to others."""
        try:
            self._retire(connection)
        finally:
            self._ledger.vacate()

    def discard(self, connection: BackendConnection) -> None:
        """Close a connection got by :meth:`acquire` or :meth:`reclaim`."""
        self._close(connection)
        self._ledger.discard(connection)

    def _retire(self, connection: BackendConnection) -> None:
        """Close an idle connection, which may be the last to know something of its session."""
        try:
            connection.farewell()
        finally:
            self._close(connection)

    def _close(self, connection: BackendConnection) -> None:
        self._all.discard(connection)
        connection.close()

    def disown(self, connection: BackendConnection) -> None:
        """The session whose state an idle connection holds is gone."""
        connection.kept = False
        connection.disown()
        self._ledger.disown(connection)

    # -- background --------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to close what is idle for too long, and to keep ``min_idle`` open."""
        self._sweeper = gevent.spawn(self._sweep_forever)

    def close(self) -> None:
        """Close what is idle; what is out is closed when it is given back."""
        self._closed = True
        if self._sweeper is not None:
            self._sweeper.kill()
        for connection in self._all:
            connection.retired = True
        for connection in self._ledger.take_idle():
            self._close(connection)
            self._ledger.vacate()

    def _sweep_forever(self) -> None:
        while True:
            self.sweep(time.monotonic())
            gevent.sleep(SWEEP_INTERVAL)

    def sweep(self, now: float) -> None:
        """Close expired and stale idle connections, open what is missing to ``min_idle``."""
        books = self._ledger
        for connection in self._all:
            if now - connection.opened_at >= self.limits.max_age:
                connection.retired = True
        for connection in books.tick(now):
            self._remove(connection)
        for connection in [one for one in self._all if one.stream.stale]:
            if books.remove_idle(connection):
                self._close(connection)
                books.vacate()
        for _ in range(self.limits.min_idle):
            if not books.shortfall():  # asked each time: while one is opened, sessions open others
                return
            books.reserve()
            try:
                connection = self._open(0, None)
            except SqlError as error:
                logger.warning("cannot keep {} idle: {}", self.limits.min_idle, error)
                return
            self.release(connection)
