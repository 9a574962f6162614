"""One client's session: its state, and the one place that runs its statements."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import apsw

from athena_g import errors
from athena_g.embedded import information_schema, shapes, sqlite_errors
from athena_g.embedded.catalogue import Table
from athena_g.embedded.lexer import (
    Cursor,
    Token,
    check_text,
    syntax_error,
    tokenize,
    uncomment,
)
from athena_g.embedded.native import Value, converter
from athena_g.embedded.parse import parse
from athena_g.embedded.results import OkResult, RowsResult, column
from athena_g.embedded.session_functions import SessionFunctions
from athena_g.embedded.statements import dispatch
from athena_g.embedded.storage import Storage, TablesChanged, schema_of
from athena_g.embedded.translate.context import Context
from athena_g.embedded.translate.names import item_names
from athena_g.embedded.translate.relations import Relation, column_flags
from athena_g.embedded.translate.select import Output, Query, Select
from athena_g.embedded.translate.values import Origin
from athena_g.embedded.variables import SystemVariables
from athena_g.embedded.writing import stored_name
from athena_g.errors import SqlError
from athena_g.protocol.columns import Column

if TYPE_CHECKING:
    from athena_g.embedded.engine import Engine

MAX_CACHED_STATEMENT = 8192
_WRITING = frozenset({"INSERT", "REPLACE", "UPDATE", "DELETE", "CREATE"})
ATTEMPTS = 20
"""How often a query is translated anew because its tables were altered meanwhile."""


@dataclass(frozen=True, slots=True)
class SelectPlan:
    """A translated query: what SQLite runs, and how its values become the client's."""

    query: Query
    columns: list[Column]
    converters: list[Callable[[Value], Value]]
    tables: list[tuple[str, str]]
    versions: dict[str, tuple[int, int]]
    locks: bool
    no_wait: bool
    counts_all: bool


