"""Tables made in SQLite from their definitions."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import apsw

from athena_g import errors
from athena_g.embedded import catalogue
from athena_g.embedded.catalogue import Key, Table, quote
from athena_g.embedded.native import Value, converter
from athena_g.embedded.parse import parse_expression
from athena_g.embedded.storage import schema_of
from athena_g.embedded.store import ColumnStore, Stored
from athena_g.embedded.translate.expressions import Expressions
from athena_g.embedded.translate.relations import Field, Relation, Scope
from athena_g.embedded.translate.select import Select
from athena_g.embedded.types import Kind, sqlite_declaration
from athena_g.embedded.writing import StatementRow, duplicate, is_unique, stored_name, stores
from athena_g.errors import SqlError

if TYPE_CHECKING:
    from athena_g.embedded.session import EngineSession

MAX_NAME = 64


def check_table(session: EngineSession, database: str, table: Table) -> Table:
    """The table complete and consistent; raises what MySQL raises for one that is not."""
    check_name(table.name, errors.WRONG_TABLE_NAME(table=table.name))
    seen: set[str] = set()
    for column in table.columns:
        check_name(column.name, errors.WRONG_COLUMN_NAME(column=column.name))
        if column.name.lower() in seen:
            raise errors.DUPLICATE_COLUMN(column=column.name)
        seen.add(column.name.lower())
    for key in table.keys:
        check_name(key.name, errors.WRONG_INDEX_NAME(key=key.name))
        _check_key(table, key)
    automatic = [column for column in table.columns if column.auto_increment]
    first_parts = {key.parts[0].column.lower() for key in table.keys}
    if len(automatic) > 1 or any(c.name.lower() not in first_parts for c in automatic):
        raise errors.WRONG_AUTO_KEY()
    primary = {name.lower() for name in table.primary_key.columns} if table.primary_key else set()
    columns = tuple(
        replace(column, nullable=False) if column.name.lower() in primary else column
        for column in table.columns
    )
    table = replace(table, columns=columns)
    _check_references(session, database, table)
    return table


def check_name(name: str, incorrect: SqlError) -> None:
    """Raises the error for a name that is empty or ends in a space, 1059 for one too long."""
    if not name or name.endswith(" "):
        raise incorrect
    if len(name) > MAX_NAME:
        raise errors.IDENTIFIER_TOO_LONG(name=name)


def _check_key(table: Table, key: Key) -> None:
    for part in key.parts:
        column = table.column(part.column)
        if column is None:
            raise errors.KEY_COLUMN_MISSING(column=part.column)
        long = column.type.base_name.endswith(("text", "blob"))
        if long and not part.length:
            raise errors.BLOB_KEY_WITHOUT_LENGTH(column=column.name)
        if part.length and key.unique and part.length < column.type.length:
            raise errors.NOT_SUPPORTED_YET(construct="a unique key on a prefix")
        if column.type.kind is Kind.JSON:
            raise errors.NOT_SUPPORTED_YET(construct="a key on a JSON column")


def _check_references(session: EngineSession, database: str, table: Table) -> None:
    if table.foreign_keys and table.temporary:
        raise errors.NOT_SUPPORTED_YET(construct="foreign keys of temporary tables")
    if not session.variables.get("foreign_key_checks"):
        return
    for key in table.foreign_keys:
        for name in key.columns:
            if table.column(name) is None:
                raise errors.KEY_COLUMN_MISSING(column=name)
        known = session.storage.catalogue(database).table(key.parent)
        parent = table if key.parent.lower() == table.name.lower() else known
        if parent is None:
            raise errors.CANNOT_OPEN_REFERENCED_TABLE(table=key.parent)
        for name in key.parent_columns:
            if parent.column(name) is None:
                raise errors.FOREIGN_KEY_COLUMN_MISSING(
                    column=name, constraint=key.name, table=key.parent
                )
        wanted = [name.lower() for name in key.parent_columns]
        if not any([c.lower() for c in k.columns] == wanted for k in parent.unique_keys):
            raise errors.FOREIGN_KEY_NO_INDEX(constraint=key.name, table=key.parent)


def _create_text(session: EngineSession, database: str, table: Table, name: str) -> str:
    rowid, primary = table.rowid_column, table.primary_key
    lines = []
    for column in table.columns:
        kind = "INTEGER PRIMARY KEY" if column.name == rowid else sqlite_declaration(column.type)
        lines.append(f"{quote(column.name)} {kind}")
    if primary is not None and rowid is None:
        parts = ", ".join(quote(_column_name(table, part.column)) for part in primary.parts)
        lines.append(f"PRIMARY KEY ({parts})")
    for key in table.foreign_keys:
        line = (
            f"FOREIGN KEY ({_listed(key.columns)}) "
            f"REFERENCES {quote(key.parent)} ({_listed(key.parent_columns)})"
        )
        if key.on_delete:
            line += f" ON DELETE {key.on_delete}"
        if key.on_update:
            line += f" ON UPDATE {key.on_update}"
        lines.append(line)
    for check in table.checks:
        test = check_text(session, table, check.expression)
        lines.append(f"CONSTRAINT {quote(check.name)} CHECK ({test})")
    tail = " WITHOUT ROWID" if primary is not None and rowid is None else ""
    return f"CREATE TABLE {name} ({', '.join(lines)}){tail}"


def _column_name(table: Table, name: str) -> str:
    column = table.column(name)
    return column.name if column is not None else name


def _listed(names: Iterable[str]) -> str:
    return ", ".join(quote(name) for name in names)


def check_text(session: EngineSession, table: Table, expression: str) -> str:
    """The condition of a CHECK for SQLite."""
    fields = [Field(c.name, quote(c.name), c.type, c.nullable, table.name) for c in table.columns]
    scope = Scope(None, [Relation(table.name, fields)], clause="check constraint")
    context = session.context()
    translator = Expressions(context, scope, Select(context).query)
    return translator.truth(parse_expression(expression))


def create(session: EngineSession, database: str, table: Table) -> Table:
    """Creates the table and its indexes and records it; the caller holds the writer lock."""
    connection = session.storage.connection
    connection.execute(_create_text(session, database, table, stored_name(table, database)))
    keys = tuple(create_index(session, database, table, key) for key in table.keys)
    table = replace(table, keys=keys)
    if table.temporary:
        session.temporary[(database, table.name.lower())] = table
    else:
        catalogue.save(connection, schema_of(database), table)
    return table


def create_index(session: EngineSession, database: str, table: Table, key: Key) -> Key:
    """Creates a key's index in SQLite; raises 1062 if the rows break a unique one."""
    if key.primary:
        return key
    stored = uuid.uuid4().hex
    schema = "temp" if table.temporary else schema_of(database)
    parts = ", ".join(
        quote(_column_name(table, part.column)) + (" DESC" if part.descending else "")
        for part in key.parts
    )
    name = f"{database}.{table.name}" if table.temporary else table.name
    word = "UNIQUE INDEX" if key.unique else "INDEX"
    try:
        session.storage.connection.execute(
            f"CREATE {word} {quote(schema)}.{quote(stored)} ON {quote(name)} ({parts})"
        )
    except apsw.ConstraintError as error:
        raise _first_duplicate(session, database, table, key, error) from None
    return replace(key, stored=stored)


