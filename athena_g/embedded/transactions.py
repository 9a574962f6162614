"""BEGIN, COMMIT, ROLLBACK, savepoints and LOCK TABLES."""

from __future__ import annotations

from typing import TYPE_CHECKING

from athena_g import errors
from athena_g.embedded.lexer import Cursor
from athena_g.embedded.results import OkResult

if TYPE_CHECKING:
    from athena_g.embedded.session import EngineSession


def begin(session: EngineSession, cursor: Cursor) -> OkResult:
    """``BEGIN [WORK]`` and ``START TRANSACTION …``."""
    read_only = snapshot = False
    if cursor.accept("BEGIN"):
        cursor.accept("WORK")
    else:
        cursor.expect("START", "TRANSACTION")
        while not cursor.at_end:
            if cursor.accept("READ", "ONLY"):
                read_only = True
            elif cursor.accept("WITH", "CONSISTENT", "SNAPSHOT"):
                snapshot = True
            elif not cursor.accept("READ", "WRITE"):
                cursor.fail()
            cursor.accept(",")
    cursor.finish()
    session.storage.begin()
    session.read_only_transaction = read_only
    if snapshot and session.database:
        session.storage.catalogue(session.database)
    return OkResult()


def _chain(session: EngineSession, cursor: Cursor) -> bool:
    """``[AND [NO] CHAIN] [[NO] RELEASE]``."""
    chained = False
    if cursor.accept("AND"):
        chained = not cursor.accept("NO")
        cursor.expect("CHAIN")
    if cursor.accept("RELEASE"):
        cursor.refuse("COMMIT RELEASE")
    if cursor.accept("NO"):
        cursor.expect("RELEASE")
    cursor.finish()
    return chained


def commit(session: EngineSession, cursor: Cursor) -> OkResult:
    """``COMMIT``."""
    cursor.expect("COMMIT")
    cursor.accept("WORK")
    chained = _chain(session, cursor)
    session.storage.commit()
    _ended(session, chained)
    return OkResult()


def _ended(session: EngineSession, chained: bool) -> None:
    session.read_only_transaction = False
    session.apply_variables()
    if chained:
        session.storage.begin()


def rollback(session: EngineSession, cursor: Cursor) -> OkResult:
    """``ROLLBACK`` and ``ROLLBACK TO [SAVEPOINT] name``."""
    cursor.expect("ROLLBACK")
    cursor.accept("WORK")
    if cursor.accept("TO"):
        cursor.accept("SAVEPOINT")
        name = cursor.name()
        cursor.finish()
        session.storage.rollback_to(name)
        return OkResult()
    chained = _chain(session, cursor)
    session.storage.rollback()
    _ended(session, chained)
    return OkResult()


def savepoint(session: EngineSession, cursor: Cursor) -> OkResult:
    """``SAVEPOINT name``; without a transaction it does nothing."""
    cursor.expect("SAVEPOINT")
    name = cursor.name()
    cursor.finish()
    session.storage.enter()
    if session.in_transaction:
        session.storage.savepoint(name)
    return OkResult()


def release(session: EngineSession, cursor: Cursor) -> OkResult:
    """``RELEASE SAVEPOINT name``."""
    cursor.expect("RELEASE", "SAVEPOINT")
    name = cursor.name()
    cursor.finish()
    session.storage.release(name)
    return OkResult()


def lock_tables(session: EngineSession, cursor: Cursor) -> OkResult:
    """``LOCK TABLES … WRITE`` holds the database's writer lock; READ alone is refused."""
    cursor.expect("LOCK")
    if not cursor.accept_any("TABLES", "TABLE"):
        cursor.refuse("LOCK INSTANCE")
    session.check_writable()
    databases = []
    while True:
        database, name = cursor.qualified_name()
        database = session.require_database(database)
        session.find_table(database, name)
        if cursor.accept("AS") or cursor.word() not in ("READ", "WRITE", "LOW_PRIORITY"):
            cursor.name()
        if cursor.accept("READ"):
            cursor.refuse("LOCK TABLES … READ")
        cursor.accept("LOW_PRIORITY")
        cursor.expect("WRITE")
        databases.append(database)
        if not cursor.accept(","):
            break
    cursor.finish()
    session.storage.commit()
    session.storage.unlock_tables()
    for database in databases:
        session.storage.lock_table_database(database)
    return OkResult()


def unlock_tables(session: EngineSession, cursor: Cursor) -> OkResult:
    """``UNLOCK TABLES``."""
    cursor.expect("UNLOCK")
    if not cursor.accept_any("TABLES", "TABLE"):
        raise errors.NOT_SUPPORTED_YET(construct="UNLOCK INSTANCE")
    cursor.finish()
    if session.storage.table_locks:
        session.storage.commit()
    session.storage.unlock_tables()
    return OkResult()
