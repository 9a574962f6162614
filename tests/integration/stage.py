"""A server, a relay that breaks what passes it, and a proxy with one connection to its server.

A file of tests has one stage for each kind of server, as long as nothing is broken on it. Behind
each test the stage is looked at: the next client is served over the only place in the pool, and
the server has no more connections than the pool may have.
"""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pymysql
import pytest
from pymysql.connections import Connection

from athena_g.protocol.constants import Command
from tests.fakes.faults import PATIENCE
from tests.fakes.relay import Relay
from tests.proxy import Proxy, configuration, proxy_running
from tests.servers import Server

MAX_OPEN = 1
TABLES = f"""
[pool]
max_open = {MAX_OPEN}
acquire_timeout_ms = 10000
connect_timeout_ms = 3000
"""


if TYPE_CHECKING:
    AnyConnection = Connection[Any]
else:  # at run time it is not generic
    AnyConnection = Connection


class PlainConnection(AnyConnection):
    """A client that sends nothing of its own accord after its login."""

    _sock: socket.socket
    _result: Any
    _execute_command: Callable[[int, str | bytes], None]
    _read_packet: Any
    _force_close: Any

    def set_character_set(self, *_: object) -> None:
        """Leave it at what the login said."""

    def read_packets(self, sql: str) -> None:
        """Read packets of the reply until one is an error, which is raised."""
        self._execute_command(Command.QUERY, sql)
        while True:
            self._read_packet()

    def command(self, command: Command, body: bytes = b"") -> bytes:
        """The first packet that answers a command; an ERR is raised."""
        self._execute_command(command, body)
        payload: bytes = self._read_packet().get_all_data()
        return payload

    def send(self, data: bytes, answered_as: int = 1) -> None:
        """Send bytes as they are; the packet that answers them has that sequence id."""
        self._sock.sendall(data)
        self._next_seq_id = answered_as

    def read_definitions(self, count: int) -> int:
        """Read column definitions and the EOF behind them; its status flags, 0 for none."""
        if not count:
            return 0
        for _ in range(count):
            self._read_packet()
        return int.from_bytes(self._read_packet().get_all_data()[3:5], "little")

    def read_rows(self, first: bytes | None = None) -> list[bytes]:
        """The payloads of rows up to their EOF; ``first`` was read already."""
        rows = []
        payload = first or self._read_packet().get_all_data()
        while payload[0] != 0xFE:
            rows.append(payload)
            payload = self._read_packet().get_all_data()
        return rows

    def vanish(self) -> None:
        """Close the socket, without a word, as a client does that ended by a signal."""
        self._force_close()
        self.forget_reply()

    def reset(self) -> None:
        """End with a TCP reset, as a client's machine does that crashed and came back."""
        linger = struct.pack("ii", 1, 0)
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.vanish()

    def forget_reply(self) -> None:
        """Expect nothing more; PyMySQL would read an unbuffered result on to its end."""
        if self._result is not None:
            self._result.unbuffered_active = False


