"""Statements far longer than one packet: they stream through, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pymysql.connections import Connection

from athena_g.protocol.constants import MAX_PAYLOAD, Command
from athena_g.protocol.replies import ErrPacket
from athena_g.protocol.wire import lenenc_int
from tests.programs import linux
from tests.proxy import Proxy, proxy_for
from tests.servers import Server

MEGABYTE = 1 << 20
SIZE = 300 * MEGABYTE
ALLOWED_GROWTH = 8 * MEGABYTE
LIMITS = "[server]\nmax_allowed_packet = 1073741824\n"
PIECE = b"x" * MEGABYTE


@pytest.fixture
def proxy(server: Server, database: str) -> Iterator[Proxy]:
    if server.kind == "embedded":
        pytest.skip("the embedded server reads a statement whole, and takes 64 MiB")
    with server.connect() as direct, direct.cursor() as cursor:
        cursor.execute("SET GLOBAL max_allowed_packet = 1073741824")
    with proxy_for(server, database, tables=LIMITS) as proxy:
        yield proxy


def stream(
    connection: Connection[Any],
    size: int,
    start: bytes = bytes((Command.QUERY,)) + b"SELECT LENGTH('",
    end: bytes = b"')",
) -> None:
    """Send ``SELECT LENGTH('xxx…')`` of about ``size`` bytes without ever having it whole."""
    left = len(start) + size + len(end)
    number = 0
    buffered = start
    content = size
    while True:
        length = min(left, MAX_PAYLOAD)
        connection._sock.sendall(length.to_bytes(3, "little") + bytes((number & 0xFF,)))
        left -= length
        number += 1
        sent = 0
        while sent < length:
            while len(buffered) < min(length - sent, MEGABYTE):
                piece = PIECE[: min(content, MEGABYTE)]
                content -= len(piece)
                buffered += piece or end
            part = buffered[: length - sent]
            buffered = buffered[len(part) :]
            connection._sock.sendall(part)
            sent += len(part)
        if length < MAX_PAYLOAD:
            break
    connection._next_seq_id = number & 0xFF


def value(connection: Connection[Any]) -> bytes:
    """The only cell of the result set that comes."""
    first = connection._read_packet().get_all_data()
    assert first == b"\x01", first
    connection._read_packet()
    connection._read_packet()
    row: bytes = connection._read_packet().get_all_data()
    connection._read_packet()
    return row[1:]


@linux
def test_a_statement_of_hundreds_of_megabytes_does_not_grow_the_proxy(proxy: Proxy) -> None:
    with proxy.connect(autocommit=True) as connection:
        connection.ping(reconnect=False)
        before = proxy.memory()
        stream(connection, SIZE)
        assert value(connection) == str(SIZE).encode()
        assert proxy.memory() - before < ALLOWED_GROWTH


def test_the_session_goes_on_after_a_long_statement_that_the_server_refuses(
    server: Server, proxy: Proxy
) -> None:
    with server.connect() as direct, direct.cursor() as cursor:
        cursor.execute(f"SET GLOBAL max_allowed_packet = {16 * MEGABYTE}")
    with proxy.connect(autocommit=True) as connection:
        stream(connection, 100 * MEGABYTE)
        packet = connection._sock.recv(4096)
        assert ErrPacket.decode(packet[4:]).errno in (1153, 2013)
        connection._next_seq_id = 0
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            assert cursor.fetchall() == ((1,),)


def long_parameter(connection: Connection[Any], statement: bytes) -> int:
    """What a prepared ``SELECT LENGTH(?)`` gives for a long text, executed without its type."""
    head = bytes((Command.STMT_EXECUTE,)) + statement + bytes(1) + (1).to_bytes(4, "little")
    stream(connection, SIZE, head + bytes(2) + lenenc_int(SIZE), b"")
    first = connection._read_packet().get_all_data()
    assert first == b"\x01", first
    connection._read_packet()
    connection._read_packet()
    row: bytes = connection._read_packet().get_all_data()
    connection._read_packet()
    return int.from_bytes(row[2:6], "little")


def prepare_with_type(connection: Connection[Any]) -> bytes:
    """The id of a ``SELECT LENGTH(?)`` that was executed once, for a text."""
    connection._execute_command(Command.STMT_PREPARE, b"SELECT LENGTH(?)")
    ok = connection._read_packet().get_all_data()
    assert ok[0] == 0, ok
    for _ in range(4):  # a definition of the parameter, one of the column, an EOF behind each
        connection._read_packet()
    body = ok[1:5] + bytes(1) + (1).to_bytes(4, "little") + b"\0\1\xfd\0" + b"\1x"
    connection._execute_command(Command.STMT_EXECUTE, body)
    for _ in range(5):
        connection._read_packet()
    return ok[1:5]


@linux
def test_an_execution_that_gets_its_types_from_the_proxy_does_not_grow_it(
    server: Server, database: str
) -> None:
    if server.kind == "embedded":
        pytest.skip("the embedded server reads a statement whole, and takes 64 MiB")
    with server.connect() as direct, direct.cursor() as cursor:
        cursor.execute("SET GLOBAL max_allowed_packet = 1073741824")
    limits = LIMITS + "[pool]\nmax_open = 1\n"
    with (
        proxy_for(server, database, tables=limits) as proxy,
        proxy.connect(autocommit=True) as connection,
        proxy.connect(autocommit=True) as other,
    ):
        statement = prepare_with_type(connection)
        with other.cursor() as cursor:  # after this the connection is reset
            cursor.execute("CREATE TEMPORARY TABLE passing (a INT)")
            cursor.execute("DROP TEMPORARY TABLE passing")
        before = proxy.memory()
        assert long_parameter(connection, statement) == SIZE
        assert proxy.memory() - before < ALLOWED_GROWTH
        connection.ping(reconnect=False)
