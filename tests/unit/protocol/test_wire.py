from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena_g.errors import SqlError
from athena_g.protocol.wire import (
    PayloadReader,
    lenenc_bytes,
    lenenc_bytes_at,
    lenenc_int,
    lenenc_int_at,
    nullable_cell_at,
)

VECTORS = [
    (0, "00"),
    (250, "fa"),
    (251, "fcfb00"),
    (0xFFFF, "fcffff"),
    (0x10000, "fd000001"),
    (0xFFFFFF, "fdffffff"),
    (0x1000000, "fe0000000100000000"),
    (2**64 - 1, "feffffffffffffffff"),
]


@pytest.mark.parametrize(("number", "encoded"), VECTORS)
def test_a_length_encoded_integer_has_the_documented_form(number: int, encoded: str) -> None:
    assert lenenc_int(number).hex() == encoded
    assert lenenc_int_at(bytes.fromhex(encoded), 0) == (number, len(encoded) // 2)


@given(st.integers(0, 2**64 - 1), st.binary(max_size=4), st.binary(max_size=4))
def test_an_integer_is_read_where_it_stands_and_no_further(
    number: int, before: bytes, after: bytes
) -> None:
    encoded = before + lenenc_int(number)
    assert lenenc_int_at(encoded + after, len(before)) == (number, len(encoded))


@pytest.mark.parametrize(("_number", "encoded"), VECTORS)
def test_an_integer_that_ends_early_is_malformed(_number: int, encoded: str) -> None:
    whole = bytes.fromhex(encoded)
    for size in range(len(whole)):
        with pytest.raises(SqlError) as caught:
            lenenc_int_at(whole[:size], 0)
        assert caught.value.errno == 1835


@pytest.mark.parametrize("first", [0xFB, 0xFF])
def test_no_integer_starts_with_null_or_err(first: int) -> None:
    with pytest.raises(SqlError, match="no length-encoded integer"):
        lenenc_int_at(bytes((first,)) * 9, 0)


@pytest.mark.parametrize("number", [-1, 2**64])
def test_an_integer_out_of_range_is_not_encoded(number: int) -> None:
    with pytest.raises((ValueError, OverflowError)):
        lenenc_int(number)


@given(st.binary(max_size=600), st.binary(max_size=4))
def test_a_string_round_trips_with_bytes_behind_it(value: bytes, after: bytes) -> None:
    encoded = lenenc_bytes(value)
    assert lenenc_bytes_at(encoded + after, 0) == (value, len(encoded))


def test_a_string_longer_than_the_packet_is_malformed() -> None:
    with pytest.raises(SqlError, match="ends within a field"):
        lenenc_bytes_at(b"\x05four", 0)


def test_a_cell_may_be_null_and_null_is_not_the_empty_string() -> None:
    row = b"\xfb\x00\x01x"
    assert nullable_cell_at(row, 0) == (None, 1)
    assert nullable_cell_at(row, 1) == (b"", 2)
    assert nullable_cell_at(row, 2) == (b"x", 4)
    with pytest.raises(SqlError):
        nullable_cell_at(row, 4)


def test_a_reader_reads_each_field_in_its_turn() -> None:
    reader = PayloadReader(
        bytes.fromhex("01 0201 030201 04030201 0807060504030201 fc0001 0261 62 61 00 7a7a")
    )
    assert [reader.u8(), reader.u16(), reader.u24(), reader.u32()] == [1, 0x102, 0x10203, 0x1020304]
    assert reader.u64() == 0x102030405060708
    assert reader.lenenc_int() == 256
    assert reader.lenenc_bytes() == b"ab"
    assert reader.null_terminated() == b"a"
    assert (reader.remaining, reader.at_end) == (2, False)
    assert reader.rest() == b"zz"
    assert (reader.remaining, reader.at_end, reader.rest()) == (0, True, b"")


READS: list[tuple[str, Callable[[PayloadReader], object], bytes]] = [
    ("u8", PayloadReader.u8, b"\x01"),
    ("u16", PayloadReader.u16, b"\x01\x02"),
    ("u24", PayloadReader.u24, b"\x01\x02\x03"),
    ("u32", PayloadReader.u32, b"\x01\x02\x03\x04"),
    ("u64", PayloadReader.u64, b"\x01\x02\x03\x04\x05\x06\x07\x08"),
    ("lenenc_int", PayloadReader.lenenc_int, b"\xfd\x01\x02\x03"),
    ("lenenc_bytes", PayloadReader.lenenc_bytes, b"\x03abc"),
    ("null_terminated", PayloadReader.null_terminated, b"abc\x00"),
    ("take", lambda reader: reader.take(3), b"abc"),
]


@pytest.mark.parametrize(("read", "whole"), [row[1:] for row in READS], ids=[r[0] for r in READS])
def test_reading_past_the_end_is_malformed_at_every_length(
    read: Callable[[PayloadReader], object], whole: bytes
) -> None:
    for size in range(len(whole)):
        with pytest.raises(SqlError) as caught:
            read(PayloadReader(whole[:size]))
        assert caught.value.errno == 1835
    reader = PayloadReader(whole + b"more")
    read(reader)
    assert reader.rest() == b"more"


def test_a_negative_length_is_malformed() -> None:
    with pytest.raises(SqlError):
        PayloadReader(b"abc").take(-1)
