"""A translated expression with its type, and the conversions MySQL does without being asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from athena_g import errors
from athena_g.embedded import types
from athena_g.embedded.native import decimal_text
from athena_g.embedded.temporal import date_text, datetime_text, parse_datetime, parse_time
from athena_g.embedded.types import NUMERIC, TEMPORAL, Kind, SqlType
from athena_g.protocol.constants import ColumnType

NOT_CONSTANT: Final = object()
EXPLICIT, COLUMN, COERCIBLE = 0, 2, 4


@dataclass(frozen=True, slots=True)
class Origin:
    """The table column an expression is, for the column definition of a result."""

    schema: str
    table: str
    org_table: str
    org_name: str
    flags: int


@dataclass(frozen=True, slots=True)
class Sql:
    """SQLite's text of an expression and what MySQL knows of its value."""

    text: str
    type: SqlType
    nullable: bool = True
    constant: Any = NOT_CONSTANT
    coercibility: int = COERCIBLE
    origin: Origin | None = None
    parameter: int | None = None
    """The number of the parameter that the expression is, and nothing else."""

    @property
    def kind(self) -> Kind:
        return self.type.kind

    @property
    def is_constant(self) -> bool:
        return self.constant is not NOT_CONSTANT


NULL = Sql("NULL", types.NULL, constant=None)


def quote_text(value: str) -> str:
    """A text as a literal of SQLite."""
    if "\0" in value:
        return f"CAST(x'{value.encode().hex()}' AS TEXT)"
    return "'" + value.replace("'", "''") + "'"


def text_literal(value: str, collation: str) -> Sql:
    """A string constant."""
    return Sql(
        quote_text(value), types.varchar(len(value), collation), nullable=False, constant=value
    )


def integer_literal(value: int) -> Sql:
    """An integer constant; one above 2^63-1 is held as a decimal."""
    if -(2**63) <= value < 2**63:
        width = replace(types.BIGINT, length=len(str(abs(value))) + 1)
        return Sql(str(value), width, nullable=False, constant=value)
    if 0 < value < 2**64:
        return Sql(f"'{value}'", types.U64_LITERAL, nullable=False, constant=Decimal(value))
    return decimal_literal(Decimal(value))


def decimal_literal(value: Decimal) -> Sql:
    """A decimal constant with the digits it was written with."""
    text = decimal_text(value)
    scale = len(text.partition(".")[2])
    digits = len(text.lstrip("-").replace(".", ""))
    return Sql(f"'{text}'", types.decimal(digits, scale), nullable=False, constant=value)


def real_literal(value: float) -> Sql:
    """A floating-point constant."""
    return Sql(repr(value), types.DOUBLE, nullable=False, constant=value)


def boolean(text: str, *parts: Sql) -> Sql:
    """A condition: 1, 0 or NULL."""
    return Sql(text, types.BOOLEAN, nullable=any(part.nullable for part in parts) or not parts)


# --- One kind made another -----------------------------------------------------------------------


def to_text(value: Sql) -> Sql:
    """The text MySQL makes of the value."""
    source = value.type
    match source.kind:
        case Kind.STRING | Kind.NULL:
            return value
        case Kind.INT | Kind.BINARY:
            text = f"CAST({value.text} AS TEXT)"
            if source.zerofill:
                text = f"my_zerofill({value.text}, {source.length})"
        case Kind.DECIMAL:
            text = f"my_decimal({value.text}, {source.scale})"
        case Kind.REAL:
            single = source.wire is ColumnType.FLOAT
            text = f"my_real_text({f'my_float({value.text})' if single else value.text})"
        case Kind.DATE | Kind.JSON:
            text = value.text
        case Kind.DATETIME:
            text = f"my_datetime_text({value.text}, {source.scale})"
        case Kind.TIME:
            text = f"my_time_text({value.text}, {source.scale})"
        case Kind.ENUM | Kind.SET:
            labels = quote_text(json.dumps(source.labels, ensure_ascii=False))
            text = f"my_{source.kind.value}({value.text}, {labels})"
        case _:
            raise errors.NOT_SUPPORTED_YET(construct=f"{source.name or source.kind.value} as text")
    result = types.varchar(
        source.length or 64, source.collation if source.labels else types.DEFAULT_COLLATION
    )
    coercibility = value.coercibility if source.labels else COERCIBLE + 1
    return Sql(text, result, value.nullable, coercibility=coercibility)


