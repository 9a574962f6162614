"""The order of rows of several shards: by keys that the shards tell, as a server compares them.

Each shard gives its rows in order, and behind their columns the keys of that order in a form that
compares here as it does there: numbers as they are, times and bytes as bytes, texts as their
weights under their collation. No collation is known here.

Source: MySQL Reference Manual, "String Functions and Operators" (WEIGHT_STRING), "ORDER BY
Optimization", "The utf8mb4 Character Set", on collation pad attributes.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import total_ordering
from itertools import islice
from operator import itemgetter
from typing import Any, Final

from athena_g.protocol.binary_values import binary_decoder
from athena_g.protocol.charsets import collation
from athena_g.protocol.columns import Column
from athena_g.protocol.constants import ENUM_FLAG, SET_FLAG, ColumnType
from athena_g.protocol.text_values import (
    BINARY_COLLATION,
    DATE_TYPES,
    DATETIME_TYPES,
    DECIMAL_TYPES,
    INTEGER_TYPES,
    STRING_TYPES,
    text_decoder,
)
from athena_g.protocol.wire import lenenc_int_at

MAX_PADDED: Final = 1024
"""Characters of a text whose weights are told with those of the spaces behind it."""

_BITMAP_OFFSET: Final = 2
_AS_IT_IS: Final = INTEGER_TYPES | DECIMAL_TYPES | {ColumnType.DOUBLE, ColumnType.TIME}


@dataclass(frozen=True, slots=True)
class Spelling:
    """What stands around an expression so that its value compares as the expression does."""

    before: bytes = b""
    behind: bytes = b""


AS_IT_IS: Final = Spelling()


def spelling(column: Column, *, fixed_zone: bool = True) -> Spelling | None:
    """How a key of this kind is asked for; ``None`` for one that does not compare here.

    Without a ``fixed_zone`` times in the time zone are not in the order of their points in time:
    one hour of the year is there twice. The collation has to be the column's own
    (``character_set_results = NULL``).
    """
    kind = column.type
    if column.flags & (ENUM_FLAG | SET_FLAG):
        return Spelling(b"CAST(", b" AS UNSIGNED)")
    if kind in _AS_IT_IS or kind is ColumnType.NULL:
        return AS_IT_IS
    if kind is ColumnType.TIMESTAMP and not fixed_zone:
        return Spelling(b"UNIX_TIMESTAMP(", b")") if column.org_table else None
    if kind is ColumnType.FLOAT:
        return Spelling(b"(", b") + 0e0")
    if kind in DATE_TYPES | DATETIME_TYPES or kind is ColumnType.BIT:
        return Spelling(b"CAST(", b" AS BINARY)")
    if kind in STRING_TYPES:
        return _of_text(column)
    return None


def _of_text(column: Column) -> Spelling | None:
    if column.collation_id == BINARY_COLLATION:
        return Spelling(b"CAST(", b" AS BINARY)")
    known = collation(column.collation_id)
    if known is None:
        return None
    if "_0900_" in known.name or "_nopad_" in known.name:
        return Spelling(b"WEIGHT_STRING(", b")")
    is_blob = column.type not in (ColumnType.VAR_STRING, ColumnType.STRING)
    characters = column.length if is_blob else column.length // known.max_bytes
    if characters > MAX_PADDED:
        return None
    return Spelling(b"WEIGHT_STRING(", b" AS CHAR(%d))" % max(1, characters))


def fits(asked: Spelling, column: Column) -> bool:
    """Whether a column has the keys that were asked for in this way."""
    if asked == AS_IT_IS:
        return spelling(column) == AS_IT_IS
    if asked.before == b"UNIX_TIMESTAMP(":
        return column.type in (ColumnType.LONGLONG, ColumnType.NEWDECIMAL)
    if asked.behind.endswith(b"UNSIGNED)"):
        return column.type is ColumnType.LONGLONG
    if asked.behind.endswith(b"0e0"):
        return column.type is ColumnType.DOUBLE
    return column.type in STRING_TYPES and column.collation_id == BINARY_COLLATION


@total_ordering
class _Descending:
    """Bytes that come first where others come last."""

    __slots__ = ("value",)

    def __init__(self, value: bytes) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Descending) and self.value == other.value

    def __lt__(self, other: _Descending) -> bool:
        return self.value > other.value

    def __hash__(self) -> int:
        return hash(self.value)


Key = tuple[Any, ...]
Cut = Callable[[bytes], tuple[Key, bytes]]
"""Takes a row apart: its key, and what the client is to get of it."""


Batch = list[tuple[Key, bytes]]
"""Rows with their keys, in order."""
_KEY: Final = itemgetter(0)


def merged(sources: Sequence[Iterator[Batch]]) -> Iterator[list[bytes]]:
    """The rows of all sources in order, each of which gives its own in order.

    What is there of all sources up to the least of their last keys is sorted at once: none of them
    has a lesser one to come. Raises ValueError for rows that do not come in that order.
    """
    waiting: list[tuple[Iterator[Batch], Batch]] = []
    for source in sources:
        for batch in islice(source, 1):
            _expect_order(batch, batch)
            waiting.append((source, batch))
    while len(waiting) > 1:
        bound = min(batch[-1][0] for _, batch in waiting)
        taken: Batch = []
        left = []
        for source, batch in waiting:
            count = bisect_right(batch, bound, key=_KEY)
            taken += batch[:count]
            if count < len(batch):
                left.append((source, batch[count:]))
            else:
                for further in islice(source, 1):
                    _expect_order(batch, further)
                    left.append((source, further))
        if not taken:
            raise ValueError("rows do not come in order")
        taken.sort(key=_KEY)
        yield [row for _, row in taken]
        waiting = left
    for source, batch in waiting:
        yield [row for _, row in batch]
        for further in source:
            _expect_order(batch, further)
            batch = further
            yield [row for _, row in further]


def _expect_order(before: Batch, batch: Batch) -> None:
    """Raise for rows that come before those in front of them, as far as that is seen at once."""
    if batch[-1][0] < batch[0][0] or (before is not batch and batch[0][0] < before[-1][0]):
        raise ValueError("rows do not come in order")


def cut(columns: Sequence[Column], descending: Sequence[bool], *, binary: bool) -> Cut:
    """What takes rows with these columns apart, of which the last are keys."""
    shown = len(columns) - len(descending)
    keys = list(zip(columns[shown:], descending, strict=True))
    return _binary(columns, shown, keys) if binary else _text(shown, keys)


def _text(shown: int, keys: Sequence[tuple[Column, bool]]) -> Cut:
    decoders = [(text_decoder(column), descends) for column, descends in keys]

    def of_text(row: bytes) -> tuple[Key, bytes]:
        place = 0
        for _ in range(shown):
            size = row[place]
            if size < 0xFB:
                place += size + 1
            elif size == 0xFB:
                place += 1
            else:
                size, place = lenenc_int_at(row, place)
                place += size
        end = place
        key: list[Any] = []
        for decode, descends in decoders:
            size = row[place]
            if size == 0xFB:
                place += 1
                key += (descends, 0)
                continue
            if size < 0xFB:
                place += 1
            else:
                size, place = lenenc_int_at(row, place)
            value = decode(row[place : place + size])
            place += size
            key += (not descends, _turned(value) if descends else value)
        return tuple(key), row[:end]

    return of_text


def _binary(columns: Sequence[Column], shown: int, keys: Sequence[tuple[Column, bool]]) -> Cut:
    decoders = [
        None if column.type is ColumnType.NULL else binary_decoder(column)
        for column in columns[:shown]
    ]
    of_keys = [
        (None if column.type is ColumnType.NULL else binary_decoder(column), descends)
        for column, descends in keys
    ]
    size = 1 + (len(columns) + 7 + _BITMAP_OFFSET) // 8
    shown_size = (shown + 7 + _BITMAP_OFFSET) // 8
    mask = (1 << (shown + _BITMAP_OFFSET)) - 1

    def of_binary(row: bytes) -> tuple[Key, bytes]:
        bitmap = int.from_bytes(row[1:size], "little")
        nulls, place = bitmap >> _BITMAP_OFFSET, size
        for decode in decoders:
            if decode is not None and not nulls & 1:
                _, place = decode(row, place)
            nulls >>= 1
        end = place
        key: list[Any] = []
        for decode, descends in of_keys:
            if decode is None or nulls & 1:
                key += (descends, 0)
            else:
                value, place = decode(row, place)
                key += (not descends, _turned(value) if descends else value)
            nulls >>= 1
        return tuple(key), b"\0" + (bitmap & mask).to_bytes(shown_size, "little") + row[size:end]

    return of_binary


def _turned(value: Any) -> Any:
    """What comes first where the value comes last."""
    if isinstance(value, bytes):
        return _Descending(value)
    return value.copy_negate() if isinstance(value, Decimal) else -value  # it rounds
