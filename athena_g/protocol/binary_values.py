"""Values in the binary form of prepared statements: results, parameters, query attributes.

Source: dev.mysql.com, MySQL Source Code Documentation, "Binary Protocol Value".
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Final

from athena_g import errors
from athena_g.protocol.columns import Column
from athena_g.protocol.constants import UNSIGNED_FLAG, ColumnType
from athena_g.protocol.text_values import (
    DATE_TYPES,
    DATETIME_TYPES,
    DECIMAL_TYPES,
    NotNull,
    duration_of,
    fraction_text,
    string_decoder,
    text_decoder,
    text_encoder,
)
from athena_g.protocol.wire import lenenc_bytes, lenenc_bytes_at

BinaryDecoder = Callable[[bytes, int], tuple[NotNull, int]]
"""From the payload and a position in it to the value and the position behind it."""

_INTEGER_SIZES: Final = {
    ColumnType.TINY: 1,
    ColumnType.SHORT: 2,
    ColumnType.YEAR: 2,
    ColumnType.LONG: 4,
    ColumnType.INT24: 4,
    ColumnType.LONGLONG: 8,
}
_FLOATS: Final = {ColumnType.FLOAT: struct.Struct("<f"), ColumnType.DOUBLE: struct.Struct("<d")}

_DATE_PART = struct.Struct("<HBB")
_DATETIME_PART = struct.Struct("<HBBBBB")
_DATETIME_WHOLE = struct.Struct("<HBBBBBI")
_TIME_PART = struct.Struct("<BIBBB")
_TIME_WHOLE = struct.Struct("<BIBBBI")

_DATE_TEXT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?)?", re.ASCII
)


def binary_decoder(column: Column) -> BinaryDecoder:
    """The function that reads the column's values; it raises MALFORMED_PACKET for nonsense."""
    kind = column.type
    if kind in _INTEGER_SIZES:
        return _int_decoder(_INTEGER_SIZES[kind], bool(column.flags & UNSIGNED_FLAG))
    if kind in _FLOATS:
        return _float_decoder(_FLOATS[kind])
    if kind in DATE_TYPES:
        return _decode_date
    if kind in DATETIME_TYPES:
        decimals = column.decimals
        return lambda buffer, position: _decode_datetime(buffer, position, decimals)
    if kind is ColumnType.TIME:
        return _decode_time
    decode = text_decoder(column) if kind in DECIMAL_TYPES else string_decoder(column)

    def decode_string(buffer: bytes, position: int) -> tuple[NotNull, int]:
        cell, position = lenenc_bytes_at(buffer, position)
        return decode(cell), position

    return decode_string


def binary_encoder(column: Column) -> Callable[[NotNull], bytes]:
    """The function that writes the column's values; ValueError or OverflowError for a misfit."""
    kind = column.type
    if kind in _INTEGER_SIZES:
        return _int_encoder(_INTEGER_SIZES[kind], bool(column.flags & UNSIGNED_FLAG))
    if kind in _FLOATS:
        pack = _FLOATS[kind].pack
        return lambda value: pack(float(_number(value)))
    if kind in DATE_TYPES:
        return lambda value: _encode_moment(_moment(value)[:3])
    if kind in DATETIME_TYPES:
        return lambda value: _encode_moment(_moment(value))
    if kind is ColumnType.TIME:
        return lambda value: _encode_duration(_duration(value))
    encode = text_encoder(column)
    return lambda value: lenenc_bytes(encode(value))


# --- Numbers --------------------------------------------------------------------------------------


def _int_decoder(size: int, unsigned: bool) -> BinaryDecoder:
    def decode(buffer: bytes, position: int) -> tuple[NotNull, int]:
        end = position + size
        if end > len(buffer):
            raise _past_end()
        return int.from_bytes(buffer[position:end], "little", signed=not unsigned), end

    return decode


def _int_encoder(size: int, unsigned: bool) -> Callable[[NotNull], bytes]:
    def encode(value: NotNull) -> bytes:
        return int(_number(value)).to_bytes(size, "little", signed=not unsigned)

    return encode


def _float_decoder(form: struct.Struct) -> BinaryDecoder:
    def decode(buffer: bytes, position: int) -> tuple[NotNull, int]:
        end = position + form.size
        if end > len(buffer):
            raise _past_end()
        value: float = form.unpack_from(buffer, position)[0]
        return value, end

    return decode


def _number(value: NotNull) -> int | float | Decimal:
    if isinstance(value, int | float | Decimal):
        return value
    if isinstance(value, str | bytes):
        return Decimal(value if isinstance(value, str) else value.decode("ascii"))
    raise ValueError(f"{value!r} is no number")


