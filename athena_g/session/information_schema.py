"""information_schema of a group with shards: each table once, under the name that clients know.

A view that a statement reads is replaced by a derived table: what the home server has but for parts
of sharded tables, and for those what the server of shard 0 says of its part.

Source: MySQL Reference Manual, "INFORMATION_SCHEMA General Table Reference".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from athena_g import errors
from athena_g.backend.profile import literal
from athena_g.group.sharding import Sharding
from athena_g.parser.statement import Table
from athena_g.pool.pool import Pool
from athena_g.router.rewrite import quoted

MAX_ROWS: Final = 5000
"""Rows about sharded tables that a derived table may have."""

_SCHEMAS: Final = {
    "tables": "TABLE_SCHEMA",
    "columns": "TABLE_SCHEMA",
    "statistics": "TABLE_SCHEMA",
    "partitions": "TABLE_SCHEMA",
    "table_constraints": "TABLE_SCHEMA",
    "key_column_usage": "TABLE_SCHEMA",
    "referential_constraints": "CONSTRAINT_SCHEMA",
}
"""The views with a row per table or more, and where they have its database."""


def with_views(sharding: Sharding, text: bytes, views: Sequence[Table], codec: str) -> bytes:
    """The text with derived tables in place of views that name tables; raises `SqlError`."""
    parts = _parts(sharding)
    if not parts.by_name:
        return text
    end = len(text)
    pieces: list[bytes] = []
    named = {view.span: view for view in views if view.name.casefold() in _SCHEMAS}
    for span in sorted(named, reverse=True):
        view = named[span]
        alias = b"" if view.alias is not None else b" AS " + quoted(view.name, codec)
        derived = _derived(sharding, view.name.casefold(), parts).encode(codec, "replace")
        pieces += (text[span.end : end], b"(" + derived + b")" + alias)
        end = span.start
    return b"".join([text[:end], *reversed(pieces)])


class _Parts:
    """The parts of sharded tables: of those at shard 0 the name of the table by their own."""

    def __init__(self, by_name: dict[str, str], at_home: list[str]) -> None:
        self.by_name = by_name
        self.at_home = at_home


def _parts(sharding: Sharding) -> _Parts:
    rules = sharding.router.rules
    at_home = _names(sharding, sharding.home_pool)
    first = sharding.pool_of(0)
    there = at_home if first is sharding.home_pool else _names(sharding, first)
    by_name = {}
    for name in there:
        table = rules.logical_name(name)
        rule = None if table is None else rules.find(table)
        if table is not None and rule is not None and rule.physical_name(table, 0) == name:
            by_name[name] = table
    return _Parts(by_name, [name for name in at_home if rules.logical_name(name) is not None])


def _names(sharding: Sharding, pool: Pool) -> list[str]:
    answer = sharding.ask(pool, "SHOW TABLES")
    return [(row[0] or b"").decode() for row in answer.rows]


def _derived(sharding: Sharding, view: str, parts: _Parts) -> str:
    """What the view shows: tables at home, and a row of literals for each of the others."""
    columns = _columns(sharding, view)
    listed = ", ".join(columns)
    schema = _SCHEMAS[view]
    own = f"SELECT {listed} FROM information_schema.{view} WHERE TRUE"
    if parts.at_home:
        own += f" AND NOT ({schema} = DATABASE() AND TABLE_NAME IN ({_in(parts.at_home)}))"
    if neighbours := _neighbours(sharding):
        own += f" AND {schema} NOT IN ({_in(neighbours)})"
    question = (
        f"SELECT {listed} FROM information_schema.{view} WHERE {schema} = DATABASE() "
        f"AND TABLE_NAME IN ({_in(parts.by_name)}) LIMIT {MAX_ROWS + 1}"
    )
    answer = sharding.ask(sharding.pool_of(0), question)
    if len(answer.rows) > MAX_ROWS:
        raise errors.NOT_SUPPORTED_YET(construct=f"more than {MAX_ROWS} rows about shards")
    database = sharding.home_pool.endpoint.database or ""
    there = sharding.pool_of(0).endpoint.database or ""
    rows = [
        ", ".join(_cell(cell, parts.by_name | {there: database}, name) for name, cell in pairs)
        for row in answer.rows
        for pairs in [list(zip(columns, row, strict=True))]
    ]
    return " UNION ALL ".join([own, *(f"SELECT {row}" for row in rows)])


def _neighbours(sharding: Sharding) -> list[str]:
    """The databases of other DB groups on the server that has the home one's."""
    home = sharding.home_pool.endpoint
    others = [pool.endpoint for pool in sharding.pools.values()]
    same = [other for other in others if (other.host, other.port) == (home.host, home.port)]
    return [other.database for other in same if other.database not in (None, home.database)]


def _columns(sharding: Sharding, view: str) -> list[str]:
    answer = sharding.ask(
        sharding.home_pool, f"SELECT * FROM information_schema.{view} WHERE TABLE_NAME = '' LIMIT 1"
    )
    return [f"`{column.name}`" for column in answer.columns]


def _in(names: Iterable[str]) -> str:
    return ", ".join(literal(name) for name in names)


def _cell(cell: bytes | None, names: dict[str, str], column: str) -> str:
    """A value as a literal, with the right names in the columns that have some."""
    if cell is None:
        return "NULL"
    text = cell.decode("utf-8", "replace")
    if column.endswith(("_NAME`", "_SCHEMA`")):
        text = names.get(text, text)
    return literal(text)
