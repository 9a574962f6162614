"""What tests do with the connections of a pool."""

from __future__ import annotations

from collections.abc import Callable

import gevent

from athena_g.backend.connection import BackendConnection, SessionSetup
from athena_g.errors import SqlError
from athena_g.pool.pool import Pool
from athena_g.protocol.framing import frame
from tests.fakes.proxy import until

MakePool = Callable[..., Pool]


def waiting(pool: Pool, flags: int = 0) -> gevent.Greenlet:
    """A greenlet in line, whose value is its connection or what it was told instead."""

    def wait() -> BackendConnection | SqlError:
        try:
            return pool.acquire(flags)
        except SqlError as error:
            return error

    before = pool.waiting
    greenlet = gevent.spawn(wait)
    until(lambda: pool.waiting > before, "it is not in line")
    return greenlet


def use(connection: BackendConnection, setup: SessionSetup | None = None) -> SessionSetup:
    """Run a statement, so that the connection holds a session's state."""
    setup = setup or SessionSetup(45)
    rest = connection.settle(setup, frame(b"\x03SELECT 1", 0)) or connection.stream.recv()
    assert rest
    return setup
