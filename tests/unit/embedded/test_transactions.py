"""Transactions, locks and what of them other sessions see."""

from __future__ import annotations

import threading
import time

import pytest

from athena_g.embedded.engine import Engine
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
