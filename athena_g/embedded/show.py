"""SHOW, DESCRIBE and the statements that maintain tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from athena_g import errors
from athena_g.embedded import describe as description
from athena_g.embedded import information_schema, threads, types
from athena_g.embedded.collation import charset_of
from athena_g.embedded.lexer import Cursor
from athena_g.embedded.parse import parse
from athena_g.embedded.results import RowsResult, table_of
from athena_g.embedded.runtime.texts import like
from athena_g.embedded.translate.expressions import Expressions
from athena_g.embedded.translate.relations import Scope
from athena_g.embedded.translate.select import Select
from athena_g.embedded.types import SqlType
from athena_g.protocol.constants import ColumnType

if TYPE_CHECKING:
    from athena_g.embedded.session import EngineSession

_NAME = types.varchar(64)
_TEXT = types.text()
_NUMBER = types.BIGINT_UNSIGNED
_CODE = replace(_NUMBER, wire=ColumnType.LONG, length=4)
Columns = Sequence[tuple[str, SqlType]]


@dataclass(frozen=True, slots=True)
class Listing:
    """What a SHOW found, before LIKE or WHERE; ``like_on`` is the column LIKE looks at."""

    columns: Columns
    rows: Iterable[Sequence[Any]]
    like_on: int = 0
    names_pattern: bool = False
    """Whether the first column's name says what LIKE looked for."""


def _names(text: str) -> list[tuple[str, SqlType]]:
    return [(name, _NAME) for name in text.split("|")]


def run(session: EngineSession, cursor: Cursor) -> RowsResult:
    """``SHOW …``."""
    cursor.expect("SHOW")
    scope = cursor.accept_any("GLOBAL", "SESSION", "LOCAL")
    full = bool(cursor.accept_any("FULL", "EXTENDED"))
    if cursor.accept("CREATE"):
        return _show_create(session, cursor)
    if cursor.accept("COUNT", "(", "*", ")"):
        return _diagnostics_count(session, cursor)
    if cursor.accept("CHARACTER", "SET") or cursor.accept("CHARSET"):
        return _filtered(session, cursor, _charsets(session))
    if cursor.accept("TABLE", "STATUS"):
        return _filtered(session, cursor, _table_status(session, _database(session, cursor)))
    if cursor.accept("STORAGE", "ENGINES"):
        return _filtered(session, cursor, _engines(session))
    word = cursor.next().word
    if word == "TABLES":
        return _filtered(session, cursor, _tables(session, _database(session, cursor), full))
    if word in ("COLUMNS", "FIELDS"):
        return _columns(session, cursor, full)
    if word in ("INDEX", "INDEXES", "KEYS"):
        return _indexes(session, cursor)
    if word == "VARIABLES":
        rows = session.variables.listed(scope)
        return _filtered(session, cursor, Listing(_variable_columns(), rows))
    if word == "PROCESSLIST":
        return _filtered(session, cursor, _processes(session, full))
    simple = _SIMPLE.get(word)
    if simple is None:
        cursor.position -= 1
        if word in _REFUSED:
            cursor.refuse(f"SHOW {word}")
        cursor.fail()
    if word in ("WARNINGS", "ERRORS"):
        return _diagnostics(session, cursor, word)
    if word == "GRANTS" and cursor.accept("FOR"):
        cursor.position = len(cursor.tokens)
    return _filtered(session, cursor, simple(session))


def _variable_columns() -> Columns:
    return [("Variable_name", _NAME), ("Value", types.varchar(1024))]


def _filtered(session: EngineSession, cursor: Cursor, listing: Listing) -> RowsResult:
    """The listing's rows that LIKE or WHERE lets through."""
    rows = list(listing.rows)
    if cursor.accept("LIKE"):
        pattern = cursor.string()
        cursor.finish()
        rows = [row for row in rows if like(str(row[listing.like_on]), pattern, "\\", 0)]
        if listing.names_pattern:
            (name, sql_type), *others = listing.columns
            return table_of([(f"{name} ({pattern})", sql_type), *others], rows)
    elif cursor.accept("WHERE"):
        rows = _where(session, cursor, listing.columns, rows)
    cursor.finish()
    return table_of(listing.columns, rows)


