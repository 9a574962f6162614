from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest

from tests.integration.stage import PlainConnection
from tests.proxy import Proxy, proxy_for
from tests.servers import Server
from tests.servers_plugin import FLEET
from tests.sharding.house import House
from tests.sharding.house import house as furnished
from tests.sharding.prepared import Prepare, PreparedStatement
from tests.sharding.shop import Shop
from tests.sharding.shop import shop as opened

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


@pytest.fixture(scope="session")
def shared_house(server: Server) -> Iterator[House]:
    """One house with shards on each kind of server."""
    with furnished(server) as house:
        yield house


@pytest.fixture
def house(shared_house: House) -> Iterator[House]:
    """A house whose tables are as they were in the beginning, of which no connection is lost."""
    shared_house.reset()
    yield shared_house
    assert "Traceback" not in shared_house.proxy.log()


@pytest.fixture(scope="session")
def shared_shop(server: Server) -> Iterator[Shop]:
    """One shop with shards on each kind of server."""
    with opened(server, "shop") as shop:
        yield shop


@pytest.fixture
def shop(shared_shop: Shop) -> Iterator[Shop]:
    """A shop whose tables are empty, and of which no connection is lost."""
    shared_shop.empty()
    yield shared_shop
    shared_shop.expect_sound()


@pytest.fixture
def client(shop: Shop) -> Iterator[PlainConnection]:
    """A client of the shop that sends nothing of its own accord."""
    with PlainConnection(
        host=shop.proxy.host,
        port=shop.proxy.port,
        user=shop.proxy.user,
        password=shop.proxy.password,
        database=shop.name,
        ssl_disabled=True,
        autocommit=None,
        charset="utf8mb4",
        read_timeout=30,
    ) as connected:
        yield connected


@pytest.fixture
def prepare(client: PlainConnection) -> Prepare:
    """Has the client prepare a statement."""
    return lambda sql: PreparedStatement(client, sql)