@dataclass
class Stage:
    """What a fault test plays on; ``clients`` are closed when the test is over."""

    server: Server
    database: str
    relay: Relay
    proxy: Proxy
    max_open: int = MAX_OPEN
    clients: list[PlainConnection] = field(default_factory=list)

    def connect(self, port: int | None = None, **options: Any) -> PlainConnection:
        """A client of the proxy that sets nothing when it connects."""
        client = PlainConnection(
            host="127.0.0.1",
            port=port or self.proxy.port,
            user=self.proxy.user,
            password=self.proxy.password,
            database=self.database,
            ssl_disabled=True,
            autocommit=None,
            read_timeout=PATIENCE,
            **options,
        )
        self.clients.append(client)
        return client

    def direct(self) -> Connection[Any]:
        """A connection to the server that has nothing to do with the proxy."""
        return self.server.connect(database=None, autocommit=True)

    def run(self, *statements: str) -> None:
        """Run the statements on the server, in the proxy's database."""
        with self.server.connect(database=self.database, autocommit=True) as connection:
            for statement in statements:
                ask(connection, statement)

    def value(self, sql: str) -> Any:
        """What the server says without the proxy."""
        with self.server.connect(database=self.database, autocommit=True) as connection:
            return ask(connection, sql)

    def idle(self) -> PlainConnection:
        """A client whose backend connection is idle in the pool."""
        client = self.connect()
        assert ask(client, "SELECT 1") == 1
        return client

    def processes(self) -> list[dict[str, Any]]:
        """The server's list of the proxy's connections, by the columns' names in small letters."""
        with self.direct() as connection, connection.cursor() as cursor:
            cursor.execute("SHOW FULL PROCESSLIST")
            names = [column[0].lower() for column in cursor.description or ()]
            rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        return [row for row in rows if row["db"] == self.database]

    def threads(self) -> list[int]:
        """The server's ids of the proxy's connections."""
        return [int(row["id"]) for row in self.processes()]

    def connections(self) -> list[tuple[str, str]]:
        """What the server does for the proxy: the command and the text of each connection."""
        return [(str(row["command"]), str(row["info"] or "")) for row in self.processes()]

    def lose_connections(self, lose: Callable[[], None] | None = None) -> None:
        """Close the proxy's connections to its server, or let ``lose`` do it; return when it knows.

        A login takes the proxy several turns of its loop, each of which looks at every socket.
        """
        (lose or self.relay.end_all)()
        self.relay.wait_until(lambda: not self.relay.live_connections, "they did not end")
        self.connect().close()

    def expect_sound(self) -> None:
        """The next client is served, and the server has nothing that nobody waits for."""
        with self.connect() as client:
            assert ask(client, "SELECT 'sound'") == "sound"
        self.expect_nothing_left()

    def expect_nothing_left(self) -> None:
        """No connection of the proxy is busy on the server, nor are there too many."""

        def settled() -> bool:
            there = self.connections()
            busy = [text for command, text in there if command not in ("Sleep", "Killed")]
            return not busy and len(there) <= self.max_open

        until(settled, lambda: f"left on the server: {self.connections()}")

    def close_clients(self) -> None:
        for client in self.clients:
            client.vanish()
        self.clients.clear()


class Stages:
    """The stage of one kind of server: made at first use, and again after it was broken."""

    def __init__(self, server: Server, database: str, tables: str = TABLES) -> None:
        self._server = server
        self._database = server.create_database(database)
        self._tables = tables
        self._stack: ExitStack | None = None
        self._stage: Stage | None = None

    @contextmanager
    def one_test(self) -> Iterator[Stage]:
        """The stage, as good as new, which is to be sound again behind the test."""
        stage = self._stage or self._build()
        try:
            yield stage
            stage.relay.forget_plans()
            stage.relay.listen_again()
            stage.close_clients()
            stage.expect_sound()
        except BaseException:
            self.close()
            raise
        stage.close_clients()

    def _build(self) -> Stage:
        with ExitStack() as stack:
            relay = stack.enter_context(Relay(self._server.host, self._server.port))
            toml = configuration(self._server, self._database, tables=self._tables, port=relay.port)
            proxy = stack.enter_context(proxy_running(toml, self._database))
            self._stage = Stage(self._server, self._database, relay, proxy)
            self._stack = stack.pop_all()
        return self._stage

    def close(self) -> None:
        stage, self._stage = self._stage, None
        stack, self._stack = self._stack, None
        if stage is not None and stack is not None:
            stage.close_clients()
            stack.close()


@contextmanager
def stages(
    server: Server, request: pytest.FixtureRequest, tables: str = TABLES
) -> Iterator[Stages]:
    """The stages of one file of tests, closed behind it."""
    name = request.module.__name__.rpartition(".")[2]
    made = Stages(server, name, tables)
    try:
        yield made
    finally:
        made.close()
        with server.connect(database=None) as connection:
            ask(connection, f"DROP DATABASE IF EXISTS `{name}`")


# --- What clients say and hear --------------------------------------------------------------------


def ask(connection: Connection[Any], sql: str) -> Any:
    """The first value of the first row, or ``None``."""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        row = cursor.fetchone()
        return row[0] if row else None


def error_of(action: Callable[[], object]) -> tuple[int, str]:
    """Number and text of the error that ``action`` gets."""
    with pytest.raises(pymysql.MySQLError) as caught:
        action()
    return int(caught.value.args[0]), str(caught.value.args[1])


def refused(connection: Connection[Any], sql: str) -> tuple[int, str]:
    """Number and text of the error that the statement gets."""
    return error_of(lambda: ask(connection, sql))


def until(condition: Callable[[], bool], otherwise: Callable[[], str]) -> None:
    """Return when ``condition`` holds, of which nothing tells; each look asks a server."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, otherwise()
