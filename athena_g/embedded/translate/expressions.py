"""Expressions: every node of the tree that is known, by its class; any other is refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from athena_g import errors
from athena_g.embedded import types
from athena_g.embedded.collation import COLLATIONS
from athena_g.embedded.native import Value
from athena_g.embedded.parse import FUNCTION_MARK, parameter_position, unsupported
from athena_g.embedded.store import value_text
from athena_g.embedded.translate import arithmetic, casts, functions, patterns
from athena_g.embedded.translate.context import Context
from athena_g.embedded.translate.relations import Field, Scope
from athena_g.embedded.translate.values import (
    COERCIBLE,
    EXPLICIT,
    NOT_CONSTANT,
    NULL,
    Sql,
    boolean,
    coerce,
    common_type,
    comparands,
    compare,
    decimal_literal,
    integer_literal,
    quote_text,
    real_literal,
    text_literal,
    to_integer,
    to_real,
    to_text,
    to_truth,
)
from athena_g.embedded.types import NUMERIC, TEMPORAL, Kind

if TYPE_CHECKING:
    from athena_g.embedded.translate.select import Query

Handler = Callable[["Expressions", Any], Sql]


def constant(value: Value, collation: str) -> Sql:
    """A Python value as a constant."""
    match value:
        case None:
            return NULL
        case bool() | int():
            return integer_literal(int(value))
        case float():
            return real_literal(value)
        case Decimal():
            return decimal_literal(value)
        case bytes():
            return _binary_literal(value)
        case str():
            return text_literal(value, collation)
    return text_literal(value_text(value), collation)


def _string_literal(value: str, collation: str) -> Sql:
    """A string as written; one with bytes that are no UTF-8 can only be binary."""
    if not value.isascii() and any("\udc80" <= each <= "\udcff" for each in value):
        return _binary_literal(value.encode("utf-8", "surrogateescape"))
    return text_literal(value, collation)


def _binary_literal(value: bytes) -> Sql:
    return Sql(f"x'{value.hex()}'", types.varbinary(len(value)), nullable=False, constant=value)


class Expressions:
    """Translates the expressions of one query; subqueries are given to ``select``."""

    def __init__(
        self,
        context: Context,
        scope: Scope,
        translate_query: Callable[[exp.Expression, Scope], Query],
    ) -> None:
        self.context = context
        self.scope = scope
        self.translate_query = translate_query
        self.order_bare: list[tuple[str, list[Field]]] = []
        """Each term of ORDER BY, and the columns it reads outside of aggregate functions."""

    def translate(self, tree: exp.Expression) -> Sql:
        """The expression for SQLite; raises 1235 for a node that is not known."""
        handler = _HANDLERS.get(type(tree).__name__)
        if handler is None:
            raise unsupported(tree)
        return handler(self, tree)

    def all(self, trees: Sequence[exp.Expression]) -> list[Sql]:
        return [self.translate(tree) for tree in trees]

    def truth(self, tree: exp.Expression) -> str:
        """The expression as a condition of WHERE, ON or HAVING."""
        return to_truth(self.translate(tree)).text

    # --- constants and names ----------------------------------------------------------------

    def _literal(self, tree: exp.Literal) -> Sql:
        text = str(tree.this)
        if tree.is_string:
            return _string_literal(text, self.context.collation)
        if "e" in text.lower():
            return real_literal(float(text))
        return decimal_literal(Decimal(text)) if "." in text else integer_literal(int(text))

    def _hex(self, tree: exp.HexString) -> Sql:
        digits = str(tree.this)
        return _binary_literal(bytes.fromhex(digits if len(digits) % 2 == 0 else "0" + digits))

    def _bits(self, tree: exp.BitString) -> Sql:
        digits = str(tree.this)
        return _binary_literal(int(digits, 2).to_bytes((len(digits) + 7) // 8, "big"))

    def _introduced(self, tree: exp.Introducer) -> Sql:
        charset = str(tree.this).lower().removeprefix("_")
        value = self.translate(tree.expression)
        if charset == "binary":
            held = value.constant
            return _binary_literal(held.encode() if isinstance(held, str) else bytes(held))
        if charset not in ("utf8mb4", "utf8", "utf8mb3", "latin1", "ascii"):
            raise errors.UNKNOWN_CHARACTER_SET(charset=charset)
        if isinstance(value.constant, bytes):
            encoding = "latin-1" if charset == "latin1" else "utf-8"
            return text_literal(value.constant.decode(encoding), self.context.collation)
        return value

    def _national(self, tree: exp.National) -> Sql:
        return text_literal(str(tree.this), "utf8mb3_general_ci")

    def _null(self, tree: exp.Null) -> Sql:
        return NULL

    def _boolean(self, tree: exp.Boolean) -> Sql:
        value = integer_literal(int(bool(tree.this)))
        return replace(value, type=replace(types.BOOLEAN, name="boolean"))

    def _column(self, tree: exp.Column) -> Sql:
        if isinstance(tree.this, exp.Star):
            raise unsupported(tree)
        return self.scope.resolve(tree.name, tree.table or None, tree.db or None)

    def _user_variable(self, tree: exp.Parameter) -> Sql:
        if (position := parameter_position(tree)) is not None:
            return self.context.surroundings.parameters.translated(position, self.context.collation)
        self.context.cacheable = False
        value = self.context.surroundings.user_variable(tree.name.lower())
        return replace(constant(value, self.context.collation), nullable=True)

    def _system_variable(self, tree: exp.SessionParameter) -> Sql:
        self.context.cacheable = False
        scope = str(tree.args.get("kind") or "").lower()
        value = self.context.surroundings.system_variable(tree.name.lower(), scope)
        return constant(value, self.context.collation)

    def _paren(self, tree: exp.Paren) -> Sql:
        inner = self.translate(tree.this)
        return inner if inner.is_constant else replace(inner, text=f"({inner.text})")

    # --- logic ----------------------------------------------------------------------------------

    def _logic(self, tree: exp.Binary) -> Sql:
        left, right = self.translate(tree.this), self.translate(tree.expression)
        left, right = to_truth(left), to_truth(right)
        if isinstance(tree, exp.Xor):
            return boolean(f"(({left.text} <> 0) <> ({right.text} <> 0))", left, right)
        word = "AND" if isinstance(tree, exp.And) else "OR"
        return boolean(f"({left.text} {word} {right.text})", left, right)

    def _not(self, tree: exp.Not) -> Sql:
        value = to_truth(self.translate(tree.this))
        return boolean(f"(NOT {value.text})", value)

    def _comparison(self, tree: exp.Binary) -> Sql:
        operator = _COMPARISONS[type(tree).__name__]
        if isinstance(tree.expression, exp.Any | exp.All):
            return self._quantified(tree, operator)
        left_row, right_row = _row(tree.this), _row(tree.expression)
        if left_row is not None and right_row is not None:
            return self._compare_rows(self.all(left_row), operator, self.all(right_row))
        if (left_row is None) != (right_row is None):
            raise unsupported(tree)
        return compare(self.translate(tree.this), operator, self.translate(tree.expression))

    def _compare_rows(self, left: list[Sql], operator: str, right: list[Sql]) -> Sql:
        if len(left) != len(right):
            raise errors.OPERAND_COLUMNS(count=len(left))
        if operator in ("=", "IS"):
            parts = [compare(one, operator, other) for one, other in zip(left, right, strict=True)]
            return boolean("(" + " AND ".join(part.text for part in parts) + ")", *parts)
        if operator == "<>":
            equal = self._compare_rows(left, "=", right)
            return boolean(f"(NOT {equal.text})", equal)
        text = compare(left[-1], operator, right[-1]).text
        strict = operator[0]
        for one, other in list(zip(left, right, strict=True))[-2::-1]:
            before, same = compare(one, strict, other).text, compare(one, "=", other).text
            text = f"({before} OR ({same} AND {text}))"
        return boolean(text)

    def _quantified(self, tree: exp.Binary, operator: str) -> Sql:
        wanted = {"=": exp.Any, "<>": exp.All}.get(operator)
        if wanted is None or not isinstance(tree.expression, wanted):
            raise errors.NOT_SUPPORTED_YET(construct=f"{operator} ANY/ALL (subquery)")
        found = self._in_query([tree.this], tree.expression.this)
        return found if operator == "=" else boolean(f"(NOT {found.text})", found)

    def _is(self, tree: exp.Is) -> Sql:
        value = self.translate(tree.this)
        if isinstance(tree.expression, exp.Null):
            return replace(boolean(f"({value.text} IS NULL)"), nullable=False)
        if not isinstance(tree.expression, exp.Boolean):
            raise unsupported(tree)
        truth = to_truth(value).text
        test = f"COALESCE({truth} <> 0, 0)" if tree.expression.this else f"COALESCE({truth} = 0, 0)"
        return replace(boolean(test), nullable=False)

    def _between(self, tree: exp.Between) -> Sql:
        value = self.translate(tree.this)
        low, high = self.translate(tree.args["low"]), self.translate(tree.args["high"])
        ends = {low.kind, high.kind}
        if value.kind is Kind.STRING and Kind.STRING in ends and ends & (NUMERIC | TEMPORAL):
            if ends & TEMPORAL:
                raise unsupported(tree)
            value, low, high = to_real(value), to_real(low), to_real(high)
        first, low_text = comparands(value, low)
        second, high_text = comparands(value, high)
        if first == second:
            return boolean(f"({first} BETWEEN {low_text} AND {high_text})", value, low, high)
        return boolean(f"({first} >= {low_text} AND {second} <= {high_text})", value, low, high)

    def _in(self, tree: exp.In) -> Sql:
        row = _row(tree.this)
        query = tree.args.get("query")
        if query is not None:
            return self._in_query(row or [tree.this], query)
        if any(tree.args.get(part) for part in ("unnest", "field")):
            raise unsupported(tree)
        items = tree.expressions
        if row is not None:
            left = self.all(row)
            tests = [
                self._compare_rows(left, "=", self.all(_row(item) or [item])) for item in items
            ]
            return boolean("(" + " OR ".join(test.text for test in tests) + ")", *tests)
        value = self.translate(tree.this)
        return self._in_list(value, self.all(items))

    def _in_list(self, value: Sql, items: list[Sql]) -> Sql:
        pairs = [comparands(value, item, equality=True) for item in items]
        if len({left for left, _ in pairs}) == 1:
            listed = ", ".join(right for _, right in pairs)
            return boolean(f"({pairs[0][0]} IN ({listed}))", value, *items)
        tests = " OR ".join(f"{left} = {right}" for left, right in pairs)
        return boolean(f"({tests})", value, *items)

    def _in_query(self, trees: Sequence[exp.Expression], query_tree: exp.Expression) -> Sql:
        query = self.translate_query(query_tree, self.scope)
        if len(query.outputs) != len(trees):
            raise errors.OPERAND_COLUMNS(count=len(trees))
        if query.limited:
            raise errors.NOT_SUPPORTED_YET(construct="LIMIT & IN/ALL/ANY/SOME subquery")
        values = self.all(trees)
        sides = []
        for index, (value, output) in enumerate(zip(values, query.outputs, strict=True)):
            inner = replace(
                output.value, text=f'"${index + 1}"', origin=None, constant=NOT_CONSTANT
            )
            sides.append(comparands(value, inner))
        left = ", ".join(side for side, _ in sides)
        right = ", ".join(side for _, side in sides)
        if len(sides) > 1:
            left = f"({left})"
        return boolean(f"({left} IN (SELECT {right} FROM ({query.text})))")

    # --- subqueries -----------------------------------------------------------------------------

    def _exists(self, tree: exp.Exists) -> Sql:
        query = self.translate_query(tree.this, self.scope)
        return replace(boolean(f"EXISTS ({query.text})"), nullable=False)

    def _scalar_query(self, tree: exp.Expression) -> Sql:
        query = self.translate_query(tree, self.scope)
        if len(query.outputs) != 1:
            raise errors.OPERAND_COLUMNS(count=1)
        output = query.outputs[0].value
        text = f"({query.text})"
        if not query.single_row:
            # SQLite would take the first row where MySQL raises 1242.
            text = (
                f'(SELECT my_single("$1", COUNT(*)) FROM (SELECT "$1" FROM ({query.text}) LIMIT 2))'
            )
        return Sql(text, output.type, coercibility=output.coercibility)

    # --- the rest -------------------------------------------------------------------------------

    def _case(self, tree: exp.Case) -> Sql:
        subject = self.translate(tree.this) if tree.this is not None else None
        conditions, results = [], []
        for branch in tree.args["ifs"]:
            test = self.translate(branch.this)
            tested = compare(subject, "=", test) if subject else to_truth(test)
            conditions.append(tested.text)
            results.append(self.translate(branch.args["true"]))
        default = tree.args.get("default")
        results.append(self.translate(default) if default is not None else NULL)
        target = common_type(results)
        held = [coerce(result, target) for result in results]
        text = " ".join(
            f"WHEN {test} THEN {result.text}"
            for test, result in zip(conditions, held, strict=False)
        )
        nullable = any(result.nullable for result in held)
        return Sql(f"(CASE {text} ELSE {held[-1].text} END)", target, nullable)

    def _collate(self, tree: exp.Collate) -> Sql:
        name = tree.expression.name.lower()
        if name not in COLLATIONS:
            raise errors.UNKNOWN_COLLATION(collation=name)
        value = to_text(self.translate(tree.this))
        return replace(
            value, type=value.type.with_collation(name), coercibility=EXPLICIT, origin=None
        )

    def _bitwise(self, tree: exp.Binary) -> Sql:
        left, right = self.translate(tree.this), self.translate(tree.expression)
        if Kind.BINARY in (left.kind, right.kind) and not (left.is_constant or right.is_constant):
            raise unsupported(tree)
        operator = type(tree).__name__
        left, right = to_integer(left), to_integer(right)
        text = f"my_bits('{_BITS[operator]}', {left.text}, {right.text})"
        return Sql(text, types.BIGINT_UNSIGNED, left.nullable or right.nullable)

    def _bit_not(self, tree: exp.BitwiseNot) -> Sql:
        value = to_integer(self.translate(tree.this))
        return Sql(f"my_bits('~', {value.text}, 0)", types.U64_LITERAL, value.nullable)

    def _concatenated(self, tree: exp.Concat) -> Sql:
        if not all(isinstance(part, exp.Literal) and part.is_string for part in tree.expressions):
            raise unsupported(tree)
        joined = "".join(str(part.this) for part in tree.expressions)
        return text_literal(joined, self.context.collation)

    def _function(self, tree: exp.Anonymous) -> Sql:
        name = str(tree.this).removeprefix(FUNCTION_MARK).upper()
        if name == "VALUES" and self.scope.excluded is not None and len(tree.expressions) == 1:
            wanted = tree.expressions[0].name
            found = self.scope.excluded.find(wanted)
            if found is None:
                raise errors.UNKNOWN_COLUMN(column=wanted, clause="field list")
            return found.value()
        return functions.call(self, name, tree.expressions, tree)


def _row(tree: exp.Expression) -> list[exp.Expression] | None:
    """The parts of a row constructor; None for anything else."""
    if isinstance(tree, exp.Tuple):
        return list(tree.expressions)
    if isinstance(tree, exp.Anonymous) and str(tree.this).lower() in ("row", "f$row"):
        return list(tree.expressions)
    return None


def _call_of(name: str) -> Handler:
    def handler(self: Expressions, tree: exp.Expression) -> Sql:
        arguments = [part for part in (tree.args.get("this"),) if part is not None]
        return functions.call(self, name, arguments, tree)

    return handler


def _substring(self: Expressions, tree: exp.Substring) -> Sql:
    parts = [tree.this, tree.args.get("start"), tree.args.get("length")]
    return functions.call(self, "SUBSTRING", [part for part in parts if part is not None], tree)


def _position(self: Expressions, tree: exp.StrPosition) -> Sql:
    return functions.call(self, "LOCATE", [tree.args["substr"], tree.this], tree)


def _modulo(self: Expressions, tree: exp.Mod) -> Sql:
    return arithmetic.modulo(self.translate(tree.this), self.translate(tree.expression))


def _scalar(self: Expressions, tree: exp.Subquery) -> Sql:
    return self._scalar_query(tree)


_COMPARISONS = {
    "EQ": "=",
    "NEQ": "<>",
    "GT": ">",
    "GTE": ">=",
    "LT": "<",
    "LTE": "<=",
    "NullSafeEQ": "IS",
}
_BITS = {
    "BitwiseAnd": "&",
    "BitwiseOr": "|",
    "BitwiseXor": "^",
    "BitwiseLeftShift": "<<",
    "BitwiseRightShift": ">>",
}

_HANDLERS: dict[str, Handler] = {
    "Literal": Expressions._literal,
    "HexString": Expressions._hex,
    "BitString": Expressions._bits,
    "Introducer": Expressions._introduced,
    "National": Expressions._national,
    "Null": Expressions._null,
    "Boolean": Expressions._boolean,
    "Column": Expressions._column,
    "Parameter": Expressions._user_variable,
    "SessionParameter": Expressions._system_variable,
    "Paren": Expressions._paren,
    "And": Expressions._logic,
    "Or": Expressions._logic,
    "Xor": Expressions._logic,
    "Not": Expressions._not,
    **dict.fromkeys(_COMPARISONS, Expressions._comparison),
    "Is": Expressions._is,
    "Between": Expressions._between,
    "In": Expressions._in,
    "Exists": Expressions._exists,
    "Subquery": _scalar,
    "Select": _scalar,
    "Union": _scalar,
    "Case": Expressions._case,
    "Collate": Expressions._collate,
    **dict.fromkeys(_BITS, Expressions._bitwise),
    "BitwiseNot": Expressions._bit_not,
    "Concat": Expressions._concatenated,
    "Anonymous": Expressions._function,
    "Add": arithmetic.add,
    "Sub": arithmetic.add,
    "Mul": arithmetic.multiply,
    "Div": arithmetic.divide,
    "IntDiv": arithmetic.divide_integers,
    "Mod": _modulo,
    "Neg": arithmetic.negate,
    "Like": patterns.like,
    "Escape": patterns.escaped_like,
    "RegexpLike": patterns.regexp,
    "Cast": casts.cast,
    "Convert": casts.cast,
    "CastToStrType": casts.cast,
    "Extract": functions.extract,
    "Trim": functions.trim,
    "GroupConcat": functions.group_concat,
    "Chr": functions.char,
    "Window": functions.window,
    "JSONExtract": functions.json_arrow,
    "JSONExtractScalar": functions.json_arrow,
    "CurrentTimestamp": _call_of("NOW"),
    "CurrentDate": _call_of("CURDATE"),
    "CurrentTime": _call_of("CURTIME"),
    "CurrentUser": _call_of("CURRENT_USER"),
    "CurrentSchema": _call_of("DATABASE"),
    "Localtime": _call_of("NOW"),
    "Localtimestamp": _call_of("NOW"),
    "Substring": _substring,
    "StrPosition": _position,
}


__all__ = ["COERCIBLE", "Expressions", "constant", "quote_text"]
