"""information_schema of a group with shards: each table once, under the name that clients know.

A view that a statement reads is replaced by a derived table: what the home server has but for parts
of sharded tables, and for those what the server of shard 0 says of its part.

Source: MySQL Reference Manual, "INFORMATION_SCHEMA General Table Reference".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final

from athena_g import errors
from athena_g.backend.profile import literal
from athena_g.group.sharding import Sharding
from athena_g.parser.statement import Span
from athena_g.parser.substitute import edited
from athena_g.parser.text import Reading
from athena_g.pool.pool import Pool
from athena_g.protocol.columns import Column
from athena_g.protocol.constants import UNSIGNED_FLAG, ColumnType
from athena_g.protocol.renaming import own_constraint_name
from athena_g.router.plan import Plan
from athena_g.router.rewrite import quoted
from athena_g.router.tables import CATALOGUE

MAX_ROWS: Final = 5000
"""Rows about sharded tables that a derived table may have."""

_DATABASE: Final = "information_schema"
_NUMBERS: Final = frozenset(
    (ColumnType.TINY, ColumnType.SHORT, ColumnType.INT24, ColumnType.LONG, ColumnType.LONGLONG)
)
"""The types of their columns that are numbers; a text may look like one, too."""
_PLAIN: Final = re.compile(r"[A-Za-z0-9_ .,:()$-]*")
_TIMES: Final = frozenset((ColumnType.DATETIME, ColumnType.TIMESTAMP))


def with_views(sharding: Sharding, text: bytes, plan: Plan, reading: Reading) -> bytes:
    """The text with derived tables in place of views that name tables; raises `SqlError`."""
    codec, escapes = reading.codec, not reading.no_backslash_escapes
    parts = _parts(sharding)
    if not parts.by_name:
        return text
    found: dict[Span, bytes] = {}
    called: dict[str, bytes] = {}
    for view in plan.catalogue:
        name = view.name.casefold()
        derived = b"(" + _derived(sharding, name, parts, escapes).encode(codec, "replace") + b")"
        if view.alias is None:
            called[name] = quoted(view.name, codec)
            derived += b" AS " + called[name]
        found[view.span] = derived
    for column in plan.qualifiers:
        name = (column.table or "").casefold()
        database = (column.database or _DATABASE).casefold()
        if column.qualifier is not None and database == _DATABASE and name in called:
            found[column.qualifier] = called[name]
    return edited(text, 0, [(span.start, span.end, other) for span, other in found.items()])


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


def _derived(sharding: Sharding, view: str, parts: _Parts, escapes: bool) -> str:
    """What the view shows: tables at home, and a row of literals for each of the others."""
    columns = _columns(sharding, view)
    schema = CATALOGUE[view]
    listed = ", ".join(f"`{column.name}`" for column in columns)
    own = f"SELECT {listed} FROM information_schema.{view} WHERE TRUE"
    if parts.at_home:
        own += f" AND NOT ({schema} = DATABASE() AND TABLE_NAME IN ({_in(parts.at_home)}))"
    if neighbours := _neighbours(sharding):
        own += f" AND {schema} NOT IN ({_in(neighbours)})"
    question = (
        f"SELECT * FROM information_schema.{view} WHERE {schema} = DATABASE() "
        f"AND TABLE_NAME IN ({_in(parts.by_name)}) LIMIT {MAX_ROWS + 1}"
    )
    answer = sharding.ask(sharding.pool_of(0), question)
    if len(answer.rows) > MAX_ROWS:
        raise errors.NOT_SUPPORTED_YET(construct=f"more than {MAX_ROWS} rows about shards")
    called = _called(sharding, parts)
    rows = []
    for row in answer.rows:
        cells = dict(zip((column.name for column in answer.columns), row, strict=True))
        rows.append(
            ", ".join(
                literal_of(called(column.name, cells.get(column.name)), column, escapes=escapes)
                for column in columns
            )
        )
    return " UNION ALL ".join([own, *(f"SELECT {row}" for row in rows)])


def _called(sharding: Sharding, parts: _Parts) -> Callable[[str, bytes | None], bytes | None]:
    """What clients call what is in a column of a view at shard 0."""
    there = (sharding.pool_of(0).endpoint.database or "").encode()
    database = (sharding.home_pool.endpoint.database or "").encode()
    tables = {name.encode(): table.encode() for name, table in parts.by_name.items()}
    constraints = _constraints(sharding, parts, tables)

    def called(column: str, cell: bytes | None) -> bytes | None:
        name = column.upper()
        if cell is None:
            return None
        if name.endswith("_SCHEMA"):
            return database if cell == there else cell
        if name in ("TABLE_NAME", "REFERENCED_TABLE_NAME"):
            return tables.get(cell, cell)
        if name in ("CONSTRAINT_NAME", "INDEX_NAME"):
            return constraints.get(cell, cell)
        return cell

    return called


def _constraints(
    sharding: Sharding, parts: _Parts, tables: dict[bytes, bytes]
) -> dict[bytes, bytes]:
    """What clients call the constraints of the parts."""
    question = (
        "SELECT CONSTRAINT_NAME FROM information_schema.TABLE_CONSTRAINTS "
        "WHERE CONSTRAINT_SCHEMA = DATABASE() AND CONSTRAINT_TYPE IN ('FOREIGN KEY', 'CHECK') "
        f"AND TABLE_NAME IN ({_in(parts.by_name)}) LIMIT {MAX_ROWS}"
    )
    names = [row[0] or b"" for row in sharding.ask(sharding.pool_of(0), question).rows]
    return {name: own_constraint_name(name, tables, 0) for name in names}


def _neighbours(sharding: Sharding) -> list[str]:
    """The databases of other DB groups on the server that has the home one's."""
    home = sharding.home_pool.endpoint
    others = [pool.endpoint for pool in sharding.pools.values()]
    same = [other for other in others if (other.host, other.port) == (home.host, home.port)]
    return [other.database for other in same if other.database not in (None, home.database)]


def _columns(sharding: Sharding, view: str) -> list[Column]:
    question = f"SELECT * FROM information_schema.{view} WHERE TABLE_NAME = '' LIMIT 1"
    return sharding.ask(sharding.home_pool, question).columns


def _in(names: Iterable[str]) -> str:
    return ", ".join(literal(name) for name in names)


def literal_of(cell: bytes | None, column: Column, *, escapes: bool = True) -> str:
    """A cell as a literal of a column's type.

    Texts have one collation, that of utf8mb4, wherever they are: others could not be mixed with
    them. Without ``escapes`` servers may print a condition with a literal and not be able to read
    it again, if there is something in it to be escaped: then it is no literal.
    """
    unsigned = column.type in _NUMBERS and column.flags & UNSIGNED_FLAG
    text = "NULL" if cell is None else cell.decode("utf-8", "replace")
    if unsigned:  # also NULL: else the column would become DECIMAL
        return f"CAST({text} AS UNSIGNED)"
    if cell is None or column.type in _NUMBERS:
        return text
    if column.type in _TIMES:
        return f"TIMESTAMP'{text}'"
    if _PLAIN.fullmatch(text):
        return f"_utf8mb4'{text}'"
    digits = text.encode().hex()
    if not escapes and ("'" in text or "\\" in text):
        return f"CONVERT(UNHEX('{digits}') USING utf8mb4)"
    return f"_utf8mb4 0x{digits}"
