"""The same for expressions of a syntax tree; :mod:`.operands` has what they are worth."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from athena_g.parser.operands import CASTS, Conversion, Worth, converted, multiplied, summed
from athena_g.parser.statement import Operand, Span
from athena_g.parser.text import Text, constant, negative

MAX_DEPTH: Final = 20
"""Operators within one another that are folded."""

_NOWHERE = Span(0, 0)
_WRITTEN = (exp.Literal, exp.National, exp.HexString, exp.BitString)
_CASTS: Final[dict[exp.DType, Conversion]] = {
    exp.DType.BIGINT: CASTS[b"signed"],
    exp.DType.UBIGINT: CASTS[b"unsigned"],
    exp.DType.DATE: CASTS[b"date"],
}
"""Not CHAR: the collation of what it gives may prevail over that of a column."""


def operand(text: Text, node: exp.Expr | None) -> Operand | None:
    """The value that an expression stands for; ``None`` for what only a server can compute."""
    return _operand(text, node, 0)


def _operand(text: Text, node: exp.Expr | None, depth: int) -> Operand | None:
    while isinstance(node, exp.Paren):
        node = node.this
    if node is None or depth > MAX_DEPTH:
        return None
    if isinstance(node, _WRITTEN):
        meta = node.meta
        return text.slot(Span(meta["start"], meta["end"] + 1)) if "start" in meta else None
    if isinstance(node, exp.Null):
        return constant(None, _NOWHERE)
    if isinstance(node, exp.Boolean):
        return constant(int(node.this), _NOWHERE)
    worth = _worth(text, node, depth + 1)
    return None if worth is None else Operand(worth, _NOWHERE)


def _worth(text: Text, node: exp.Expr, depth: int) -> Worth | None:
    if not isinstance(node, exp.Neg | exp.Cast | exp.Add | exp.Sub | exp.Mul):
        return None
    first = _operand(text, node.this, depth)
    if first is None:
        return None
    if isinstance(node, exp.Neg):
        return converted(negative, first.worth)
    if isinstance(node, exp.Cast):
        cuts_off = bool(node.to.expressions)  # CHAR(1)
        conversion = None if cuts_off else _CASTS.get(node.to.this)
        return None if conversion is None else converted(conversion, first.worth)
    second = _operand(text, node.expression, depth)
    if second is None:
        return None
    if isinstance(node, exp.Mul):
        return multiplied([first.worth, second.worth])
    return summed([(1, first.worth), (-1 if isinstance(node, exp.Sub) else 1, second.worth)])
