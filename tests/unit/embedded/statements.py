"""A client of prepared statements, packet by packet, and what a server's packets say."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from athena_g.protocol.columns import Column
from athena_g.protocol.constants import Command
from athena_g.protocol.replies import EofPacket, ErrPacket, OkPacket, is_eof
from athena_g.protocol.resultset import PrepareOk
from tests.fakes.client import Client

Parameter = tuple[int, int, bytes]
"""The type, the byte that says whether it is unsigned, and the value as it travels."""


def integer(value: int) -> Parameter:
    return 8, 0, struct.pack("<q", value)


def text(value: str | bytes, kind: int = 253) -> Parameter:
    data = value.encode() if isinstance(value, str) else value
    return kind, 0, bytes((len(data),)) + data


def typed(*values: Parameter | None) -> bytes:
    """The end of a COM_STMT_EXECUTE that names the types of its parameters."""
    nulls = sum(1 << place for place, value in enumerate(values) if value is None)
    given = [value or (6, 0, b"") for value in values]
    types = b"".join(bytes(value[:2]) for value in given)
    data = b"".join(value[2] for value in given)
    return nulls.to_bytes((len(values) + 7) // 8, "little") + b"\x01" + types + data


@dataclass
class Answer:
    """What came: an error, an OK, or columns and the payloads of rows."""

    errno: int = 0
    ok: OkPacket | None = None
    columns: list[Column] = field(default_factory=list)
    rows: list[bytes] = field(default_factory=list)
    status: int = 0


def prepare(client: Client, sql: str) -> tuple[PrepareOk, list[Column], list[Column]]:
    """The answer to COM_STMT_PREPARE, its parameters and its columns."""
    client.command(Command.STMT_PREPARE, sql.encode())
    first = client.wire.read_packet()
    assert first[0] == 0, ErrPacket.decode(first)
    answer = PrepareOk.decode(first)
    return answer, definitions(client, answer.parameters), definitions(client, answer.columns)


def prepare_error(client: Client, sql: str) -> int:
    """The error number with which COM_STMT_PREPARE is refused."""
    client.command(Command.STMT_PREPARE, sql.encode())
    return ErrPacket.decode(client.wire.read_packet()).errno


def definitions(client: Client, count: int) -> list[Column]:
    columns = [Column.decode(client.wire.read_packet()) for _ in range(count)]
    assert not count or is_eof(client.wire.read_packet())
    return columns


def execute(client: Client, number: int, parameters: bytes = b"", flags: int = 0) -> Answer:
    """The answer to COM_STMT_EXECUTE; of a cursor only the columns and the status."""
    client.command(Command.STMT_EXECUTE, struct.pack("<IBI", number, flags, 1) + parameters)
    first = client.wire.read_packet()
    if first[0] == 0xFF:
        return Answer(ErrPacket.decode(first).errno)
    if first[0] == 0:
        ok = OkPacket.decode(first, 0)
        return Answer(ok=ok, status=ok.status)
    columns = [Column.decode(client.wire.read_packet()) for _ in range(first[0])]
    status = EofPacket.decode(client.wire.read_packet()).status
    answer = Answer(columns=columns, status=status)
    return answer if status & 0x40 else rows(client, answer)


def rows(client: Client, answer: Answer | None = None) -> Answer:
    """The rows that follow, and the status behind them."""
    answer = answer or Answer()
    while not is_eof(payload := client.wire.read_packet()):
        if payload[0] == 0xFF:
            answer.errno = ErrPacket.decode(payload).errno
            return answer
        answer.rows.append(payload)
    answer.status = EofPacket.decode(payload).status
    return answer


def fetch(client: Client, number: int, count: int) -> Answer:
    """The answer to COM_STMT_FETCH."""
    client.command(Command.STMT_FETCH, struct.pack("<II", number, count))
    return rows(client)


def send_long_data(client: Client, number: int, parameter: int, data: bytes) -> None:
    client.command(Command.STMT_SEND_LONG_DATA, struct.pack("<IH", number, parameter) + data)


def run(client: Client, sql: str, *values: Parameter | None) -> Answer:
    """A statement prepared and executed once."""
    number = prepare(client, sql)[0].statement_id
    return execute(client, number, typed(*values) if values else b"")


def cells(answer: Answer) -> Sequence[bytes]:
    """The rows without the header byte and the NULL bitmap of up to six columns."""
    return [row[2:] for row in answer.rows]
