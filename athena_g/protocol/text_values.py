"""Values as MySQL prints them, and back: the cells of text rows.

Source: dev.mysql.com, MySQL Source Code Documentation, "Text Resultset Row"; MySQL Reference
Manual, "Data Types" (the forms of DATETIME, TIME, YEAR, BIT, ZEROFILL). Where the documentation
does not say how a number is printed, this is what MySQL 9.7 and MariaDB 10.11 were seen to print.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Final

from athena_g import errors
from athena_g.protocol.charsets import codec_of
from athena_g.protocol.columns import Column
from athena_g.protocol.constants import NOT_FIXED_DECIMALS, ZEROFILL_FLAG, ColumnType

NotNull = int | float | Decimal | str | bytes | date | datetime | timedelta | time
"""What a cell holds when not NULL. A date with a zero in it is a str: Python has no such date."""
Value = NotNull | None

BINARY_COLLATION: Final = 63

INTEGER_TYPES: Final = frozenset(
    {
        ColumnType.TINY,
        ColumnType.SHORT,
        ColumnType.INT24,
        ColumnType.LONG,
        ColumnType.LONGLONG,
        ColumnType.YEAR,
    }
)
STRING_TYPES: Final = frozenset(
    {
        ColumnType.VAR_STRING,
        ColumnType.STRING,
        ColumnType.BLOB,
        ColumnType.TINY_BLOB,
        ColumnType.MEDIUM_BLOB,
        ColumnType.LONG_BLOB,
    }
)
"""As servers send texts and bytes."""
FLOAT_TYPES: Final = frozenset({ColumnType.FLOAT, ColumnType.DOUBLE})
DECIMAL_TYPES: Final = frozenset({ColumnType.DECIMAL, ColumnType.NEWDECIMAL})
DATE_TYPES: Final = frozenset({ColumnType.DATE, ColumnType.NEWDATE})
DATETIME_TYPES: Final = frozenset({ColumnType.DATETIME, ColumnType.TIMESTAMP})
_ALWAYS_BYTES: Final = frozenset({ColumnType.BIT, ColumnType.GEOMETRY, ColumnType.VECTOR})

_NUMBERS: Final = (int, float, Decimal)
_FLOAT_DIGITS: Final = 6
_MAX_WHOLE_DIGITS: Final = 15
_MAX_LEADING_ZEROS: Final = 14

_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_DATETIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?", re.ASCII)
_TIME = re.compile(r"(-?)(\d{1,3}):(\d\d):(\d\d)(?:\.(\d{1,6}))?", re.ASCII)


def text_decoder(column: Column) -> Callable[[bytes], NotNull]:
    """The function that reads the column's cells; it raises MALFORMED_PACKET for nonsense."""
    kind = column.type
    if kind in INTEGER_TYPES:
        return _decode_int
    if kind in FLOAT_TYPES:
        return _decode_float
    if kind in DECIMAL_TYPES:
        return _decode_decimal
    if kind in DATE_TYPES:
        return _decode_date
    if kind in DATETIME_TYPES:
        return _decode_datetime
    if kind is ColumnType.TIME:
        return _decode_time
    return string_decoder(column)