def to_number(value: Sql) -> Sql:
    """The number MySQL makes of the value: INT, DECIMAL or REAL."""
    match value.kind:
        case Kind.INT | Kind.DECIMAL | Kind.REAL:
            return value
        case Kind.NULL:
            return replace(value, type=types.BIGINT)
        case Kind.BIT | Kind.ENUM | Kind.SET:
            return Sql(value.text, types.BIGINT_UNSIGNED, value.nullable)
        case Kind.DATE | Kind.DATETIME | Kind.TIME:
            return _temporal_number(value)
        case Kind.BINARY if isinstance(value.constant, bytes):
            return integer_literal(int.from_bytes(value.constant, "big"))
        case Kind.JSON:
            return Sql(f"my_json_number({value.text})", types.DOUBLE, value.nullable)
    return Sql(f"my_number({value.text})", types.DOUBLE, value.nullable)


def _temporal_number(value: Sql) -> Sql:
    kind, scale = value.kind, value.type.scale
    call = f"my_{kind.value}_number({value.text})"
    if kind is Kind.DATE or not scale:
        return Sql(f"CAST({call} AS INTEGER)", types.BIGINT, value.nullable)
    return Sql(f"my_decimal({call}, {scale})", types.decimal(14 + scale, scale), value.nullable)


def to_real(value: Sql) -> Sql:
    """The value as a floating-point number."""
    number = to_number(value)
    if number.kind is Kind.REAL:
        return number
    return Sql(f"CAST({number.text} AS REAL)", types.DOUBLE, value.nullable)


def to_decimal(value: Sql) -> Sql:
    """The value as an exact decimal, held as text."""
    number = to_number(value)
    if number.kind is Kind.DECIMAL:
        return number
    if number.kind is Kind.INT:
        text = f"'{number.text}'" if number.is_constant and number.constant is not None else None
        precision = min(max(number.type.length, 1), 65)
        return Sql(
            text or f"CAST({number.text} AS TEXT)", types.decimal(precision, 0), value.nullable
        )
    return Sql(f"my_real_decimal({number.text})", types.decimal(65, 30), value.nullable)


def to_integer(value: Sql) -> Sql:
    """The value as an integer, rounded."""
    number = to_number(value)
    if number.kind is Kind.INT:
        return number
    return Sql(f"my_integer({number.text})", types.BIGINT, value.nullable)


def to_truth(value: Sql) -> Sql:
    """The value as SQLite is to test it."""
    if value.kind is Kind.JSON:
        raise errors.NOT_SUPPORTED_YET(construct="a JSON value as a condition")
    number = to_number(value)
    if number.kind is Kind.DECIMAL:
        return to_real(number)
    return number


def to_binary(value: Sql) -> Sql:
    """The value's bytes."""
    if value.kind in (Kind.BINARY, Kind.NULL):
        return value
    text = to_text(value)
    length = text.type.length * 4
    return Sql(f"CAST({text.text} AS BLOB)", types.varbinary(length), value.nullable)


def to_datetime(value: Sql) -> Sql:
    """The value as a date and time; NULL where it means none."""
    match value.kind:
        case Kind.DATETIME | Kind.NULL:
            return value
        case Kind.DATE:
            return Sql(f"({value.text} || ' 00:00:00')", types.datetime(), value.nullable)
        case Kind.TIME:
            return Sql(f"my_time_datetime({value.text})", types.datetime(value.type.scale))
    if isinstance(value.constant, str) and (moment := parse_datetime(value.constant)):
        scale = 6 if moment.microsecond else 0
        return Sql(quote_text(datetime_text(moment)), types.datetime(scale), nullable=False)
    if value.kind in NUMERIC:
        return Sql(f"my_number_datetime({to_text(value).text})", types.datetime(6))
    return Sql(f"my_datetime({to_text(value).text})", types.datetime(6))


