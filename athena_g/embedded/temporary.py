"""Temporary tables outlive the rollback of the transaction that made them, as in MySQL.

SQLite undoes their creation, and the dropping of others, with the transaction; here that is put
right again. The rows are undone in both.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from athena_g.embedded import build
from athena_g.embedded.catalogue import quote
from athena_g.embedded.writing import stored_name

if TYPE_CHECKING:
    from athena_g.embedded.session import EngineSession

_TABLES = "SELECT name FROM sqlite_temp_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"


@contextmanager
def changing(session: EngineSession) -> Iterator[None]:
    """A statement that makes, alters or drops a temporary table: whole, or not at all."""
    session.had_temporary = True
    with session.storage.writing(None):
        kept = dict(session.temporary)
        try:
            yield
        except BaseException:
            session.temporary.clear()
            session.temporary.update(kept)
            raise
    session.tracker.state()


def restore(session: EngineSession) -> None:
    """Makes anew what a rollback took away, and drops again what it brought back."""
    if not session.had_temporary:
        return
    connection = session.storage.connection
    stored = {str(name) for (name,) in connection.execute(_TABLES)}
    known = {
        f"{database}.{t.name}": (database, t) for (database, _), t in session.temporary.items()
    }
    for name in stored - known.keys():
        connection.execute(f"DROP TABLE temp.{quote(name)}")
    for name in known.keys() - stored:
        build.create(session, *known[name])


def drop_all(session: EngineSession) -> None:
    """Drops every temporary table of the session."""
    for (database, _), table in session.temporary.items():
        session.storage.connection.execute(f"DROP TABLE {stored_name(table, database)}")
    session.temporary.clear()
    session.had_temporary = False
