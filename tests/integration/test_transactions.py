"""Transactions through the proxy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pymysql.connections import Connection

from tests.proxy import Proxy


@pytest.fixture
def two(proxy: Proxy) -> Iterator[tuple[Connection[Any], Connection[Any]]]:
    with proxy.connect(autocommit=True) as one, proxy.connect(autocommit=True) as other:
        run(one, "CREATE TABLE account (id INT PRIMARY KEY, balance INT)")
        run(one, "INSERT INTO account VALUES (1, 100), (2, 200)")
        yield one, other


def run(connection: Connection[Any], sql: str) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return tuple(cursor.fetchall())


def test_what_is_not_committed_is_seen_by_nobody_else(two: Any) -> None:
    one, other = two
    run(one, "BEGIN")
    run(one, "UPDATE account SET balance = 50 WHERE id = 1")

    assert run(one, "SELECT balance FROM account WHERE id = 1") == ((50,),)
    assert run(other, "SELECT balance FROM account WHERE id = 1") == ((100,),)
    run(one, "COMMIT")
    assert run(other, "SELECT balance FROM account WHERE id = 1") == ((50,),)


def test_rollback_undoes_everything(two: Any) -> None:
    one, other = two
    run(one, "START TRANSACTION")
    run(one, "DELETE FROM account")
    run(one, "ROLLBACK")
    assert run(other, "SELECT COUNT(*) FROM account") == ((2,),)


def test_rollback_to_a_savepoint_keeps_the_transaction(two: Any) -> None:
    one, other = two
    run(one, "BEGIN")
    run(one, "INSERT INTO account VALUES (3, 300)")
    run(one, "SAVEPOINT here")
    run(one, "INSERT INTO account VALUES (4, 400)")
    run(one, "ROLLBACK TO SAVEPOINT here")
    assert run(other, "SELECT COUNT(*) FROM account") == ((2,),)
    run(one, "ROLLBACK")
    assert run(one, "SELECT COUNT(*) FROM account") == ((2,),)


def test_autocommit_off_is_honoured(two: Any) -> None:
    one, other = two
    run(one, "SET autocommit = 0")
    run(one, "INSERT INTO account VALUES (3, 300)")
    assert run(other, "SELECT COUNT(*) FROM account") == ((2,),)
    run(one, "ROLLBACK")
    assert run(one, "SELECT COUNT(*) FROM account") == ((2,),)


def test_a_comment_before_begin_begins_all_the_same(two: Any) -> None:
    one, other = two
    run(one, "/* driver */ BEGIN")
    run(one, "DELETE FROM account")
    run(one, "-- driver\nROLLBACK")
    assert run(other, "SELECT COUNT(*) FROM account") == ((2,),)


def test_a_client_that_vanishes_in_a_transaction_leaves_nothing_behind(
    proxy: Proxy, two: Any
) -> None:
    _, other = two
    with proxy.connect(autocommit=True) as vanishing:
        run(vanishing, "BEGIN")
        run(vanishing, "UPDATE account SET balance = 0")
        vanishing._force_close()

    # Takes the row lock as soon as the server rolled back, else times out.
    run(other, "UPDATE account SET balance = balance + 1 WHERE id = 1")
    assert run(other, "SELECT balance FROM account ORDER BY id") == ((101,), (200,))
