"""A table for rows of given columns, and rows of some columns as those of others."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena_g.merge.typed import MAX_VARCHAR, retelling, table_of
from athena_g.protocol.columns import Column
from athena_g.protocol.constants import (
    ENUM_FLAG,
    SET_FLAG,
    UNSIGNED_FLAG,
    ZEROFILL_FLAG,
    ColumnType,
)
from athena_g.protocol.rows import BinaryRows

UTF8MB4, UTF8MB4_0900, LATIN1, BINARY = 45, 255, 8, 63


def column(
    kind: ColumnType,
    length: int = 0,
    decimals: int = 0,
    flags: int = 0,
    collation_id: int = BINARY,
) -> Column:
    """A column as servers tell of it: what is no text has the collation binary."""
    return Column(
        "c", kind, length=length, decimals=decimals, flags=flags, collation_id=collation_id
    )


def text(length: int, collation_id: int, kind: ColumnType = ColumnType.VAR_STRING) -> Column:
    return column(kind, length, 31, 0, collation_id)


def typed(*columns: Column) -> str | None:
    """The types of a table's columns."""
    names = [b"`athena %d`" % number for number in range(len(columns))]
    like = table_of(b"`t`", names, columns)
    if like is None:
        return None
    assert (like.columns, like.timestamps, like.relaxing) == (tuple(names), (), b"")
    head, tail = b"CREATE TEMPORARY TABLE `t` (`athena 0` ", b" NULL)"
    assert like.statement.startswith(head)
    assert like.statement.endswith(tail)
    return like.statement[len(head) : -len(tail)].decode()


# --- Types ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "length", "decimals", "flags", "expected"),
    [
        (ColumnType.TINY, 4, 0, 0, "TINYINT"),
        (ColumnType.SHORT, 5, 0, UNSIGNED_FLAG, "SMALLINT UNSIGNED"),
        (ColumnType.INT24, 8, 0, UNSIGNED_FLAG, "MEDIUMINT UNSIGNED"),
        (ColumnType.LONG, 11, 0, 0, "INT"),
        (ColumnType.LONGLONG, 21, 0, 0, "BIGINT"),
        (ColumnType.LONGLONG, 20, 0, UNSIGNED_FLAG, "BIGINT UNSIGNED"),
        (ColumnType.NEWDECIMAL, 67, 30, 0, "DECIMAL(65, 30)"),
        (ColumnType.NEWDECIMAL, 11, 0, 0, "DECIMAL(10, 0)"),
        (ColumnType.NEWDECIMAL, 10, 0, UNSIGNED_FLAG, "DECIMAL(10, 0) UNSIGNED"),
        (ColumnType.NEWDECIMAL, 6, 5, UNSIGNED_FLAG, "DECIMAL(5, 5) UNSIGNED"),
        (ColumnType.NEWDECIMAL, 7, 5, 0, "DECIMAL(5, 5)"),
        (ColumnType.NEWDECIMAL, 66, 0, 0, "DECIMAL(65, 0)"),
        (ColumnType.FLOAT, 12, 31, 0, "FLOAT"),
        (ColumnType.FLOAT, 7, 2, 0, "FLOAT(7, 2)"),
        (ColumnType.DOUBLE, 22, 31, 0, "DOUBLE"),
        (ColumnType.DOUBLE, 23, 31, 0, "DOUBLE"),
        (ColumnType.DOUBLE, 10, 3, 0, "DOUBLE(10, 3)"),
        (ColumnType.DOUBLE, 300, 3, 0, "DOUBLE(255, 3)"),
        (ColumnType.DATE, 10, 0, 0, "DATE"),
        (ColumnType.TIME, 10, 0, 0, "TIME(0)"),
        (ColumnType.TIME, 17, 6, 0, "TIME(6)"),
        (ColumnType.DATETIME, 23, 3, 0, "DATETIME(3)"),
        (ColumnType.TIMESTAMP, 19, 0, 0, "DATETIME(0)"),
        (ColumnType.YEAR, 4, 0, UNSIGNED_FLAG, None),
    ],
)
def test_the_type_is_that_of_the_values(
    kind: ColumnType, length: int, decimals: int, flags: int, expected: str
) -> None:
    assert typed(column(kind, length, decimals, flags)) == expected


