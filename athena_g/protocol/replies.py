"""OK, ERR, EOF and LOCAL INFILE packets: the answers that are no result set.

Source: dev.mysql.com, MySQL Source Code Documentation, "Generic Response Packets"
(``Protocol::OK_Packet``, ``Protocol::ERR_Packet``, ``Protocol::EOF_Packet``) and
"Protocol::LOCAL INFILE Request".
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from athena_g import errors
from athena_g.protocol.constants import (
    CLIENT_PROTOCOL_41,
    CLIENT_SESSION_TRACK,
    SERVER_SESSION_STATE_CHANGED,
    SERVER_STATUS_AUTOCOMMIT,
    SESSION_TRACK_GTIDS,
    SESSION_TRACK_STATE_CHANGE,
    SESSION_TRACK_SYSTEM_VARIABLES,
    SESSION_TRACK_TRANSACTION_STATE,
)
from athena_g.protocol.wire import (
    PayloadReader,
    lenenc_bytes,
    lenenc_bytes_at,
    lenenc_int,
    lenenc_int_at,
)

OK_HEADER: Final = 0x00
EOF_HEADER: Final = 0xFE
ERR_HEADER: Final = 0xFF
LOCAL_INFILE_HEADER: Final = 0xFB

MAX_MESSAGE_BYTES: Final = 511
"""Clients keep the text of an error and a NUL in MYSQL_ERRMSG_SIZE (512) bytes."""

_STATUS_AND_WARNINGS = struct.Struct("<HH")
_STATE_CHANGED_HIGH: Final = SERVER_SESSION_STATE_CHANGED >> 8


@dataclass(slots=True)
class OkPacket:
    """What an OK packet says; ``session_state`` is the undecoded blob of the trackers.

    The documentation calls ``info`` the rest of the packet where CLIENT_SESSION_TRACK was not
    negotiated. Servers write a length in front of it all the same, and libmysqlclient expects it.
    """

    affected_rows: int = 0
    last_insert_id: int = 0
    status: int = SERVER_STATUS_AUTOCOMMIT
    warnings: int = 0
    info: bytes = b""
    session_state: bytes = b""

    def encode(self, capabilities: int, header: int = OK_HEADER) -> bytes:
        """The payload for a client of these capabilities; header 0xFE closes a result set.

        The SERVER_SESSION_STATE_CHANGED bit follows from whether session state is sent.
        """
        tracks = capabilities & CLIENT_SESSION_TRACK
        status = self.status & ~SERVER_SESSION_STATE_CHANGED
        if tracks and self.session_state:
            status |= SERVER_SESSION_STATE_CHANGED
        fixed = (
            bytes((header,))
            + lenenc_int(self.affected_rows)
            + lenenc_int(self.last_insert_id)
            + _STATUS_AND_WARNINGS.pack(status, self.warnings)
        )
        if status & SERVER_SESSION_STATE_CHANGED:
            return fixed + lenenc_bytes(self.info) + lenenc_bytes(self.session_state)
        return fixed + lenenc_bytes(self.info) if self.info else fixed

    @classmethod
    def decode(cls, payload: bytes, capabilities: int) -> OkPacket:
        """The packet as a peer of these capabilities meant it; MALFORMED_PACKET when damaged."""
        reader = PayloadReader(payload)
        if reader.u8() not in (OK_HEADER, EOF_HEADER):
            raise errors.MALFORMED_PACKET(reason="not an OK packet")
        packet = cls(reader.lenenc_int(), reader.lenenc_int(), reader.u16(), reader.u16())
        if not capabilities & CLIENT_SESSION_TRACK:
            packet.info = _info_without_length(reader.rest())
        elif not reader.at_end:
            packet.info = reader.lenenc_bytes()
            if packet.status & SERVER_SESSION_STATE_CHANGED and not reader.at_end:
                packet.session_state = reader.lenenc_bytes()
        return packet


def _info_without_length(tail: bytes) -> bytes:
    try:
        info, end = lenenc_bytes_at(tail, 0)
    except errors.SqlError:
        return tail
    return info if end == len(tail) else tail


def ok_without_session_track(payload: bytes) -> bytes:
    """An OK packet of a CLIENT_SESSION_TRACK connection, for a client that did not ask for it.

    The very same object when no session state is in it.
    """
    status_at = _status_position(payload)
    if not payload[status_at + 1] & _STATE_CHANGED_HIGH:
        return payload
    end = info_at = status_at + 4
    if len(payload) > info_at:
        info, info_end = lenenc_bytes_at(payload, info_at)
        end = info_end if info else info_at
    high = payload[status_at + 1] & ~_STATE_CHANGED_HIGH
    return b"%b%c%b" % (payload[: status_at + 1], high, payload[status_at + 2 : end])


TRACKED_BY_DEFAULT: Final = frozenset(
    (
        b"autocommit",
        b"character_set_client",
        b"character_set_connection",
        b"character_set_results",
        b"time_zone",
    )
)
"""The variables that servers report to a client that asked for no others."""


def ok_for_tracking_client(payload: bytes) -> bytes:
    """An OK packet as a CLIENT_SESSION_TRACK client gets it that has configured no trackers.

    The connection it comes from has more of them on. The very same object when nothing is left
    out.
    """
    state = ok_session_state(payload)
    if not state:
        return payload
    kept = _tracked_by_default(state)
    if kept == state:
        return payload
    plain = ok_without_session_track(payload)
    if not kept:
        return plain
    status_at = _status_position(plain)
    high = plain[status_at + 1] | _STATE_CHANGED_HIGH
    info = plain[status_at + 4 :] or b"\0"
    return b"%b%c%b%b%b" % (
        plain[: status_at + 1],
        high,
        plain[status_at + 2 : status_at + 4],
        info,
        lenenc_bytes(kept),
    )


def _tracked_by_default(blob: bytes) -> bytes:
    kept: list[bytes] = []
    position = 0
    while position < len(blob):
        kind = blob[position]
        data, position = lenenc_bytes_at(blob, position + 1)
        if kind == SESSION_TRACK_SYSTEM_VARIABLES:
            data = _tracked_variables(data)
        if data and kind != SESSION_TRACK_STATE_CHANGE:
            kept.append(bytes((kind,)) + lenenc_bytes(data))
    return b"".join(kept)


def _tracked_variables(data: bytes) -> bytes:
    kept = b""
    position = 0
    while position < len(data):
        start = position
        name, position = lenenc_bytes_at(data, position)
        _, position = lenenc_bytes_at(data, position)
        if name in TRACKED_BY_DEFAULT:
            kept += data[start:position]
    return kept


def ok_session_state(payload: bytes) -> bytes:
    """The trackers' blob of an OK packet of a CLIENT_SESSION_TRACK connection, or ``b""``."""
    status_at = _status_position(payload)
    info_at = status_at + 4
    if not payload[status_at + 1] & _STATE_CHANGED_HIGH or len(payload) == info_at:
        return b""
    state_at = lenenc_bytes_at(payload, info_at)[1]
    return lenenc_bytes_at(payload, state_at)[0] if len(payload) > state_at else b""


