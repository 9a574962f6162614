"""What the statements that write share: rows stored, duplicates and broken references named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import apsw

from athena_g import errors
from athena_g.embedded import sqlite_errors
from athena_g.embedded.catalogue import ColumnDefinition, ForeignKey, Table, quote
from athena_g.embedded.native import Value, converter
from athena_g.embedded.storage import schema_of
from athena_g.embedded.store import ColumnStore, value_text
from athena_g.embedded.types import Kind
from athena_g.errors import SqlError

if TYPE_CHECKING:
    from athena_g.embedded.session import EngineSession


class StrictRow:
    """A row whose faults are errors."""

    row = 1

    def fault(self, error: SqlError, otherwise: SqlError | None = None) -> None:
        raise error

    def note(self, error: SqlError) -> None:
        return None


class StatementRow:
    """The row a statement is at; its faults are errors in strict mode and else warnings."""

    def __init__(self, session: EngineSession, *, strict: bool) -> None:
        self.row = 0
        self._session = session
        self._strict = strict

    def fault(self, error: SqlError, otherwise: SqlError | None = None) -> None:
        if self._strict:
            raise error
        self._session.note(otherwise or error)

    def note(self, error: SqlError) -> None:
        self._session.note(error, "Note")


def stores(table: Table) -> dict[str, ColumnStore]:
    """What converts values for each column, by the column's name in lower case."""
    return {
        column.name.lower(): ColumnStore(
            column.name, column.type, nullable=column.nullable, table=table.name
        )
        for column in table.columns
    }


def stored_name(table: Table, database: str) -> str:
    """The table as SQLite knows it."""
    if table.temporary:
        return f"temp.{quote(f'{database}.{table.name}')}"
    return f"{quote(schema_of(database))}.{quote(table.name)}"


_IMPLICIT: dict[Kind, Value] = {
    Kind.STRING: "",
    Kind.BINARY: b"",
    Kind.DATE: "0000-00-00",
    Kind.DATETIME: "0000-00-00 00:00:00",
    Kind.JSON: "null",
    Kind.ENUM: 1,
}


def implicit_default(column: ColumnDefinition) -> Value:
    """What a NOT NULL column without a default holds where strict mode is off."""
    return _IMPLICIT.get(column.type.kind, 0)


def duplicate(table: Table, error: apsw.Error | None, row: Mapping[str, Any]) -> SqlError:
    """Error 1062 for a broken unique key; ``row`` has what was to be stored, by lower name.

    Without an error of SQLite's it is the table's first key.
    """
    columns = [name.lower() for name in sqlite_errors.unique_columns(error)] if error else None
    for key in table.unique_keys:
        if columns is None or [name.lower() for name in key.columns] == columns:
            break
    else:
        return errors.DUPLICATE_ENTRY(value="?", key=table.name)
    shown = []
    for name in key.columns:
        column = table.column(name)
        value = row.get(name.lower())
        native = converter(column.type)(value) if column is not None else value
        shown.append("NULL" if native is None else value_text(native))
    return errors.DUPLICATE_ENTRY(value="-".join(shown), key=f"{table.name}.{key.name}")


def is_unique(error: apsw.ConstraintError) -> bool:
    """Whether a unique or primary key is what was broken."""
    return str(error).startswith("UNIQUE")


def is_reference(error: apsw.ConstraintError) -> bool:
    """Whether a foreign key is what was broken."""
    return "FOREIGN KEY" in str(error)


def _shown(database: str, table: Table, key: ForeignKey) -> str:
    return f"`{database}`.`{table.name}`, {key.describe()}"


def missing_parent(
    session: EngineSession, database: str, table: Table, rows: list[Mapping[str, Any]]
) -> SqlError | None:
    """Error 1452 naming the first foreign key that one of the rows breaks; None if none does."""
    for key in table.foreign_keys:
        tests = " AND ".join(f"{quote(column)} = ?" for column in key.parent_columns)
        parent = f"{quote(schema_of(database))}.{quote(key.parent)}"
        query = f"SELECT 1 FROM {parent} WHERE {tests}"
        for row in rows:
            values = [row.get(column.lower()) for column in key.columns]
            if None in values:
                continue
            if not list(session.storage.connection.execute(query, values)):
                return errors.NO_REFERENCED_ROW(constraint=_shown(database, table, key))
    return None


def still_referenced(session: EngineSession, database: str, table: Table) -> SqlError:
    """Error 1451 naming a foreign key that refers to the table."""
    for child, key in session.storage.catalogue(database).referring_to(table.name):
        if key.on_delete not in ("CASCADE", "SET NULL") or key.on_update not in (
            "CASCADE", "SET NULL",
        ):  # fmt: skip
            return errors.ROW_IS_REFERENCED(constraint=_shown(database, child, key))
    return errors.ROW_IS_REFERENCED(constraint=f"`{database}`.`{table.name}`")
