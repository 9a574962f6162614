"""The tables of every type in one plain database and, through a proxy, over four shards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.oracle.talker import Talker
from tests.proxy import PASSWORD, USER, Proxy, proxy_running
from tests.servers import Server
from tests.sharding.house import run_each
from tests.sharding.typed_tables import (
    BROADCAST,
    DB_GROUPS,
    HOME,
    RULES,
    SHARDS,
    definitions,
    of_shard,
    shadows,
)

PLAIN = "typed_plain"
"""The database that has all in one place."""
GROUP = "typed"
"""The group's name, and that of the database which is its home."""
FEW = "typed_few_{}"
"""The databases that have the rows of one shard each, by its number."""
EMPTY = "typed_empty"
"""A database without tables of its own."""
PATIENCE = 10.0
"""Seconds that a statement may take."""


def database_of(db_group: str) -> str:
    """The database that is a DB group."""
    return GROUP if db_group == HOME else f"{GROUP}_{db_group}"


class TypedHouse:
    """The two places that have the same rows."""

    def __init__(self, server: Server, proxy: Proxy) -> None:
        self.server = server
        self.proxy = proxy

    def plain(self) -> Talker:
        """A client of the server itself."""
        server = self.server
        return _talker(server.host, server.port, server.user, server.password, PLAIN)

    def few(self, shard: int) -> Talker:
        """A client of the server, of the rows of a shard."""
        server = self.server
        database = FEW.format(shard)
        return _talker(server.host, server.port, server.user, server.password, database)

    def shadowed(self, *, empty: bool = False) -> Talker:
        """A client of the server with temporary tables of all rows, or of none."""
        found = self.plain()
        found.do(f"USE {EMPTY}")
        for statement in shadows(PLAIN, empty=empty):
            found.do(statement)
        return found

    def sharded(self) -> Talker:
        """A client of the proxy."""
        proxy = self.proxy
        return _talker(proxy.host, proxy.port, proxy.user, proxy.password, GROUP)


def _talker(host: str, port: int, user: str, password: str, database: str) -> Talker:
    login = {"user": user, "password": password, "database": database}
    return Talker((host, port), login, patience=PATIENCE)


@contextmanager
def typed_house(server: Server) -> Iterator[TypedHouse]:
    """A house with all its rows; ended and taken away at the end."""
    few = [FEW.format(shard) for shard in range(SHARDS)]
    databases = [PLAIN, EMPTY, *few, *map(database_of, DB_GROUPS)]
    for database in databases:
        server.create_database(database)
    try:
        with proxy_running(_configuration(server), GROUP) as proxy:
            statements = [*definitions(server.kind)]
            options = {"autocommit": True, "charset": "utf8mb4"}
            for connection in (
                server.connect(database=PLAIN, **options),
                proxy.connect(**options),
            ):
                with connection:
                    run_each(connection, statements)
            for shard, database in enumerate(few):
                with server.connect(database=database, autocommit=True) as connection:
                    run_each(connection, [*of_shard(PLAIN, shard)])
            yield TypedHouse(server, proxy)
            assert "Traceback" not in proxy.log(), proxy.log()
    finally:
        with server.connect(database=None) as connection:
            run_each(connection, [f"DROP DATABASE IF EXISTS `{each}`" for each in databases])


def _configuration(server: Server) -> str:
    db_groups = "".join(
        f"""
[[groups.db_groups]]
name = "{name}"
shard_indices = {list(shards)}
[[groups.db_groups.instances]]
host = "{server.host}"
port = {server.port}
user = "{server.user}"
password = "{server.password}"
database = "{database_of(name)}"
"""
        for name, shards in DB_GROUPS.items()
    )
    return f"""
[pool]
max_open = 4
acquire_timeout_ms = 5000
[[groups]]
name = "{GROUP}"
user = "{USER}"
password = "{PASSWORD}"
home_group = "{HOME}"
broadcast_tables = {BROADCAST}
{db_groups}
{RULES}
"""
