"""One session's way to the SQLite files: attached databases, transactions, the writer's lock."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import apsw

from athena_g import errors
from athena_g.embedded import catalogue
from athena_g.embedded.catalogue import TABLE_NAME, Catalogue, quote
from athena_g.embedded.collation import COLLATIONS, compare_decimals
from athena_g.embedded.locks import Waiter
from athena_g.embedded.runtime import dates, documents, groups, numbers, texts
from athena_g.embedded.runtime.registry import install

if TYPE_CHECKING:
    from athena_g.embedded.engine import Engine

__all__ = ["Storage", "dates", "documents", "groups", "numbers", "schema_of", "texts"]


_CAPITAL = re.compile(r"[A-Z^]")


def schema_of(database: str) -> str:
    """The name under which a database's file is attached: SQLite's know no case."""
    return "@" + _CAPITAL.sub(lambda match: f"^{match[0].lower()}", database)


def _nothing() -> None:
    """What is called where nobody wants to know."""


class TablesChanged(Exception):
    """Another session changed the database's tables before the statement got the lock."""


class Storage:
    """The connection to SQLite of one session."""

    def __init__(self, engine: Engine, owner: int) -> None:
        self.engine = engine
        self.owner = owner
        self.connection = apsw.Connection(":memory:")
        self.lock_timeout = 10.0
        self.isolation = "REPEATABLE-READ"
        self.explicit = False
        """Whether BEGIN was given, or autocommit is off and a statement has run."""
        self.autocommit = True
        self.bypass_cache = False
        self.seen: dict[str, tuple[int, int]] = {}
        """The version of each database's tables that the statement has gone by."""
        self._attached: dict[str, int] = {}
        self._savepoints: list[tuple[str, str]] = []
        """The savepoints of the transaction: the name, and that of SQLite's."""
        self._savepoints_set = 0
        self._held: set[str] = set()
        self.on_started: Callable[[], None] = _nothing
        self.on_ended: Callable[[], None] = _nothing
        self.on_rolled_back: Callable[[], None] = _nothing
        """Called when a transaction began or ended, one of a single statement also."""
        self.locked_tables: dict[tuple[str, str], str] = {}
        """The tables of LOCK TABLES, READ or WRITE by database and lower-case name."""
        self.table_locks: set[str] = set()
        """Databases whose writer lock LOCK TABLES holds beyond the transaction."""
        self._waiter: Waiter | None = None
        self._guard = threading.Lock()
        self._changing = False
        """Whether a statement that changes rows runs in a transaction."""
        self._closing = False
        """Whether nothing may be interrupted any more."""
        self._configure()

    def _configure(self) -> None:
        connection = self.connection
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA recursive_triggers = ON")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.set_busy_timeout(2000)
        for name, compare in COLLATIONS.items():
            connection.create_collation(name, compare)
        connection.create_collation("decimal", compare_decimals)
        install(connection)

    # --- databases and tables -------------------------------------------------------------------

    def attach(self, database: str) -> str:
        """The schema of a database, attached if need be; raises 1049."""
        incarnation = self.engine.incarnation(database)
        if self._attached.get(database) == incarnation:
            return schema_of(database)
        schema = schema_of(database)
        if database in self._attached:
            self._detach(database)
        self.connection.execute(
            f"ATTACH ? AS {quote(schema)}", (str(self.engine.path_of(database)),)
        )
        if not self.connection.in_transaction:
            self.connection.execute(f"PRAGMA {quote(schema)}.synchronous = NORMAL")
        self._attached[database] = incarnation
        return schema

    def _detach(self, database: str) -> None:
        try:
            self.connection.execute(f"DETACH {quote(schema_of(database))}")
        except apsw.SQLError:
            raise errors.UNKNOWN_DATABASE(database=database) from None
        del self._attached[database]

    def forget(self, database: str) -> None:
        """Detaches a database that is about to be dropped."""
        if database in self._attached:
            self._detach(database)

    def version(self, database: str) -> tuple[int, int]:
        """What changes whenever a table of the database does."""
        schema = self.attach(database)
        return self._attached[database], catalogue.schema_version(self.connection, schema)

    def catalogue(self, database: str) -> Catalogue:
        """The database's tables, as this session's snapshot has them."""
        incarnation, version = self.version(database)
        self.seen.setdefault(database, (incarnation, version))
        schema = schema_of(database)
        if self.bypass_cache:
            return catalogue.load(self.connection, schema, version)
        found = self.engine.cached_catalogue(database, incarnation, version)
        if found is None:
            found = catalogue.load(self.connection, schema, version)
            self.engine.cache_catalogue(database, incarnation, version, found)
        return found

    # --- transactions ---------------------------------------------------------------------------

    @property
    def in_transaction(self) -> bool:
        return self.explicit

    @property
    def is_writing(self) -> bool:
        return bool(self._held)

    def begin(self) -> None:
        """Starts a transaction; its snapshot is taken by its first statement."""
        self.commit()
        self.connection.execute("BEGIN")
        self.explicit = True
        self.on_started()

    def enter(self) -> None:
        """Starts the transaction that autocommit = 0 means, if none is open."""
        if not self.autocommit and not self.explicit:
            self.begin()
        elif self.explicit and not self._held and self.isolation.startswith("READ-"):
            self.refresh_snapshot()

    @property
    def has_no_snapshot(self) -> bool:
        """Whether nothing has been read or written in the transaction that is open."""
        return self.explicit and self.connection.txn_state() == apsw.SQLITE_TXN_NONE

    def refresh_snapshot(self) -> None:
        """Makes a transaction that has only read see all that is committed by now."""
        if self.connection.in_transaction and not self._savepoints:
            self.connection.execute("COMMIT")
            self.connection.execute("BEGIN")

    def commit(self) -> None:
        """Ends the transaction, if there is one, keeping its changes."""
        was_open = self.in_transaction or self.connection.in_transaction
        try:
            if self.connection.in_transaction:
                self.connection.execute("COMMIT")
        except apsw.Error:
            self.rollback()
            raise
        self._ended(was_open)

    def rollback(self) -> None:
        """Ends the transaction, if there is one, undoing its changes."""
        was_open = self.in_transaction or self.connection.in_transaction
        if self.connection.in_transaction:
            try:
                self.connection.execute("ROLLBACK")
            except apsw.InterruptError:  # a KILL QUERY that came too late for its statement
                self.connection.execute("ROLLBACK")
        self._ended(was_open)
        if was_open:
            self.on_rolled_back()

    def _ended(self, was_open: bool) -> None:
        self.explicit = False
        self._savepoints = []
        for database in list(self._held):
            self._held.discard(database)
            self.engine.writer_lock(database).release(self.owner)
        if was_open:
            self.on_ended()

    def lock(self, database: str, *, wait: bool = True) -> None:
        """Takes the database's writer lock until the transaction ends; raises 1205, 3572."""
        if database in self._held:
            return
        if database in self.table_locks:
            self.engine.writer_lock(database).try_acquire(self.owner)
        else:
            self._wait_for(database, self.lock_timeout if wait else 0)
        self._held.add(database)

    @contextmanager
    def writing(self, database: str | None) -> Iterator[None]:
        """One statement that writes: whole or not at all, committed if autocommit is on.

        ``database`` None is for temporary tables alone.
        """
        if database is not None:
            self.attach(database)
        self.enter()
        single = not self.explicit
        try:
            if database is not None:
                self.lock(database)
            if single and not self.connection.in_transaction:
                self.connection.execute("BEGIN")
            if database is not None:
                self.claim(database)
            self.connection.execute("SAVEPOINT statement")
            try:
                yield
            except BaseException:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK TO statement")
                    self.connection.execute("RELEASE statement")
                raise
            self.connection.execute("RELEASE statement")
        except BaseException:
            if single:
                self.rollback()
            raise
        if single:
            self.commit()

    def _wait_for(self, database: str, timeout: float) -> None:
        lock = self.engine.writer_lock(database)
        waiter = lock.line_up(self.owner)
        with self._guard:
            self._waiter = waiter
        try:
            given = lock.wait(waiter, timeout)
        finally:
            with self._guard:
                self._waiter = None
        if given:
            return
        if waiter.cancelled:
            raise errors.QUERY_INTERRUPTED()
        raise errors.LOCK_WAIT_TIMEOUT() if timeout else errors.LOCK_NOWAIT()

    def claim(self, database: str) -> None:
        """Makes the transaction a writing one on the latest snapshot; raises 1213."""
        nothing = f"DELETE FROM {quote(self.attach(database))}.{TABLE_NAME} WHERE 0"
        try:
            self.connection.execute(nothing)
        except apsw.BusyError:
            # The snapshot is older than another session's commit: as after a deadlock, the
            # whole transaction is undone.
            self.rollback()
            raise errors.DEADLOCK() from None

    def lock_table_database(self, database: str) -> None:
        """Holds the writer lock until UNLOCK TABLES."""
        if database not in self.table_locks:
            self._wait_for(database, self.lock_timeout)
            self.table_locks.add(database)

    def unlock_tables(self) -> None:
        """Gives up what LOCK TABLES took."""
        for database in self.table_locks:
            self.engine.writer_lock(database).release(self.owner)
        self.table_locks.clear()
        self.locked_tables.clear()

    def savepoint(self, name: str) -> None:
        """Sets a savepoint; one of that name that is there is forgotten."""
        self._savepoints_set += 1
        stored = f"s{self._savepoints_set}"
        self.connection.execute(f"SAVEPOINT {stored}")
        kept = [each for each in self._savepoints if each[0] != name.lower()]
        self._savepoints = [*kept, (name.lower(), stored)]

    def rollback_to(self, name: str) -> None:
        """Undoes what was done after the savepoint; raises 1305."""
        place = self._savepoint_place(name)
        self.connection.execute(f"ROLLBACK TO {self._savepoints[place][1]}")
        del self._savepoints[place + 1 :]
        self.on_rolled_back()

    def release(self, name: str) -> None:
        """Forgets the savepoint; raises 1305."""
        place = self._savepoint_place(name)
        self.connection.execute(f"RELEASE {self._savepoints[place][1]}")
        del self._savepoints[place:]

    def _savepoint_place(self, name: str) -> int:
        names = [known for known, _ in self._savepoints]
        if name.lower() not in names:
            raise errors.SAVEPOINT_UNKNOWN(savepoint=name)
        return names.index(name.lower())

    def change(self, sql: str, values: Sequence[Any] = ()) -> None:
        """Runs one statement of SQLite's that changes rows.

        In a transaction it has to notice by itself that it is to end: SQLite would undo the whole
        transaction with a statement that it interrupts.
        """
        with self._guard:
            self._changing = self.explicit
        try:
            self.connection.execute(sql, values)
        finally:
            self._changing = False

    @property
    def has_lost_transaction(self) -> bool:
        """Whether SQLite undid the transaction, as it does when a statement fails badly."""
        return self.explicit and not self.connection.in_transaction

    def interrupt(self, *, whole: bool = False) -> None:
        """Ends what the session waits for or computes; callable from any thread.

        The transaction is undone with it only if the ``whole`` session is to end.
        """
        with self._guard:
            if self._waiter is not None:
                self._waiter.cancel()
            if not self._closing and (whole or not self._changing):
                self.connection.interrupt()

    def close(self) -> None:
        """Undoes the open transaction and gives up every lock; may be called again.

        SQLite rolls back what is open when it closes. A ROLLBACK could be interrupted: an
        interrupt lasts as long as any query is being read.
        """
        with self._guard:
            self._closing = True
        self.connection.close(True)
        self._ended(False)
        self.unlock_tables()
