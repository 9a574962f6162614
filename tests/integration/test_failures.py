"""Servers that are down, refuse, restart or die: an error each time, and the next one works."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pymysql
import pytest
from pymysql.connections import Connection

from tests.proxy import Proxy, proxy_for
from tests.servers import Server, free_port


def ask(connection: Connection[Any], sql: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        row = cursor.fetchone()
        return row[0] if row else None


def error_of(connection: Connection[Any], sql: str) -> tuple[int, str]:
    with pytest.raises(pymysql.MySQLError) as caught:
        ask(connection, sql)
    return caught.value.args[0], caught.value.args[1]


def backend_of(direct: Connection[Any], proxy: Proxy) -> int:
    """The server's id of the proxy's only connection."""
    with direct.cursor() as cursor:
        cursor.execute("SHOW PROCESSLIST")
        (number,) = [row[0] for row in cursor.fetchall() if row[3] == proxy.database]
    return int(number)


@pytest.fixture
def single(server: Server, database: str) -> Iterator[Proxy]:
    """A proxy with one connection to its server."""
    with proxy_for(server, database, tables="[pool]\nmax_open = 1") as proxy:
        yield proxy


def test_a_server_that_is_not_there_gives_2003_and_keeps_the_session(
    server: Server, database: str
) -> None:
    with proxy_for(server, database, port=free_port()) as proxy:
        # PyMySQL's first statement is its SET NAMES.
        with pytest.raises(pymysql.OperationalError) as caught:
            proxy.connect()
        assert caught.value.args[0] == 2003
        assert "group test_" in caught.value.args[1]


def test_a_refused_login_says_where_and_why(server: Server, database: str) -> None:
    with proxy_for(server, database, password="not-the-password") as proxy:
        with pytest.raises(pymysql.OperationalError) as caught:
            proxy.connect()
        assert caught.value.args[0] == 1105
        assert "refused athena-g's login: Access denied" in caught.value.args[1]
        assert "not-the-password" not in caught.value.args[1] + proxy.log()


def test_after_a_restart_of_the_server_the_next_statement_works(
    server: Server, database: str
) -> None:
    with proxy_for(server, database) as proxy, proxy.connect(autocommit=True) as connection:
        idle = [proxy.connect(autocommit=True) for _ in range(3)]
        assert ask(connection, "SELECT 1") == 1
        ask(connection, "BEGIN")
        ask(connection, "SELECT 1")
        server.restart()
        # A session that held something there learns that it is gone; the others notice nothing.
        errno, text = error_of(connection, "SELECT 2")
        assert (errno, "the transaction is lost" in text) == (2013, True)
        ask(connection, "ROLLBACK")
        for client in (connection, *idle):
            assert ask(client, "SELECT 3") == 3


def test_while_the_server_is_down_each_statement_says_so(server: Server, database: str) -> None:
    with proxy_for(server, database) as proxy, proxy.connect(autocommit=True) as connection:
        server.stop()
        try:
            first, _ = error_of(connection, "SELECT 1")
            second, _ = error_of(connection, "SELECT 1")
            assert (first, second) == (2003, 2003)
        finally:
            server.start()
        assert ask(connection, "SELECT 1") == 1


def test_a_connection_killed_in_a_transaction_loses_the_transaction_only(
    server: Server, single: Proxy
) -> None:
    with single.connect(autocommit=True) as connection, server.connect() as direct:
        ask(connection, "CREATE TABLE lost (id INT)")
        ask(connection, "BEGIN")
        ask(connection, "INSERT INTO lost VALUES (1)")
        ask(direct, f"KILL {backend_of(direct, single)}")
        errno, text = error_of(connection, "SELECT 1")
        assert errno in (2013, 1927, 4031)
        if errno == 2013:
            assert "transaction is lost" in text
        assert error_of(connection, "SELECT 1")[0] == 1105
        ask(connection, "ROLLBACK")
        assert ask(connection, "SELECT COUNT(*) FROM lost") == 0


def test_a_server_killed_in_the_middle_of_rows_ends_the_result_with_an_error(
    server: Server, single: Proxy
) -> None:
    with single.connect(autocommit=True) as connection, server.connect() as direct:
        ask(connection, "CREATE TABLE digits (d INT)")
        ask(connection, "INSERT INTO digits VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9)")
        streaming = connection.cursor(pymysql.cursors.SSCursor)
        streaming.execute(
            "SELECT REPEAT('x', 500) FROM " + ", ".join(f"digits d{n}" for n in range(6))
        )
        assert streaming.fetchone()
        ask(direct, f"KILL {backend_of(direct, single)}")
        with pytest.raises(pymysql.MySQLError) as caught:
            while streaming.fetchone():
                pass
        assert caught.value.args[0] in (1317, 1927, 2013)
        assert ask(connection, "SELECT 1") == 1


def test_a_client_that_leaves_in_the_middle_of_rows_frees_its_connection(
    server: Server, database: str
) -> None:
    tables = "[pool]\nmax_open = 1\nacquire_timeout_ms = 20000"
    with proxy_for(server, database, tables=tables) as proxy:
        leaving = proxy.connect(autocommit=True)
        ask(leaving, "CREATE TABLE digits (d INT)")
        ask(leaving, "INSERT INTO digits VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9)")
        streaming = leaving.cursor(pymysql.cursors.SSCursor)
        streaming.execute(
            "SELECT REPEAT('x', 500) FROM " + ", ".join(f"digits d{n}" for n in range(6))
        )
        assert streaming.fetchone()
        leaving._force_close()
        leaving._result.unbuffered_active = False  # or PyMySQL would read on to the end
        with proxy.connect(autocommit=True) as other:
            assert ask(other, "SELECT 1") == 1


def test_a_slow_statement_delays_nobody(proxy: Proxy) -> None:
    with proxy.connect(autocommit=True) as slow, proxy.connect(autocommit=True) as quick:
        done = threading.Event()

        def sleep() -> None:
            ask(slow, "SELECT SLEEP(2)")
            done.set()

        sleeping = threading.Thread(target=sleep)
        sleeping.start()
        for _ in range(20):
            ask(quick, "SELECT 1")
        assert not done.is_set()
        sleeping.join()
