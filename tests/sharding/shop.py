"""A shop whose tables are over four shards, as programs use it: on one server, or embedded.

| table | rule |
|---|---|
| orders | by ``user_id`` modulo 4, ids are made by the proxy |
| items | by ``user_id`` modulo 4, bound to ``orders``; no writes on several shards |
| prices, days, words | by a decimal, a date, a text |
| wide | by ``k`` modulo 4, twelve columns |
| countries | broadcast |
| settings | at home |
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pymysql.connections import Connection

from tests.proxy import PASSWORD, USER, Proxy, proxy_running
from tests.servers import Server

DB_GROUPS: dict[str, tuple[int, ...]] = {"home": (), "a": (0, 2), "b": (1, 3)}
MAX_OPEN = 2
"""Connections to each DB group."""
WORKER = 77

TABLES = {
    "orders": "id BIGINT NOT NULL PRIMARY KEY, user_id INT, item VARCHAR(40), "
    "price DECIMAL(10,2) DEFAULT 0.00, KEY by_user (user_id)",
    "items": "user_id INT NOT NULL, item VARCHAR(40) NOT NULL, n INT, PRIMARY KEY (user_id, item)",
    "prices": "price DECIMAL(20,2) NOT NULL PRIMARY KEY, n INT",
    "days": "day DATE NOT NULL PRIMARY KEY, n INT",
    "words": "word VARCHAR(40) NOT NULL PRIMARY KEY, n INT",
    "wide": "k INT NOT NULL PRIMARY KEY, " + ", ".join(f"c{number} INT" for number in range(11)),
    "countries": "code CHAR(2) NOT NULL PRIMARY KEY, name VARCHAR(40)",
    "settings": "name VARCHAR(40) NOT NULL PRIMARY KEY, text VARCHAR(40)",
}

_RULES = """
[[groups.sharding_rules]]
name = "orders"
table_pattern = "orders"
shard_column = "user_id"
algorithm = "mod"
shard_count = 4
binding = "user"
scatter_writes = "allow"
id_column = "id"
id_generator = "snowflake"
[[groups.sharding_rules]]
name = "items"
table_pattern = "items"
shard_column = "user_id"
algorithm = "mod"
shard_count = 4
binding = "user"
[[groups.sharding_rules]]
name = "prices"
table_pattern = "prices"
shard_column = "price"
algorithm = "hash"
shard_count = 4
scatter_writes = "allow"
[[groups.sharding_rules]]
name = "days"
table_pattern = "days"
shard_column = "day"
algorithm = "range"
range_boundaries = ["2020-01-01", "2021-01-01", "2022-01-01"]
scatter_writes = "allow"
[[groups.sharding_rules]]
name = "words"
table_pattern = "words"
shard_column = "word"
algorithm = "hash"
shard_count = 4
scatter_writes = "allow"
[[groups.sharding_rules]]
name = "by k"
table_pattern = "wide*"
shard_column = "k"
algorithm = "mod"
shard_count = 4
scatter_writes = "allow"
"""

Row = tuple[Any, ...]


@dataclass
class Shop:
    """The proxy in front of the shards."""

    server: Server
    proxy: Proxy
    name: str
    clients: list[Connection[Any]] = field(default_factory=list)
    read: int = 0
    """Characters of the proxy's log that were looked at."""

    def connect(self, **options: Any) -> Connection[Any]:
        """A client of the proxy, which is closed behind the test."""
        client = self.proxy.connect(**({"autocommit": True, "charset": "utf8mb4"} | options))
        self.clients.append(client)
        return client

    def empty(self) -> None:
        """Take away all rows, and the tables that only tests make."""
        with self.proxy.connect(autocommit=True) as client:
            for (table,) in rows(client, "SHOW TABLES"):
                if table not in TABLES:
                    rows(client, f"DROP TABLE `{table}`")
                elif table == "items":
                    for shard in range(4):
                        rows(client, f"/*athena: shard={shard} */ DELETE FROM items")
                else:
                    rows(client, f"DELETE FROM {table}")

    def expect_sound(self) -> None:
        """Nothing crashed, and each DB group has all its connections to give."""
        log = self.proxy.log()
        new, self.read = log[self.read :], len(log)
        assert "Traceback" not in new, new
        while self.clients:
            client = self.clients.pop()
            if client.open:
                client.close()
        for shard in range(2):
            with ExitStack() as stack:
                for _ in range(MAX_OPEN):
                    client = stack.enter_context(self.proxy.connect())
                    rows(client, f"SELECT 1 FROM items WHERE user_id = {shard}")


def rows(client: Connection[Any], sql: str, arguments: Sequence[Any] | None = None) -> list[Row]:
    """The rows of a statement, in the order in which they come; none of one that has none."""
    with client.cursor() as cursor:
        cursor.execute(sql, arguments)
        return list(cursor.fetchall()) if cursor.description else []


def value(client: Connection[Any], sql: str) -> Any:
    """The only value that a statement gives."""
    [(found,)] = rows(client, sql)
    return found


def shards_of(client: Connection[Any], table: str, column: str) -> dict[Any, int]:
    """At which shard each row is, by a column that tells rows apart."""
    found: dict[Any, int] = {}
    for shard in range(4):
        for (key,) in rows(client, f"/*athena: shard={shard} */ SELECT {column} FROM {table}"):
            assert key not in found, f"{key} is on two shards"
            found[key] = shard
    return found


@contextmanager
def shop(server: Server, name: str, tables: str = "") -> Iterator[Shop]:
    """A shop with empty tables; ``tables`` are further tables of the configuration."""
    with ExitStack() as stack:
        instances = {}
        if server.kind == "embedded":
            directory = Path(tempfile.mkdtemp(prefix="athena-g-shop-"))
            stack.callback(shutil.rmtree, directory)
            tables += f'\n[embedded]\ndata_directory = "{directory}"\n'
        else:
            for db_group in DB_GROUPS:
                instances[db_group] = _database(server, name, db_group, stack)
        toml = _configuration(name, tables, instances)
        environment = {"ATHENA_SERVER__WORKER_ID": str(WORKER)}
        proxy = stack.enter_context(proxy_running(toml, name, **environment))
        built = Shop(server, proxy, name)
        with built.proxy.connect(autocommit=True) as client:
            for table, columns in TABLES.items():
                rows(client, f"CREATE TABLE {table} ({columns})")
        yield built


def _database(server: Server, name: str, db_group: str, stack: ExitStack) -> str:
    """A database for a DB group, as the configuration has it."""
    database = name if db_group == "home" else f"{name}_{db_group}"
    server.create_database(database)
    stack.callback(_drop, server, database)
    return f"""
[[groups.db_groups.instances]]
host = "{server.host}"
port = {server.port}
user = "{server.user}"
password = "{server.password}"
database = "{database}"
"""


def _drop(server: Server, database: str) -> None:
    with server.connect(database=None) as connection:
        rows(connection, f"DROP DATABASE IF EXISTS `{database}`")


def _configuration(name: str, tables: str, instances: dict[str, str]) -> str:
    db_groups = "".join(
        f'\n[[groups.db_groups]]\nname = "{db_group}"\nshard_indices = {list(shards)}\n'
        + instances.get(db_group, "embedded = true\n")
        for db_group, shards in DB_GROUPS.items()
    )
    return f"""
{tables}
[pool]
max_open = {MAX_OPEN}
acquire_timeout_ms = 5000
[[groups]]
name = "{name}"
user = "{USER}"
password = "{PASSWORD}"
home_group = "home"
broadcast_tables = ["countries"]
{db_groups}
{_RULES}
"""
