"""Texts for tests of the parser, and queries that are read just as far as their tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from athena_g.parser.definitions import on_tables
from athena_g.parser.lexer import Cursor, Kind, Token, tokens
from athena_g.parser.places import Queries, part, table
from athena_g.parser.statement import (
    Column,
    Nested,
    OnTables,
    Opaque,
    Operand,
    Query,
    Span,
    Statement,
    Table,
)
from athena_g.parser.text import Reading, Text, read

LITERALS = (Kind.STRING, Kind.NUMBER, Kind.HEX)


class Tables:
    """Queries of which just the tables behind FROM, JOIN and TABLE are known."""

    def query_in(self, text: Text, start: int, end: int) -> Query:
        return Opaque(tuple(_tables(text, part(text, start, end))), text.data[start:end].decode())

    def nested_in(self, text: Text, start: int, end: int) -> tuple[Nested, ...]:
        return (Nested(self.query_in(text, start, end)),)


QUERIES: Queries = Tables()


def _tables(text: Text, found: list[Token]) -> Iterable[Table]:
    for place, token in enumerate(found):
        if token.word in (b"from", b"join", b"table"):
            yield table(text, Cursor(found[place + 1 :]))


def text_of(sql: str | bytes, **reading: Any) -> Text:
    """The text of a statement, its literals numbered."""
    data = sql.encode() if isinstance(sql, str) else sql
    how = Reading(**reading)
    modes = {"no_backslash_escapes": how.no_backslash_escapes, "ansi_quotes": how.ansi_quotes}
    cut = tokens(data, 0, **modes)
    return read(data, [(each.start, each.end) for each in cut if each.kind in LITERALS], how)


def values_of(text: Text) -> list[Any]:
    """What the literals are worth, as far as tests need it, and ``p0``, ``p1`` for parameters."""
    literals = [_value(each) for each in text.tokens if each.kind in LITERALS]
    return literals + [f"p{number}" for number in range(text.parameters)]


def _value(token: Token) -> Any:
    if token.kind is Kind.NUMBER:
        return int(token.text) if token.text.isdigit() else float(token.text)
    if token.kind is Kind.STRING:
        return token.text.lstrip(b"nN")[1:-1].decode()
    return token.text


def worth(text: Text, operand: Operand | None) -> Any:
    """The value of an operand; ``...`` for what only a server can compute."""
    if operand is None:
        return ...
    try:
        return operand.worth(values_of(text))
    except ValueError:
        return ...


def written(text: Text, span: Span | None) -> str | None:
    return None if span is None else text.data[span.start : span.end].decode()


def read_tables(sql: str, **reading: Any) -> tuple[Text, Statement, OnTables]:
    """A statement about whole tables."""
    text = text_of(sql, **reading)
    found = on_tables(text, QUERIES)
    assert found is not None
    assert isinstance(found.body, OnTables)
    return text, found, found.body


def said(sql: str) -> str:
    """The action and the tables as they are written, ``+`` the others and ``>`` the new ones."""
    text, _, body = read_tables(sql)
    groups = (("", body.targets), ("+", body.others), (">", body.new))
    names = [f"{sign}{written(text, each.span)}" for sign, tables in groups for each in tables]
    return " ".join([f"{body.action}:", *names])


def symbols(sql: str) -> list[str | None]:
    text, _, body = read_tables(sql)
    return [written(text, each) for each in body.symbols]


def qualifiers(sql: str) -> list[str]:
    return [named(each) for each in read_tables(sql)[1].qualifiers]


def named(column: Column) -> str:
    return ".".join(each for each in (column.database, column.table, column.name) if each)


def table_names(tables: Iterable[Table]) -> list[str]:
    return [f"{each.database}.{each.name}" if each.database else each.name for each in tables]
