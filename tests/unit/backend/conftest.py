from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from athena_g.backend.connection import BackendConnection
from tests.fakes.fixtures import backend as backend
from tests.fakes.fixtures import guard as guard
from tests.fakes.fixtures import make_proxy as make_proxy
from tests.fakes.fixtures import proxy as proxy
from tests.fakes.proxy import endpoint_of
from tests.fakes.server import FakeServer

Connect = Callable[..., BackendConnection]


@pytest.fixture
def connect(backend: FakeServer) -> Iterator[Connect]:
    """Open connections that share what they know of the server."""
    accepted: set[str] = set()
    opened: list[BackendConnection] = []

    def open_one(flags: int = 0) -> BackendConnection:
        opened.append(BackendConnection(endpoint_of(backend), flags, accepted))
        return opened[-1]

    yield open_one
    for connection in opened:
        connection.close()


@pytest.fixture
def connection(connect: Connect) -> BackendConnection:
    """A connection to the fake, as it was opened."""
    return connect()
