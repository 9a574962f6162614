"""Expressions that are worth the same everywhere: literals, parameters, and what is safe to fold.

Source: MySQL Reference Manual, "Arithmetic Operators", "Cast Functions and Operators".
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any, Final

from sqlglot import exp

from athena_g.parser.statement import Operand, Span, Values
from athena_g.parser.text import Text, constant, negative

MAX_DEPTH: Final = 50
"""Operators within one another that are folded."""

_ARITHMETIC: Final[dict[type[exp.Expr], Callable[[int, int], int]]] = {
    exp.Add: operator.add,
    exp.Sub: operator.sub,
    exp.Mul: operator.mul,
}
_WRITTEN = (exp.Literal, exp.HexString, exp.BitString)
_WHOLE = re.compile(r"[+-]?[0-9]+")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DATETIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?")
_BIGGEST = 2**63 - 1

Fold = Callable[[Any], Any]


def operand(text: Text, node: exp.Expr | None, depth: int = 0) -> Operand | None:
    """The value that an expression stands for; ``None`` for what only a server can compute."""
    while isinstance(node, exp.Paren):
        node = node.this
    if node is None or depth > MAX_DEPTH:
        return None
    if isinstance(node, _WRITTEN):
        return _written(text, node)
    if isinstance(node, exp.Null):
        return constant(None, Span(0, 0))
    if isinstance(node, exp.Boolean):
        return constant(int(node.this), Span(0, 0))
    if isinstance(node, exp.Neg):
        return _folded(operand(text, node.this, depth + 1), negative)
    if isinstance(node, exp.Cast):
        fold = _CASTS.get(node.to.this)
        return None if fold is None else _folded(operand(text, node.this, depth + 1), fold)
    if type(node) in _ARITHMETIC:
        left = operand(text, node.this, depth + 1)
        right = operand(text, node.expression, depth + 1)
        return _computed(_ARITHMETIC[type(node)], left, right)
    return None


def _written(text: Text, node: exp.Expr) -> Operand | None:
    meta = node.meta
    if "start" not in meta:
        return None
    return text.slot(Span(meta["start"], meta["end"] + 1))


def _folded(inner: Operand | None, fold: Fold) -> Operand | None:
    if inner is None:
        return None
    worth = inner.worth
    return Operand(lambda values: fold(worth(values)), inner.span)


def _computed(
    compute: Callable[[int, int], int], left: Operand | None, right: Operand | None
) -> Operand | None:
    if left is None or right is None:
        return None
    one, other = left.worth, right.worth

    def worth(values: Values) -> int:
        a, b = one(values), other(values)
        if type(a) is not int or type(b) is not int:
            raise ValueError("only whole numbers are computed here")
        result = compute(a, b)
        if abs(result) > _BIGGEST or abs(a) > _BIGGEST or abs(b) > _BIGGEST:
            raise ValueError("a number out of range")
        return result

    return Operand(worth, Span(left.span.start, right.span.end))


def _as_whole(value: Any) -> Any:
    if value is None or type(value) is int:
        return value
    if type(value) is str and _WHOLE.fullmatch(value) and abs(int(value)) <= _BIGGEST:
        return int(value)
    raise ValueError("not plainly a whole number")


def _as_natural(value: Any) -> Any:
    whole = _as_whole(value)
    if whole is not None and whole < 0:
        raise ValueError("a negative number")
    return whole


def _as_text(value: Any) -> Any:
    if value is None or type(value) is str:
        return value
    if type(value) is int:
        return str(value)
    raise ValueError("not plainly a text")


def _like(pattern: re.Pattern[str]) -> Fold:
    def fold(value: Any) -> Any:
        if value is None or (type(value) is str and pattern.fullmatch(value)):
            return value
        raise ValueError("not plainly a date")

    return fold


_CASTS: Final[dict[Any, Fold]] = {
    exp.DType.BIGINT: _as_whole,
    exp.DType.UBIGINT: _as_natural,
    exp.DType.CHAR: _as_text,
    exp.DType.DATE: _like(_DATE),
    exp.DType.DATETIME: _like(_DATETIME),
}