def to_time(value: Sql) -> Sql:
    """The value as a time; NULL where it means none."""
    if value.kind in (Kind.TIME, Kind.NULL):
        return value
    scale = value.type.scale if value.kind is Kind.DATETIME else 6
    if value.kind is Kind.INT:
        scale = 0
    return Sql(f"my_time({to_text(value).text})", types.time(scale))


def to_json(value: Sql) -> Sql:
    """The value as a JSON document."""
    if value.kind in (Kind.JSON, Kind.NULL):
        return value
    if value.kind in (Kind.INT, Kind.REAL):
        flag = "1" if value.type.name == "boolean" else "0"
        return Sql(f"my_json_scalar({value.text}, {flag})", types.JSON, value.nullable)
    if value.kind is Kind.DECIMAL:
        return Sql(f"my_json_scalar(CAST({value.text} AS REAL), 0)", types.JSON, value.nullable)
    return Sql(f"my_json_scalar({to_text(value).text}, 0)", types.JSON, value.nullable)


def coerce(value: Sql, target: SqlType) -> Sql:
    """The value as the type's kind holds it."""
    if value.kind in (target.kind, Kind.NULL):
        return value
    match target.kind:
        case Kind.STRING:
            return to_text(value)
        case Kind.BINARY:
            return to_binary(value)
        case Kind.REAL:
            return to_real(value)
        case Kind.DECIMAL:
            return to_decimal(value)
        case Kind.INT:
            return to_integer(value)
        case Kind.DATETIME:
            return to_datetime(value)
        case Kind.JSON:
            return to_json(value)
        case Kind.TIME:
            return to_time(value)
    raise errors.NOT_SUPPORTED_YET(construct=f"{value.kind.value} as {target.kind.value}")


# --- Types of several values ---------------------------------------------------------------------


def common_collation(values: Iterable[Sql]) -> tuple[str, int]:
    """The collation in which texts compare, by coercibility; raises 1267.

    Of two equal ones that of the wider character set is it.
    Source: MySQL Reference Manual, "Collation Coercibility in Expressions".
    """
    chosen, level = "", 99
    for value in values:
        name = value.type.collation
        if value.kind is not Kind.STRING or not name:
            continue
        if value.coercibility < level:
            chosen, level = name, value.coercibility
        elif value.coercibility == level and _width(name) != _width(chosen):
            chosen = max(chosen, name, key=_width)
        elif value.coercibility == level and name != chosen:
            if chosen.endswith("_bin"):
                continue
            if name.endswith("_bin") or level >= COERCIBLE:
                chosen = name
            else:
                raise errors.ILLEGAL_MIX_OF_COLLATIONS(
                    first=f"{chosen},IMPLICIT", second=f"{name},IMPLICIT", operation="="
                )
    return chosen or types.DEFAULT_COLLATION, level if level < 99 else COERCIBLE


def _width(name: str) -> int:
    """How much a collation's character set can hold, beside others."""
    return {"utf8mb4": 2, "utf8mb3": 1}.get(name.partition("_")[0], 0)


def common_type(values: Sequence[Sql]) -> SqlType:
    """The type of a result that may be any of the values (CASE, COALESCE, UNION)."""
    present = [value for value in values if value.kind is not Kind.NULL]
    if not present:
        return types.NULL
    kinds = {value.kind for value in present}
    first = present[0].type
    if all(value.type == first for value in present):
        if first.kind is Kind.STRING:
            return first.with_collation(common_collation(present)[0])
        return first
    if kinds <= NUMERIC:
        return _common_number(present, kinds)
    if kinds <= {Kind.DATE, Kind.DATETIME}:
        return types.datetime(max(value.type.scale for value in present))
    if kinds == {Kind.TIME}:
        return types.time(max(value.type.scale for value in present))
    if kinds == {Kind.JSON}:
        return types.JSON
    if Kind.BINARY in kinds:
        return types.varbinary(max(value.type.length for value in present))
    length = max(value.type.length for value in present)
    collation = common_collation([to_text(value) for value in present])[0]
    return types.varchar(length, collation) if length < 65536 else types.text(collation)


