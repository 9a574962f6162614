"""The prepared statements of one connection to the fake server."""

from __future__ import annotations

from athena_g.protocol.columns import Column
from athena_g.protocol.constants import (
    SERVER_STATUS_CURSOR_EXISTS,
    SERVER_STATUS_LAST_ROW_SENT,
    ColumnType,
    Command,
)
from athena_g.protocol.replies import EofPacket
from athena_g.protocol.wire import lenenc_bytes

from . import replies

SILENT = frozenset((Command.STMT_CLOSE, Command.STMT_SEND_LONG_DATA))
"""The commands that have no answer."""
COMMANDS = SILENT | {
    Command.STMT_PREPARE,
    Command.STMT_EXECUTE,
    Command.STMT_RESET,
    Command.STMT_FETCH,
}


def prepare_ok(id_: int, parameters: int, columns: int) -> bytes:
    """The reply to COM_STMT_PREPARE, ended by EOF packets."""
    head = b"\0" + id_.to_bytes(4, "little") + columns.to_bytes(2, "little")
    payloads = [head + parameters.to_bytes(2, "little") + b"\0\0\0"]
    for count in (parameters, columns):
        payloads += [Column("value", ColumnType.VAR_STRING).encode()] * count
        payloads += [EofPacket().encode()] if count else []
    return replies.packets(*payloads)


def binary_row(cell: str) -> bytes:
    """The payload of a row of one column as the binary protocol has it."""
    return b"\0\0" + lenenc_bytes(cell.encode())


def binary_result(cells: list[str], status: int = 2) -> bytes:
    """A result set of one column as COM_STMT_EXECUTE gives it."""
    head = replies.result_payloads([], status=status)
    return replies.packets(*head[:3], *map(binary_row, cells), head[3])


class Statements:
    """Answers each statement with its own text as the only row, from a cursor if one is asked for.

    Ids begin at 100 times the connection's number, so that no two connections have the same.
    """

    def __init__(self, connection: int) -> None:
        self._next = 100 * connection
        self._texts: dict[int, str] = {}

    def answer(self, command: Command, body: bytes, status: int) -> bytes:
        """What the server says to a command about statements."""
        if command is Command.STMT_PREPARE:
            return self._prepare(body.decode("utf-8", "backslashreplace"))
        id_ = int.from_bytes(body[:4], "little")
        if command is Command.STMT_CLOSE:
            self._texts.pop(id_, None)
        if command in SILENT:
            return b""
        if id_ not in self._texts:
            return replies.err(1243, f"Unknown prepared statement handler ({id_})")
        if command is Command.STMT_RESET:
            return replies.ok(status=status)
        if command is Command.STMT_FETCH:
            row = binary_row(self._texts[id_])
            return replies.packets(row, EofPacket(0, status | SERVER_STATUS_LAST_ROW_SENT).encode())
        return self._execute(id_, bool(body[4:5] and body[4]), status)

    def _prepare(self, text: str) -> bytes:
        self._next += 1
        self._texts[self._next] = text
        return prepare_ok(self._next, text.count("?"), int(text[:6].upper() == "SELECT"))

    def _execute(self, id_: int, cursor: bool, status: int) -> bytes:
        text = self._texts[id_]
        if text[:6].upper() != "SELECT":
            return replies.ok(status=status)
        if cursor:
            opened = status | SERVER_STATUS_CURSOR_EXISTS
            return replies.packets(*replies.result_payloads([], status=opened)[:3])
        return binary_result([text], status)

    def __len__(self) -> int:
        return len(self._texts)

    def reset(self) -> None:
        """Close them all, as COM_RESET_CONNECTION does."""
        self._texts.clear()
