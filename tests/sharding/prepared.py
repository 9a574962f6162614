"""Prepared statements of a client, with any values, packet by packet."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from athena_g.protocol.columns import Column
from athena_g.protocol.constants import SERVER_STATUS_CURSOR_EXISTS, ColumnType, Command
from athena_g.protocol.replies import EofPacket
from athena_g.protocol.rows import BinaryRows
from athena_g.protocol.wire import lenenc_bytes
from tests.integration.stage import PlainConnection


class Unsigned(int):
    """A whole number that the client says has no sign."""


@dataclass
class Answer:
    """Definitions and rows of an execution; none for one that answers OK."""

    columns: list[Column]
    rows: list[tuple[Any, ...]]


Prepare = Callable[[str], "PreparedStatement"]


class PreparedStatement:
    """A statement that ``client`` prepared."""

    def __init__(self, client: PlainConnection, sql: str) -> None:
        self._client = client
        self._status = 0
        answer = client.command(Command.STMT_PREPARE, sql.encode())
        self.id, columns, self.parameters = struct.unpack_from("<IHH", answer, 1)
        client.read_definitions(self.parameters)
        self.columns = self._definitions(columns)

    def execute(self, *values: Any, says_types: bool = True, cursor: bool = False) -> Answer:
        """What an execution answers; an ERR is raised. ``says_types``: as the first one must.

        With a ``cursor`` the rows are to be fetched, if the server opens one.
        """
        types, data, nulls = b"", b"", 0
        for place, value in enumerate(values):
            type_, bytes_ = _written(value)
            types += type_
            data += bytes_
            nulls |= (value is None) << place
        body = struct.pack("<IBI", self.id, int(cursor), 1)
        if values:
            body += nulls.to_bytes((len(values) + 7) // 8, "little")
            body += (b"\1" + types if says_types else b"\0") + data
        return self.send(body)

    def send(self, body: bytes) -> Answer:
        """What an execution with this body answers."""
        answer = self._client.command(Command.STMT_EXECUTE, body)
        if answer[0] == 0:
            return Answer([], [])
        columns = self._definitions(answer[0])
        if self._status & SERVER_STATUS_CURSOR_EXISTS:
            return Answer(columns, [])
        return Answer(columns, self._read(columns, self._client.read_rows()))

    def send_long_data(self, parameter: int, data: bytes) -> None:
        """Send a part of a parameter; has no answer."""
        body = struct.pack("<IH", self.id, parameter) + data
        self._client._execute_command(Command.STMT_SEND_LONG_DATA, body)

    def reset(self) -> None:
        """Have the server forget long data and the cursor."""
        self._client.command(Command.STMT_RESET, struct.pack("<I", self.id))

    def fetch(self, count: int) -> list[tuple[Any, ...]]:
        """The next rows of the cursor."""
        body = struct.pack("<II", self.id, count)
        first = self._client.command(Command.STMT_FETCH, body)
        return self._read(self.columns, self._client.read_rows(first))

    @staticmethod
    def _read(columns: list[Column], rows: list[bytes]) -> list[tuple[Any, ...]]:
        read = BinaryRows(columns).decode
        return [tuple(read(row)) for row in rows]

    def rows(self, *values: Any, says_types: bool = True) -> list[tuple[Any, ...]]:
        """The rows of an execution."""
        return self.execute(*values, says_types=says_types).rows

    def _definitions(self, count: int) -> list[Column]:
        found = [Column.decode(self._client._read_packet().get_all_data()) for _ in range(count)]
        if count:
            end = EofPacket.decode(self._client._read_packet().get_all_data())
            self._status = end.status
        return found


def _written(value: Any) -> tuple[bytes, bytes]:
    """Type and bytes of a parameter."""
    match value:
        case None:
            return bytes((ColumnType.NULL, 0)), b""
        case Unsigned():
            return bytes((ColumnType.LONGLONG, 0x80)), struct.pack("<Q", value)
        case int():
            return bytes((ColumnType.LONGLONG, 0)), struct.pack("<q", value)
        case Decimal():
            return bytes((ColumnType.NEWDECIMAL, 0)), lenenc_bytes(str(value).encode())
        case date():
            data = struct.pack("<BHBB", 4, value.year, value.month, value.day)
            return bytes((ColumnType.DATE, 0)), data
        case _:
            return bytes((ColumnType.VAR_STRING, 0)), lenenc_bytes(value.encode())
