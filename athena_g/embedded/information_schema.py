"""The computed tables of information_schema that clients ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from athena_g.embedded import describe, threads, types
from athena_g.embedded.catalogue import ColumnDefinition, Table, quote
from athena_g.embedded.collation import CHARSET_DEFAULTS, COLLATIONS, charset_of
from athena_g.embedded.storage import schema_of
from athena_g.embedded.translate.relations import Field, Relation
from athena_g.embedded.translate.values import quote_text
from athena_g.embedded.types import COLLATION_IDS, Kind, SqlType

if TYPE_CHECKING:
    from athena_g.embedded.session import EngineSession

_NAME = types.varchar(64, "utf8mb3_general_ci")
_TEXT = types.text("utf8mb3_general_ci")
_NUMBER = types.BIGINT_UNSIGNED
_TIME = types.datetime()
Row = Sequence[Any]
Source = Callable[["EngineSession"], Iterator[Row]]


def literal(value: Any) -> str:
    """A cell as SQLite's literal."""
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int) else quote_text(str(value))


def inline(
    alias: str, columns: Sequence[tuple[str, SqlType]], rows: Sequence[Row]
) -> tuple[Relation, str]:
    """Computed rows as a relation, with their text for FROM."""
    fields = [
        Field(name, f"{quote(alias)}.{quote(name)}", sql_type, True, alias)
        for name, sql_type in columns
    ]
    if rows:
        values = ", ".join(f"({', '.join(literal(cell) for cell in row)})" for row in rows)
        listed = ", ".join(f"column{i} AS {quote(n)}" for i, (n, _) in enumerate(columns, 1))
        text = f"(SELECT {listed} FROM (VALUES {values}))"
    else:
        listed = ", ".join(f"NULL AS {quote(name)}" for name, _ in columns)
        text = f"(SELECT {listed} WHERE 0)"
    return Relation(alias, fields), f"{text} AS {quote(alias)}"


def relation(
    session: EngineSession, database: str, name: str, alias: str
) -> tuple[Relation, str] | None:
    """A table of information_schema; None if it is not one of those offered."""
    found = _TABLES.get(name.lower()) if database == "information_schema" else None
    if found is None:
        return None
    columns, source = found
    made, text = inline(alias, columns, list(source(session)))
    made.database = database
    return made, text


def all_tables(session: EngineSession) -> Iterator[tuple[str, Table]]:
    """Every stored table with its database."""
    for database in session.engine.databases():
        for table in session.storage.catalogue(database).tables.values():
            yield database, table


def row_count(session: EngineSession, database: str, table: Table) -> int:
    """How many rows the table has."""
    stored = f"{quote(schema_of(database))}.{quote(table.name)}"
    return int(next(session.storage.connection.execute(f"SELECT COUNT(*) FROM {stored}"))[0])


def _schemata(session: EngineSession) -> Iterator[Row]:
    for database in session.engine.databases():
        collation = session.storage.catalogue(database).collation
        yield "def", database, charset_of(collation), collation, None, "NO"
    yield "def", "information_schema", "utf8mb3", "utf8mb3_general_ci", None, "NO"


def _tables(session: EngineSession) -> Iterator[Row]:
    for database, table in all_tables(session):
        next_id = session.engine.counter(database, table.name) if table.auto_column else None
        yield (
            "def", database, table.name, "BASE TABLE", table.engine, 10, "Dynamic",
            row_count(session, database, table), 0, 0, 0, 0, 0, next_id, table.created or None,
            None, None, table.collation, None, "", table.comment,
        )  # fmt: skip
    for name in _TABLES:
        yield (
            "def", "information_schema", name.upper(), "SYSTEM VIEW", None, 10, None, 0, 0, 0, 0,
            0, 0, None, None, None, None, None, None, "", "",
        )  # fmt: skip


def _columns(session: EngineSession) -> Iterator[Row]:
    for database, table in all_tables(session):
        for place, column in enumerate(table.columns, 1):
            yield _column_row(database, table, place, column)


def _column_row(database: str, table: Table, place: int, column: ColumnDefinition) -> Row:
    kind, sql_type = column.type.kind, column.type
    is_text = kind in (Kind.STRING, Kind.ENUM, Kind.SET)
    characters = sql_type.length if is_text or kind is Kind.BINARY else None
    octets = types.wire_length(sql_type) if characters is not None else None
    digits = {"tinyint": 3, "smallint": 5, "mediumint": 7, "int": 10, "bigint": 19}
    precision = digits.get(sql_type.base_name) if kind is Kind.INT else None
    if kind in (Kind.DECIMAL, Kind.BIT):
        precision = sql_type.length
    elif kind is Kind.REAL:
        precision = 12 if sql_type.base_name == "float" else 22
    scale = sql_type.scale if kind is Kind.DECIMAL else 0 if kind is Kind.INT else None
    fraction = sql_type.scale if kind in (Kind.DATETIME, Kind.TIME) else None
    collation = sql_type.collation if is_text else None
    return (
        "def", database, table.name, column.name, place, describe.default_text(column),
        "YES" if column.nullable else "NO", sql_type.base_name, characters, octets, precision,
        scale, fraction, charset_of(collation) if collation else None, collation, sql_type.name,
        table.key_mark(column.name), describe.extra(column), "select,insert,update,references",
        column.comment, "", None,
    )  # fmt: skip