def _first_duplicate(
    session: EngineSession, database: str, table: Table, key: Key, error: apsw.Error
) -> SqlError:
    listed = _listed(_column_name(table, name) for name in key.columns)
    rows = session.storage.connection.execute(
        f"SELECT {listed} FROM {stored_name(table, database)} "
        f"GROUP BY {listed} HAVING COUNT(*) > 1 LIMIT 1"
    )
    values = dict(zip([name.lower() for name in key.columns], next(iter(rows)), strict=True))
    return duplicate(replace(table, keys=(key,)), error, values)


def drop_index(session: EngineSession, database: str, table: Table, key: Key) -> None:
    """Drops a key's index in SQLite."""
    schema = "temp" if table.temporary else schema_of(database)
    session.storage.connection.execute(f"DROP INDEX {quote(schema)}.{quote(key.stored)}")


def drop(session: EngineSession, database: str, table: Table) -> None:
    """Drops the table and forgets it."""
    session.storage.connection.execute(f"DROP TABLE {stored_name(table, database)}")
    if table.temporary:
        del session.temporary[(database, table.name.lower())]
        return
    catalogue.forget(session.storage.connection, schema_of(database), table.name)
    session.engine.set_counter(database, table.name, None)


Source = tuple[str, str | None]
"""A column of the new table and the column of the old one it is filled from (None: its default)."""


