"""What COM_STMT_EXECUTE says of a statement's parameters: their types and their values.

Source: MySQL Source Code Documentation, "COM_STMT_EXECUTE", "COM_STMT_SEND_LONG_DATA" and "Binary
Protocol Value".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from athena_g import errors
from athena_g.errors import SqlError
from athena_g.protocol.binary_values import binary_decoder
from athena_g.protocol.columns import Column
from athena_g.protocol.commands import UNSIGNED_PARAMETER
from athena_g.protocol.constants import UNSIGNED_FLAG, ColumnType
from athena_g.protocol.text_values import Value
from athena_g.protocol.wire import PayloadReader, lenenc_bytes

_EXECUTE: Final = "mysqld_stmt_execute"
_BLOBS: Final = frozenset(
    {ColumnType.TINY_BLOB, ColumnType.MEDIUM_BLOB, ColumnType.LONG_BLOB, ColumnType.BLOB}
)
_TEXTS: Final = _BLOBS | {
    ColumnType.VARCHAR,
    ColumnType.VAR_STRING,
    ColumnType.STRING,
    ColumnType.JSON,
}
_OTHERS: Final = frozenset(
    {
        ColumnType.DECIMAL,
        ColumnType.NEWDECIMAL,
        ColumnType.TINY,
        ColumnType.SHORT,
        ColumnType.LONG,
        ColumnType.LONGLONG,
        ColumnType.FLOAT,
        ColumnType.DOUBLE,
        ColumnType.NULL,
        ColumnType.DATE,
        ColumnType.TIME,
        ColumnType.DATETIME,
        ColumnType.TIMESTAMP,
    }
)


class Parameter(NamedTuple):
    """A parameter as an execution has it: its type in two bytes, its value, ``None`` for NULL."""

    type: bytes
    value: bytes | None


def of_number(number: int) -> Parameter:
    """A parameter that is a BIGINT."""
    return Parameter(bytes((ColumnType.LONGLONG, 0)), number.to_bytes(8, "little", signed=True))


def split_parameters(
    packet: bytes, count: int, long_data: Mapping[int, bytes | bytearray]
) -> list[Parameter]:
    """The ``count`` parameters of an execution that says their types, which are at its beginning.

    Those with long data have that as their value. Raises what :func:`read_parameters` does.
    """
    if not count:
        return []
    try:
        return _split(packet, count, long_data)
    except SqlError as error:
        error.fatal = False
        raise


def _split(
    packet: bytes, count: int, long_data: Mapping[int, bytes | bytearray]
) -> list[Parameter]:
    reader = PayloadReader(packet)
    nulls = reader.take((count + 7) // 8)
    if not reader.u8():
        raise errors.MALFORMED_PACKET(reason="parameters without their types")
    start = reader.position
    columns = [_read_type(reader) for _ in range(count)]
    found = []
    for number, column in enumerate(columns):
        type_ = packet[start + 2 * number : start + 2 * number + 2]
        if number in long_data:
            if column.type not in _TEXTS:
                type_ = bytes((ColumnType.BLOB, 0))
            found.append(Parameter(type_, lenenc_bytes(bytes(long_data[number]))))
        elif nulls[number >> 3] >> (number & 7) & 1 or column.type is ColumnType.NULL:
            found.append(Parameter(type_, None))
        else:
            begin = reader.position
            _read_value(reader, column, "latin-1")
            found.append(Parameter(type_, packet[begin : reader.position]))
    return found


def join_parameters(parameters: Sequence[Parameter]) -> bytes:
    """Parameters as an execution has them that says their types; empty for none."""
    if not parameters:
        return b""
    nulls = bytearray((len(parameters) + 7) // 8)
    for number, each in enumerate(parameters):
        if each.value is None:
            nulls[number >> 3] |= 1 << (number & 7)
    return b"".join(
        (
            nulls,
            b"\1",
            *(each.type for each in parameters),
            *(each.value or b"" for each in parameters),
        )
    )


def read_parameters(
    packet: bytes, types: Sequence[Column], count: int, long_data: Mapping[int, bytes], codec: str
) -> tuple[list[Value], list[Column]]:
    """The values of ``count`` parameters, and their types for executions that name none.

    ``types`` are those of the last execution. Raises 1210 for types that parameters cannot have,
    1835 for a packet that ends early; the connection survives both.
    """
    if not count:
        return [], []
    try:
        return _read(packet, types, count, long_data, codec)
    except SqlError as error:
        error.fatal = False
        raise


def _read(
    packet: bytes, types: Sequence[Column], count: int, long_data: Mapping[int, bytes], codec: str
) -> tuple[list[Value], list[Column]]:
    reader = PayloadReader(packet)
    nulls = reader.take((count + 7) // 8)
    if reader.u8():
        types = [_read_type(reader) for _ in range(count)]
    elif len(types) != count:
        raise errors.MALFORMED_PACKET(reason="parameters without their types")
    values: list[Value] = []
    for number, column in enumerate(types):
        if number in long_data:
            values.append(_long_value(long_data[number], column, codec))
        elif nulls[number >> 3] >> (number & 7) & 1 or column.type is ColumnType.NULL:
            values.append(None)
        else:
            values.append(_read_value(reader, column, codec))
    return values, list(types)


def _read_type(reader: PayloadReader) -> Column:
    number, sign = reader.u8(), reader.u8()
    try:
        kind = ColumnType(number)
    except ValueError:
        raise errors.MALFORMED_PACKET(reason=f"a parameter of unknown type {number}") from None
    if kind not in _TEXTS and kind not in _OTHERS:
        raise errors.MALFORMED_EXECUTE(command=_EXECUTE)
    flags = UNSIGNED_FLAG if sign & UNSIGNED_PARAMETER else 0
    return Column("?", kind, flags=flags)


def _read_value(reader: PayloadReader, column: Column, codec: str) -> Value:
    if column.type in _TEXTS:
        return _text_or_bytes(reader.lenenc_bytes(), column, codec)
    value, end = binary_decoder(column)(reader.payload, reader.position)
    reader.take(end - reader.position)
    return value


def _long_value(data: bytes, column: Column, codec: str) -> Value:
    if column.type not in _TEXTS:
        raise errors.MALFORMED_PACKET(reason="long data for a parameter that is no text")
    return _text_or_bytes(data, column, codec)


def _text_or_bytes(data: bytes, column: Column, codec: str) -> str | bytes:
    """The text in the client's character set; bytes where it is none.

    Those of a BLOB are in no character set. Where they happen to be UTF-8 it does not matter, as
    texts are kept in it.
    """
    try:
        return data.decode("utf_8" if column.type in _BLOBS else codec)
    except UnicodeDecodeError:
        return data
