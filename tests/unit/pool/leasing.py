"""What tests do with the connections of a pool."""

from __future__ import annotations

from collections.abc import Callable

import gevent

from athena_g.backend.connection import BackendConnection
from athena_g.backend.look_back import LookBack
from athena_g.backend.profile import profile
from athena_g.errors import SqlError
from athena_g.pool.pool import Pool
from athena_g.protocol.framing import frame
from tests.fakes.proxy import until

MakePool = Callable[..., Pool]
PROFILE = profile(45)


def waiting(pool: Pool, flags: int = 0) -> gevent.Greenlet:
    """A greenlet in line, whose value is its connection or what it was told instead."""

    def wait() -> BackendConnection | SqlError:
        try:
            return pool.acquire(flags, PROFILE)
        except SqlError as error:
            return error

    before = pool.waiting
    greenlet = gevent.spawn(wait)
    until(lambda: pool.waiting > before, "it is not in line")
    return greenlet


def use(connection: BackendConnection, owner: LookBack | None = None) -> LookBack:
    """Run a statement, so that the connection holds a session's state."""
    owner = owner or LookBack()
    rest = connection.settle(PROFILE, owner, frame(b"\x03SELECT 1", 0)) or connection.stream.recv()
    assert rest
    return owner