def _common_number(present: Sequence[Sql], kinds: set[Kind]) -> SqlType:
    if Kind.REAL in kinds:
        return types.DOUBLE
    if all(value.type == types.U64_LITERAL or _is_unsigned(value) for value in present):
        return types.U64_LITERAL if Kind.DECIMAL in kinds else types.BIGINT_UNSIGNED
    if Kind.DECIMAL in kinds:
        scale = max(value.type.scale for value in present if value.kind is Kind.DECIMAL)
        digits = max(
            value.type.length - (value.type.scale if value.kind is Kind.DECIMAL else 0)
            for value in present
        )
        return types.decimal(digits + scale, scale)
    return types.BIGINT


def _is_unsigned(value: Sql) -> bool:
    return value.kind is Kind.INT and value.type.unsigned


# --- Comparison ----------------------------------------------------------------------------------


def _constant_date(value: Sql, other: SqlType) -> Sql | None:
    """A constant compared with a date or time, in the form that is stored; raises 1525."""
    constant = value.constant
    if isinstance(constant, int) and other.kind is not Kind.TIME:
        constant = str(constant)
    if not isinstance(constant, str):
        return None
    if other.kind is Kind.TIME:
        time = parse_time(constant)
        if time is None:
            raise errors.INCORRECT_TEMPORAL_VALUE(type="TIME", value=constant)
        return Sql(str(time), types.time(6), nullable=False)
    moment = parse_datetime(constant)
    if moment is None:
        raise errors.INCORRECT_TEMPORAL_VALUE(type=other.kind.name, value=constant)
    return _moment_literal(moment, other)


def _moment_literal(moment: datetime, other: SqlType) -> Sql:
    at_midnight = (moment.hour, moment.minute, moment.second, moment.microsecond) == (0, 0, 0, 0)
    if other.kind is Kind.DATE and at_midnight:
        return Sql(f"'{date_text(moment.date())}'", types.DATE, nullable=False)
    return Sql(f"'{datetime_text(moment)}'", types.datetime(6), nullable=False)


def _constant_number(value: Sql, other: SqlType) -> Sql | None:
    """A constant compared with an integer column as an integer, where it is one."""
    constant = value.constant
    if isinstance(constant, str) and other.kind is Kind.INT:
        stripped = constant.strip()
        if stripped.lstrip("-").isdecimal() and stripped.isascii() and len(stripped) < 19:
            return integer_literal(int(stripped))
    if isinstance(constant, Decimal) and other.kind is Kind.INT and constant == int(constant):
        return integer_literal(int(constant))
    return None


def _enum_comparands(left: Sql, right: Sql) -> tuple[Sql, Sql] | None:
    from athena_g.embedded.collation import fold

    for column, constant in ((left, right), (right, left)):
        if column.kind is Kind.ENUM and isinstance(constant.constant, str):
            labels = [fold(label) for label in column.type.labels]
            wanted = fold(constant.constant)
            index = labels.index(wanted) + 1 if wanted in labels else 0 if not wanted else -1
            number = integer_literal(index)
            return (column, number) if column is left else (number, column)
    return None


def comparands(left: Sql, right: Sql, *, equality: bool = False) -> tuple[str, str]:
    """The two sides of a comparison as SQLite must see them to compare as MySQL does."""
    kinds = {left.kind, right.kind}
    if Kind.NULL in kinds or kinds == {Kind.INT}:
        return left.text, right.text
    if kinds & {Kind.ENUM, Kind.SET} and equality and (pair := _enum_comparands(left, right)):
        return pair[0].text, pair[1].text
    if kinds & TEMPORAL:
        return _temporal_comparands(left, right)
    if Kind.JSON in kinds:
        return f"my_json_compare({to_json(left).text}, {to_json(right).text})", "0"
    if kinds & NUMERIC or (kinds <= {Kind.ENUM, Kind.SET} and left.type == right.type):
        return _numeric_comparands(left, right)
    if Kind.BINARY in kinds:
        return to_binary(left).text, to_binary(right).text
    left, right = to_text(left), to_text(right)
    collation = common_collation((left, right))[0]
    return f"{left.text} COLLATE {collation}", right.text


