"""Hundreds of sessions on few connections: each finds its own state and nobody else's."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

import gevent
import pytest
from gevent.greenlet import Greenlet

from tests.oracle.play import Place
from tests.oracle.sessions import Session
from tests.proxy import Proxy, proxy_for
from tests.servers import Server

DIRECT = os.environ.get("ATHENA_TEST_ORACLE") == "direct"
"""Whether to show, without a proxy, that a server fulfils what the sessions expect."""
SESSIONS = 100 if DIRECT else 200
STEPS = 12
POOL = "[pool]\nmax_open = 8\nacquire_timeout_ms = 120000"
SECONDS = 240
SEED = int(os.environ.get("ATHENA_TEST_SEED", "1"))


@pytest.fixture
def crowded(server: Server, database: str) -> Iterator[Proxy]:
    """A proxy with few connections, and a table for each session."""
    with server.connect(database=database, autocommit=True) as connection:
        with connection.cursor() as cursor:
            for number in range(SESSIONS):
                cursor.execute(
                    f"CREATE TABLE own_{number} (id INT AUTO_INCREMENT PRIMARY KEY, n INT)"
                )
    with proxy_for(server, database, tables=POOL) as proxy:
        if DIRECT:
            proxy.port, proxy.user, proxy.password = server.port, server.user, server.password
        yield proxy


def test_nothing_leaks_between_interleaved_sessions(server: Server, crowded: Proxy) -> None:
    if server.kind == "embedded":
        pytest.skip("has few of the variables that are set")
    place = Place(crowded.host, crowded.port, crowded.user, crowded.password, crowded.database)
    sessions = [Session(place.talker(patience=SECONDS), number, SEED) for number in range(SESSIONS)]
    random.Random(SEED).shuffle(sessions)
    greenlets = [Greenlet.spawn(session.run, STEPS) for session in sessions]
    try:
        with gevent.Timeout(SECONDS, AssertionError("the sessions do not come to an end")):
            for greenlet in gevent.iwait(greenlets):  # the first that fails is told of at once
                greenlet.get()
    finally:
        gevent.killall(greenlets)
        for session in sessions:
            session.cut()
