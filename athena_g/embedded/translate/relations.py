"""What names mean in one SELECT: its tables, their columns, the aliases of its list."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from athena_g import errors
from athena_g.embedded.catalogue import Table, quote
from athena_g.embedded.translate.values import COLUMN, Origin, Sql
from athena_g.embedded.types import SqlType
from athena_g.protocol.constants import (
    AUTO_INCREMENT_FLAG,
    MULTIPLE_KEY_FLAG,
    NO_DEFAULT_VALUE_FLAG,
    NOT_NULL_FLAG,
    ON_UPDATE_NOW_FLAG,
    PART_KEY_FLAG,
    PRI_KEY_FLAG,
    TIMESTAMP_FLAG,
    UNIQUE_KEY_FLAG,
)


@dataclass(frozen=True, slots=True)
class Field:
    """One column that a relation offers."""

    name: str
    text: str
    type: SqlType
    nullable: bool
    relation: str
    origin: Origin | None = None

    def value(self) -> Sql:
        return Sql(self.text, self.type, self.nullable, coercibility=COLUMN, origin=self.origin)


@dataclass(slots=True)
class Relation:
    """A table, derived table or CTE as it stands in FROM."""

    alias: str
    fields: list[Field]
    database: str | None = None
    table: Table | None = None

    def find(self, name: str) -> Field | None:
        wanted = name.lower()
        return next((found for found in self.fields if found.name.lower() == wanted), None)


def column_flags(table: Table, name: str) -> int:
    """The flags of a column definition that follow from the table."""
    column = table.column(name)
    if column is None:
        return 0
    flags = 0 if column.nullable else NOT_NULL_FLAG
    for key, place in table.keys_of(name):
        flags |= PART_KEY_FLAG
        if key.primary:
            flags |= PRI_KEY_FLAG
        elif key.unique and len(key.parts) == 1:
            flags |= UNIQUE_KEY_FLAG
        elif place == 0:
            flags |= MULTIPLE_KEY_FLAG
    if column.auto_increment:
        flags |= AUTO_INCREMENT_FLAG
    elif not column.nullable and column.default is None:
        flags |= NO_DEFAULT_VALUE_FLAG
    if column.on_update_now:
        flags |= ON_UPDATE_NOW_FLAG
    if column.type.base_name == "timestamp":
        flags |= TIMESTAMP_FLAG
    return flags


def table_relation(table: Table, database: str, alias: str) -> Relation:
    """A stored table as a relation."""
    fields = [
        Field(
            column.name,
            f"{quote(alias)}.{quote(column.name)}",
            column.type,
            column.nullable,
            alias,
            Origin(database, alias, table.name, column.name, column_flags(table, column.name)),
        )
        for column in table.columns
    ]
    return Relation(alias, fields, database, table)


@dataclass(slots=True)
class Scope:
    """The names one SELECT can use; ``parent`` is that of the query it stands in."""

    parent: Scope | None = None
    relations: list[Relation] = field(default_factory=list)
    aliases: dict[str, Sql] = field(default_factory=dict)
    listed: list[Field] = field(default_factory=list)
    """The columns of FROM in the order of ``*``."""
    hidden: set[tuple[str, str]] = field(default_factory=set)
    clause: str = "field list"
    aliases_first: bool = False
    aliases_visible: bool = False
    aggregate_depth: int = 0
    aggregates: int = 0
    bare: list[Field] = field(default_factory=list)
    excluded: Relation | None = None
    """The row an INSERT … ON DUPLICATE KEY UPDATE was to store."""
    replaced: dict[str, Sql] = field(default_factory=dict)
    """Columns an UPDATE has already assigned: later expressions see the new value."""

    def add(self, relation: Relation) -> None:
        """Adds a table to FROM; raises 1066 for an alias that is there already."""
        if any(
            known.alias.lower() == relation.alias.lower() and known.database == relation.database
            for known in self.relations
        ):
            raise errors.NOT_UNIQUE_TABLE(table=relation.alias)
        self.relations.append(relation)
        self.listed += relation.fields

    def named(self, alias: str, database: str | None = None) -> Relation | None:
        """The table of that alias."""
        for relation in self.relations:
            if relation.alias.lower() == alias.lower() and (
                database is None or (relation.database or "").lower() == database.lower()
            ):
                return relation
        return None

    def visible_fields(self) -> Iterator[Field]:
        """The columns of ``*``: all but the second of each pair joined by USING."""
        for found in self.listed:
            if (found.relation, found.name.lower()) not in self.hidden:
                yield found

    def resolve(self, name: str, table: str | None, database: str | None) -> Sql:
        """The column a name means here or in an outer query; raises 1052, 1054."""
        scope: Scope | None = self
        while scope is not None:
            found = scope._resolve_here(name, table, database)
            if found is not None:
                return found
            scope = scope.parent
        shown = ".".join(part for part in (database, table, name) if part)
        raise errors.UNKNOWN_COLUMN(column=shown, clause=self.clause)

    def _resolve_here(self, name: str, table: str | None, database: str | None) -> Sql | None:
        alias = self.aliases.get(name.lower()) if table is None and self.aliases_visible else None
        if alias is not None and self.aliases_first:
            return alias
        matches = [
            found
            for relation in self.relations
            if table is None or relation is self.named(table, database)
            for found in relation.fields
            if found.name.lower() == name.lower()
            and (table is not None or (relation.alias, found.name.lower()) not in self.hidden)
        ]
        if len(matches) > 1:
            shown = f"{table}.{name}" if table else name
            raise errors.AMBIGUOUS_COLUMN(column=shown, clause=self.clause)
        if not matches:
            return alias
        found = matches[0]
        if found.text in self.replaced:
            return self.replaced[found.text]
        if not self.aggregate_depth:
            self.bare.append(found)
        return found.value()
