"""One connection to one MySQL server, and whose session state it holds."""

from __future__ import annotations

import time
from dataclasses import dataclass

import gevent

from athena_g import errors
from athena_g.backend.endpoint import Endpoint
from athena_g.backend.login import log_in
from athena_g.errors import SqlError
from athena_g.net.stream import ConnectionClosed
from athena_g.protocol.charsets import collation
from athena_g.protocol.constants import (
    SERVER_STATUS_IN_TRANS,
    SESSION_TRACK_SCHEMA,
    Command,
)
from athena_g.protocol.framing import frame
from athena_g.protocol.replies import ErrPacket
from athena_g.protocol.scan import ReplyScanner

RESET_TIMEOUT = 5.0
"""Seconds a server may take to reset a connection."""

_RESET = frame(bytes([Command.RESET_CONNECTION]), 0)

# A server that answers one of these is closing the connection (shutdown, KILL, idle for too long).
_ENDING_ERRNOS = frozenset((1053, 1152, 1153, 1156, 1158, 1159, 1160, 1161, 1184, 1927, 3169, 4031))


@dataclass(slots=True, eq=False)
class SessionSetup:
    """What a session's connections must have before its statements run; compared by identity.

    ``collation_id`` is the client's of the handshake.
    """

    collation_id: int
    multi_statements: bool = False


class BackendConnection:
    """A connection that is logged in; it serves one session at a time.

    ``accepted`` are the set-up commands that this server is known to accept, shared by the
    connections to it. ``setup`` is that of the session whose state the connection holds, or
    ``None``. ``idle``, ``kept`` and ``retired`` (to be closed when given back) are the pool's.
    """

    def __init__(self, endpoint: Endpoint, flags: int, accepted: set[bytes]) -> None:
        login = log_in(endpoint, flags)
        self.endpoint = endpoint
        self.flags = flags
        self.stream = login.stream
        self.server_version = login.server_version
        self.thread_id = login.thread_id
        self.tracks_session = login.tracks_session
        self.scanner = ReplyScanner()
        self.setup: SessionSetup | None = None
        self.opened_at = self.idle_since = time.monotonic()
        self._accepted = accepted
        self._untouched = True
        self.multi_statements = False
        self.retired = self.schema_changed = False
        self.idle = False
        self.kept = False

    def __repr__(self) -> str:
        holds = "nobody's state" if self.setup is None else "a session's state"
        return f"<connection {self.thread_id} to {self.endpoint.name}, {holds}>"

    @property
    def in_transaction(self) -> bool:
        """Whether the last reply said that a transaction is open."""
        return bool(self.scanner.status & SERVER_STATUS_IN_TRANS)

    def settle(self, setup: SessionSetup, command: bytes) -> bytes:
        """Bring the connection to ``setup`` and send ``command``; in one go where that is safe.

        A server runs the command whatever became of what was sent in front of it. So what is
        in front goes alone until this server has accepted it once. Gives the bytes of the
        command's reply that were read already. Raises :class:`~athena_g.errors.SqlError` when
        the server refuses.
        """
        packets = [] if self._untouched else [_RESET]
        packets.append(self._set_up(setup))
        if setup.multi_statements != self.multi_statements:
            option = 0 if setup.multi_statements else 1
            packets.append(frame(bytes([Command.SET_OPTION, option, 0]), 0))
        self._untouched = False
        preamble = b"".join(packets)
        together = preamble in self._accepted
        self.stream.send(preamble + command if together else preamble)
        for _ in packets:
            self._read_answer()
        if not together:
            self._accepted.add(preamble)
            self.stream.send(command)
        self.setup = setup
        self.multi_statements = setup.multi_statements
        self.scanner.status = 0
        return self.stream.take_unread()

    def _set_up(self, setup: SessionSetup) -> bytes:
        tracking = "SESSION session_track_state_change = 1, SESSION session_track_schema = 1"
        names = self._names(setup.collation_id)
        sql = f"SET {names}, {tracking}" if self.tracks_session else f"SET {names}"
        return frame(bytes([Command.QUERY]) + sql.encode(), 0)

    def _names(self, collation_id: int) -> str:
        """The client's character set; its collation too where this kind of server knows it."""
        known = collation(collation_id)
        if known is None:
            return "NAMES DEFAULT"
        mariadb = "MariaDB" in self.server_version
        foreign = ("_0900_",) if mariadb else ("_uca1400_", "_nopad_")
        if any(part in known.name for part in foreign):
            return f"NAMES {known.charset}"
        return f"NAMES {known.charset} COLLATE {known.name}"

    def _read_answer(self) -> None:
        """Read one OK or EOF; raises what the server says instead."""
        self.stream.sequence_id = 1
        where = {"instance": self.endpoint.name, "group": self.endpoint.group}
        try:
            payload = self.stream.read_packet()
            refusal = ErrPacket.decode(payload) if payload[:1] == b"\xff" else None
        except SqlError as error:  # which blames the client
            raise errors.BACKEND_PROTOCOL(reason=error.message, **where) from None
        if refusal is not None:
            reason = f"{refusal.message} ({refusal.errno})"
            raise errors.BACKEND_SETUP_REFUSED(reason=reason, **where)
        if payload[:1] not in (b"\0", b"\xfe"):
            raise errors.BACKEND_PROTOCOL(reason="neither OK nor EOF", **where)

    def finished(self) -> bool:
        """Take note of the reply just relayed; whether the connection can be used further."""
        scanner = self.scanner
        if any(change.kind == SESSION_TRACK_SCHEMA for change in scanner.changes):
            self.schema_changed = self.retired = True
        return scanner.errno not in _ENDING_ERRNOS

    def reset(self) -> bool:
        """Roll back and free everything the session held; whether the connection is clean now."""
        if self.retired:
            return False
        try:
            with gevent.Timeout(RESET_TIMEOUT, TimeoutError("reset")):
                self.stream.send(_RESET)
                self._read_answer()
        except (ConnectionClosed, SqlError, TimeoutError):
            return False
        self.setup = None
        self._untouched = True
        self.scanner.status = 0
        return True

    def close(self) -> None:
        """Close the socket; the server rolls back what was open."""
        self.stream.close()
