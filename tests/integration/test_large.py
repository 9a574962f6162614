"""Large results and statements: any size, bounded memory, and nobody else slowed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pymysql
import pytest
from pymysql.connections import Connection

from athena_g.protocol.constants import Command
from athena_g.protocol.scan import ReplyScanner
from tests.programs import linux
from tests.proxy import Proxy, proxy_for
from tests.servers import Server

MEGABYTE = 1 << 20
ALLOWED_GROWTH = 8 * MEGABYTE


def ask(connection: Connection[Any], sql: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        row = cursor.fetchone()
        return row[0] if row else None


@pytest.fixture
def fresh(server: Server, database: str) -> Iterator[Proxy]:
    if server.kind != "embedded":
        with server.connect() as direct:  # MariaDB takes 16 MiB by default
            ask(direct, f"SET GLOBAL max_allowed_packet = {64 * MEGABYTE}")
    with proxy_for(server, database) as proxy:
        with proxy.connect(autocommit=True) as connection:
            ask(connection, "CREATE TABLE digits (d INT)")
            ask(connection, "INSERT INTO digits VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9)")
        yield proxy


def read_all(proxy: Proxy, sql: str) -> int:
    """Bytes of the reply to ``sql``, read as they come and looked at no more than needed."""
    scanner = ReplyScanner()
    total = 0
    with proxy.connect(autocommit=True) as connection:
        connection._execute_command(Command.QUERY, sql)
        while True:
            chunk = connection._sock.recv(MEGABYTE)
            assert chunk, "the connection ended within the reply"
            total += len(chunk)
            if scanner.feed(chunk):
                break
        assert not scanner.errno
        connection._result = None
        assert ask(connection, "SELECT 1") == 1
    return total


@linux
@pytest.mark.parametrize("row", [200, 100_000, 1_000_000], ids=["small", "medium", "large"])
def test_a_gigabyte_passes_without_growing_the_proxy(
    server: Server, fresh: Proxy, row: int
) -> None:
    size = 1_000_000_000 if row >= 1_000_000 and server.kind != "embedded" else 100_000_000
    read_all(fresh, "SELECT 1")
    before = fresh.memory()
    sql = f"SELECT REPEAT('x', {row}) FROM digits d1"
    count = 10
    for n in range(2, 8):
        if count * row < size:
            sql += f", digits d{n}"
            count *= 10
    assert read_all(fresh, sql) > count * row
    assert fresh.memory() - before < ALLOWED_GROWTH


@linux
def test_a_client_that_does_not_read_holds_up_nobody_and_fills_no_memory(fresh: Proxy) -> None:
    with fresh.connect(autocommit=True) as lazy, fresh.connect(autocommit=True) as other:
        before = fresh.memory()
        streaming = lazy.cursor(pymysql.cursors.SSCursor)
        streaming.execute(
            "SELECT REPEAT('x', 1000) FROM digits d1, digits d2, digits d3, digits d4, digits d5"
        )
        for _ in range(50):
            assert ask(other, "SELECT 1") == 1
        assert fresh.memory() - before < ALLOWED_GROWTH
        assert sum(1 for _ in streaming) == 100_000
        assert ask(lazy, "SELECT 2") == 2


@pytest.mark.parametrize("size", [(1 << 24) - 60, (1 << 24) - 1, 1 << 24, 40_000_000])
def test_statements_and_rows_of_more_than_one_packet_survive(
    server: Server, fresh: Proxy, size: int
) -> None:
    if server.kind == "embedded":  # which parses every character of it in Python
        size = min(size, (1 << 24) + 100)
    with fresh.connect(autocommit=True) as connection:
        text = "y" * size
        assert ask(connection, f"SELECT LENGTH('{text}')") == size
        assert ask(connection, f"SELECT '{text}'") == text
        assert ask(connection, "SELECT 1") == 1


def test_a_statement_longer_than_the_server_allows_is_refused_by_it(
    server: Server, database: str
) -> None:
    if server.kind == "embedded":
        pytest.skip("the embedded server takes what the proxy takes")
    with server.connect() as direct, proxy_for(server, database) as proxy:
        ask(direct, f"SET GLOBAL max_allowed_packet = {16 * MEGABYTE}")
        with proxy.connect(autocommit=True) as connection:
            with pytest.raises(pymysql.MySQLError) as caught:
                ask(connection, f"SELECT '{'x' * 20 * MEGABYTE}'")
            assert caught.value.args[0] in (1153, 2013)
            assert ask(connection, "SELECT 1") == 1


def test_a_statement_longer_than_allowed_is_refused_with_1153(
    server: Server, database: str
) -> None:
    tables = "[server]\nmax_allowed_packet = 100000"
    with proxy_for(server, database, tables=tables) as proxy:
        with proxy.connect(autocommit=True) as connection:
            assert len(ask(connection, f"SELECT '{'x' * 99_000}'")) == 99_000
            with pytest.raises(pymysql.MySQLError) as caught:
                ask(connection, f"SELECT '{'x' * 200_000}'")
            assert caught.value.args[0] == 1153
