from __future__ import annotations

import pytest

from athena_g.errors import SqlError
from athena_g.protocol.columns import Column
from athena_g.protocol.constants import (
    CLIENT_DEPRECATE_EOF,
    CLIENT_OPTIONAL_RESULTSET_METADATA,
    SERVER_MORE_RESULTS_EXISTS,
    SERVER_STATUS_AUTOCOMMIT,
    ColumnType,
)
from athena_g.protocol.resultset import (
    PrepareOk,
    encode_column_count,
    encode_field_list,
    encode_result_set,
    encode_result_set_end,
)

COLUMNS = [Column("a", ColumnType.LONG), Column("b", ColumnType.VAR_STRING)]
DEFINITIONS = [column.encode() for column in COLUMNS]
EOF = b"\xfe\x00\x00\x02\x00"


def test_a_result_set_is_count_definitions_eof_rows_eof() -> None:
    payloads = list(encode_result_set(COLUMNS, [[1, "x"], [None, ""]], 0))
    assert payloads == [b"\x02", *DEFINITIONS, EOF, b"\x011\x01x", b"\xfb\x00", EOF]


def test_without_eof_an_ok_that_starts_like_one_closes_the_rows() -> None:
    payloads = list(encode_result_set(COLUMNS, [[1, "x"]], CLIENT_DEPRECATE_EOF))
    assert payloads == [b"\x02", *DEFINITIONS, b"\x011\x01x", b"\xfe\x00\x00\x02\x00\x00\x00"]


def test_binary_rows_are_told_by_their_header() -> None:
    payloads = list(encode_result_set(COLUMNS, [[1, None]], 0, binary=True))
    assert payloads[4] == b"\x00\x08\x01\x00\x00\x00"


def test_rows_are_made_one_at_a_time() -> None:
    made: list[int] = []

    def rows() -> object:
        for number in range(1000):
            made.append(number)
            yield [number, "x"]

    payloads = encode_result_set(COLUMNS, rows(), 0)  # type: ignore[arg-type]
    for _ in range(5):
        next(payloads)
    assert made == [0]


def test_status_and_warnings_stand_at_the_end() -> None:
    status = SERVER_STATUS_AUTOCOMMIT | SERVER_MORE_RESULTS_EXISTS
    assert encode_result_set_end(0, status=status, warnings=3) == b"\xfe\x03\x00\x0a\x00"
    end = encode_result_set_end(CLIENT_DEPRECATE_EOF, status=status, warnings=3)
    assert end == b"\xfe\x00\x00\x0a\x00\x03\x00"


@pytest.mark.parametrize(
    ("count", "payload"), [(1, b"\x01"), (250, b"\xfa"), (4096, b"\xfc\x00\x10")]
)
def test_the_column_count_is_length_encoded(count: int, payload: bytes) -> None:
    assert encode_column_count(count, 0) == payload
    assert encode_column_count(count, CLIENT_OPTIONAL_RESULTSET_METADATA) == b"\x01" + payload


def test_a_field_list_is_definitions_with_defaults_and_eof() -> None:
    columns = [Column("a", ColumnType.LONG, default="7"), COLUMNS[1]]
    assert list(encode_field_list(columns, 0)) == [
        DEFINITIONS[0] + b"\x017",
        DEFINITIONS[1] + b"\xfb",
        EOF,
    ]


def test_the_documented_prepare_ok() -> None:
    payload = bytes.fromhex("000100000001000200000000")
    assert PrepareOk(1, 1, 2).encode() == payload
    assert PrepareOk.decode(payload) == PrepareOk(statement_id=1, columns=1, parameters=2)


@pytest.mark.parametrize("payload", [b"", b"\x00" * 11, b"\xff" * 12])
def test_another_packet_is_no_prepare_ok(payload: bytes) -> None:
    with pytest.raises(SqlError):
        PrepareOk.decode(payload)
