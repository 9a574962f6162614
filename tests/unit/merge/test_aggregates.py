"""One row out of the rows of several shards."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Context, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena_g.errors import SqlError
from athena_g.merge.aggregates import Aggregates
from athena_g.protocol.columns import Column
from athena_g.protocol.constants import UNSIGNED_FLAG, ZEROFILL_FLAG, ColumnType
from athena_g.protocol.rows import BinaryRows, TextRows

BIGINT = Column("n", ColumnType.LONGLONG)
UNSIGNED = Column("n", ColumnType.LONGLONG, flags=UNSIGNED_FLAG)
DECIMAL = Column("n", ColumnType.NEWDECIMAL, decimals=4)
DOUBLE = Column("n", ColumnType.DOUBLE, decimals=31)
TIME = Column("n", ColumnType.TIME)
DATE = Column("n", ColumnType.DATE)
MOMENT = Column("n", ColumnType.DATETIME, decimals=3)
TEXT = Column("n", ColumnType.VAR_STRING, collation_id=45)


def merged(
    functions: Sequence[str], columns: Sequence[Column], rows: Sequence[Sequence[Any]], binary: bool
) -> list[Any]:
    codec = BinaryRows(columns) if binary else TextRows(columns)
    found = Aggregates(functions, binary=binary)
    found.begin(columns)
    for row in rows:
        found.add(codec.encode(row))
    [row] = found.rows()
    return codec.decode(row)


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize(
    ("function", "column", "values", "expected"),
    [
        ("COUNT", BIGINT, [3, 0, 4], 7),
        ("SUM", DECIMAL, [Decimal("1.5000"), None, Decimal("-0.2500")], Decimal("1.2500")),
        ("SUM", DECIMAL, [None, None], None),
        ("SUM", DECIMAL, [Decimal("9" * 60 + ".9999"), Decimal("0.0001")], Decimal("1" + "0" * 60)),
        ("MIN", BIGINT, [5, None, -7], -7),
        ("MAX", UNSIGNED, [5, 2**64 - 1], 2**64 - 1),
        ("MAX", DOUBLE, [1.5, -1e300], 1.5),
        ("MIN", TIME, [timedelta(hours=-5), timedelta(hours=300)], timedelta(hours=-5)),
        ("MIN", DATE, ["0000-00-00", None], "0000-00-00"),
        ("MAX", MOMENT, [datetime(2020, 1, 1, 5, 0, 0, 1000), datetime(2020, 1, 1)],
         datetime(2020, 1, 1, 5, 0, 0, 1000)),
    ],
)  # fmt: skip
def test_the_value_of_all_is_made_of_those_of_each(
    function: str, column: Column, values: list[Any], expected: Any, binary: bool
) -> None:
    assert merged([function], [column], [[each] for each in values], binary) == [expected]


@given(st.lists(st.lists(st.integers(-(10**40), 10**40)), min_size=1, max_size=8), st.booleans())
def test_it_does_not_matter_how_rows_are_divided(parts: list[list[int]], binary: bool) -> None:
    rows = [_row(part) for part in parts]
    functions, columns = ["COUNT", "SUM", "MIN", "MAX"], [BIGINT, DECIMAL, DECIMAL, DECIMAL]
    assert merged(functions, columns, rows, binary) == _row([n for part in parts for n in part])


def _row(values: list[int]) -> list[Any]:
    """The aggregates of some numbers of ten-thousandths."""
    if not values:
        return [0, None, None, None]
    return [len(values), *map(_decimal, (sum(values), min(values), max(values)))]


def _decimal(number: int) -> Decimal:
    return Decimal(number).scaleb(-4, Context(prec=100))


@pytest.mark.parametrize(
    ("function", "column"),
    [
        ("SUM", DOUBLE),
        ("MIN", TEXT),
        ("MAX", Column("n", ColumnType.FLOAT, decimals=31)),
        ("MAX", Column("n", ColumnType.BIT)),
        ("MIN", Column("n", ColumnType.JSON)),
        ("MIN", Column("n", ColumnType.LONG, flags=ZEROFILL_FLAG)),
    ],
)
def test_what_would_not_be_exact_is_refused(function: str, column: Column) -> None:
    with pytest.raises(SqlError, match=f"{function} of .* over several shards"):
        Aggregates([function], binary=False).begin([column])


def test_no_rows_make_none() -> None:
    found = Aggregates(["COUNT"], binary=False)
    found.begin([BIGINT])
    assert found.rows() == []
