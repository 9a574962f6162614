"""Prepared statements of a client, with any values, packet by packet."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from athena_g.protocol.columns import Column
from athena_g.protocol.constants import ColumnType, Command
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


class PreparedStatement:
    """A statement that ``client`` prepared."""

    def __init__(self, client: PlainConnection, sql: str) -> None:
        self._client = client
        answer = client.command(Command.STMT_PREPARE, sql.encode())
        self.id, columns, self.parameters = struct.unpack_from("<IHH", answer, 1)
        client.read_definitions(self.parameters)
        self.columns = self._definitions(columns)

    def execute(self, *values: Any, says_types: bool = True) -> Answer:
        """What an execution answers; an ERR is raised. ``says_types``: as the first one must."""
        types, data, nulls = b"", b"", 0
        for place, value in enumerate(values):
            type_, bytes_ = _written(value)
            types += type_
            data += bytes_
            nulls |= (value is None) << place
        body = struct.pack("<IBI", self.id, 0, 1)
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
        read = BinaryRows(columns).decode
        return Answer(columns, [tuple(read(row)) for row in self._client.read_rows()])

    def rows(self, *values: Any, says_types: bool = True) -> list[tuple[Any, ...]]:
        """The rows of an execution."""
        return self.execute(*values, says_types=says_types).rows

    def _definitions(self, count: int) -> list[Column]:
        found = [Column.decode(self._client._read_packet().get_all_data()) for _ in range(count)]
        if count:
            self._client._read_packet()
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
