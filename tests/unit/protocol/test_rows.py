from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from athena_g.errors import SqlError
from athena_g.protocol.columns import Column
from athena_g.protocol.constants import UNSIGNED_FLAG, ColumnType
from athena_g.protocol.rows import (
    decode_binary_row,
    decode_text_row,
    encode_binary_row,
    encode_text_row,
)
from athena_g.protocol.text_values import Value

from .mutation import assert_only_sql_errors

Encode = Callable[[list[Value], list[Column]], bytes]
Decode = Callable[[bytes, list[Column]], list[Value]]
FORMS = pytest.mark.parametrize(
    ("encode", "decode"),
    [(encode_text_row, decode_text_row), (encode_binary_row, decode_binary_row)],
    ids=["text", "binary"],
)

_strings = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_times = st.timedeltas(-timedelta(hours=838), timedelta(hours=838))


def _whole(bits: int) -> st.SearchStrategy[int]:
    return st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


KINDS: list[tuple[Column, st.SearchStrategy[Value]]] = [
    (Column("tiny", ColumnType.TINY), _whole(8)),
    (Column("utiny", ColumnType.TINY, flags=UNSIGNED_FLAG), st.integers(0, 255)),
    (Column("short", ColumnType.SHORT), _whole(16)),
    (Column("int24", ColumnType.INT24), _whole(24)),
    (Column("long", ColumnType.LONG), _whole(32)),
    (Column("longlong", ColumnType.LONGLONG), _whole(64)),
    (Column("ulonglong", ColumnType.LONGLONG, flags=UNSIGNED_FLAG), st.integers(0, 2**64 - 1)),
    (Column("year", ColumnType.YEAR, flags=UNSIGNED_FLAG), st.integers(1901, 2155)),
    (Column("float", ColumnType.FLOAT, decimals=31), st.sampled_from([0.0, 0.5, -2.25, 1e10])),
    (
        Column("double", ColumnType.DOUBLE, decimals=31),
        st.floats(allow_nan=False, allow_infinity=False),
    ),
    (
        Column("decimal", ColumnType.NEWDECIMAL, decimals=4),
        st.decimals(-(10**20), 10**20, places=4),
    ),
    (Column("olddecimal", ColumnType.DECIMAL), st.sampled_from([Decimal(0), Decimal("-7")])),
    (Column("date", ColumnType.DATE), st.dates() | st.sampled_from(["0000-00-00", "2024-00-01"])),
    (Column("datetime", ColumnType.DATETIME, decimals=6), st.datetimes()),
    (
        Column("timestamp", ColumnType.TIMESTAMP),
        st.datetimes().map(lambda moment: moment.replace(microsecond=0)),
    ),
    (Column("zero", ColumnType.DATETIME), st.just("0000-00-00 00:00:00")),
    (Column("time", ColumnType.TIME, decimals=6), _times),
    (Column("bit", ColumnType.BIT, length=16), st.binary(min_size=2, max_size=2)),
    (Column("enum", ColumnType.ENUM), _strings),
    (Column("set", ColumnType.SET), _strings),
    (Column("json", ColumnType.JSON, collation_id=63), _strings),
    (Column("geometry", ColumnType.GEOMETRY, collation_id=63), st.binary(max_size=20)),
    (Column("vector", ColumnType.VECTOR, collation_id=63), st.binary(max_size=20)),
    (Column("varchar", ColumnType.VARCHAR), _strings),
    (Column("varstring", ColumnType.VAR_STRING, collation_id=255), _strings),
    (Column("string", ColumnType.STRING), _strings),
    (
        Column("latin1", ColumnType.STRING, collation_id=8),
        st.text(st.characters(codec="latin-1", categories=["L", "N", "P"])),
    ),
    (Column("tinyblob", ColumnType.TINY_BLOB, collation_id=63), st.binary(max_size=300)),
    (Column("mediumblob", ColumnType.MEDIUM_BLOB, collation_id=63), st.binary(max_size=9)),
    (Column("longblob", ColumnType.LONG_BLOB, collation_id=63), st.binary(max_size=9)),
    (Column("blob", ColumnType.BLOB), _strings),
    (Column("null", ColumnType.NULL), st.none()),
]


def test_every_type_that_travels_is_in_the_table_above() -> None:
    not_on_the_wire = {
        ColumnType.NEWDATE,
        ColumnType.TIMESTAMP2,
        ColumnType.DATETIME2,
        ColumnType.TIME2,
        ColumnType.TYPED_ARRAY,
        ColumnType.INVALID,
        ColumnType.BOOL,
    }
    assert {column.type for column, _ in KINDS} == set(ColumnType) - not_on_the_wire


