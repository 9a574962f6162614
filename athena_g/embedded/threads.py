"""KILL, and what SHOW PROCESSLIST tells: the connections of this server."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from athena_g import errors
from athena_g.embedded.lexer import Cursor
from athena_g.embedded.parse import parse
from athena_g.embedded.results import OkResult
from athena_g.embedded.translate.parameters import number

if TYPE_CHECKING:
    from athena_g.embedded.session import EngineSession

SHOWN_CHARACTERS = 100
"""How much of a statement SHOW PROCESSLIST shows without FULL."""


def kill(session: EngineSession, cursor: Cursor) -> OkResult:
    """``KILL [CONNECTION | QUERY] id``; the id may be any expression."""
    cursor.expect("KILL")
    whole = cursor.accept_any("QUERY", "CONNECTION") != "QUERY"
    start, end = cursor.skip_expression()
    cursor.finish()
    text = cursor.sql[start:end]
    _, rows = session.queries.values(parse(f"SELECT {text}", offset=start - 7, whole=cursor.sql))
    thread = int(number(next(iter(list(rows)))[0]) or 0)
    kill_thread(session, thread, connection=whole)
    return OkResult()


def kill_thread(session: EngineSession, thread: int, *, connection: bool) -> None:
    """Ends another session, or its statement; raises 1094, 1095, and 1317 for one's own."""
    other = next((each for each in _sessions(session) if each.connection_id == thread), None)
    if other is None:
        raise errors.NO_SUCH_THREAD(thread=thread)
    if other.user != session.user:
        raise errors.KILL_DENIED(thread=thread)
    if other is session:
        session.killed = session.killed or connection
        raise errors.QUERY_INTERRUPTED()
    other.kill(connection=connection)


def _sessions(session: EngineSession) -> list[EngineSession]:
    """The sessions of the same kind of listener: each kind counts its connections itself."""
    return [each for each in session.engine.sessions() if each.read_only == session.read_only]


def processes(session: EngineSession, *, full: bool = True) -> Iterator[Sequence[Any]]:
    """A row for every session: Id, User, Host, db, Command, Time, State, Info."""
    for other in sorted(_sessions(session), key=lambda each: each.connection_id):
        running = other.statement or None
        shown = running if full or running is None else running[:SHOWN_CHARACTERS]
        seconds = int(time.monotonic() - other.command_since)
        yield (
            other.connection_id, other.user, other.host, other.database,
            "Query" if running else "Sleep", seconds, "executing" if running else "", shown,
        )  # fmt: skip
