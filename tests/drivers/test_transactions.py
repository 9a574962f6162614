"""Transactions as drivers make them: begin, commit, savepoints, isolation, autocommit."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.drivers.conftest import Compare
from tests.drivers.dbapi import Driver
from tests.drivers.notes import Notes
from tests.drivers.place import Place

ACCOUNTS = "CREATE TABLE accounts (id INT PRIMARY KEY, amount INT)"
READ = "SELECT id, amount FROM accounts ORDER BY id"


def fill(place: Place, driver: Driver, rows: int = 2) -> None:
    with driver.session(place, autocommit=True) as connection:
        values = ", ".join(f"({number}, 100)" for number in range(1, rows + 1))
        driver.run(connection, ACCOUNTS, f"INSERT INTO accounts VALUES {values}")


def commit_and_roll_back(place: Place, driver: Driver, seen: Notes) -> None:
    fill(place, driver)
    with driver.session(place) as connection, driver.session(place, autocommit=True) as other:
        for number, end in enumerate((connection.rollback, connection.commit)):
            driver.ask(connection, "UPDATE accounts SET amount = amount - 10 WHERE id = 1")
            driver.ask(connection, "UPDATE accounts SET amount = amount + 10 WHERE id = 2")
            seen(f"own view {number}", driver.ask(connection, READ))
            seen(f"other view {number}", driver.ask(other, READ))
            end()
            seen(f"other view after the end {number}", driver.ask(other, READ))
            seen(f"own view after the end {number}", driver.ask(connection, READ))
            connection.commit()


def test_others_see_a_transaction_when_it_is_committed(compare: Compare, driver: Driver) -> None:
    seen = compare(commit_and_roll_back, driver)
    assert seen["own view 1"] == [(1, 90), (2, 110)]
    assert seen["other view 1"] == [(1, 100), (2, 100)]
    assert seen["other view after the end 0"] == [(1, 100), (2, 100)]
    assert seen["other view after the end 1"] == [(1, 90), (2, 110)]


def use_savepoints(place: Place, driver: Driver, seen: Notes) -> None:
    fill(place, driver)
    with driver.session(place) as connection:
        driver.run(
            connection,
            "UPDATE accounts SET amount = 1 WHERE id = 1",
            "SAVEPOINT one",
            "UPDATE accounts SET amount = 2 WHERE id = 1",
            "SAVEPOINT two",
            "UPDATE accounts SET amount = 3 WHERE id = 1",
            "ROLLBACK TO two",
        )
        seen("back at two", driver.ask(connection, READ))
        driver.run(connection, "ROLLBACK TO SAVEPOINT one")
        seen("back at one", driver.ask(connection, READ))
        seen("two is gone", driver.refused(driver.ask, connection, "ROLLBACK TO two"))
        driver.run(connection, "RELEASE SAVEPOINT one")
        seen("one is gone", driver.refused(driver.ask, connection, "RELEASE SAVEPOINT one"))
        connection.commit()
        seen("committed", driver.ask(connection, READ))


def test_savepoints_are_gone_back_to(compare: Compare, driver: Driver) -> None:
    seen = compare(use_savepoints, driver)
    assert seen["back at two"][0] == (1, 2)
    assert seen["committed"][0] == (1, 1)
    assert seen["two is gone"][1] == 1305


def switch_autocommit(place: Place, driver: Driver, seen: Notes) -> None:
    fill(place, driver)
    with driver.session(place) as connection, driver.session(place, autocommit=True) as other:
        driver.set_autocommit(connection, True)
        driver.ask(connection, "UPDATE accounts SET amount = 1")
        seen("on", driver.ask(other, READ))
        driver.set_autocommit(connection, False)
        driver.ask(connection, "UPDATE accounts SET amount = 2")
        seen("off", driver.ask(other, READ))
        driver.set_autocommit(connection, True)
        seen("on again", driver.ask(other, READ))
        seen("variable", driver.ask(connection, "SELECT @@autocommit"))


def test_autocommit_is_switched_on_and_off(compare: Compare, driver: Driver) -> None:
    seen = compare(switch_autocommit, driver)
    assert seen["on"] == seen["off"] == [(1, 1), (2, 1)]
    assert seen["on again"] == [(1, 2), (2, 2)]


def begin_and_disappear(place: Place, driver: Driver, seen: Notes) -> None:
    fill(place, driver)
    with driver.session(place) as connection:
        driver.ask(connection, "UPDATE accounts SET amount = 7")
    with driver.session(place, autocommit=True) as connection:
        seen("afterwards", driver.ask(connection, "SELECT * FROM accounts FOR UPDATE"))


def test_a_closed_connections_transaction_is_rolled_back(compare: Compare, driver: Driver) -> None:
    seen = compare(begin_and_disappear, driver)
    assert seen["afterwards"] == [(1, 100), (2, 100)]


STATEMENTS = {
    "begin": "BEGIN",
    "nothing done": "COMMIT",
    "start": "START TRANSACTION READ ONLY",
    "write in read only": "UPDATE accounts SET amount = 5",
    "rolled back": "ROLLBACK",
    "begin again": "START TRANSACTION",
    "update": "UPDATE accounts SET amount = 6",
    "nested begin": "BEGIN",
    "update again": "UPDATE accounts SET amount = 7",
    "roll back": "ROLLBACK",
    "only the second": READ,
    "chained": "COMMIT AND CHAIN",
    "a third": "START TRANSACTION WITH CONSISTENT SNAPSHOT",
    "update the third": "UPDATE accounts SET amount = 8",
    "ddl commits": "CREATE TABLE another (a INT)",
    "too late": "ROLLBACK",
    "all": READ,
}


def control_by_sql(place: Place, driver: Driver, seen: Notes) -> None:
    fill(place, driver)
    with driver.session(place, autocommit=True) as connection:
        for name, sql in STATEMENTS.items():
            seen(name, driver.refused(driver.ask, connection, sql))
            if sql == READ:
                seen(f"rows: {name}", driver.ask(connection, sql))


def test_transactions_made_by_sql_end_as_mysqls_do(compare: Compare, driver: Driver) -> None:
    seen = compare(control_by_sql, driver)
    assert seen["write in read only"][1] == 1792
    assert seen["rows: only the second"] == [(1, 6), (2, 6)]
    assert seen["rows: all"] == [(1, 8), (2, 8)]


def read_at_levels(place: Place, driver: Driver, seen: Notes) -> None:
    fill(place, driver)
    for level in ("READ COMMITTED", "REPEATABLE READ", "READ UNCOMMITTED"):
        with driver.session(place) as reader, driver.session(place) as writer:
            driver.ask(reader, f"SET SESSION TRANSACTION ISOLATION LEVEL {level}")
            driver.ask(reader, READ)
            driver.ask(writer, "UPDATE accounts SET amount = amount + 1")
            seen(f"{level}: uncommitted", driver.ask(reader, READ))
            writer.commit()
            seen(f"{level}: committed", driver.ask(reader, READ))


@pytest.mark.real_servers("SQLite has one isolation level")
def test_each_isolation_level_shows_what_it_should(compare: Compare, driver: Driver) -> None:
    seen = compare(read_at_levels, driver)
    assert seen["READ COMMITTED: uncommitted"][0] == (1, 100)
    assert seen["READ COMMITTED: committed"][0] == (1, 101)
    assert seen["REPEATABLE READ: committed"][0] == (1, 101)
    assert seen["READ UNCOMMITTED: uncommitted"][0] == (1, 103)


def isolate_the_next_only(place: Place, driver: Driver, seen: Notes) -> None:
    fill(place, driver)
    with driver.session(place) as reader, driver.session(place, autocommit=True) as writer:
        driver.ask(reader, "SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
        for number in range(2):
            driver.ask(reader, READ)
            driver.ask(writer, "UPDATE accounts SET amount = amount + 1")
            seen(f"transaction {number}", driver.ask(reader, READ))
            reader.commit()


@pytest.mark.real_servers("SQLite has one isolation level")
def test_set_transaction_is_for_the_next_one_only(compare: Compare, driver: Driver) -> None:
    seen = compare(isolate_the_next_only, driver)
    assert seen["transaction 0"][0] == (1, 101)
    assert seen["transaction 1"][0] == (1, 101)


def deadlock(place: Place, driver: Driver, seen: Notes) -> None:
    """The server ends the transaction that has changed less, whichever asks last."""
    fill(place, driver, rows=30)
    change = "UPDATE accounts SET amount = amount + 1 WHERE id "
    with driver.session(place) as light, driver.session(place) as heavy:
        with ThreadPoolExecutor(1) as thread:
            driver.ask(light, change + "= 1")
            driver.ask(heavy, change + ">= 2")
            waiting = thread.submit(driver.refused, driver.ask, light, change + "= 2")
            seen("heavy", driver.ask(heavy, change + "= 1"))
            heavy.commit()
            seen("light", waiting.result())
        seen("after it", driver.ask(light, READ))
        seen("light goes on", driver.ask(light, change + "= 1"))
        light.commit()
        seen("at the end", driver.ask(heavy, "SELECT SUM(amount) FROM accounts"))


@pytest.mark.real_servers("the embedded server has one writer at a time")
def test_a_deadlock_ends_the_lighter_transaction_with_1213(
    compare: Compare, driver: Driver
) -> None:
    seen = compare(deadlock, driver)
    assert seen["light"][1] == 1213
    assert seen["after it"][:3] == [(1, 101), (2, 101), (3, 101)]
    assert int(seen["at the end"][0][0]) == 3031


def wait_for_a_lock(place: Place, driver: Driver, seen: Notes) -> None:
    fill(place, driver)
    with driver.session(place) as holder, driver.session(place) as waiter:
        driver.ask(holder, "UPDATE accounts SET amount = 1 WHERE id = 1")
        driver.ask(waiter, "SET innodb_lock_wait_timeout = 1")
        driver.ask(waiter, "UPDATE accounts SET amount = 2 WHERE id = 2")
        late = "UPDATE accounts SET amount = 2 WHERE id = 1"
        seen("too long", driver.refused(driver.ask, waiter, late))
        waiter.commit()
        holder.rollback()
        seen("only the statement was undone", driver.ask(holder, READ))


@pytest.mark.real_servers("the embedded server has one writer at a time")
def test_a_lock_wait_that_takes_too_long_undoes_one_statement(
    compare: Compare, driver: Driver
) -> None:
    seen = compare(wait_for_a_lock, driver)
    assert seen["too long"][1] == 1205
    assert seen["only the statement was undone"] == [(1, 100), (2, 2)]


def in_transaction(place: Place, driver: Driver, seen: Notes) -> None:
    fill(place, driver)
    with driver.session(place, autocommit=True) as connection:
        flags: list[Any] = [connection.in_transaction]
        connection.start_transaction(isolation_level="SERIALIZABLE", consistent_snapshot=True)
        flags.append(connection.in_transaction)
        driver.ask(connection, READ)
        flags.append(connection.in_transaction)
        connection.commit()
        seen("in_transaction", [*flags, connection.in_transaction])


@pytest.mark.parametrize("driver", ["connector", "connector-c"], indirect=True)
def test_the_connector_knows_that_it_is_in_a_transaction(compare: Compare, driver: Driver) -> None:
    assert compare(in_transaction, driver)["in_transaction"] == [False, True, True, False]
