"""Many clients on few server connections: nothing of one is seen by another."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pymysql
import pytest
from pymysql.connections import Connection

from tests.proxy import Proxy, proxy_for
from tests.servers import Server

SMALL = """[pool]
max_open = 2
acquire_timeout_ms = 400
"""


@pytest.fixture
def small(server: Server, database: str) -> Iterator[Proxy]:
    """A proxy with two connections to its server."""
    with proxy_for(server, database, tables=SMALL) as proxy:
        yield proxy


def plain(proxy: Proxy) -> Connection[Any]:
    """A connection that changes nothing of its session when it connects."""
    connection = pymysql.Connection(
        host=proxy.host,
        port=proxy.port,
        user=proxy.user,
        password=proxy.password,
        database=proxy.database,
        ssl_disabled=True,
        autocommit=None,
        defer_connect=True,
    )
    connection.set_character_set = lambda *_: None  # type: ignore[assignment,method-assign]
    connection.connect()
    return connection


def ask(connection: Connection[Any], sql: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        row = cursor.fetchone()
        return row[0] if row else None


def backends(server: Server, small: Proxy) -> int:
    """How many connections the proxy has to its database."""
    with server.connect() as direct, direct.cursor() as cursor:
        cursor.execute("SHOW PROCESSLIST")
        return sum(row[3] == small.database for row in cursor.fetchall())


def begin(connection: Connection[Any]) -> None:
    """Open a transaction, on the server too: BEGIN alone waits for a statement."""
    ask(connection, "BEGIN")
    assert ask(connection, "SELECT 1") == 1


def test_six_clients_share_two_connections(server: Server, small: Proxy) -> None:
    clients = [plain(small) for _ in range(6)]
    for number in range(3):
        for client in clients:
            assert ask(client, f"SELECT {number}") == number
    assert 1 <= backends(server, small) <= 2
    for client in clients:
        client.close()


def test_a_client_alone_keeps_its_connection(server: Server, small: Proxy) -> None:
    with plain(small) as client:
        for number in range(5):
            assert ask(client, f"SELECT {number}") == number
        assert backends(server, small) == 1


def test_a_connection_id_is_the_proxys_wherever_the_statement_runs(small: Proxy) -> None:
    clients = [plain(small) for _ in range(4)]
    for _ in range(3):
        for client in clients:
            assert ask(client, "SELECT CONNECTION_ID()") == client.thread_id()
    for client in clients:
        client.close()


@pytest.mark.parametrize(
    ("change", "look", "clean"),
    [
        ("SET @secret = 42", "SELECT @secret", None),
        ("SET SESSION sql_mode = ''", "SELECT @@sql_mode = ''", 0),
        ("SET NAMES latin1", "SELECT @@character_set_client", "utf8mb4"),
        ("SET wait_timeout = 1234", "SELECT @@wait_timeout = 1234", 0),
        ("INSERT INTO numbers (n) VALUES (5)", "SELECT LAST_INSERT_ID()", 0),
    ],
)
def test_what_a_client_changed_is_gone_for_the_next(
    small: Proxy, change: str, look: str, clean: object
) -> None:
    with plain(small) as setup:
        ask(setup, "CREATE TABLE numbers (id INT AUTO_INCREMENT PRIMARY KEY, n INT)")
    for _ in range(2):
        with plain(small) as client:
            ask(client, change)
    for _ in range(3):
        with plain(small) as client:
            assert ask(client, look) == clean


def test_locks_and_temporary_tables_end_with_their_client(server: Server, small: Proxy) -> None:
    with plain(small) as client:
        assert ask(client, "SELECT GET_LOCK('mine', 0)") == 1
        ask(client, "CREATE TEMPORARY TABLE scratch (id INT)")
    with plain(small) as other, plain(small) as another:
        ask(another, "SELECT 1")
        assert ask(other, "SELECT GET_LOCK('mine', 10)") == 1
        with pytest.raises(pymysql.ProgrammingError):
            ask(other, "SELECT * FROM scratch")


def test_a_session_that_holds_something_keeps_its_connection(small: Proxy) -> None:
    with plain(small) as holder, plain(small) as one, plain(small) as other:
        ask(holder, "CREATE TEMPORARY TABLE mine (word VARCHAR(10))")
        ask(holder, "INSERT INTO mine VALUES ('kept')")
        for _ in range(3):
            assert ask(one, "SELECT 1") == 1
            assert ask(other, "SELECT 2") == 2
            assert ask(holder, "SELECT word FROM mine") == "kept"


def test_what_a_session_has_set_goes_with_it_from_one_connection_to_another(small: Proxy) -> None:
    clients = [plain(small) for _ in range(4)]
    for number, client in enumerate(clients):
        ask(client, f"SET @mine = {number}, SESSION group_concat_max_len = {2000 + number}")
    for _ in range(3):
        for number, client in enumerate(clients):
            assert ask(client, "SELECT @mine") == number
            assert ask(client, "SELECT @@group_concat_max_len") == 2000 + number
    for client in clients:
        client.close()


def test_the_number_of_rows_changed_is_remembered(small: Proxy) -> None:
    with plain(small) as client:
        ask(client, "CREATE TABLE numbers (n INT)")
        ask(client, "INSERT INTO numbers VALUES (1), (2), (3)")
        take_its_connections(small)
        assert ask(client, "SELECT ROW_COUNT()") == 3


def test_when_all_are_taken_the_error_says_where_and_the_session_goes_on(
    server: Server, small: Proxy
) -> None:
    with plain(small) as one, plain(small) as two, plain(small) as three:
        for client in (one, two):
            begin(client)
        with pytest.raises(pymysql.OperationalError) as caught:
            ask(three, "SELECT 1")
        assert caught.value.args[0] == 1040
        assert f"127.0.0.1:{server.port}" in caught.value.args[1]
        assert "2 of 2 are in use" in caught.value.args[1]
        ask(one, "COMMIT")
        assert ask(three, "SELECT 1") == 1


def test_a_waiting_statement_goes_on_when_a_connection_comes_back(small: Proxy) -> None:
    with plain(small) as one, plain(small) as two, plain(small) as three:
        for client in (one, two):
            begin(client)
        committing = threading.Timer(0.1, lambda: ask(one, "COMMIT"))
        committing.start()
        assert ask(three, "SELECT 1") == 1
        committing.join()


def test_a_question_about_the_statement_before_is_answered_for_its_own_session(
    small: Proxy,
) -> None:
    with plain(small) as setup:
        ask(setup, "CREATE TABLE numbers (id INT AUTO_INCREMENT PRIMARY KEY, n INT)")
    clients = [plain(small) for _ in range(4)]
    expected = {}
    for number, client in enumerate(clients):
        with client.cursor() as cursor:
            cursor.execute(f"INSERT INTO numbers (n) VALUES ({number})")
            expected[number] = cursor.lastrowid
    for number, client in enumerate(clients):
        assert ask(client, "SELECT LAST_INSERT_ID()") == expected[number]
        client.close()


def test_a_storm_of_clients_leaves_every_one_its_own_state(server: Server, database: str) -> None:
    failures: list[object] = []

    def work(number: int) -> None:
        try:
            with proxy.connect(autocommit=True) as client:
                ask(client, f"SET @me = {number}")
                for _ in range(10):
                    seen = ask(client, "SELECT @me")
                    if seen != number:
                        failures.append((number, seen))
        except pymysql.MySQLError as error:
            failures.append(error)

    tables = "[pool]\nmax_open = 8\nacquire_timeout_ms = 60000"
    with proxy_for(server, database, tables=tables) as proxy:
        threads = [threading.Thread(target=work, args=(number,)) for number in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failures == []


def test_more_connections_than_allowed_are_told_so(server: Server, database: str) -> None:
    tables = "[server]\nmax_connections = 2"
    with proxy_for(server, database, tables=tables) as proxy:
        with proxy.connect(), proxy.connect():
            with pytest.raises(pymysql.OperationalError) as caught:
                proxy.connect()
            assert caught.value.args[0] == 1040
        deadline = time.monotonic() + 10
        while True:  # the server side of the two ends a moment after the clients' side
            try:
                proxy.connect().close()
                break
            except pymysql.OperationalError:
                assert time.monotonic() < deadline


def take_its_connections(proxy: Proxy) -> None:
    """Make every idle connection another session's."""
    others = [plain(proxy) for _ in range(2)]
    for other in others:
        begin(other)
    for other in others:
        ask(other, "ROLLBACK")
        other.close()