def text_encoder(column: Column) -> Callable[[NotNull], bytes]:
    """The function that prints the column's values as MySQL would."""
    kind = column.type
    codec = _text_codec(column)
    zerofill = column.length if column.flags & ZEROFILL_FLAG else 0
    plain_integers = kind in INTEGER_TYPES and kind is not ColumnType.YEAR and not zerofill

    def encode(value: NotNull) -> bytes:
        if isinstance(value, str):
            return encode_string(value, codec)
        if isinstance(value, bytes):
            return value
        if isinstance(value, _NUMBERS):
            if plain_integers and isinstance(value, int):
                return b"%d" % value
            if kind is ColumnType.BIT:
                return int(value).to_bytes((column.length + 7) // 8 or 8, "big")
            return _number_text(value, column).zfill(zerofill).encode()
        return _temporal_text(value, column).encode()

    return encode


def string_decoder(column: Column) -> Callable[[bytes], NotNull]:
    """The function that makes a str of the column's bytes, or leaves them bytes if it is binary.

    Bytes that are none of the character set's come as lone surrogates ("surrogateescape").
    """
    if column.type is ColumnType.JSON:
        return _decode_utf8
    if column.type in _ALWAYS_BYTES or column.collation_id == BINARY_COLLATION:
        return bytes
    codec = codec_of(column.collation_id)
    if codec == "utf_8":
        return _decode_utf8
    return lambda cell: cell.decode(codec, "surrogateescape")


def _text_codec(column: Column) -> str:
    if column.type is ColumnType.JSON or column.collation_id == BINARY_COLLATION:
        return "utf_8"
    return codec_of(column.collation_id)


def encode_string(value: str, codec: str) -> bytes:
    """``value`` in the codec, with ``?`` for characters it has not, as MySQL converts."""
    try:
        return value.encode(codec, "surrogateescape")
    except UnicodeEncodeError:
        return value.encode(codec, "replace")


# --- Numbers --------------------------------------------------------------------------------------


def _number_text(value: int | float | Decimal, column: Column) -> str:
    kind = column.type
    if kind in FLOAT_TYPES:
        return float_text(float(value), column)
    if kind in DECIMAL_TYPES:
        return _decimal_text(value, column.decimals)
    if isinstance(value, float):
        return double_text(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    return f"{value:04d}" if kind is ColumnType.YEAR else f"{value:d}"


def float_text(value: float, column: Column) -> str:
    """A FLOAT or DOUBLE value: fixed decimals if declared so, else as short as can be."""
    if column.decimals < NOT_FIXED_DECIMALS:
        return f"{value:.{column.decimals}f}"
    if column.type is ColumnType.FLOAT:
        return _shortest_text(f"{value:.{_FLOAT_DIGITS - 1}e}")
    return double_text(value)


def double_text(value: float) -> str:
    """The shortest text that reads as the same double, in the form MySQL gives it."""
    return _shortest_text(f"{Decimal(repr(value)):e}")


def _shortest_text(scientific: str) -> str:
    """``-1.2300e+05`` as MySQL prints it: without exponent unless that takes many zeros."""
    mantissa, _, exponent = scientific.partition("e")
    sign = "-" if mantissa.startswith("-") else ""
    digits = mantissa.lstrip("-").replace(".", "").rstrip("0")
    if not digits:
        return sign + "0"
    point = int(exponent) + 1  # digits before the decimal point, negative for zeros behind it
    if point <= 0:
        if -point <= _MAX_LEADING_ZEROS:
            return f"{sign}0.{'0' * -point}{digits}"
    elif point < len(digits):
        return f"{sign}{digits[:point]}.{digits[point:]}"
    elif point <= _MAX_WHOLE_DIGITS:
        return sign + digits.ljust(point, "0")
    fraction = "." + digits[1:] if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{fraction}e{point - 1}"


def _decimal_text(value: int | float | Decimal, decimals: int) -> str:
    """All digits of the value, filled up with zeros to ``decimals``; never rounded."""
    text = format(Decimal(repr(value)) if isinstance(value, float) else Decimal(value), "f")
    if not 0 < decimals < NOT_FIXED_DECIMALS:
        return text
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction.ljust(decimals, '0')}"


# --- Dates and times ------------------------------------------------------------------------------


def _temporal_text(value: date | datetime | timedelta | time, column: Column) -> str:
    if isinstance(value, timedelta):
        return duration_text(value, column.decimals)
    if isinstance(value, time):
        return f"{value:%H:%M:%S}{fraction_text(value.microsecond, column.decimals)}"
    if not isinstance(value, datetime):
        return (
            f"{value.isoformat()} 00:00:00" if column.type in DATETIME_TYPES else value.isoformat()
        )
    if column.type in DATE_TYPES:
        return value.date().isoformat()
    seconds = value.replace(microsecond=0, tzinfo=None).isoformat(" ")
    return seconds + fraction_text(value.microsecond, column.decimals)


def fraction_text(microsecond: int, decimals: int) -> str:
    """``.123`` for three decimals, nothing for none; all six where the number is not known."""
    if decimals > 6:
        return f".{microsecond:06d}" if microsecond else ""
    return f".{microsecond:06d}"[: decimals + 1] if decimals else ""


def duration_text(value: timedelta, decimals: int) -> str:
    """A TIME value: at least two digits of hours, which may be more than 24."""
    sign = "-" if value.days < 0 else ""
    value = abs(value)
    minutes, seconds = divmod(value.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    hours += value.days * 24
    fraction = fraction_text(value.microseconds, decimals)
    return f"{sign}{hours:02d}:{minutes:02d}:{seconds:02d}{fraction}"


def duration_of(text: str) -> timedelta | None:
    """The duration a TIME text says, None when it says none."""
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    sign, hours, minutes, seconds, fraction = match.groups()
    value = timedelta(
        hours=int(hours),
        minutes=int(minutes),
        seconds=int(seconds),
        microseconds=int((fraction or "").ljust(6, "0")),
    )
    return -value if sign else value


# --- Reading cells --------------------------------------------------------------------------------


def _decode_utf8(cell: bytes) -> str:
    return cell.decode("utf_8", "surrogateescape")


def _decode_int(cell: bytes) -> int:
    try:
        return int(cell)
    except ValueError:
        raise _no_value(cell, "integer") from None


def _decode_float(cell: bytes) -> float:
    try:
        return float(cell)
    except ValueError:
        raise _no_value(cell, "floating-point number") from None


def _decode_decimal(cell: bytes) -> Decimal:
    try:
        return Decimal(cell.decode("ascii"))
    except (ArithmeticError, ValueError):
        raise _no_value(cell, "decimal number") from None


def _decode_date(cell: bytes) -> date | str:
    text = cell.decode("ascii", "replace")
    if _DATE.fullmatch(text) is None:
        raise _no_value(cell, "date")
    try:
        return date.fromisoformat(text)
    except ValueError:
        return text


def _decode_datetime(cell: bytes) -> datetime | str:
    text = cell.decode("ascii", "replace")
    if _DATETIME.fullmatch(text) is None:
        raise _no_value(cell, "date and time")
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return text


def _decode_time(cell: bytes) -> timedelta:
    value = duration_of(cell.decode("ascii", "replace"))
    if value is None:
        raise _no_value(cell, "time")
    return value


def _no_value(cell: bytes, what: str) -> errors.SqlError:
    return errors.MALFORMED_PACKET(reason=f"{cell[:40]!r} is no {what}")