def _statistics(session: EngineSession) -> Iterator[Row]:
    for database, table in all_tables(session):
        for row in describe.index_rows(table):
            _, unique, name, place, column, order, count, part, packed, nullable, kind, *rest = row
            yield (
                "def", database, table.name, unique, database, name, place, column, order, count,
                part, packed, nullable, kind, rest[0], rest[1], "YES", None,
            )  # fmt: skip


def _key_usage(session: EngineSession) -> Iterator[Row]:
    for database, table in all_tables(session):
        for key in table.unique_keys:
            for place, part in enumerate(key.parts, 1):
                yield (
                    "def", database, key.name, "def", database, table.name, part.column, place,
                    None, None, None, None,
                )  # fmt: skip
        for reference in table.foreign_keys:
            pairs = zip(reference.columns, reference.parent_columns, strict=True)
            for place, (column, parent) in enumerate(pairs, 1):
                yield (
                    "def", database, reference.name, "def", database, table.name, column, place,
                    place, database, reference.parent, parent,
                )  # fmt: skip


def _constraints(session: EngineSession) -> Iterator[Row]:
    for database, table in all_tables(session):
        named = [(k.name, "PRIMARY KEY" if k.primary else "UNIQUE") for k in table.unique_keys]
        named += [(key.name, "FOREIGN KEY") for key in table.foreign_keys]
        named += [(check.name, "CHECK") for check in table.checks]
        for name, kind in named:
            yield "def", database, name, database, table.name, kind, "YES"


def _references(session: EngineSession) -> Iterator[Row]:
    for database, table in all_tables(session):
        for key in table.foreign_keys:
            yield (
                "def", database, key.name, "def", database, "PRIMARY", "NONE",
                key.on_update or "NO ACTION", key.on_delete or "NO ACTION", table.name, key.parent,
            )  # fmt: skip


def _engines(session: EngineSession) -> Iterator[Row]:
    yield "InnoDB", "DEFAULT", "Tables of SQLite under InnoDB's name", "YES", "NO", "YES"


def _charsets(session: EngineSession) -> Iterator[Row]:
    sizes = {"utf8mb4": 4, "utf8mb3": 3, "latin1": 1, "ascii": 1, "binary": 1}
    for name, size in sizes.items():
        yield name, CHARSET_DEFAULTS[name], name, size


def _collations(session: EngineSession) -> Iterator[Row]:
    for name in sorted(COLLATIONS):
        default = "Yes" if CHARSET_DEFAULTS.get(charset_of(name)) == name else ""
        pad = "NO PAD" if "0900" in name else "PAD SPACE"
        yield name, charset_of(name), COLLATION_IDS[name], default, "Yes", 1, pad


def _nothing(session: EngineSession) -> Iterator[Row]:
    return iter(())


def _all(names: str, sql_type: SqlType = _NAME) -> list[tuple[str, SqlType]]:
    return [(name, sql_type) for name in names.split()]


def _typed(names: str, numbers: str = "", texts: str = "", times: str = "") -> list[Any]:
    chosen = dict.fromkeys(numbers.split(), _NUMBER) | dict.fromkeys(texts.split(), _TEXT)
    chosen |= dict.fromkeys(times.split(), _TIME)
    return [(name, chosen.get(name, _NAME)) for name in names.split()]


