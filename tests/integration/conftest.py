from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest

from tests.proxy import Proxy, proxy_for
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


@pytest.fixture(scope="session")
def shared_proxy(server: Server) -> Iterator[Proxy]:
    """One proxy in front of each kind of server."""
    name = server.create_database("proxied")
    with proxy_for(server, name) as running:
        yield running


@pytest.fixture
def proxy(server: Server, shared_proxy: Proxy) -> Iterator[Proxy]:
    """A running proxy whose database is empty."""
    yield shared_proxy
    with server.connect(database=shared_proxy.database) as connection:
        with connection.cursor() as cursor:
            cursor.execute("SHOW TABLES")
            for (table,) in list(cursor.fetchall()):
                cursor.execute(f"DROP TABLE `{table}`")