@pytest.mark.parametrize(
    ("length", "collation_id", "expected"),
    [
        (40, UTF8MB4, "VARCHAR(10) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"),
        (40, UTF8MB4_0900, "VARCHAR(10) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci"),
        (30, 33, "VARCHAR(10) CHARACTER SET utf8mb3 COLLATE utf8mb3_general_ci"),
        (30, LATIN1, "VARCHAR(30) CHARACTER SET latin1 COLLATE latin1_swedish_ci"),
        (400, 35, "VARCHAR(200) CHARACTER SET ucs2 COLLATE ucs2_general_ci"),
        (0, UTF8MB4, "VARCHAR(0) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"),
        (4 * MAX_VARCHAR, UTF8MB4, "VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"),
        (4 * MAX_VARCHAR + 4, UTF8MB4,
         "LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"),
        (0xFFFFFFFF, LATIN1, "LONGTEXT CHARACTER SET latin1 COLLATE latin1_swedish_ci"),
        (5, BINARY, "VARBINARY(5)"),
        (MAX_VARCHAR, BINARY, "VARBINARY(255)"),
        (MAX_VARCHAR + 1, BINARY, "LONGBLOB"),
    ],
)  # fmt: skip
def test_a_text_has_its_length_and_its_collation(
    length: int, collation_id: int, expected: str
) -> None:
    assert typed(text(length, collation_id)) == expected
    assert typed(text(length, collation_id, ColumnType.STRING)) == expected


@pytest.mark.parametrize("kind", [ColumnType.BLOB, ColumnType.MEDIUM_BLOB, ColumnType.LONG_BLOB])
def test_long_texts_and_bytes_are_kept_as_such(kind: ColumnType) -> None:
    assert typed(text(0xFFFF, UTF8MB4_0900, kind)) == (
        "LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci"
    )
    assert typed(text(0xFFFF, BINARY, kind)) == "LONGBLOB"


@pytest.mark.parametrize(
    "unknown",
    [
        column(ColumnType.STRING, 4, flags=ENUM_FLAG, collation_id=UTF8MB4),
        column(ColumnType.STRING, 4, flags=SET_FLAG, collation_id=UTF8MB4),
        column(ColumnType.LONG, 10, flags=ZEROFILL_FLAG | UNSIGNED_FLAG),
        column(ColumnType.JSON, 0xFFFFFFFF),
        column(ColumnType.GEOMETRY, 0xFFFFFFFF),
        column(ColumnType.VECTOR, 12),
        column(ColumnType.NULL),
        column(ColumnType.BIT, 9, flags=UNSIGNED_FLAG),
        column(ColumnType.TIME, 17, 31),
        text(40, 2047),
    ],
)
def test_of_a_type_that_is_not_known_for_sure_there_is_no_table(unknown: Column) -> None:
    assert typed(unknown) is None
    assert typed(column(ColumnType.LONG), unknown) is None


def test_a_table_has_all_columns_in_their_order() -> None:
    like = table_of(b"`a``b`", [b"`x`", b"`y`"], [column(ColumnType.DATE), text(4, LATIN1)])
    assert like is not None
    assert like.statement == (
        b"CREATE TEMPORARY TABLE `a``b` (`x` DATE NULL, "
        b"`y` VARCHAR(4) CHARACTER SET latin1 COLLATE latin1_swedish_ci NULL)"
    )


# --- Rows of other columns ------------------------------------------------------------------------

BIGINT = column(ColumnType.LONGLONG, 21)
INT = column(ColumnType.LONG, 11)
UNSIGNED = column(ColumnType.LONGLONG, 20, flags=UNSIGNED_FLAG)
DECIMAL = column(ColumnType.NEWDECIMAL, 33)
TENTHS = column(ColumnType.NEWDECIMAL, 33, 1)
DOUBLE = column(ColumnType.DOUBLE, 23, 31)
MOMENT = column(ColumnType.DATETIME, 19)
TEXT = text(40, UTF8MB4)