# --- Dates and times ------------------------------------------------------------------------------

_Moment = tuple[int, ...]
"""Year, month, day, and perhaps hour, minute, second, microsecond."""


def _decode_date(buffer: bytes, position: int) -> tuple[NotNull, int]:
    fields, end = _read_moment(buffer, position)
    year, month, day = fields[:3]
    try:
        return date(year, month, day), end
    except ValueError:
        return f"{year:04d}-{month:02d}-{day:02d}", end


def _decode_datetime(buffer: bytes, position: int, decimals: int) -> tuple[NotNull, int]:
    (year, month, day, hour, minute, second, micro), end = _read_moment(buffer, position)
    try:
        return datetime(year, month, day, hour, minute, second, micro), end
    except ValueError:
        text = f"{year:04d}-{month:02d}-{day:02d} {hour:02d}:{minute:02d}:{second:02d}"
        return text + fraction_text(micro, decimals), end


def _read_moment(buffer: bytes, position: int) -> tuple[_Moment, int]:
    cell, end = _read_counted(buffer, position)
    if not cell:
        return (0,) * 7, end
    if len(cell) == _DATE_PART.size:
        return (*_DATE_PART.unpack(cell), 0, 0, 0, 0), end
    if len(cell) == _DATETIME_PART.size:
        return (*_DATETIME_PART.unpack(cell), 0), end
    if len(cell) == _DATETIME_WHOLE.size:
        fields = _DATETIME_WHOLE.unpack(cell)
        if fields[6] < 1_000_000:
            return fields, end
    raise errors.MALFORMED_PACKET(reason=f"{cell.hex()} is no date")


def _moment(value: NotNull) -> _Moment:
    if isinstance(value, datetime):
        clock = (value.hour, value.minute, value.second, value.microsecond)
        return (value.year, value.month, value.day, *clock)
    if isinstance(value, date):
        return value.year, value.month, value.day, 0, 0, 0, 0
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)
    match = _DATE_TEXT.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no date")
    *whole, fraction = match.groups("0")
    return (*map(int, whole), int(fraction.ljust(6, "0")))


def _encode_moment(fields: _Moment) -> bytes:
    """The shortest form: without microseconds, without a time of day, without anything."""
    year, month, day, *clock = fields
    if not any(fields):
        return b"\x00"
    if not any(clock):
        return b"\x04" + _DATE_PART.pack(year, month, day)
    if not clock[3]:
        return b"\x07" + _DATETIME_PART.pack(year, month, day, *clock[:3])
    return b"\x0b" + _DATETIME_WHOLE.pack(year, month, day, *clock)


def _decode_time(buffer: bytes, position: int) -> tuple[NotNull, int]:
    cell, end = _read_counted(buffer, position)
    if not cell:
        return timedelta(), end
    if len(cell) == _TIME_PART.size:
        negative, days, hours, minutes, seconds = _TIME_PART.unpack(cell)
        micro = 0
    elif len(cell) == _TIME_WHOLE.size:
        negative, days, hours, minutes, seconds, micro = _TIME_WHOLE.unpack(cell)
    else:
        raise errors.MALFORMED_PACKET(reason=f"a time of {len(cell)} bytes")
    try:
        value = timedelta(days, seconds, micro, 0, minutes, hours)
    except OverflowError:
        raise errors.MALFORMED_PACKET(reason=f"a time of {days} days") from None
    return -value if negative else value, end


def _duration(value: NotNull) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if isinstance(value, time):
        return timedelta(0, value.second, value.microsecond, 0, value.minute, value.hour)
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)
    duration = duration_of(text)
    if duration is None:
        raise ValueError(f"{text!r} is no time")
    return duration


def _encode_duration(value: timedelta) -> bytes:
    if not value:
        return b"\x00"
    negative = value.days < 0
    value = abs(value)
    minutes, seconds = divmod(value.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if not value.microseconds:
        return b"\x08" + _TIME_PART.pack(negative, value.days, hours, minutes, seconds)
    return b"\x0c" + _TIME_WHOLE.pack(
        negative, value.days, hours, minutes, seconds, value.microseconds
    )


def _read_counted(buffer: bytes, position: int) -> tuple[bytes, int]:
    """What follows a length of one byte."""
    if position >= len(buffer):
        raise _past_end()
    start = position + 1
    end = start + buffer[position]
    if end > len(buffer):
        raise _past_end()
    return buffer[start:end], end


def _past_end() -> errors.SqlError:
    return errors.MALFORMED_PACKET(reason="the packet ends within a value")
