"""One client's session: its state, and what statements and their translation ask of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from athena_g import errors
from athena_g.embedded import information_schema, temporary
from athena_g.embedded.catalogue import Table
from athena_g.embedded.characteristics import Characteristics
from athena_g.embedded.clock import Clock
from athena_g.embedded.diagnostics import Diagnostics
from athena_g.embedded.execution import Execution
from athena_g.embedded.native import Value
from athena_g.embedded.parameters import Parameters
from athena_g.embedded.prepared import Prepared
from athena_g.embedded.queries import Queries
from athena_g.embedded.results import OkResult, RowsResult
from athena_g.embedded.session_functions import SessionFunctions
from athena_g.embedded.storage import Storage, schema_of
from athena_g.embedded.tracking import NO_TRANSACTION, SessionTracker
from athena_g.embedded.translate.context import Context
from athena_g.embedded.translate.relations import Relation
from athena_g.embedded.variables import SystemVariables
from athena_g.errors import SqlError

if TYPE_CHECKING:
    from athena_g.embedded.engine import Engine


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
        self.clock = Clock(self.variables)
        self.now = self.clock.time()
        """When the statement began."""
        self.characteristics = Characteristics(self.variables)
        self.statement = ""
        self.command_since = time.monotonic()
        self.killed = False
        """Whether KILL ended the connection; the server closes it then."""
        self.on_killed: Callable[[], None] | None = None
        """Ends what the client's connection waits for; called in the thread that kills."""
        self.parameters = Parameters()
        self.functions = SessionFunctions(self)
        self.queries = Queries(self)
        self.execution = Execution(self)
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
        return self.execution.execute(sql)

    # --- the session's state --------------------------------------------------------------------

    def use(self, database: str) -> None:
        """Makes a database the default one; raises 1049."""
        self.database = self.engine.existing(database)
        self._attach_default()
        self.tracker.state()
        self.tracker.database(self.database)

    def init_db(self, database: str) -> None:
        """COM_INIT_DB: a statement of its own."""
        self.execution.reported(lambda: self.use(database))
        self.row_count = 0

    def _attach_default(self) -> None:
        if self.database is not None and self.database != "information_schema":
            self.storage.attach(self.database)

    def reset(self) -> None:
        """Forgets all state but user and database (COM_RESET_CONNECTION)."""
        self.execution.end_result()
        self.storage.rollback()
        self.storage.unlock_tables()
        self.storage.autocommit = True
        temporary.drop_all(self)
        self.variables.reset()
        self.user_variables.clear()
        self.clock.stop(0)
        self.named_statements.clear()
        self.functions.release_all()
        self.diagnostics.start()
        self.last_insert_id = self.next_insert_id = self.found_rows = 0
        self.row_count = -1
        self.characteristics.forget_next()
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
        self.execution.end_result()
        self.storage.close()
        self.functions.release_all()
        self.engine.disconnected(self.serial)

    # --- transactions ---------------------------------------------------------------------------

    def _transaction_started(self) -> None:
        self.storage.isolation = self.characteristics.start()

    def _transaction_ended(self) -> None:
        self.characteristics.end()
        self.tracker.transaction = NO_TRANSACTION
        self.apply_variables()

    def single_statement_ended(self) -> None:
        """A query outside a transaction was one: SET TRANSACTION was for it alone."""
        if not self.in_transaction:
            self.characteristics.forget_next()

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
                return self.clock.timestamp
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
        known = self.characteristics
        if known.read_only if open_and_kept else known.next_is_read_only:
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
            cacheable=not self.parameters.as_constants,
        )