def _status_position(payload: bytes) -> int:
    """Where the status flags of an OK packet start; warnings behind them are sure to be there."""
    if len(payload) >= 7 and payload[1] < 251 and payload[2] < 251:
        return 3
    position = lenenc_int_at(payload, lenenc_int_at(payload, 1)[1])[1]
    if len(payload) < position + 4:
        raise errors.MALFORMED_PACKET(reason="the OK packet ends early")
    return position


class SessionChange(NamedTuple):
    """One thing a server says has changed in the session.

    ``kind`` is one of the SESSION_TRACK constants; ``name`` is the variable's for
    SESSION_TRACK_SYSTEM_VARIABLES and else empty; ``value`` is the variable's value, the
    schema, ``"1"`` or ``"0"`` for a state change, the GTIDs, the statements that would restart
    the transaction, or its eight-character state.
    """

    kind: int
    name: str
    value: str


def session_changes(blob: bytes) -> list[SessionChange]:
    """The changes a tracker blob tells of, in its order; MALFORMED_PACKET when damaged."""
    changes: list[SessionChange] = []
    position = 0
    while position < len(blob):
        kind = blob[position]
        data, position = lenenc_bytes_at(blob, position + 1)
        if kind == SESSION_TRACK_SYSTEM_VARIABLES:
            changes += _variables(data)
        elif kind == SESSION_TRACK_STATE_CHANGE:
            # Servers write "1" or "0" without the length of its own that is documented.
            changes.append(SessionChange(kind, "", _text(data[-1:])))
        elif kind > SESSION_TRACK_TRANSACTION_STATE:  # of a newer server: its form is not known
            changes.append(SessionChange(kind, "", _text(data)))
        else:
            # GTIDs are preceded by the number of their encoding, 0: text.
            value, _ = lenenc_bytes_at(data, 1 if kind == SESSION_TRACK_GTIDS else 0)
            changes.append(SessionChange(kind, "", _text(value)))
    return changes


