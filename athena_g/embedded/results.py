"""What a statement gives the server to send."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass

from athena_g.embedded import types
from athena_g.embedded.native import Value
from athena_g.embedded.translate.values import Origin
from athena_g.embedded.types import SqlType
from athena_g.protocol.columns import Column
from athena_g.protocol.constants import NOT_NULL_FLAG

MAX_NAME = 256
"""Characters of a column's name; MySQL cuts those it makes of an expression's text."""


@dataclass(frozen=True, slots=True)
class OkResult:
    """A statement without rows; ``matched_rows`` is what CLIENT_FOUND_ROWS asks for."""

    affected_rows: int = 0
    last_insert_id: int = 0
    warnings: int = 0
    info: str = ""
    matched_rows: int | None = None
    closes: bool = False
    """Whether the connection ends with this answer (RELEASE)."""


@dataclass(frozen=True, slots=True)
class RowsResult:
    """A statement with rows; they are read from SQLite as they are taken."""

    columns: list[Column]
    rows: Iterator[Sequence[Value]]

    def close(self) -> None:
        """Ends the reading: what is left of the rows is never read."""
        if isinstance(self.rows, Generator):
            self.rows.close()


def column(
    name: str,
    sql_type: SqlType,
    *,
    nullable: bool = True,
    origin: Origin | None = None,
    collation_id: int = 255,
) -> Column:
    """The column definition of one output."""
    flags = types.wire_flags(sql_type)
    if origin is not None:
        flags |= origin.flags
    elif not nullable:
        flags |= NOT_NULL_FLAG
    if not name.isascii():
        name = name.encode("utf-8", "replace").decode()
    return Column(
        name[:MAX_NAME],
        sql_type.wire,
        collation_id=types.wire_collation_id(sql_type, character_set_results=collation_id),
        length=types.wire_length(sql_type),
        flags=flags,
        decimals=types.wire_decimals(sql_type),
        schema=origin.schema if origin else "",
        table=origin.table if origin else "",
        org_table=origin.org_table if origin else "",
        org_name=origin.org_name if origin else "",
    )


def table_of(columns: Iterable[tuple[str, SqlType]], rows: Iterable[Sequence[Value]]) -> RowsResult:
    """A result computed in full, as those of SHOW are."""
    return RowsResult([column(name, sql_type) for name, sql_type in columns], iter(list(rows)))
