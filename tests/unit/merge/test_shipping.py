"""Rows of one server as the parameters of an INSERT on another."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from athena_g.merge.shipping import MAX_BYTES, MAX_PARAMETERS, Shipment, insertion
from athena_g.protocol.columns import Column
from athena_g.protocol.constants import ENUM_FLAG, UNSIGNED_FLAG, ColumnType
from athena_g.protocol.parameters import read_parameters
from athena_g.protocol.rows import BinaryRows

NUMBER = Column("n", ColumnType.LONG)
TEXT = Column("t", ColumnType.VAR_STRING)
DECIMAL = Column("d", ColumnType.NEWDECIMAL, decimals=1)


def shipped(columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> list[Any]:
    """The values of the parameters that rows become."""
    shipment = Shipment(columns)
    for row in rows:
        shipment.add(BinaryRows(columns).encode(row))
    count = len(columns) * len(rows)
    return read_parameters(shipment.take(), [], count, {}, "utf_8")[0]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        (Column("c", ColumnType.TINY), -128),
        (Column("c", ColumnType.TINY, flags=UNSIGNED_FLAG), 255),
        (Column("c", ColumnType.SHORT), -(2**15)),
        (Column("c", ColumnType.SHORT, flags=UNSIGNED_FLAG), 2**16 - 1),
        (Column("c", ColumnType.INT24), -(2**23)),
        (Column("c", ColumnType.INT24, flags=UNSIGNED_FLAG), 2**24 - 1),
        (NUMBER, -(2**31)),
        (Column("c", ColumnType.LONG, flags=UNSIGNED_FLAG), 2**32 - 1),
        (Column("c", ColumnType.LONGLONG), -(2**63)),
        (Column("c", ColumnType.LONGLONG, flags=UNSIGNED_FLAG), 2**64 - 1),
        (Column("c", ColumnType.YEAR, flags=UNSIGNED_FLAG), 2155),
        (Column("c", ColumnType.YEAR), 0),
        (Column("c", ColumnType.FLOAT, decimals=31), 1.5),
        (Column("c", ColumnType.FLOAT, decimals=2, length=7), -12345.5),
        (Column("c", ColumnType.DOUBLE, decimals=31), -1e300),
        (Column("c", ColumnType.NEWDECIMAL, decimals=30), Decimal("-" + "9" * 35 + "." + "9" * 30)),
        (Column("c", ColumnType.DATE), date(2020, 2, 29)),
        (Column("c", ColumnType.DATE), "0000-00-00"),
        (Column("c", ColumnType.NEWDATE), date(1000, 1, 1)),
        (Column("c", ColumnType.DATETIME, decimals=6), datetime(2020, 1, 2, 3, 4, 5, 678901)),
        (Column("c", ColumnType.DATETIME), datetime(2020, 1, 2)),
        (Column("c", ColumnType.TIMESTAMP), datetime(2038, 1, 19, 3, 14, 7)),
        (TEXT, "grün"),
        (TEXT, "x" * 70_000),
        (Column("c", ColumnType.STRING, flags=ENUM_FLAG), "red"),
        (Column("c", ColumnType.JSON), '{"a": "ü"}'),
        (Column("c", ColumnType.BLOB, collation_id=63), b"\xff\0"),
        (Column("c", ColumnType.VAR_STRING, collation_id=63), b"\xfe"),
        (Column("c", ColumnType.BIT, length=9), b"\x01\xff"),
        (Column("c", ColumnType.GEOMETRY, collation_id=63), b"\0\0\0\0\x01\xff"),
        (Column("c", ColumnType.VECTOR, collation_id=63), b"\0\0\x80\xbf"),
    ],
)  # fmt: skip
def test_a_cell_is_a_parameter_of_the_same_worth(column: Column, value: Any) -> None:
    assert shipped([NUMBER, column, TEXT], [[1, value, "z"], [2, None, ""]]) == [
        1, value, "z", 2, None, "",
    ]  # fmt: skip


def test_a_text_goes_as_the_bytes_that_came() -> None:
    """As a BLOB: so the other server does not take it for one in the connection's character set."""
    latin1 = Column("c", ColumnType.VAR_STRING, collation_id=8)
    shipment = Shipment([latin1])
    shipment.add(BinaryRows([latin1]).encode(["größe"]))
    assert shipment.take() == b"\0\1" + bytes((ColumnType.BLOB, 0)) + b"\x05gr\xf6\xdfe"


