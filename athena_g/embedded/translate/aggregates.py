"""Aggregate and window functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from athena_g import errors
from athena_g.embedded import types
from athena_g.embedded.catalogue import quote
from athena_g.embedded.parse import FUNCTION_MARK, unsupported
from athena_g.embedded.translate import arithmetic
from athena_g.embedded.translate.values import (
    Sql,
    common_collation,
    ordering,
    quote_text,
    to_integer,
    to_json,
    to_number,
    to_real,
    to_text,
)
from athena_g.embedded.types import Kind, SqlType

if TYPE_CHECKING:
    from athena_g.embedded.translate.expressions import Expressions

_STATISTICS = {
    "STD": "my_stddev_pop",
    "STDDEV": "my_stddev_pop",
    "STDDEV_POP": "my_stddev_pop",
    "STDDEV_SAMP": "my_stddev_samp",
    "VAR_POP": "my_var_pop",
    "VARIANCE": "my_var_pop",
    "VAR_SAMP": "my_var_samp",
}
_BITS = {"BIT_AND": "my_bit_and", "BIT_OR": "my_bit_or", "BIT_XOR": "my_bit_xor"}
AGGREGATES = frozenset(
    {"COUNT", "SUM", "AVG", "MIN", "MAX", "ANY_VALUE", "JSON_ARRAYAGG", "JSON_OBJECTAGG"}
    | _STATISTICS.keys()
    | _BITS.keys()
)
_WINDOW_ONLY: dict[str, SqlType | None] = {
    "ROW_NUMBER": types.BIGINT_UNSIGNED,
    "RANK": types.BIGINT_UNSIGNED,
    "DENSE_RANK": types.BIGINT_UNSIGNED,
    "NTILE": types.BIGINT_UNSIGNED,
    "PERCENT_RANK": types.DOUBLE,
    "CUME_DIST": types.DOUBLE,
    "LAG": None,
    "LEAD": None,
    "FIRST_VALUE": None,
    "LAST_VALUE": None,
    "NTH_VALUE": None,
}


def call(
    translator: Expressions,
    name: str,
    trees: Sequence[exp.Expression],
    node: exp.Expression,
    over: str = "",
) -> Sql:
    """The call of an aggregate function, over a window if ``over`` is given."""
    scope = translator.scope
    if name == "ANY_VALUE":
        return _any_value(translator, trees)
    if not over:
        if scope.aggregate_depth or scope.clause in ("where clause", "on clause"):
            raise errors.INVALID_GROUP_FUNCTION()
        scope.aggregates += 1
        scope.aggregate_depth += 1
    try:
        return _aggregate(translator, name, list(trees), node, over)
    finally:
        if not over:
            scope.aggregate_depth -= 1


def _any_value(translator: Expressions, trees: Sequence[exp.Expression]) -> Sql:
    scope = translator.scope
    scope.aggregate_depth += 1
    try:
        return translator.translate(trees[0])
    finally:
        scope.aggregate_depth -= 1


def _aggregate(
    translator: Expressions, name: str, trees: list[exp.Expression], node: exp.Expression, over: str
) -> Sql:
    distinct = ""
    if len(trees) == 1 and isinstance(trees[0], exp.Distinct):
        distinct, trees = "DISTINCT ", list(trees[0].expressions)
    if name == "COUNT":
        return _count(translator, trees, distinct, over)
    if name == "JSON_OBJECTAGG" and len(trees) == 2:
        key, value = (
            to_text(translator.translate(trees[0])),
            to_json(translator.translate(trees[1])),
        )
        return Sql(f"my_json_objectagg({key.text}, {value.text}){over}", types.JSON)
    if len(trees) != 1 or isinstance(trees[0], exp.Star):
        raise unsupported(node)
    value = translator.translate(trees[0])
    if name in ("MIN", "MAX"):
        return _extreme(name, value, over)
    if name == "SUM":
        return _sum(value, distinct, over)
    if name == "AVG":
        return _average(value, distinct, over)
    if name == "JSON_ARRAYAGG":
        return Sql(f"my_json_arrayagg({to_json(value).text}){over}", types.JSON)
    if over or distinct:
        raise unsupported(node)
    if name in _STATISTICS:
        return Sql(f"{_STATISTICS[name]}({to_real(value).text})", types.DOUBLE)
    return Sql(f"{_BITS[name]}({to_integer(value).text})", types.U64_LITERAL, nullable=False)


def _count(translator: Expressions, trees: list[exp.Expression], distinct: str, over: str) -> Sql:
    if len(trees) == 1 and isinstance(trees[0], exp.Star):
        return Sql(f"COUNT(*){over}", types.BIGINT, nullable=False)
    values = translator.all(trees)
    if len(values) == 1:
        text = ordering(values[0]) if distinct else values[0].text
        return Sql(f"COUNT({distinct}{text}){over}", types.BIGINT, nullable=False)
    if not distinct:
        raise errors.WRONG_PARAMETER_COUNT(function="COUNT")
    keys = ", ".join(_identity(value) for value in values)
    return Sql(f"COUNT(DISTINCT my_tuple({keys})){over}", types.BIGINT, nullable=False)


def _identity(value: Sql) -> str:
    """What is equal exactly where the values are equal."""
    if value.kind is Kind.STRING:
        return f"my_collation_key({value.text}, '{value.type.collation}')"
    return value.text


def _extreme(name: str, value: Sql, over: str) -> Sql:
    if value.kind in (Kind.ENUM, Kind.SET):
        value = to_text(value)
    return Sql(f"{name}({ordering(value)}){over}", value.type, coercibility=value.coercibility)


def _sum(value: Sql, distinct: str, over: str) -> Sql:
    number = to_number(value)
    if number.kind is Kind.INT:
        if number.type.wire is types.BIGINT.wire:  # SQLite's own ends in an error beyond 64 bits
            return Sql(f"my_sum({distinct}{number.text}){over}", types.decimal(41, 0))
        return Sql(f"SUM({distinct}{number.text}){over}", types.integer_sum())
    if number.kind is Kind.DECIMAL:
        result = types.decimal(number.type.length + 22, number.type.scale)
        text = f"{number.text} COLLATE decimal" if distinct else number.text
        return Sql(f"my_sum({distinct}{text}){over}", result)
    return Sql(f"SUM({distinct}{number.text}){over}", types.DOUBLE)


def _average(value: Sql, distinct: str, over: str) -> Sql:
    number = to_number(value)
    if number.kind is Kind.REAL:
        return Sql(f"AVG({distinct}{number.text}){over}", types.DOUBLE)
    total = _sum(value, distinct, over)
    scale = min(number.type.scale + arithmetic.DIVISION_DIGITS, 30)
    digits = number.type.length + arithmetic.DIVISION_DIGITS
    count = f"COUNT({distinct}{ordering(number)}){over}"
    return Sql(f"my_divide({total.text}, {count}, {scale})", types.decimal(digits, scale))


def group_concat(translator: Expressions, tree: exp.GroupConcat) -> Sql:
    """``GROUP_CONCAT([DISTINCT] a, … [ORDER BY …] [SEPARATOR '…'])``."""
    scope = translator.scope
    if scope.aggregate_depth or scope.clause in ("where clause", "on clause"):
        raise errors.INVALID_GROUP_FUNCTION()
    scope.aggregates += 1
    scope.aggregate_depth += 1
    try:
        return _group_concat(translator, tree)
    finally:
        scope.aggregate_depth -= 1


def _group_concat(translator: Expressions, tree: exp.GroupConcat) -> Sql:
    body, order, distinct = tree.this, "", ""
    if isinstance(body, exp.Order):
        order, body = f" ORDER BY {order_terms(translator, body)}", body.this
    if isinstance(body, exp.Distinct):
        distinct = "DISTINCT "
        parts = list(body.expressions)
        if len(parts) == 1 and isinstance(parts[0], exp.Order):
            order, parts = f" ORDER BY {order_terms(translator, parts[0])}", [parts[0].this]
    else:
        parts = list(body.expressions) if isinstance(body, exp.Concat | exp.Tuple) else [body]
    values = [to_text(value) for value in translator.all(parts)]
    collation, level = common_collation(values)
    text = " || ".join(value.text for value in values)
    if distinct:
        text = f"({text}) COLLATE {collation}"
    separator = tree.args.get("separator")
    joined = quote_text("," if separator is None else str(separator.this))
    limit = translator.context.surroundings.system_variable("group_concat_max_len", "")
    listed = f"my_texts({distinct}{text}{order})"
    return Sql(
        f"my_join({listed}, {joined}, {int(limit)})",
        types.text(collation),
        coercibility=level,
    )


def order_terms(translator: Expressions, order: exp.Order) -> str:
    """The terms of an ORDER BY inside a call."""
    terms = []
    for ordered in order.expressions:
        value = translator.translate(ordered.this)
        terms.append(ordering(value) + (" DESC" if ordered.args.get("desc") else ""))
    return ", ".join(terms)


# --- windows -------------------------------------------------------------------------------------


def window(translator: Expressions, tree: exp.Window) -> Sql:
    """``f() OVER (…)`` or ``f() OVER name``."""
    function = tree.this
    if not isinstance(function, exp.Anonymous):
        raise unsupported(tree)
    name = str(function.this).removeprefix(FUNCTION_MARK).upper()
    if tree.args.get("first") is not None:
        raise unsupported(tree)
    named, known = tree.args.get("alias"), ("partition_by", "order", "spec")
    over = f" OVER ({window_text(translator, tree)})"
    if named is not None and not any(tree.args.get(part) for part in known):
        over = f" OVER {quote(named.name)}"
    if name in AGGREGATES:
        return call(translator, name, function.expressions, function, over)
    if name not in _WINDOW_ONLY:
        raise unsupported(tree)
    values = translator.all(function.expressions)
    held = [values[0].text] if values and _WINDOW_ONLY[name] is None else []
    rest = values[1:] if held else values
    held += [value.text for value in rest]
    result = _WINDOW_ONLY[name] or values[0].type
    text = f"{name}({', '.join(held)}){over}"
    return Sql(text, result, nullable=_WINDOW_ONLY[name] is None)


def window_text(translator: Expressions, tree: exp.Window) -> str:
    """What stands between the parentheses of OVER."""
    parts = []
    if alias := tree.args.get("alias"):
        parts.append(quote(alias.name))
    if partition := tree.args.get("partition_by"):
        terms = ", ".join(ordering(value) for value in translator.all(partition))
        parts.append(f"PARTITION BY {terms}")
    if order := tree.args.get("order"):
        parts.append(f"ORDER BY {order_terms(translator, order)}")
    if spec := tree.args.get("spec"):
        parts.append(_frame(translator, spec))
    return " ".join(parts)


def _frame(translator: Expressions, spec: exp.WindowSpec) -> str:
    def side(name: str) -> str:
        bound = spec.args.get(name)
        where = str(spec.args.get(f"{name}_side") or "")
        if isinstance(bound, exp.Expression):
            value = translator.translate(bound)
            if not isinstance(value.constant, int):
                raise unsupported(spec)
            return f"{value.text} {where}"
        return f"{bound} {where}".strip()

    kind = str(spec.args.get("kind") or "").upper()
    if kind not in ("ROWS", "RANGE"):
        raise unsupported(spec)
    if spec.args.get("end") is None:
        return f"{kind} {side('start')}"
    return f"{kind} BETWEEN {side('start')} AND {side('end')}"
