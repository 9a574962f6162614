"""From the value of a statement to what a column stores: MySQL's checks and conversions."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol

from athena_g import errors
from athena_g.embedded import json_text
from athena_g.embedded.collation import fold
from athena_g.embedded.native import Value, decimal_text, quantize, to_decimal
from athena_g.embedded.temporal import (
    TIME_LIMIT,
    date_text,
    datetime_text,
    microseconds_of_day,
    parse_datetime,
    parse_time,
    round_to_fraction,
    time_text,
)
from athena_g.embedded.types import Kind, SqlType
from athena_g.errors import SqlError

Stored = int | float | str | bytes | None
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
MAX_STORED_INTEGER = 2**63 - 1


class StoreContext(Protocol):
    """What a conversion needs of the statement: the row's number, and whom to tell of a fault."""

    row: int

    def fault(self, error: SqlError, otherwise: SqlError | None = None) -> None:
        """Raises the error in strict mode; else keeps it, or ``otherwise``, as a warning."""

    def note(self, error: SqlError) -> None:
        """Keeps the error as a note."""


Store = Callable[[Value, StoreContext], Stored]


def number_text(value: float) -> str:
    """A float as MySQL prints it: no exponent below 1e15, no trailing ``.0``."""
    if value == int(value) if abs(value) < 1e15 else False:
        return str(int(value))
    text = repr(value)
    if "e" not in text and abs(value) < 1e15:
        return text
    if "e" not in text:
        digits = text.removesuffix(".0").lstrip("-").replace(".", "")
        places = len(str(abs(int(value)))) - 1
        fraction = digits[1:].rstrip("0")
        sign = "-" if value < 0 else ""
        return f"{sign}{digits[0]}{'.' if fraction else ''}{fraction}e{places}"
    mantissa, exponent = text.split("e")
    if -16 < int(exponent) < 15:
        return decimal_text(Decimal(text))
    return f"{mantissa.removesuffix('.0')}e{int(exponent)}"


