"""A MySQL client that shows exactly what came: every packet, its sequence id checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from gevent.ssl import SSLContext

from athena_g.protocol.auth import Accept, ClientAuth, Reject, Send
from athena_g.protocol.constants import (
    CLIENT_CONNECT_WITH_DB,
    CLIENT_MULTI_RESULTS,
    CLIENT_PLUGIN_AUTH,
    CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA,
    CLIENT_PROTOCOL_41,
    CLIENT_SECURE_CONNECTION,
    CLIENT_SSL,
    CLIENT_TRANSACTIONS,
    SERVER_MORE_RESULTS_EXISTS,
    Command,
)
from athena_g.protocol.handshake import Greeting, HandshakeResponse, SslRequest
from athena_g.protocol.replies import EofPacket, ErrPacket, OkPacket, is_eof
from athena_g.protocol.wire import lenenc_int_at, nullable_cell_at

from .wire import Wire

USER, PASSWORD, DATABASE = "app", "secret", "shop"
UTF8MB4 = 45

FLAGS = (
    CLIENT_PROTOCOL_41
    | CLIENT_CONNECT_WITH_DB
    | CLIENT_TRANSACTIONS
    | CLIENT_SECURE_CONNECTION
    | CLIENT_MULTI_RESULTS
    | CLIENT_PLUGIN_AUTH
    | CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA
)


class Refused(Exception):
    """The server answered the login with ``error``."""

    def __init__(self, error: ErrPacket) -> None:
        super().__init__(f"{error.errno} ({error.sqlstate}): {error.message}")
        self.error = error


@dataclass
class Reply:
    """One answer of a reply: OK, ERR, or rows (an ERR after rows is in ``error``, too)."""

    ok: OkPacket | None = None
    error: ErrPacket | None = None
    columns: int = 0
    rows: list[list[bytes | None]] = field(default_factory=list)
    status: int = 0

    @property
    def value(self) -> bytes | None:
        """The first cell."""
        assert self.rows, self
        return self.rows[0][0]

    @property
    def errno(self) -> int:
        return self.error.errno if self.error else 0

    @property
    def message(self) -> str:
        return self.error.message if self.error else ""


class Client:
    """A client that is logged in."""

    def __init__(self, wire: Wire, greeting: Greeting) -> None:
        self.wire = wire
        self.greeting = greeting

    @classmethod
    def connect(
        cls,
        address: tuple[str, int],
        *,
        user: str = USER,
        password: str = PASSWORD,
        database: str | None = DATABASE,
        flags: int = 0,
        collation_id: int = UTF8MB4,
        plugin: str | None = None,
        full: bool = False,
        tls: SSLContext | None = None,
        receive_buffer: int | None = None,
    ) -> Client:
        """Log in; ``plugin`` instead of the server's, ``full``: not by the fast path.

        Raises :class:`Refused`.
        """
        wire = Wire.dial(address, receive_buffer=receive_buffer)
        try:
            client = cls(wire, read_greeting(wire))
            flags |= FLAGS if database is not None else FLAGS & ~CLIENT_CONNECT_WITH_DB
            if tls is not None:
                flags |= CLIENT_SSL
                wire.send_packet(SslRequest(flags, 1 << 24, collation_id).encode())
                wire.sock = tls.wrap_socket(wire.sock)
            exchange = ClientAuth(
                password=password.encode(),
                plugin=plugin or client.greeting.auth_plugin,
                scramble=client.greeting.scramble,
                secure=tls is not None,
                full=full,
            )
            wire.send_packet(
                HandshakeResponse(
                    flags, 1 << 24, collation_id, user, exchange.response(), database,
                    exchange.plugin,
                ).encode()
            )  # fmt: skip
            client._prove(exchange)
        except BaseException:
            wire.close()
            raise
        return client

    def _prove(self, exchange: ClientAuth) -> None:
        while True:
            step: Any = exchange.feed(self.wire.read_packet())
            match step:
                case Accept():
                    return
                case Reject():
                    assert exchange.error is not None, step
                    raise Refused(exchange.error)
                case Send():
                    self.wire.send_packet(step.payload)

    # -- commands ----------------------------------------------------------------------------------

    def query(self, sql: str | bytes) -> Reply:
        """Send a statement; the first answer."""
        self.send_query(sql)
        return self.reply()

    def send_query(self, sql: str | bytes) -> None:
        self.command(Command.QUERY, sql.encode() if isinstance(sql, str) else sql)

    def command(self, command: Command, body: bytes = b"") -> None:
        """Send a command."""
        self.wire.start_command(bytes((command,)) + body)

    def ask(self, command: Command, body: bytes = b"") -> Reply:
        """Send a command that is answered with OK, ERR or EOF."""
        self.command(command, body)
        return self.reply()

    def reply(self) -> Reply:
        """Read one answer; more follow while ``status`` says so."""
        payload = self.wire.read_packet()
        match payload[0]:
            case 0x00:
                packet = OkPacket.decode(payload, 0)
                return Reply(ok=packet, status=packet.status)
            case 0xFF:
                return Reply(error=ErrPacket.decode(payload))
            case 0xFE:
                return Reply(status=EofPacket.decode(payload).status)
        return self._read_rows(lenenc_int_at(payload, 0)[0])

    def replies(self) -> list[Reply]:
        """Read every answer of the reply."""
        answers = [self.reply()]
        while answers[-1].status & SERVER_MORE_RESULTS_EXISTS:
            answers.append(self.reply())
        return answers

    def _read_rows(self, columns: int) -> Reply:
        reply = Reply(columns=columns)
        for _ in range(columns):
            self.wire.read_packet()
        assert is_eof(self.wire.read_packet())
        while not is_eof(payload := self.wire.read_packet()):
            if payload[:1] == b"\xff":
                reply.error = ErrPacket.decode(payload)
                return reply
            reply.rows.append(decode_row(payload, columns))
        reply.status = EofPacket.decode(payload).status
        return reply

    # -- the end -----------------------------------------------------------------------------------

    def quit(self) -> None:
        """Say good-bye and wait until the server closed."""
        self.command(Command.QUIT)
        assert self.wire.read_to_end() == b""
        self.wire.close()

    def close(self) -> None:
        self.wire.close()


def read_greeting(wire: Wire) -> Greeting:
    """The server's greeting; :class:`Refused` when it sends an ERR instead."""
    payload = wire.read_packet()
    if payload[:1] == b"\xff":
        raise Refused(ErrPacket.decode(payload))
    return Greeting.decode(payload)


def decode_row(payload: bytes, columns: int) -> list[bytes | None]:
    cells: list[bytes | None] = []
    position = 0
    for _ in range(columns):
        cell, position = nullable_cell_at(payload, position)
        cells.append(cell)
    assert position == len(payload)
    return cells
