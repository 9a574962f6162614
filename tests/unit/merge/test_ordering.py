"""The order of rows of several shards, by the keys that they tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from athena_g.merge.ordering import (
    AS_IT_IS,
    MAX_PADDED,
    Batch,
    Spelling,
    cut,
    fits,
    merged,
    spelling,
)
from athena_g.protocol.columns import Column
from athena_g.protocol.constants import ENUM_FLAG, SET_FLAG, UNSIGNED_FLAG, ColumnType
from athena_g.protocol.rows import BinaryRows, TextRows
from athena_g.protocol.wire import lenenc_bytes

BIGINT = Column("k", ColumnType.LONGLONG)
UNSIGNED = Column("k", ColumnType.LONGLONG, flags=UNSIGNED_FLAG)
DECIMAL = Column("k", ColumnType.NEWDECIMAL, decimals=30, length=67)
DOUBLE = Column("k", ColumnType.DOUBLE, decimals=31)
TIME = Column("k", ColumnType.TIME, decimals=6)
BYTES = Column("k", ColumnType.VAR_STRING, collation_id=63)
NOTHING = Column("k", ColumnType.NULL, collation_id=63)
TEXT = Column("t", ColumnType.VAR_STRING, collation_id=45)
SHOWN = (Column("n", ColumnType.LONG), TEXT, Column("d", ColumnType.DATETIME))

BINARY_BY = Spelling(b"CAST(", b" AS BINARY)")
WEIGHT = Spelling(b"WEIGHT_STRING(", b")")


def padded(characters: int) -> Spelling:
    return Spelling(b"WEIGHT_STRING(", b" AS CHAR(%d))" % characters)


# --- How keys are asked for -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (Column("k", ColumnType.TINY), AS_IT_IS),
        (Column("k", ColumnType.INT24, flags=UNSIGNED_FLAG), AS_IT_IS),
        (Column("k", ColumnType.YEAR), AS_IT_IS),
        (DECIMAL, AS_IT_IS),
        (DOUBLE, AS_IT_IS),
        (TIME, AS_IT_IS),
        (NOTHING, AS_IT_IS),
        (Column("k", ColumnType.FLOAT, decimals=31), Spelling(b"(", b") + 0e0")),
        (Column("k", ColumnType.FLOAT, decimals=2, length=7), Spelling(b"(", b") + 0e0")),
        (Column("k", ColumnType.DATE), BINARY_BY),
        (Column("k", ColumnType.DATETIME, decimals=3), BINARY_BY),
        (Column("k", ColumnType.TIMESTAMP), BINARY_BY),
        (Column("k", ColumnType.BIT, length=9), BINARY_BY),
        (BYTES, BINARY_BY),
        (Column("k", ColumnType.BLOB, collation_id=63), BINARY_BY),
        (Column("k", ColumnType.STRING, flags=ENUM_FLAG), Spelling(b"CAST(", b" AS UNSIGNED)")),
        (Column("k", ColumnType.STRING, flags=SET_FLAG), Spelling(b"CAST(", b" AS UNSIGNED)")),
        (Column("k", ColumnType.JSON, collation_id=63), None),
        (Column("k", ColumnType.GEOMETRY, collation_id=63), None),
        (Column("k", ColumnType.VECTOR, collation_id=63), None),
    ],
)
def test_a_key_is_asked_for_as_its_type_compares(column: Column, expected: Spelling | None) -> None:
    assert spelling(column) == expected


@pytest.mark.parametrize(
    ("collation_id", "length", "expected"),
    [
        (255, 80, WEIGHT),  # utf8mb4_0900_ai_ci: spaces count
        (309, 1 << 30, WEIGHT),  # utf8mb4_0900_bin
        (45, 80, padded(20)),  # utf8mb4_general_ci
        (46, 40, padded(10)),  # utf8mb4_bin
        (33, 30, padded(10)),  # utf8mb3_general_ci
        (8, 30, padded(30)),  # latin1_swedish_ci
        (45, 3, padded(1)),
        (45, 0, padded(1)),
        (45, 4 * MAX_PADDED, padded(MAX_PADDED)),
        (45, 4 * MAX_PADDED + 4, None),
        (8, 0xFFFF, None),
        (2047, 10, None),
    ],
)
def test_a_text_is_told_by_its_weights(
    collation_id: int, length: int, expected: Spelling | None
) -> None:
    """With those of the spaces behind it, where they do not count: else it would be shorter."""
    for kind in (ColumnType.VAR_STRING, ColumnType.STRING):
        assert spelling(Column("k", kind, collation_id=collation_id, length=length)) == expected


def test_the_length_of_a_long_text_may_be_one_of_bytes() -> None:
    """TINYTEXT has 255 bytes: so many characters, if they are short."""
    for length, expected in ((255, padded(255)), (MAX_PADDED + 1, None)):
        key = Column("k", ColumnType.BLOB, collation_id=45, length=length)
        assert spelling(key) == expected


def test_a_time_in_a_zone_with_an_hour_twice_is_told_as_the_point_in_time() -> None:
    column = Column("t", ColumnType.TIMESTAMP, collation_id=63, org_table="t")
    assert spelling(column, fixed_zone=False) == Spelling(b"UNIX_TIMESTAMP(", b")")
    computed = Column("t", ColumnType.TIMESTAMP, collation_id=63)
    assert spelling(computed, fixed_zone=False) is None
    assert spelling(computed) == Spelling(b"CAST(", b" AS BINARY)")


def test_long_decimals_keep_all_their_digits_backwards() -> None:
    number = Column("n", ColumnType.NEWDECIMAL, collation_id=63, length=40)
    take_apart = cut([number], [True], binary=False)
    digits = "9" * 34
    keys = [take_apart(lenenc_bytes(f"{digits}{last}".encode()))[0] for last in (2, 1)]
    assert keys[0] < keys[1]


@pytest.mark.parametrize(
    ("asked", "column", "expected"),
    [
        (AS_IT_IS, BIGINT, True),
        (AS_IT_IS, DECIMAL, True),
        (AS_IT_IS, BYTES, False),
        (AS_IT_IS, TEXT, False),
        (AS_IT_IS, Column("k", ColumnType.FLOAT), False),
        (AS_IT_IS, Column("k", ColumnType.STRING, flags=ENUM_FLAG), False),
        (Spelling(b"CAST(", b" AS UNSIGNED)"), UNSIGNED, True),
        (Spelling(b"CAST(", b" AS UNSIGNED)"), DOUBLE, False),
        (Spelling(b"(", b") + 0e0"), DOUBLE, True),
        (Spelling(b"(", b") + 0e0"), BIGINT, False),
        (BINARY_BY, BYTES, True),
        (BINARY_BY, Column("k", ColumnType.LONG_BLOB, collation_id=63), True),
        (BINARY_BY, TEXT, False),
        (WEIGHT, BYTES, True),
        (padded(5), TEXT, False),
        (padded(5), BIGINT, False),
    ],
)
def test_a_column_has_the_keys_or_not(asked: Spelling, column: Column, expected: bool) -> None:
    assert fits(asked, column) is expected


# --- The rows that clients get --------------------------------------------------------------------

CODECS: Sequence[tuple[bool, Callable[[Sequence[Column]], Any]]] = (
    (False, TextRows),
    (True, BinaryRows),
)


@pytest.mark.parametrize(("binary", "codec"), CODECS)
@pytest.mark.parametrize("text", ["", "a", "b" * 250, "c" * 251, "d" * 70_000, None])
@pytest.mark.parametrize("key", [7, None])
def test_the_client_gets_a_row_without_its_keys(
    binary: bool, codec: Callable[[Sequence[Column]], Any], text: str | None, key: int | None
) -> None:
    columns = (*SHOWN, BIGINT, BYTES)
    row = codec(columns).encode([5, text, None, key, b"k" * 300])
    found, shown = cut(columns, [False, False], binary=binary)(row)
    assert shown == codec(SHOWN).encode([5, text, None])
    assert found[-1] == b"k" * 300


@pytest.mark.parametrize("shown", [0, 1, 5, 6, 7, 8, 9, 13, 14, 15, 16, 17])
@settings(max_examples=25)
@given(keys=st.integers(1, 9), data=st.data())
def test_the_bits_of_null_are_those_of_the_columns_that_are_shown(
    shown: int, keys: int, data: st.DataObject
) -> None:
    columns = [Column(f"c{number}", ColumnType.SHORT) for number in range(shown + keys)]
    cell = st.none() | st.integers(-9, 9)
    values = data.draw(st.lists(cell, min_size=len(columns), max_size=len(columns)))
    row = BinaryRows(columns).encode(values)
    key, left = cut(columns, [False] * keys, binary=True)(row)
    assert left == BinaryRows(columns[:shown]).encode(values[:shown])
    assert [value if there else None for there, value in zip(key[::2], key[1::2], strict=True)] == (
        values[shown:]
    )


@pytest.mark.parametrize(("binary", "codec"), CODECS)
def test_a_column_of_nothing_has_no_cell(
    binary: bool, codec: Callable[[Sequence[Column]], Any]
) -> None:
    columns = (NOTHING, BIGINT, NOTHING, BIGINT)
    row = codec(columns).encode([None, 3, None, 4])
    key, shown = cut(columns, [False, True], binary=binary)(row)
    assert shown == codec(columns[:2]).encode([None, 3])
    assert key == (False, 0, False, -4)


# --- The order ------------------------------------------------------------------------------------


def in_order(
    columns: Sequence[Column],
    descending: Sequence[bool],
    rows: Sequence[Sequence[Any]],
    *,
    binary: bool,
) -> list[int]:
    """The places of rows that consist of keys, in the order in which they are merged."""
    codec = BinaryRows(columns) if binary else TextRows(columns)
    take_apart = cut(columns, descending, binary=binary)
    found = [take_apart(codec.encode(row)) for row in rows]
    return sorted(range(len(rows)), key=lambda place: found[place][0])


def as_python_has_it(descending: Sequence[bool], rows: Sequence[Sequence[Any]]) -> list[int]:
    """The same by Python's own sort: NULL is less than all."""
    places = list(range(len(rows)))
    for number in reversed(range(len(descending))):
        nulls = [each for each in places if rows[each][number] is None]
        others = [each for each in places if rows[each][number] is not None]

        def key(place: int, number: int = number) -> Any:
            return rows[place][number]

        others.sort(key=key, reverse=descending[number])
        places = others + nulls if descending[number] else nulls + others
    return places


