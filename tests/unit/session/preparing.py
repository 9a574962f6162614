"""A client's side of prepared statements with parameters that are strings."""

from __future__ import annotations

from dataclasses import dataclass, field

from athena_g.protocol.constants import (
    SERVER_STATUS_CURSOR_EXISTS,
    ColumnType,
    Command,
)
from athena_g.protocol.replies import EofPacket, ErrPacket, OkPacket, is_eof
from athena_g.protocol.wire import lenenc_bytes, lenenc_bytes_at
from tests.fakes.client import Client

STRINGS = bytes((ColumnType.VAR_STRING, 0))
BLOBS = bytes((ColumnType.BLOB, 0))


@dataclass
class Executed:
    """What an execution or a fetch gave."""

    errno: int = 0
    message: str = ""
    status: int = 0
    values: list[bytes] = field(default_factory=list)


@dataclass
class Prepared:
    """A statement that ``client`` prepared."""

    client: Client
    id: int
    parameters: int
    columns: int

    @property
    def number(self) -> bytes:
        """The id as commands have it."""
        return self.id.to_bytes(4, "little")

    def execute(
        self, *values: str | None, types: bytes | None = STRINGS, flags: int = 0
    ) -> Executed:
        """Execute, with the type of each parameter given or (``None``) as the last time."""
        self.client.command(Command.STMT_EXECUTE, self.execution(*values, types=types, flags=flags))
        return read(self.client)

    def execution(
        self, *values: str | None, types: bytes | None = STRINGS, flags: int = 0
    ) -> bytes:
        """The body of the command."""
        body = self.number + bytes((flags,)) + b"\1\0\0\0"
        if not values:
            return body
        nulls = sum(1 << place for place, value in enumerate(values) if value is None)
        body += nulls.to_bytes((len(values) + 7) // 8, "little")
        body += b"\0" if types is None else b"\1" + types * len(values)
        return body + b"".join(lenenc_bytes(v.encode()) for v in values if v is not None)

    def fetch(self, rows: int = 1) -> Executed:
        """Fetch rows of the open cursor."""
        self.client.command(Command.STMT_FETCH, self.number + rows.to_bytes(4, "little"))
        return _rows(self.client, Executed())

    def long_data(self, parameter: int, data: bytes) -> None:
        """Send a part of a parameter; there is no answer."""
        self.client.command(
            Command.STMT_SEND_LONG_DATA, self.number + parameter.to_bytes(2, "little") + data
        )

    def reset(self) -> int:
        """Forget long data and cursor; the error number."""
        return self.client.ask(Command.STMT_RESET, self.number).errno

    def close(self) -> None:
        """Close; there is no answer, but what is sent next is answered after it."""
        self.client.command(Command.STMT_CLOSE, self.number)
        assert self.client.ask(Command.PING).ok


def prepare(client: Client, sql: str) -> Prepared:
    """A statement; an ERR fails the test."""
    client.command(Command.STMT_PREPARE, sql.encode())
    payload = client.wire.read_packet()
    assert payload[0] == 0, ErrPacket.decode(payload)
    number, columns, parameters = payload[1:5], payload[5:7], payload[7:9]
    statement = Prepared(
        client, *(int.from_bytes(x, "little") for x in (number, parameters, columns))
    )
    for count in (statement.parameters, statement.columns):
        for _ in range(count + bool(count)):
            payload = client.wire.read_packet()
        assert not count or is_eof(payload)
    return statement


def refused(client: Client, sql: str) -> int:
    """The error number that a preparation gets."""
    client.command(Command.STMT_PREPARE, sql.encode())
    return ErrPacket.decode(client.wire.read_packet()).errno


def read(client: Client) -> Executed:
    """The reply to an execution: OK, ERR, or rows of one column."""
    payload = client.wire.read_packet()
    if payload[0] == 0:
        return Executed(status=OkPacket.decode(payload, 0).status)
    if payload[0] == 0xFF:
        error = ErrPacket.decode(payload)
        return Executed(error.errno, error.message)
    for _ in range(payload[0]):
        client.wire.read_packet()
    end = EofPacket.decode(client.wire.read_packet())
    if end.status & SERVER_STATUS_CURSOR_EXISTS:
        return Executed(status=end.status)
    return _rows(client, Executed())


def _rows(client: Client, executed: Executed) -> Executed:
    while not is_eof(payload := client.wire.read_packet()):
        if payload[0] == 0xFF:
            error = ErrPacket.decode(payload)
            executed.errno, executed.message = error.errno, error.message
            return executed
        executed.values.append(lenenc_bytes_at(payload, 2)[0])
    executed.status = EofPacket.decode(payload).status
    return executed
