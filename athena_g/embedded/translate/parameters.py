"""The parameters of prepared statements: SQLite asks for their values, no text ever holds one."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from athena_g import errors
from athena_g.embedded import types
from athena_g.embedded.native import Value, decimal_text
from athena_g.embedded.temporal import date_text, datetime_text
from athena_g.embedded.translate.values import NULL, Sql
from athena_g.embedded.types import SqlType

UNKNOWN: Final = object()
"""The value of a parameter while its statement is being prepared."""

LONGEST_TEXT = 16383
"""Characters that a text given for a parameter is said to have at most."""
_INTEGER = re.compile(r"\s*[+-]?\d{1,19}\s*")
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_EXACT_IN_DOUBLE = 2**53


def parameter_type(value: Any) -> SqlType:
    """The type a parameter has by its value; statements of equal types share a translation."""
    match value:
        case None:
            return types.NULL
        case int() if value > 2**63 - 1:
            return types.U64_LITERAL
        case int():
            return types.BIGINT
        case float():
            return types.DOUBLE
        case Decimal():
            return _decimal_type(value)
        case datetime():
            return types.datetime(6)
        case date():
            return types.DATE
        case timedelta():
            return types.time(6)
        case bytes():
            return types.varbinary(LONGEST_TEXT)
    return types.varchar(LONGEST_TEXT)


def _decimal_type(value: Decimal) -> SqlType:
    text = decimal_text(value).lstrip("-")
    return types.decimal(len(text.replace(".", "")), len(text.partition(".")[2]))


def parameter(number: int, value: Any, collation: str) -> Sql:
    """The parameter as an expression."""
    sql_type = parameter_type(value)
    if sql_type is types.NULL:
        return replace(NULL, parameter=number)
    if sql_type.collation and sql_type.kind is types.Kind.STRING:
        sql_type = sql_type.with_collation(collation)
    return Sql(f"my_parameter({number})", sql_type, value is UNKNOWN, parameter=number)


def held(value: Value) -> Any:
    """The value as SQLite holds values of its type."""
    match value:
        case int() if value > 2**63 - 1:
            return str(value)
        case Decimal():
            return decimal_text(value)
        case datetime():
            return datetime_text(value)
        case date():
            return date_text(value)
        case timedelta():
            return value // timedelta(microseconds=1)
    return value


def number(value: Value) -> int | float | None:
    """The number that integers and floats are compared with; an integer wherever it is one."""
    if isinstance(value, int):
        return value if abs(value) < 2**63 else float(value)
    if value is None:
        return None
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    if isinstance(value, str):
        if _INTEGER.fullmatch(value) and abs(int(value)) < 2**63:
            return int(value)
        match = _NUMBER.match(value)
        value = float(match[0]) if match else 0.0
    whole = abs(value) < _EXACT_IN_DOUBLE and value == int(value)
    return int(value) if whole else float(value)


def limit(value: Value) -> int:
    """The value as LIMIT takes it; raises 1210 and 1690."""
    if value is None:
        return 0
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        value = int(value)
    if not isinstance(value, int):
        raise errors.MALFORMED_EXECUTE(command="mysqld_stmt_execute")
    if value < 0:
        raise errors.DATA_OUT_OF_RANGE(type="SIGNED INTEGER", expression="mysqld_stmt_execute")
    return min(value, 2**63 - 1)
