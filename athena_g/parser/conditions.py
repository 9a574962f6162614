"""Conditions: which columns are compared with what, under AND, OR and NOT.

Only what surely must hold for a row is read; all else is `UNKNOWN`, which any row may fulfil. NOT
is carried inwards as far as that keeps what NULL does: neither NO nor NULL lets a row pass.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from sqlglot import exp

from athena_g.parser.lexer import NotUnderstood
from athena_g.parser.statement import (
    UNKNOWN,
    All,
    AnyOf,
    Column,
    Comparison,
    Condition,
    IsNull,
    Nested,
    OneOf,
    Operand,
    Operator,
    SameColumns,
    Values,
)
from athena_g.parser.tree_operands import operand

if TYPE_CHECKING:
    from athena_g.parser.queries import Block, Reader, Scope

MAX_DEPTH: Final = 200

_OPERATORS: Final[dict[type[exp.Expr], Operator]] = {
    exp.EQ: Operator.EQUAL,
    exp.NullSafeEQ: Operator.SAME,
    exp.LT: Operator.LESS,
    exp.LTE: Operator.AT_MOST,
    exp.GT: Operator.MORE,
    exp.GTE: Operator.AT_LEAST,
}
_FLIPPED: Final = {
    Operator.EQUAL: Operator.EQUAL,
    Operator.SAME: Operator.SAME,
    Operator.LESS: Operator.MORE,
    Operator.AT_MOST: Operator.AT_LEAST,
    Operator.MORE: Operator.LESS,
    Operator.AT_LEAST: Operator.AT_MOST,
}
_NEGATED: Final = {
    Operator.LESS: Operator.AT_LEAST,
    Operator.AT_MOST: Operator.MORE,
    Operator.MORE: Operator.AT_MOST,
    Operator.AT_LEAST: Operator.LESS,
}


class Conditions:
    """Reads the conditions of one statement for its `Reader`."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def read(self, node: exp.Expr, block: Block, scope: Scope) -> Condition:
        """The condition that an expression is."""
        return _Reading(self._reader, block, scope).condition(node, 0)


