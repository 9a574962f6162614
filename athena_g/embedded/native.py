"""From what SQLite holds to the Python value a client is sent."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from athena_g import errors
from athena_g.embedded.temporal import datetime_from_storage
from athena_g.embedded.types import Kind, SqlType
from athena_g.protocol.constants import ColumnType

EXACT = Context(prec=150, rounding=ROUND_HALF_UP)
"""Wide enough that no DECIMAL of MySQL (65 digits) is ever rounded by Python."""

Value = Any
"""None, int, float, Decimal, str, bytes, date, datetime or timedelta."""
Converter = Callable[[Any], Value]


def to_decimal(value: object) -> Decimal:
    """The exact decimal of an integer, a DECIMAL text or (by its shortest text) a float."""
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, Decimal):
        return value
    return Decimal(str(value))


def quantize(value: Decimal, scale: int) -> Decimal:
    """The value with exactly ``scale`` decimals, rounded half away from zero."""
    return value.quantize(Decimal(1).scaleb(-scale), context=EXACT)


def decimal_text(value: Decimal) -> str:
    """Plain digits, never an exponent; zero has no sign."""
    text = f"{value:f}"
    return text[1:] if text.startswith("-") and not text.strip("-0.") else text


def enum_label(value: int, labels: tuple[str, ...]) -> str:
    """The label of an ENUM's number; the empty text for 0."""
    return labels[value - 1] if value else ""


def set_labels(value: int, labels: tuple[str, ...]) -> str:
    """The labels of a SET's bits, joined by commas in the order of the definition."""
    return ",".join(label for bit, label in enumerate(labels) if value >> bit & 1)


def _decimal_converter(sql_type: SqlType) -> Converter:
    scale = sql_type.scale
    if sql_type.wire is ColumnType.LONGLONG:
        return lambda value: None if value is None else int(to_decimal(value))
    return lambda value: None if value is None else quantize(to_decimal(value), scale)


def _integer(value: Any) -> Value:
    if value is None or type(value) is int:
        return value
    if isinstance(value, float):
        raise errors.DATA_OUT_OF_RANGE(type="BIGINT", expression=repr(value))
    return int(value)


def _integer_converter(sql_type: SqlType) -> Converter:
    if sql_type.wire is ColumnType.NEWDECIMAL:
        return lambda value: None if value is None else Decimal(_integer(value))
    if sql_type.zerofill:
        width = sql_type.length
        return lambda value: None if value is None else str(value).zfill(width)
    return _integer


def _finite(value: float) -> float:
    if math.isinf(value):
        raise errors.DATA_OUT_OF_RANGE(type="DOUBLE", expression="the result")
    return value


def _real_converter(sql_type: SqlType) -> Converter:
    if sql_type.wire is ColumnType.FLOAT:
        return lambda value: None if value is None else float(f"{value:.6g}")
    return lambda value: None if value is None else _finite(float(value))


def _text(value: Any) -> Value:
    if value is None or type(value) is str:
        return value
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _binary(value: Any) -> Value:
    if value is None or type(value) is bytes:
        return value
    return str(value).encode()


def _date(value: Any) -> Value:
    if value is None or value.startswith("0000"):
        return value
    return date.fromisoformat(value[:10])


def _datetime(value: Any) -> Value:
    if value is None or value.startswith("0000"):
        return value
    return datetime_from_storage(value)


def _time(value: Any) -> Value:
    return None if value is None else timedelta(microseconds=value)


def converter(sql_type: SqlType) -> Converter:
    """The function that turns SQLite's values of the type into the client's."""
    labels = sql_type.labels
    match sql_type.kind:
        case Kind.INT:
            return _integer_converter(sql_type)
        case Kind.DECIMAL:
            return _decimal_converter(sql_type)
        case Kind.REAL:
            return _real_converter(sql_type)
        case Kind.BINARY:
            return _binary
        case Kind.DATE:
            return _date
        case Kind.DATETIME:
            return _datetime
        case Kind.TIME:
            return _time
        case Kind.ENUM:
            return lambda value: None if value is None else enum_label(value, labels)
        case Kind.SET:
            return lambda value: None if value is None else set_labels(value, labels)
        case Kind.BIT:
            size = (sql_type.length + 7) // 8
            return lambda value: None if value is None else int(value).to_bytes(size, "big")
    return _text
