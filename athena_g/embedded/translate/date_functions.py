"""Functions of dates and times."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from athena_g import errors
from athena_g.embedded import types
from athena_g.embedded.translate.signatures import (
    INTEGER,
    SHORT_TEXT,
    Function,
    native,
    session_function,
)
from athena_g.embedded.translate.values import (
    Sql,
    to_datetime,
    to_number,
    to_text,
    to_time,
)
from athena_g.embedded.types import Kind

if TYPE_CHECKING:
    from athena_g.embedded.translate.expressions import Expressions


def _now(name: str) -> Function:
    def build(translator: Expressions, values: list[Sql]) -> Sql:
        fraction = values[0].constant if values else 0
        if not isinstance(fraction, int):
            raise errors.NOT_SUPPORTED_YET(construct="a precision that is no integer")
        timed = name in ("my_curtime", "my_utc_time")
        result = types.time(fraction) if timed else types.datetime(fraction)
        return Sql(f"{name}({fraction})", result, nullable=False)

    return Function(0, 1, build)


def _unix_timestamp(translator: Expressions, values: list[Sql]) -> Sql:
    if not values:
        return Sql("my_unix_timestamp(my_utc_now(0))", types.BIGINT, nullable=False)
    moment = to_datetime(values[0])
    if not moment.type.scale:
        return Sql(f"my_unix_timestamp(my_utc({moment.text}))", types.BIGINT)
    result = types.decimal(10 + moment.type.scale, moment.type.scale)
    return Sql(f"my_unix_timestamp_exact(my_utc({moment.text}))", result)


def _from_unixtime(translator: Expressions, values: list[Sql]) -> Sql:
    number = to_number(values[0])
    scale = 0 if number.kind is Kind.INT else min(number.type.scale, 6)
    moment = Sql(f"my_local(my_from_unixtime({number.text}))", types.datetime(scale))
    if len(values) == 1:
        return moment
    return Sql(f"my_date_format({moment.text}, {to_text(values[1]).text})", SHORT_TEXT)


def _last_day(translator: Expressions, values: list[Sql]) -> Sql:
    return Sql(f"my_last_day({to_datetime(values[0]).text})", types.DATE)


_TIME_LETTERS = frozenset("fHhIiklprSsT")


def _str_to_date(translator: Expressions, values: list[Sql]) -> Sql:
    text, pattern = to_text(values[0]), to_text(values[1])
    moment = f"my_str_to_date({text.text}, {pattern.text})"
    letters = set(re.findall(r"%(.)", pattern.constant)) if pattern.is_constant else _TIME_LETTERS
    if not letters & _TIME_LETTERS:
        return Sql(f"substr({moment}, 1, 10)", types.DATE)
    return Sql(moment, types.datetime(6 if "f" in letters else 0))


def _date(translator: Expressions, values: list[Sql]) -> Sql:
    if values[0].kind is Kind.DATE:
        return values[0]
    return Sql(f"substr({to_datetime(values[0]).text}, 1, 10)", types.DATE)


def _time(translator: Expressions, values: list[Sql]) -> Sql:
    return to_time(values[0])


def _timestamp(translator: Expressions, values: list[Sql]) -> Sql:
    if len(values) == 1:
        return to_datetime(values[0])
    return Sql(
        f"my_add_time({to_datetime(values[0]).text}, {to_time(values[1]).text}, 1)",
        types.datetime(6),
    )


def _time_part(unit: str) -> Function:
    def build(translator: Expressions, values: list[Sql]) -> Sql:
        return part_of(values[0], unit)

    return Function(1, 1, build)


def part_of(value: Sql, unit: str) -> Sql:
    """One part of a date or time as a number."""
    if unit in ("HOUR", "MINUTE", "SECOND", "MICROSECOND") and value.kind is not Kind.DATETIME:
        return Sql(f"my_time_part('{unit}', {to_time(value).text})", INTEGER)
    result = types.YEAR if unit == "YEAR" else INTEGER
    return Sql(f"my_date_part('{unit}', {to_datetime(value).text})", result)


DATE_FUNCTIONS: dict[str, Function] = {
    "NOW": _now("my_now"),
    "CURRENT_TIMESTAMP": _now("my_now"),
    "LOCALTIME": _now("my_now"),
    "LOCALTIMESTAMP": _now("my_now"),
    "UTC_TIMESTAMP": _now("my_utc_now"),
    "SYSDATE": _now("my_sysdate"),
    "CURDATE": session_function("my_curdate", types.DATE),
    "CURRENT_DATE": session_function("my_curdate", types.DATE),
    "UTC_DATE": session_function("my_utc_date", types.DATE),
    "CURTIME": _now("my_curtime"),
    "CURRENT_TIME": _now("my_curtime"),
    "UTC_TIME": _now("my_utc_time"),
    "UNIX_TIMESTAMP": Function(0, 1, _unix_timestamp),
    "FROM_UNIXTIME": Function(1, 2, _from_unixtime),
    "DATE_FORMAT": native("my_date_format", "ds", SHORT_TEXT),
    "TIME_FORMAT": native("my_time_format", "ts", SHORT_TEXT),
    "STR_TO_DATE": Function(2, 2, _str_to_date),
    "DATEDIFF": native("my_datediff", "dd", INTEGER),
    "TIMEDIFF": native("my_timediff", "dd", types.time(6)),
    "ADDTIME": native("my_add_time", "dt", types.datetime(6)),
    "LAST_DAY": Function(1, 1, _last_day),
    "DATE": Function(1, 1, _date),
    "TIME": Function(1, 1, _time),
    "TIMESTAMP": Function(1, 2, _timestamp),
    "YEAR": _time_part("YEAR"),
    "QUARTER": _time_part("QUARTER"),
    "MONTH": _time_part("MONTH"),
    "DAY": _time_part("DAY"),
    "DAYOFMONTH": _time_part("DAY"),
    "DAYOFWEEK": _time_part("DAYOFWEEK"),
    "WEEKDAY": _time_part("WEEKDAY"),
    "DAYOFYEAR": _time_part("DAYOFYEAR"),
    "HOUR": _time_part("HOUR"),
    "MINUTE": _time_part("MINUTE"),
    "SECOND": _time_part("SECOND"),
    "MICROSECOND": _time_part("MICROSECOND"),
    "TO_DAYS": _time_part("TO_DAYS"),
    "WEEK": native("my_week", "di", INTEGER, low=1),
    "WEEKOFYEAR": _time_part("WEEKOFYEAR"),
    "YEARWEEK": native("my_yearweek", "di", INTEGER, low=1),
    "DAYNAME": native("my_dayname", "d", types.varchar(9)),
    "MONTHNAME": native("my_monthname", "d", types.varchar(9)),
    "MAKEDATE": native("my_makedate", "ii", types.DATE),
    "MAKETIME": native("my_maketime", "iir", types.time(6)),
    "FROM_DAYS": native("my_from_days", "i", types.DATE),
    "TIME_TO_SEC": native("my_time_to_sec", "t", INTEGER),
    "SEC_TO_TIME": native("my_sec_to_time", "r", types.time(0)),
    "CONVERT_TZ": native("my_convert_tz", "dss", types.datetime(6)),
}
