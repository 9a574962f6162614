"""CAST and CONVERT."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from athena_g.embedded import types
from athena_g.embedded.parse import unsupported
from athena_g.embedded.translate.values import (
    Sql,
    quote_text,
    to_binary,
    to_datetime,
    to_decimal,
    to_integer,
    to_json,
    to_real,
    to_text,
    to_time,
)
from athena_g.embedded.types import Kind

if TYPE_CHECKING:
    from athena_g.embedded.translate.expressions import Expressions


def _sizes(target: exp.DataType) -> list[int]:
    return [int(part.name) for part in target.expressions]


def cast(translator: Expressions, tree: exp.Cast) -> Sql:
    """``CAST(a AS type)``, ``CONVERT(a, type)``, ``CONVERT(a USING charset)``, ``BINARY a``."""
    target = tree.args.get("to")
    if not isinstance(target, exp.DataType):
        raise unsupported(tree)
    value = translator.translate(tree.this)
    name = str(getattr(target.this, "name", target.this)).upper()
    sizes = _sizes(target)
    size = sizes[0] if sizes else None
    if name in ("CHARACTER_SET", "USERDEFINED") or target.args.get("kind"):
        return _to_charset(value, tree)
    match name:
        case "BIGINT" | "INT" | "SMALLINT" | "TINYINT":
            return _to_signed(value)
        case "UBIGINT" | "UINT":
            return _to_unsigned(value)
        case "CHAR" | "VARCHAR" | "NCHAR" | "NVARCHAR" | "TEXT":
            return _to_char(translator, value, size)
        case "BINARY" | "VARBINARY":
            return _to_bytes(value, size)
        case "DECIMAL":
            return _to_decimal(value, sizes)
        case "DOUBLE":
            return to_real(value)
        case "FLOAT":
            return Sql(f"my_float({to_real(value).text})", types.FLOAT, value.nullable)
        case "DATE":
            return Sql(f"substr({to_datetime(value).text}, 1, 10)", types.DATE)
        case "DATETIME" | "TIMESTAMP" | "TIMESTAMPTZ":
            return _to_datetime(value, size or 0, literal=name == "TIMESTAMPTZ")
        case "TIME":
            return Sql(f"my_time_round({to_time(value).text}, {size or 0})", types.time(size or 0))
        case "JSON":
            if value.kind is Kind.STRING:
                return Sql(f"my_json_parse({value.text}, 'cast_as_json')", types.JSON)
            return to_json(value)
        case "YEAR":
            return Sql(f"my_integer({to_real(value).text})", types.YEAR)
    raise unsupported(tree)


def _to_charset(value: Sql, tree: exp.Expression) -> Sql:
    text = tree.sql(dialect="mysql").lower()
    if "binary" in text.rsplit("using", 1)[-1]:
        return to_binary(value)
    return to_text(value)


def _to_signed(value: Sql) -> Sql:
    if value.kind is Kind.STRING:
        return Sql(f"my_integer_prefix({value.text})", types.BIGINT, value.nullable)
    number = to_integer(value)
    return Sql(f"CAST({number.text} AS INTEGER)", types.BIGINT, value.nullable)


def _to_unsigned(value: Sql) -> Sql:
    number = _to_signed(value)
    return Sql(f"my_as_unsigned({number.text})", types.U64_LITERAL, value.nullable)


def _to_char(translator: Expressions, value: Sql, size: int | None) -> Sql:
    text = to_text(value)
    collation = translator.context.collation
    if size is None:
        return Sql(text.text, types.varchar(text.type.length, collation), value.nullable)
    return Sql(f"substr({text.text}, 1, {size})", types.varchar(size, collation), value.nullable)


def _to_bytes(value: Sql, size: int | None) -> Sql:
    data = to_binary(value)
    if size is None:
        return data
    return Sql(f"my_binary({data.text}, {size})", types.varbinary(size), value.nullable)


def _to_decimal(value: Sql, sizes: list[int]) -> Sql:
    precision, scale = (*sizes, 0)[:2] if sizes else (10, 0)
    text = to_decimal(value).text
    return Sql(
        f"my_decimal_cast({text}, {precision}, {scale})",
        types.decimal(precision, scale),
        value.nullable,
    )


def _to_datetime(value: Sql, size: int, *, literal: bool) -> Sql:
    moment = to_datetime(value)
    if literal:
        return moment
    return Sql(f"my_datetime_round({moment.text}, {size})", types.datetime(size))


__all__ = ["cast", "quote_text"]
