"""Exceptions of apsw as errors of the registry."""

from __future__ import annotations

import apsw

from athena_g import errors
from athena_g.errors import SqlError


def translate(error: apsw.Error) -> SqlError:
    """The error a client gets for one of SQLite that nothing more is known of."""
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
        return SqlError(1021, "HY000", "Disk full; waiting for someone to free some space...")
    if isinstance(error, apsw.ReadOnlyError):
        return errors.READ_ONLY()
    return errors.NOT_SUPPORTED_YET(construct=f"this statement on SQLite: {text}")


def unique_columns(error: apsw.Error) -> list[str]:
    """The columns of a broken unique key, from SQLite's ``UNIQUE constraint failed: t.a, t.b``."""
    listed = str(error).split(": ", 1)[-1]
    return [part.rsplit(".", 1)[-1] for part in listed.split(", ")]
