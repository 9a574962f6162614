"""Functions of control and of numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from athena_g import errors
from athena_g.embedded import types
from athena_g.embedded.translate import arithmetic
from athena_g.embedded.translate.signatures import (
    INTEGER,
    Builder,
    Function,
    native,
)
from athena_g.embedded.translate.values import (
    Sql,
    boolean,
    coerce,
    common_type,
    compare,
    ordering,
    to_integer,
    to_number,
    to_truth,
)
from athena_g.embedded.types import NUMERIC, TEMPORAL, Kind

if TYPE_CHECKING:
    from athena_g.embedded.translate.expressions import Expressions


def _if(translator: Expressions, values: list[Sql]) -> Sql:
    target = common_type(values[1:])
    yes, no = (coerce(value, target) for value in values[1:])
    text = f"(CASE WHEN {to_truth(values[0]).text} THEN {yes.text} ELSE {no.text} END)"
    return Sql(text, target, yes.nullable or no.nullable)


def _coalesce(translator: Expressions, values: list[Sql]) -> Sql:
    target = common_type(values)
    held = [coerce(value, target) for value in values]
    if len(held) == 1:
        return held[0]
    text = f"COALESCE({', '.join(value.text for value in held)})"
    return Sql(text, target, all(value.nullable for value in held))


def _nullif(translator: Expressions, values: list[Sql]) -> Sql:
    equal = compare(values[0], "=", values[1]).text
    text = f"(CASE WHEN {equal} THEN NULL ELSE {values[0].text} END)"
    return Sql(text, values[0].type)


def _isnull(translator: Expressions, values: list[Sql]) -> Sql:
    return replace(boolean(f"({values[0].text} IS NULL)"), nullable=False)


def _extreme(native: str) -> Builder:
    def build(translator: Expressions, values: list[Sql]) -> Sql:
        kinds = {value.kind for value in values}
        if kinds & TEMPORAL and kinds & NUMERIC:
            raise errors.NOT_SUPPORTED_YET(construct="GREATEST or LEAST of dates and numbers")
        target = common_type(values)
        held = [coerce(value, target) for value in values]
        first = ordering(replace(held[0], type=target))
        rest = ", ".join(value.text for value in held[1:])
        return Sql(f"{native}({first}, {rest})", target, any(v.nullable for v in held))

    return build


def _round(name: str) -> Builder:
    def build(translator: Expressions, values: list[Sql]) -> Sql:
        value = to_number(values[0])
        digits = to_integer(values[1]) if len(values) > 1 else Sql("0", types.BIGINT, constant=0)
        if value.kind is Kind.INT and (len(values) == 1 or digits.is_constant):
            if not digits.is_constant or (digits.constant or 0) >= 0:
                return value
            return Sql(f"{name}_integer({value.text}, {digits.text})", types.BIGINT)
        if value.kind is Kind.REAL:
            result = types.DOUBLE
        elif digits.is_constant and digits.constant is not None:
            scale = min(max(digits.constant, 0), value.type.scale)
            result = types.decimal(value.type.length - value.type.scale + 1 + scale, scale)
        else:
            result = types.decimal(value.type.length, value.type.scale)
        suffix = "_real" if value.kind is Kind.REAL else "_decimal"
        return Sql(f"{name}{suffix}({value.text}, {digits.text})", result, value.nullable)

    return build


def _whole(name: str) -> Builder:
    def build(translator: Expressions, values: list[Sql]) -> Sql:
        value = to_number(values[0])
        if value.kind is Kind.INT:
            return value
        if value.kind is Kind.REAL:
            return Sql(f"{name}({value.text})", types.DOUBLE, value.nullable)
        return Sql(f"my_{name}({value.text})", types.BIGINT, value.nullable)

    return build


def _abs(translator: Expressions, values: list[Sql]) -> Sql:
    value = to_number(values[0])
    name = "my_abs" if value.kind is Kind.DECIMAL else "abs"
    return Sql(f"{name}({value.text})", value.type, value.nullable)


def _mod(translator: Expressions, values: list[Sql]) -> Sql:
    return arithmetic.modulo(values[0], values[1])


def _rand(translator: Expressions, values: list[Sql]) -> Sql:
    if values:
        raise errors.NOT_SUPPORTED_YET(construct="RAND(seed)")
    return Sql("my_rand()", types.DOUBLE, nullable=False)


NUMBER_FUNCTIONS: dict[str, Function] = {
    "IF": Function(3, 3, _if),
    "IFNULL": Function(2, 2, _coalesce),
    "COALESCE": Function(1, 250, _coalesce),
    "NULLIF": Function(2, 2, _nullif),
    "ISNULL": Function(1, 1, _isnull),
    "GREATEST": Function(2, 250, _extreme("max")),
    "LEAST": Function(2, 250, _extreme("min")),
    "ROUND": Function(1, 2, _round("my_round")),
    "TRUNCATE": Function(2, 2, _round("my_truncate")),
    "FLOOR": Function(1, 1, _whole("floor")),
    "CEIL": Function(1, 1, _whole("ceil")),
    "CEILING": Function(1, 1, _whole("ceil")),
    "ABS": Function(1, 1, _abs),
    "MOD": Function(2, 2, _mod),
    "SIGN": native("sign", "r", types.BOOLEAN),
    "POW": native("my_pow", "rr", types.DOUBLE),
    "POWER": native("my_pow", "rr", types.DOUBLE),
    "SQRT": native("my_sqrt", "r", types.DOUBLE),
    "EXP": native("my_exp", "r", types.DOUBLE),
    "LN": native("my_ln", "r", types.DOUBLE),
    "LOG": native("my_log", "rr", types.DOUBLE, low=1),
    "LOG2": native("my_log2", "r", types.DOUBLE),
    "LOG10": native("my_log10", "r", types.DOUBLE),
    "SIN": native("sin", "r", types.DOUBLE),
    "COS": native("cos", "r", types.DOUBLE),
    "TAN": native("tan", "r", types.DOUBLE),
    "ASIN": native("asin", "r", types.DOUBLE),
    "ACOS": native("acos", "r", types.DOUBLE),
    "ATAN": native("atan", "r", types.DOUBLE),
    "ATAN2": native("atan2", "rr", types.DOUBLE),
    "RADIANS": native("radians", "r", types.DOUBLE),
    "DEGREES": native("degrees", "r", types.DOUBLE),
    "PI": native("pi", "", replace(types.DOUBLE, scale=6, length=8), nullable=False),
    "RAND": Function(0, 1, _rand),
    "BIT_COUNT": native("my_bit_count", "i", INTEGER),
}