def test_a_temporary_table_made_of_a_select_hides_the_real_one(
    server: Server, small: Proxy
) -> None:
    with plain(small) as client:
        ask(client, "CREATE TABLE shadow (a INT)")
        ask(client, "CREATE TEMPORARY TABLE shadow AS SELECT 42 AS a")
        with plain(small) as other:
            ask(other, "SELECT 1")
            ask(client, "INSERT INTO shadow VALUES (1)")
            assert ask(other, "SELECT COUNT(*) FROM shadow") == 0
        assert ask(client, "SELECT COUNT(*) FROM shadow") == 2


def test_an_insert_id_goes_with_its_session(small: Proxy) -> None:
    with plain(small) as client:
        ask(client, "CREATE TABLE numbers (id INT AUTO_INCREMENT PRIMARY KEY, n INT)")
        ask(client, "INSERT INTO numbers (n) VALUES (7)")
        take_its_connections(small)
        ask(client, "SELECT 5")
        assert ask(client, "SELECT LAST_INSERT_ID()") == 1
        take_its_connections(small)
        ask(client, "INSERT INTO numbers (n) VALUES (8)")
        assert ask(client, "SELECT LAST_INSERT_ID()") == 2


def test_an_xa_transaction_left_prepared_spoils_no_connection(server: Server, small: Proxy) -> None:
    if server.kind == "embedded":
        pytest.skip("the embedded server has no XA")
    with plain(small) as client:
        ask(client, "CREATE TABLE numbers (n INT)")
        for step in ("START", "END", "PREPARE"):
            ask(client, f"XA {step} 'left'")
            if step == "START":
                ask(client, "INSERT INTO numbers VALUES (1)")
    with plain(small) as one, plain(small) as other:
        ask(one, "INSERT INTO numbers VALUES (2)")
        ask(other, "INSERT INTO numbers VALUES (3)")
    with server.connect(autocommit=True) as direct:
        ask(direct, "XA ROLLBACK 'left'")


def test_a_database_dropped_and_made_again_can_be_used(server: Server, small: Proxy) -> None:
    with plain(small) as client:
        for statement in ("DROP DATABASE {}", "CREATE DATABASE {}", "USE {}"):
            ask(client, statement.format(f"`{small.database}`"))
        ask(client, "CREATE TABLE again (n INT)")
        assert ask(client, "SELECT COUNT(*) FROM again") == 0