KINDS: Sequence[tuple[Column, st.SearchStrategy[Any]]] = (
    (BIGINT, st.integers(-(2**63), 2**63 - 1)),
    (UNSIGNED, st.integers(0, 2**64 - 1)),
    (Column("k", ColumnType.TINY), st.integers(-128, 127)),
    (Column("k", ColumnType.INT24, flags=UNSIGNED_FLAG), st.integers(0, 2**24 - 1)),
    (Column("k", ColumnType.YEAR, flags=UNSIGNED_FLAG), st.sampled_from([0, 1901, 2155])),
    (
        Column("k", ColumnType.NEWDECIMAL, decimals=4),
        st.decimals(-(10**20), 10**20, allow_nan=False, places=4),
    ),
    (DOUBLE, st.floats(allow_nan=False, allow_infinity=False)),
    (TIME, st.timedeltas(timedelta(hours=-838), timedelta(hours=838))),
    (BYTES, st.binary(max_size=4)),
    (NOTHING, st.none()),
)


@given(data=st.data())
def test_rows_come_in_the_order_of_their_values(data: st.DataObject) -> None:
    kinds = data.draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=3))
    columns = [column for column, _ in kinds]
    descending = data.draw(st.tuples(*(st.booleans() for _ in kinds)))
    row = st.tuples(*(st.none() | values for _, values in kinds))
    rows = data.draw(st.lists(row, max_size=8))
    expected = as_python_has_it(descending, rows)
    assert in_order(columns, descending, rows, binary=True) == expected
    assert in_order(columns, descending, rows, binary=False) == expected


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize(
    ("column", "ascending"),
    [
        (BIGINT, [None, -(2**63), -1, 0, 7, 2**63 - 1]),
        (UNSIGNED, [None, 0, 2**63, 2**64 - 1]),
        (TIME, [None, timedelta(hours=-838), timedelta(microseconds=-1), timedelta(0),
                timedelta(microseconds=1), timedelta(hours=838, minutes=59, seconds=59)]),
        (BYTES, [None, b"", b"\0", b"\0\0", b"a", b"a ", b"b", b"\xff"]),
        (DOUBLE, [None, -1e300, -5e-324, 0.0, 5e-324, 1.5, 1e300]),
        (Column("k", ColumnType.NEWDECIMAL, decimals=2),
         [None, Decimal("-10.00"), Decimal("-9.99"), Decimal("0.00"), Decimal("9.99"),
          Decimal("10.00")]),
    ],
)  # fmt: skip
def test_the_least_comes_first_or_last(column: Column, ascending: list[Any], binary: bool) -> None:
    rows = [[each] for each in ascending]
    assert in_order([column], [False], rows, binary=binary) == [*range(len(rows))]
    assert in_order([column], [True], rows, binary=binary) == [*reversed(range(len(rows)))]