class _Reading:
    def __init__(self, reader: Reader, block: Block, scope: Scope) -> None:
        self._reader = reader
        self._block = block
        self._scope = scope

    def condition(self, node: exp.Expr, depth: int) -> Condition:
        """What must hold for a row to pass."""
        if depth > MAX_DEPTH:
            raise NotUnderstood
        node = _bare(node)
        if isinstance(node, exp.And):
            return All(tuple(self.condition(each, depth + 1) for each in _parts(node)))
        if isinstance(node, exp.Or):
            return AnyOf(tuple(self.condition(each, depth + 1) for each in _parts(node)))
        if isinstance(node, exp.Not):
            return self.negated(node.this, depth + 1)
        if type(node) in _OPERATORS:
            return self._comparison(node, _OPERATORS[type(node)])
        if isinstance(node, exp.In):
            return self._among(node)
        if isinstance(node, exp.Between):
            return self._between(node)
        if isinstance(node, exp.Is) and isinstance(node.expression, exp.Null):
            column = self._column(node.this)
            if column is not None:
                return IsNull(column)
        return self._unknown(node)

    def negated(self, node: exp.Expr, depth: int) -> Condition:
        """What must hold for a row that ``NOT node`` lets pass."""
        if depth > MAX_DEPTH:
            raise NotUnderstood
        # NOT a < b is (NOT a) < b where it is written ! or sql_mode has HIGH_NOT_PRECEDENCE.
        if not isinstance(node, exp.Paren):
            return self._unknown(node)
        node = _bare(node)
        if isinstance(node, exp.And):
            return AnyOf(tuple(self._negated_part(each, depth + 1) for each in _parts(node)))
        if isinstance(node, exp.Or):
            return All(tuple(self._negated_part(each, depth + 1) for each in _parts(node)))
        return self._negated_part(node, depth)

    def _negated_part(self, node: exp.Expr, depth: int) -> Condition:
        """The same for what AND, OR or parentheses bound."""
        if isinstance(node, exp.Paren):
            return self.negated(node, depth)
        if isinstance(node, exp.Not):
            return self._truth(node.this, depth)
        operator = _NEGATED.get(_OPERATORS.get(type(node), Operator.EQUAL))
        if operator is not None:
            return self._comparison(node, operator)
        return self._unknown(node)

    def _truth(self, node: exp.Expr, depth: int) -> Condition:
        """NOT (NOT (a)) is a's truth, which passes the same rows as a."""
        if not isinstance(node, exp.Paren):
            return self._unknown(node)
        return self.condition(node, depth + 1)

    def _unknown(self, *nodes: exp.Expr) -> Condition:
        self._reader.scan(nodes, self._block, self._scope, decides=True)
        return UNKNOWN

    # -- comparisons -------------------------------------------------------------------------------

    def _comparison(self, node: exp.Expr, operator: Operator) -> Condition:
        left, right = _bare(node.this), _bare(node.expression)
        rows = _row(left), _row(right)
        if rows[0] is not None and rows[1] is not None:
            return self._rows(operator, rows[0], rows[1], node)
        if operator is Operator.EQUAL and isinstance(right, exp.Any):
            return self._matched(left, right.this)
        return self._compared(operator, left, right)

    def _compared(self, operator: Operator, left: exp.Expr, right: exp.Expr) -> Condition:
        one, other = self._column(left), self._column(right)
        if one is not None and other is not None:
            if operator not in _EQUALITIES:
                return UNKNOWN
            return SameColumns(one, other, null_safe=operator is Operator.SAME)
        value = self._operand(right if one is not None else left)
        if one is not None and value is not None:
            return Comparison(one, operator, value)
        if other is not None and value is not None:
            return Comparison(other, _FLIPPED[operator], value)
        return self._unknown(left, right)

    def _rows(
        self, operator: Operator, left: list[exp.Expr], right: list[exp.Expr], node: exp.Expr
    ) -> Condition:
        if operator not in _EQUALITIES or len(left) != len(right):
            return self._unknown(node)
        pairs = zip(left, right, strict=True)
        return All(tuple(self._compared(operator, _bare(a), _bare(b)) for a, b in pairs))

    def _between(self, node: exp.Between) -> Condition:
        column = self._column(node.this)
        low, high = self._operand(node.args["low"]), self._operand(node.args["high"])
        if column is None or low is None or high is None or node.args.get("symmetric"):
            return self._unknown(node)
        at_least = Comparison(column, Operator.AT_LEAST, _beside(high, low))
        return All((at_least, Comparison(column, Operator.AT_MOST, _beside(low, high))))

    # -- IN ----------------------------------------------------------------------------------------

    def _among(self, node: exp.In) -> Condition:
        query = node.args.get("query")
        if query is not None:
            return self._matched(_bare(node.this), query)
        row = _row(_bare(node.this))
        if row is not None:
            return self._row_among(row, node)
        column = self._column(node.this)
        operands = [self._operand(each) for each in node.expressions]
        if column is None or not operands or None in operands:
            return self._unknown(node.this, *node.expressions)
        return OneOf(column, tuple(each for each in operands if each is not None))

    def _row_among(self, row: list[exp.Expr], node: exp.In) -> Condition:
        """``(a, b) IN ((1, 2), (3, 4))``: a is 1 or 3, and b is 2 or 4."""
        wanted = [_row(_bare(each)) for each in node.expressions]
        if any(each is None or len(each) != len(row) for each in wanted) or not wanted:
            return self._unknown(node)
        conditions: list[Condition] = []
        for place, each in enumerate(row):
            column = self._column(each)
            cells = [values[place] for values in wanted if values is not None]
            operands = [self._operand(cell) for cell in cells]
            if column is None or None in operands:
                self._unknown(each, *cells)
            else:
                conditions.append(OneOf(column, tuple(one for one in operands if one is not None)))
        return All(tuple(conditions))

    def _matched(self, left: exp.Expr, query: exp.Expr) -> Condition:
        column = self._column(left)
        if column is None:
            self._unknown(left)
        read = self._reader.query(query, self._scope)
        self._block.nested.append(Nested(read, column, decides=True))
        return UNKNOWN

    # -- what is compared --------------------------------------------------------------------------

    def _column(self, node: exp.Expr) -> Column | None:
        node = _bare(node)
        if not isinstance(node, exp.Column) or isinstance(node.this, exp.Star):
            return None
        column = self._reader.column(node)
        self._reader.scan((node,), self._block, self._scope)
        return column

    def _operand(self, node: exp.Expr) -> Operand | None:
        return operand(self._reader.text, node)


_EQUALITIES = (Operator.EQUAL, Operator.SAME)
_KINDS: Final = ((int, Decimal, float), (str,), (date,), (bytes,))


def _beside(other: Operand, own: Operand) -> Operand:
    """One end of BETWEEN, which is known beside an ``other`` end of the same kind only.

    Else how it is compared depends on both: ``name BETWEEN 'b' AND 5`` compares numbers.
    """

    def worth(values: Values) -> Any:
        value, another = own.worth(values), other.worth(values)
        if value is None or another is None or _kind(value) == _kind(another):
            return value
        raise ValueError("the ends are of different kinds")

    return Operand(worth, own.span)


def _kind(value: object) -> int:
    return next((n for n, types in enumerate(_KINDS) if isinstance(value, types)), len(_KINDS))


def _bare(node: exp.Expr) -> exp.Expr:
    while isinstance(node, exp.Paren):
        node = node.this
    return node


def _row(node: exp.Expr) -> list[exp.Expr] | None:
    """The values of ``(a, b)`` or ``ROW(a, b)``."""
    if isinstance(node, exp.Tuple) or (
        isinstance(node, exp.Anonymous) and str(node.this).upper() == "ROW"
    ):
        return list(node.expressions)
    return None


def _parts(node: exp.Expr) -> list[exp.Expr]:
    """All that one AND, or one OR, holds together, in order."""
    kind = type(node)
    found: list[exp.Expr] = []
    waiting = [node]
    while waiting:
        each = waiting.pop()
        if type(each) is kind:
            waiting += (each.expression, each.this)
        else:
            found.append(each)
    return found