def test_json_goes_as_a_text_so_that_it_is_read() -> None:
    shipment = Shipment([Column("c", ColumnType.JSON)])
    shipment.add(b"\0\0" + b"\x02[]")
    assert shipment.take() == b"\0\1" + bytes((ColumnType.VAR_STRING, 0)) + b"\x02[]"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (timedelta(0), "00:00:00.000000"),
        (-timedelta(hours=838, minutes=59, seconds=58, milliseconds=1), "-838:59:58.001000"),
        (timedelta(hours=838, minutes=59, seconds=58, microseconds=999999), "838:59:58.999999"),
        (timedelta(days=1, seconds=1), "24:00:01.000000"),
        (-timedelta(microseconds=1), "-00:00:00.000001"),
        (None, None),
    ],
)
def test_a_time_of_a_day_goes_as_a_text(value: timedelta | None, said: str | None) -> None:
    """All cells around it stay as they are."""
    time = Column("c", ColumnType.TIME, decimals=6)
    nothing = Column("c", ColumnType.NULL, collation_id=63)
    columns = [NUMBER, TEXT, time, nothing, time, DECIMAL]
    rows = [[1, "ä", value, None, value, Decimal("1.5")], [None, None, value, None, None, None]]
    assert shipped(columns, rows) == [
        1, "ä", said, None, said, Decimal("1.5"), None, None, said, None, None, None,
    ]  # fmt: skip


def test_a_column_of_nothing_is_null() -> None:
    nothing = Column("c", ColumnType.NULL, collation_id=63)
    assert shipped([nothing, NUMBER], [[None, 1], [None, None]]) == [None, 1, None, None]


@pytest.mark.parametrize("width", [1, 6, 7, 8, 9, 14, 15, 16, 17])
@settings(max_examples=25)
@given(data=st.data())
def test_null_is_where_it_was(width: int, data: st.DataObject) -> None:
    """A row has two bits in front of those of NULL; parameters have none, and all rows' as one."""
    kinds = (NUMBER, TEXT, Column("c", ColumnType.TINY))
    columns = [kinds[place % 3] for place in range(width)]
    cells = [st.none() | (st.text(max_size=3) if each is TEXT else st.integers(-9, 9))
             for each in columns]  # fmt: skip
    rows = data.draw(st.lists(st.tuples(*cells), min_size=1, max_size=5))
    assert shipped(columns, rows) == [cell for row in rows for cell in row]


def test_a_shipment_begins_again_when_it_is_taken() -> None:
    shipment = Shipment([NUMBER])
    row = BinaryRows([NUMBER]).encode([7])
    assert shipment.count == 0
    shipment.add(row)
    shipment.add(BinaryRows([NUMBER]).encode([None]))
    assert shipment.count == 2
    first = shipment.take()
    assert shipment.count == 0
    shipment.add(row)
    assert read_parameters(first, [], 2, {}, "utf_8")[0] == [7, None]
    assert read_parameters(shipment.take(), [], 1, {}, "utf_8")[0] == [7]


@pytest.mark.parametrize("width", [1, 3, 4000, 70_000])
def test_no_more_rows_go_together_than_a_statement_has_parameters(width: int) -> None:
    columns = [NUMBER] * width
    shipment = Shipment(columns)
    row = BinaryRows(columns).encode([None] * width)
    most = max(1, MAX_PARAMETERS // width)
    for _ in range(most - 1):
        shipment.add(row)
    assert not shipment.is_full
    shipment.add(row)
    assert shipment.is_full
    shipment.take()
    assert not shipment.is_full


def test_no_more_bytes_go_together_than_a_limit_unless_one_row_has_them() -> None:
    shipment = Shipment([TEXT])
    row = BinaryRows([TEXT]).encode(["x" * (MAX_BYTES // 2)])
    shipment.add(row)
    assert not shipment.is_full
    shipment.add(row)
    assert shipment.is_full
    shipment.take()
    shipment.add(BinaryRows([TEXT]).encode(["x" * MAX_BYTES]))
    assert (shipment.is_full, shipment.count) == (True, 1)


@pytest.mark.parametrize(
    ("columns", "count", "expected"),
    [
        ([b"`a`"], 1, b"INSERT INTO `t` (`a`) VALUES (?)"),
        ([b"`a`", b"`b`"], 2, b"INSERT INTO `t` (`a`, `b`) VALUES (?,?),(?,?)"),
        (["`größe`".encode()], 3, "INSERT INTO `t` (`größe`) VALUES (?),(?),(?)".encode()),
    ],
)
def test_rows_are_inserted_by_the_names_of_their_columns(
    columns: list[bytes], count: int, expected: bytes
) -> None:
    assert insertion(b"`t`", columns, count) == expected
    assert insertion(b"`t`", iter(columns), count) == expected