def _where(
    session: EngineSession, cursor: Cursor, columns: Columns, rows: list[Sequence[Any]]
) -> list[Sequence[Any]]:
    token = cursor.peek()
    if token is None:
        cursor.fail()
    condition = cursor.sql[token.start : cursor.tokens[-1].end]
    tree = parse(f"SELECT 1 WHERE {condition}", offset=token.start - 15, whole=cursor.sql)
    cursor.position = len(cursor.tokens)
    numbered = [*columns, ("$row", types.BIGINT)]
    relation, text = information_schema.inline(
        "$show", numbered, [[*row, index] for index, row in enumerate(rows)]
    )
    context = session.context()
    scope = Scope(None, [relation], clause="where clause")
    where = tree.args["where"]
    assert isinstance(where, exp.Where)
    test = Expressions(context, scope, Select(context).query).truth(where.this)
    query = f'SELECT "$row" FROM {text} WHERE {test} ORDER BY "$row"'
    return [rows[int(found[0])] for found in session.storage.connection.execute(query)]


def _database(session: EngineSession, cursor: Cursor) -> str:
    if cursor.accept_any("FROM", "IN"):
        return session.require_database(cursor.name())
    return session.require_database()


def _table_names(session: EngineSession, database: str) -> list[str]:
    if database == "information_schema":
        return sorted(name.upper() for name in information_schema._TABLES)
    return sorted(table.name for table in session.storage.catalogue(database).tables.values())


def _tables(session: EngineSession, database: str, full: bool) -> Listing:
    columns = [(f"Tables_in_{database}", _NAME)]
    names = _table_names(session, database)
    if not full:
        return Listing(columns, [[name] for name in names], names_pattern=True)
    kind = "SYSTEM VIEW" if database == "information_schema" else "BASE TABLE"
    rows = [[name, kind] for name in names]
    return Listing([*columns, ("Table_type", _NAME)], rows, names_pattern=True)


def _table_status(session: EngineSession, database: str) -> Listing:
    columns = _names(
        "Name|Engine|Version|Row_format|Rows|Avg_row_length|Data_length|Max_data_length|"
        "Index_length|Data_free|Auto_increment|Create_time|Update_time|Check_time|Collation|"
        "Checksum|Create_options|Comment"
    )
    rows = [[row[2], *row[4:]] for row in information_schema._tables(session) if row[1] == database]
    numbers = {"Version", "Rows", "Auto_increment"} | {n for n, _ in columns if "length" in n}
    typed = [(name, _NUMBER if name in numbers else _NAME) for name, _ in columns]
    return Listing(typed, rows)


def _named_table(session: EngineSession, cursor: Cursor) -> tuple[str, Any]:
    if not cursor.accept_any("FROM", "IN"):
        cursor.fail()
    database, name = cursor.qualified_name()
    if cursor.accept_any("FROM", "IN"):
        database = cursor.name()
    chosen = session.require_database(database)
    return chosen, session.find_table(chosen, name)[1]


def _column_columns(full: bool) -> Columns:
    if full:
        return [
            ("Field", _NAME), ("Type", _TEXT), ("Collation", _NAME), ("Null", _NAME),
            ("Key", _NAME), ("Default", _TEXT), ("Extra", _NAME), ("Privileges", _NAME),
            ("Comment", _TEXT),
        ]  # fmt: skip
    return [
        ("Field", _NAME), ("Type", _TEXT), ("Null", _NAME), ("Key", _NAME), ("Default", _TEXT),
        ("Extra", _NAME),
    ]  # fmt: skip


