"""BEGIN, COMMIT, ROLLBACK, savepoints and LOCK TABLES."""

from __future__ import annotations

from typing import TYPE_CHECKING

from athena_g import errors
from athena_g.embedded.lexer import Cursor
from athena_g.embedded.results import OkResult

if TYPE_CHECKING:
    from athena_g.embedded.session import EngineSession

_BEGUN = "T_______"
_SNAPSHOT_TAKEN = "T_R_____"


def begin(session: EngineSession, cursor: Cursor) -> OkResult:
    """``BEGIN [WORK]`` and ``START TRANSACTION …``; ends a transaction and LOCK TABLES."""
    read_only, snapshot = _characteristics(cursor)
    session.storage.unlock_tables()
    _begin(session, read_only)
    if snapshot:
        session.tracker.transaction = _SNAPSHOT_TAKEN
        if session.database:
            session.storage.catalogue(session.database)
    return OkResult()


def _characteristics(cursor: Cursor) -> tuple[bool | None, bool]:
    """Whether the transaction is read-only (None: not said), and whether it reads at once."""
    read_only, snapshot = None, False
    if cursor.accept("BEGIN"):
        cursor.accept("WORK")
    else:
        cursor.expect("START", "TRANSACTION")
        while not cursor.at_end:
            if cursor.accept("WITH", "CONSISTENT", "SNAPSHOT"):
                snapshot = True
            else:
                cursor.expect("READ")
                if read_only is not None:
                    cursor.position = len(cursor.tokens)  # MySQL notices at the end
                read_only = cursor.accept("ONLY")
                if not read_only:
                    cursor.expect("WRITE")
            cursor.accept(",")
    cursor.finish()
    return read_only, snapshot


def _begin(session: EngineSession, read_only: bool | None) -> None:
    session.storage.begin()
    session.tracker.transaction = _BEGUN
    if read_only is not None:
        session.characteristics.read_only = read_only


def _completion(session: EngineSession, cursor: Cursor) -> tuple[bool, bool]:
    """``[AND [NO] CHAIN] [[NO] RELEASE]``: whether to begin anew, and whether to disconnect."""
    default = session.variables.get("completion_type")
    chained, released = default == "CHAIN", default == "RELEASE"
    if cursor.accept("AND"):
        chained = not cursor.accept("NO")
        released = released and not chained
        cursor.expect("CHAIN")
        if chained and cursor.word() == "RELEASE":
            cursor.fail()
    if cursor.accept("NO"):
        cursor.expect("RELEASE")
        released = False
    elif cursor.accept("RELEASE"):
        released, chained = True, False
    cursor.finish()
    return chained, released


def commit(session: EngineSession, cursor: Cursor) -> OkResult:
    """``COMMIT``."""
    cursor.expect("COMMIT")
    cursor.accept("WORK")
    chained, released = _completion(session, cursor)
    isolation, read_only = session.storage.isolation, session.characteristics.read_only
    session.storage.commit()
    return _ended(session, chained, released, (isolation, read_only))


def _ended(
    session: EngineSession, chained: bool, released: bool, kept: tuple[str, bool]
) -> OkResult:
    """The answer; a chained transaction has the characteristics of the one before."""
    if chained:
        _begin(session, kept[1])
        session.storage.isolation = kept[0]
    return OkResult(closes=released)


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
    chained, released = _completion(session, cursor)
    isolation, read_only = session.storage.isolation, session.characteristics.read_only
    session.storage.rollback()
    return _ended(session, chained, released, (isolation, read_only))


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
    """``LOCK TABLES …`` holds the database's writer lock, for READ as well as for WRITE."""
    cursor.expect("LOCK")
    if not cursor.accept_any("TABLES", "TABLE"):
        cursor.refuse("LOCK INSTANCE")
    locked: dict[tuple[str, str], str] = {}
    while True:
        database, name, mode = _locked_table(session, cursor)
        if mode == "WRITE":
            session.check_writable(ends_transaction=True)
        locked[database, name.lower()] = mode
        if not cursor.accept(","):
            break
    cursor.finish()
    session.storage.commit()
    session.storage.unlock_tables()
    for database in sorted({database for database, _ in locked}):
        session.storage.lock_table_database(database)
    session.storage.locked_tables.update(locked)
    return OkResult()


def _locked_table(session: EngineSession, cursor: Cursor) -> tuple[str, str, str]:
    """One table of the list: its database, its name, READ or WRITE."""
    named_database, name = cursor.qualified_name()
    database = session.require_database(named_database)
    session.find_table(database, name)
    if cursor.accept("AS") or cursor.word() not in ("READ", "WRITE", "LOW_PRIORITY"):
        cursor.name()
    if cursor.accept("READ"):
        cursor.accept("LOCAL")
        return database, name, "READ"
    cursor.accept("LOW_PRIORITY")
    cursor.expect("WRITE")
    return database, name, "WRITE"


def unlock_tables(session: EngineSession, cursor: Cursor) -> OkResult:
    """``UNLOCK TABLES``; ends a transaction only if there are locks to give up."""
    cursor.expect("UNLOCK")
    if not cursor.accept_any("TABLES", "TABLE"):
        raise errors.NOT_SUPPORTED_YET(construct="UNLOCK INSTANCE")
    cursor.finish()
    if session.storage.table_locks:
        session.storage.commit()
    session.storage.unlock_tables()
    return OkResult()