def retold(own: Sequence[Column], shown: Sequence[Column], values: Sequence[Any]) -> list[Any]:
    """A row of some columns as one of others."""
    change = retelling(own, shown, binary=True)
    row = BinaryRows(own).encode(values)
    return BinaryRows(shown).decode(row if change is None else change(row))


@pytest.mark.parametrize(
    ("own", "shown"),
    [
        (BIGINT, BIGINT),
        (BIGINT, column(ColumnType.LONGLONG, 3)),
        (TEXT, text(1020, UTF8MB4, ColumnType.BLOB)),
        (text(0xFFFF, BINARY, ColumnType.LONG_BLOB), text(5, BINARY, ColumnType.STRING)),
        (MOMENT, column(ColumnType.TIMESTAMP, 19)),
        (TENTHS, column(ColumnType.NEWDECIMAL, 65, 1)),
        (DOUBLE, column(ColumnType.DOUBLE, 22, 31)),
    ],
)
@pytest.mark.parametrize("binary", [False, True])
def test_rows_of_columns_that_are_alike_stay_as_they_are(
    own: Column, shown: Column, binary: bool
) -> None:
    assert retelling([INT, own], [INT, shown], binary=binary) is None


@pytest.mark.parametrize(
    ("own", "shown", "value"),
    [
        (BIGINT, DECIMAL, -(2**63)),
        (DECIMAL, BIGINT, Decimal(2**63 - 1)),
        (DECIMAL, UNSIGNED, Decimal(2**64 - 1)),
        (INT, BIGINT, -5),
        (BIGINT, INT, 2**31 - 1),
        (column(ColumnType.INT24, 8), column(ColumnType.TINY, 4), -128),
    ],
)
def test_whole_numbers_are_told_as_others(own: Column, shown: Column, value: Any) -> None:
    columns = [TEXT, own, MOMENT], [TEXT, shown, MOMENT]
    assert retold(*columns, ["grün", value, None]) == ["grün", value, None]
    assert retold(*columns, [None, None, None]) == [None, None, None]
    assert retelling(*columns, binary=False) is None


@given(st.integers(-(2**31), 2**31 - 1), st.decimals(-99, 99, places=1), st.none() | st.text())
def test_cells_beside_whole_numbers_keep_their_values(
    number: int, tenths: Decimal, said: str | None
) -> None:
    own, shown = [DECIMAL, TENTHS, TEXT, INT], [BIGINT, TENTHS, TEXT, DECIMAL]
    assert retold(own, shown, [Decimal(number), tenths, said, number]) == [
        number, tenths, said, Decimal(number),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("own", "shown"),
    [
        (BIGINT, DOUBLE),
        (BIGINT, TEXT),
        (TENTHS, BIGINT),
        (TENTHS, column(ColumnType.NEWDECIMAL, 33, 2)),
        (DOUBLE, column(ColumnType.FLOAT, 12, 31)),
        (DOUBLE, column(ColumnType.DOUBLE, 10, 2)),
        (MOMENT, column(ColumnType.DATETIME, 23, 3)),
        (MOMENT, column(ColumnType.DATE, 10)),
        (TEXT, text(40, LATIN1)),
        (TEXT, column(ColumnType.STRING, 40, flags=ENUM_FLAG, collation_id=UTF8MB4)),
    ],
)
@pytest.mark.parametrize("binary", [False, True])
def test_columns_of_other_types_are_not_told_as_each_other(
    own: Column, shown: Column, binary: bool
) -> None:
    with pytest.raises(ValueError, match="columns of other types"):
        retelling([INT, own], [INT, shown], binary=binary)


def test_rows_keep_their_number_of_columns() -> None:
    with pytest.raises(ValueError, match="another number of columns"):
        retelling([INT], [INT, INT], binary=False)
