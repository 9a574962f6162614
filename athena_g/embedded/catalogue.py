"""What MySQL knows of a database's tables, kept beside them in the SQLite file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import apsw

from athena_g.embedded.types import DEFAULT_COLLATION, Kind, SqlType
from athena_g.protocol.constants import ColumnType

TABLE_NAME = "athena_catalogue"
OPTIONS_ROW = ""


@dataclass(frozen=True, slots=True)
class Default:
    """A column's default: a constant (its text), ``CURRENT_TIMESTAMP``, or an expression."""

    text: str | None
    is_now: bool = False
    is_expression: bool = False


@dataclass(frozen=True, slots=True)
class ColumnDefinition:
    """One column as MySQL defines it."""

    name: str
    type: SqlType
    nullable: bool = True
    default: Default | None = None
    auto_increment: bool = False
    on_update_now: bool = False
    comment: str = ""


@dataclass(frozen=True, slots=True)
class KeyPart:
    """One column of a key; ``length`` is a prefix's, in characters, or 0."""

    column: str
    length: int = 0
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Key:
    """A primary, unique or plain key."""

    name: str
    parts: tuple[KeyPart, ...]
    unique: bool = False
    primary: bool = False
    comment: str = ""
    stored: str = ""
    """The name of SQLite's index; empty for a primary key."""

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(part.column for part in self.parts)


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A reference to another table of the same database."""

    name: str
    columns: tuple[str, ...]
    parent: str
    parent_columns: tuple[str, ...]
    on_delete: str = ""
    on_update: str = ""

    def describe(self) -> str:
        """``CONSTRAINT … FOREIGN KEY …`` as SHOW CREATE TABLE and error texts print it."""
        text = (
            f"CONSTRAINT `{self.name}` FOREIGN KEY ({_names(self.columns)}) "
            f"REFERENCES `{self.parent}` ({_names(self.parent_columns)})"
        )
        if self.on_delete and self.on_delete != "NO ACTION":
            text += f" ON DELETE {self.on_delete}"
        if self.on_update and self.on_update != "NO ACTION":
            text += f" ON UPDATE {self.on_update}"
        return text


def _names(columns: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in columns)


@dataclass(frozen=True, slots=True)
class Check:
    """A CHECK constraint with its expression as it was written."""

    name: str
    expression: str


@dataclass(frozen=True, slots=True)
class Table:
    """One table as MySQL defines it."""

    name: str
    columns: tuple[ColumnDefinition, ...]
    keys: tuple[Key, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    checks: tuple[Check, ...] = ()
    collation: str = DEFAULT_COLLATION
    comment: str = ""
    engine: str = "InnoDB"
    auto_increment: int = 0
    created: str = ""
    temporary: bool = False

    def column(self, name: str) -> ColumnDefinition | None:
        """The column of that name, in whatever case it is written."""
        wanted = name.lower()
        return next((c for c in self.columns if c.name.lower() == wanted), None)

    def key(self, name: str) -> Key | None:
        """The key of that name, in whatever case it is written."""
        wanted = name.lower()
        return next((k for k in self.keys if k.name.lower() == wanted), None)

    @property
    def primary_key(self) -> Key | None:
        return next((key for key in self.keys if key.primary), None)

    @property
    def auto_column(self) -> ColumnDefinition | None:
        return next((column for column in self.columns if column.auto_increment), None)

    @property
    def unique_keys(self) -> list[Key]:
        return [key for key in self.keys if key.unique]

    @property
    def rowid_column(self) -> str | None:
        """The column that is SQLite's rowid: a primary key of one integer column."""
        key = self.primary_key
        if key is None or len(key.parts) != 1:
            return None
        column = self.column(key.parts[0].column)
        return column.name if column and column.type.kind is Kind.INT else None

    @property
    def row_identity(self) -> tuple[str, ...]:
        """The SQLite columns that identify a row."""
        if self.rowid_column is None and self.primary_key is not None:
            return self.primary_key.columns
        return (self.rowid_column or "rowid",)

    def keys_of(self, column: str) -> Iterator[tuple[Key, int]]:
        """The keys a column belongs to, with its place in each."""
        for key in self.keys:
            for place, part in enumerate(key.parts):
                if part.column.lower() == column.lower():
                    yield key, place

    def key_mark(self, column: str) -> str:
        """``PRI``, ``UNI``, ``MUL`` or nothing: the Key column of DESCRIBE."""
        mark = ""
        for key, place in self.keys_of(column):
            if key.primary:
                return "PRI"
            if key.unique and len(key.parts) == 1:
                mark = "UNI"
            elif place == 0 and not mark:
                mark = "MUL"
        return mark

    def to_json(self) -> str:
        """The table as the catalogue holds it."""
        return json.dumps(asdict(self), default=lambda value: value.value, ensure_ascii=False)

    @staticmethod
    def from_json(text: str) -> Table:
        """The table of a catalogue row."""
        data: dict[str, Any] = json.loads(text)
        data["columns"] = tuple(_column_from(item) for item in data["columns"])
        data["keys"] = tuple(
            Key(**{**item, "parts": tuple(KeyPart(**part) for part in item["parts"])})
            for item in data["keys"]
        )
        data["foreign_keys"] = tuple(
            ForeignKey(
                **{
                    **item,
                    "columns": tuple(item["columns"]),
                    "parent_columns": tuple(item["parent_columns"]),
                }
            )
            for item in data["foreign_keys"]
        )
        data["checks"] = tuple(Check(**item) for item in data["checks"])
        return Table(**data)


