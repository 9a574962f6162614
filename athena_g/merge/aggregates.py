"""Aggregates over all rows: of each shard's one row, the one of all.

Only what is exact is done: counts, sums of exact numbers, the least and the greatest of what has an
order without a collation. Floating point numbers have another sum in another order, and texts are
compared as only their server knows.

Source: MySQL Reference Manual, "Aggregate Function Descriptions".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Context
from typing import Any, Final

from athena_g import errors
from athena_g.protocol.columns import Column
from athena_g.protocol.constants import ZEROFILL_FLAG, ColumnType
from athena_g.protocol.rows import BinaryRows, TextRows
from athena_g.protocol.text_values import (
    DATE_TYPES,
    DATETIME_TYPES,
    DECIMAL_TYPES,
    INTEGER_TYPES,
    text_encoder,
)

_ORDERED: Final = INTEGER_TYPES | DECIMAL_TYPES | {ColumnType.DOUBLE, ColumnType.TIME}
_EXACT: Final = Context(prec=200)
"""More digits than a DECIMAL has."""

Key = Callable[[Any], Any]


class Aggregates:
    """One row out of several; ``functions`` are those of its columns, in their order."""

    def __init__(self, functions: Sequence[str], *, binary: bool) -> None:
        self._functions = functions
        self._rows: type[BinaryRows] | type[TextRows] = BinaryRows if binary else TextRows
        self._keys: list[Key] = []
        self._values: list[Any] = []
        self._count = 0

    def begin(self, columns: Sequence[Column]) -> None:
        """Take these columns; raises MERGE_NOT_EXACT for what cannot be merged exactly."""
        self._codec = self._rows(columns)
        self._values = [None] * len(columns)
        self._keys = [
            _key(function, column)
            for function, column in zip(self._functions, columns, strict=True)
        ]

    def add(self, payload: bytes) -> None:
        """Take the row of another shard."""
        self._count += 1
        values = self._codec.decode(payload)
        for place, (function, key, new) in enumerate(
            zip(self._functions, self._keys, values, strict=True)
        ):
            if new is not None:
                self._values[place] = _merged(function, key, self._values[place], new)

    def rows(self) -> list[bytes]:
        """The payload of the row of all; none where no shard gave one, as sql_select_limit = 0."""
        return [self._codec.encode(self._values)] if self._count else []


def _key(function: str, column: Column) -> Key:
    """What values of a column are compared by."""
    kind = column.type
    if column.flags & ZEROFILL_FLAG:
        raise errors.MERGE_NOT_EXACT(function=function, what="ZEROFILL", column=column.name)
    if function == "COUNT" or (function == "SUM" and kind in DECIMAL_TYPES):
        return _itself
    if function in ("MIN", "MAX") and kind in _ORDERED:
        return _itself
    if function in ("MIN", "MAX") and kind in DATE_TYPES | DATETIME_TYPES:
        return text_encoder(column)  # '0000-00-00' is no date of Python's
    what = "floating point numbers" if function == "SUM" else "texts, FLOAT, BIT or JSON"
    raise errors.MERGE_NOT_EXACT(function=function, what=what, column=column.name)


def _itself(value: Any) -> Any:
    return value


def _merged(function: str, key: Key, one: Any, other: Any) -> Any:
    if one is None:
        return other
    match function:
        case "COUNT":
            return one + other
        case "SUM":
            return _EXACT.add(one, other)
        case "MIN":
            return min(one, other, key=key)
        case _:
            return max(one, other, key=key)