@FORMS
@pytest.mark.parametrize(("column", "strategy"), KINDS, ids=[column.name for column, _ in KINDS])
@settings(max_examples=15)
@given(data=st.data())
def test_a_value_of_every_type_round_trips(
    column: Column,
    strategy: st.SearchStrategy[Value],
    encode: Encode,
    decode: Decode,
    data: st.DataObject,
) -> None:
    values = [data.draw(strategy)]
    payload = encode(values, [column])
    assert decode(payload, [column]) == values
    assert encode(decode(payload, [column]), [column]) == payload


@FORMS
@settings(max_examples=50)
@given(data=st.data())
def test_a_row_of_many_types_round_trips(
    encode: Encode, decode: Decode, data: st.DataObject
) -> None:
    chosen = data.draw(st.lists(st.sampled_from(KINDS), max_size=12))
    columns = [column for column, _ in chosen]
    values = [data.draw(st.none() | strategy) for _, strategy in chosen]
    assert decode(encode(values, columns), columns) == values


@FORMS
def test_each_value_comes_back_with_its_type(encode: Encode, decode: Decode) -> None:
    columns = [
        Column("i", ColumnType.LONG),
        Column("d", ColumnType.NEWDECIMAL, decimals=1),
        Column("t", ColumnType.DATETIME),
        Column("y", ColumnType.DATE),
        Column("b", ColumnType.BLOB, collation_id=63),
    ]
    values: list[Value] = [1, Decimal("1.0"), datetime(2024, 1, 1), date(2024, 1, 1), b""]
    decoded = decode(encode(values, columns), columns)
    assert [type(value) for value in decoded] == [type(value) for value in values]


def test_null_is_not_the_empty_string_in_a_text_row() -> None:
    columns = [Column("a", ColumnType.VAR_STRING), Column("b", ColumnType.VAR_STRING)]
    assert encode_text_row([None, ""], columns) == b"\xfb\x00"
    assert decode_text_row(b"\xfb\x00", columns) == [None, ""]


def test_the_documented_binary_row() -> None:
    columns = [Column("col1", ColumnType.VAR_STRING)]
    payload = bytes.fromhex("000006666f6f626172")
    assert encode_binary_row(["foobar"], columns) == payload
    assert decode_binary_row(payload, columns) == ["foobar"]


@pytest.mark.parametrize("count", [1, 5, 6, 7, 14, 15])
def test_the_null_bitmap_grows_with_an_offset_of_two(count: int) -> None:
    columns = [Column("c", ColumnType.TINY)] * count
    payload = encode_binary_row([None] * (count - 1) + [7], columns)
    assert len(payload) == 1 + (count + 9) // 8 + 1
    assert decode_binary_row(payload, columns) == [None] * (count - 1) + [7]


def test_a_long_cell_has_a_longer_length() -> None:
    columns = [Column("c", ColumnType.LONG_BLOB, collation_id=63)]
    for size in (250, 251, 70_000):
        payload = encode_text_row([bytes(size)], columns)
        assert decode_text_row(payload, columns) == [bytes(size)]


@FORMS
def test_a_row_that_does_not_fit_its_columns_is_malformed(encode: Encode, decode: Decode) -> None:
    columns = [Column("a", ColumnType.LONG), Column("b", ColumnType.VAR_STRING)]
    payload = encode([5, "text"], columns)
    for damaged in (*(payload[:size] for size in range(len(payload))), payload + b"\x00"):
        with pytest.raises(SqlError) as caught:
            decode(damaged, columns)
        assert caught.value.errno == 1835


@FORMS
def test_another_number_of_values_than_columns_is_refused(encode: Encode, decode: Decode) -> None:
    del decode
    with pytest.raises(ValueError, match="zip"):
        encode([1, 2], [Column("a", ColumnType.LONG)])


def test_damaged_rows_give_sql_errors_only() -> None:
    columns = [
        Column("l", ColumnType.LONG),
        Column("d", ColumnType.DATETIME, decimals=6),
        Column("t", ColumnType.TIME),
        Column("n", ColumnType.NEWDECIMAL),
        Column("f", ColumnType.DOUBLE),
        Column("s", ColumnType.VAR_STRING),
    ]
    values: list[Value] = [7, datetime(2024, 1, 1, 1), timedelta(1), Decimal("1.5"), 0.5, "text"]
    text, binary = encode_text_row(values, columns), encode_binary_row(values, columns)
    assert_only_sql_errors(lambda row: decode_text_row(row, columns), [text], count=3000, seed=51)
    assert_only_sql_errors(
        lambda row: decode_binary_row(row, columns), [binary], count=3000, seed=52
    )
