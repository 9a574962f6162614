"""The functions of MySQL by name; one that is not here is 1305."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from athena_g import errors
from athena_g.embedded import types
from athena_g.embedded.lexer import unquote
from athena_g.embedded.parse import unsupported
from athena_g.embedded.translate import aggregates, intervals
from athena_g.embedded.translate.date_functions import DATE_FUNCTIONS, part_of
from athena_g.embedded.translate.json_functions import JSON_FUNCTIONS
from athena_g.embedded.translate.number_functions import NUMBER_FUNCTIONS
from athena_g.embedded.translate.signatures import (
    INTEGER,
    Function,
)
from athena_g.embedded.translate.state_functions import STATE_FUNCTIONS
from athena_g.embedded.translate.text_functions import TEXT_FUNCTIONS
from athena_g.embedded.translate.values import (
    Sql,
    quote_text,
    to_datetime,
    to_integer,
    to_text,
)

if TYPE_CHECKING:
    from athena_g.embedded.translate.expressions import Expressions


def call(
    translator: Expressions, name: str, trees: Sequence[exp.Expression], node: exp.Expression
) -> Sql:
    """The call of a function; raises 1305 for an unknown one, 1582 for a wrong count."""
    if name in aggregates.AGGREGATES:
        return aggregates.call(translator, name, trees, node)
    if name in ("DATE_ADD", "ADDDATE", "DATE_SUB", "SUBDATE"):
        return _shift(translator, name, trees)
    if name in ("TIMESTAMPADD", "TIMESTAMPDIFF"):
        return _timestamp_unit(translator, name, trees)
    function = FUNCTIONS.get(name)
    if function is None:
        database = translator.context.surroundings.database
        if name in _KNOWN_BUT_REFUSED:
            raise errors.NOT_SUPPORTED_YET(construct=f"{name}()")
        raise errors.FUNCTION_DOES_NOT_EXIST(
            function=f"{database}.{name.lower()}" if database else name.lower()
        )
    if not function.low <= len(trees) <= function.high:
        raise errors.WRONG_PARAMETER_COUNT(function=name)
    return function.build(translator, translator.all(trees))


def _shift(translator: Expressions, name: str, trees: Sequence[exp.Expression]) -> Sql:
    if len(trees) != 2:
        raise errors.WRONG_PARAMETER_COUNT(function=name)
    sign = "-" if name in ("DATE_SUB", "SUBDATE") else "+"
    if isinstance(trees[1], exp.Interval):
        return intervals.shift(translator, trees[0], trees[1], sign)
    amount = to_text(translator.translate(trees[1]))
    return intervals.shifted(translator.translate(trees[0]), amount, "DAY", sign)


def _timestamp_unit(translator: Expressions, name: str, trees: Sequence[exp.Expression]) -> Sql:
    if len(trees) != 3:
        raise errors.WRONG_PARAMETER_COUNT(function=name)
    unit = trees[0].name.upper().removeprefix("SQL_TSI_")
    if unit not in intervals.UNITS or "_" in unit:
        raise unsupported(trees[0])
    if name == "TIMESTAMPADD":
        amount = to_text(translator.translate(trees[1]))
        return intervals.shifted(translator.translate(trees[2]), amount, unit, "+")
    one, other = (to_datetime(translator.translate(tree)) for tree in trees[1:])
    return Sql(f"my_timestampdiff('{unit}', {one.text}, {other.text})", types.BIGINT)


FUNCTIONS: dict[str, Function] = {
    **TEXT_FUNCTIONS,
    **NUMBER_FUNCTIONS,
    **DATE_FUNCTIONS,
    **STATE_FUNCTIONS,
    **JSON_FUNCTIONS,
}
"""Every scalar function, by its name in MySQL."""

_KNOWN_BUT_REFUSED = frozenset(
    [
        "BENCHMARK",
        "LOAD_FILE",
        "WEIGHT_STRING",
        "CHARSET",
        "COLLATION",
        "COERCIBILITY",
        "AES_ENCRYPT",
        "AES_DECRYPT",
        "COMPRESS",
        "UNCOMPRESS",
        "SOUNDEX",
        "GROUPING",
        "INTERVAL",
        "VALUES",
        "DEFAULT",
        "MASTER_POS_WAIT",
        "NAME_CONST",
        "PERIOD_ADD",
        "PERIOD_DIFF",
        "TO_SECONDS",
        "GET_FORMAT",
        "MAKE_SET",
        "EXPORT_SET",
        "JSON_SEARCH",
        "JSON_TABLE",
        "JSON_PRETTY",
        "JSON_OVERLAPS",
        "JSON_MERGE",
        "JSON_MERGE_PRESERVE",
        "JSON_ARRAY_APPEND",
        "JSON_ARRAY_INSERT",
        "JSON_VALUE",
        "JSON_SCHEMA_VALID",
        "UUID_SHORT",
        "IS_UUID",
        "REGEXP_INSTR",
        "ST_GEOMFROMTEXT",
        "ST_ASTEXT",
        "POINT",
        "EXTRACTVALUE",
        "UPDATEXML",
        "SUBTIME",
        "RANDOM_BYTES",
        "INET6_ATON",
        "INET6_NTOA",
        "IS_IPV4",
        "IS_IPV6",
        "COT",
        "VALIDATE_PASSWORD_STRENGTH",
        "PASSWORD",
        "OLD_PASSWORD",
        "ENCRYPT",
    ]
)


# --- calls with a grammar of their own -----------------------------------------------------------


def extract(translator: Expressions, tree: exp.Extract) -> Sql:
    """``EXTRACT(unit FROM a)``."""
    unit = tree.this.name.upper()
    if unit not in ("YEAR", "QUARTER", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND", "MICROSECOND"):
        if unit == "WEEK":
            return Sql(
                f"my_week({to_datetime(translator.translate(tree.expression)).text})", INTEGER
            )
        raise unsupported(tree)
    return replace(part_of(translator.translate(tree.expression), unit), type=INTEGER)


def trim(translator: Expressions, tree: exp.Trim) -> Sql:
    """``TRIM([BOTH | LEADING | TRAILING] [b FROM] a)``."""
    value = to_text(translator.translate(tree.this))
    removed = tree.args.get("expression")
    what = to_text(translator.translate(removed)).text if removed is not None else "' '"
    side = str(tree.args.get("position") or "BOTH").upper()
    text = f"my_trim({value.text}, {what}, '{side}')"
    return Sql(text, value.type, value.nullable, coercibility=value.coercibility)


def char(translator: Expressions, tree: exp.Chr) -> Sql:
    """``CHAR(n, … [USING charset])``."""
    values = ", ".join(to_integer(value).text for value in translator.all(tree.expressions))
    if tree.args.get("charset"):
        return Sql(f"my_char_text({values})", types.varchar(4 * len(tree.expressions)))
    return Sql(f"my_char({values})", types.varbinary(4 * len(tree.expressions)), nullable=False)


def group_concat(translator: Expressions, tree: exp.GroupConcat) -> Sql:
    """``GROUP_CONCAT([DISTINCT] a, … [ORDER BY …] [SEPARATOR '…'])``."""
    return aggregates.group_concat(translator, tree)


def window(translator: Expressions, tree: exp.Window) -> Sql:
    """``f() OVER (…)``."""
    return aggregates.window(translator, tree)


def json_arrow(translator: Expressions, tree: exp.Expression) -> Sql:
    """``column -> path`` and ``column ->> path``."""
    column, path = translator.translate(tree.this), tree.expression
    if isinstance(path, exp.JSONPath):
        shown = unquote(path.sql(dialect="mysql"))
    elif isinstance(path, exp.Literal) and path.is_string:
        shown = str(path.this)
    else:
        raise unsupported(tree)
    text = f"my_json_extract({column.text}, {quote_text(shown)})"
    if isinstance(tree, exp.JSONExtractScalar):
        return Sql(f"my_json_unquote({text})", types.text("utf8mb4_bin"))
    return Sql(text, types.JSON)
