"""The vectors are those of the documentation, "Binary Protocol Value"."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena_g.errors import SqlError
from athena_g.protocol.binary_values import binary_decoder, binary_encoder
from athena_g.protocol.columns import Column
from athena_g.protocol.constants import UNSIGNED_FLAG, ColumnType
from athena_g.protocol.text_values import NotNull

DAYS = timedelta(days=-120, hours=-19, minutes=-27, seconds=-30)

VECTORS: list[tuple[ColumnType, NotNull, str]] = [
    (ColumnType.LONGLONG, 1, "0100000000000000"),
    (ColumnType.LONG, 1, "01000000"),
    (ColumnType.INT24, -2, "feffffff"),
    (ColumnType.SHORT, 1, "0100"),
    (ColumnType.YEAR, 2024, "e807"),
    (ColumnType.TINY, -1, "ff"),
    (ColumnType.DOUBLE, 10.2, "6666666666662440"),
    (ColumnType.FLOAT, 0.5, "0000003f"),
    (ColumnType.VAR_STRING, "foo", "03666f6f"),
    (ColumnType.NEWDECIMAL, Decimal("1.5"), "03312e35"),
    (ColumnType.JSON, "null", "046e756c6c"),
    (ColumnType.BIT, b"\x05", "0105"),
    (ColumnType.DATE, date(2010, 10, 17), "04da070a11"),
    (ColumnType.DATE, "0000-00-00", "00"),
    (ColumnType.DATE, "2024-00-10", "04e807000a"),
    (ColumnType.DATETIME, datetime(2010, 10, 17, 19, 27, 30, 1), "0bda070a11131b1e01000000"),
    (ColumnType.TIMESTAMP, datetime(2010, 10, 17, 19, 27, 30), "07da070a11131b1e"),
    (ColumnType.DATETIME, datetime(2010, 10, 17), "04da070a11"),
    (ColumnType.DATETIME, "0000-00-00 00:00:00", "00"),
    (ColumnType.DATETIME, "2024-01-00 00:00:01", "07e8070100000001"),
    (ColumnType.TIME, DAYS - timedelta(microseconds=1), "0c0178000000131b1e01000000"),
    (ColumnType.TIME, DAYS, "080178000000131b1e"),
    (ColumnType.TIME, timedelta(0), "00"),
]


@pytest.mark.parametrize(("kind", "value", "encoded"), VECTORS)
def test_a_value_has_its_documented_form(kind: ColumnType, value: NotNull, encoded: str) -> None:
    column = Column("c", kind)
    payload = bytes.fromhex(encoded)
    assert binary_encoder(column)(value) == payload
    assert binary_decoder(column)(b"~" + payload + b"~", 1) == (value, 1 + len(payload))


@pytest.mark.parametrize(("kind", "_value", "encoded"), VECTORS)
def test_a_value_that_ends_early_is_malformed(
    kind: ColumnType, _value: NotNull, encoded: str
) -> None:
    payload = bytes.fromhex(encoded)
    for size in range(len(payload)):
        with pytest.raises(SqlError) as caught:
            binary_decoder(Column("c", kind))(payload[:size], 0)
        assert caught.value.errno == 1835


@pytest.mark.parametrize(
    ("kind", "bits"),
    [
        (ColumnType.TINY, 8),
        (ColumnType.SHORT, 16),
        (ColumnType.LONG, 32),
        (ColumnType.LONGLONG, 64),
    ],
)
def test_signedness_is_the_columns(kind: ColumnType, bits: int) -> None:
    unsigned = Column("c", kind, flags=UNSIGNED_FLAG)
    most = 2**bits - 1
    encoded = binary_encoder(unsigned)(most)
    assert binary_decoder(unsigned)(encoded, 0)[0] == most
    assert binary_decoder(Column("c", kind))(encoded, 0)[0] == -1
    with pytest.raises(OverflowError):
        binary_encoder(Column("c", kind))(most)


@given(st.datetimes())
def test_a_moment_round_trips(value: datetime) -> None:
    column = Column("c", ColumnType.DATETIME, decimals=6)
    assert binary_decoder(column)(binary_encoder(column)(value), 0)[0] == value


@given(st.timedeltas(-timedelta(hours=838), timedelta(hours=838)))
def test_a_duration_round_trips(value: timedelta) -> None:
    column = Column("c", ColumnType.TIME, decimals=6)
    assert binary_decoder(column)(binary_encoder(column)(value), 0)[0] == value


@given(st.floats(allow_nan=False))
def test_a_double_round_trips(value: float) -> None:
    column = Column("c", ColumnType.DOUBLE)
    assert binary_decoder(column)(binary_encoder(column)(value), 0)[0] == value


@pytest.mark.parametrize(
    ("kind", "value", "same"),
    [
        (ColumnType.LONG, "42", 42),
        (ColumnType.LONG, b"42", 42),
        (ColumnType.LONG, True, 1),
        (ColumnType.DOUBLE, Decimal("0.5"), 0.5),
        (ColumnType.DATE, datetime(2024, 2, 29, 1), date(2024, 2, 29)),
        (ColumnType.DATE, "2024-02-29", date(2024, 2, 29)),
        (ColumnType.DATETIME, date(2024, 2, 29), datetime(2024, 2, 29)),
        (ColumnType.DATETIME, b"2024-02-29 01:02:03.5", datetime(2024, 2, 29, 1, 2, 3, 500000)),
        (ColumnType.TIME, time(1, 2, 3), timedelta(hours=1, minutes=2, seconds=3)),
        (ColumnType.TIME, "-00:00:01", -timedelta(seconds=1)),
        (ColumnType.VAR_STRING, 5, "5"),
    ],
)
def test_a_value_of_another_type_is_converted_to_the_columns(
    kind: ColumnType, value: NotNull, same: NotNull
) -> None:
    column = Column("c", kind)
    assert binary_decoder(column)(binary_encoder(column)(value), 0)[0] == same


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (ColumnType.LONG, date(2024, 1, 1)),
        (ColumnType.DATE, "yesterday"),
        (ColumnType.DATETIME, 5),
        (ColumnType.TIME, "noon"),
    ],
)
def test_a_value_that_cannot_be_converted_is_a_value_error(
    kind: ColumnType, value: NotNull
) -> None:
    with pytest.raises(ValueError, match="is no"):
        binary_encoder(Column("c", kind))(value)


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        (ColumnType.DATE, b"\x05" + bytes(5)),
        (ColumnType.DATETIME, b"\x0a" + bytes(10)),
        (ColumnType.DATETIME, b"\x0b" + bytes(7) + b"\xff\xff\xff\xff"),
        (ColumnType.TIME, b"\x04" + bytes(4)),
        (ColumnType.TIME, b"\x08\x00\xff\xff\xff\xff" + bytes(3)),
        (ColumnType.NEWDECIMAL, b"\x01x"),
    ],
)
def test_a_value_of_a_strange_form_is_malformed(kind: ColumnType, payload: bytes) -> None:
    with pytest.raises(SqlError) as caught:
        binary_decoder(Column("c", kind))(payload, 0)
    assert caught.value.errno == 1835


def test_a_zero_moment_is_told_with_the_decimals_of_the_column() -> None:
    column = Column("c", ColumnType.DATETIME, decimals=3)
    assert binary_decoder(column)(b"\x00", 0) == ("0000-00-00 00:00:00.000", 1)
