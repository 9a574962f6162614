"""``INTERVAL n unit``: dates shifted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from athena_g.embedded import types
from athena_g.embedded.parse import unsupported
from athena_g.embedded.translate.values import Sql, to_datetime, to_text
from athena_g.embedded.types import Kind, SqlType
from athena_g.protocol.constants import ColumnType

if TYPE_CHECKING:
    from athena_g.embedded.translate.expressions import Expressions

DATE_UNITS = frozenset({"DAY", "WEEK", "MONTH", "QUARTER", "YEAR", "YEAR_MONTH"})
UNITS = DATE_UNITS | {
    "MICROSECOND", "SECOND", "MINUTE", "HOUR", "DAY_HOUR", "DAY_MINUTE", "DAY_SECOND",
    "DAY_MICROSECOND", "HOUR_MINUTE", "HOUR_SECOND", "HOUR_MICROSECOND", "MINUTE_SECOND",
    "MINUTE_MICROSECOND", "SECOND_MICROSECOND",
}  # fmt: skip


def unit_of(tree: exp.Expression) -> str:
    """The unit's name; raises 1235 for one that is not MySQL's."""
    unit = tree.args.get("unit")
    name = unit.name.upper() if unit is not None else ""
    if name not in UNITS:
        raise unsupported(tree)
    return name


def shift(translator: Expressions, start: exp.Expression, interval: exp.Interval, sign: str) -> Sql:
    """The date ``start`` plus or minus the interval."""
    unit = unit_of(interval)
    amount = to_text(translator.translate(interval.this))
    return shifted(translator.translate(start), amount, unit, sign)


def shifted(start: Sql, amount: Sql, unit: str, sign: str) -> Sql:
    """The date shifted by so many units."""
    result = _result_type(start, unit)
    if start.kind is Kind.TIME:
        return Sql(f"my_time_shift({start.text}, {amount.text}, '{unit}', '{sign}')", result)
    if start.kind is Kind.DATE and result.kind is Kind.DATE:
        text = f"my_shift({start.text}, {amount.text}, '{unit}', '{sign}')"
        return Sql(text, result)
    source = start if start.kind is Kind.STRING else to_datetime(start)
    return Sql(f"my_shift({source.text}, {amount.text}, '{unit}', '{sign}')", result)


def _result_type(start: Sql, unit: str) -> SqlType:
    fraction = 6 if "MICROSECOND" in unit else start.type.scale
    match start.kind:
        case Kind.DATE:
            return types.DATE if unit in DATE_UNITS else types.datetime(fraction)
        case Kind.DATETIME:
            return types.datetime(fraction)
        case Kind.TIME:
            return types.time(fraction)
    return replace(types.varchar(29), wire=ColumnType.STRING)