class EngineSession:
    """Runs statements one at a time; different sessions may run in different threads."""

    def __init__(
        self,
        engine: Engine,
        database: str | None,
        *,
        user: str,
        host: str,
        connection_id: int,
        read_only: bool = False,
    ) -> None:
        self.engine = engine
        self.database = database
        self.user = user
        self.host = host
        self.connection_id = connection_id
        self.read_only = read_only
        self.storage = Storage(engine, connection_id)
        self.variables = SystemVariables(engine.global_variables)
        self.user_variables: dict[str, Value] = {}
        self.temporary: dict[tuple[str, str], Table] = {}
        self.warnings: list[tuple[str, SqlError]] = []
        self.last_insert_id = 0
        self.found_rows = 0
        self.row_count = -1
        self.now = datetime.now(UTC).replace(tzinfo=None)
        self.state_changed = False
        self.changed_variables: list[tuple[str, str]] = []
        self.schema_changed = False
        self.read_only_transaction = False
        self.statement = ""
        self.functions = SessionFunctions(self)
        self._closed = False
        self._attach_default()

    # --- what the server asks -------------------------------------------------------------------

    @property
    def autocommit(self) -> bool:
        return self.storage.autocommit

    @property
    def in_transaction(self) -> bool:
        return self.storage.in_transaction

    @property
    def strict(self) -> bool:
        """Whether faulty values are errors: sql_mode has STRICT_TRANS_TABLES."""
        return "STRICT_" in str(self.variables.get("sql_mode"))

    def execute(self, sql: str) -> OkResult | RowsResult:
        """Runs one statement; raises :class:`~athena_g.errors.SqlError`."""
        text = uncomment(sql)
        tokens = tokenize(text)
        while tokens and tokens[-1].text == ";":
            tokens.pop()
        if not tokens:
            raise errors.EMPTY_QUERY()
        for token in tokens:
            if token.text == ";":
                raise syntax_error(text, token.end)
        self._start(text, tokens)
        try:
            check_text(text, tokens)
            while True:
                try:
                    return dispatch(self, Cursor(text, tokens))
                except TablesChanged:
                    self.warnings = []
                    self.storage.seen.clear()
        except SqlError as error:
            self._failed(error)
            raise
        except (apsw.Error, ArithmeticError, LookupError, RecursionError, ValueError) as error:
            translated = sqlite_errors.translate(error)
            self._failed(translated)
            raise translated from error
        finally:
            self.statement = ""

    def _start(self, text: str, tokens: list[Token]) -> None:
        self.statement = text
        self.storage.seen.clear()
        self.now = datetime.now(UTC).replace(tzinfo=None)
        self.state_changed = self.schema_changed = False
        self.changed_variables = []
        writes = tokens[0].word in _WRITING and "IGNORE" not in {each.word for each in tokens[1:5]}
        mode = str(self.variables.get("sql_mode"))
        self.functions.start(
            strict=writes and self.strict,
            no_zero_division="ERROR_FOR_DIVISION_BY_ZERO" in mode,
        )
        if tokens[0].word != "SHOW" or len(tokens) < 2 or tokens[1].word not in (
            "WARNINGS", "ERRORS", "COUNT",
        ):  # fmt: skip
            self.warnings = []

    def _failed(self, error: SqlError) -> None:
        self.warnings.append(("Error", error))
        self.row_count = -1
        if error.errno == errors.DEADLOCK.errno:
            self.storage.rollback()

    def use(self, database: str) -> None:
        """Makes a database the default one; raises 1049."""
        self.database = self.engine.existing(database)
        self._attach_default()
        self.state_changed = self.schema_changed = True

    def _attach_default(self) -> None:
        if self.database is not None and self.database != "information_schema":
            self.storage.attach(self.database)

    def list_fields(self, table: str, wildcard: str) -> list[Column]:
        """The columns of a table whose names match (COM_FIELD_LIST)."""
        from athena_g.embedded.runtime.texts import like

        database = self.require_database()
        _, found = self.find_table(database, table)
        return [
            column(
                defined.name,
                defined.type,
                origin=Origin(
                    database, table, found.name, defined.name, column_flags(found, defined.name)
                ),
            )
            for defined in found.columns
            if not wildcard or like(defined.name, wildcard, "\\", 0)
        ]

    def reset(self) -> None:
        """Forgets all state but user and database (COM_RESET_CONNECTION)."""
        self.storage.rollback()
        self.storage.autocommit = True
        self.drop_temporary_tables()
        self.variables.reset()
        self.user_variables.clear()
        self.functions.release_all()
        self.warnings = []
        self.last_insert_id = self.found_rows = 0
        self.row_count = -1
        self.read_only_transaction = False
        self.apply_variables()

    def drop_temporary_tables(self) -> None:
        """Drops every temporary table of the session."""
        for (database, _), table in self.temporary.items():
            self.storage.connection.execute(f"DROP TABLE {stored_name(table, database)}")
        self.temporary.clear()

    def interrupt(self) -> None:
        """Ends the running statement with 1317; callable from any thread."""
        self.functions.interrupt()
        self.storage.interrupt()

    def close(self) -> None:
        """Rolls back and gives everything back; may be called twice."""
        if self._closed:
            return
        self._closed = True
        self.functions.release_all()
        self.storage.close()
        self.engine.disconnected(self.connection_id)

    # --- what translation and statements ask ----------------------------------------------------

    def require_database(self, database: str | None = None) -> str:
        """The database named, or the default one; raises 1046, 1049."""
        if database is not None:
            return self.engine.existing(database)
        if self.database is None:
            raise errors.NO_DATABASE()
        return self.database

    def find_table(self, database: str, name: str) -> tuple[str, Table]:
        """SQLite's schema of the table and its definition; raises 1049, 1146."""
        temporary = self.temporary.get((database, name.lower()))
        if temporary is not None:
            return "temp", temporary
        if database.lower() == "information_schema":
            raise errors.NO_SUCH_TABLE(table=f"{database}.{name}")
        found = self.storage.catalogue(database).table(name)
        if found is None:
            raise errors.NO_SUCH_TABLE(table=f"{database}.{name}")
        return schema_of(database), found

    def find_virtual(self, database: str, name: str, alias: str) -> tuple[Relation, str] | None:
        """A computed table of information_schema."""
        return information_schema.relation(self, database, name, alias)

    def system_variable(self, name: str, scope: str) -> Value:
        """The value of ``@@scope.name``."""
        match name:
            case "autocommit" if scope != "global":
                return int(self.storage.autocommit)
            case "last_insert_id" | "identity":
                return self.last_insert_id
            case "warning_count":
                return len(self.warnings)
            case "error_count":
                return sum(level == "Error" for level, _ in self.warnings)
            case "pseudo_thread_id":
                return self.connection_id
        if name in ("read_only", "super_read_only"):
            return int(self.read_only)
        return self.variables.get(name, scope)

    def user_variable(self, name: str) -> Value:
        """The value of ``@name``."""
        return self.user_variables.get(name)

    def apply_variables(self) -> None:
        """Hands the variables that SQLite's side depends on to it."""
        self.storage.lock_timeout = float(self.variables.get("innodb_lock_wait_timeout"))
        self.storage.isolation = str(self.variables.get("transaction_isolation"))
        checks = "ON" if self.variables.get("foreign_key_checks") else "OFF"
        if not self.storage.connection.in_transaction:
            self.storage.connection.execute(f"PRAGMA foreign_keys = {checks}")

    def note(self, error: SqlError, level: str = "Warning") -> None:
        """Adds a warning to the statement's."""
        self.warnings.append((level, error))

    def check_writable(self) -> None:
        """Raises 1290 or 1792 where the session may not write."""
        if self.read_only:
            raise errors.READ_ONLY()
        if self.read_only_transaction and self.in_transaction:
            raise errors.READ_ONLY_TRANSACTION()

    def context(self) -> Context:
        """The surroundings of one translation."""
        mode = str(self.variables.get("sql_mode"))
        return Context(
            self,
            self.statement,
            str(self.variables.get("collation_connection")),
            full_group_by="ONLY_FULL_GROUP_BY" in mode,
        )

    # --- SELECT ---------------------------------------------------------------------------------

    def select(self, sql: str, tokens: list[Token]) -> RowsResult:
        """Runs a query."""
        self.storage.enter()
        fresh = self.storage.has_no_snapshot
        for _ in range(ATTEMPTS):
            plan, values = self._plan(sql, tokens)
            if fresh and self._takes_locks(plan):
                # What was read to plan the query must not be older than what the lock guards.
                self._lock_tables_of(plan)
                fresh = False
                continue
            try:
                result = self.run_plan(plan, values)
            except apsw.SQLError:
                if self._is_current(plan):
                    raise
                continue
            if self._is_current(plan):
                return result
        raise errors.DEADLOCK()

    def _takes_locks(self, plan: SelectPlan) -> bool:
        return plan.locks and self.in_transaction and not self.read_only

    def _lock_tables_of(self, plan: SelectPlan) -> None:
        databases = sorted({name for name, _ in plan.tables})
        for database in databases:
            self.storage.lock(database, wait=not plan.no_wait)
        self.storage.refresh_snapshot()
        for database in databases:
            self.storage.claim(database)

    def _is_current(self, plan: SelectPlan) -> bool:
        """Whether no table has changed since the query was translated."""
        return all(self.storage.version(name) == known for name, known in plan.versions.items())

    def _key(self, sql: str) -> tuple[Value, ...]:
        """What a translation depends on, besides the tables."""
        return (
            sql,
            self.database,
            self.variables.get("sql_mode"),
            self.variables.get("collation_connection"),
            self.variables.get("group_concat_max_len"),
        )

    def _cached(self, key: tuple[Value, ...]) -> SelectPlan | None:
        plan: SelectPlan | None = self.engine.plan(key)
        return plan if plan is not None and self._is_current(plan) else None

    def _plan(self, sql: str, tokens: list[Token]) -> tuple[SelectPlan, Sequence[int]]:
        """The query translated, and the values of its parameters."""
        if self.temporary or len(sql) > MAX_CACHED_STATEMENT:
            return self._translated(sql, tokens)[0], ()
        shape = shapes.marked(sql, tokens)
        if shape is not None:
            plan = self._shared_plan(*shape)
            if plan is not None:
                return plan, shape[1]
        key = self._key(sql)
        plan = self._cached(key)
        if plan is None:
            plan, cacheable = self._translated(sql, tokens)
            if cacheable:
                self.engine.keep_plan(key, plan)
        return plan, ()

    def _shared_plan(self, sql: str, values: list[int]) -> SelectPlan | None:
        """The plan of every query of this shape; None if they cannot share one."""
        key = ("shape", *self._key(sql))
        plan = self._cached(key)
        if plan is not None:
            return plan
        try:
            plan, cacheable = self._translated(sql, tokenize(sql))
        except SqlError:
            return None
        text = shapes.with_parameters(plan.query.text, len(values))
        if text is None or not cacheable or plan.counts_all:
            return None
        plan = replace(plan, query=replace(plan.query, text=text))
        self.engine.keep_plan(key, plan)
        return plan

    def _translated(self, sql: str, tokens: list[Token]) -> tuple[SelectPlan, bool]:
        tree = parse(sql[: tokens[-1].end], whole=sql)
        return self.plan_tree(tree, item_names(sql, tokens, tree))

    def plan_tree(self, tree: object, names: dict[int, list[str]]) -> tuple[SelectPlan, bool]:
        """A query's tree translated, and whether others may use the result."""
        context = self.context()
        query = Select(context, names).query(tree)  # type: ignore[arg-type]
        versions = {name: self.storage.version(name) for name, _ in context.tables}
        plan = SelectPlan(
            query,
            [self.output_column(output) for output in query.outputs],
            [converter(output.value.type) for output in query.outputs],
            context.tables,
            versions,
            context.locks,
            context.no_wait,
            context.calc_found_rows,
        )
        return plan, context.cacheable

    def output_column(self, output: Output) -> Column:
        """The column definition of a query's output."""
        value = output.value
        return column(output.name, value.type, nullable=value.nullable, origin=value.origin)

    def run_plan(self, plan: SelectPlan, values: Sequence[int] = ()) -> RowsResult:
        """The rows of a translated query; ``values`` are those of its parameters."""
        if self._takes_locks(plan):
            for database in {name for name, _ in plan.tables}:
                self.storage.lock(database, wait=not plan.no_wait)
                self.storage.claim(database)
        total = None
        if plan.counts_all and plan.query.unlimited_text:
            counted = f"SELECT COUNT(*) FROM ({plan.query.unlimited_text})"
            total = int(next(self.storage.connection.execute(counted))[0])
        cursor = self.storage.connection.execute(plan.query.text, tuple(values))
        return RowsResult(plan.columns, self._rows(cursor, plan, total), len(self.warnings))

    def _rows(
        self, cursor: apsw.Cursor, plan: SelectPlan, total: int | None
    ) -> Iterator[Sequence[Value]]:
        converters, count = plan.converters, 0
        self.row_count = -1
        try:
            for row in cursor:
                count += 1
                yield [convert(cell) for convert, cell in zip(converters, row, strict=True)]
        except (apsw.Error, ArithmeticError, LookupError, ValueError) as error:
            raise sqlite_errors.translate(error) from error
        finally:
            cursor.close(True)
            self.found_rows = count if total is None else total

    def query_values(self, tree: object) -> tuple[Query, Iterator[Sequence[Value]]]:
        """A query's outputs and rows as Python values, for INSERT … SELECT and SET."""
        plan, _ = self.plan_tree(tree, {})
        cursor = self.storage.connection.execute(plan.query.text)
        return plan.query, self._rows(cursor, plan, None)


__all__ = ["EngineSession", "OkResult", "RowsResult"]