def value_text(value: Value) -> str:
    """A value as the text MySQL makes of it."""
    match value:
        case bool():
            return str(int(value))
        case float():
            return number_text(value)
        case Decimal():
            return decimal_text(value)
        case datetime():
            return datetime_text(value)
        case date():
            return date_text(value)
        case timedelta():
            return time_text(value // timedelta(microseconds=1))
        case bytes():
            return value.decode("utf-8", "replace")
    return str(value)


class ColumnStore:
    """Converts values for one column; ``store`` raises what MySQL's strict mode raises."""

    def __init__(self, name: str, sql_type: SqlType, *, nullable: bool, table: str = "") -> None:
        self.name = name
        self.type = sql_type
        self.nullable = nullable
        self.table = table
        self._convert: Callable[[Value, StoreContext], Stored] = {
            Kind.INT: self._integer,
            Kind.BIT: self._bit,
            Kind.DECIMAL: self._decimal,
            Kind.REAL: self._real,
            Kind.STRING: self._string,
            Kind.BINARY: self._binary,
            Kind.DATE: self._date,
            Kind.DATETIME: self._datetime,
            Kind.TIME: self._time,
            Kind.JSON: self._json,
            Kind.ENUM: self._enum,
            Kind.SET: self._set,
        }[sql_type.kind]
        self._labels = {fold(label): index for index, label in enumerate(sql_type.labels, 1)}

    def store(self, value: Value, context: StoreContext) -> Stored:
        """What SQLite is to hold for the value."""
        if value is None:
            if not self.nullable:
                raise errors.BAD_NULL(column=self.name)
            return None
        return self._convert(value, context)

    # --- numbers --------------------------------------------------------------------------------

    def _number(self, value: Value, context: StoreContext, what: str) -> int | float | Decimal:
        """The number a value means; a fault where it is none, or only begins with one."""
        if isinstance(value, int | float | Decimal):
            return value
        if isinstance(value, datetime):
            return int(f"{value:%Y%m%d%H%M%S}")
        if isinstance(value, date):
            return int(f"{value:%Y%m%d}")
        if isinstance(value, timedelta):
            return int(time_text(value // timedelta(microseconds=1)).replace(":", ""))
        text = value_text(value)
        match = _NUMBER.match(text)
        if match is None:
            self._wrong_value(text, what, context)
            return 0
        if text[match.end() :].strip():
            context.fault(errors.DATA_TRUNCATED(column=self.name, row=context.row))
        return Decimal(match[0].strip())

    def _wrong_value(self, text: str, what: str, context: StoreContext) -> None:
        context.fault(
            errors.WRONG_VALUE_FOR_FIELD(type=what, value=text, column=self.name, row=context.row)
        )

    def _out_of_range(self, context: StoreContext) -> None:
        context.fault(errors.OUT_OF_RANGE(column=self.name, row=context.row))

    def _integer(self, value: Value, context: StoreContext) -> Stored:
        number = value if type(value) is int else self._number(value, context, "integer")
        if type(number) is not int:
            exact = to_decimal(number)
            number = int(quantize(exact, 0)) if abs(exact) < 10**30 else 10**30
        low, high = self.type.low, self.type.high
        if self.type.name == "year":
            return self._year(number, value, context)
        if not low <= number <= high:
            self._out_of_range(context)
            number = low if number < low else high
        if number > MAX_STORED_INTEGER:
            raise errors.NOT_SUPPORTED_YET(construct="BIGINT UNSIGNED above 9223372036854775807")
        return number

    def _year(self, number: int, value: Value, context: StoreContext) -> Stored:
        if isinstance(value, date):
            number = value.year
        if 0 < number < 100 or (number == 0 and isinstance(value, str)):
            number += 2000 if number < 70 else 1900
        if number and not 1901 <= number <= 2155:
            self._out_of_range(context)
            return 0
        return number

    def _bit(self, value: Value, context: StoreContext) -> Stored:
        number = (
            int.from_bytes(value, "big")
            if isinstance(value, bytes)
            else int.from_bytes(value.encode(), "big")
            if isinstance(value, str)
            else int(value)
        )
        if number < 0 or number >> self.type.length:
            context.fault(errors.DATA_TOO_LONG(column=self.name, row=context.row))
            number = (1 << self.type.length) - 1
        if number > MAX_STORED_INTEGER:
            raise errors.NOT_SUPPORTED_YET(construct="BIT(64) above 9223372036854775807")
        return number

    def _decimal(self, value: Value, context: StoreContext) -> Stored:
        number = to_decimal(self._number(value, context, "decimal"))
        try:
            rounded = quantize(number, self.type.scale)
        except InvalidOperation:
            rounded = number
        limit = Decimal(10) ** (self.type.length - self.type.scale)
        if abs(rounded) >= limit or (self.type.unsigned and rounded < 0):
            self._out_of_range(context)
            top = limit - Decimal(1).scaleb(-self.type.scale)
            rounded = top if rounded > 0 else Decimal(0) if self.type.unsigned else -top
            rounded = quantize(rounded, self.type.scale)
        elif rounded != number and not isinstance(value, float):
            context.note(errors.DATA_TRUNCATED(column=self.name, row=context.row))
        return decimal_text(rounded)

    def _real(self, value: Value, context: StoreContext) -> Stored:
        number = float(self._number(value, context, "double"))
        if self.type.unsigned and number < 0:
            self._out_of_range(context)
            number = 0.0
        if self.type.base_name == "float":
            try:
                number = float(struct.unpack("f", struct.pack("f", number))[0])
            except OverflowError:
                self._out_of_range(context)
        return number

    # --- texts ----------------------------------------------------------------------------------

    def _string(self, value: Value, context: StoreContext) -> Stored:
        if isinstance(value, bytes):
            try:
                text = value.decode()
            except UnicodeDecodeError as error:
                shown = "".join(f"\\x{byte:02X}" for byte in value[error.start :][:6])
                self._wrong_value(shown, "string", context)
                text = value[: error.start].decode()
        else:
            text = value if type(value) is str else value_text(value)
        if self.type.base_name == "char":
            text = text.rstrip(" ")
        if len(text) > self.type.length:
            text = self._cut(text, context)
        return text

    def _cut(self, text: str, context: StoreContext) -> str:
        cut = errors.DATA_TRUNCATED(column=self.name, row=context.row)
        if text[self.type.length :].strip(" "):
            context.fault(errors.DATA_TOO_LONG(column=self.name, row=context.row), cut)
        else:
            context.note(cut)
        return text[: self.type.length]

    def _binary(self, value: Value, context: StoreContext) -> Stored:
        data = value if isinstance(value, bytes) else value_text(value).encode()
        if len(data) > self.type.length:
            cut = errors.DATA_TRUNCATED(column=self.name, row=context.row)
            context.fault(errors.DATA_TOO_LONG(column=self.name, row=context.row), cut)
            data = data[: self.type.length]
        if self.type.base_name == "binary":
            data = data.ljust(self.type.length, b"\0")
        return data

    def _json(self, value: Value, context: StoreContext) -> Stored:
        if isinstance(value, bytes):
            raise errors.NOT_SUPPORTED_YET(construct="binary data in a JSON column")
        try:
            return json_text.normalise(value_text(value))
        except json.JSONDecodeError as error:
            raise errors.INVALID_JSON_TEXT(
                reason=json_text.reason(error),
                position=error.pos,
                column=f"{self.table}.{self.name}",
            ) from None

    def _enum(self, value: Value, context: StoreContext) -> Stored:
        if isinstance(value, int | float | Decimal):
            index = int(value)
            if 0 < index <= len(self._labels):
                return index
        else:
            text = value_text(value)
            index = self._labels.get(fold(text.rstrip(" ")), 0)
            if index:
                return index
            if text.isdigit() and 0 < int(text) <= len(self._labels):
                return int(text)
        context.fault(errors.DATA_TRUNCATED(column=self.name, row=context.row))
        return 0

    def _set(self, value: Value, context: StoreContext) -> Stored:
        if isinstance(value, int):
            bits = value
        else:
            bits = 0
            for part in value_text(value).split(","):
                index = self._labels.get(fold(part.rstrip(" ")), 0)
                if not index and part:
                    context.fault(errors.DATA_TRUNCATED(column=self.name, row=context.row))
                bits |= 1 << (index - 1) if index else 0
        if bits >> len(self._labels):
            context.fault(errors.DATA_TRUNCATED(column=self.name, row=context.row))
            bits &= (1 << len(self._labels)) - 1
        return bits

    # --- dates and times ------------------------------------------------------------------------

    def _moment(self, value: Value) -> datetime | None:
        if isinstance(value, datetime):
            return value
        if isinstance(value, date):
            return datetime(value.year, value.month, value.day)
        if isinstance(value, timedelta):
            return datetime.combine(datetime.now().date(), datetime.min.time()) + value
        return parse_datetime(value_text(value))

    def _bad_time(self, value: Value, context: StoreContext) -> None:
        what = self.type.kind.value
        context.fault(
            errors.TRUNCATED_WRONG_VALUE(
                type=what, value=value_text(value), column=self.name, row=context.row
            )
        )

    def _date(self, value: Value, context: StoreContext) -> Stored:
        moment = self._moment(value)
        if moment is None:
            self._bad_time(value, context)
            return "0000-00-00"
        return date_text(moment.date())

    def _datetime(self, value: Value, context: StoreContext) -> Stored:
        moment = self._moment(value)
        if moment is None or (
            self.type.base_name == "timestamp"
            and not datetime(1970, 1, 1, 0, 0, 1) <= moment < datetime(2038, 1, 19, 3, 14, 8)
        ):
            self._bad_time(value, context)
            return "0000-00-00 00:00:00"
        return datetime_text(round_to_fraction(moment, self.type.scale))

    def _time(self, value: Value, context: StoreContext) -> Stored:
        number: int | None
        if isinstance(value, timedelta):
            number = value // timedelta(microseconds=1)
        elif isinstance(value, datetime):
            number = microseconds_of_day(value)
        else:
            number = parse_time(value_text(value))
        if number is None:
            self._bad_time(value, context)
            return 0
        unit: Any = 10 ** (6 - self.type.scale)
        magnitude = (abs(number) + unit // 2) // unit * unit
        if magnitude > TIME_LIMIT:
            self._bad_time(value, context)
            magnitude = TIME_LIMIT
        return int(-magnitude if number < 0 else magnitude)
