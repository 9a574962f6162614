"""The functions of MySQL by name; one that is not here is 1305."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlglot import exp

from athena_g import errors
from athena_g.embedded import types
from athena_g.embedded.collation import is_case_sensitive
from athena_g.embedded.lexer import unquote
from athena_g.embedded.parse import unsupported
from athena_g.embedded.translate import aggregates, arithmetic, intervals
from athena_g.embedded.translate.values import (
    Sql,
    boolean,
    coerce,
    common_collation,
    common_type,
    compare,
    ordering,
    quote_text,
    to_binary,
    to_datetime,
    to_integer,
    to_json,
    to_number,
    to_real,
    to_text,
    to_time,
    to_truth,
)
from athena_g.embedded.types import Kind, SqlType

if TYPE_CHECKING:
    from athena_g.embedded.translate.expressions import Expressions

Builder = Callable[["Expressions", list[Sql]], Sql]
ResultRule = SqlType | Callable[[list[Sql]], SqlType]

_CONVERT: dict[str, Callable[[Sql], Sql]] = {
    "s": to_text,
    "i": to_integer,
    "r": to_real,
    "n": to_number,
    "d": to_datetime,
    "t": to_time,
    "b": to_binary,
    "j": to_json,
    "x": lambda value: value,
}


@dataclass(frozen=True, slots=True)
class Function:
    """How one function is called and what it becomes."""

    low: int
    high: int
    build: Builder


def _native(
    name: str,
    kinds: str,
    result: ResultRule,
    *,
    low: int | None = None,
    nullable: bool | None = None,
) -> Function:
    """A function that SQLite calls by ``name``; ``kinds`` says what each argument is made."""
    repeated = kinds.endswith("*")
    letters = kinds.removesuffix("*")

    def build(translator: Expressions, arguments: list[Sql]) -> Sql:
        padded = letters + letters[-1:] * (len(arguments) - len(letters))
        held = [_CONVERT[k](a) for k, a in zip(padded, arguments, strict=False)]
        chosen = result(held) if callable(result) else result
        if chosen.kind is Kind.STRING:
            chosen = chosen.with_collation(common_collation(held)[0])
        text = f"{name}({', '.join(value.text for value in held)})"
        level = common_collation(held)[1] if chosen.kind is Kind.STRING else 4
        return Sql(text, chosen, True if nullable is None else nullable, coercibility=level)

    return Function(len(letters) if low is None else low, 250 if repeated else len(letters), build)


def _same_length(values: list[Sql]) -> SqlType:
    return types.varchar(values[0].type.length)


def _total_length(values: list[Sql]) -> SqlType:
    total = sum(value.type.length for value in values)
    return types.varchar(total) if total < 65536 else types.text()


_TEXT = types.varchar(255)
_LONG_TEXT = types.varchar(65535)
_INT = replace(types.BIGINT, length=10)


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


# --- functions of control ------------------------------------------------------------------------


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
        target = common_type(values)
        held = [coerce(value, target) for value in values]
        first = ordering(replace(held[0], type=target))
        rest = ", ".join(value.text for value in held[1:])
        return Sql(f"{native}({first}, {rest})", target, any(v.nullable for v in held))

    return build


def _strcmp(translator: Expressions, values: list[Sql]) -> Sql:
    left, right = to_text(values[0]), to_text(values[1])
    less, equal = compare(left, "<", right).text, compare(left, "=", right).text
    return Sql(f"(CASE WHEN {equal} THEN 0 WHEN {less} THEN -1 ELSE 1 END)", types.BOOLEAN)


def _field(translator: Expressions, values: list[Sql]) -> Sql:
    tests = " ".join(
        f"WHEN {compare(values[0], '=', value).text} THEN {index}"
        for index, value in enumerate(values[1:], 1)
    )
    return Sql(f"(CASE {tests} ELSE 0 END)", _INT, nullable=False)


# --- functions of numbers ------------------------------------------------------------------------


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


# --- functions of texts --------------------------------------------------------------------------


def _concat(translator: Expressions, values: list[Sql]) -> Sql:
    if any(value.kind is Kind.BINARY for value in values):
        joined = ", ".join(to_binary(value).text for value in values)
        return Sql(
            f"my_concat_bytes({joined})", types.varbinary(sum(v.type.length for v in values))
        )
    held = [to_text(value) for value in values]
    collation, level = common_collation(held)
    result = _total_length(held).with_collation(collation)
    text = "(" + " || ".join(value.text for value in held) + ")"
    return Sql(text, result, any(v.nullable for v in held), coercibility=level)


def _length(translator: Expressions, values: list[Sql]) -> Sql:
    return Sql(f"length({to_binary(values[0]).text})", _INT, values[0].nullable)


def _char_length(translator: Expressions, values: list[Sql]) -> Sql:
    value = values[0] if values[0].kind is Kind.BINARY else to_text(values[0])
    return Sql(f"my_char_length({value.text})", _INT, value.nullable)


def _replace(translator: Expressions, values: list[Sql]) -> Sql:
    held = [to_text(value) for value in values]
    text = f"my_replace({', '.join(value.text for value in held)})"
    collation, level = common_collation(held)
    return Sql(text, _total_length(held).with_collation(collation), coercibility=level)


def _located(order: tuple[int, int]) -> Builder:
    def build(translator: Expressions, values: list[Sql]) -> Sql:
        needle, haystack = to_text(values[order[0]]), to_text(values[order[1]])
        start = to_integer(values[2]).text if len(values) > 2 else "1"
        exact = int(is_case_sensitive(common_collation((needle, haystack))[0]))
        text = f"my_locate({needle.text}, {haystack.text}, {start}, {exact})"
        return Sql(text, _INT, needle.nullable or haystack.nullable)

    return build


def _find_in_set(translator: Expressions, values: list[Sql]) -> Sql:
    needle, listed = to_text(values[0]), to_text(values[1])
    exact = int(is_case_sensitive(common_collation((needle, listed))[0]))
    return Sql(f"my_find_in_set({needle.text}, {listed.text}, {exact})", _INT)


def _hex(translator: Expressions, values: list[Sql]) -> Sql:
    value = values[0]
    if value.type.is_numeric:
        return Sql(f"my_hex_number({to_integer(value).text})", types.varchar(16), value.nullable)
    data = to_binary(value)
    return Sql(f"my_hex({data.text})", types.varchar(data.type.length * 2), value.nullable)


def _regexp_like(translator: Expressions, values: list[Sql]) -> Sql:
    held = [to_text(value) for value in values]
    exact = int(is_case_sensitive(common_collation(held[:2])[0]))
    return boolean(f"my_regexp({held[0].text}, {held[1].text}, {exact})", *held)


# --- functions of the session --------------------------------------------------------------------


def _session(name: str, result: SqlType, *, nullable: bool = False) -> Function:
    return Function(0, 0, lambda translator, values: Sql(f"{name}()", result, nullable))


def _now(name: str) -> Function:
    def build(translator: Expressions, values: list[Sql]) -> Sql:
        fraction = values[0].constant if values else 0
        result = types.time(fraction) if name == "my_curtime" else types.datetime(fraction)
        return Sql(f"{name}({fraction})", result, nullable=False)

    return Function(0, 1, build)


def _last_insert_id(translator: Expressions, values: list[Sql]) -> Sql:
    argument = to_integer(values[0]).text if values else ""
    return Sql(f"my_last_insert_id({argument})", types.BIGINT_UNSIGNED, bool(values))


def _unix_timestamp(translator: Expressions, values: list[Sql]) -> Sql:
    if not values:
        return Sql("my_unix_timestamp(my_now(0))", types.BIGINT, nullable=False)
    moment = to_datetime(values[0])
    if not moment.type.scale:
        return Sql(f"my_unix_timestamp({moment.text})", types.BIGINT)
    result = types.decimal(10 + moment.type.scale, moment.type.scale)
    return Sql(f"my_unix_timestamp_exact({moment.text})", result)


def _from_unixtime(translator: Expressions, values: list[Sql]) -> Sql:
    number = to_number(values[0])
    scale = 0 if number.kind is Kind.INT else min(number.type.scale, 6)
    moment = Sql(f"my_from_unixtime({number.text})", types.datetime(scale))
    if len(values) == 1:
        return moment
    return Sql(f"my_date_format({moment.text}, {to_text(values[1]).text})", _TEXT)


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
        return Sql(f"my_time_part('{unit}', {to_time(value).text})", _INT)
    result = types.YEAR if unit == "YEAR" else _INT
    return Sql(f"my_date_part('{unit}', {to_datetime(value).text})", result)


def _sleep(translator: Expressions, values: list[Sql]) -> Sql:
    return Sql(f"my_sleep({to_real(values[0]).text})", _INT, nullable=False)


def _rand(translator: Expressions, values: list[Sql]) -> Sql:
    if values:
        raise errors.NOT_SUPPORTED_YET(construct="RAND(seed)")
    return Sql("my_rand()", types.DOUBLE, nullable=False)


def _json_value(name: str) -> Function:
    return _native(name, "xs*", types.JSON, low=2)


def _json_call(name: str) -> Builder:
    def build(translator: Expressions, values: list[Sql]) -> Sql:
        held = []
        for index, value in enumerate(values):
            is_key = name == "my_json_object" and index % 2 == 0
            held.append(to_text(value) if is_key else to_json(value))
        if name == "my_json_object" and len(values) % 2:
            raise errors.WRONG_PARAMETER_COUNT(function="json_object")
        return Sql(f"{name}({', '.join(v.text for v in held)})", types.JSON, nullable=False)

    return build


def _json_change(when: str) -> Builder:
    def build(translator: Expressions, values: list[Sql]) -> Sql:
        if len(values) % 2 == 0:
            raise errors.WRONG_PARAMETER_COUNT(function=f"json_{when}")
        held = [values[0].text]
        for index, value in enumerate(values[1:]):
            held.append((to_text(value) if index % 2 == 0 else to_json(value)).text)
        return Sql(f"my_json_change('{when}', {', '.join(held)})", types.JSON)

    return build


def _json_contains(translator: Expressions, values: list[Sql]) -> Sql:
    path = to_text(values[2]).text if len(values) > 2 else "'$'"
    return boolean(f"my_json_contains({values[0].text}, {values[1].text}, {path})")


def _json_unquote(translator: Expressions, values: list[Sql]) -> Sql:
    return Sql(f"my_json_unquote({values[0].text})", types.varchar(65535, "utf8mb4_bin"))


_TEXT_FUNCTIONS: dict[str, Function] = {
    "CONCAT": Function(1, 250, _concat),
    "CONCAT_WS": _native("my_concat_ws", "ss*", _total_length, low=2),
    "LENGTH": Function(1, 1, _length),
    "OCTET_LENGTH": Function(1, 1, _length),
    "BIT_LENGTH": _native("my_bit_length", "b", _INT),
    "CHAR_LENGTH": Function(1, 1, _char_length),
    "CHARACTER_LENGTH": Function(1, 1, _char_length),
    "UPPER": _native("my_upper", "s", _same_length),
    "UCASE": _native("my_upper", "s", _same_length),
    "LOWER": _native("my_lower", "s", _same_length),
    "LCASE": _native("my_lower", "s", _same_length),
    "SUBSTRING": _native("my_substring", "sii", _same_length, low=2),
    "SUBSTR": _native("my_substring", "sii", _same_length, low=2),
    "MID": _native("my_substring", "sii", _same_length, low=2),
    "SUBSTRING_INDEX": _native("my_substring_index", "ssi", _same_length),
    "LEFT": _native("my_left", "si", _same_length),
    "RIGHT": _native("my_right", "si", _same_length),
    "LTRIM": _native("my_ltrim", "s", _same_length),
    "RTRIM": _native("my_rtrim", "s", _same_length),
    "LPAD": _native("my_lpad", "sis", _LONG_TEXT),
    "RPAD": _native("my_rpad", "sis", _LONG_TEXT),
    "REPLACE": Function(3, 3, _replace),
    "REVERSE": _native("my_reverse", "s", _same_length),
    "REPEAT": _native("my_repeat", "si", _LONG_TEXT),
    "SPACE": _native("my_space", "i", _LONG_TEXT),
    "INSERT": _native("my_insert", "siis", _total_length),
    "LOCATE": Function(2, 3, _located((0, 1))),
    "INSTR": Function(2, 2, _located((1, 0))),
    "FIND_IN_SET": Function(2, 2, _find_in_set),
    "FIELD": Function(2, 250, _field),
    "ELT": _native("my_elt", "is*", _LONG_TEXT, low=2),
    "ASCII": _native("my_ascii", "b", _INT),
    "ORD": _native("my_ord", "s", _INT),
    "STRCMP": Function(2, 2, _strcmp),
    "HEX": Function(1, 1, _hex),
    "UNHEX": _native("my_unhex", "s", types.varbinary(255)),
    "BIN": _native("my_bin", "i", types.varchar(64)),
    "OCT": _native("my_oct", "i", types.varchar(64)),
    "CONV": _native("my_conv", "sii", types.varchar(64)),
    "FORMAT": _native("my_format", "xi", types.varchar(64)),
    "MD5": _native("my_md5", "b", types.varchar(32)),
    "SHA1": _native("my_sha1", "b", types.varchar(40)),
    "SHA": _native("my_sha1", "b", types.varchar(40)),
    "SHA2": _native("my_sha2", "bi", types.varchar(128)),
    "CRC32": _native("my_crc32", "b", types.BIGINT_UNSIGNED),
    "TO_BASE64": _native("my_to_base64", "b", _LONG_TEXT),
    "FROM_BASE64": _native("my_from_base64", "s", types.varbinary(2**16)),
    "QUOTE": _native("my_quote", "s", _LONG_TEXT),
    "REGEXP_LIKE": Function(2, 2, _regexp_like),
    "REGEXP_REPLACE": _native("my_regexp_replace", "sss", _LONG_TEXT),
    "REGEXP_SUBSTR": _native("my_regexp_substr", "ss", _LONG_TEXT),
    "UUID": _native("my_uuid", "", types.varchar(36), nullable=False),
    "BIN_TO_UUID": _native("my_bin_to_uuid", "b", types.varchar(36)),
    "UUID_TO_BIN": _native("my_uuid_to_bin", "s", types.varbinary(16)),
    "INET_ATON": _native("my_inet_aton", "s", types.BIGINT_UNSIGNED),
    "INET_NTOA": _native("my_inet_ntoa", "i", types.varchar(31)),
}
_NUMBER_FUNCTIONS: dict[str, Function] = {
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
    "SIGN": _native("sign", "r", types.BOOLEAN),
    "POW": _native("my_pow", "rr", types.DOUBLE),
    "POWER": _native("my_pow", "rr", types.DOUBLE),
    "SQRT": _native("my_sqrt", "r", types.DOUBLE),
    "EXP": _native("my_exp", "r", types.DOUBLE),
    "LN": _native("my_ln", "r", types.DOUBLE),
    "LOG": _native("my_log", "rr", types.DOUBLE, low=1),
    "LOG2": _native("my_log2", "r", types.DOUBLE),
    "LOG10": _native("my_log10", "r", types.DOUBLE),
    "SIN": _native("sin", "r", types.DOUBLE),
    "COS": _native("cos", "r", types.DOUBLE),
    "TAN": _native("tan", "r", types.DOUBLE),
    "ASIN": _native("asin", "r", types.DOUBLE),
    "ACOS": _native("acos", "r", types.DOUBLE),
    "ATAN": _native("atan", "r", types.DOUBLE),
    "ATAN2": _native("atan2", "rr", types.DOUBLE),
    "RADIANS": _native("radians", "r", types.DOUBLE),
    "DEGREES": _native("degrees", "r", types.DOUBLE),
    "PI": _native("pi", "", replace(types.DOUBLE, scale=6, length=8), nullable=False),
    "RAND": Function(0, 1, _rand),
    "BIT_COUNT": _native("my_bit_count", "i", _INT),
}
_DATE_FUNCTIONS: dict[str, Function] = {
    "NOW": _now("my_now"),
    "CURRENT_TIMESTAMP": _now("my_now"),
    "LOCALTIME": _now("my_now"),
    "LOCALTIMESTAMP": _now("my_now"),
    "UTC_TIMESTAMP": _now("my_now"),
    "SYSDATE": _now("my_sysdate"),
    "CURDATE": _session("my_curdate", types.DATE),
    "CURRENT_DATE": _session("my_curdate", types.DATE),
    "UTC_DATE": _session("my_curdate", types.DATE),
    "CURTIME": _now("my_curtime"),
    "CURRENT_TIME": _now("my_curtime"),
    "UTC_TIME": _now("my_curtime"),
    "UNIX_TIMESTAMP": Function(0, 1, _unix_timestamp),
    "FROM_UNIXTIME": Function(1, 2, _from_unixtime),
    "DATE_FORMAT": _native("my_date_format", "ds", _TEXT),
    "TIME_FORMAT": _native("my_time_format", "ts", _TEXT),
    "STR_TO_DATE": Function(2, 2, _str_to_date),
    "DATEDIFF": _native("my_datediff", "dd", _INT),
    "TIMEDIFF": _native("my_timediff", "dd", types.time(6)),
    "ADDTIME": _native("my_add_time", "dt", types.datetime(6)),
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
    "WEEK": _native("my_week", "di", _INT, low=1),
    "WEEKOFYEAR": _time_part("WEEKOFYEAR"),
    "YEARWEEK": _native("my_yearweek", "di", _INT, low=1),
    "DAYNAME": _native("my_dayname", "d", types.varchar(9)),
    "MONTHNAME": _native("my_monthname", "d", types.varchar(9)),
    "MAKEDATE": _native("my_makedate", "ii", types.DATE),
    "MAKETIME": _native("my_maketime", "iir", types.time(6)),
    "FROM_DAYS": _native("my_from_days", "i", types.DATE),
    "TIME_TO_SEC": _native("my_time_to_sec", "t", _INT),
    "SEC_TO_TIME": _native("my_sec_to_time", "r", types.time(0)),
    "CONVERT_TZ": _native("my_convert_tz", "dss", types.datetime(6)),
}
_SESSION_FUNCTIONS: dict[str, Function] = {
    "VERSION": _session("my_version", types.varchar(60)),
    "DATABASE": _session("my_database", types.varchar(64), nullable=True),
    "SCHEMA": _session("my_database", types.varchar(64), nullable=True),
    "USER": _session("my_user", types.varchar(288)),
    "CURRENT_USER": _session("my_user", types.varchar(288)),
    "SESSION_USER": _session("my_user", types.varchar(288)),
    "SYSTEM_USER": _session("my_user", types.varchar(288)),
    "CONNECTION_ID": _session("my_connection_id", types.BIGINT_UNSIGNED),
    "LAST_INSERT_ID": Function(0, 1, _last_insert_id),
    "FOUND_ROWS": _session("my_found_rows", types.BIGINT),
    "ROW_COUNT": _session("my_row_count", types.BIGINT),
    "SLEEP": Function(1, 1, _sleep),
    "GET_LOCK": _native("my_get_lock", "sr", _INT),
    "RELEASE_LOCK": _native("my_release_lock", "s", _INT),
    "IS_FREE_LOCK": _native("my_is_free_lock", "s", _INT),
    "IS_USED_LOCK": _native("my_is_used_lock", "s", _INT),
    "RELEASE_ALL_LOCKS": _session("my_release_all_locks", types.BIGINT),
}
_JSON_FUNCTIONS: dict[str, Function] = {
    "JSON_EXTRACT": _json_value("my_json_extract"),
    "JSON_UNQUOTE": Function(1, 1, _json_unquote),
    "JSON_OBJECT": Function(0, 250, _json_call("my_json_object")),
    "JSON_ARRAY": Function(0, 250, _json_call("my_json_array")),
    "JSON_QUOTE": _native("my_json_quote", "s", _LONG_TEXT),
    "JSON_VALID": _native("my_json_valid", "x", types.BOOLEAN),
    "JSON_TYPE": _native("my_json_type", "x", types.varchar(51)),
    "JSON_LENGTH": _native("my_json_length", "xs", _INT, low=1),
    "JSON_DEPTH": _native("my_json_depth", "x", _INT),
    "JSON_KEYS": _native("my_json_keys", "xs", types.JSON, low=1),
    "JSON_CONTAINS": Function(2, 3, _json_contains),
    "JSON_CONTAINS_PATH": _native("my_json_contains_path", "xss*", types.BOOLEAN, low=3),
    "JSON_SET": Function(3, 250, _json_change("set")),
    "JSON_INSERT": Function(3, 250, _json_change("insert")),
    "JSON_REPLACE": Function(3, 250, _json_change("replace")),
    "JSON_REMOVE": _native("my_json_remove", "xs*", types.JSON, low=2),
    "JSON_MERGE_PATCH": _native("my_json_merge_patch", "x*", types.JSON, low=2),
}
FUNCTIONS: dict[str, Function] = {
    **_TEXT_FUNCTIONS,
    **_NUMBER_FUNCTIONS,
    **_DATE_FUNCTIONS,
    **_SESSION_FUNCTIONS,
    **_JSON_FUNCTIONS,
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
            return Sql(f"my_week({to_datetime(translator.translate(tree.expression)).text})", _INT)
        raise unsupported(tree)
    return replace(part_of(translator.translate(tree.expression), unit), type=_INT)


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
