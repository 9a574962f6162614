"""What COM_STMT_EXECUTE says of parameters; the layouts are those of its documentation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena_g.errors import SqlError
from athena_g.protocol.binary_values import binary_encoder
from athena_g.protocol.columns import Column
from athena_g.protocol.constants import UNSIGNED_FLAG, ColumnType
from athena_g.protocol.parameters import (
    Parameter,
    join_parameters,
    of_number,
    read_parameters,
    split_parameters,
)
from athena_g.protocol.text_values import Value

INT = b"\x03\x00"
BIGINT, UNSIGNED_BIGINT = b"\x08\x00", b"\x08\x80"
TEXT, BLOB = b"\xfd\x00", b"\xfc\x00"


def read(
    packet: bytes,
    count: int = 1,
    types: Sequence[Column] = (),
    long_data: Mapping[int, bytes] | None = None,
    codec: str = "utf-8",
) -> list[Value]:
    return read_parameters(packet, types, count, long_data or {}, codec)[0]


def test_a_statement_without_parameters_has_nothing_to_read() -> None:
    assert read_parameters(b"", (), 0, {}, "utf-8") == ([], [])


@pytest.mark.parametrize(
    ("type_", "data", "value"),
    [
        (INT, b"\xfe\xff\xff\xff", -2),
        (b"\x01\x00", b"\xff", -1),
        (b"\x01\x80", b"\xff", 255),
        (b"\x02\x00", b"\x05\x00", 5),
        (UNSIGNED_BIGINT, b"\xff" * 8, 2**64 - 1),
        (BIGINT, b"\xff" * 8, -1),
        (TEXT, b"\x03a'b", "a'b"),
        (b"\xf6\x00", b"\x045.50", Decimal("5.50")),
        (b"\x0a\x00", b"\x04\xe4\x07\x06\x0f", date(2020, 6, 15)),
        (b"\x05\x00", b"\x00\x00\x00\x00\x00\x00\xe0\x3f", 0.5),
        (b"\x06\x00", b"", None),
    ],
)
def test_a_value_is_read_as_its_type_says(type_: bytes, data: bytes, value: Value) -> None:
    assert read(b"\x00\x01" + type_ + data) == [value]


def test_the_bitmap_says_which_are_null() -> None:
    types = INT * 9
    packet = b"\xfe\x00\x01" + types + b"\x07\0\0\0" + b"\x09\0\0\0"
    assert read(packet, 9) == [7, *[None] * 7, 9]


def test_types_that_were_told_once_hold_for_further_executions() -> None:
    _, types = read_parameters(b"\0\x01" + UNSIGNED_BIGINT + b"\xff" * 8, (), 1, {}, "utf-8")
    assert types == [Column("?", ColumnType.LONGLONG, flags=UNSIGNED_FLAG)]
    assert read(b"\0\0" + b"\xff" * 8, types=types) == [2**64 - 1]


def test_texts_are_in_the_clients_character_set() -> None:
    assert read(b"\0\x01" + TEXT + b"\x01\xe4", codec="latin-1") == ["ä"]
    assert read(b"\0\x01" + TEXT + b"\x01\xe4") == [b"\xe4"]


def test_a_blob_is_in_no_character_set() -> None:
    assert read(b"\0\x01" + BLOB + b"\x02\xc3\xa4", codec="latin-1") == ["ä"]


def test_long_data_stands_in_for_a_value() -> None:
    packet = b"\0\x01" + BLOB + INT + b"\x07\0\0\0"
    assert read(packet, 2, long_data={0: b"long"}) == ["long", 7]


def test_long_data_is_only_for_texts() -> None:
    with pytest.raises(SqlError, match="no text"):
        read(b"\0\x01" + INT, long_data={0: b"long"})


@pytest.mark.parametrize(
    ("packet", "errno"),
    [
        (b"\0\0", 1835),  # types never told
        (b"\0\x01\xc8\x00\x05", 1835),  # no such type
        (b"\0\x01\xff\x00\x05", 1210),  # a type that parameters cannot have
    ],
)
def test_types_that_cannot_be_are_refused(packet: bytes, errno: int) -> None:
    with pytest.raises(SqlError) as caught:
        read(packet)
    assert caught.value.errno == errno
    assert not caught.value.fatal


WHOLE = b"\0\x01" + INT + TEXT + b"\x07\0\0\0" + b"\x03abc"


@pytest.mark.parametrize("size", range(len(WHOLE)))
def test_a_packet_that_ends_early_is_malformed_at_every_length(size: int) -> None:
    with pytest.raises(SqlError) as caught:
        read(WHOLE[:size], 2)
    assert (caught.value.errno, caught.value.fatal) == (1835, False)


@given(st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=20))
def test_whole_numbers_and_nulls_round_trip(values: list[int | None]) -> None:
    nulls = sum(1 << place for place, value in enumerate(values) if value is None)
    encode = binary_encoder(Column("?", ColumnType.LONGLONG))
    data = b"".join(encode(value) for value in values if value is not None)
    bitmap = nulls.to_bytes((len(values) + 7) // 8, "little")
    packet = bitmap + b"\x01" + BIGINT * len(values) + data
    assert read(packet, len(values)) == values


@given(st.binary(max_size=40), st.integers(1, 4))
def test_anything_is_either_read_or_refused(packet: bytes, count: int) -> None:
    try:
        found = read(packet, count)
    except SqlError as error:
        assert error.errno in (1210, 1835)
    else:
        assert len(found) == count


SOME = [
    (BIGINT, (5).to_bytes(8, "little")),
    (TEXT, b"\x03abc"),
    (b"\x06\x00", None),
    (TEXT, None),
    (b"\x0c\x00", b"\x04\xe4\x07\x06\x0f"),
    (b"\x0b\x00", b"\x00"),
    (b"\x05\x00", b"\x00\x00\x00\x00\x00\x00\xe0\x3f"),
    (b"\xf6\x00", b"\x045.50"),
    (b"\x01\x80", b"\xff"),
    (BLOB, b"\xfc\x2c\x01" + b"x" * 300),
]


@given(st.lists(st.sampled_from(SOME).map(lambda each: Parameter(*each)), max_size=20))
def test_parameters_that_are_taken_apart_can_be_joined_again(parameters: list[Parameter]) -> None:
    packet = join_parameters(parameters)
    assert split_parameters(packet, len(parameters), {}) == parameters
    assert len(read(packet, len(parameters))) == len(parameters)


@given(
    st.lists(st.sampled_from(SOME).map(lambda each: Parameter(*each)), max_size=20),
    st.data(),
)
def test_some_of_them_are_an_execution_too(
    parameters: list[Parameter], data: st.DataObject
) -> None:
    values = read(join_parameters(parameters), len(parameters))
    places = data.draw(st.lists(st.integers(0, max(len(parameters) - 1, 0)), unique=True))
    places = [place for place in places if place < len(parameters)]
    packet = join_parameters([parameters[place] for place in places])
    assert read(packet, len(places)) == [values[place] for place in places]


def test_a_number_of_our_own_is_a_bigint() -> None:
    assert read(join_parameters([of_number(1 << 60), of_number(-1)]), 2) == [1 << 60, -1]


@pytest.mark.parametrize(("type_", "kept"), [(TEXT, TEXT), (BLOB, BLOB), (BIGINT, BLOB)])
def test_long_data_becomes_a_value(type_: bytes, kept: bytes) -> None:
    packet = b"\x02\x01" + type_ + BIGINT  # the second is NULL, the first has no value there
    found = split_parameters(packet, 2, {0: b"long"})
    assert found == [Parameter(kept, b"\x04long"), Parameter(BIGINT, None)]


@pytest.mark.parametrize("packet", [b"", b"\x00\x00", b"\x00\x01" + BIGINT + b"\x05"])
def test_parameters_that_end_early_are_an_error_that_the_connection_survives(packet: bytes) -> None:
    with pytest.raises(SqlError) as caught:
        split_parameters(packet, 1, {})
    assert not caught.value.fatal