@pytest.mark.parametrize("binary", [False, True])
def test_all_digits_of_a_decimal_count(binary: bool) -> None:
    least, most = (sign + "9" * 35 + "." + "0" * 29 for sign in "-+")
    rows = [[Decimal(each)] for each in (most + "2", most + "1", least + "1", least + "2")]
    assert in_order([DECIMAL], [False], rows, binary=binary) == [3, 2, 1, 0]


@pytest.mark.parametrize("binary", [False, True])
def test_what_is_equal_by_one_key_is_ordered_by_the_next(binary: bool) -> None:
    rows = [[b"b", 1], [b"a", 1], [None, 2], [b"a", 2], [b"a", None]]
    columns = (BYTES, BIGINT)
    assert in_order(columns, [False, False], rows, binary=binary) == [2, 4, 1, 3, 0]
    assert in_order(columns, [False, True], rows, binary=binary) == [2, 3, 1, 4, 0]
    assert in_order(columns, [True, False], rows, binary=binary) == [0, 4, 1, 3, 2]
    assert in_order(columns, [True, True], rows, binary=binary) == [0, 3, 1, 4, 2]


@pytest.mark.parametrize("binary", [False, True])
def test_a_moment_that_is_none_of_pythons_has_its_place(binary: bool) -> None:
    """It comes as bytes, as do all moments."""
    moments = [b"0000-00-00 00:00:00", b"2020-00-01 00:00:00", b"2020-01-01 00:00:00"]
    rows = [[each] for each in moments]
    assert in_order([BYTES], [False], rows, binary=binary) == [0, 1, 2]
    assert in_order([BYTES], [True], rows, binary=binary) == [2, 1, 0]


