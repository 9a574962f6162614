"""One client's session: its state, and the one place that runs its statements."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import apsw

from athena_g import errors
from athena_g.embedded import information_schema, prepared, sqlite_errors, temporary
from athena_g.embedded.catalogue import Table
from athena_g.embedded.diagnostics import Diagnostics
from athena_g.embedded.lexer import Cursor, check_text
from athena_g.embedded.native import Value
from athena_g.embedded.prepared import Prepared, Statement
from athena_g.embedded.queries import Queries
from athena_g.embedded.results import OkResult, RowsResult, column
from athena_g.embedded.session_functions import SessionFunctions
from athena_g.embedded.statements import check, dispatch
from athena_g.embedded.storage import Storage, TablesChanged, schema_of
from athena_g.embedded.tracking import NO_TRANSACTION, SessionTracker
from athena_g.embedded.translate.context import Context
from athena_g.embedded.translate.expressions import constant
from athena_g.embedded.translate.parameters import UNKNOWN, parameter, parameter_type
from athena_g.embedded.translate.relations import Relation, column_flags
from athena_g.embedded.translate.values import Origin, Sql
from athena_g.embedded.types import SqlType
from athena_g.embedded.variables import SystemVariables
from athena_g.errors import SqlError
from athena_g.protocol.columns import Column

if TYPE_CHECKING:
    from athena_g.embedded.engine import Engine

_WRITING = frozenset({"INSERT", "REPLACE", "UPDATE", "DELETE", "CREATE"})
T = TypeVar("T")
_FOREIGN = (apsw.Error, ArithmeticError, LookupError, RecursionError, ValueError)
"""What statements raise that is no error of the registry yet."""


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
        serial: int,
        read_only: bool = False,
    ) -> None:
        self.engine = engine
        self.database = database
        self.user = user
        self.host = host
        self.connection_id = connection_id
        self.serial = serial
        """Its number among all sessions of the engine; listeners each count connections."""
        self.read_only = read_only
        self.counts_matched = False
        """Whether an UPDATE counts the rows it found, changed or not (CLIENT_FOUND_ROWS)."""
        self.storage = Storage(engine, serial)
        self.variables = SystemVariables(engine.global_variables)
        self.user_variables: dict[str, Value] = {}
        self.named_statements: dict[str, Prepared] = {}
        self.temporary: dict[tuple[str, str], Table] = {}
        self.had_temporary = False
        """Whether there has been a temporary table since the session began."""
        self.diagnostics = Diagnostics()
        self.tracker = SessionTracker(self.variables)
        self.last_insert_id = 0
        self.next_insert_id = 0
        """What SET insert_id gave: the AUTO_INCREMENT value of the next row inserted."""
        self.found_rows = 0
        self.row_count = -1
        self.fixed_clock: float | None = None
        """What SET timestamp gave, in seconds since 1970; None: time goes on."""
        self.now = self.clock()
        self.next_isolation: str | None = None
        self.next_read_only: bool | None = None
        """What SET TRANSACTION said of the next transaction."""
        self.read_only_transaction = False
        self.statement = ""
        self.command_since = time.monotonic()
        self.killed = False
        """Whether KILL ended the connection; the server closes it then."""
        self.on_killed: Callable[[], None] | None = None
        """Ends what the client's connection waits for; called in the thread that kills."""
        self._marks: dict[int, int] = {}
        self.parameter_values: Sequence[Any] = ()
        self.literal_parameters = False
        """Whether parameters are translated as constants, where nothing else is understood."""
        self.functions = SessionFunctions(self)
        self.queries = Queries(self)
        self._result: RowsResult | None = None
        """The last statement's rows, which may still be read."""
        self._started = True
        """Whether the statement came as far as to forget the diagnostics of the last one."""
        self.storage.on_started = self._transaction_started
        self.storage.on_ended = self._transaction_ended
        self.storage.on_rolled_back = lambda: temporary.restore(self)
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

    @property
    def is_idle(self) -> bool:
        return not self.statement

    def execute(self, sql: str) -> OkResult | RowsResult:
        """Runs one statement; raises :class:`~athena_g.errors.SqlError`."""
        return self._reported(lambda: self._dispatched(prepared.read(sql), ()))

    def prepare(self, sql: str) -> Prepared:
        """The statement, ready to be run with values (COM_STMT_PREPARE)."""
        return self._reported(lambda: self.prepared(sql))

    def execute_prepared(self, found: Prepared, values: Sequence[Value]) -> OkResult | RowsResult:
        """Runs a prepared statement with as many values as it has parameters."""
        return self._reported(lambda: self._dispatched(found.statement, values))

    def _reported(self, run: Callable[[], T]) -> T:
        """What a statement gives, its error kept for SHOW WARNINGS."""
        self.end_result()
        self.tracker.start()
        self.functions.start()
        self._started = False
        self.command_since = time.monotonic()
        try:
            result = run()
        except SqlError as error:
            self.failed(error)
            raise
        except _FOREIGN as error:
            translated = sqlite_errors.translate(error)
            self.failed(translated)
            raise translated from error
        finally:
            self.statement = ""
        return result

    def _dispatched(self, read: Statement, values: Sequence[Value]) -> OkResult | RowsResult:
        self._start(read)
        check_text(read.text, read.tokens)
        result = self._run(read, values)
        if isinstance(result, OkResult):
            matched = result.matched_rows if self.counts_matched else None
            affected = result.affected_rows if matched is None else matched
            self.row_count = affected
            return replace(result, affected_rows=affected, warnings=self.diagnostics.count)
        self._result = replace(result, rows=self._told(result.rows))
        return self._result

    def _run(self, read: Statement, values: Sequence[Value]) -> OkResult | RowsResult:
        """The statement dispatched, again where tables changed meanwhile."""
        self._marks, self.parameter_values = read.marks, values
        self.literal_parameters = False
        while True:
            self.statement = read.text
            try:
                return dispatch(self, Cursor(read.text, read.tokens))
            except TablesChanged:
                self.diagnostics.clear()
                self.storage.seen.clear()
            except SqlError as error:
                again = error.errno == errors.NOT_SUPPORTED_YET.errno and values
                if not again or self.literal_parameters:
                    raise
                self.literal_parameters = True

    def _start(self, read: Statement) -> None:
        self.statement = read.text
        self._started = True
        self.storage.seen.clear()
        self.now = self.clock()
        self._tell_functions(read)
        second = read.tokens[1].word if len(read.tokens) > 1 else ""
        if read.word == "SHOW" and second in ("WARNINGS", "ERRORS", "COUNT"):
            self.diagnostics.ask()
        else:
            self.diagnostics.start()

    def _tell_functions(self, read: Statement) -> None:
        writes = read.word in _WRITING
        ignores = "IGNORE" in {each.word for each in read.tokens[1:5]}
        mode = str(self.variables.get("sql_mode"))
        self.functions.prepare_for(
            writes=writes,
            strict=writes and not ignores and self.strict,
            no_zero_division="ERROR_FOR_DIVISION_BY_ZERO" in mode,
        )

    def _told(self, rows: Iterator[Sequence[Value]]) -> Iterator[Sequence[Value]]:
        """The rows of a result; what fails while they are read is kept for SHOW WARNINGS."""
        try:
            yield from rows
        except SqlError as error:
            self.failed(error)
            raise
        finally:
            self.row_count = -1

    def failed(self, error: SqlError) -> None:
        """Keeps the error of the statement."""
        if not self._started:
            self.diagnostics.start()
            self._started = True
        self.diagnostics.add("Error", error)
        self.row_count = -1
        if error.errno == errors.DEADLOCK.errno or self.storage.has_lost_transaction:
            self.storage.rollback()

    # --- prepared statements --------------------------------------------------------------------

    def prepared(self, sql: str) -> Prepared:
        """The statement checked and its columns found; raises 1295 for what cannot be prepared."""
        read = prepared.read(sql, parameters=True)
        self._start(read)
        check_text(read.text, read.tokens)
        prepared.check_preparable(read)
        self._marks = read.marks
        self.parameter_values = (UNKNOWN,) * len(read.marks)
        self.literal_parameters = False
        columns = check(self, read)
        return Prepared(read, len(read.marks), columns)

    def run_prepared(self, found: Prepared, values: Sequence[Value]) -> OkResult | RowsResult:
        """Runs a prepared statement within the one that names it (EXECUTE)."""
        self._tell_functions(found.statement)
        return self._run(found.statement, values)

    @property
    def parameter_count(self) -> int:
        """How many parameters the statement that runs has."""
        return len(self.parameter_values)

    def parameter_types(self) -> tuple[SqlType | None, ...]:
        """The type of each parameter; None while the statement is being prepared."""
        return tuple(
            None if value is UNKNOWN else parameter_type(value) for value in self.parameter_values
        )

    def parameter(self, position: int, collation: str) -> Sql:
        """The parameter whose mark stands at the position of the statement."""
        number = self._marks[position]
        value = self.parameter_values[number]
        if self.literal_parameters:
            return constant(value, collation)
        return parameter(number, value, collation)

    def parameter_number(self, position: int) -> int:
        """Which parameter it is, counted from 0."""
        return self._marks[position]

    def parameter_at(self, position: int) -> Value:
        """The value of the parameter."""
        return self.parameter_values[self._marks[position]]

    # --- the session's state --------------------------------------------------------------------

    def use(self, database: str) -> None:
        """Makes a database the default one; raises 1049."""
        self.database = self.engine.existing(database)
        self._attach_default()
        self.tracker.state()
        self.tracker.database(self.database)

    def init_db(self, database: str) -> None:
        """COM_INIT_DB: a statement of its own."""
        self._reported(lambda: self.use(database))
        self.row_count = 0

    def _attach_default(self) -> None:
        if self.database is not None and self.database != "information_schema":
            self.storage.attach(self.database)

    def list_fields(self, table: str, wildcard: str) -> list[Column]:
        """The columns of a table whose names match (COM_FIELD_LIST)."""
        from athena_g.embedded.runtime.texts import like

        self.tracker.start()
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
        self.end_result()
        self.storage.rollback()
        self.storage.unlock_tables()
        self.storage.autocommit = True
        temporary.drop_all(self)
        self.variables.reset()
        self.user_variables.clear()
        self.fixed_clock = None
        self.named_statements.clear()
        self.functions.release_all()
        self.diagnostics.start()
        self.last_insert_id = self.next_insert_id = self.found_rows = 0
        self.row_count = -1
        self.next_isolation = self.next_read_only = None
        self.tracker.forget()
        self.apply_variables()

    def change_user(self, user: str, database: str | None) -> None:
        """Everything anew, on that database (COM_CHANGE_USER); raises 1049."""
        chosen = None if database is None else self.engine.existing(database)
        self.reset()
        self.user = user
        self.database = chosen
        self._attach_default()

    def interrupt(self) -> None:
        """Ends the running statement with 1317, a SLEEP() with 1; callable from any thread."""
        if not self.functions.interrupt():
            self.storage.interrupt(whole=self.killed)

    def kill(self, *, connection: bool) -> None:
        """KILL QUERY, or with ``connection`` the end of the session; callable from any thread."""
        self.killed = self.killed or connection
        self.interrupt()
        if connection and self.on_killed is not None:
            self.on_killed()

    def close(self) -> None:
        """Rolls back and gives everything back; may be called again, also after it failed."""
        self.end_result()
        self.storage.close()
        self.functions.release_all()
        self.engine.disconnected(self.serial)

    def end_result(self) -> None:
        """Ends the reading of the last statement's rows, where a client did not take them all."""
        if self._result is not None:
            self._result.close()
            self._result = None

    # --- transactions ---------------------------------------------------------------------------

    def _transaction_started(self) -> None:
        variables = self.variables
        self.storage.isolation = self.next_isolation or str(variables.get("transaction_isolation"))
        self.read_only_transaction = self._next_is_read_only

    @property
    def _next_is_read_only(self) -> bool:
        if self.next_read_only is not None:
            return self.next_read_only
        return bool(self.variables.get("transaction_read_only"))

    def _transaction_ended(self) -> None:
        self.next_isolation = self.next_read_only = None
        self.read_only_transaction = False
        self.tracker.transaction = NO_TRANSACTION
        self.apply_variables()

    def single_statement_ended(self) -> None:
        """A query outside a transaction was one: SET TRANSACTION was for it alone."""
        if not self.in_transaction:
            self.next_isolation = self.next_read_only = None

    def clock(self) -> datetime:
        """The time in the session's time zone."""
        fixed = self.fixed_clock
        moment = datetime.now(UTC) if fixed is None else datetime.fromtimestamp(fixed, UTC)
        return moment.replace(tzinfo=None) + self.variables.utc_offset

    def set_clock(self, seconds: float) -> None:
        """SET timestamp: stops the clock; 0 lets it go on."""
        self.fixed_clock = float(seconds) or None

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
        mine = self.temporary.get((database, name.lower()))
        if mine is not None:
            return "temp", mine
        if database.lower() == "information_schema":
            raise errors.NO_SUCH_TABLE(table=f"{database}.{name}")
        found = self.storage.catalogue(database).table(name)
        if found is None:
            raise errors.NO_SUCH_TABLE(table=f"{database}.{name}")
        self._refuse_timestamps(found)
        return schema_of(database), found

    def _refuse_timestamps(self, table: Table) -> None:
        """Raises 1235 where a TIMESTAMP, kept in UTC, would have to be another time."""
        if self.variables.utc_offset and any(
            each.type.base_name == "timestamp" for each in table.columns
        ):
            raise errors.NOT_SUPPORTED_YET(
                construct=f"the TIMESTAMP columns of {table.name} in another time zone than UTC"
            )

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
            case "insert_id":
                return self.next_insert_id
            case "warning_count":
                return self.diagnostics.earlier_count
            case "error_count":
                return self.diagnostics.earlier_errors
            case "timestamp":
                return time.time() if self.fixed_clock is None else self.fixed_clock
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
        checks = "ON" if self.variables.get("foreign_key_checks") else "OFF"
        if not self.storage.connection.in_transaction:
            self.storage.connection.execute(f"PRAGMA foreign_keys = {checks}")

    @property
    def results_collation_id(self) -> int:
        """The collation id of texts in results: that of character_set_results."""
        return self.variables.results_collation_id

    def select_limit(self, limited: bool) -> int | None:
        """What sql_select_limit leaves of a query; None: all rows."""
        most = self.variables.get("sql_select_limit")
        return None if limited or most >= 2**63 else int(most)

    def note(self, error: SqlError, level: str = "Warning") -> None:
        """Adds a warning to the statement's."""
        self.diagnostics.add(level, error)

    @property
    def warnings(self) -> list[tuple[str, SqlError]]:
        """The first warnings of the statement, with their levels."""
        return self.diagnostics.entries

    def check_writable(self, *, temporary: bool = False, ends_transaction: bool = False) -> None:
        """Raises 1290 or 1792 where the session may not write.

        Temporary tables may be written to in any transaction; what commits the transaction first
        is refused only where the next one is read-only, too.
        """
        if self.read_only:
            raise errors.READ_ONLY()
        if temporary:
            return
        open_and_kept = self.in_transaction and not ends_transaction
        if self.read_only_transaction if open_and_kept else self._next_is_read_only:
            raise errors.READ_ONLY_TRANSACTION()

    def check_locked(self, tables: Sequence[tuple[str, str]], *, writes: bool = False) -> None:
        """Raises 1099 or 1100 for tables that LOCK TABLES does not let the session use."""
        locked = self.storage.locked_tables
        if not locked:
            return
        for database, name in tables:
            mode = locked.get((database, name.lower()))
            if (database, name.lower()) in self.temporary:
                continue
            if mode is None:
                raise errors.TABLE_NOT_LOCKED(table=name)
            if writes and mode == "READ":
                raise errors.TABLE_LOCKED_FOR_READING(table=name)

    def context(self) -> Context:
        """The surroundings of one translation."""
        mode = str(self.variables.get("sql_mode"))
        return Context(
            self,
            self.statement,
            str(self.variables.get("collation_connection")),
            full_group_by="ONLY_FULL_GROUP_BY" in mode,
            cacheable=not self.literal_parameters,
        )


__all__ = ["EngineSession", "OkResult", "RowsResult"]