def _column_from(item: dict[str, Any]) -> ColumnDefinition:
    described = item["type"]
    sql_type = SqlType(
        **{
            **described,
            "kind": Kind(described["kind"]),
            "wire": ColumnType(described["wire"]),
            "labels": tuple(described["labels"]),
        }
    )
    default = Default(**item["default"]) if item["default"] else None
    return ColumnDefinition(**{**item, "type": sql_type, "default": default})


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The tables of one database at one version of its schema."""

    database: str
    version: int
    tables: dict[str, Table] = field(default_factory=dict)
    collation: str = DEFAULT_COLLATION

    def table(self, name: str) -> Table | None:
        return self.tables.get(name.lower())

    def referring_to(self, name: str) -> Iterator[tuple[Table, ForeignKey]]:
        """The foreign keys of other tables (and its own) that refer to a table."""
        for table in self.tables.values():
            for key in table.foreign_keys:
                if key.parent.lower() == name.lower():
                    yield table, key


def quote(name: str) -> str:
    """A name as SQLite quotes it."""
    return '"' + name.replace('"', '""') + '"'


def schema_version(connection: apsw.Connection, database: str) -> int:
    """The number that SQLite raises whenever the database's tables change."""
    row = next(connection.execute(f"PRAGMA {quote(database)}.schema_version"))
    return int(row[0])


def prepare(connection: apsw.Connection, database: str, collation: str) -> None:
    """Makes a new SQLite file a database: creates its catalogue."""
    connection.execute(
        f"CREATE TABLE IF NOT EXISTS {quote(database)}.{TABLE_NAME}"
        "(name TEXT PRIMARY KEY COLLATE NOCASE, definition TEXT NOT NULL) WITHOUT ROWID"
    )
    connection.execute(
        f"INSERT OR REPLACE INTO {quote(database)}.{TABLE_NAME} VALUES (?, ?)",
        (OPTIONS_ROW, json.dumps({"collation": collation})),
    )


def load(connection: apsw.Connection, database: str, version: int) -> Catalogue:
    """The catalogue as the connection's snapshot has it."""
    tables: dict[str, Table] = {}
    collation = DEFAULT_COLLATION
    rows = connection.execute(f"SELECT name, definition FROM {quote(database)}.{TABLE_NAME}")
    for name, definition in rows:
        if name == OPTIONS_ROW:
            collation = json.loads(definition)["collation"]
        else:
            tables[name.lower()] = Table.from_json(definition)
    return Catalogue(database, version, tables, collation)


def save(connection: apsw.Connection, database: str, table: Table) -> None:
    """Records a table; its SQLite table is changed by the caller."""
    connection.execute(
        f"INSERT OR REPLACE INTO {quote(database)}.{TABLE_NAME} VALUES (?, ?)",
        (table.name, table.to_json()),
    )


def save_alone(connection: apsw.Connection, database: str, table: Table) -> None:
    """Records a table of which SQLite's stays as it is; what others hold of it is then old."""
    save(connection, database, table)
    version = schema_version(connection, database)
    connection.execute(f"PRAGMA {quote(database)}.schema_version = {version + 1}")


def forget(connection: apsw.Connection, database: str, name: str) -> None:
    """Removes a table's record."""
    connection.execute(f"DELETE FROM {quote(database)}.{TABLE_NAME} WHERE name = ?", (name,))


def renamed(table: Table, name: str) -> Table:
    """The same table under another name."""
    return replace(table, name=name)
