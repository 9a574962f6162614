"""Exceptions of apsw as errors of the registry."""

from __future__ import annotations

import apsw
from loguru import logger

from athena_g import errors
from athena_g.embedded.lexer import not_utf8
from athena_g.errors import SqlError


def translate(error: Exception) -> SqlError:
    """The error a client gets for one of SQLite's, or of a function's, not raised as SQL's."""
    match error:
        case UnicodeEncodeError():
            return not_utf8(error)
        case UnicodeDecodeError():
            return errors.NOT_SUPPORTED_YET(construct="a text of bytes that are no UTF-8")
        case RecursionError():
            return errors.STACK_OVERRUN()
        case apsw.Error():
            return _of_sqlite(error)
    logger.opt(exception=error).error("a function of the embedded server failed")
    return errors.NOT_SUPPORTED_YET(construct=f"a value of this statement: {error!r}")


def _of_sqlite(error: apsw.Error) -> SqlError:
    code = getattr(error, "extendedresult", 0)
    text = str(error)
    if code == apsw.SQLITE_BUSY_SNAPSHOT:
        return errors.DEADLOCK()
    if isinstance(error, apsw.BusyError | apsw.LockedError):
        return errors.LOCK_WAIT_TIMEOUT()
    if isinstance(error, apsw.InterruptError):
        return errors.QUERY_INTERRUPTED()
    if "integer overflow" in text:
        return errors.DATA_OUT_OF_RANGE(type="BIGINT", expression="an aggregate of the statement")
    if isinstance(error, apsw.ConstraintError) and "CHECK constraint failed" in text:
        return errors.CHECK_VIOLATED(constraint=text.split(": ", 1)[-1])
    if isinstance(error, apsw.ConstraintError) and "NOT NULL constraint failed" in text:
        return errors.BAD_NULL(column=text.rsplit(".", 1)[-1])
    if isinstance(error, apsw.FullError):
        return errors.DISK_FULL()
    if isinstance(error, apsw.ReadOnlyError):
        return errors.READ_ONLY()
    return errors.NOT_SUPPORTED_YET(construct=f"this statement on SQLite: {text}")


def unique_columns(error: apsw.Error) -> list[str]:
    """The columns of a broken unique key, from SQLite's ``UNIQUE constraint failed: t.a, t.b``."""
    listed = str(error).split(": ", 1)[-1]
    return [part.rsplit(".", 1)[-1] for part in listed.split(", ")]
