from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest

from tests.servers import Server
from tests.servers_plugin import FLEET

numbers = count(1)


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest) -> Server:
    """The shared server of each kind in turn. A test that ends it starts it again."""
    return request.config.stash[FLEET].server(request.param)


@pytest.fixture
def database(server: Server) -> Iterator[str]:
    """The name of an empty database of the test's own on `server`."""
    name = server.create_database(f"test_{next(numbers)}")
    yield name
    with server.connect(database=None) as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS `{name}`")