def _columns(session: EngineSession, cursor: Cursor, full: bool) -> RowsResult:
    _, table = _named_table(session, cursor)
    rows = list(description.column_rows(table, full=full))
    return _filtered(session, cursor, Listing(_column_columns(full), rows))


def describe(session: EngineSession, cursor: Cursor) -> RowsResult:
    """``DESCRIBE table [column]``."""
    cursor.next()
    database, name = cursor.qualified_name()
    _, table = session.find_table(session.require_database(database), name)
    rows = list(description.column_rows(table, full=False))
    if not cursor.at_end:
        wanted = cursor.name_or_string()
        rows = [row for row in rows if like(str(row[0]), wanted, "\\", 0)]
    cursor.finish()
    return table_of(_column_columns(False), rows)


def _indexes(session: EngineSession, cursor: Cursor) -> RowsResult:
    _, table = _named_table(session, cursor)
    numbers = {"Non_unique", "Seq_in_index", "Cardinality", "Sub_part"}
    columns = [
        (name, _NUMBER if name in numbers else _NAME)
        for name, _ in _names(
            "Table|Non_unique|Key_name|Seq_in_index|Column_name|Collation|Cardinality|Sub_part|"
            "Packed|Null|Index_type|Comment|Index_comment|Visible|Expression"
        )
    ]
    return _filtered(session, cursor, Listing(columns, list(description.index_rows(table)), 2))


def _show_create(session: EngineSession, cursor: Cursor) -> RowsResult:
    if cursor.accept_any("DATABASE", "SCHEMA"):
        cursor.accept("IF", "NOT", "EXISTS")
        name = session.require_database(cursor.name())
        cursor.finish()
        collation = session.storage.catalogue(name).collation
        text = (
            f"CREATE DATABASE `{name}` /*!40100 DEFAULT CHARACTER SET {charset_of(collation)} "
            f"COLLATE {collation} */ /*!80016 DEFAULT ENCRYPTION='N' */"
        )
        return table_of(
            [("Database", _NAME), ("Create Database", types.varchar(1024))], [[name, text]]
        )
    if not cursor.accept("TABLE"):
        cursor.refuse(f"SHOW CREATE {cursor.word()}")
    database, name = cursor.qualified_name()
    cursor.finish()
    chosen = session.require_database(database)
    _, table = session.find_table(chosen, name)
    next_id = session.engine.counter(chosen, table.name) if table.auto_column else None
    text = description.create_statement(table, next_id or table.auto_increment or None)
    return table_of([("Table", _NAME), ("Create Table", types.varchar(1024))], [[table.name, text]])


def _diagnostics(session: EngineSession, cursor: Cursor, word: str) -> RowsResult:
    start, count = _limit(cursor)
    columns = [("Level", types.varchar(7)), ("Code", _CODE), ("Message", types.varchar(512))]
    rows = [
        [level, error.errno, error.message]
        for level, error in session.warnings
        if word == "WARNINGS" or level == "Error"
    ]
    return table_of(columns, rows[start : start + count])


def _diagnostics_count(session: EngineSession, cursor: Cursor) -> RowsResult:
    word = cursor.accept_any("WARNINGS", "ERRORS")
    if not word:
        cursor.fail()
    cursor.finish()
    found = session.diagnostics
    if word == "WARNINGS":
        return table_of([("@@session.warning_count", _NUMBER)], [[found.count]])
    return table_of([("@@session.error_count", _NUMBER)], [[found.errors]])


def _limit(cursor: Cursor) -> tuple[int, int]:
    """``[LIMIT [start,] count]``: how many are left out, and how many are shown."""
    start, count = 0, 65535
    if cursor.accept("LIMIT"):
        count = cursor.integer()
        if cursor.accept(","):
            start, count = count, cursor.integer()
    cursor.finish()
    return start, count


def _databases(session: EngineSession) -> Listing:
    names = sorted([*session.engine.databases(), "information_schema"])
    return Listing([("Database", _NAME)], [[name] for name in names], names_pattern=True)