def _temporal_comparands(left: Sql, right: Sql) -> tuple[str, str]:
    left = (_constant_date(left, right.type) if right.type.is_temporal else None) or left
    right = (_constant_date(right, left.type) if left.type.is_temporal else None) or right
    if left.kind is right.kind:
        return left.text, right.text
    if {left.kind, right.kind} & NUMERIC:
        return _numeric_comparands(to_number(left), to_number(right))
    if Kind.TIME in (left.kind, right.kind) and not left.type.is_temporal & right.type.is_temporal:
        return _compared(to_time, left).text, _compared(to_time, right).text
    return _compared(to_datetime, left).text, _compared(to_datetime, right).text


def _compared(convert: Callable[[Sql], Sql], value: Sql) -> Sql:
    """The date or time a text is compared as: the zero one where it means none."""
    held = convert(value)
    if value.kind not in (Kind.STRING, Kind.ENUM, Kind.SET):
        return held
    zero = "0" if held.kind is Kind.TIME else "'0000-00-00 00:00:00'"
    text = f"(CASE WHEN {value.text} IS NOT NULL THEN COALESCE({held.text}, {zero}) END)"
    return replace(held, text=text, constant=NOT_CONSTANT)


def _as_parameter(value: Sql, other: Sql) -> str | None:
    """A parameter compared with a number, so that SQLite can still look in an index for it."""
    if value.parameter is None or value.text != f"my_parameter({value.parameter})":
        return None
    if value.kind is Kind.BINARY or other.kind not in (Kind.INT, Kind.REAL):
        return None
    return f"my_parameter_number({value.parameter})"


def _numeric_comparands(left: Sql, right: Sql) -> tuple[str, str]:
    if (number := _as_parameter(left, right)) is not None:
        return number, right.text
    if (number := _as_parameter(right, left)) is not None:
        return left.text, number
    left = _constant_number(left, right.type) or left
    right = _constant_number(right, left.type) or right
    left, right = to_number(left), to_number(right)
    kinds = {left.kind, right.kind}
    if kinds == {Kind.INT, Kind.DECIMAL}:
        for one, other in ((left, right), (right, left)):
            if one.kind is Kind.INT and other.is_constant and len(other.text) <= 17:
                return tuple(  # type: ignore[return-value]
                    side.text if side is one else f"{float(side.constant)!r}"
                    for side in (left, right)
                )
    if Kind.DECIMAL in kinds and Kind.REAL not in kinds:
        return f"{to_decimal(left).text} COLLATE decimal", to_decimal(right).text
    if kinds == {Kind.INT}:
        return left.text, right.text
    return to_real(left).text, to_real(right).text


def compare(left: Sql, operator: str, right: Sql) -> Sql:
    """``left operator right`` as MySQL compares; ``IS`` is ``<=>``."""
    left_text, right_text = comparands(left, right, equality=operator in ("=", "<>", "IS"))
    if operator == "IS" and Kind.JSON in (left.kind, right.kind):
        raise errors.NOT_SUPPORTED_YET(construct="<=> on JSON")
    text = f"({left_text} {operator} {right_text})"
    return (
        boolean(text, left, right) if operator != "IS" else replace(boolean(text), nullable=False)
    )


def ordering(value: Sql) -> str:
    """The expression by which SQLite sorts and groups the value as MySQL does."""
    if value.kind is Kind.STRING:
        return f"{value.text} COLLATE {value.type.collation or types.DEFAULT_COLLATION}"
    if value.kind is Kind.DECIMAL:
        return (
            f"CAST({value.text} AS TEXT) COLLATE decimal"
            if not value.origin
            else (f"{value.text} COLLATE decimal")
        )
    return value.text
