"""The value a column takes when a statement gives none."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from athena_g.embedded.catalogue import ColumnDefinition
from athena_g.embedded.native import Value
from athena_g.embedded.parse import parse
from athena_g.embedded.types import Kind

if TYPE_CHECKING:
    from athena_g.embedded.session import EngineSession


def default_value(session: EngineSession, column: ColumnDefinition) -> Value:
    """The default as a Python value; None where the default is NULL or there is none."""
    default = column.default
    if default is None:
        return None
    if default.is_now:
        unit = 10 ** (6 - column.type.scale)
        return session.now.replace(microsecond=session.now.microsecond // unit * unit)
    if default.is_expression:
        _, rows = session.queries.values(parse(f"SELECT {default.text}"))
        return next(iter(list(rows)))[0]
    if default.text is not None and column.type.kind in (Kind.INT, Kind.DECIMAL, Kind.BIT):
        number = Decimal(default.text)
        return (
            int(number)
            if number == int(number) and column.type.kind is not Kind.DECIMAL
            else (number)
        )
    return default.text
