"""sysbench with many clients on few connections, with prepared statements and without."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator

import pytest

from tests.programs import program
from tests.proxy import Proxy, proxy_for
from tests.servers import Server

pytestmark = pytest.mark.real_servers("it has one writer at a time")

CLIENTS, CONNECTIONS, SECONDS = 64, 8, 6
DATABASE = "sysbench"
# A deadlock, a changed row, a lock wait, a transaction rolled back: sysbench begins it again.
RETRIED = "1213,1020,1205,40001"


def sysbench(host: str, port: int, user: str, password: str, *arguments: str) -> str:
    """What sysbench printed; it must have ended well."""
    command = [
        program("sysbench"),
        "oltp_read_write",
        f"--mysql-host={host}",
        f"--mysql-port={port}",
        f"--mysql-user={user}",
        f"--mysql-password={password}",
        f"--mysql-db={DATABASE}",
        f"--mysql-ignore-errors={RETRIED}",
        "--tables=4",
        "--table-size=1000",
        *arguments,
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def crowded(server: Server) -> Iterator[Proxy]:
    """A proxy with eight connections to a server that has sysbench's tables."""
    server.create_database(DATABASE)
    account = (server.host, server.port, server.user, server.password)
    sysbench(*account, "--db-ps-mode=disable", "prepare")
    tables = f"[pool]\nmax_open = {CONNECTIONS}\nacquire_timeout_ms = 30000"
    with proxy_for(server, DATABASE, tables=tables) as running:
        yield running
    with server.connect(database=None) as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {DATABASE}")


def connections_of_the_proxy(server: Server) -> list[str]:
    """What each connection to the database is doing, as the server sees it."""
    with server.connect(database=None) as connection, connection.cursor() as cursor:
        sql = "SELECT command FROM information_schema.processlist WHERE db = %s"
        cursor.execute(sql, (DATABASE,))
        return [command for (command,) in cursor.fetchall()]


def open_transactions(server: Server) -> int:
    with server.connect(database=None) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM information_schema.innodb_trx")
        return int(cursor.fetchone()[0])


@pytest.mark.parametrize("statements", ["auto", "disable"])
def test_sixty_four_clients_share_eight_connections(
    server: Server, crowded: Proxy, statements: str
) -> None:
    output = sysbench(
        *(crowded.host, crowded.port, crowded.user, crowded.password),
        *(f"--db-ps-mode={statements}", f"--threads={CLIENTS}", f"--time={SECONDS}", "run"),
    )
    transactions = re.search(r"transactions:\s+(\d+)", output)
    assert transactions is not None
    assert int(transactions[1]) > CLIENTS
    assert re.search(r"reconnects:\s+0 ", output), output
    with crowded.connect(autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM sbtest1")
        assert cursor.fetchone() == (1000,)
    assert len(connections_of_the_proxy(server)) <= CONNECTIONS
    assert open_transactions(server) == 0
    # None is out: as many clients as there are connections can have one each, all at once.
    clients = [crowded.connect() for _ in range(CONNECTIONS)]
    for client in clients:
        with client.cursor() as cursor:
            cursor.execute("SELECT * FROM sbtest1 LIMIT 1 FOR UPDATE SKIP LOCKED")
    for client in clients:
        client.close()
