"""The texts expected here are what MySQL 9.7 and MariaDB 10.11 printed."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena_g.errors import SqlError
from athena_g.protocol.columns import Column
from athena_g.protocol.constants import UNSIGNED_FLAG, ZEROFILL_FLAG, ColumnType
from athena_g.protocol.text_values import (
    NotNull,
    double_text,
    duration_of,
    duration_text,
    text_decoder,
    text_encoder,
)

ZEROFILL = ZEROFILL_FLAG | UNSIGNED_FLAG


def _column(kind: ColumnType, **fields: Any) -> Column:
    return Column("c", kind, **fields)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1.0, "1"),
        (-1.5, "-1.5"),
        (0.1, "0.1"),
        (0.1 + 0.2, "0.30000000000000004"),
        (1e14, "100000000000000"),
        (999999999999999.0, "999999999999999"),
        (1e15, "1e15"),
        (1234567890123456.0, "1.234567890123456e15"),
        (1.2345678901234567e15, "1234567890123456.8"),
        (-1.2345678901234567e16, "-1.2345678901234568e16"),
        (1e20, "1e20"),
        (1.7976931348623157e308, "1.7976931348623157e308"),
        (1e-5, "0.00001"),
        (1e-15, "0.000000000000001"),
        (1e-16, "1e-16"),
        (-1.2345678901234567e-14, "-0.000000000000012345678901234567"),
        (5e-324, "5e-324"),
    ],
)
def test_a_double_is_as_short_as_can_be(value: float, text: str) -> None:
    assert double_text(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_double_reads_back_as_the_same_number(value: float) -> None:
    assert float(double_text(value)) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1 / 3, b"0.333333"),
        (123456.7, b"123457"),
        (1234567.8, b"1234570"),
        (16777216.0, b"16777200"),
        (0.1, b"0.1"),
        (3.4e38, b"3.4e38"),
        (1e-20, b"1e-20"),
        (7, b"7"),
    ],
)
def test_a_float_has_six_significant_digits(value: float, text: bytes) -> None:
    assert text_encoder(_column(ColumnType.FLOAT, decimals=31))(value) == text


def test_declared_decimals_are_always_shown() -> None:
    assert text_encoder(_column(ColumnType.FLOAT, decimals=3))(1.5) == b"1.500"
    assert text_encoder(_column(ColumnType.DOUBLE, decimals=4))(0.0) == b"0.0000"


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (Decimal("1.5"), 2, b"1.50"),
        (Decimal("-0.001"), 2, b"-0.001"),
        (Decimal("1E+3"), 0, b"1000"),
        (Decimal("12345678901234567890.0123456789"), 10, b"12345678901234567890.0123456789"),
        (7, 2, b"7.00"),
        (0.1, 3, b"0.100"),
    ],
)
def test_a_decimal_keeps_its_digits_and_is_filled_up(
    value: Decimal | float, decimals: int, text: bytes
) -> None:
    assert text_encoder(_column(ColumnType.NEWDECIMAL, decimals=decimals))(value) == text


@pytest.mark.parametrize(
    ("kind", "length", "decimals", "value", "text"),
    [
        (ColumnType.LONG, 6, 0, 42, b"000042"),
        (ColumnType.DOUBLE, 22, 31, 1.5, b"00000000000000000001.5"),
        (ColumnType.NEWDECIMAL, 11, 2, Decimal("1.5"), b"00000001.50"),
        (ColumnType.FLOAT, 9, 2, 1.5, b"000001.50"),
        (ColumnType.YEAR, 4, 0, 0, b"0000"),
    ],
)
def test_zerofill_fills_the_display_width(
    kind: ColumnType, length: int, decimals: int, value: NotNull, text: bytes
) -> None:
    column = _column(kind, length=length, decimals=decimals, flags=ZEROFILL)
    assert text_encoder(column)(value) == text


def test_whole_numbers_years_and_booleans() -> None:
    assert text_encoder(_column(ColumnType.LONGLONG))(-(2**63)) == b"-9223372036854775808"
    assert text_encoder(_column(ColumnType.YEAR))(99) == b"0099"
    assert text_encoder(_column(ColumnType.TINY))(True) == b"1"


def test_numbers_in_a_column_of_text_are_printed_plainly() -> None:
    encode = text_encoder(_column(ColumnType.VAR_STRING))
    assert [encode(5), encode(1e20), encode(Decimal("1E+2"))] == [b"5", b"1e20", b"100"]


def test_bits_are_bytes_with_the_highest_first() -> None:
    column = _column(ColumnType.BIT, length=10)
    assert text_encoder(column)(5) == b"\x00\x05"
    assert text_decoder(column)(b"\x00\x05") == b"\x00\x05"


MOMENT = datetime(2024, 2, 29, 23, 59, 59, 123400)


@pytest.mark.parametrize(
    ("kind", "decimals", "value", "text"),
    [
        (ColumnType.DATETIME, 0, MOMENT, b"2024-02-29 23:59:59"),
        (ColumnType.TIMESTAMP, 3, MOMENT, b"2024-02-29 23:59:59.123"),
        (ColumnType.DATETIME, 6, MOMENT, b"2024-02-29 23:59:59.123400"),
        (ColumnType.DATETIME, 31, MOMENT, b"2024-02-29 23:59:59.123400"),
        (ColumnType.DATETIME, 31, datetime(5, 1, 1), b"0005-01-01 00:00:00"),
        (ColumnType.DATETIME, 0, date(2024, 2, 29), b"2024-02-29 00:00:00"),
        (ColumnType.DATE, 0, date(2024, 2, 29), b"2024-02-29"),
        (ColumnType.DATE, 0, MOMENT, b"2024-02-29"),
        (ColumnType.DATE, 0, "0000-00-00", b"0000-00-00"),
        (ColumnType.TIME, 0, time(1, 2, 3), b"01:02:03"),
        (ColumnType.TIME, 2, time(1, 2, 3, 450000), b"01:02:03.45"),
        (ColumnType.TIME, 0, timedelta(0), b"00:00:00"),
        (ColumnType.TIME, 0, -timedelta(hours=838, minutes=59, seconds=59), b"-838:59:59"),
        (ColumnType.TIME, 2, -timedelta(milliseconds=500), b"-00:00:00.50"),
        (ColumnType.TIME, 6, timedelta(days=4, hours=4, microseconds=1), b"100:00:00.000001"),
    ],
)
def test_moments_have_as_many_decimals_as_the_column(
    kind: ColumnType, decimals: int, value: NotNull, text: bytes
) -> None:
    assert text_encoder(_column(kind, decimals=decimals))(value) == text


@given(st.timedeltas(-timedelta(hours=838), timedelta(hours=838)))
def test_a_duration_round_trips(value: timedelta) -> None:
    assert duration_of(duration_text(value, 6)) == value


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        (ColumnType.LONG, b"-5", -5),
        (ColumnType.YEAR, b"2155", 2155),
        (ColumnType.DOUBLE, b"1e20", 1e20),
        (ColumnType.FLOAT, b"-0.5", -0.5),
        (ColumnType.NEWDECIMAL, b"-1.50", Decimal("-1.50")),
        (ColumnType.DATE, b"2024-02-29", date(2024, 2, 29)),
        (ColumnType.DATE, b"0000-00-00", "0000-00-00"),
        (ColumnType.DATE, b"2024-00-10", "2024-00-10"),
        (ColumnType.DATETIME, b"2024-02-29 23:59:59.1234", MOMENT),
        (ColumnType.TIMESTAMP, b"1000-01-01 00:00:00", datetime(1000, 1, 1)),
        (ColumnType.DATETIME, b"0000-00-00 00:00:00.000", "0000-00-00 00:00:00.000"),
        (ColumnType.TIME, b"-00:00:00.50", -timedelta(milliseconds=500)),
        (ColumnType.TIME, b"838:59:59", timedelta(hours=838, minutes=59, seconds=59)),
        (ColumnType.JSON, b'{"a": "\xc3\xbc"}', '{"a": "ü"}'),
        (ColumnType.ENUM, b"\xc3\xbc", "ü"),
        (ColumnType.BLOB, b"text", "text"),
        (ColumnType.GEOMETRY, b"\x00\x01", b"\x00\x01"),
        (ColumnType.VECTOR, b"\x00\x01", b"\x00\x01"),
    ],
)
def test_cells_become_python_values(kind: ColumnType, cell: bytes, value: NotNull) -> None:
    assert text_decoder(_column(kind))(cell) == value


def test_the_collation_decides_between_text_and_bytes() -> None:
    assert text_decoder(_column(ColumnType.BLOB, collation_id=63))(b"\xff") == b"\xff"
    assert text_decoder(_column(ColumnType.BLOB, collation_id=8))(b"\xe9") == "é"
    assert text_encoder(_column(ColumnType.VAR_STRING, collation_id=8))("é") == b"\xe9"


def test_bytes_that_are_no_text_come_back_as_they_were() -> None:
    for collation_id in (45, 8):
        column = _column(ColumnType.VAR_STRING, collation_id=collation_id)
        assert text_encoder(column)(text_decoder(column)(b"a\x81b")) == b"a\x81b"


def test_what_the_charset_has_not_becomes_a_question_mark() -> None:
    assert text_encoder(_column(ColumnType.VAR_STRING, collation_id=8))("数") == b"?"


@pytest.mark.parametrize(
    ("kind", "cell"),
    [
        (ColumnType.LONG, b"five"),
        (ColumnType.LONG, b""),
        (ColumnType.DOUBLE, b"1,5"),
        (ColumnType.NEWDECIMAL, b"x"),
        (ColumnType.NEWDECIMAL, b"\xff"),
        (ColumnType.DATE, b"20240229"),
        (ColumnType.DATETIME, b"2024-02-29"),
        (ColumnType.DATETIME, b"2024-02-29 00:00:00+01:00"),
        (ColumnType.TIME, b"12:00"),
        (ColumnType.TIME, b"\xff"),
    ],
)
def test_a_cell_that_is_no_such_value_is_malformed(kind: ColumnType, cell: bytes) -> None:
    with pytest.raises(SqlError) as caught:
        text_decoder(_column(kind))(cell)
    assert caught.value.errno == 1835