def _charsets(session: EngineSession) -> Listing:
    columns = [*_names("Charset|Description|Default collation"), ("Maxlen", _NUMBER)]
    rows = [[r[0], r[2], r[1], r[3]] for r in information_schema._charsets(session)]
    return Listing(columns, rows)


def _collations(session: EngineSession) -> Listing:
    columns = [
        ("Collation", _NAME), ("Charset", _NAME), ("Id", _NUMBER), ("Default", _NAME),
        ("Compiled", _NAME), ("Sortlen", _NUMBER), ("Pad_attribute", _NAME),
    ]  # fmt: skip
    return Listing(columns, information_schema._collations(session))


def _engines(session: EngineSession) -> Listing:
    columns = _names("Engine|Support|Comment|Transactions|XA|Savepoints")
    return Listing(columns, information_schema._engines(session))


def _status(session: EngineSession) -> Listing:
    rows = [["Threads_connected", str(len(session.engine.sessions()))], ["Uptime", "1"]]
    return Listing(_variable_columns(), rows)


def _processes(session: EngineSession, full: bool) -> Listing:
    columns = [
        (name, _NUMBER if name in ("Id", "Time") else _NAME)
        for name in ("Id", "User", "Host", "db", "Command", "Time", "State", "Info")
    ]
    return Listing(columns, threads.processes(session, full=full))


def _grants(session: EngineSession) -> Listing:
    account = f"`{session.user}`@`%`"
    return Listing(
        [(f"Grants for {session.user}@%", types.varchar(1024))],
        [[f"GRANT ALL PRIVILEGES ON *.* TO {account}"]],
    )


def _empty(names: str) -> Callable[[EngineSession], Listing]:
    return lambda session: Listing(_names(names), [])


_SIMPLE: dict[str, Callable[[EngineSession], Listing]] = {
    "DATABASES": _databases,
    "SCHEMAS": _databases,
    "COLLATION": _collations,
    "ENGINES": _engines,
    "STATUS": _status,
    "GRANTS": _grants,
    "WARNINGS": _empty("Level"),
    "ERRORS": _empty("Level"),
    "PLUGINS": _empty("Name|Status|Type|Library|License"),
    "TRIGGERS": _empty("Trigger|Event|Table|Statement|Timing|Created|sql_mode|Definer"),
    "EVENTS": _empty("Db|Name|Definer|Time zone|Type"),
    "PRIVILEGES": _empty("Privilege|Context|Comment"),
}
_REFUSED = frozenset(
    [
        "BINARY",
        "BINLOG",
        "MASTER",
        "REPLICA",
        "REPLICAS",
        "SLAVE",
        "ENGINE",
        "FUNCTION",
        "PROCEDURE",
        "OPEN",
        "PROFILE",
        "PROFILES",
        "RELAYLOG",
        "LIBRARY",
    ]
)


def maintain(session: EngineSession, cursor: Cursor) -> RowsResult:
    """``ANALYZE | OPTIMIZE | CHECK TABLE …``: nothing is needed, and that is what it says."""
    operation = cursor.next().word.lower()
    cursor.accept_any("LOCAL", "NO_WRITE_TO_BINLOG")
    if not cursor.accept_any("TABLE", "TABLES"):
        cursor.refuse(operation.upper())
    rows = []
    while True:
        database, name = cursor.qualified_name()
        chosen = session.require_database(database)
        try:
            session.find_table(chosen, name)
            rows.append([f"{chosen}.{name}", operation, "status", "OK"])
        except errors.SqlError as error:
            rows.append([f"{chosen}.{name}", operation, "Error", error.message])
            rows.append([f"{chosen}.{name}", operation, "status", "Operation failed"])
        if not cursor.accept(","):
            break
    cursor.accept_any("QUICK", "FAST", "MEDIUM", "EXTENDED", "CHANGED")
    cursor.finish()
    return table_of(_names("Table|Op|Msg_type|Msg_text"), rows)
