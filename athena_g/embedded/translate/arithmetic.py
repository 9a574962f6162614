"""Arithmetic as MySQL does it: exact for integers and decimals, ``/`` with four more digits."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from athena_g.embedded import types
from athena_g.embedded.translate import intervals
from athena_g.embedded.translate.values import (
    Sql,
    decimal_literal,
    integer_literal,
    real_literal,
    to_decimal,
    to_number,
    to_real,
)
from athena_g.embedded.types import Kind, SqlType

if TYPE_CHECKING:
    from athena_g.embedded.translate.expressions import Expressions

DIVISION_DIGITS = 4
"""div_precision_increment."""


def _integer_type(left: Sql, right: Sql) -> SqlType:
    if left.type.unsigned or right.type.unsigned:
        return types.BIGINT_UNSIGNED
    return replace(types.BIGINT, length=min(max(left.type.length, right.type.length) + 1, 20))


def _operand(value: Sql) -> Sql:
    """The value as a number; an ENUM or SET counts as a floating-point one."""
    return to_real(value) if value.kind in (Kind.ENUM, Kind.SET) else to_number(value)


def _below_zero(value: Sql) -> bool:
    """Whether the integer may be less than 0."""
    if isinstance(value.constant, int):
        return value.constant < 0
    return not value.type.unsigned


def _numbers(left: Sql, right: Sql) -> tuple[Sql, Sql, Kind]:
    """Both sides as numbers, and the kind in which they are reckoned."""
    left, right = _operand(left), _operand(right)
    kinds = {left.kind, right.kind}
    for kind in (Kind.REAL, Kind.DECIMAL):
        if kind in kinds:
            return left, right, kind
    return left, right, Kind.INT


def add(translator: Expressions, tree: exp.Binary) -> Sql:
    """``a + b`` or ``a - b``; with an INTERVAL, a date."""
    sign = "-" if isinstance(tree, exp.Sub) else "+"
    for one, other in ((tree.this, tree.expression), (tree.expression, tree.this)):
        if isinstance(other, exp.Interval):
            return intervals.shift(translator, one, other, sign)
    return plus(translator.translate(tree.this), sign, translator.translate(tree.expression))


def plus(left: Sql, sign: str, right: Sql) -> Sql:
    """The sum or difference of two values."""
    left, right, kind = _numbers(left, right)
    nullable = left.nullable or right.nullable
    if kind is Kind.INT:
        result = _integer_type(left, right)
        text = f"({left.text} {sign} {right.text})"
        if result.unsigned and (sign == "-" or _below_zero(left) or _below_zero(right)):
            text = f"my_unsigned{text}"
        return Sql(text, result, nullable)
    if kind is Kind.DECIMAL:
        one, other = to_decimal(left), to_decimal(right)
        scale = max(one.type.scale, other.type.scale)
        digits = max(one.type.length - one.type.scale, other.type.length - other.type.scale) + 1
        name = "my_add" if sign == "+" else "my_subtract"
        return Sql(
            f"{name}({one.text}, {other.text})", types.decimal(digits + scale, scale), nullable
        )
    return Sql(f"({to_real(left).text} {sign} {to_real(right).text})", types.DOUBLE, nullable)


def multiply(translator: Expressions, tree: exp.Mul) -> Sql:
    """``a * b``."""
    left, right, kind = _numbers(
        translator.translate(tree.this), translator.translate(tree.expression)
    )
    nullable = left.nullable or right.nullable
    if kind is Kind.INT:
        result = replace(_integer_type(left, right), length=20)
        text = f"({left.text} * {right.text})"
        if result.unsigned and (_below_zero(left) or _below_zero(right)):
            text = f"my_unsigned{text}"
        return Sql(text, result, nullable)
    if kind is Kind.DECIMAL:
        one, other = to_decimal(left), to_decimal(right)
        scale = min(one.type.scale + other.type.scale, 30)
        digits = one.type.length + other.type.length
        return Sql(f"my_multiply({one.text}, {other.text})", types.decimal(digits, scale), nullable)
    return Sql(f"({to_real(left).text} * {to_real(right).text})", types.DOUBLE, nullable)


def quotient(left: Sql, right: Sql) -> Sql:
    """``a / b`` of two values: NULL where b is 0."""
    left, right, kind = _numbers(left, right)
    if kind is Kind.REAL:
        return Sql(f"my_divide_reals({to_real(left).text}, {to_real(right).text})", types.DOUBLE)
    one, other = to_decimal(left), to_decimal(right)
    scale = min(one.type.scale + DIVISION_DIGITS, 30)
    digits = one.type.length - one.type.scale + other.type.scale + scale
    text = f"my_divide({one.text}, {other.text}, {scale})"
    return Sql(text, types.decimal(digits, scale))


def divide(translator: Expressions, tree: exp.Div) -> Sql:
    """``a / b``."""
    return quotient(translator.translate(tree.this), translator.translate(tree.expression))


def divide_integers(translator: Expressions, tree: exp.IntDiv) -> Sql:
    """``a DIV b``: the quotient cut to an integer."""
    left, right, kind = _numbers(
        translator.translate(tree.this), translator.translate(tree.expression)
    )
    unsigned = left.type.unsigned or right.type.unsigned
    result = types.BIGINT_UNSIGNED if unsigned else types.BIGINT
    if kind is not Kind.INT:
        left, right = to_decimal(left), to_decimal(right)
    return Sql(f"my_div({left.text}, {right.text})", result)


def modulo(left: Sql, right: Sql) -> Sql:
    """``a % b`` of two values: the sign is that of a, NULL where b is 0."""
    left, right, kind = _numbers(left, right)
    if kind is Kind.INT:
        return Sql(f"my_mod({left.text}, {right.text})", _integer_type(left, right))
    if kind is Kind.DECIMAL:
        one, other = to_decimal(left), to_decimal(right)
        scale = max(one.type.scale, other.type.scale)
        result = types.decimal(max(one.type.length, other.type.length), scale)
        return Sql(f"my_mod({one.text}, {other.text})", result)
    return Sql(f"my_mod({to_real(left).text}, {to_real(right).text})", types.DOUBLE)


def negate(translator: Expressions, tree: exp.Neg) -> Sql:
    """``-a``."""
    inner = tree.this
    if isinstance(inner, exp.Literal) and not inner.is_string and str(inner.this).isdigit():
        return integer_literal(-int(str(inner.this)))
    value = to_number(translator.translate(inner))
    if value.is_constant and value.constant is not None:
        if value.kind is Kind.DECIMAL:
            return decimal_literal(-value.constant)
        return real_literal(-value.constant) if value.kind is Kind.REAL else value_negated(value)
    return value_negated(value)


def value_negated(value: Sql) -> Sql:
    """The value with the other sign."""
    if value.kind is Kind.DECIMAL:
        return Sql(f"my_subtract('0', {value.text})", value.type, value.nullable)
    result = types.BIGINT if value.kind is Kind.INT else types.DOUBLE
    return Sql(f"(- {value.text})", result, value.nullable)
