"""Bytes a MySQL server answers with, framed, the first packet with sequence id 1."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from athena_g.protocol.columns import Column
from athena_g.protocol.constants import (
    CLIENT_SESSION_TRACK,
    SERVER_MORE_RESULTS_EXISTS,
    SERVER_STATUS_AUTOCOMMIT,
    SESSION_TRACK_SCHEMA,
    SESSION_TRACK_STATE_CHANGE,
    SESSION_TRACK_SYSTEM_VARIABLES,
    ColumnType,
)
from athena_g.protocol.framing import frame, frames_used
from athena_g.protocol.replies import EofPacket, ErrPacket, OkPacket
from athena_g.protocol.wire import lenenc_bytes, lenenc_int

Cell = str | bytes | None

MORE = SERVER_STATUS_AUTOCOMMIT | SERVER_MORE_RESULTS_EXISTS
"""The status of a result that another one follows."""

STATE_CHANGED = bytes((SESSION_TRACK_STATE_CHANGE,)) + lenenc_bytes(b"1")
"""What the state-change tracker says in an OK packet."""


def schema_changed(name: str) -> bytes:
    """What the schema tracker says in an OK packet."""
    return bytes((SESSION_TRACK_SCHEMA,)) + lenenc_bytes(lenenc_bytes(name.encode()))


def variable_changed(name: str, value: str) -> bytes:
    """What the tracker of system variables says in an OK packet."""
    said = lenenc_bytes(name.encode()) + lenenc_bytes(value.encode())
    return bytes((SESSION_TRACK_SYSTEM_VARIABLES,)) + lenenc_bytes(said)


def packets(*payloads: bytes, first: int = 1) -> bytes:
    """The payloads framed with sequence ids from ``first`` on."""
    framed = []
    for payload in payloads:
        framed.append(frame(payload, first))
        first = (first + frames_used(len(payload))) & 0xFF
    return b"".join(framed)


def ok(
    *,
    status: int = SERVER_STATUS_AUTOCOMMIT,
    affected_rows: int = 0,
    last_insert_id: int = 0,
    warnings: int = 0,
    info: bytes = b"",
    session_state: bytes = b"",
    first: int = 1,
) -> bytes:
    """An OK as a server sends it on a connection with CLIENT_SESSION_TRACK."""
    packet = OkPacket(affected_rows, last_insert_id, status, warnings, info, session_state)
    return packets(packet.encode(CLIENT_SESSION_TRACK), first=first)


def err(errno: int, message: str, sqlstate: str = "HY000", *, first: int = 1) -> bytes:
    """An ERR packet."""
    return packets(ErrPacket(errno, sqlstate, message).encode(), first=first)


def row(cells: Iterable[Cell]) -> bytes:
    """The payload of one row."""
    return b"".join(
        b"\xfb" if cell is None else lenenc_bytes(cell.encode() if isinstance(cell, str) else cell)
        for cell in cells
    )


def result_payloads(
    rows: Iterable[Sequence[Cell]],
    columns: Sequence[str] = ("value",),
    status: int = SERVER_STATUS_AUTOCOMMIT,
) -> list[bytes]:
    """The payloads of a result set, ended by EOF packets."""
    end = EofPacket(0, status).encode()
    definitions = [Column(name, ColumnType.VAR_STRING).encode() for name in columns]
    return [lenenc_int(len(columns)), *definitions, end, *map(row, rows), end]


def result(
    rows: Iterable[Sequence[Cell]],
    columns: Sequence[str] = ("value",),
    status: int = SERVER_STATUS_AUTOCOMMIT,
    first: int = 1,
) -> bytes:
    """A whole result set."""
    return packets(*result_payloads(rows, columns, status), first=first)
