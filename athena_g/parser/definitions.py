"""What a statement about whole tables is about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from athena_g.parser.administration import (
    describe,
    flush,
    grant,
    handler,
    load,
    lock,
    maintain,
    show,
)
from athena_g.parser.lexer import Cursor, NotUnderstood
from athena_g.parser.object_definition import alter, create, drop, rename, truncate
from athena_g.parser.places import Queries, qualified, tables_of
from athena_g.parser.statement import Column, OnTables, Statement
from athena_g.parser.table_names import Naming
from athena_g.parser.text import Text

Reader = Callable[[Naming], bool]

_READERS: Final[dict[bytes, Reader]] = {
    b"create": create,
    b"alter": alter,
    b"drop": drop,
    b"truncate": truncate,
    b"rename": rename,
    b"analyze": maintain,
    b"optimize": maintain,
    b"check": maintain,
    b"repair": maintain,
    b"checksum": maintain,
    b"lock": lock,
    b"flush": flush,
    b"handler": handler,
    b"load": load,
    b"show": show,
    b"describe": describe,
    b"desc": describe,
    b"explain": describe,
    b"grant": grant,
    b"revoke": grant,
}


def on_tables(text: Text, queries: Queries) -> Statement | None:
    """What a statement about whole tables does to which; ``None`` for what is none of those known.

    Raises :class:`~athena_g.parser.lexer.NotUnderstood` for one of them that may name a table at
    a place that is not known.
    """
    cursor = Cursor(list(text.tokens))
    reader = _READERS.get(cursor.peek_word())
    if reader is None:
        return None
    cursor.next()
    naming = Naming(text, cursor, queries)
    if not reader(naming):
        return None
    if any(token.is_(b";") for token in text.tokens):
        raise NotUnderstood
    return _statement(naming)


def _statement(naming: Naming) -> Statement:
    tables = [*naming.targets, *naming.others, *naming.new]
    if naming.query is not None:
        tables += tables_of((naming.query,))
    tables.sort(key=lambda each: each.span)
    body = OnTables(
        action=naming.action,
        targets=tuple(naming.targets),
        others=tuple(naming.others),
        new=tuple(naming.new),
        symbols=tuple(naming.symbols),
        conditional=naming.conditional,
        temporary=naming.temporary,
        query=naming.query,
    )
    known = {each.span.start for each in tables} | {each.start for each in naming.symbols}
    known |= naming.aside
    qualifiers = qualified(naming.text, naming.text.tokens, known)
    return Statement(naming.kind, body, tuple(tables), tuple(filter(_names_table, qualifiers)))


def _names_table(column: Column) -> bool:
    """Whether a column is of a table, rather than of the row that a trigger is run for."""
    return column.table is not None and column.table.lower() not in ("new", "old")
