"""A table for rows of given columns, made for the time of one statement.

A column's definition says its type: what comes out of the table is what went in. Members of ENUM
and SET it does not say.

Source: MySQL Source Code Documentation, "Protocol::ColumnDefinition41"; MySQL Reference Manual,
"Data Types".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final

from athena_g.merge.temporary import Likeness
from athena_g.protocol.charsets import collation
from athena_g.protocol.columns import Column
from athena_g.protocol.constants import (
    ENUM_FLAG,
    NOT_FIXED_DECIMALS,
    SET_FLAG,
    UNSIGNED_FLAG,
    ZEROFILL_FLAG,
    ColumnType,
)
from athena_g.protocol.rows import BinaryRows
from athena_g.protocol.text_values import BINARY_COLLATION, STRING_TYPES

MAX_VARCHAR: Final = 255
"""Characters of a text that is kept in the row itself; there is room for many."""
_MAX_DIGITS: Final = 65

_INTEGERS: Final = {
    ColumnType.TINY: "TINYINT",
    ColumnType.SHORT: "SMALLINT",
    ColumnType.INT24: "MEDIUMINT",
    ColumnType.LONG: "INT",
    ColumnType.LONGLONG: "BIGINT",
}
_FLOATS: Final = {ColumnType.FLOAT: "FLOAT", ColumnType.DOUBLE: "DOUBLE"}
_SHORT: Final = frozenset({ColumnType.VAR_STRING, ColumnType.STRING})
"""Of these the length tells how many characters there may be."""
_TIMES_OF_DAY: Final = frozenset({ColumnType.DATETIME, ColumnType.TIMESTAMP})
_TIMES: Final = {
    ColumnType.TIME: "TIME",
    ColumnType.DATETIME: "DATETIME",
    ColumnType.TIMESTAMP: "DATETIME",  # in the session's time zone, as it was told
}


def table_of(
    name: bytes, names: Sequence[bytes], columns: Sequence[Column], *, fixed_zone: bool = True
) -> Likeness | None:
    """The table for rows of these columns; ``None`` where one's type is not known for sure.

    Without a ``fixed_zone`` a time in the time zone does not say which point in time it is.
    Names are quoted. Collations have to be the columns' own.
    """
    lines = []
    for quoted, column in zip(names, columns, strict=True):
        kind = _type(column)
        if kind is None or (column.type is ColumnType.TIMESTAMP and not fixed_zone):
            return None
        lines.append(b"%b %b NULL" % (quoted, kind.encode()))
    statement = b"CREATE TEMPORARY TABLE %b (%b)" % (name, b", ".join(lines))
    return Likeness(statement, tuple(names), (), b"")


def _type(column: Column) -> str | None:
    kind = column.type
    unsigned = " UNSIGNED" if column.flags & UNSIGNED_FLAG else ""
    if column.flags & (ENUM_FLAG | SET_FLAG | ZEROFILL_FLAG):
        return None
    if kind in _INTEGERS:
        return _INTEGERS[kind] + unsigned
    if kind is ColumnType.NEWDECIMAL:
        digits = max(1, column.length - bool(column.decimals) - (not unsigned))
        return None if digits > _MAX_DIGITS else f"DECIMAL({digits}, {column.decimals}){unsigned}"
    if kind in _FLOATS:
        fixed = column.decimals < NOT_FIXED_DECIMALS
        return _FLOATS[kind] + (f"({min(column.length, 255)}, {column.decimals})" if fixed else "")
    if kind in _TIMES and column.decimals <= 6:
        return f"{_TIMES[kind]}({column.decimals})"
    if kind is ColumnType.DATE:
        return "DATE"
    return _text(column) if kind in STRING_TYPES else None


def _text(column: Column) -> str | None:
    if column.collation_id == BINARY_COLLATION:
        if column.length <= MAX_VARCHAR:
            return f"VARBINARY({column.length})"
        return "LONGBLOB"
    known = collation(column.collation_id)
    if known is None:
        return None
    characters = column.length // known.max_bytes
    is_short = column.type in _SHORT and characters <= MAX_VARCHAR
    kind = f"VARCHAR({characters})" if is_short else "LONGTEXT"
    return f"{kind} CHARACTER SET {known.charset} COLLATE {known.name}"


def retelling(
    own: Sequence[Column], shown: Sequence[Column], *, binary: bool
) -> Callable[[bytes], bytes] | None:
    """What makes rows of some columns rows of others; ``None`` where they are already.

    Raises ValueError for columns of which that is not known.
    """
    if len(own) != len(shown):
        raise ValueError("another number of columns")
    different = [pair for pair in zip(own, shown, strict=True) if not _are_alike(*pair)]
    if not different:
        return None
    if not all(_is_whole(each) for pair in different for each in pair):
        raise ValueError("columns of other types")
    integers = [pair for pair in different if {each.type for each in pair} <= _INTEGERS.keys()]
    if any((one.flags ^ other.flags) & UNSIGNED_FLAG for one, other in integers):
        raise ValueError("columns of other signs")
    if not binary:
        return None  # whole numbers are written alike
    before, after = BinaryRows(own), BinaryRows(shown)
    whole = [not _are_alike(*pair) for pair in zip(own, shown, strict=True)]

    def retold(row: bytes) -> bytes:
        values = before.decode(row)
        return after.encode(
            [
                int(value) if is_whole and isinstance(value, Decimal) else value
                for is_whole, value in zip(whole, values, strict=True)
            ]
        )

    return retold


def _are_alike(own: Column, other: Column) -> bool:
    """Whether values of one column are written in rows as those of another."""
    if own.collation_id != other.collation_id or (own.flags ^ other.flags) & ENUM_FLAG:
        return False
    if own.type in STRING_TYPES:
        return other.type in STRING_TYPES
    if own.type in _TIMES_OF_DAY:
        return other.type in _TIMES_OF_DAY and own.decimals == other.decimals
    if own.type in _INTEGERS:
        return own.type is other.type and not (own.flags ^ other.flags) & UNSIGNED_FLAG
    return own.type is other.type and own.decimals == other.decimals


def _is_whole(column: Column) -> bool:
    """Whether a column has whole numbers."""
    is_decimal = column.type is ColumnType.NEWDECIMAL and not column.decimals
    return is_decimal or column.type in _INTEGERS
