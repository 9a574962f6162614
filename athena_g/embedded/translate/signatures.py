"""How a function of MySQL is called and what it becomes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from athena_g import errors
from athena_g.embedded import types
from athena_g.embedded.translate.values import (
    Sql,
    common_collation,
    to_binary,
    to_datetime,
    to_integer,
    to_json,
    to_number,
    to_real,
    to_text,
    to_time,
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


BY_CHARACTER = frozenset(
    f"my_{name}"
    for name in (
        "upper", "lower", "substring", "substring_index", "left", "right", "ltrim", "rtrim", "lpad",
        "rpad", "replace", "reverse", "repeat", "insert", "concat_ws", "elt", "trim",
    )
)  # fmt: skip
"""Functions that go by characters here; MySQL's go by bytes where an argument is binary."""


def refuse_bytes(name: str, values: list[Sql]) -> None:
    """Raises 1235 if one of the values is binary."""
    if any(value.kind is Kind.BINARY for value in values):
        shown = name.removeprefix("my_").upper()
        raise errors.NOT_SUPPORTED_YET(construct=f"{shown}() of binary strings")


@dataclass(frozen=True, slots=True)
class Function:
    """How one function is called and what it becomes."""

    low: int
    high: int
    build: Builder


def native(
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
        if name in BY_CHARACTER:
            refuse_bytes(name, arguments)
        held = [_CONVERT[k](a) for k, a in zip(padded, arguments, strict=False)]
        chosen = result(held) if callable(result) else result
        if chosen.kind is Kind.STRING:
            chosen = chosen.with_collation(common_collation(held)[0])
        text = f"{name}({', '.join(value.text for value in held)})"
        level = common_collation(held)[1] if chosen.kind is Kind.STRING else 4
        return Sql(text, chosen, True if nullable is None else nullable, coercibility=level)

    return Function(len(letters) if low is None else low, 250 if repeated else len(letters), build)


def same_length(values: list[Sql]) -> SqlType:
    return types.varchar(values[0].type.length)


def total_length(values: list[Sql]) -> SqlType:
    total = sum(value.type.length for value in values)
    return types.varchar(total) if total < 65536 else types.text()


SHORT_TEXT = types.varchar(255)
LONG_TEXT = types.varchar(65535)
INTEGER = replace(types.BIGINT, length=10)


def session_function(name: str, result: SqlType, *, nullable: bool = False) -> Function:
    return Function(0, 0, lambda translator, values: Sql(f"{name}()", result, nullable))