def test_keys_that_are_equal_descending_have_one_hash() -> None:
    take_apart = cut([BYTES], [True], binary=False)
    one, other = (take_apart(TextRows([BYTES]).encode([b"a"]))[0] for _ in range(2))
    assert one == other
    assert hash(one) == hash(other)
    assert one != take_apart(TextRows([BYTES]).encode([b"b"]))[0]


# --- The rows of several shards -------------------------------------------------------------------

PARTS = st.lists(st.lists(st.lists(st.integers(0, 9), min_size=1), max_size=4), max_size=4)


def batches(numbers: Sequence[Sequence[int]], name: str, read: list[str]) -> Iterator[Batch]:
    """What a shard gives that has these rows: how much of it was read is noted down."""
    for batch in numbers:
        read.append(name)
        yield [((True, number), b"%d" % number) for number in batch]


def cut_up(numbers: list[int], sizes: Sequence[int]) -> list[list[int]]:
    found, place = [], 0
    for size in sizes:
        found.append(numbers[place : place + size])
        place += size
    return found


@given(PARTS)
def test_rows_of_all_shards_come_in_order(parts: list[list[list[int]]]) -> None:
    shards = [
        cut_up(sorted(number for batch in part for number in batch), [*map(len, part)])
        for part in parts
    ]
    sources = [batches(shard, "", []) for shard in shards]
    found = [int(row) for rows in merged(sources) for row in rows]
    assert found == sorted(number for shard in shards for batch in shard for number in batch)


def test_no_more_is_read_of_a_shard_than_is_needed_for_the_order() -> None:
    read: list[str] = []
    sources = [
        batches([[1, 2], [8, 9], [10]], "a", read),
        batches([[3, 4], [5, 6], [7]], "b", read),
    ]
    rows = merged(sources)
    assert next(rows) == [b"1", b"2"]
    assert read == ["a", "b", "a"]
    assert next(rows) == [b"3", b"4"]
    assert next(rows) == [b"5", b"6"]
    assert read == ["a", "b", "a", "b", "b"]


def test_a_shard_without_rows_hinders_nobody() -> None:
    sources = [batches(each, "", []) for each in ([], [[1], [2]], [])]
    assert [*merged(sources)] == [[b"1"], [b"2"]]
    assert [*merged([])] == []


@pytest.mark.parametrize(
    "shards",
    [
        [[[2, 1]]],
        [[[1, 2], [1]]],
        [[[1, 5], [4]], [[1], [2]]],
        [[[1, 3], [2, 9]], [[2], [9]]],
    ],
)
def test_rows_that_do_not_come_in_order_are_noticed(shards: list[list[list[int]]]) -> None:
    with pytest.raises(ValueError, match="do not come in order"):
        [*merged([batches(shard, "", []) for shard in shards])]
