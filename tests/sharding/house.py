"""One server that is a plain database and, through a proxy, the same tables over four shards.

The DB groups are databases of one server: ``home``, and two that have two shards each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pymysql.connections import Connection
from pymysql.constants import CLIENT

from tests.proxy import PASSWORD, USER, Proxy, proxy_running
from tests.servers import Server
from tests.sharding.tables import DB_GROUPS, HOME, RULES, SHAPES, SHARDS, Shape, physical

PLAIN = "plain"
"""The database that has all in one place."""
GROUP = "house"
"""The group's name, and that of the database which is its home."""
FIRST = "house_first"
"""The database that has a copy of what all tables begin with."""

_MADE = ("made_", "own", "everywhere")
"""How the names of tables begin that tests make."""

Row = tuple[Any, ...]


def database_of(db_group: str) -> str:
    """The database that is a DB group."""
    return GROUP if db_group == HOME else f"{GROUP}_{db_group}"


@dataclass
class House:
    """The proxy in front of the shards, and ways around it."""

    server: Server
    proxy: Proxy

    def connect(self, **options: Any) -> Connection[Any]:
        """A client of the proxy."""
        return self.proxy.connect(**({"autocommit": True, "charset": "utf8mb4"} | options))

    def direct(self, database: str = GROUP) -> Connection[Any]:
        """A client of the server itself."""
        return self.server.connect(
            database=database,
            autocommit=True,
            charset="utf8mb4",
            client_flag=CLIENT.MULTI_STATEMENTS,
        )

    def rows(self, db_group: str, table: str, *, of: str = "*") -> list[Row]:
        """What a server has in a table, in no order."""
        with self.direct(database_of(db_group)) as connection, connection.cursor() as cursor:
            cursor.execute(f"SELECT {of} FROM {table}")
            return list(cursor.fetchall())

    def run(self, statements: Sequence[str], database: str = GROUP) -> None:
        """Run statements on the server, not through the proxy."""
        with self.direct(database) as connection:
            run(connection, statements)

    def reset(self) -> None:
        """Have each table of the shards and of the plain database as it was in the beginning."""
        self.run(resetting())

    def clear(self) -> None:
        """Drop the tables that only tests make."""
        with self.direct() as connection, connection.cursor() as cursor:
            for database in (PLAIN, *map(database_of, DB_GROUPS)):
                cursor.execute(f"SHOW TABLES FROM {database}")
                names = [name for (name,) in cursor.fetchall() if name.startswith(_MADE)]
                if names:
                    cursor.execute("DROP TABLE " + ", ".join(f"{database}.{n}" for n in names))

    def state(self, connection: Connection[Any]) -> tuple[list[Row], list[Row]]:
        """All rows of the plain database, and all on the shards, sorted."""
        with connection.cursor() as cursor:
            found = []
            for question in (_plain_rows(), _spread_rows()):
                cursor.execute(question)
                found.append(sorted(cursor.fetchall()))
        return found[0], found[1]

    def misplaced(self, connection: Connection[Any]) -> list[Row]:
        """Rows of ``orders``, ``items`` and ``days`` on shards on which they do not belong."""
        with connection.cursor() as cursor:
            cursor.execute(_misplaced())
            return list(cursor.fetchall())


def run(connection: Connection[Any], statements: Sequence[str]) -> None:
    """Run statements in one go."""
    with connection.cursor() as cursor:
        cursor.execute("; ".join(statements))
        while cursor.nextset():
            pass


def resetting() -> list[str]:
    """Statements that bring all tables back to their first rows."""
    found = ["BEGIN"]
    for database, name in _everything():
        found += [f"DELETE FROM {database}.{name}"]
        found += [f"INSERT INTO {database}.{name} SELECT * FROM {FIRST}.{database}__{name}"]
    return [*found, "COMMIT"]


def _everything() -> Iterator[tuple[str, str]]:
    for shape in SHAPES:
        yield PLAIN, shape.name
        for db_group, name in physical(shape):
            yield database_of(db_group), name


def _plain_rows() -> str:
    return " UNION ALL ".join(_listed(each, f"{PLAIN}.{each.name}") for each in SHAPES)


def _spread_rows() -> str:
    return " UNION ALL ".join(
        _listed(each, f"{database_of(db_group)}.{name}")
        for each in SHAPES
        for db_group, name in physical(each)
        if each.is_sharded or db_group == HOME
    )


def _listed(shape: Shape, table: str) -> str:
    cells = ", ',', ".join(f"QUOTE({column})" for column in shape.columns)
    return f"SELECT '{shape.name}' t, CAST(CONCAT({cells}) AS BINARY) c FROM {table}"


def _misplaced() -> str:
    return " UNION ALL ".join(
        _listed(shape, f"{database_of(db_group)}.{name}") + f" WHERE NOT ({condition})"
        for shape in SHAPES
        if shape.name in _BELONGS
        for db_group, name in physical(shape)
        for condition in [_BELONGS[shape.name][int(name[-1])]]
    )


_BELONGS: dict[str, Sequence[str]] = {
    "orders": [f"(IFNULL(user_id, 0) % 4 + 4) % 4 = {shard}" for shard in range(SHARDS)],
    "items": [f"(user_id % 4 + 4) % 4 = {shard}" for shard in range(SHARDS)],
    "days": ["day < '2020-01-01'", "YEAR(day) = 2020", "YEAR(day) = 2021", "YEAR(day) > 2021"],
}
"""For each shard what its rows have in common, in SQL."""


@contextmanager
def house(server: Server) -> Iterator[House]:
    """A house with all its tables; ended and taken away at the end."""
    databases = [PLAIN, FIRST, *map(database_of, DB_GROUPS)]
    for database in databases:
        server.create_database(database)
    try:
        with proxy_running(_configuration(server), GROUP) as proxy:
            built = House(server, proxy)
            _furnish(built)
            yield built
    finally:
        with server.connect(database=None) as connection:
            run_each(connection, [f"DROP DATABASE IF EXISTS `{each}`" for each in databases])


def run_each(connection: Connection[Any], statements: Sequence[str]) -> None:
    """Run statements one after the other."""
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _furnish(house: House) -> None:
    kind = house.server.kind
    made = [shape.create(kind) for shape in SHAPES]
    filled = [
        f"INSERT INTO {shape.name} ({', '.join(shape.columns)}) VALUES ({row})"
        for shape in SHAPES
        for row in shape.rows
    ]
    for connection in (house.direct(PLAIN), house.connect()):
        with connection:
            run_each(connection, made + filled)
    copied = [
        f"CREATE TABLE {FIRST}.{database}__{name} AS SELECT * FROM {database}.{name}"
        for database, name in _everything()
    ]
    with house.direct() as connection:
        run_each(connection, copied)


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
broadcast_tables = ["countries", "everywhere"]
{db_groups}
{RULES}
"""
