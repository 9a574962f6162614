"""A transaction stays in one DB group; what it may not do leaves it as it was."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pymysql.connections import Connection

from tests.integration.stage import ask, error_of, refused, until
from tests.servers import Server
from tests.sharding.house import House

CROSS = "Cross-shard query in transaction not allowed (bound to {}, query targets {})"
SCATTER = "Scatter queries not allowed in transaction (the query targets the DB groups a, b)"
NOTE = "SELECT note FROM orders WHERE user_id = 1 AND id = 1"


@pytest.fixture
def client(house: House) -> Iterator[Connection[Any]]:
    with house.connect() as connection:
        yield connection


@pytest.fixture
def other(house: House) -> Iterator[Connection[Any]]:
    with house.connect() as connection:
        yield connection


def said(connection: Connection[Any], *statements: str) -> Any:
    """The first cell that the last one gives."""
    found = None
    for statement in statements:
        found = ask(connection, statement)
    return found


def test_what_is_rolled_back_was_there_only_inside(
    client: Connection[Any], other: Connection[Any]
) -> None:
    said(client, "BEGIN", "UPDATE orders SET note = 'new' WHERE user_id = 1")
    assert said(client, NOTE) == "new"
    assert said(other, NOTE) == "one"
    said(client, "ROLLBACK")
    assert said(client, NOTE) == "one"


def test_what_is_committed_others_see(client: Connection[Any], other: Connection[Any]) -> None:
    said(client, "BEGIN", "UPDATE orders SET note = 'new' WHERE user_id = 1", "COMMIT")
    assert said(other, NOTE) == "new"


def test_an_empty_transaction_ends_like_others(client: Connection[Any]) -> None:
    said(client, "BEGIN", "COMMIT", "BEGIN", "ROLLBACK", "START TRANSACTION", "SELECT 1", "COMMIT")
    assert said(client, NOTE) == "one"


def test_statements_on_one_shard_belong_together(client: Connection[Any]) -> None:
    said(client, "BEGIN", "INSERT INTO orders (id, user_id, amount) VALUES (900, 3, 1)")
    assert said(client, "SELECT amount FROM orders WHERE user_id = 3 AND id = 900") == 1
    said(client, "UPDATE orders SET amount = 2 WHERE user_id = 3 AND id = 900")
    assert said(client, "SELECT amount FROM orders WHERE user_id = 3 AND id = 900") == 2
    said(client, "ROLLBACK")
    assert said(client, "SELECT amount FROM orders WHERE user_id = 3 AND id = 900") is None


def test_shards_of_one_db_group_are_in_one_transaction(client: Connection[Any]) -> None:
    said(client, "BEGIN", "UPDATE orders SET note = 'new' WHERE user_id = 1")
    said(client, "UPDATE orders SET note = 'new' WHERE user_id = 3")
    said(client, "UPDATE orders SET note = 'both' WHERE user_id IN (1, 3)")
    assert said(client, "SELECT note FROM orders WHERE user_id = 3") == "both"
    said(client, "ROLLBACK")
    assert said(client, "SELECT note FROM orders WHERE user_id = 3") == "three"


def test_a_shard_of_another_db_group_is_refused(client: Connection[Any]) -> None:
    said(client, "BEGIN", "UPDATE orders SET note = 'new' WHERE user_id = 1")
    expected = CROSS.format("b", "a")
    assert refused(client, "SELECT * FROM orders WHERE user_id = 2") == (1105, expected)
    assert refused(client, "SELECT * FROM orders WHERE user_id IN (2, 4)") == (1105, expected)
    assert refused(client, "SELECT * FROM settings") == (1105, CROSS.format("b", "home"))
    assert said(client, NOTE) == "new"
    said(client, "COMMIT")
    assert said(client, NOTE) == "new"


def test_the_shards_of_another_db_group_are_not_asked_over_the_held_connection(
    client: Connection[Any],
) -> None:
    said(client, "BEGIN", "SELECT v FROM settings WHERE k = 1")
    expected = CROSS.format("home", "a")
    assert refused(client, "SELECT * FROM orders WHERE user_id IN (2, 4)") == (1105, expected)
    assert said(client, "SELECT v FROM settings WHERE k = 1") == "red"


@pytest.mark.parametrize("bound", [(), (NOTE,), ("SELECT v FROM settings WHERE k = 1",)])
@pytest.mark.parametrize(
    "sql",
    ["SELECT * FROM orders", "UPDATE orders SET note = 'x'", "SELECT * FROM orders FOR UPDATE",
     "INSERT INTO orders (id, user_id) VALUES (901, 4), (902, 1)", "TRUNCATE orders"],
)  # fmt: skip
def test_a_statement_on_all_db_groups_is_refused(
    client: Connection[Any], bound: tuple[str, ...], sql: str
) -> None:
    said(client, "BEGIN", *bound)
    assert refused(client, sql) == (1105, SCATTER)
    said(client, *bound, "ROLLBACK")
    assert said(client, "SELECT COUNT(*) FROM orders WHERE user_id IN (1, 5)") == 3


def test_a_broadcast_table_is_not_written_in_a_transaction(
    client: Connection[Any], house: House
) -> None:
    said(client, "BEGIN", NOTE)
    errno, text = refused(client, "UPDATE countries SET label = 'x'")
    assert (errno, text.split(" (")[0]) == (1105, "Scatter queries not allowed in transaction")
    said(client, "COMMIT")
    assert (1, "one") in house.rows("a", "countries")


def test_statements_without_tables_run_where_the_transaction_is(client: Connection[Any]) -> None:
    said(client, "BEGIN", "UPDATE orders SET note = 'new' WHERE user_id = 1")
    for sql in ("SELECT 1", "SELECT @@autocommit", "SELECT LAST_INSERT_ID()", "SET NAMES utf8mb4"):
        said(client, sql)
    assert said(client, NOTE) == "new"
    said(client, "ROLLBACK")
    assert said(client, NOTE) == "one"


def test_an_empty_transaction_follows_its_first_table(client: Connection[Any]) -> None:
    said(client, "BEGIN", "SELECT 1", "UPDATE orders SET note = 'new' WHERE user_id = 2")
    said(client, "ROLLBACK", "BEGIN", "SELECT 1")
    said(client, "UPDATE orders SET note = 'new' WHERE user_id = 1", "ROLLBACK")
    assert said(client, "SELECT note FROM orders WHERE user_id = 2") == "two"
    assert said(client, NOTE) == "one"


def test_a_transaction_that_began_anew_does_not_go_elsewhere_with_its_old_words(
    server: Server, client: Connection[Any]
) -> None:
    if server.kind == "embedded":
        pytest.skip("START TRANSACTION READ ONLY is nothing special there")
    said(client, "BEGIN", "SELECT 1", "START TRANSACTION READ ONLY")
    errno, _ = refused(client, "UPDATE orders SET note = 'new' WHERE user_id = 1")
    assert errno in (1105, 1792)
    said(client, "ROLLBACK")
    assert said(client, NOTE) == "one"


def test_a_second_begin_commits_what_the_first_one_began(
    client: Connection[Any], other: Connection[Any]
) -> None:
    said(client, "BEGIN", "UPDATE orders SET note = 'new' WHERE user_id = 1", "BEGIN")
    assert said(other, NOTE) == "new"
    said(client, "UPDATE orders SET note = 'newer' WHERE user_id = 1", "ROLLBACK")
    assert said(client, NOTE) == "new"
    said(client, "UPDATE orders SET note = 'two' WHERE user_id = 2", "SELECT * FROM settings")


def test_rolling_back_to_a_savepoint_goes_on_with_the_transaction(
    client: Connection[Any], other: Connection[Any]
) -> None:
    said(client, "BEGIN", "UPDATE orders SET note = 'kept' WHERE user_id = 1", "SAVEPOINT s")
    said(client, "UPDATE orders SET note = 'lost' WHERE user_id = 1", "ROLLBACK TO SAVEPOINT s")
    assert said(client, NOTE) == "kept"
    assert said(other, NOTE) == "one"
    said(client, "ROLLBACK")
    assert said(client, NOTE) == "one"


def test_words_that_only_begin_like_begin_are_no_begin(
    client: Connection[Any], other: Connection[Any]
) -> None:
    assert refused(client, "BEGINNING")[0] == 1064
    said(client, "/* note */ BEGIN", "UPDATE orders SET note = 'new' WHERE user_id = 1")
    assert said(other, NOTE) == "one"
    refused(client, "COMMITTED")
    said(client, "ROLLBACK")
    assert said(client, NOTE) == "one"


def test_without_autocommit_a_change_waits_for_commit(
    client: Connection[Any], other: Connection[Any]
) -> None:
    said(client, "SET autocommit = 0", "UPDATE orders SET note = 'new' WHERE user_id = 1")
    assert said(other, NOTE) == "one"
    assert refused(client, "UPDATE orders SET note = 'all'") == (1105, SCATTER)
    said(client, "COMMIT")
    assert said(other, NOTE) == "new"


def test_a_failed_part_undoes_the_others_on_its_server(client: Connection[Any]) -> None:
    said(client, "BEGIN", "UPDATE orders SET note = 'new' WHERE user_id = 1")
    errno, _ = refused(client, "INSERT INTO orders (id, user_id) VALUES (903, 1), (4, 3)")
    assert errno == 1062
    assert said(client, "SELECT COUNT(*) FROM orders WHERE id = 903 AND user_id = 1") == 0
    assert said(client, NOTE) == "new"
    said(client, "ROLLBACK")


def test_a_failed_part_outside_a_transaction_undoes_the_others_as_well(
    client: Connection[Any], house: House
) -> None:
    errno, _ = refused(client, "INSERT INTO orders (id, user_id) VALUES (903, 1), (4, 3)")
    assert errno == 1062
    assert said(client, "SELECT COUNT(*) FROM orders WHERE id = 903 AND user_id = 1") == 0


def test_a_part_after_one_that_failed_is_not_done(
    server: Server, client: Connection[Any], house: House
) -> None:
    if server.kind == "embedded":
        pytest.skip("no statement waits for another's rows there")
    said(client, "SET SESSION innodb_lock_wait_timeout = 1")
    with house.direct("house_b") as holder:
        said(holder, "BEGIN", "SELECT * FROM orders_1 FOR UPDATE")
        errno, _ = refused(client, "UPDATE orders SET note = 'waited' WHERE user_id IN (1, 3)")
        said(holder, "ROLLBACK")
    assert errno == 1205
    assert said(client, "SELECT note FROM orders WHERE user_id = 3") == "three"


def test_a_client_that_leaves_takes_its_transaction_along(
    house: House, other: Connection[Any]
) -> None:
    with house.connect() as client:
        said(client, "BEGIN", "UPDATE orders SET note = 'new' WHERE user_id = 1")
    said(other, "UPDATE orders SET note = 'mine' WHERE user_id = 1")
    assert said(other, NOTE) == "mine"


def test_no_connection_is_lost_with_what_is_refused(house: House) -> None:
    for number in range(12):  # three times as many as the pool has
        with house.connect() as client:
            said(client, "BEGIN", "SELECT v FROM settings WHERE k = 1")
            some = f"({number % 2}, {4 + number % 2})"
            refused(client, f"SELECT * FROM orders WHERE user_id IN {some}")
            refused(client, "SELECT * FROM orders")
            refused(client, "SELECT nosuch FROM settings")
    with house.connect() as client:
        assert said(client, "SELECT v FROM settings WHERE k = 1") == "red"


def test_a_client_may_be_killed_while_shards_are_read(house: House, server: Server) -> None:
    if server.kind == "embedded":
        pytest.skip("nothing there waits long enough to be killed")
    with house.direct("house_b") as holder, house.connect() as client, house.connect() as killer:
        said(holder, "BEGIN", "UPDATE orders_1 SET note = 'held'")
        number = client.thread_id()
        client._execute_command(3, "SELECT * FROM orders FOR UPDATE")
        until(lambda: _waits(killer, number), lambda: "it does not run")
        said(killer, f"KILL {number}")
        errno, _ = error_of(client._read_query_result)
        assert errno in (1053, 1317, 2013, 1927)
        said(holder, "ROLLBACK")
    with house.connect() as client:
        assert said(client, NOTE) == "one"


def _waits(connection: Connection[Any], number: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SHOW PROCESSLIST")
        return any(row[0] == number and row[4] == "Query" for row in cursor.fetchall())
