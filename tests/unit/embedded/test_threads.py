"""KILL, and the list of connections."""

from __future__ import annotations

import threading
import time

import pytest

from athena_g.embedded.session import EngineSession
from athena_g.errors import SqlError
from tests.unit.embedded.conftest import Connect, rows, run


def errno(session: EngineSession, sql: str) -> int:
    with pytest.raises(SqlError) as caught:
        run(session, sql)
    return caught.value.errno


def when_asleep(session: EngineSession, kill: str, victim: EngineSession) -> threading.Thread:
    """A thread that sends the KILL as soon as the victim waits for something."""

    def send() -> None:
        while not victim.functions.waiting:
            time.sleep(0.001)
        run(session, kill)

    thread = threading.Thread(target=send)
    thread.start()
    return thread


def test_a_killed_query_that_writes_is_undone(connect: Connect) -> None:
    session, other = connect(), connect()
    run(session, "CREATE TABLE t (a INT)", "INSERT INTO t VALUES (1), (2)")
    thread = when_asleep(other, f"KILL QUERY {session.connection_id}", session)
    assert errno(session, "UPDATE t SET a = a + SLEEP(3600) + 1") == 1317
    thread.join()
    assert rows(session, "SELECT a FROM t") == [(1,), (2,)]


def test_a_killed_wait_for_a_named_lock_is_an_error(connect: Connect) -> None:
    session, other = connect(), connect()
    run(other, "SELECT GET_LOCK('a', 0)")
    thread = when_asleep(other, f"KILL QUERY {session.connection_id}", session)
    assert errno(session, "SELECT GET_LOCK('a', 3600)") == 1317
    thread.join()
    assert rows(session, "SHOW ERRORS") == [("Error", 1317, "Query execution was interrupted")]


def test_killing_the_query_of_an_idle_session_does_nothing(connect: Connect) -> None:
    session, other = connect(), connect()
    run(other, f"KILL QUERY {session.connection_id}")
    assert rows(session, "SELECT SLEEP(0)") == [(0,)]


def test_only_sessions_of_the_same_user_are_killed(connect: Connect) -> None:
    session, other = connect(), connect()
    other.user = "somebody"
    assert errno(session, f"KILL {other.connection_id}") == 1095
    assert not other.killed


def test_the_id_may_be_an_expression(connect: Connect) -> None:
    session, other = connect(), connect()
    run(session, f"SET @id = {other.connection_id}", "KILL @id")
    assert other.killed


def test_the_list_shows_statements_in_full_only_when_asked(session: EngineSession) -> None:
    long = f"SHOW PROCESSLIST {'/* long */' * 20}"
    (short,) = [row for row in rows(session, long) if row[0] == session.connection_id]
    assert (short[1], short[3], short[4]) == ("root", "test", "Query")
    assert len(short[7]) == 100
    (full,) = rows(session, long.replace("SHOW", "SHOW FULL"))
    assert full[7] == long.replace("SHOW", "SHOW FULL").strip()


def test_the_lists_of_different_listeners_are_apart(connect: Connect) -> None:
    session, reader = connect(), connect(read_only=True)
    reader.connection_id = session.connection_id
    assert len(rows(session, "SHOW PROCESSLIST")) == 1
    assert errno(reader, f"KILL {session.connection_id}") == 1317
    assert not session.killed


def test_sessions_of_different_listeners_do_not_share_locks(connect: Connect) -> None:
    session, reader = connect(), connect(read_only=True)
    reader.connection_id = session.connection_id
    run(session, "SELECT GET_LOCK('a', 0)")
    assert rows(reader, "SELECT GET_LOCK('a', 0)") == [(0,)]
