"""CREATE DATABASE and DROP DATABASE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from athena_g import errors
from athena_g.embedded.collation import CHARSET_DEFAULTS, COLLATIONS
from athena_g.embedded.lexer import Cursor
from athena_g.embedded.results import OkResult
from athena_g.embedded.types import DEFAULT_COLLATION

if TYPE_CHECKING:
    from athena_g.embedded.session import EngineSession


def charset_options(cursor: Cursor, collation: str = "") -> str:
    """The collation that ``[DEFAULT] CHARACTER SET … COLLATE …`` name; raises 1115, 1273."""
    while True:
        start = cursor.position
        cursor.accept("DEFAULT")
        if cursor.accept("CHARACTER", "SET") or cursor.accept("CHARSET"):
            cursor.accept("=")
            name = cursor.name_or_string().lower()
            if name not in CHARSET_DEFAULTS:
                raise errors.UNKNOWN_CHARACTER_SET(charset=name)
            collation = CHARSET_DEFAULTS[name]
        elif cursor.accept("COLLATE"):
            cursor.accept("=")
            name = cursor.name_or_string().lower()
            if name not in COLLATIONS and name != "binary":
                raise errors.UNKNOWN_COLLATION(collation=name)
            collation = name
        else:
            cursor.position = start
            return collation


def create(session: EngineSession, cursor: Cursor) -> OkResult:
    """``CREATE DATABASE [IF NOT EXISTS] name [options]``."""
    cursor.position += 2
    tolerant = cursor.accept("IF", "NOT", "EXISTS")
    name = cursor.name()
    collation = charset_options(cursor) or DEFAULT_COLLATION
    cursor.finish()
    session.check_writable(ends_transaction=True)
    session.storage.commit()
    try:
        session.engine.create_database(name, collation)
    except errors.SqlError as error:
        if not tolerant or error.errno != errors.CANNOT_CREATE_DATABASE.errno:
            raise
        session.note(error, "Note")
    return OkResult(affected_rows=1, warnings=len(session.warnings))


def drop(session: EngineSession, cursor: Cursor) -> OkResult:
    """``DROP DATABASE [IF EXISTS] name``; the number of its tables is the affected rows."""
    cursor.position += 2
    tolerant = cursor.accept("IF", "EXISTS")
    name = cursor.name()
    cursor.finish()
    session.check_writable(ends_transaction=True)
    session.storage.commit()
    if name not in session.engine.databases():
        error = errors.DATABASE_DROP_EXISTS(database=name)
        if not tolerant:
            raise error
        session.note(error, "Note")
        return OkResult(warnings=1)
    count = len(session.storage.catalogue(name).tables)
    session.storage.lock(name)
    try:
        session.storage.forget(name)
        session.engine.drop_database(name)
    finally:
        session.storage.rollback()
    if session.database == name:
        session.database = None
        session.tracker.database(None)
    return OkResult(affected_rows=count)
