"""Rows of a result set, text and binary: payloads to Python values and back.

Source: dev.mysql.com, MySQL Source Code Documentation, "Text Resultset Row" and "Binary Protocol
Resultset Row".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from athena_g import errors
from athena_g.protocol.binary_values import binary_decoder, binary_encoder
from athena_g.protocol.columns import Column
from athena_g.protocol.constants import ColumnType
from athena_g.protocol.text_values import Value, text_decoder, text_encoder
from athena_g.protocol.wire import NULL_CELL, lenenc_bytes, lenenc_int_at

_BITMAP_OFFSET = 2  # the first two bits of a binary row's NULL bitmap stand for no column


class TextRows:
    """Text rows of given columns; make one per result set, not per row."""

    __slots__ = ("_decoders", "_encoders")

    def __init__(self, columns: Sequence[Column]) -> None:
        self._decoders = [text_decoder(column) for column in columns]
        self._encoders = [text_encoder(column) for column in columns]

    def encode(self, values: Sequence[Value]) -> bytes:
        """The payload of one row; ValueError for another number of values than columns."""
        return b"".join(
            [
                NULL_CELL if value is None else lenenc_bytes(encode(value))
                for encode, value in zip(self._encoders, values, strict=True)
            ]
        )

    def decode(self, payload: bytes) -> list[Value]:
        """The values of one row; MALFORMED_PACKET when it does not fit the columns."""
        values: list[Value] = []
        position = 0
        size = len(payload)
        for decode in self._decoders:
            if position >= size:
                raise errors.MALFORMED_PACKET(reason="a row has fewer cells than columns")
            length = payload[position]
            if length == 0xFB:
                values.append(None)
                position += 1
                continue
            length, start = lenenc_int_at(payload, position)
            position = start + length
            if position > size:
                raise errors.MALFORMED_PACKET(reason="a row ends within a cell")
            values.append(decode(payload[start:position]))
        if position != size:
            raise errors.MALFORMED_PACKET(reason="a row has more cells than columns")
        return values


class BinaryRows:
    """Binary rows of given columns; make one per result set, not per row."""

    __slots__ = ("_bitmap_size", "_decoders", "_encoders")

    def __init__(self, columns: Sequence[Column]) -> None:
        self._decoders = [
            None if column.type is ColumnType.NULL else binary_decoder(column) for column in columns
        ]
        self._encoders = [binary_encoder(column) for column in columns]
        self._bitmap_size = (len(columns) + 7 + _BITMAP_OFFSET) // 8

    def encode(self, values: Sequence[Value]) -> bytes:
        """The payload of one row; ValueError or OverflowError for what the columns cannot hold."""
        return binary_row(
            None if value is None else encode(value)
            for encode, value in zip(self._encoders, values, strict=True)
        )

    def decode(self, payload: bytes) -> list[Value]:
        """The values of one row; MALFORMED_PACKET when it does not fit the columns."""
        position = 1 + self._bitmap_size
        if len(payload) < position or payload[0]:
            raise errors.MALFORMED_PACKET(reason="not a binary row")
        nulls = int.from_bytes(payload[1:position], "little") >> _BITMAP_OFFSET
        values: list[Value] = []
        for decode in self._decoders:
            if nulls & 1 or decode is None:
                values.append(None)
            else:
                value, position = decode(payload, position)
                values.append(value)
            nulls >>= 1
        if position != len(payload):
            raise errors.MALFORMED_PACKET(reason="a row is longer than its columns")
        return values


def binary_row(cells: Iterable[bytes | None]) -> bytes:
    """The payload of a binary row with these cells as they travel, ``None`` for NULL."""
    nulls = 0
    bit = 1 << _BITMAP_OFFSET
    values: list[bytes] = []
    for cell in cells:
        if cell is None:
            nulls |= bit
        else:
            values.append(cell)
        bit <<= 1
    size = (bit.bit_length() - 1 + 7) // 8
    return b"\x00" + nulls.to_bytes(size, "little") + b"".join(values)


def encode_text_row(values: Sequence[Value], columns: Sequence[Column]) -> bytes:
    """The payload of one text row; for many rows make a :class:`TextRows`."""
    return TextRows(columns).encode(values)


def decode_text_row(payload: bytes, columns: Sequence[Column]) -> list[Value]:
    """The values of one text row; for many rows make a :class:`TextRows`."""
    return TextRows(columns).decode(payload)


def encode_binary_row(values: Sequence[Value], columns: Sequence[Column]) -> bytes:
    """The payload of one binary row; for many rows make a :class:`BinaryRows`."""
    return BinaryRows(columns).encode(values)


def decode_binary_row(payload: bytes, columns: Sequence[Column]) -> list[Value]:
    """The values of one binary row; for many rows make a :class:`BinaryRows`."""
    return BinaryRows(columns).decode(payload)