def _variables(data: bytes) -> Iterator[SessionChange]:
    position = 0
    while position < len(data):  # MariaDB puts several variables into one entry
        name, position = lenenc_bytes_at(data, position)
        value, position = lenenc_bytes_at(data, position)
        yield SessionChange(SESSION_TRACK_SYSTEM_VARIABLES, _text(name), _text(value))


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


@dataclass(slots=True)
class ErrPacket:
    """What an ERR packet says; ``sqlstate`` has five characters."""

    errno: int
    sqlstate: str
    message: str

    def encode(self, capabilities: int = CLIENT_PROTOCOL_41) -> bytes:
        """The payload, the message in UTF-8; no SQLSTATE without CLIENT_PROTOCOL_41."""
        start = b"\xff" + self.errno.to_bytes(2, "little")
        if capabilities & CLIENT_PROTOCOL_41:
            start += b"#" + self.sqlstate.encode("ascii", "replace")[:5].ljust(5, b"0")
        return start + self.message.encode("utf-8", "replace")

    @classmethod
    def decode(cls, payload: bytes) -> ErrPacket:
        """The packet, also in the form without SQLSTATE that is sent before the handshake."""
        reader = PayloadReader(payload)
        if reader.u8() != ERR_HEADER:
            raise errors.MALFORMED_PACKET(reason="not an ERR packet")
        errno = reader.u16()
        sqlstate = "HY000"
        if reader.remaining >= 6 and payload[reader.position] == 0x23:  # "#"
            sqlstate = reader.take(6)[1:].decode("ascii", "replace")
        return cls(errno, sqlstate, _text(reader.rest()))


def encode_error(error: errors.SqlError, capabilities: int = CLIENT_PROTOCOL_41) -> bytes:
    """The ERR packet for an error, its message cut to 511 bytes between two characters."""
    message = error.message
    if len(message) > MAX_MESSAGE_BYTES // 4:
        message = message.encode("utf-8", "replace")[:MAX_MESSAGE_BYTES].decode("utf-8", "ignore")
    return ErrPacket(error.errno, error.sqlstate, message).encode(capabilities)


@dataclass(slots=True)
class EofPacket:
    """What an EOF packet says: the end of column definitions or rows."""

    warnings: int = 0
    status: int = SERVER_STATUS_AUTOCOMMIT

    def encode(self) -> bytes:
        """The payload of five bytes; the order differs from OK: warnings first."""
        return b"\xfe" + _STATUS_AND_WARNINGS.pack(self.warnings, self.status)

    @classmethod
    def decode(cls, payload: bytes) -> EofPacket:
        """The packet; MALFORMED_PACKET when it is none."""
        if not is_eof(payload) or len(payload) < 5:
            raise errors.MALFORMED_PACKET(reason="not an EOF packet")
        warnings, status = _STATUS_AND_WARNINGS.unpack_from(payload, 1)
        return cls(warnings, status)


def is_eof(payload: bytes) -> bool:
    """True for an EOF packet; a row that starts with 0xFE has nine bytes or more."""
    return len(payload) < 9 and payload[:1] == b"\xfe"


@dataclass(frozen=True, slots=True)
class LocalInfileRequest:
    """The server asks the client for the contents of a file."""

    filename: bytes

    def encode(self) -> bytes:
        """The payload."""
        return b"\xfb" + self.filename

    @classmethod
    def decode(cls, payload: bytes) -> LocalInfileRequest:
        """The request; MALFORMED_PACKET when it is none."""
        if payload[:1] != b"\xfb":
            raise errors.MALFORMED_PACKET(reason="not a LOCAL INFILE request")
        return cls(payload[1:])