_TABLES: dict[str, tuple[list[tuple[str, SqlType]], Source]] = {
    "schemata": (
        _all("CATALOG_NAME SCHEMA_NAME DEFAULT_CHARACTER_SET_NAME DEFAULT_COLLATION_NAME SQL_PATH "
             "DEFAULT_ENCRYPTION"),
        _schemata,
    ),
    "tables": (
        _typed(
            "TABLE_CATALOG TABLE_SCHEMA TABLE_NAME TABLE_TYPE ENGINE VERSION ROW_FORMAT TABLE_ROWS "
            "AVG_ROW_LENGTH DATA_LENGTH MAX_DATA_LENGTH INDEX_LENGTH DATA_FREE AUTO_INCREMENT "
            "CREATE_TIME UPDATE_TIME CHECK_TIME TABLE_COLLATION CHECKSUM CREATE_OPTIONS "
            "TABLE_COMMENT",
            "VERSION TABLE_ROWS AVG_ROW_LENGTH DATA_LENGTH MAX_DATA_LENGTH INDEX_LENGTH DATA_FREE "
            "AUTO_INCREMENT CHECKSUM",
            "TABLE_COMMENT",
            "CREATE_TIME UPDATE_TIME CHECK_TIME",
        ),
        _tables,
    ),
    "columns": (
        _typed(
            "TABLE_CATALOG TABLE_SCHEMA TABLE_NAME COLUMN_NAME ORDINAL_POSITION COLUMN_DEFAULT "
            "IS_NULLABLE DATA_TYPE CHARACTER_MAXIMUM_LENGTH CHARACTER_OCTET_LENGTH "
            "NUMERIC_PRECISION NUMERIC_SCALE DATETIME_PRECISION CHARACTER_SET_NAME COLLATION_NAME "
            "COLUMN_TYPE COLUMN_KEY EXTRA PRIVILEGES COLUMN_COMMENT GENERATION_EXPRESSION SRS_ID",
            "ORDINAL_POSITION CHARACTER_MAXIMUM_LENGTH CHARACTER_OCTET_LENGTH NUMERIC_PRECISION "
            "NUMERIC_SCALE DATETIME_PRECISION SRS_ID",
            "COLUMN_DEFAULT DATA_TYPE COLUMN_TYPE COLUMN_COMMENT GENERATION_EXPRESSION",
        ),
        _columns,
    ),
    "statistics": (
        _typed(
            "TABLE_CATALOG TABLE_SCHEMA TABLE_NAME NON_UNIQUE INDEX_SCHEMA INDEX_NAME SEQ_IN_INDEX "
            "COLUMN_NAME COLLATION CARDINALITY SUB_PART PACKED NULLABLE INDEX_TYPE COMMENT "
            "INDEX_COMMENT IS_VISIBLE EXPRESSION",
            "NON_UNIQUE SEQ_IN_INDEX CARDINALITY SUB_PART",
        ),
        _statistics,
    ),
    "key_column_usage": (
        _typed(
            "CONSTRAINT_CATALOG CONSTRAINT_SCHEMA CONSTRAINT_NAME TABLE_CATALOG TABLE_SCHEMA "
            "TABLE_NAME COLUMN_NAME ORDINAL_POSITION POSITION_IN_UNIQUE_CONSTRAINT "
            "REFERENCED_TABLE_SCHEMA REFERENCED_TABLE_NAME REFERENCED_COLUMN_NAME",
            "ORDINAL_POSITION POSITION_IN_UNIQUE_CONSTRAINT",
        ),
        _key_usage,
    ),
    "table_constraints": (
        _all("CONSTRAINT_CATALOG CONSTRAINT_SCHEMA CONSTRAINT_NAME TABLE_SCHEMA TABLE_NAME "
             "CONSTRAINT_TYPE ENFORCED"),
        _constraints,
    ),
    "referential_constraints": (
        _all("CONSTRAINT_CATALOG CONSTRAINT_SCHEMA CONSTRAINT_NAME UNIQUE_CONSTRAINT_CATALOG "
             "UNIQUE_CONSTRAINT_SCHEMA UNIQUE_CONSTRAINT_NAME MATCH_OPTION UPDATE_RULE DELETE_RULE "
             "TABLE_NAME REFERENCED_TABLE_NAME"),
        _references,
    ),
    "engines": (_all("ENGINE SUPPORT COMMENT TRANSACTIONS XA SAVEPOINTS"), _engines),
    "character_sets": (
        _typed("CHARACTER_SET_NAME DEFAULT_COLLATE_NAME DESCRIPTION MAXLEN", "MAXLEN"),
        _charsets,
    ),
    "collations": (
        _typed("COLLATION_NAME CHARACTER_SET_NAME ID IS_DEFAULT IS_COMPILED SORTLEN PAD_ATTRIBUTE",
               "ID SORTLEN"),
        _collations,
    ),
    "processlist": (
        _typed("ID USER HOST DB COMMAND TIME STATE INFO", "ID TIME", "INFO"),
        threads.processes,
    ),
    "views": (_all("TABLE_CATALOG TABLE_SCHEMA TABLE_NAME VIEW_DEFINITION"), _nothing),
    "routines": (_all("ROUTINE_SCHEMA ROUTINE_NAME ROUTINE_TYPE"), _nothing),
    "triggers": (_all("TRIGGER_SCHEMA TRIGGER_NAME EVENT_OBJECT_TABLE"), _nothing),
    "events": (_all("EVENT_SCHEMA EVENT_NAME"), _nothing),
    "partitions": (_all("TABLE_SCHEMA TABLE_NAME PARTITION_NAME"), _nothing),
}  # fmt: skip