def rebuild(
    session: EngineSession,
    database: str,
    old: Table,
    new: Table,
    sources: Sequence[Source],
    defaults: Callable[[str], Value],
) -> Table:
    """Replaces a table by one of another definition with the same rows, converted.

    Foreign keys are off while it runs (the caller sees to it).
    """
    connection = session.storage.connection
    connection.execute("PRAGMA legacy_alter_table = ON")
    try:
        temporary_name = f"rebuild-{uuid.uuid4().hex}"
        building = replace(new, name=temporary_name, keys=tuple(k for k in new.keys if k.primary))
        connection.execute(
            _create_text(session, database, building, stored_name(building, database))
        )
        _copy(session, database, old, building, sources, defaults, new.name)
        drop(session, database, old)
        stored = f"{database}.{new.name}" if new.temporary else new.name
        connection.execute(
            f"ALTER TABLE {stored_name(building, database)} RENAME TO {quote(stored)}"
        )
    finally:
        connection.execute("PRAGMA legacy_alter_table = OFF")
    keys = tuple(create_index(session, database, new, key) for key in new.keys)
    new = replace(new, keys=keys)
    if new.temporary:
        session.temporary[(database, new.name.lower())] = new
    else:
        catalogue.save(connection, schema_of(database), new)
    return new


def _copy(
    session: EngineSession,
    database: str,
    old: Table,
    new: Table,
    sources: Sequence[Source],
    defaults: Callable[[str], Value],
    shown_name: str,
) -> None:
    read = [source for _, source in sources if source is not None]
    converters = [converter(column.type) for name in read if (column := old.column(name))]
    connection = session.storage.connection
    cursor = connection.execute(f"SELECT {_listed(read) or '1'} FROM {stored_name(old, database)}")
    keep = stores(new)
    row = StatementRow(session, strict=session.strict)
    marks = ", ".join("?" for _ in sources)
    insert = (
        f"INSERT INTO {stored_name(new, database)} "
        f"({_listed(name for name, _ in sources)}) VALUES ({marks})"
    )
    for values in list(cursor):
        row.row += 1
        found = iter(convert(value) for convert, value in zip(converters, values, strict=False))
        stored = [
            _moved(keep[name.lower()], next(found) if source is not None else defaults(name), row)
            for name, source in sources
        ]
        try:
            connection.execute(insert, stored)
        except apsw.ConstraintError as error:
            if not is_unique(error):
                raise
            names = [name.lower() for name, _ in sources]
            named = dict(zip(names, stored, strict=True))
            raise duplicate(replace(new, name=shown_name), error, named) from None


def _moved(keep: ColumnStore, value: Value, row: StatementRow) -> Stored:
    """A value as its column's new type stores it; raises 1265 where it does not fit."""
    if value is None and not keep.nullable:
        raise errors.DATA_TRUNCATED(column=keep.name, row=row.row)
    try:
        return keep.store(value, row)
    except errors.SqlError as error:
        if error.errno != errors.DATA_TOO_LONG.errno:
            raise
        raise errors.DATA_TRUNCATED(column=keep.name, row=row.row) from None
