"""Transactions, locks and what of them other sessions see."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Any

import pytest

from athena_g.embedded.engine import Engine
from athena_g.embedded.results import RowsResult
from athena_g.embedded.session import EngineSession
from athena_g.errors import SqlError
from tests.unit.embedded.conftest import Connect, rows, run


@pytest.fixture
def pair(connect: Connect) -> tuple[EngineSession, EngineSession]:
    first, second = connect(), connect()
    run(
        first, "CREATE TABLE t (id INT PRIMARY KEY, v INT)", "INSERT INTO t VALUES (1, 10), (2, 20)"
    )
    return first, second


def test_a_rollback_undoes_every_change(pair: tuple[EngineSession, EngineSession]) -> None:
    first, _ = pair
    run(first, "BEGIN", "DELETE FROM t", "INSERT INTO t VALUES (9, 9)", "ROLLBACK")
    assert rows(first, "SELECT * FROM t ORDER BY id") == [(1, 10), (2, 20)]


def test_a_failed_statement_leaves_the_transaction_as_it_was(
    pair: tuple[EngineSession, EngineSession],
) -> None:
    first, _ = pair
    run(first, "BEGIN", "INSERT INTO t VALUES (3, 30)")
    with pytest.raises(SqlError, match="Duplicate entry '1'"):
        first.execute("INSERT INTO t VALUES (4, 40), (1, 1)")
    run(first, "COMMIT")
    assert rows(first, "SELECT id FROM t ORDER BY id") == [(1,), (2,), (3,)]


def test_what_is_not_committed_is_seen_by_no_other(
    pair: tuple[EngineSession, EngineSession],
) -> None:
    first, second = pair
    run(first, "BEGIN", "UPDATE t SET v = 11 WHERE id = 1")
    assert rows(second, "SELECT v FROM t WHERE id = 1") == [(10,)]
    run(first, "COMMIT")
    assert rows(second, "SELECT v FROM t WHERE id = 1") == [(11,)]


def test_repeatable_read_keeps_its_snapshot(pair: tuple[EngineSession, EngineSession]) -> None:
    first, second = pair
    run(second, "BEGIN", "SELECT * FROM t")
    run(first, "UPDATE t SET v = 99")
    assert rows(second, "SELECT v FROM t WHERE id = 1") == [(10,)]


def test_read_committed_sees_each_commit(pair: tuple[EngineSession, EngineSession]) -> None:
    first, second = pair
    run(second, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", "BEGIN")
    assert rows(second, "SELECT v FROM t WHERE id = 1") == [(10,)]
    run(first, "UPDATE t SET v = 99")
    assert rows(second, "SELECT v FROM t WHERE id = 1") == [(99,)]


def test_writing_on_a_stale_snapshot_is_a_deadlock_that_undoes_the_transaction(
    pair: tuple[EngineSession, EngineSession],
) -> None:
    first, second = pair
    run(second, "BEGIN", "SELECT * FROM t")
    run(first, "UPDATE t SET v = v + 1 WHERE id = 1")
    with pytest.raises(SqlError) as caught:
        second.execute("UPDATE t SET v = v + 1 WHERE id = 2")
    assert (caught.value.errno, caught.value.retryable) == (1213, True)
    assert not second.in_transaction


def test_a_writer_waits_no_longer_than_the_lock_timeout(
    pair: tuple[EngineSession, EngineSession],
) -> None:
    first, second = pair
    run(first, "BEGIN", "UPDATE t SET v = 1")
    run(second, "SET innodb_lock_wait_timeout = 1")
    with pytest.raises(SqlError) as caught:
        second.execute("UPDATE t SET v = 2")
    assert caught.value.errno == 1205


def test_a_waiting_writer_goes_on_when_the_lock_is_free(
    pair: tuple[EngineSession, EngineSession],
) -> None:
    first, second = pair
    run(first, "BEGIN", "UPDATE t SET v = 1")
    writer = threading.Thread(target=run, args=(second, "UPDATE t SET v = v + 1"))
    writer.start()
    run(first, "COMMIT")
    writer.join(10)
    assert rows(first, "SELECT v FROM t") == [(2,), (2,)]


def test_autocommit_off_opens_a_transaction(pair: tuple[EngineSession, EngineSession]) -> None:
    first, second = pair
    run(first, "SET autocommit = 0", "INSERT INTO t VALUES (5, 5)")
    assert first.in_transaction
    assert rows(second, "SELECT COUNT(*) FROM t") == [(2,)]
    run(first, "SET autocommit = 1")
    assert rows(second, "SELECT COUNT(*) FROM t") == [(3,)]


def test_ddl_commits_what_was_open(pair: tuple[EngineSession, EngineSession]) -> None:
    first, _ = pair
    run(first, "BEGIN", "INSERT INTO t VALUES (5, 5)", "CREATE TABLE u (a INT)", "ROLLBACK")
    assert rows(first, "SELECT COUNT(*) FROM t") == [(3,)]


def test_many_threads_lose_no_update(
    pair: tuple[EngineSession, EngineSession], connect: Connect
) -> None:
    first, _ = pair

    def add() -> None:
        mine = connect()
        for _ in range(20):
            run(mine, "UPDATE t SET v = v + 1 WHERE id = 1")

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert rows(first, "SELECT v FROM t WHERE id = 1") == [(90,)]


def test_sleep_answers_1_when_the_session_is_interrupted(connect: Connect) -> None:
    session = connect()

    def interrupt() -> None:
        while not session.functions.waiting:
            time.sleep(0.001)
        session.interrupt()

    thread = threading.Thread(target=interrupt)
    thread.start()
    assert rows(session, "SELECT SLEEP(60)") == [(1,)]
    thread.join()


def test_a_read_only_session_refuses_writes(connect: Connect) -> None:
    run(connect(), "CREATE TABLE t (a INT)")
    reader = connect(read_only=True)
    assert rows(reader, "SELECT COUNT(*) FROM t") == [(0,)]
    for sql in ("INSERT INTO t VALUES (1)", "DROP TABLE t", "CREATE DATABASE x"):
        with pytest.raises(SqlError) as caught:
            reader.execute(sql)
        assert caught.value.errno == 1290


def test_data_survives_a_restart(connect: Connect, engine: Engine) -> None:
    run(connect(), "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, d DECIMAL(5,2))",
        "INSERT INTO t (d) VALUES (1.5)")  # fmt: skip
    engine.close()
    again = Engine(engine.directory)
    session = again.connect(database="test", user="root", host="h", connection_id=99)
    run(session, "INSERT INTO t (d) VALUES (2.25)")
    assert [str(row[0]) for row in rows(session, "SELECT SUM(d) FROM t")] == ["3.75"]
    again.close()


def reading(session: EngineSession, sql: str) -> Iterator[Sequence[Any]]:
    """The rows of a query, the first of which has been read."""
    result = session.execute(sql)
    assert isinstance(result, RowsResult)
    next(result.rows)
    return result.rows


def test_closing_undoes_the_transaction_whose_rows_were_interrupted(
    pair: tuple[EngineSession, EngineSession],
) -> None:
    first, second = pair
    run(first, "BEGIN", "INSERT INTO t VALUES (3, 30)")
    kept = reading(first, "SELECT * FROM t")
    first.interrupt()
    first.close()
    run(second, "SET innodb_lock_wait_timeout = 1", "INSERT INTO t VALUES (3, 31)")
    assert rows(second, "SELECT v FROM t WHERE id = 3") == [(31,)]
    assert list(kept) == []


def test_a_session_that_is_closed_may_be_closed_again(
    pair: tuple[EngineSession, EngineSession],
) -> None:
    first, second = pair
    run(first, "BEGIN", "INSERT INTO t VALUES (3, 30)", "LOCK TABLES t WRITE")
    first.close()
    run(second, "LOCK TABLES t WRITE")
    first.close()
    first.kill(connection=True)
    assert second.storage.table_locks == {"test"}
    assert second.engine.writer_lock("test").owner == second.serial


def test_a_statement_ends_the_reading_of_the_one_before(
    pair: tuple[EngineSession, EngineSession],
) -> None:
    first, second = pair
    kept = reading(first, "SELECT * FROM t")
    run(second, "INSERT INTO t VALUES (3, 30)")
    assert rows(first, "SELECT COUNT(*) FROM t") == [(3,)]
    assert list(kept) == []


@pytest.mark.parametrize("sql", [
    "UPDATE t SET v = v + 1", "UPDATE t SET v = v + 1 WHERE v > 0",
    "UPDATE t SET v = v + 1 ORDER BY id", "DELETE FROM t WHERE v > 0 OR id = 1",
    "DELETE FROM t ORDER BY id", "INSERT INTO t SELECT id + 100000, v FROM t",
    "REPLACE INTO t SELECT id, v + 1 FROM t",
])  # fmt: skip
def test_a_statement_killed_in_a_transaction_is_undone_alone(
    pair: tuple[EngineSession, EngineSession], sql: str
) -> None:
    first, second = pair
    values = ", ".join(f"({number}, 1)" for number in range(3, 5000))
    run(first, f"INSERT INTO t VALUES {values}", "BEGIN", "UPDATE t SET v = 99 WHERE id = 1")
    when_it_changes_rows(first, lambda: first.kill(connection=False))
    with pytest.raises(SqlError) as caught:
        run(first, sql)
    assert caught.value.errno == 1317
    assert first.in_transaction
    assert rows(first, "SELECT COUNT(*), SUM(v) FROM t") == [(4999, 99 + 20 + 4997)]
    run(first, "ROLLBACK")
    assert rows(second, "SELECT COUNT(*), SUM(v) FROM t") == [(4999, 10 + 20 + 4997)]


def when_it_changes_rows(session: EngineSession, end: Callable[[], None]) -> None:
    """Has another thread end the session's next statement at its third row."""
    checks = count(1)
    check = session.functions.check_interrupted

    def checked() -> None:
        if next(checks) == 3:
            thread = threading.Thread(target=end)
            thread.start()
            thread.join()
        check()

    session.functions.check_interrupted = checked  # type: ignore[method-assign]


def test_a_transaction_that_sqlite_undid_is_not_said_to_be_open(
    pair: tuple[EngineSession, EngineSession],
) -> None:
    first, second = pair
    run(first, "INSERT INTO t VALUES (3, 30)", "BEGIN", "UPDATE t SET v = 11")
    when_it_changes_rows(first, lambda: first.storage.interrupt(whole=True))
    with pytest.raises(SqlError, match="interrupted"):
        run(first, "UPDATE t SET v = 12")
    assert not first.in_transaction
    run(second, "SET innodb_lock_wait_timeout = 1", "UPDATE t SET v = 13 WHERE id = 1")
    run(first, "UPDATE t SET v = v + 1", "ROLLBACK")
    assert rows(second, "SELECT v FROM t ORDER BY id") == [(14,), (21,), (31,)]
