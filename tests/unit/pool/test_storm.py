"""Many greenlets at one small pool, doing everything that can be done, in random order."""

from __future__ import annotations

import random

import gevent
import pytest

from athena_g.backend.connection import BackendConnection
from athena_g.backend.look_back import LookBack
from athena_g.backend.profile import profile
from athena_g.errors import SqlError
from athena_g.net.stream import ConnectionClosed
from athena_g.pool.ledger import Limits
from athena_g.pool.pool import Pool
from athena_g.protocol.constants import CLIENT_FOUND_ROWS
from athena_g.protocol.framing import frame
from tests.fakes import replies
from tests.fakes.proxy import endpoint_of, until
from tests.fakes.server import FakeServer

MAX_OPEN = 4
PROFILES = [profile(45), profile(8)]


class Session:
    """One that uses connections as a session does, and checks that each is its alone."""

    def __init__(self, pool: Pool, chance: random.Random, in_use: set[BackendConnection]) -> None:
        self._pool = pool
        self._chance = chance
        self._in_use = in_use
        self._memory = LookBack()
        self._profile = chance.choice(PROFILES)
        self._flags = chance.choice([0, 0, CLIENT_FOUND_ROWS])
        self._last: BackendConnection | None = None

    def run(self) -> None:
        for _ in range(15):
            try:
                with gevent.Timeout(self._chance.choice([None, 0.002])):
                    self._statement()
            except (SqlError, gevent.Timeout):
                pass
        if self._last is not None and self._last.owner is self._memory:
            self._pool.disown(self._last)

    def _statement(self) -> None:
        connection = self._last
        if connection is None or not self._pool.reclaim(connection, self._memory):
            connection = self._last = self._pool.acquire(self._flags, self._profile)
        assert connection not in self._in_use
        self._in_use.add(connection)
        try:
            self._talk(connection)
        except BaseException as error:
            self._in_use.remove(connection)
            self._pool.discard(connection)
            if not isinstance(error, ConnectionClosed):
                raise
            return
        self._in_use.remove(connection)
        self._chance.choice(
            [self._pool.keep, self._pool.keep, self._pool.release, self._pool.discard]
        )(connection)

    def _talk(self, connection: BackendConnection) -> None:
        command = frame(b"\x03SELECT 1", 0)
        reply = b""
        if connection.owner is not self._memory:
            reply = connection.settle(self._profile, self._memory, command)
        else:
            connection.stream.send(command)
        if self._chance.random() < 0.5:
            gevent.sleep(self._chance.choice([0, 0.001]))
        while not reply.endswith(b"\xfe\0\0\2\0"):
            data = connection.stream.recv()
            if not data:
                raise ConnectionClosed(connection.stream)
            reply += data


@pytest.mark.parametrize("seed", range(5))
def test_a_storm_leaves_the_books_true(backend: FakeServer, seed: int) -> None:
    chance = random.Random(seed)
    limits = Limits(max_open=MAX_OPEN, max_idle=3, min_idle=1, acquire_timeout=0.05)
    pool = Pool(endpoint_of(backend), limits)
    in_use: set[BackendConnection] = set()

    def disturb() -> None:
        for _ in range(20):
            gevent.sleep(0.002)
            pool.sweep(0.0)
            if backend.open_connections:
                chance.choice(backend.open_connections).hang_up()
            refusing = chance.random() < 0.2
            backend.login_reply = (replies.err(1045, "no", first=2),) if refusing else None

    sessions = [Session(pool, random.Random(seed * 100 + n), in_use) for n in range(20)]
    running = [gevent.spawn(session.run) for session in sessions]
    disturbing = gevent.spawn(disturb)
    gevent.joinall([*running, disturbing], raise_error=True)
    assert (pool.out, pool.waiting) == (0, 0), seed
    assert 0 <= pool.idle <= limits.max_idle, seed
    assert backend.peak <= MAX_OPEN, seed
    pool.close()
    until(lambda: not backend.open_connections, f"connections left open; seed {seed}")
