"""INSERT and REPLACE: every row is converted here and handed to SQLite as parameters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import apsw
from sqlglot import exp

from athena_g import errors
from athena_g.embedded.catalogue import ColumnDefinition, Table, quote
from athena_g.embedded.defaults import default_value
from athena_g.embedded.lexer import Cursor, Token, tokenize, unquote
from athena_g.embedded.native import Value
from athena_g.embedded.parse import parse
from athena_g.embedded.results import OkResult
from athena_g.embedded.store import ColumnStore, Stored
from athena_g.embedded.translate.names import item_names
from athena_g.embedded.update import Assignments, read_assignments
from athena_g.embedded.writing import (
    StatementRow,
    duplicate,
    implicit_default,
    is_reference,
    is_unique,
    missing_parent,
    still_referenced,
    stored_name,
    stores,
)
from athena_g.errors import SqlError

if TYPE_CHECKING:
    from athena_g.embedded.session import EngineSession


class _Default:
    """DEFAULT in place of a value."""


DEFAULT = _Default()
_CONSTANT_WORDS = frozenset({"NULL", "TRUE", "FALSE", "DEFAULT"})


@dataclass(slots=True)
class Statement:
    """One INSERT or REPLACE as it was written."""

    replaces: bool
    ignore: bool = False
    database: str = ""
    table: str = ""
    columns: list[str] | None = None
    rows: list[list[Any]] = field(default_factory=list)
    query: str | None = None
    query_offset: int = 0
    alias: str | None = None
    alias_columns: list[str] = field(default_factory=list)
    assignments: list[tuple[str, str, int]] = field(default_factory=list)


def run(session: EngineSession, cursor: Cursor) -> OkResult:
    """``INSERT …`` and ``REPLACE …``."""
    statement = Statement(cursor.accept_any("INSERT", "REPLACE") == "REPLACE")
    while word := cursor.accept_any("LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY", "IGNORE"):
        statement.ignore = statement.ignore or word == "IGNORE"
    cursor.accept("INTO")
    database, statement.table = cursor.qualified_name()
    statement.database = session.require_database(database)
    if cursor.word() == "PARTITION":
        cursor.refuse("INSERT … PARTITION")
    temporary = (statement.database, statement.table.lower()) in session.temporary
    session.check_writable(temporary=temporary)
    session.check_locked([(statement.database, statement.table)], writes=True)
    with session.storage.writing(None if temporary else statement.database):
        _, table = session.find_table(statement.database, statement.table)
        _read_rows(session, cursor, statement, table)
        return Inserter(session, statement, table).run()


def check(session: EngineSession, cursor: Cursor) -> None:
    """Raises what is wrong with the statement whatever values it will be given."""
    cursor.accept_any("INSERT", "REPLACE")
    while cursor.accept_any("LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY", "IGNORE"):
        pass
    cursor.accept("INTO")
    database, name = cursor.qualified_name()
    _, table = session.find_table(session.require_database(database), name)
    if cursor.word() == "(" and cursor.word(1) not in ("SELECT", "WITH", "(", ")"):
        for column in cursor.names():
            if table.column(column) is None:
                raise errors.UNKNOWN_COLUMN(column=column, clause="field list")


# --- reading -------------------------------------------------------------------------------------


def _read_rows(session: EngineSession, cursor: Cursor, statement: Statement, table: Table) -> None:
    if cursor.word() == "(" and cursor.word(1) not in ("SELECT", "WITH", "("):
        cursor.next()
        statement.columns = []
        while not cursor.accept(")"):
            name = cursor.name()
            statement.columns.append(cursor.name() if cursor.accept(".") else name)
            if cursor.word() != ")":
                cursor.expect(",")
    if cursor.accept_any("VALUES", "VALUE"):
        _read_values(session, cursor, statement, table)
    elif cursor.accept("SET"):
        pairs = read_assignments(cursor)
        statement.columns = [name for name, _, _ in pairs]
        row = [_expression(session, cursor, table, text, offset) for _, text, offset in pairs]
        statement.rows = [row]
    else:
        _read_query(cursor, statement)
    if cursor.accept("AS"):
        statement.alias = cursor.name()
        if cursor.word() == "(":
            statement.alias_columns = cursor.names()
    if cursor.accept("ON", "DUPLICATE", "KEY", "UPDATE"):
        if statement.replaces:
            cursor.position -= 4
            cursor.fail()
        statement.assignments = read_assignments(cursor)
    cursor.finish()


def _read_query(cursor: Cursor, statement: Statement) -> None:
    token = cursor.peek()
    if token is None or token.word not in ("SELECT", "WITH", "(", "TABLE"):
        cursor.fail()
    depth, end = 0, cursor.position
    while end < len(cursor.tokens):
        word = cursor.tokens[end].word
        follows = [t.word for t in cursor.tokens[end : end + 2]]
        if depth == 0 and follows == ["ON", "DUPLICATE"]:
            break
        depth += (word == "(") - (word == ")")
        end += 1
    statement.query_offset = token.start
    statement.query = cursor.sql[token.start : cursor.tokens[end - 1].end]
    cursor.position = end


def _read_values(
    session: EngineSession, cursor: Cursor, statement: Statement, table: Table
) -> None:
    while True:
        cursor.accept("ROW")
        cursor.expect("(")
        row: list[Any] = []
        while not cursor.accept(")"):
            row.append(_read_value(session, cursor, table))
            if cursor.word() != ")":
                cursor.expect(",")
        statement.rows.append(row)
        if not cursor.accept(","):
            return


def _read_value(session: EngineSession, cursor: Cursor, table: Table) -> Any:
    """One value: a constant at once, any other expression by asking SQLite."""
    token, following = cursor.peek(), cursor.peek(1)
    if (
        token is not None
        and following is not None
        and following.text in (",", ")")
        and (token.kind in ("string", "number") or token.word in _CONSTANT_WORDS)
    ):
        cursor.position += 1
        return _constant(token)
    if (
        token is not None
        and token.text == "-"
        and following is not None
        and following.kind == "number"
        and cursor.word(2) in (",", ")")
        and not following.text.startswith(("0x", "0b"))
    ):
        cursor.position += 2
        return -_constant(following)
    if token is not None and token.text == "?" and cursor.word(1) in (",", ")"):
        cursor.position += 1
        return session.parameters.at(token.start)
    start, end = cursor.skip_expression()
    return _expression(session, cursor, table, cursor.sql[start:end], start)


def _as_bytes_if_garbled(text: str) -> str | bytes:
    """The text; its bytes if they are no UTF-8, as clients send those of a BLOB."""
    if text.isascii():
        return text
    held = text.encode("utf-8", "surrogateescape")
    try:
        held.decode()
    except UnicodeDecodeError:
        return held
    return text


def _constant(token: Token) -> Any:
    text = token.text
    if token.kind == "string":
        return _as_bytes_if_garbled(unquote(text))
    if token.kind == "number":
        if text.startswith("0x"):
            digits = text[2:]
            return bytes.fromhex(digits if len(digits) % 2 == 0 else "0" + digits)
        if text.startswith("0b"):
            return int(text[2:], 2).to_bytes((len(text) + 5) // 8, "big")
        if "e" in text.lower():
            return float(text)
        return Decimal(text) if "." in text else int(text)
    return {"NULL": None, "TRUE": 1, "FALSE": 0, "DEFAULT": DEFAULT}[token.word]


def _expression(
    session: EngineSession, cursor: Cursor, table: Table, text: str, offset: int
) -> Any:
    tokens = tokenize(text)
    if len(tokens) == 1 and (
        tokens[0].kind in ("string", "number") or tokens[0].word in ("NULL", "DEFAULT")
    ):
        return _constant(tokens[0])
    tree = parse(f"SELECT {text}", offset=offset - 7, whole=cursor.sql)
    try:
        _, rows = session.queries.values(tree)
    except SqlError as error:
        if error.errno != errors.UNKNOWN_COLUMN.errno:
            raise
        named = next(
            (each.name for each in tree.find_all(exp.Column) if table.column(each.name)), None
        )
        if named is None:
            raise
        raise errors.NOT_SUPPORTED_YET(construct=f"the column {named} in a value") from None
    return next(iter(list(rows)))[0]


# --- storing -------------------------------------------------------------------------------------


class Inserter:
    """Stores the rows of one statement."""

    def __init__(self, session: EngineSession, statement: Statement, table: Table) -> None:
        self.session = session
        self.statement = statement
        self.table = table
        self.connection = session.storage.connection
        self.row = StatementRow(session, strict=session.strict and not statement.ignore)
        self.stores = stores(table)
        self.stored = stored_name(table, statement.database)
        self.first_id = 0
        self.explicit_id = 0
        self.spare_id = 0
        """A number taken for a row that became an update: the next row's."""
        self.affected = 0
        self.duplicates = 0
        names = ", ".join(quote(column.name) for column in table.columns)
        marks = ", ".join("?" for _ in table.columns)
        self.text = f"INSERT INTO {self.stored} AS {quote(table.name)} ({names}) VALUES ({marks})"
        self.assignments: Assignments | None = None

    def run(self) -> OkResult:
        statement = self.statement
        columns = self._columns()
        rows: Iterable[Sequence[Any]] = statement.rows
        if statement.query is not None:
            rows = self._query_rows(statement.query, len(columns))
        if statement.assignments:
            self._prepare_update(columns)
        count = 0
        for values in rows:
            self.session.functions.check_interrupted()
            count += 1
            self.row.row = count
            if len(values) != len(columns) and not (not values and statement.columns in (None, [])):
                raise errors.BAD_FIELD_VALUE_COUNT(row=count)
            self._store(dict(zip([c.name.lower() for c in columns], values, strict=False)))
        return self._finished(count)

    def _columns(self) -> list[ColumnDefinition]:
        if self.statement.columns is None or (
            not self.statement.columns and not self.statement.rows[0]
        ):
            return list(self.table.columns)
        found: list[ColumnDefinition] = []
        for name in self.statement.columns:
            column = self.table.column(name)
            if column is None:
                raise errors.UNKNOWN_COLUMN(column=name, clause="field list")
            if column in found:
                raise errors.FIELD_SPECIFIED_TWICE(column=name)
            found.append(column)
        return found

    def _query_rows(self, query: str, width: int) -> list[Sequence[Value]]:
        queries = self.session.queries
        tree = parse(query, offset=self.statement.query_offset, whole=self.session.statement)
        plan, _ = queries.plan_tree(tree, item_names(query, tokenize(query), tree))
        if len(plan.query.outputs) != width:
            raise errors.BAD_FIELD_VALUE_COUNT(row=1)
        return list(queries.run(plan).rows)

    def _finished(self, count: int) -> OkResult:
        session = self.session
        session.row_count = self.affected
        if self.first_id:
            session.last_insert_id = self.first_id
        info = ""
        if count > 1 or self.statement.query is not None:
            duplicates, warned = self.duplicates, session.diagnostics.count
            info = f"Records: {count}  Duplicates: {duplicates}  Warnings: {warned}"
        shown = (self.first_id or self.explicit_id) if self.affected else 0
        named = session.functions.named_insert_id
        if named is not None and not self.first_id:
            shown = named
        return OkResult(self.affected, shown % 2**64, len(session.warnings), info)

    # --- one row --------------------------------------------------------------------------------

    def _store(self, given: dict[str, Any]) -> None:
        try:
            row, generated = self._converted(given)
        except SqlError as error:
            if not self.statement.ignore or error.errno != errors.BAD_NULL.errno:
                raise
            self.session.note(error)
            return
        if self.statement.replaces:
            self._delete_conflicting(row)
        try:
            inserted = self._insert(list(row.values()))
        except apsw.ConstraintError as error:
            self._refused(error, row)
            return
        if inserted and generated and not self.first_id:
            self.first_id = generated
        elif not inserted:
            self.spare_id = generated

    def _converted(self, given: dict[str, Any]) -> tuple[dict[str, Stored], int]:
        """The row as it is stored, and the AUTO_INCREMENT value it was given (0: none)."""
        row: dict[str, Stored] = {}
        for column in self.table.columns:
            name = column.name.lower()
            value = given.get(name, DEFAULT)
            if column.auto_increment:
                row[name] = 0
                if value is not DEFAULT and value is not None:
                    row[name] = self.stores[name].store(value, self.row)
                continue
            if value is DEFAULT:
                value = self._default(column)
            row[name] = self._convert(column, self.stores[name], value)
        automatic = self.table.auto_column
        return row, self._numbered(row, automatic) if automatic is not None else 0

    def _numbered(self, row: dict[str, Stored], column: ColumnDefinition) -> int:
        """Gives the row its AUTO_INCREMENT value; 0 if the statement gave one.

        That comes after all checks of values, so that a faulty row uses no number up.
        """
        name = column.name.lower()
        given = row[name]
        if given:
            self.explicit_id = int(given)
            self._count_on(int(given) + 1)
            return 0
        generated = self.session.next_insert_id or self.spare_id or self._next_id(column)
        self.spare_id = self.session.next_insert_id = 0
        row[name] = generated
        self._count_on(generated + 1)
        return generated

    def _convert(self, column: ColumnDefinition, store: ColumnStore, value: Value) -> Stored:
        if value is None and not column.nullable and self.statement.ignore:
            self.session.note(errors.BAD_NULL(column=column.name))
            value = implicit_default(column)
        return store.store(value, self.row)

    def _default(self, column: ColumnDefinition) -> Value:
        if column.default is None and not column.nullable:
            self.row.fault(errors.NO_DEFAULT(column=column.name))
            return implicit_default(column)
        return default_value(self.session, column)

    def _next_id(self, column: ColumnDefinition) -> int:
        engine, statement = self.session.engine, self.statement
        known = (
            None if self.table.temporary else engine.counter(statement.database, self.table.name)
        )
        if known is None:
            top = next(
                self.connection.execute(f"SELECT MAX({quote(column.name)}) FROM {self.stored}")
            )
            known = max(int(top[0] or 0) + 1, self.table.auto_increment, 1)
        if known > column.type.high:
            raise errors.DUPLICATE_ENTRY(value=column.type.high, key=f"{self.table.name}.PRIMARY")
        return known

    def _count_on(self, following: int) -> None:
        """Makes ``following`` the least value that is given next."""
        if self.table.temporary:
            return
        engine, database, name = self.session.engine, self.statement.database, self.table.name
        known = engine.counter(database, name)
        if known is None:
            column = self.table.auto_column
            assert column is not None
            known = self._next_id(column)
        engine.set_counter(database, name, max(known, following))

    def _insert(self, values: list[Stored]) -> bool:
        """Whether the row was inserted; if not, the one in its place was updated."""
        run = self.assignments
        if run is not None:
            run.start_row()
        self.session.storage.change(self.text, values)
        if run is None or not run.called:
            self.affected += 1
            return True
        self.duplicates += 1
        automatic = self.table.auto_column
        if run.row_changed:
            self.affected += 2
            if automatic is not None:
                self.explicit_id = run.last.get(automatic.name.lower(), 0)
        return False

    def _refused(self, error: apsw.ConstraintError, row: dict[str, Stored]) -> None:
        """What a broken key or reference means; with IGNORE the row is left out."""
        if is_unique(error):
            first = self._first_conflict(row) if self.assignments is None else None
            found: SqlError = first or duplicate(self.table, error, self._conflict_row(row))
        elif is_reference(error):
            known = missing_parent(self.session, self.statement.database, self.table, [row])
            found = known or still_referenced(self.session, self.statement.database, self.table)
        else:
            raise error
        if not self.statement.ignore:
            raise found
        self.duplicates += 1
        self.session.note(found)

    def _first_conflict(self, row: dict[str, Stored]) -> SqlError | None:
        """Error 1062 for the first key in MySQL's order that the row breaks."""
        for key in self.table.unique_keys:
            values = [row[name.lower()] for name in key.columns]
            tests = " AND ".join(f"{quote(name)} = ?" for name in key.columns)
            query = f"SELECT 1 FROM {self.stored} WHERE {tests}"
            if None not in values and list(self.connection.execute(query, values)):
                return duplicate(replace(self.table, keys=(key,)), None, row)
        return None

    def _conflict_row(self, row: dict[str, Stored]) -> dict[str, Stored]:
        return {**row, **(self.assignments.last if self.assignments else {})}

    def _delete_conflicting(self, row: dict[str, Stored]) -> None:
        for key in self.table.unique_keys:
            values = [row[name.lower()] for name in key.columns]
            if None in values:
                continue
            tests = " AND ".join(f"{quote(name)} = ?" for name in key.columns)
            same = key is self.table.unique_keys[-1] and self._is_stored(tests, values, row)
            try:
                self.session.storage.change(f"DELETE FROM {self.stored} WHERE {tests}", values)
            except apsw.ConstraintError:
                raise still_referenced(self.session, self.statement.database, self.table) from None
            deleted = 0 if same else self.connection.changes()
            self.affected += deleted
            self.duplicates += deleted

    def _is_stored(self, tests: str, values: list[Stored], row: dict[str, Stored]) -> bool:
        """Whether the row is there already as it is: MySQL then counts no deletion."""
        if not self.table.temporary and any(
            self.session.storage.catalogue(self.statement.database).referring_to(self.table.name)
        ):
            return False
        names = ", ".join(quote(column.name) for column in self.table.columns)
        found = self.connection.execute(f"SELECT {names} FROM {self.stored} WHERE {tests}", values)
        return list(found) == [tuple(row.values())]

    def _prepare_update(self, columns: list[ColumnDefinition]) -> None:
        statement = self.statement
        run = Assignments(self.session, self.table, statement.database, self.table.name, self.row)
        run.keeps_auto_column = True
        run.offer_new_row(statement.alias, statement.alias_columns, [c.name for c in columns])
        pairs = run.translate(statement.assignments)
        # With several keys broken at once it is the first, in MySQL's order, that decides.
        for key in self.table.unique_keys:
            broken = ", ".join(quote(name) for name in key.columns)
            self.text += f" ON CONFLICT ({broken}) DO UPDATE SET {pairs}"
        self.assignments = run
        run.install()


def store_rows(
    session: EngineSession,
    database: str,
    table: Table,
    names: list[str],
    rows: list[Sequence[Value]],
) -> int:
    """Stores rows computed before, as CREATE TABLE … SELECT does; their number."""
    statement = Statement(False, database=database, table=table.name, columns=names)
    statement.rows = [list(row) for row in rows]
    if rows:
        Inserter(session, statement, table).run()
    return len(rows)
